//! A partner that breaks the protocol at each of its messages, in both roles and on both sides of the engine.
//!
//! The hostile partner is a whole node with valid certificates whose frames are tampered with on their way out.

use std::collections::BTreeSet;
use std::time::Duration;

use overlap_store::ExchangeState;

use super::coalition::{TestCoalition, TestNode};
use super::node::domains;
use crate::ExchangeError;
use crate::tap::Mischief;

/// Sizes that make the initiator the engine's receiver, and its sender.
const SIZES: [[usize; 2]; 2] = [[4, 30], [30, 4]];

const SHARED: usize = 3;

async fn pair(sizes: [usize; 2]) -> (TestCoalition, [TestNode; 2]) {
    let mut coalition = TestCoalition::new(&["alpha", "beta", "gamma"]);
    // What a stalled partner costs a test; the sets are tiny.
    coalition.limits.stall = Duration::from_secs(2);
    let shared = domains("shared", SHARED);
    let list = |prefix, count| [domains(prefix, count), shared.clone()].concat();
    let nodes = coalition.pair([&list("left", sizes[0]), &list("right", sizes[1])]).await;
    (coalition, nodes)
}

/// How many frames each side sends in an honest exchange, and which of them is its last of the engine.
async fn frames_sent(sizes: [usize; 2]) -> [usize; 2] {
    let (_coalition, [alpha, beta]) = pair(sizes).await;
    alpha.exchange_with(&beta).await.unwrap();
    let _ = beta.last_record().await;
    [&alpha, &beta].map(|node| node.peer.inner().tap.frames().iter().filter(|(sent, _)| *sent).count())
}

/// What is left on the victim after one deed of its partner.
async fn check_victim(victim: &TestNode, hostile: &TestNode, last_frame: bool, deed: &str) {
    let record = victim.ended_records().await.into_iter().next();
    let overlaps = victim.overlaps_with(&hostile.id);
    let state = record.as_ref().map(|record| record.state);
    match state {
        // The deed came after the last word that matters, or before there was an exchange.
        Some(ExchangeState::Completed) => assert!(last_frame, "{deed}: completed"),
        Some(ExchangeState::Learned) => {
            assert!(overlaps.is_subset(&domains("shared", SHARED).into_iter().collect()), "{deed}");
        }
        Some(ExchangeState::Failed | ExchangeState::Refused) | None => {
            assert_eq!(overlaps, BTreeSet::new(), "{deed}");
        }
        Some(other) => panic!("{deed}: left {other:?}"),
    }
    if let Some(failure) = record.and_then(|record| record.failure) {
        assert_eq!(failure.by, "peer", "{deed}: {}", failure.sentence);
    }
}

fn check_error(error: &ExchangeError, hostile: &TestNode, deed: &str) {
    match error {
        ExchangeError::PeerMisbehaved(what) | ExchangeError::Network(what) => {
            assert!(what.starts_with(hostile.id.as_str()), "{deed}: {what}");
        }
        ExchangeError::RefusedByPartner(_) => {}
        other => panic!("{deed}: {other}"),
    }
}

/// The deeds that the hostile partner's own code cannot notice: what then ends the exchange is the victim's judgement.
async fn all_deeds(sizes: [usize; 2], hostile_side: usize) {
    let frames = frames_sent(sizes).await[hostile_side];
    assert!(frames >= 4);
    let deeds = (0..frames).flat_map(|at| Mischief::BYTES.map(|deed| (at, deed)));
    for (at, mischief) in deeds {
        let deed = format!("side {hostile_side}, sizes {sizes:?}, frame {at}, {mischief:?}");
        let (_coalition, nodes) = pair(sizes).await;
        let (hostile, victim) = (&nodes[hostile_side], &nodes[1 - hostile_side]);
        hostile.peer.inner().tap.plan(at, mischief);
        let result = tokio::time::timeout(Duration::from_secs(60), nodes[0].exchange_with(&nodes[1])).await;
        let result = result.unwrap_or_else(|_| panic!("{deed}: it hangs"));
        if hostile_side == 1 {
            match &result {
                Ok(_) => assert!(at + 1 == frames, "{deed}: completed"),
                Err(error) => check_error(error, hostile, &deed),
            }
        }
        check_victim(victim, hostile, at + 1 == frames, &deed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_initiator_that_is_the_receiver() {
    all_deeds(SIZES[0], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_initiator_that_is_the_sender() {
    all_deeds(SIZES[1], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_responder_that_is_the_sender() {
    all_deeds(SIZES[0], 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_responder_that_is_the_receiver() {
    all_deeds(SIZES[1], 1).await;
}

/// A partner that goes silent or slow is given up; meanwhile and afterwards the node serves others.
async fn all_pauses(sizes: [usize; 2], hostile_side: usize) {
    let frames = frames_sent(sizes).await[hostile_side];
    let silent = (0..frames).map(|at| (at, Mischief::Stall));
    // A trickle meets the same patience at every frame: one in the middle of an exchange stands for all.
    let pauses = silent.chain([(frames / 2, Mischief::Trickle)]);
    let cases = pauses.map(|(at, mischief)| async move {
        let deed = format!("side {hostile_side}, sizes {sizes:?}, frame {at}, {mischief:?}");
        let (mut coalition, nodes) = pair(sizes).await;
        let (hostile, victim) = (&nodes[hostile_side], &nodes[1 - hostile_side]);
        let gamma = coalition.start("gamma").await;
        coalition.introduce(&gamma, victim);
        hostile.peer.inner().tap.plan(at, mischief);
        let (result, others) = tokio::join!(
            tokio::time::timeout(Duration::from_secs(60), nodes[0].exchange_with(&nodes[1])),
            gamma.exchange_with(victim),
        );
        let result = result.unwrap_or_else(|_| panic!("{deed}: it hangs"));
        others.unwrap_or_else(|error| panic!("{deed}: the next partner is not served: {error}"));
        if hostile_side == 1 {
            check_error(&result.unwrap_err(), hostile, &deed);
        }
        let left = victim.ended_records().await.into_iter().find(|record| record.peer == hostile.id);
        if let Some(record) = left {
            assert_ne!(record.state, ExchangeState::Completed, "{deed}");
            let failure = record.failure.unwrap_or_else(|| panic!("{deed}: no failure is noted"));
            assert_eq!(failure.by, "peer", "{deed}: {}", failure.sentence);
            let learned = record.state == ExchangeState::Learned;
            assert_eq!(victim.overlaps_with(&hostile.id).is_empty(), !learned, "{deed}");
        }
        gamma.exchange_with(victim).await.unwrap();
    });
    for case in cases {
        case.await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_silent_initiator() {
    all_pauses(SIZES[0], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_silent_responder() {
    all_pauses(SIZES[1], 1).await;
}
