//! Partners and networks that break the protocol: each ends in the error that names it, never in a wrong match.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use proptest::prelude::*;

use super::batch::Transcript;
use super::dleq::Proof;
use super::key::SecretKey;
use super::{CHUNK, bulk};
use crate::output::{Output, OutputHash};
use crate::pair::{self, End, VOPRF, bytes, intersection, items, message, params, rngs};
use crate::{Error, Fault, MATCH_BYTES, Message, MessageKind, Role, SessionItem, Turn};

const KINDS: [MessageKind; 6] = [
    MessageKind::VoprfPublicKey,
    MessageKind::VoprfBlinded,
    MessageKind::VoprfEvaluated,
    MessageKind::VoprfProof,
    MessageKind::Tags,
    MessageKind::MatchProofs,
];

/// What happens to a message's bytes on the way.
type BytesChange<'a> = dyn Fn(&mut Vec<u8>) + 'a;

/// Whose machine reads messages of this kind: 0 the receiver's, 1 the sender's.
fn reader(kind: MessageKind) -> usize {
    usize::from(matches!(kind, MessageKind::VoprfBlinded | MessageKind::MatchProofs))
}

/// Sets of 5 and 7 items that share 3.
fn sets() -> [Vec<SessionItem>; 2] {
    [items(0..5), items(2..5).into_iter().chain(items(100..104)).collect()]
}

/// A run of [`sets`] where the messages of one kind have their bytes changed on the way.
fn tampered(kind: MessageKind, mut change: impl FnMut(&mut Vec<u8>)) -> [End; 2] {
    let [receiver, sender] = sets();
    VOPRF.run(&receiver, &sender, true, &mut |_, sent| {
        if sent.kind() != kind {
            return vec![sent];
        }
        let mut changed = bytes(&sent);
        change(&mut changed);
        vec![message(kind, changed)]
    })
}

/// The error with which the reader of a kind ended; its partner must not have ended well with more than it should.
fn error(kind: MessageKind, ends: [End; 2]) -> Error {
    let error =
        ends[reader(kind)].clone().expect("the reader ended").expect_err("the reader ended in an error");
    assert_eq!(error.fault(), Fault::Peer);
    error
}

/// Whoever ended well knows no more than the plain intersection.
fn assert_no_wrong_match(ends: &[End; 2]) {
    let [receiver, sender] = sets();
    let right = [intersection(&receiver, &sender), intersection(&sender, &receiver)];
    for (end, right) in ends.iter().zip(right) {
        if let Some(Ok(outcome)) = end {
            let matches = outcome.matches.as_ref().expect("both learn");
            assert!(matches.iter().all(|i| right.contains(i)), "{matches:?}");
        }
    }
}

/// The identity; the field's prime, which spells 0 a second time; an odd, so negative, number; a number of no point
/// (RFC 9496, appendix A.2); a number above 2^255.
fn bad_elements() -> [[u8; 32]; 5] {
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    let mut one = [0; 32];
    one[0] = 1;
    let hex = b"26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371";
    let no_point = data_encoding::HEXLOWER.decode(hex).unwrap().try_into().unwrap();
    [[0; 32], prime, one, no_point, [0xff; 32]]
}

#[test]
fn invalid_elements_are_refused_wherever_they_stand() {
    for (kind, count) in
        [(MessageKind::VoprfPublicKey, 1), (MessageKind::VoprfBlinded, 5), (MessageKind::VoprfEvaluated, 5)]
    {
        for bad in bad_elements() {
            for i in 0..count {
                let ends = tampered(kind, |bytes| bytes[32 * i..32 * (i + 1)].copy_from_slice(&bad));
                assert_eq!(error(kind, ends), Error::InvalidElement { kind });
            }
        }
    }
}

