//! The audit chain: what it says, how it is read, and what of a tampered one is told.

use std::fs;

use overlap_coalition::Timestamp;
use sha2::{Digest, Sha256};

use crate::audits::pack;
use crate::database::Batch;
use crate::testing::{NOW, Place, Warned, all_pages, by, document, domain, exchange};
use crate::{
    Actor, AuditAction, AuditBreak, AuditEntry, AuditFault, AuditFilter, AuditHead, AuditOrder, AuditStore,
    AuditVerdict, BadAuditHead, By, ExchangeState, IndicatorId, LONGEST_AUDIT_DETAIL, LONGEST_AUDIT_OBJECT,
    NewAudit, PageRequest, Role, SledStore, Store, StoreError, TokenRecord, keys,
};

fn entries(store: &SledStore) -> Vec<AuditEntry> {
    all_pages(3, |page| store.audit(&AuditFilter::default(), AuditOrder::Oldest, page))
}

/// A store with ten entries of one kind, which differ in all they say.
fn ten(place: &Place) -> SledStore {
    let store = place.open();
    for number in 1..=10_u64 {
        let by = By { actor: Actor::Token(format!("t{number}")), at: Timestamp(NOW.0 + number) };
        let new = NewAudit::of(AuditAction::TokenRevoked).on(number * 7).with(format!("n={number}"));
        assert_eq!(store.note(&by, &new).unwrap().number, number);
    }
    store
}

/// Whoever holds the seal key can write whatever they like.
fn forge(store: &SledStore, forged: impl IntoIterator<Item = (u64, Option<AuditEntry>)>) {
    let mut batch = Batch::default();
    for (number, entry) in forged {
        let key = keys::audit(keys::AUDIT, number);
        match entry {
            Some(entry) => batch.put(key, pack(&entry).unwrap()),
            None => batch.remove(key),
        }
    }
    let mut writer = store.writer().unwrap();
    store.commit(&mut writer, batch, |_| ()).unwrap();
}

fn broken(store: &SledStore) -> Option<(u64, AuditFault)> {
    let verdict = store.verify_audit(&[]).unwrap();
    verdict.broken.map(|AuditBreak { number, fault }| (number, fault))
}

