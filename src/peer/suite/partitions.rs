//! Exchanges of several partitions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use overlap_coalition::{Agreement, EngineName, Learns};
use overlap_psi::{MATCH_BYTES, Message};
use overlap_store::{ExchangeRecord, ExchangeState};

use super::coalition::{TestCoalition, TestNode, member_id};
use super::exchanges::{run_pair, set};
use super::node::domains;
use crate::ExchangeError;
use crate::tap::decoded;

/// Bytes of a tag.
const TAG_BYTES: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_set_in_partitions_overlaps_in_the_same() {
    for engine in EngineName::ALL {
        // Sets of which a partition has room for about a half, and for all; with each, how many tags that makes where alpha sends
        // them and where beta does.
        for (own, shared, tags) in [([500, 900], 400, [483, 664]), ([40, 60], 30, [72, 93])] {
            for learner in [None, Some("alpha"), Some("beta")] {
                let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
                let (nodes, shared) = run_pair(&mut coalition, own, shared).await;
                for node in &nodes {
                    node.peer.inner().tap.cut_into(3);
                    let learns = learner.map_or(Learns::Both, |name| Learns::Only(member_id(name)));
                    agree(&coalition, node, |agreement| agreement.learns = learns);
                }
                nodes[0].exchange_with(&nodes[1]).await.unwrap();
                let _ = nodes[1].last_record().await;
                check_overlaps(&nodes, learner, &set(&shared));
                let tags = if learner == Some("beta") { tags[0] } else { tags[1] };
                assert_eq!(tags_by_partition(&nodes[0]), [tags; 3]);
            }
        }
    }
}

fn agree(coalition: &TestCoalition, node: &TestNode, on: impl FnOnce(&mut Agreement)) {
    let mut config = node.config();
    on(&mut config.partners[0].agreement);
    coalition.reconfigure(node, config);
}

/// What is shared is known to both sides, or to the one that alone learns.
fn check_overlaps([alpha, beta]: &[TestNode; 2], learner: Option<&str>, shared: &BTreeSet<String>) {
    for (node, other) in [(alpha, beta), (beta, alpha)] {
        let learns = learner.is_none_or(|learner| node.id.as_str() == learner);
        let expected = if learns { shared.clone() } else { BTreeSet::new() };
        assert_eq!(node.overlaps_with(&other.id), expected, "{learner:?}");
    }
}

/// The tags that crossed, by partition.
fn tags_by_partition(node: &TestNode) -> Vec<usize> {
    by_partition(node, |message| match message {
        Message::Tags(tags) => tags.len() / TAG_BYTES,
        _ => 0,
    })
}

/// The proofs of matches that crossed.
fn proofs_by_partition(node: &TestNode) -> Vec<usize> {
    by_partition(node, |message| match message {
        Message::MatchProofs(proofs) => proofs.len() / MATCH_BYTES,
        _ => 0,
    })
}

fn by_partition(node: &TestNode, count: impl Fn(&Message) -> usize) -> Vec<usize> {
    let mut counts = BTreeMap::new();
    for (_, bytes) in node.peer.inner().tap.frames() {
        if let overlap_wire::Frame::Engine { partition, message } = decoded(&bytes) {
            *counts.entry(partition).or_default() += count(&message);
        }
    }
    assert!(counts.keys().copied().eq(0..counts.len() as u32));
    counts.into_values().collect()
}

/// Items that a cheat tells of, and those that it has. Every partition has room for all that it tells of, and what an honest
/// receiver fills with random items a cheat fills with others that the sender may have.
const TOLD: usize = 32;
const HAD: usize = 40;