#[test]
fn scalars_at_or_above_the_order_are_refused() {
    let kind = MessageKind::VoprfProof;
    let mut order = (-Scalar::ONE).to_bytes();
    order[0] += 1;
    for bad in [order, [0xff; 32]] {
        for i in 0..2 {
            let ends = tampered(kind, |bytes| bytes[32 * i..32 * (i + 1)].copy_from_slice(&bad));
            assert_eq!(error(kind, ends), Error::InvalidScalar { kind });
        }
    }
}

#[test]
fn lists_of_a_wrong_length_are_refused() {
    for kind in [MessageKind::VoprfBlinded, MessageKind::VoprfEvaluated, MessageKind::Tags] {
        let width = if kind == MessageKind::Tags { 16 } else { 32 };
        let changes: [&BytesChange<'_>; 5] = [
            &|bytes| bytes.clear(),
            &|bytes| bytes.truncate(bytes.len() - 1),
            &|bytes| bytes.truncate(bytes.len() - width),
            &|bytes| bytes.push(0),
            &|bytes| bytes.extend_from_within(..width),
        ];
        for change in changes {
            assert_eq!(error(kind, tampered(kind, change)), Error::WrongCount { kind });
        }
    }
    let kind = MessageKind::MatchProofs;
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 1);
    assert_eq!(error(kind, tampered(kind, cut)), Error::WrongCount { kind });
    let many = |bytes: &mut Vec<u8>| bytes.resize(6 * MATCH_BYTES, 0);
    assert_eq!(error(kind, tampered(kind, many)), Error::WrongCount { kind });
}

#[test]
fn a_repeated_tag_is_refused() {
    let kind = MessageKind::Tags;
    let ends = tampered(kind, |bytes| bytes.copy_within(..16, 32));
    assert_eq!(error(kind, ends), Error::RepeatedTag);
}