#[test]
fn a_chain_is_right_and_its_head_is_its_last_entry() {
    let place = Place::new();
    let store = place.open();
    assert_eq!(store.audit_head(), AuditHead::NONE);
    assert_eq!(
        store.verify_audit(&[AuditHead::NONE]).unwrap(),
        AuditVerdict { head: AuditHead::NONE, broken: None }
    );
    drop(store);
    let store = ten(&place);
    let all = entries(&store);
    assert_eq!(all.iter().map(|entry| entry.number).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    let noted: Vec<AuditHead> = all.iter().map(AuditEntry::head).collect();
    let right = AuditVerdict { head: store.audit_head(), broken: None };
    assert_eq!((store.audit_head(), store.verify_audit(&noted).unwrap()), (noted[9], right));
    drop(store);
    let store = place.open();
    assert_eq!((entries(&store), store.verify_audit(&noted).unwrap()), (all, right));
}

/// The hash, by the words of the manual and none of the code.
#[test]
fn the_hash_is_the_one_that_the_manual_tells() {
    let place = Place::new();
    let store = ten(&place);
    let mut previous = [0; 32];
    for entry in entries(&store) {
        let mut bytes = b"overlapd audit entry v1".to_vec();
        bytes.extend(previous);
        bytes.extend(entry.number.to_le_bytes());
        bytes.extend(entry.time.to_le_bytes());
        for text in [&entry.actor, &entry.action, &entry.object, &entry.detail] {
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        assert_eq!(entry.hash, <[u8; 32]>::from(Sha256::digest(bytes)));
        previous = entry.hash;
    }
    let one = AuditEntry {
        number: 1,
        time: 1_790_000_000,
        actor: "token:siem".into(),
        action: "token.added".into(),
        object: "feed".into(),
        detail: "roles=import".into(),
        hash: [0; 32],
    };
    let hash = data_encoding::HEXLOWER.encode(&one.hash_after(&[0; 32]));
    assert_eq!(hash, "8772bed4311309b0bdfc1446de428b577b932916ef944da8191df0f2a241ff6e");
}

#[test]
fn a_changed_field_is_told_whichever_it_is() {
    let place = Place::new();
    let store = ten(&place);
    let right = entries(&store).remove(4);
    let changed = [
        AuditEntry { time: right.time + 1, ..right.clone() },
        AuditEntry { actor: "token:t6".into(), ..right.clone() },
        AuditEntry { action: "token.added".into(), ..right.clone() },
        AuditEntry { object: "36".into(), ..right.clone() },
        AuditEntry { detail: String::new(), ..right.clone() },
        // What moves from one field to the next.
        AuditEntry { object: "35n=".into(), detail: "5".into(), ..right.clone() },
        AuditEntry { hash: [7; 32], ..right.clone() },
    ];
    for forged in changed {
        forge(&store, [(5, Some(forged.clone()))]);
        assert_eq!(broken(&store), Some((5, AuditFault::Hash)), "{forged:?}");
        drop(forged);
    }
    // A hash that fits what it says now does not fit what follows.
    let mut forged = AuditEntry { actor: "daemon".into(), ..right.clone() };
    forged.hash = forged.hash_after(&entries(&store)[3].hash);
    forge(&store, [(5, Some(forged))]);
    assert_eq!(broken(&store), Some((6, AuditFault::Hash)));
    forge(&store, [(5, Some(right))]);
    assert_eq!(broken(&store), None);
}

#[test]
fn a_removed_entry_and_a_swapped_pair_are_told() {
    let place = Place::new();
    let store = ten(&place);
    let all = entries(&store);
    forge(&store, [(4, None)]);
    assert_eq!(broken(&store), Some((4, AuditFault::Missing)));
    drop(store);
    // A node whose chain is broken opens, and tells it.
    let store = place.open();
    assert_eq!(broken(&store), Some((4, AuditFault::Missing)));
    assert_eq!(entries(&store).len(), 9);
    store.note(&by(), &NewAudit::of(AuditAction::SignedIn)).unwrap();
    assert_eq!(store.audit_head().number, 11);
    forge(&store, [(4, Some(all[3].clone()))]);
    assert_eq!(broken(&store), None);
    forge(&store, [(6, Some(all[6].clone())), (7, Some(all[5].clone()))]);
    assert_eq!(broken(&store), Some((6, AuditFault::Hash)));
}

#[test]
fn a_cut_tail_is_told_by_a_head_that_was_noted_and_by_nothing_else() {
    let place = Place::new();
    let store = ten(&place);
    let noted = store.audit_head();
    forge(&store, (8..=10).map(|number| (number, None)));
    drop(store);
    let store = place.open();
    assert_eq!(broken(&store), None, "the rest of it is a chain");
    let verdict = store.verify_audit(&[noted]).unwrap();
    assert_eq!(verdict.broken, Some(AuditBreak { number: 8, fault: AuditFault::CutShort }));
    // Entries that are put in the place of those that were cut off.
    for _ in 0..3 {
        store.note(&by(), &NewAudit::of(AuditAction::SignedIn)).unwrap();
    }
    assert_eq!(broken(&store), None);
    let verdict = store.verify_audit(&[noted]).unwrap();
    assert_eq!(verdict.broken, Some(AuditBreak { number: 10, fault: AuditFault::NotNoted }));
}

#[test]
fn a_rewritten_chain_is_told_by_a_head_that_was_noted_and_by_nothing_else() {
    let place = Place::new();
    let store = ten(&place);
    let (all, noted) = (entries(&store), store.audit_head());
    let mut previous = [0; 32];
    let rewritten: Vec<_> = all
        .into_iter()
        .map(|entry| {
            let mut entry = AuditEntry { actor: "daemon".into(), ..entry };
            entry.hash = entry.hash_after(&previous);
            previous = entry.hash;
            (entry.number, Some(entry))
        })
        .collect();
    forge(&store, rewritten);
    drop(store);
    let store = place.open();
    assert_eq!(broken(&store), None);
    let verdict = store.verify_audit(&[noted]).unwrap();
    assert_eq!(verdict.broken, Some(AuditBreak { number: 10, fault: AuditFault::NotNoted }));
}

#[test]
fn an_entry_that_cannot_be_read_is_told() {
    let place = Place::new();
    let store = ten(&place);
    let mut batch = Batch::default();
    batch.put(keys::audit(keys::AUDIT, 3), vec![9, 9, 9]);
    let mut writer = store.writer().unwrap();
    store.commit(&mut writer, batch, |_| ()).unwrap();
    drop(writer);
    assert_eq!(broken(&store), Some((3, AuditFault::Unreadable)));
}

#[test]
fn entries_are_paged_both_ways_and_filtered() {
    let place = Place::new();
    let store = ten(&place);
    let numbers = |filter: &AuditFilter, order, limit| -> Vec<u64> {
        all_pages(limit, |page| store.audit(filter, order, page)).iter().map(|entry| entry.number).collect()
    };
    store.note(&By::daemon(NOW), &NewAudit::of(AuditAction::DaemonStarted)).unwrap();
    for limit in [1, 3, 11, 100] {
        let all = AuditFilter::default();
        assert_eq!(numbers(&all, AuditOrder::Oldest, limit), (1..=11).collect::<Vec<_>>());
        assert_eq!(numbers(&all, AuditOrder::Newest, limit), (1..=11).rev().collect::<Vec<_>>());
        let revoked = AuditFilter { action: Some(AuditAction::TokenRevoked), ..all.clone() };
        assert_eq!(numbers(&revoked, AuditOrder::Newest, limit), (1..=10).rev().collect::<Vec<_>>());
        let of_one = AuditFilter { actor: Some("token:t4".into()), ..all.clone() };
        assert_eq!(numbers(&of_one, AuditOrder::Oldest, limit), [4]);
        let nobody = AuditFilter { actor: Some("token:x".into()), ..all };
        assert!(numbers(&nobody, AuditOrder::Oldest, limit).is_empty());
    }
    assert_eq!(store.audit_actors().len(), 11);
    let page = PageRequest { limit: 1, after: None };
    let next = store.audit(&AuditFilter::default(), AuditOrder::Oldest, &page).unwrap().next;
    let other = PageRequest { limit: 1, after: next };
    let refused = store.audit(&AuditFilter::default(), AuditOrder::Newest, &other);
    assert!(matches!(refused, Err(StoreError::BadCursor)), "the other order's cursor");
}

#[test]
fn texts_are_cut_at_their_limits_and_not_within_a_character() {
    let place = Place::new();
    let store = place.open();
    let new = NewAudit::of(AuditAction::SignedIn).on("é".repeat(200)).with("x".repeat(5_000));
    store.note(&by(), &new).unwrap();
    let entry = entries(&store).remove(0);
    assert_eq!((entry.object.len(), entry.detail.len()), (LONGEST_AUDIT_OBJECT, LONGEST_AUDIT_DETAIL));
    let new = NewAudit::of(AuditAction::SignedIn).on(format!("x{}", "é".repeat(200)));
    store.note(&by(), &new).unwrap();
    assert_eq!(entries(&store)[1].object.len(), LONGEST_AUDIT_OBJECT - 1);
    assert_eq!(broken(&store), None);
}

#[test]
fn a_change_and_its_entry_come_together_and_what_changes_nothing_leaves_none() {
    let place = Place::new();
    let store = place.open();
    store.import((0..3).map(domain).collect(), NOW).unwrap();
    let id = store
        .snapshot()
        .holders(&crate::testing::everything(), &store.snapshot().digests(&crate::testing::everything()))[0]
        .0;
    let token =
        TokenRecord { name: "t".into(), hash: [1; 32], roles: vec![Role::Read, Role::Import], made: 1 };
    store.add_token(&token, &by()).unwrap();
    assert!(store.add_token(&token, &by()).is_err());
    store.revoke_token("t", &by()).unwrap();
    store.revoke_token("t", &by()).unwrap();
    store.withdraw(&[id], &by()).unwrap();
    store.withdraw(&[id], &by()).unwrap();
    store.end_override(id, &by()).unwrap();
    store.add_sightings(Vec::new(), &by()).unwrap();
    store.set_roster(&document(1), 7, [5; 32], &By::daemon(NOW)).unwrap();
    assert!(store.set_roster(&document(1), 6, [5; 32], &By::daemon(NOW)).is_err());
    let said: Vec<_> = entries(&store)
        .into_iter()
        .map(|entry| format!("{} {} {} {}", entry.actor, entry.action, entry.object, entry.detail))
        .collect();
    let expected = [
        "token:admin token.added t roles=read,import".to_owned(),
        "token:admin token.revoked t ".to_owned(),
        format!("token:admin indicators.withdrawn {id} withdrawn=1"),
        format!("daemon roster.taken 7 hash={}", "05".repeat(32)),
    ];
    assert_eq!(said, expected);
}

#[test]
fn exchanges_are_begun_refused_and_ended() {
    let place = Place::new();
    let store = place.open();
    let record = exchange(1, "police");
    store.begin_exchange(&record).unwrap();
    store.update_exchange(&record).unwrap();
    let ended = crate::ExchangeRecord { state: ExchangeState::Completed, ended: Some(NOW.0 + 5), ..record };
    store.update_exchange(&ended).unwrap();
    store.update_exchange(&ended).unwrap();
    let refused = crate::ExchangeRecord {
        state: ExchangeState::Refused,
        ended: Some(NOW.0 + 6),
        disclosed: false,
        ..exchange(2, "hotline")
    };
    store.begin_exchange(&refused).unwrap();
    let interrupted = exchange(3, "police");
    store.begin_exchange(&interrupted).unwrap();
    drop(store);
    let store = place.open();
    store.close_interrupted(Timestamp(NOW.0 + 9)).unwrap();
    let said: Vec<_> = entries(&store)
        .into_iter()
        .map(|entry| {
            (entry.time - NOW.0, format!("{} {} {}", entry.action, &entry.object[..2], entry.detail))
        })
        .collect();
    let begun = "side=responder mode=overlap engine=voprf";
    assert_eq!(
        said,
        [
            (0, format!("exchange.begun 01 peer=police {begun}")),
            (5, "exchange.ended 01 peer=police side=responder mode=overlap outcome=completed disclosed=yes".into()),
            (6, "exchange.refused 02 peer=hotline side=responder mode=overlap outcome=refused".into()),
            (0, format!("exchange.begun 03 peer=police {begun}")),
            (9, "exchange.ended 03 peer=police side=responder mode=overlap outcome=failed code=interrupted by=own disclosed=yes".into()),
        ]
    );
    assert_eq!(broken(&store), None);
}

#[test]
fn heads_are_read_as_they_are_written() {
    let head = AuditHead { number: 17, hash: [0xab; 32] };
    assert_eq!(head.to_string(), format!("17:{}", "ab".repeat(32)));
    assert_eq!(head.to_string().to_uppercase().parse(), Ok(head));
    let hash = "00".repeat(32);
    for bad in [
        "",
        "17",
        ":",
        &format!("+1:{hash}"),
        &format!(":{hash}"),
        &format!("-1:{hash}"),
        &format!("1:{hash}0"),
    ] {
        assert_eq!(bad.parse::<AuditHead>(), Err(BadAuditHead), "{bad}");
    }
    let store = Place::new();
    let verdict = store.open().verify_audit(&[format!("0:{}", "01".repeat(32)).parse().unwrap()]).unwrap();
    assert_eq!(verdict.broken, Some(AuditBreak { number: 0, fault: AuditFault::NotNoted }));
}

#[test]
fn every_action_has_a_name_of_its_own() {
    for action in AuditAction::ALL {
        assert_eq!(AuditAction::named(action.as_str()), Some(action));
    }
    assert_eq!(AuditAction::named("token"), None);
}

fn exported(store: &SledStore) -> Vec<u8> {
    let mut file = Vec::new();
    store.export(&mut file, &By { actor: Actor::Offline, at: NOW }).unwrap();
    file
}

#[test]
fn a_restored_chain_has_the_old_heads_and_the_new_stores_own_entries_after_them() {
    let old_place = Place::new();
    let old = ten(&old_place);
    let noted = old.audit_head();
    let file = exported(&old);
    let place = Place::new();
    let store = place.open();
    store.note(&By::daemon(NOW), &NewAudit::of(AuditAction::DaemonStarted)).unwrap();
    store.note(&by(), &NewAudit::of(AuditAction::TokenAdded).on("first")).unwrap();
    let own = store.audit_head();
    store.restore(&mut &file[..], &By { actor: Actor::Offline, at: NOW }).unwrap();
    let check = |store: &SledStore| {
        let actions: Vec<_> = entries(store).into_iter().skip(10).map(|entry| entry.action).collect();
        assert_eq!(actions, ["store.exported", "daemon.started", "token.added", "store.restored"]);
        let last = entries(store).pop().unwrap();
        assert_eq!(last.detail, format!("file-entries=11 own-entries=2 own-head={own}"));
        let verdict = store.verify_audit(&[noted, old.audit_head()]).unwrap();
        assert_eq!((verdict.broken, verdict.head.number), (None, 14));
        assert_eq!(store.database.get(keys::ASIDE).unwrap(), None);
        assert!(store.database.keys(&[keys::AUDIT_ASIDE]).unwrap().is_empty());
    };
    check(&store);
    drop(store);
    check(&place.open());
}

#[test]
fn a_broken_chain_is_restored_broken() {
    let old_place = Place::new();
    let old = ten(&old_place);
    let forged = AuditEntry { actor: "daemon".into(), ..entries(&old).remove(4) };
    forge(&old, [(5, Some(forged)), (8, None)]);
    drop(old);
    let file = exported(&old_place.open());
    let place = Place::new();
    let store = place.open();
    store.restore(&mut &file[..], &by()).unwrap();
    assert_eq!(broken(&store), Some((5, AuditFault::Hash)));
}

/// What a kill in a restore can leave, at each of its steps.
#[test]
fn a_restore_that_is_cut_off_gives_the_own_entries_back() {
    let file = exported(&ten(&Place::new()));
    for step in 0..3 {
        let place = Place::new();
        let store = place.open();
        store.note(&by(), &NewAudit::of(AuditAction::TokenAdded).on("first")).unwrap();
        let own = entries(&store);
        let marker = place.folder.path().join("store/restoring");
        match step {
            // Before the first record.
            0 => fs::write(&marker, b"").unwrap(),
            // In the middle: the own entries stand aside, some of the file's in their place.
            1 => {
                let mut batch = Batch::default();
                crate::restored_audit::put_aside(&mut batch, &own).unwrap();
                let mut writer = store.writer().unwrap();
                store.commit(&mut writer, batch, |_| ()).unwrap();
                drop(writer);
                let old_place = Place::new();
                forge(&store, entries(&ten(&old_place)).into_iter().map(|entry| (entry.number, Some(entry))));
                fs::write(&marker, b"").unwrap();
            }
            // After the end: they still stand aside.
            _ => {
                store.restore(&mut &file[..], &by()).unwrap();
                let mut batch = Batch::default();
                batch.put(keys::ASIDE.to_vec(), vec![0; 8]);
                batch.put(keys::audit(keys::AUDIT_ASIDE, 1), pack(&own[0]).unwrap());
                let mut writer = store.writer().unwrap();
                store.commit(&mut writer, batch, |_| ()).unwrap();
            }
        }
        let restored = entries(&store);
        drop(store);
        let store = place.open();
        assert_eq!(entries(&store), if step == 2 { restored } else { own }, "step {step}");
        assert_eq!(broken(&store), None, "step {step}");
        assert_eq!(store.database.get(keys::ASIDE).unwrap(), None);
        assert!(store.database.keys(&[keys::AUDIT_ASIDE]).unwrap().is_empty());
        if step < 2 {
            store.restore(&mut &file[..], &by()).unwrap();
            assert_eq!(store.audit_head().number, 13);
        }
    }
}

#[test]
fn a_commit_that_cannot_be_noted_is_the_last_and_its_entry_stays() {
    let place = Place::new();
    let mut store = ten(&place);
    store.folder.break_watermark().unwrap();
    let note =
        |store: &SledStore, name: &str| store.note(&by(), &NewAudit::of(AuditAction::TokenAdded).on(name));
    assert!(matches!(note(&store, "durable"), Err(StoreError::Io(_))));
    assert!(matches!(note(&store, "in its place"), Err(StoreError::Stopped)));
    drop(store);
    let store = place.open();
    let all = entries(&store);
    assert_eq!((all.len(), all[10].object.as_str()), (11, "durable"));
    assert_eq!(broken(&store), None);
}

#[test]
fn a_withdrawal_names_what_went_alone_whatever_else_was_asked_for_and_counts_overrides_that_end() {
    let place = Place::new();
    let store = place.open();
    store.set_warnings(Warned::of(["www.n1.example"])).unwrap();
    store.import((0..4).map(domain).collect(), NOW).unwrap();
    let page = PageRequest { limit: 10, after: None };
    let ids: Vec<_> =
        store.indicators(&Default::default(), &page).unwrap().rows.iter().map(|row| row.id).collect();
    store.begin_override(ids[1], "a case", &by()).unwrap();
    store.withdraw(&[ids[0], IndicatorId([9; 16])], &by()).unwrap();
    store.withdraw(&ids[1..3], &by()).unwrap();
    let entries = entries(&store);
    let said: Vec<_> = entries.iter().filter(|entry| entry.action == "indicators.withdrawn").collect();
    assert_eq!(
        (said[0].object.as_str(), said[0].detail.as_str()),
        (ids[0].to_string().as_str(), "withdrawn=1")
    );
    assert_eq!((said[1].object.as_str(), said[1].detail.as_str()), ("", "withdrawn=2 overrides=1"));
}
