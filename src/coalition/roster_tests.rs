//! Rosters: who signed, which version, what form, and what they say.

use crate::roster_rules::*;
use crate::samples::{Change, NOW, coalition, epoch, id, member, public_key, roster, signing_key};
use crate::*;

/// Bytes that stand for the roster: what they mean is the wire's business, that they are signed is ours.
fn document(roster: &Roster, signers: &[u8]) -> SignedDocument {
    signed(format!("{roster:?}").into_bytes(), signers)
}

fn signed(bytes: Vec<u8>, signers: &[u8]) -> SignedDocument {
    let sign = |&seed: &u8| signing_key(seed).sign(DocumentKind::Roster, &bytes);
    SignedDocument { signatures: signers.iter().map(sign).collect(), bytes }
}

/// The config of a node: keys 101, 102 and 103, two must sign.
fn trust() -> RosterTrust {
    RosterTrust {
        coalition: coalition(),
        secretariat: [101, 102, 103].map(public_key).to_vec(),
        threshold: 2,
        highest: None,
    }
}

fn verify(
    roster: &Roster,
    signers: &[u8],
    trust: &RosterTrust,
    current: Option<&Roster>,
) -> Result<(), RosterError> {
    let document = document(roster, signers);
    VerifiedRoster::verify(roster.clone(), document, trust, current, NOW).map(drop)
}

fn changed(change: impl FnOnce(&mut Roster)) -> Roster {
    let mut roster = roster();
    change(&mut roster);
    roster
}

#[test]
fn a_good_roster_is_taken_whole() {
    let document = document(&roster(), &[101, 103]);
    let verified = VerifiedRoster::verify(roster(), document.clone(), &trust(), None, NOW).unwrap();
    assert_eq!(verified.roster(), &roster());
    assert_eq!(verified.document(), &document);
    assert_eq!(verified.hash(), document.hash());
}

#[test]
fn too_few_signatures() {
    let refused = |good| Err(RosterError::TooFewSignatures { good, needed: 2 });
    assert_eq!(verify(&roster(), &[], &trust(), None), refused(0));
    assert_eq!(verify(&roster(), &[101], &trust(), None), refused(1));
    assert_eq!(verify(&roster(), &[101, 101], &trust(), None), refused(1));
    assert_eq!(verify(&roster(), &[101, 104], &trust(), None), refused(1));
    assert_eq!(verify(&roster(), &[1, 2], &trust(), None), refused(0));
    assert_eq!(verify(&roster(), &[101, 102, 103], &trust(), None), Ok(()));
}

#[test]
fn a_threshold_of_none_still_needs_a_signature() {
    let careless = RosterTrust { threshold: 0, ..trust() };
    assert_eq!(
        verify(&roster(), &[], &careless, None),
        Err(RosterError::TooFewSignatures { good: 0, needed: 1 })
    );
    let keyless = RosterTrust { secretariat: vec![], ..trust() };
    assert_eq!(
        verify(&roster(), &[101, 102], &keyless, None),
        Err(RosterError::TooFewSignatures { good: 0, needed: 2 })
    );
}

#[test]
fn every_flipped_bit_of_a_signed_roster_is_refused() {
    let good = document(&changed(|r| r.members.truncate(1)), &[101, 102]);
    let check = |document: SignedDocument| {
        let roster = changed(|r| r.members.truncate(1));
        VerifiedRoster::verify(roster, document, &trust(), None, NOW).map(drop)
    };
    assert_eq!(check(good.clone()), Ok(()));
    for byte in 0..good.bytes.len() {
        let mut bad = good.clone();
        bad.bytes[byte] ^= 1 << (byte % 8);
        assert_eq!(check(bad), Err(RosterError::TooFewSignatures { good: 0, needed: 2 }), "byte {byte}");
    }
    for byte in 0..64 {
        let mut bad = good.clone();
        bad.signatures[1].bytes[byte] ^= 1 << (byte % 8);
        assert_eq!(check(bad), Err(RosterError::TooFewSignatures { good: 1, needed: 2 }), "byte {byte}");
    }
}

