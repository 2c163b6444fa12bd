//! Exchanges that end as they should.

use std::collections::BTreeSet;

use overlap_coalition::{DocumentKind, Learns, Side, SigningKey};
use overlap_store::{ExchangeRecord, ExchangeState};

use super::coalition::{TestCoalition, TestNode, member_id};
use super::node::domains;

fn set(values: &[String]) -> BTreeSet<String> {
    values.iter().cloned().collect()
}

fn lists(own: [usize; 2], shared: usize) -> ([Vec<String>; 2], Vec<String>) {
    let shared = domains("shared", shared);
    let list = |prefix, count| [domains(prefix, count), shared.clone()].concat();
    ([list("left", own[0]), list("right", own[1])], shared)
}

async fn run_pair(
    coalition: &mut TestCoalition,
    own: [usize; 2],
    shared: usize,
) -> ([TestNode; 2], Vec<String>) {
    let ([left, right], shared) = lists(own, shared);
    (coalition.pair([&left, &right]).await, shared)
}

fn check_receipt(coalition: &TestCoalition, record: &ExchangeRecord, names: [&str; 2]) {
    let receipt = record.receipt.as_ref().unwrap();
    for name in names {
        let key = SigningKey::from_seed(&coalition.member(name).receipt_seed).unwrap().public_key();
        receipt.verify(DocumentKind::Receipt, &key).unwrap();
    }
    assert_eq!(receipt.signatures.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_learn_exactly_what_both_hold() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let ([alpha, beta], shared) = run_pair(&mut coalition, [30, 50], 20).await;
    let record = alpha.exchange_with(&beta).await.unwrap();
    assert_eq!(alpha.overlaps_with(&beta.id), set(&shared));
    assert_eq!(beta.overlaps_with(&alpha.id), set(&shared));
    let theirs = beta.last_record().await;
    for (record, side) in [(&record, Side::Initiator), (&theirs, Side::Responder)] {
        assert_eq!(record.state, ExchangeState::Completed);
        assert_eq!(record.side, side);
        assert_eq!(record.matches, Some(20));
        assert_eq!(record.failure, None);
        assert_eq!(record.seconds[0].0, "total");
        check_receipt(&coalition, record, ["alpha", "beta"]);
    }
    assert_eq!(record.receipt.as_ref().unwrap().bytes, theirs.receipt.as_ref().unwrap().bytes);
    assert_eq!((record.own_size, record.peer_size), (theirs.peer_size, theirs.own_size));
    assert_eq!((record.bytes_sent, record.bytes_received), (theirs.bytes_received, theirs.bytes_sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_larger_set_may_call_too() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let ([alpha, beta], shared) = run_pair(&mut coalition, [90, 5], 7).await;
    let record = alpha.exchange_with(&beta).await.unwrap();
    assert_eq!(record.matches, Some(7));
    assert_eq!(alpha.overlaps_with(&beta.id), set(&shared));
    assert_eq!(beta.overlaps_with(&alpha.id), set(&shared));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_not_to_learn_does_not() {
    for learner in ["alpha", "beta"] {
        let mut coalition = TestCoalition::new(&["alpha", "beta"]);
        let ([alpha, beta], shared) = run_pair(&mut coalition, [10, 20], 9).await;
        for node in [&alpha, &beta] {
            let mut config = node.config();
            config.partners[0].agreement.learns = Learns::Only(member_id(learner));
            coalition.reconfigure(node, config);
        }
        let record = alpha.exchange_with(&beta).await.unwrap();
        let theirs = beta.last_record().await;
        for (node, other, record) in [(&alpha, &beta, &record), (&beta, &alpha, &theirs)] {
            let learns = node.id.as_str() == learner;
            assert_eq!(record.matches, learns.then_some(9), "{learner}");
            let expected = if learns { set(&shared) } else { BTreeSet::new() };
            assert_eq!(node.overlaps_with(&other.id), expected, "{learner}");
            assert_eq!(record.state, ExchangeState::Completed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_sets_overlap_in_nothing() {
    for own in [[0, 0], [0, 12], [12, 0]] {
        let mut coalition = TestCoalition::new(&["alpha", "beta"]);
        let ([alpha, beta], _) = run_pair(&mut coalition, own, 0).await;
        let record = alpha.exchange_with(&beta).await.unwrap();
        assert_eq!(record.matches, Some(0), "{own:?}");
        assert_eq!(beta.last_record().await.matches, Some(0), "{own:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_may_call_each_other_at_once() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let ([alpha, beta], shared) = run_pair(&mut coalition, [40, 40], 10).await;
    let (one, other) = tokio::join!(alpha.exchange_with(&beta), beta.exchange_with(&alpha));
    assert_eq!(one.unwrap().matches, Some(10));
    assert_eq!(other.unwrap().matches, Some(10));
    assert_eq!(alpha.overlaps_with(&beta.id), set(&shared));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_exchanges_run_at_once() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let ([alpha, beta], _) = run_pair(&mut coalition, [10, 10], 5).await;
    let (a, b, c) =
        tokio::join!(alpha.exchange_with(&beta), alpha.exchange_with(&beta), alpha.exchange_with(&beta));
    for record in [a.unwrap(), b.unwrap(), c.unwrap()] {
        assert_eq!(record.state, ExchangeState::Completed);
    }
}
