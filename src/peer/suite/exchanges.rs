//! Exchanges that end as they should.

use std::collections::BTreeSet;

use overlap_coalition::{DocumentKind, EngineName, Learns, RefusalCode, Side, SigningKey};
use overlap_store::{ExchangeRecord, ExchangeState};

use super::coalition::{TestCoalition, TestNode, member_id};
use super::node::{domains, request};
use crate::{ExchangeError, ExchangeEvent, ExchangeRequest};

pub(super) fn set(values: &[String]) -> BTreeSet<String> {
    values.iter().cloned().collect()
}

fn lists(own: [usize; 2], shared: usize) -> ([Vec<String>; 2], Vec<String>) {
    let shared = domains("shared", shared);
    let list = |prefix, count| [domains(prefix, count), shared.clone()].concat();
    ([list("left", own[0]), list("right", own[1])], shared)
}

pub(super) async fn run_pair(
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
    for engine in EngineName::ALL {
        both_learn(engine).await;
    }
}

async fn both_learn(engine: EngineName) {
    let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
    let ([alpha, beta], shared) = run_pair(&mut coalition, [30, 50], 20).await;
    let record = alpha.exchange_with(&beta).await.unwrap();
    assert_eq!(alpha.overlaps_with(&beta.id), set(&shared));
    assert_eq!(beta.overlaps_with(&alpha.id), set(&shared));
    let theirs = beta.last_record().await;
    for (record, side) in [(&record, Side::Initiator), (&theirs, Side::Responder)] {
        assert_eq!(record.state, ExchangeState::Completed);
        assert_eq!((record.side, record.engine), (side, engine));
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
    for engine in EngineName::ALL {
        let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
        let ([alpha, beta], shared) = run_pair(&mut coalition, [90, 5], 7).await;
        let record = alpha.exchange_with(&beta).await.unwrap();
        assert_eq!(record.matches, Some(7));
        assert_eq!(alpha.overlaps_with(&beta.id), set(&shared));
        assert_eq!(beta.overlaps_with(&alpha.id), set(&shared));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_not_to_learn_does_not() {
    let learners = EngineName::ALL.map(|engine| [(engine, "alpha"), (engine, "beta")]);
    for (engine, learner) in learners.into_iter().flatten() {
        let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
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
    let sizes = EngineName::ALL.map(|engine| [[0, 0], [0, 12], [12, 0]].map(|own| (engine, own)));
    for (engine, own) in sizes.into_iter().flatten() {
        let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
        let ([alpha, beta], _) = run_pair(&mut coalition, own, 0).await;
        let record = alpha.exchange_with(&beta).await.unwrap();
        assert_eq!(record.matches, Some(0), "{own:?}");
        assert_eq!(beta.last_record().await.matches, Some(0), "{own:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_may_call_each_other_at_once() {
    for engine in EngineName::ALL {
        let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
        let ([alpha, beta], shared) = run_pair(&mut coalition, [40, 40], 10).await;
        let (one, other) = tokio::join!(alpha.exchange_with(&beta), beta.exchange_with(&alpha));
        assert_eq!(one.unwrap().matches, Some(10));
        assert_eq!(other.unwrap().matches, Some(10));
        assert_eq!(alpha.overlaps_with(&beta.id), set(&shared));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_exchanges_run_at_once() {
    for engine in EngineName::ALL {
        let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
        let ([alpha, beta], _) = run_pair(&mut coalition, [10, 10], 5).await;
        let (a, b, c) =
            tokio::join!(alpha.exchange_with(&beta), alpha.exchange_with(&beta), alpha.exchange_with(&beta));
        for record in [a.unwrap(), b.unwrap(), c.unwrap()] {
            assert_eq!(record.state, ExchangeState::Completed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_follows_the_sizes() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    coalition.engines = EngineName::ALL.to_vec();
    let ([alpha, beta], _) = run_pair(&mut coalition, [5, 5], 3).await;
    // Of the partner nothing is known: it may bring as much as the agreement allows.
    assert_eq!(alpha.exchange_with(&beta).await.unwrap().engine, EngineName::Vole);
    assert_eq!(alpha.exchange_with(&beta).await.unwrap().engine, EngineName::Voprf);
    beta.import(&domains("more", 800));
    assert_eq!(alpha.exchange_with(&beta).await.unwrap().engine, EngineName::Voprf);
    let record = alpha.exchange_with(&beta).await.unwrap();
    assert_eq!((record.engine, record.matches), (EngineName::Vole, Some(3)));
    assert_eq!(beta.exchange_with(&alpha).await.unwrap().engine, EngineName::Vole);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_the_agreements_where_that_fixes_one() {
    for fixed in EngineName::ALL {
        let mut coalition = TestCoalition::new(&["alpha", "beta"]);
        coalition.engines = EngineName::ALL.to_vec();
        let ([alpha, beta], _) = run_pair(&mut coalition, [5, 5], 3).await;
        for node in [&alpha, &beta] {
            let mut config = node.config();
            config.partners[0].agreement.engine = Some(fixed);
            coalition.reconfigure(node, config);
        }
        for engine in [None, Some(fixed)] {
            let record = ask(&alpha, ExchangeRequest { engine, ..request(&beta.id) }).await.unwrap().0;
            assert_eq!(record.engine, fixed);
        }
        let other = EngineName::ALL.into_iter().find(|engine| *engine != fixed);
        let refused = ask(&alpha, ExchangeRequest { engine: other, ..request(&beta.id) }).await;
        match refused.unwrap_err() {
            ExchangeError::RefusedHere(refusal) => {
                assert_eq!(refusal.code, RefusalCode::Engine);
                assert!(refusal.sentence.contains(&format!("fixes the engine {fixed}")), "{refusal}");
            }
            other => panic!("{other}"),
        }
        assert_eq!(beta.records().len(), 2);
    }
}

/// A phase, and of how much how much was done.
type Reached = (String, u64, u64);

/// An exchange, and the progress that its caller saw.
async fn ask(
    node: &TestNode,
    request: ExchangeRequest,
) -> Result<(ExchangeRecord, Vec<Reached>), ExchangeError> {
    let (events, mut seen) = tokio::sync::mpsc::channel(1024);
    let record = node.peer.exchange(request, events).await?;
    let mut progress = Vec::new();
    while let Ok(event) = seen.try_recv() {
        if let ExchangeEvent::Progress(step) = event {
            progress.push((step.phase, step.done, step.total));
        }
    }
    Ok((record, progress))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_sees_each_phase_until_it_is_done_and_the_record_has_its_seconds() {
    let phases: [(EngineName, [&[&str]; 2]); 2] = [
        (EngineName::Voprf, [&["blind", "evaluate", "unblind", "tags"], &["evaluate", "tags"]]),
        (EngineName::Vole, [&["correlate", "encode", "decode", "tags"]; 2]),
    ];
    for (engine, [receiver, sender]) in phases {
        for parts in [1, 3] {
            let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
            let ([alpha, beta], _) = run_pair(&mut coalition, [5, 50], 3).await;
            [&alpha, &beta].iter().for_each(|node| node.peer.inner().tap.cut_into(parts));
            for (caller, called, [own, theirs]) in
                [(&alpha, &beta, [receiver, sender]), (&beta, &alpha, [sender, receiver])]
            {
                let (record, seen) = ask(caller, request(&called.id)).await.unwrap();
                check_progress(&seen, own);
                check_seconds(&record, own);
                check_seconds(&called.last_record().await, theirs);
            }
        }
    }
}

/// Each phase goes forward only, to its end, over all partitions.
fn check_progress(seen: &[Reached], phases: &[&str]) {
    let told: BTreeSet<_> = seen.iter().map(|(phase, ..)| phase.as_str()).collect();
    assert_eq!(told, phases.iter().copied().collect());
    for phase in phases {
        let of_it: Vec<_> = seen.iter().filter(|(name, ..)| name == phase).collect();
        assert!(of_it.is_sorted_by_key(|(_, done, _)| done), "{of_it:?}");
        let (_, done, total) = of_it[of_it.len() - 1];
        assert!(done == total && of_it.iter().all(|(.., all)| all == total), "{of_it:?}");
    }
}

fn check_seconds(record: &ExchangeRecord, phases: &[&str]) {
    let seconds = |name: &str| record.seconds.iter().find(|(phase, _)| phase == name).unwrap().1;
    let sum: f64 = phases.iter().map(|phase| seconds(phase)).sum();
    assert!(sum > 0.0 && sum <= seconds("engine"), "{:?}", record.seconds);
}