#[test]
fn another_kind_of_document_is_no_roster() {
    let bytes = format!("{:?}", roster()).into_bytes();
    let signatures = [101, 102].map(|seed| signing_key(seed).sign(DocumentKind::Receipt, &bytes)).to_vec();
    let refused =
        VerifiedRoster::verify(roster(), SignedDocument { bytes, signatures }, &trust(), None, NOW).err();
    assert_eq!(refused, Some(RosterError::TooFewSignatures { good: 0, needed: 2 }));
}

#[test]
fn another_coalition() {
    let other = changed(|r| r.coalition = "other.example".parse().unwrap());
    assert_eq!(verify(&other, &[101, 102], &trust(), None), Err(RosterError::OtherCoalition));
}

/// The next roster, in which the keys are 201 and 202 and both must sign.
fn rekeyed() -> Roster {
    changed(|r| {
        r.version = 6;
        r.secretariat = vec![public_key(201), public_key(202)];
    })
}

#[test]
fn new_keys_need_the_old_and_the_new() {
    let (next, old) = (rekeyed(), roster());
    let check = |signers: &[u8]| verify(&next, signers, &trust(), Some(&old));
    assert_eq!(check(&[101, 102, 201, 202]), Ok(()));
    assert_eq!(check(&[101, 102]), Err(RosterError::NewKeysNotSigned));
    assert_eq!(check(&[101, 102, 201]), Err(RosterError::NewKeysNotSigned));
    assert_eq!(check(&[201, 202]), Err(RosterError::TooFewSignatures { good: 0, needed: 2 }));
    assert_eq!(check(&[101, 201, 202]), Err(RosterError::TooFewSignatures { good: 1, needed: 2 }));
}

#[test]
fn a_new_threshold_needs_itself() {
    let old = roster();
    let stricter = changed(|r| {
        r.version = 6;
        r.threshold = 3;
    });
    assert_eq!(verify(&stricter, &[101, 102], &trust(), Some(&old)), Err(RosterError::NewKeysNotSigned));
    assert_eq!(verify(&stricter, &[101, 102, 103], &trust(), Some(&old)), Ok(()));
    let laxer = changed(|r| {
        r.version = 6;
        r.threshold = 1;
    });
    assert_eq!(
        verify(&laxer, &[101], &trust(), Some(&old)),
        Err(RosterError::TooFewSignatures { good: 1, needed: 2 })
    );
}

#[test]
fn keys_in_another_order_are_the_same_keys() {
    let next = changed(|r| {
        r.version = 6;
        r.secretariat.reverse();
    });
    assert_eq!(verify(&next, &[101, 102], &trust(), Some(&roster())), Ok(()));
}

#[test]
fn the_keys_in_force_count_and_the_configs_no_more() {
    let current = rekeyed();
    let next = Roster { version: 7, ..rekeyed() };
    assert_eq!(verify(&next, &[201, 202], &trust(), Some(&current)), Ok(()));
    let refused = Err(RosterError::TooFewSignatures { good: 0, needed: 2 });
    assert_eq!(verify(&next, &[101, 102], &trust(), Some(&current)), refused);
    // A node that starts gives the stored roster as the one in force.
    assert_eq!(verify(&next, &[201, 202], &trust(), Some(&next)), Ok(()));
    assert_eq!(verify(&next, &[201, 202], &trust(), None), refused);
}

#[test]
fn the_first_roster_may_change_the_configs_keys_with_both() {
    assert_eq!(verify(&rekeyed(), &[101, 102, 201, 202], &trust(), None), Ok(()));
    assert_eq!(verify(&rekeyed(), &[101, 102], &trust(), None), Err(RosterError::NewKeysNotSigned));
}

#[test]
fn versions_only_grow() {
    let seen = |version, hash| RosterTrust { highest: Some((version, hash)), ..trust() };
    let hash = document(&roster(), &[]).hash();
    let check =
        |trust: &RosterTrust, current: Option<&Roster>| verify(&roster(), &[101, 102], trust, current);
    assert_eq!(check(&seen(4, [0; 32]), None), Ok(()));
    assert_eq!(check(&seen(5, hash), None), Ok(()));
    assert_eq!(check(&seen(5, [0; 32]), None), Err(RosterError::Equivocation { version: 5 }));
    assert_eq!(check(&seen(6, hash), None), Err(RosterError::Rollback { version: 5, highest: 6 }));
    assert_eq!(check(&trust(), Some(&roster())), Ok(()));
    let other = changed(|r| r.issued = Timestamp(1));
    assert_eq!(check(&trust(), Some(&other)), Err(RosterError::Equivocation { version: 5 }));
    let newer = changed(|r| r.version = 9);
    assert_eq!(check(&seen(4, hash), Some(&newer)), Err(RosterError::Rollback { version: 5, highest: 9 }));
}

