//! Replays, reloads and stops: what ends an exchange from outside.

use std::time::Duration;

use overlap_coalition::{EngineName, MemberId, RefusalCode};
use overlap_store::{ExchangeRecord, ExchangeState};
use overlap_wire::{Frame, FrameType};

use super::coalition::{TestCoalition, TestNode};
use super::node::{domains, request};
use crate::channel::Channel;
use crate::fault::Fault;
use crate::tap::Mischief;
use crate::{ExchangeError, hello};

/// Far more than a test takes: what ends an exchange here is not a deadline.
const LONG: Duration = Duration::from_secs(600);

async fn patient_pair() -> (TestCoalition, [TestNode; 2]) {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    coalition.limits.stall = LONG;
    coalition.limits.exchange = LONG;
    let nodes = coalition.pair([&domains("left", 5), &domains("right", 5)]).await;
    (coalition, nodes)
}

/// Alpha calls beta and then falls silent, with beta in the middle of an exchange.
async fn stall(alpha: &TestNode, beta: &TestNode) -> tokio::task::JoinHandle<Result<(), ExchangeError>> {
    alpha.peer.inner().tap.plan(2, Mischief::Stall);
    let (peer, request) = (alpha.peer.clone(), request(&beta.id));
    let running =
        tokio::spawn(
            async move { peer.exchange(request, tokio::sync::mpsc::channel(1).0).await.map(|_| ()) },
        );
    while beta.records().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running
}

/// A conversation by hand, its hellos said.
async fn dial(from: &TestNode, to: &MemberId) -> Channel {
    let mut channel = from.dial(to).await;
    hello::greet(from.peer.inner(), &mut channel).await.unwrap();
    channel
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_cannot_be_used_twice() {
    let (_coalition, [alpha, beta]) = patient_pair().await;
    let record = alpha.exchange_with(&beta).await.unwrap();
    let _ = beta.last_record().await;
    let mut channel = dial(&alpha, &beta.id).await;
    channel.send(Frame::Offer(record.offer.unwrap())).await.unwrap();
    match channel.receive(FrameType::Accept).await.unwrap_err() {
        Fault::RefusedByPartner(refusal) => assert_eq!(refusal.code, RefusalCode::ExchangeIdReused),
        other => panic!("{other:?}"),
    }
    let records = beta.records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].state, ExchangeState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_in_another_members_name_is_refused() {
    let mut coalition = TestCoalition::new(&["alpha", "beta", "gamma"]);
    let [alpha, beta] = coalition.pair([&domains("left", 5), &domains("right", 5)]).await;
    let gamma = coalition.start("gamma").await;
    coalition.introduce(&gamma, &beta);
    let record = alpha.exchange_with(&beta).await.unwrap();
    let mut channel = dial(&gamma, &beta.id).await;
    channel.send(Frame::Offer(record.offer.unwrap())).await.unwrap();
    match channel.receive(FrameType::Accept).await.unwrap_err() {
        Fault::RefusedByPartner(refusal) => assert_eq!(refusal.code, RefusalCode::Document),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crl_that_is_reloaded_closes_the_connection_that_it_revokes() {
    let (mut coalition, [alpha, beta]) = patient_pair().await;
    let running = stall(&alpha, &beta).await;
    coalition.member_mut("alpha").revoked = vec![7];
    coalition.reconfigure(&beta, beta.config());
    let failure = beta.last_record().await.failure.unwrap();
    assert_eq!((failure.code, failure.by), (RefusalCode::Member.into(), "own"));
    match running.await.unwrap().unwrap_err() {
        ExchangeError::RefusedByPartner(refusal) => assert_eq!(refusal.code, RefusalCode::Member),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_aborts_what_does_not_end_in_time() {
    let (_coalition, [alpha, beta]) = patient_pair().await;
    let running = stall(&alpha, &beta).await;
    beta.peer.shutdown(Duration::from_millis(50)).await;
    let record = beta.last_record().await;
    let failure = record.failure.unwrap();
    assert_ne!(record.state, ExchangeState::Completed);
    assert_eq!((failure.code, failure.by), (RefusalCode::Stopping.into(), "own"));
    match running.await.unwrap().unwrap_err() {
        ExchangeError::RefusedByPartner(refusal) => assert_eq!(refusal.code, RefusalCode::Stopping),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_not_there_is_named() {
    let (coalition, [alpha, beta]) = patient_pair().await;
    let mut config = alpha.config();
    config.partners[0].address = None;
    coalition.reconfigure(&alpha, config);
    match alpha.exchange_with(&beta).await.unwrap_err() {
        ExchangeError::Network(what) => assert!(what.starts_with("beta: "), "{what}"),
        other => panic!("{other}"),
    }
    assert_eq!(alpha.records(), []);
}

/// Alpha has the larger set and sends; beta's frame at `from_last` is a close.
async fn receiver_drops(engine: EngineName, from_last: usize) -> (ExchangeRecord, ExchangeRecord, usize) {
    let shared = domains("shared", 3);
    let lists = [[domains("left", 40), shared.clone()].concat(), shared];
    let frames = {
        let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
        let [alpha, beta] = coalition.pair([&lists[0], &lists[1]]).await;
        let record = alpha.exchange_with(&beta).await.unwrap();
        assert!(record.disclosed && beta.last_record().await.disclosed);
        beta.peer.inner().tap.frames().iter().filter(|(sent, _)| *sent).count()
    };
    let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
    let [alpha, beta] = coalition.pair([&lists[0], &lists[1]]).await;
    beta.peer.inner().tap.plan(frames - from_last, Mischief::Close);
    assert!(alpha.exchange_with(&beta).await.is_err());
    let records = (alpha.last_record().await, beta.last_record().await);
    (records.0, records.1, alpha.overlaps_with(&beta.id).len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_drops_after_the_tags_leaves_a_record_of_the_disclosure() {
    for engine in EngineName::ALL {
        // In place of the proofs of matches; the countersignature would be its last.
        let (sender, receiver, overlaps) = receiver_drops(engine, 2).await;
        assert_eq!((sender.state, sender.disclosed, overlaps), (ExchangeState::Failed, true, 0));
        assert_eq!((sender.engine, sender.matches), (engine, None));
        assert_eq!((receiver.state, receiver.disclosed), (ExchangeState::Learned, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_drops_before_the_tags_has_learned_nothing() {
    for engine in EngineName::ALL {
        let (sender, receiver, overlaps) = receiver_drops(engine, 3).await;
        assert_eq!((sender.state, sender.disclosed, overlaps), (ExchangeState::Failed, false, 0));
        assert!(!receiver.disclosed);
    }
}