/// An exchange in three partitions with a receiver that has more items than it tells of, all of which the sender has too.
async fn exchange_with_a_cheat(
    engine: EngineName,
    cheat: usize,
    checked: bool,
) -> (TestCoalition, [TestNode; 2], Result<ExchangeRecord, ExchangeError>) {
    let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
    let mut own = [20; 2];
    own[cheat] = 0;
    let (nodes, _) = run_pair(&mut coalition, own, HAD).await;
    nodes.iter().for_each(|node| node.peer.inner().tap.cut_into(3));
    nodes[cheat].peer.inner().tap.claim(TOLD as u64);
    if !checked {
        nodes[1 - cheat].peer.inner().tap.believe_any_number();
    }
    let result = nodes[0].exchange_with(&nodes[1]).await;
    let proofs = proofs_by_partition(&nodes[1 - cheat]);
    assert_eq!((proofs.len(), proofs.iter().sum()), (3, HAD));
    assert!(proofs.iter().all(|proofs| *proofs <= TOLD), "one partition gives it away: {proofs:?}");
    (coalition, nodes, result)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_proves_more_matches_than_it_has_items_over_all_partitions() {
    for (engine, cheat) in EngineName::ALL.into_iter().flat_map(|engine| [(engine, 0), (engine, 1)]) {
        let (_coalition, nodes, result) = exchange_with_a_cheat(engine, cheat, true).await;
        let (cheat, victim) = (&nodes[cheat], &nodes[1 - cheat]);
        let found = "it proves more matches than it has items";
        match result.unwrap_err() {
            ExchangeError::PeerMisbehaved(what) if victim.id.as_str() == "alpha" => {
                assert_eq!(what, format!("{}: {found}", cheat.id));
            }
            // It is told.
            other => assert_eq!(victim.id.as_str(), "beta", "{other}"),
        }
        let record = victim.last_record().await;
        let failure = record.failure.unwrap();
        assert_eq!((record.state, record.matches), (ExchangeState::Failed, None), "{engine}");
        assert_eq!((failure.by, failure.sentence.as_str()), ("peer", found), "{engine}");
        assert_eq!(victim.overlaps_with(&cheat.id), BTreeSet::new(), "{engine}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_check_of_their_number_a_receiver_proves_more_matches_than_it_has_items() {
    for (engine, cheat) in EngineName::ALL.into_iter().flat_map(|engine| [(engine, 0), (engine, 1)]) {
        let (_coalition, nodes, result) = exchange_with_a_cheat(engine, cheat, false).await;
        result.unwrap();
        let record = nodes[1 - cheat].last_record().await;
        assert_eq!((record.state, record.failure), (ExchangeState::Completed, None), "{engine}");
        assert_eq!((record.peer_size, record.matches), (TOLD as u64, Some(HAD as u64)), "{engine}");
        assert_eq!(nodes[1 - cheat].overlaps_with(&nodes[cheat].id).len(), HAD, "{engine}");
    }
}

/// The most items of a receiver that `vole` does not cut, and of a sender.
const UNCUT: [u64; 2] = [1 << 20, 1 << 22];

/// Nodes that agree on sizes which `vole` cuts, and have time for them.
async fn large_pair(own: [usize; 2], shared: usize) -> (TestCoalition, [TestNode; 2], Vec<String>) {
    let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], EngineName::Vole);
    coalition.limits.stall = Duration::from_secs(120);
    coalition.limits.exchange = Duration::from_secs(600);
    let (nodes, shared) = run_pair(&mut coalition, own, shared).await;
    nodes.iter().for_each(|node| agree(&coalition, node, |agreement| agreement.max_items = 1 << 23));
    (coalition, nodes, shared)
}

/// The smallest sets that the sizes alone cut. Nearly all of them is padding, which the engine cannot tell from items.
#[tokio::test(flavor = "multi_thread")]
async fn sets_that_are_too_large_for_one_partition_overlap_in_the_same() {
    padded_sets([UNCUT[0] + 1; 2], 596_262).await;
}

/// `cargo test -p overlap-peer --release soak -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes long"]
async fn soak_a_sender_that_is_too_large_for_one_partition() {
    padded_sets([100, UNCUT[1] + 1], 2_372_160).await;
}

/// Two partitions of so many tags each.
async fn padded_sets(sizes: [u64; 2], tags: usize) {
    let (_coalition, nodes, shared) = large_pair([30, 50], 20).await;
    nodes.iter().zip(sizes).for_each(|(node, size)| node.peer.inner().tap.claim(size));
    exchange_in_two(&nodes, &shared, tags).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes long"]
async fn soak_real_sets_that_are_too_large_for_one_partition() {
    let (_coalition, nodes, shared) = large_pair([0, 0], 5_000).await;
    let rest = UNCUT[0] as usize + 1 - shared.len();
    for (node, prefix) in nodes.iter().zip(["left", "right"]) {
        domains(prefix, rest).chunks(1 << 16).for_each(|domains| node.import(domains));
    }
    exchange_in_two(&nodes, &shared, 596_262).await;
}

async fn exchange_in_two(nodes: &[TestNode; 2], shared: &[String], tags: usize) {
    let record = nodes[0].exchange_with(&nodes[1]).await.unwrap();
    let theirs = nodes[1].last_record().await;
    check_overlaps(nodes, None, &set(shared));
    assert_eq!(tags_by_partition(&nodes[0]), [tags; 2]);
    for record in [record, theirs] {
        println!("{} items beside {}: {:.2?}", record.own_size, record.peer_size, record.seconds);
    }
}