#[test]
fn nobody_but_the_secretariat_raises_an_alarm() {
    let trust = RosterTrust { highest: Some((5, [0; 32])), ..trust() };
    let refused = Err(RosterError::TooFewSignatures { good: 0, needed: 2 });
    assert_eq!(verify(&roster(), &[1, 2], &trust, None), refused);
}

#[test]
fn an_expired_roster() {
    let ends = |expires| verify(&changed(|r| r.expires = expires), &[101, 102], &trust(), None);
    assert_eq!(ends(NOW), Err(RosterError::Expired));
    assert_eq!(ends(NOW.plus_seconds(1)), Ok(()));
}

#[test]
fn an_expired_roster_can_be_verified_but_for_that() {
    let verify_old = |roster: &Roster, signers: &[u8]| {
        let document = document(roster, signers);
        VerifiedRoster::verify_even_if_expired(roster.clone(), document, &trust(), None).map(drop)
    };
    let old = changed(|r| r.expires = Timestamp(r.issued.0 + 1));
    assert_eq!(verify_old(&old, &[101, 102]), Ok(()));
    assert_eq!(verify_old(&old, &[101]), Err(RosterError::TooFewSignatures { good: 1, needed: 2 }));
    assert!(matches!(verify_old(&changed(|r| r.version = 0), &[101, 102]), Err(RosterError::Malformed(_))));
}