#[test]
fn wrong_repeated_and_reordered_match_proofs_are_refused() {
    let kind = MessageKind::MatchProofs;
    let swap = |bytes: &mut Vec<u8>| bytes.rotate_left(MATCH_BYTES);
    let repeat = |bytes: &mut Vec<u8>| bytes.copy_within(..MATCH_BYTES, MATCH_BYTES);
    let no_tag = |bytes: &mut Vec<u8>| bytes[..4].copy_from_slice(&7_u32.to_be_bytes());
    let last = |bytes: &mut Vec<u8>| bytes[..4].copy_from_slice(&[0xff; 4]);
    let changes: [&BytesChange<'_>; 4] = [&swap, &repeat, &no_tag, &last];
    for change in changes {
        assert_eq!(error(kind, tampered(kind, change)), Error::BadMatchProof);
    }
}

#[test]
fn a_receiver_can_keep_a_match_to_itself_and_no_more() {
    let ends = tampered(MessageKind::MatchProofs, |bytes| bytes.truncate(2 * MATCH_BYTES));
    assert_no_wrong_match(&ends);
    let [receiver, sender] = ends.map(|end| end.unwrap().unwrap().matches.unwrap().len());
    assert_eq!((receiver, sender), (3, 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_flipped_bit_is_an_error_or_loses_a_match(kind in 0..KINDS.len(), at: prop::sample::Index, bit in 0..8_u32) {
        let kind = KINDS[kind];
        let ends = tampered(kind, |bytes| {
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
        });
        assert_no_wrong_match(&ends);
        let errors: Vec<_> = ends.iter().filter_map(|end| end.clone()?.err()).collect();
        match kind {
            MessageKind::Tags => {
                // A changed tag matches nothing, which is as if the sender had not had the item.
                prop_assert_eq!(errors, []);
            }
            MessageKind::MatchProofs => prop_assert_eq!(errors, [Error::BadMatchProof]),
            MessageKind::VoprfProof => {
                let allowed = [vec![Error::InvalidScalar { kind }], vec![Error::BadEvaluationProof]];
                prop_assert!(allowed.contains(&errors), "{:?}", errors);
            }
            _ => {
                let allowed = [vec![Error::InvalidElement { kind }], vec![Error::BadEvaluationProof]];
                prop_assert!(allowed.contains(&errors), "{:?}", errors);
            }
        }
    }
}

#[test]
fn another_kind_of_message_is_refused_at_every_step() {
    for expected in KINDS {
        for received in KINDS.into_iter().filter(|&kind| kind != expected) {
            let [receiver, sender] = sets();
            let ends = VOPRF.run(&receiver, &sender, true, &mut |_, sent| {
                let length = if received == MessageKind::VoprfProof { 64 } else { 32 };
                let swapped = sent.kind() == expected;
                vec![if swapped { message(received, vec![0; length]) } else { sent }]
            });
            assert_eq!(error(expected, ends), Error::UnexpectedMessage { expected, received });
        }
    }
}

#[test]
fn a_partner_that_falls_silent_leaves_no_outcome() {
    for kind in KINDS {
        let [receiver, sender] = sets();
        let ends = VOPRF.run(&receiver, &sender, true, &mut |_, sent| {
            if sent.kind() == kind { Vec::new() } else { vec![sent] }
        });
        let waits = |end: &End| end.is_none() || matches!(end, Some(Err(_)));
        assert!(waits(&ends[reader(kind)]), "{kind:?}");
    }
}

#[test]
fn lists_of_two_messages_must_come_whole_and_in_order() {
    let size = CHUNK as u64 + 1;
    for kind in [MessageKind::VoprfBlinded, MessageKind::VoprfEvaluated] {
        let wrong = Error::WrongCount { kind };
        for change in [Change::Drop, Change::Repeat, Change::Swap] {
            let ends = changed_list(kind, change, size);
            assert_eq!(error(kind, ends), wrong, "{kind:?} {change:?}");
        }
    }
}

#[test]
fn match_proofs_of_two_messages_prove_what_came() {
    let (kind, size) = (MessageKind::MatchProofs, CHUNK as u64 + 1);
    assert_eq!(error(kind, changed_list(kind, Change::Repeat, size)), Error::WrongCount { kind });
    for change in [Change::Drop, Change::Swap] {
        let [_, sender] = changed_list(kind, change, size);
        assert_eq!(sender.unwrap().unwrap().matches.unwrap().len(), 1, "{change:?}");
    }
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Drop,
    Repeat,
    Swap,
}

/// A run of one set against itself, with a change to the first message of a kind.
fn changed_list(kind: MessageKind, change: Change, size: u64) -> [End; 2] {
    let (items, mut seen) = (items(0..size), Vec::new());
    VOPRF.run(&items, &items, true, &mut |_, sent| {
        if sent.kind() != kind {
            return vec![sent];
        }
        seen.push(sent.clone());
        match (change, seen.len()) {
            (Change::Drop, 1) | (Change::Swap, 1) => Vec::new(),
            (Change::Repeat, 1) => vec![sent.clone(), sent],
            (Change::Swap, 2) => vec![sent, seen[0].clone()],
            _ => vec![sent],
        }
    })
}

#[test]
fn a_sender_with_another_key_for_one_element_is_caught() {
    let [receiver, sender] = sets();
    let key = SecretKey::random(&mut rngs()[1]);
    let public = key.public();
    let mut transcript = Transcript::new(&params(5, 7, true), &public);
    let mut blinded = Vec::new();
    let ends = VOPRF.run(&receiver, &sender, true, &mut |_, sent| {
        vec![match sent {
            Message::VoprfBlinded(bytes) => {
                blinded = bulk::decode(&bytes, MessageKind::VoprfBlinded).unwrap();
                transcript.absorb(&bytes);
                Message::VoprfBlinded(bytes)
            }
            Message::VoprfEvaluated(mut bytes) => {
                let other = blinded[2] * Scalar::from(7_u8);
                bytes[64..96].copy_from_slice(other.compress().as_bytes());
                transcript.absorb(&bytes);
                Message::VoprfEvaluated(bytes)
            }
            // Proven anew for what is sent, so that only the wrong element stands against it.
            Message::VoprfProof(_) => {
                let composite = transcript.coefficients().combine(&blinded);
                Message::VoprfProof(Proof::new(&key, &public, &composite, &mut rngs()[0]).to_bytes())
            }
            other => other,
        }]
    });
    assert_eq!(error(MessageKind::VoprfProof, ends), Error::BadEvaluationProof);
}

#[test]
fn unproven_evaluations_would_lose_the_matches_that_the_sender_picks() {
    let (items, key, other) =
        (items(0..4), SecretKey::random(&mut rngs()[0]), SecretKey::random(&mut rngs()[1]));
    let hash = OutputHash::new(super::LABEL, &params(4, 4, true));
    let mut half_blinds = [2_u8, 3, 5, 7].map(Scalar::from);
    let blinded = bulk::blind(&items, &half_blinds);
    let elements = bulk::decode(&blinded.encoded, MessageKind::VoprfBlinded).unwrap();
    let mut evaluated: Vec<_> = elements.iter().map(|c| c * key.scalar()).collect();
    evaluated[1] = elements[1] * other.scalar();

    let mut unblinded = vec![Output::default(); 4];
    bulk::unblind(&items, &evaluated, &mut half_blinds, &hash, &mut unblinded);
    let mut own = vec![Output::default(); 4];
    bulk::outputs(&items, &key, &hash, &mut own);
    let agree: Vec<bool> = unblinded.iter().zip(&own).map(|(a, b)| a.tag == b.tag).collect();
    assert_eq!(agree, [true, false, true, true]);
}

#[test]
fn errors_that_cancel_without_coefficients_are_caught() {
    let add = |bytes: &mut [u8], point: RistrettoPoint| {
        let old = CompressedRistretto::from_slice(bytes).unwrap().decompress().unwrap();
        bytes.copy_from_slice((old + point).compress().as_bytes());
    };
    let error_point = RistrettoPoint::mul_base(&Scalar::from(9_u8));
    let kind = MessageKind::VoprfEvaluated;
    let ends = tampered(kind, |bytes| {
        add(&mut bytes[..32], error_point);
        add(&mut bytes[32..64], -error_point);
    });
    assert_eq!(error(kind, ends), Error::BadEvaluationProof);
}

#[test]
fn a_run_of_another_exchange_or_partition_does_not_verify() {
    for other in [
        crate::Params { exchange: [0; 32], ..params(2, 2, true) },
        crate::Params { partition: 4, ..params(2, 2, true) },
    ] {
        let parties = [
            super::receiver(params(2, 2, true), items(0..2)).unwrap(),
            super::sender(other, items(0..2)).unwrap(),
        ];
        let [receiver, sender] = pair::run(parties, rngs(), &mut |_, sent| vec![sent]);
        assert_eq!(receiver, Some(Err(Error::BadEvaluationProof)));
        assert_eq!(sender, None);
    }
}

#[test]
fn a_driver_out_of_turn_is_told_so() {
    let mut rng = rngs()[0].clone();
    for role in [Role::Receiver, Role::Sender] {
        let machine = || match role {
            Role::Receiver => super::receiver(params(1, 1, true), items(0..1)).unwrap(),
            Role::Sender => super::sender(params(1, 1, true), items(0..1)).unwrap(),
        };
        let early = machine().advance(Some(Message::Tags(Vec::new())), &mut rng);
        assert_eq!(early.err(), Some(Error::OutOfTurn));

        let mut turn = machine().advance(None, &mut rng).unwrap();
        while let Turn::Send(party, ..) = turn {
            turn = party.advance(None, &mut rng).unwrap();
        }
        let Turn::Receive(party) = turn else { panic!("it ended alone") };
        assert_eq!(party.advance(None, &mut rng).err(), Some(Error::OutOfTurn));
    }
    assert_eq!(Error::OutOfTurn.fault(), Fault::Caller);
}
