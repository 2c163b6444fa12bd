//! Rosters on their way from node to node, and what a newer one does.

use std::time::Duration;

use overlap_coalition::{
    CANON_VERSION, EngineName, MemberStatus, Refusal, RefusalCode, RevokedCertificate, RosterError,
    SignedDocument, SigningKey,
};
use overlap_store::{EventBody, EventFilter, EventId, ExchangeState, Notice};
use overlap_wire::{Frame, FrameType, Hello, WIRE_VERSION};

use super::coalition::TestCoalition;
use super::node::domains;
use crate::fault::Fault;
use crate::tap::Mischief;
use crate::{ExchangeError, PeerSetupError};

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_roster_reaches_the_other_side() {
    for newer in [0, 1] {
        let mut coalition = TestCoalition::new(&["alpha", "beta"]);
        let nodes = coalition.pair([&domains("left", 5), &domains("right", 5)]).await;
        coalition.version = 2;
        assert!(nodes[newer].peer.install_roster(coalition.roster()).unwrap());
        assert_eq!(nodes[1 - newer].peer.roster().0, 1);
        nodes[0].exchange_with(&nodes[1]).await.unwrap();
        for node in &nodes {
            assert_eq!(node.peer.roster().0, 2);
            assert_eq!(node.store.roster().unwrap().unwrap().1, 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_newer_roster_is_taken() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let old = coalition.roster();
    coalition.version = 3;
    let alpha = coalition.start("alpha").await;
    assert!(!alpha.peer.install_roster(coalition.roster()).unwrap());
    assert!(alpha.peer.install_roster(old).is_err());
    coalition.member_mut("beta").status = MemberStatus::Suspended;
    let other = alpha.peer.install_roster(coalition.roster()).unwrap_err().to_string();
    assert!(other.contains("two different rosters have version 3"), "{other}");
    assert_eq!(alpha.peer.roster().0, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_members_connection_is_closed_at_once() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    // Far more than the test takes: what ends the exchange is the roster, not the deadline.
    coalition.limits.stall = Duration::from_secs(600);
    coalition.limits.exchange = Duration::from_secs(1200);
    let [alpha, beta] = coalition.pair([&domains("left", 5), &domains("right", 5)]).await;
    beta.peer.inner().tap.plan(1, Mischief::Stall);
    let running = {
        let (peer, request) = (beta.peer.clone(), super::node::request(&alpha.id));
        tokio::spawn(async move { peer.exchange(request, tokio::sync::mpsc::channel(1).0).await })
    };
    while alpha.peer.partners()[0].running == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    coalition.version = 2;
    coalition.member_mut("beta").status = MemberStatus::Suspended;
    assert!(alpha.peer.install_roster(coalition.roster()).unwrap());
    let record = alpha.last_record().await;
    let failure = record.failure.unwrap();
    assert_eq!(
        (record.state, failure.code, failure.by),
        (ExchangeState::Refused, RefusalCode::Member.into(), "own")
    );
    assert!(running.await.unwrap().is_err());
    assert_eq!(alpha.peer.partners()[0].status, Some(MemberStatus::Suspended));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rosters_of_one_version_alarm_both_sides() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let alpha = coalition.start("alpha").await;
    coalition.revoked = vec![RevokedCertificate::Key([7; 32])];
    let beta = coalition.start("beta").await;
    coalition.introduce(&alpha, &beta);
    match alpha.exchange_with(&beta).await.unwrap_err() {
        ExchangeError::RefusedHere(refusal) => assert_eq!(refusal.code, RefusalCode::Document),
        other => panic!("{other}"),
    }
    for record in [alpha.last_record().await, beta.last_record().await] {
        let failure = record.failure.unwrap();
        assert_eq!((failure.code, failure.by), (RefusalCode::Document.into(), "own"));
        assert!(failure.sentence.contains("different rosters of version 1"), "{}", failure.sentence);
        assert_eq!(record.state, ExchangeState::Refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alarm_is_one_event_for_each_version_however_often_a_node_restarts() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let alpha = coalition.start("alpha").await;
    let first = coalition.roster();
    coalition.revoked = vec![RevokedCertificate::Key([7; 32])];
    let second = coalition.roster();
    let store = alpha.store.clone();
    let told = |upto: u64| {
        let page = store.events_after(EventId::START, &EventFilter::default(), 100).unwrap();
        let versions = page.events.iter().map(|event| match event.body {
            EventBody::Notice(Notice::RosterAlarm { version }) => version,
            _ => panic!("{event:?}"),
        });
        assert_eq!(versions.collect::<Vec<_>>(), (1..=upto).collect::<Vec<_>>());
    };
    for _ in 0..2 {
        assert!(alpha.peer.install_roster(second.clone()).is_err());
        told(1);
    }
    drop(alpha);
    // The roster's file is the other one now: the node does not start, and says no more than it did.
    assert!(coalition.start_again("alpha", &store).await.is_err());
    told(1);
    coalition.revoked = Vec::new();
    let alpha = coalition.start_again("alpha", &store).await.unwrap();
    assert_eq!(alpha.store.roster().unwrap().unwrap().2, first.hash());
    assert!(alpha.peer.install_roster(second).is_err());
    told(1);
    coalition.version = 2;
    assert!(alpha.peer.install_roster(coalition.roster()).unwrap());
    drop(alpha);
    // The first that is seen of the next two is seen at a start.
    coalition.revoked = vec![RevokedCertificate::Key([8; 32])];
    assert!(coalition.start_again("alpha", &store).await.is_err());
    told(2);
}

/// What beta refuses with when alpha claims another roster of beta's version, and then sends `next`.
async fn claims_another_roster(hash: [u8; 32], next: Frame) -> Refusal {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let [alpha, beta] = coalition.pair([&domains("left", 5), &domains("right", 5)]).await;
    let mut channel = alpha.dial(&beta.id).await;
    let hello = Hello {
        wire_versions: vec![WIRE_VERSION],
        canon_version: CANON_VERSION,
        engines: vec![EngineName::Voprf],
        roster_version: 1,
        roster_hash: hash,
        random: [1; 32],
    };
    channel.send(Frame::Hello(hello)).await.unwrap();
    channel.receive(FrameType::Hello).await.unwrap();
    channel.send(next).await.unwrap();
    loop {
        match channel.receive(FrameType::Roster).await {
            Ok(_) => {}
            Err(Fault::RefusedByPartner(refusal)) => return refusal,
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_raises_the_alarm_by_a_claim() {
    let offer = SignedDocument { bytes: vec![1], signatures: Vec::new() };
    let refusal = claims_another_roster([7; 32], Frame::Offer(offer)).await;
    assert_eq!(refusal.code, RefusalCode::Protocol);
    assert!(refusal.sentence.contains("where Roster was due"), "{}", refusal.sentence);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_raises_the_alarm_with_a_roster_that_the_secretariat_did_not_sign() {
    let mut other = TestCoalition::new(&["alpha", "beta"]);
    other.secretariat = SigningKey::from_seed(&[201; 32]).unwrap();
    let forged = other.roster();
    let refusal = claims_another_roster(forged.hash(), Frame::Roster(forged)).await;
    assert_eq!(refusal.code, RefusalCode::Document);
    assert!(!refusal.sentence.contains("at once"), "{}", refusal.sentence);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roster_is_refused_by_a_typed_error() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let old = coalition.roster();
    coalition.version = 2;
    let alpha = coalition.start("alpha").await;
    let install = |roster| alpha.peer.install_roster(roster).unwrap_err();
    let rollback = RosterError::Rollback { version: 1, highest: 2 };
    assert!(matches!(install(old), PeerSetupError::Roster(error) if error == rollback));
    coalition.revoked = vec![RevokedCertificate::Key([7; 32])];
    let twice = RosterError::Equivocation { version: 2 };
    assert!(matches!(install(coalition.roster()), PeerSetupError::Roster(error) if error == twice));
}