#[test]
fn every_rule_of_form_has_its_refusal() {
    let rules: [(&str, Change<Roster>); 30] = [
        ("version is 0", |r| r.version = 0),
        ("ends before", |r| r.issued = r.expires),
        ("secretariat keys, or too many", |r| {
            r.secretariat = (0..=MOST_SECRETARIAT_KEYS).map(|i| public_key(100 + i as u8)).collect();
        }),
        ("secretariat key is repeated", |r| r.secretariat.push(public_key(101))),
        ("threshold", |r| r.threshold = 0),
        ("threshold", |r| r.threshold = 4),
        ("sorted by id", |r| r.members.reverse()),
        ("sorted by id", |r| r.members[1].id = id("hotline")),
        ("too many members", |r| {
            r.members = (0..=MOST_MEMBERS).map(|i| member(&format!("m{i:04}"), 1)).collect();
        }),
        ("name", |r| r.members[0].name.clear()),
        ("name", |r| r.members[0].name = "x".repeat(LONGEST_MEMBER_NAME + 1)),
        ("name", |r| r.members[0].name = "a\u{202e}b".to_owned()),
        ("no authority", |r| r.members[0].anchors.clear()),
        ("too many", |r| r.members[0].anchors = vec![vec![1]; MOST_ANCHORS + 1]),
        ("certificate is empty", |r| r.members[0].anchors[0].clear()),
        ("too long", |r| r.members[0].anchors[0] = vec![1; LONGEST_ANCHOR + 1]),
        ("no receipt key", |r| r.members[0].receipt_keys.clear()),
        ("no receipt key, or too many", |r| {
            let key = r.members[0].receipt_keys[0];
            r.members[0].receipt_keys = vec![key; MOST_RECEIPT_KEYS + 1];
        }),
        ("ends before it begins", |r| r.members[0].receipt_keys[0].not_before = NOW.plus_seconds(1_000)),
        ("listed twice", |r| r.members[1].receipt_keys = r.members[0].receipt_keys.clone()),
        ("epochs do not grow", |r| r.epochs.reverse()),
        ("epochs do not grow", |r| r.epochs[1].epoch = 1),
        ("too many epochs", |r| r.epochs = (0..=MOST_EPOCHS as u32).map(epoch).collect()),
        ("sorted by member", |r| r.epochs[0].sealed.reverse()),
        ("sorted by member", |r| r.epochs[0].sealed[1].member = id("hotline")),
        ("sealed salts", |r| {
            let sealed = r.epochs[0].sealed[0].clone();
            r.epochs[0].sealed = vec![sealed; MOST_MEMBERS + 1];
        }),
        ("wrong length", |r| {
            r.epochs[1].sealed[1].bytes.pop();
        }),
        ("too many certificates", |r| r.revoked = vec![RevokedCertificate::Key([0; 32]); MOST_REVOKED + 1]),
        ("serial", |r| r.revoked = vec![RevokedCertificate::Serial { member: id("a"), serial: vec![] }]),
        ("serial", |r| {
            r.revoked =
                vec![RevokedCertificate::Serial { member: id("a"), serial: vec![1; LONGEST_SERIAL + 1] }];
        }),
    ];
    for (expected, change) in rules {
        match check_well_formed(&changed(change), 1_000) {
            Err(RosterError::Malformed(why)) => assert!(why.contains(expected), "{why}: {expected}"),
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert_eq!(check_well_formed(&roster(), LONGEST_ROSTER), Ok(()));
    let long = check_well_formed(&roster(), LONGEST_ROSTER + 1);
    assert_eq!(long, Err(RosterError::Malformed("it is too long")));
}

#[test]
fn a_malformed_roster_is_refused_though_it_is_signed() {
    let malformed = changed(|r| r.members.reverse());
    assert!(matches!(verify(&malformed, &[101, 102], &trust(), None), Err(RosterError::Malformed(_))));
}

#[test]
fn revoked_certificates_are_found() {
    let serial = |bytes: &[u8]| RevokedCertificate::Serial { member: id("police"), serial: bytes.to_vec() };
    let roster = changed(|r| r.revoked = vec![serial(&[1, 0]), RevokedCertificate::Key([7; 32])]);
    let revoked = |name, serial: &[u8], key| roster.is_revoked(&id(name), serial, &[key; 32]);
    assert!(revoked("police", &[1, 0], 0));
    assert!(revoked("police", &[0, 1, 0], 0));
    assert!(!revoked("police", &[1], 0));
    assert!(!revoked("police", &[], 0));
    assert!(!revoked("hotline", &[1, 0], 0));
    assert!(revoked("hotline", &[9], 7));
    assert!(!changed(|_| ()).is_revoked(&id("police"), &[1, 0], &[7; 32]));
}

#[test]
fn receipt_keys_are_valid_for_their_member_and_time() {
    let roster = roster();
    let valid = |name, seed, now| roster.receipt_key_valid(&id(name), &public_key(seed), Timestamp(now));
    assert!(valid("hotline", 1, NOW.0));
    assert!(valid("hotline", 1, NOW.0 - 1_000));
    assert!(!valid("hotline", 1, NOW.0 - 1_001));
    assert!(valid("hotline", 1, NOW.0 + 999));
    assert!(!valid("hotline", 1, NOW.0 + 1_000));
    assert!(!valid("hotline", 2, NOW.0));
    assert!(!valid("police", 1, NOW.0));
    assert!(!valid("payments", 1, NOW.0));
}

#[test]
fn the_current_epoch_is_the_last() {
    assert_eq!(roster().current_epoch().map(|epoch| epoch.epoch), Some(2));
    assert_eq!(changed(|r| r.epochs.clear()).current_epoch(), None);
}

#[test]
fn a_salt_of_a_known_epoch_does_not_change() {
    let next = changed(|r| {
        r.version = 6;
        r.epochs.push(epoch(3));
    });
    assert_eq!(verify(&next, &[101, 102], &trust(), Some(&roster())), Ok(()));
    for (position, number) in [(0, 1), (1, 2)] {
        let mut other = next.clone();
        other.epochs[position].salt_hash = [99; 32];
        let refused = Err(RosterError::SaltChanged { epoch: number });
        assert_eq!(verify(&other, &[101, 102], &trust(), Some(&roster())), refused);
        assert_eq!(verify(&other, &[101, 102], &trust(), None), Ok(()));
    }
    let dropped = changed(|r| {
        r.version = 6;
        r.epochs.remove(0);
    });
    assert_eq!(verify(&dropped, &[101, 102], &trust(), Some(&roster())), Ok(()));
}

#[test]
fn the_current_epoch_does_not_fall() {
    for kept in [0, 1] {
        let older = changed(|r| {
            r.version = 6;
            r.epochs.truncate(kept);
        });
        assert_eq!(verify(&older, &[101, 102], &trust(), Some(&roster())), Err(RosterError::EpochFell));
    }
}
