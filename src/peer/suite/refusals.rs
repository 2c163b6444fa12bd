//! Refusals by policy: each with its own code, and both operators see it.

use std::sync::Arc;
use std::time::Duration;

use overlap_coalition::{
    Agreement, DocumentKind, EngineName, Offer, RefusalCode, SignedDocument, SigningKey, Timestamp,
};
use overlap_indicator::DigestSalt;
use overlap_store::ExchangeState;
use overlap_wire::Frame;
use tokio::task::JoinSet;

use super::coalition::{NOW, ROSTER_ENDS, TestCoalition, TestNode};
use super::node::domains;
use crate::refusals::MOST_A_DAY;
use crate::tap::Mischief;
use crate::{ExchangeError, PeerConfig, call};

async fn pair(sizes: [usize; 2]) -> (TestCoalition, [TestNode; 2]) {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let nodes = coalition.pair([&domains("left", sizes[0]), &domains("right", sizes[1])]).await;
    (coalition, nodes)
}

fn change(coalition: &TestCoalition, node: &TestNode, change: impl FnOnce(&mut PeerConfig)) {
    let mut config = node.config();
    change(&mut config);
    coalition.reconfigure(node, config);
}

/// Alpha asks, beta refuses, both have a record that says so.
async fn beta_refuses(alpha: &TestNode, beta: &TestNode, code: RefusalCode) {
    match alpha.exchange_with(beta).await.unwrap_err() {
        ExchangeError::RefusedByPartner(refusal) => assert_eq!(refusal.code, code),
        other => panic!("{code}: {other}"),
    }
    let (own, theirs) = (alpha.last_record().await, beta.last_record().await);
    for (record, by) in [(own, "peer"), (theirs, "own")] {
        let failure = record.failure.unwrap();
        assert_eq!((record.state, failure.code, failure.by), (ExchangeState::Refused, code.into(), by));
        assert!(!failure.sentence.is_empty());
    }
}

/// Alpha does not even ask.
async fn alpha_refuses(alpha: &TestNode, beta: &TestNode, code: RefusalCode) {
    match alpha.exchange_with(beta).await.unwrap_err() {
        ExchangeError::RefusedHere(refusal) => assert_eq!(refusal.code, code),
        other => panic!("{code}: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agreements_that_differ() {
    let (coalition, [alpha, beta]) = pair([5, 5]).await;
    change(&coalition, &beta, |config| config.partners[0].agreement.max_items -= 1);
    beta_refuses(&alpha, &beta, RefusalCode::AgreementHash).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_without_an_agreement() {
    let (coalition, [alpha, beta]) = pair([5, 5]).await;
    change(&coalition, &beta, |config| config.partners.clear());
    match alpha.exchange_with(&beta).await.unwrap_err() {
        ExchangeError::RefusedByPartner(refusal) => assert_eq!(refusal.code, RefusalCode::NoAgreement),
        other => panic!("{other}"),
    }
    assert_eq!(alpha.last_record().await.failure.unwrap().code, RefusalCode::NoAgreement.into());
    // A member that this node has nothing to do with leaves nothing on its disk.
    assert_eq!(beta.records(), []);
    change(&coalition, &alpha, |config| config.partners.clear());
    alpha_refuses(&alpha, &beta, RefusalCode::NoAgreement).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_canonicalisation_rules() {
    let (_coalition, [alpha, beta]) = pair([5, 5]).await;
    alpha.peer.inner().tap.plan(0, Mischief::OtherCanonVersion);
    beta_refuses(&alpha, &beta, RefusalCode::CanonVersion).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_over_the_limit() {
    let (coalition, [alpha, beta]) = pair([5, 50]).await;
    for node in [&alpha, &beta] {
        change(&coalition, node, |config| config.partners[0].agreement.max_items = 16);
    }
    beta_refuses(&alpha, &beta, RefusalCode::TooManyItems).await;
    alpha_refuses(&beta, &alpha, RefusalCode::TooManyItems).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_under_the_limit() {
    let (coalition, [alpha, beta]) = pair([50, 5]).await;
    for node in [&alpha, &beta] {
        change(&coalition, node, |config| config.partners[0].agreement.min_items = 20);
    }
    beta_refuses(&alpha, &beta, RefusalCode::TooFewItems).await;
    // The answer told something of beta's set, so it was not free.
    assert_eq!(exchanges_used(&beta, &alpha), 1);
}

fn exchanges_used(node: &TestNode, partner: &TestNode) -> u32 {
    node.store.day_use(&partner.id, Timestamp(NOW)).unwrap().exchanges
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accept_that_is_never_opened_uses_up_the_day() {
    let (mut coalition, [alpha, beta]) = pair([5, 5]).await;
    change(&coalition, &beta, |config| config.partners[0].agreement.exchanges_per_day = 2);
    change(&coalition, &alpha, |config| config.partners[0].agreement.exchanges_per_day = 2);
    for used in 1..=2 {
        // In place of the nonce.
        alpha.peer.inner().tap.plan(2, Mischief::Close);
        assert!(alpha.exchange_with(&beta).await.is_err());
        assert_eq!(alpha.last_record().await.peer_size, beta.last_record().await.own_size);
        assert_eq!(exchanges_used(&beta, &alpha), used);
    }
    let config = PeerConfig { listen: "127.0.0.1:0".parse().unwrap(), ..alpha.config() };
    let forgetful = coalition.start_with("alpha", config).await;
    beta_refuses(&forgetful, &beta, RefusalCode::ExchangesToday).await;
    assert_eq!(beta.last_record().await.accept, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_policy_refuses_is_free() {
    let (coalition, [alpha, beta]) = pair([5, 5]).await;
    change(&coalition, &beta, |config| config.partners[0].agreement.max_items -= 1);
    beta_refuses(&alpha, &beta, RefusalCode::AgreementHash).await;
    assert_eq!(exchanges_used(&beta, &alpha), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_beyond_a_days_number_are_not_stored() {
    let (coalition, [alpha, beta]) = pair([5, 5]).await;
    change(&coalition, &beta, |config| config.partners[0].agreement.max_items -= 1);
    beta_refuses(&alpha, &beta, RefusalCode::AgreementHash).await;
    let refusals = &beta.peer.inner().refusals;
    assert!((1..MOST_A_DAY).all(|_| refusals.take(&alpha.id, Timestamp(NOW))));
    assert!(alpha.exchange_with(&beta).await.is_err());
    alpha.peer.inner().tap.plan(0, Mischief::OtherCanonVersion);
    assert!(alpha.exchange_with(&beta).await.is_err());
    assert_eq!(beta.ended_records().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_exchanges_today() {
    let (mut coalition, [alpha, beta]) = pair([5, 5]).await;
    for node in [&alpha, &beta] {
        change(&coalition, node, |config| config.partners[0].agreement.exchanges_per_day = 1);
    }
    alpha.exchange_with(&beta).await.unwrap();
    alpha_refuses(&alpha, &beta, RefusalCode::ExchangesToday).await;
    // A partner that forgot what it used is told.
    let config = PeerConfig { listen: "127.0.0.1:0".parse().unwrap(), ..alpha.config() };
    let forgetful = coalition.start_with("alpha", config).await;
    beta_refuses(&forgetful, &beta, RefusalCode::ExchangesToday).await;
    coalition.clock.set(NOW + 86_400);
    alpha.exchange_with(&beta).await.unwrap();
}

/// Alpha offers something else than its own policy lets it, with an agreement that both have.
async fn beta_refuses_the_offer(agree: fn(&mut Agreement), offer: fn(&mut Offer), code: RefusalCode) {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    coalition.engines = EngineName::ALL.to_vec();
    let [alpha, beta] = coalition.pair([&domains("left", 5), &domains("right", 5)]).await;
    for node in [&alpha, &beta] {
        change(&coalition, node, |config| agree(&mut config.partners[0].agreement));
    }
    let key = SigningKey::from_seed(&coalition.member("alpha").receipt_seed).unwrap();
    alpha.peer.inner().tap.rewrite(1, move |frame| match frame {
        Frame::Offer(document) => {
            let mut changed = overlap_wire::decode_offer(&document.bytes).unwrap();
            offer(&mut changed);
            let bytes = overlap_wire::encode_offer(&changed);
            Frame::Offer(SignedDocument::new(DocumentKind::Offer, bytes, &key))
        }
        other => panic!("{other:?} is no offer"),
    });
    beta_refuses(&alpha, &beta, code).await;
    assert_eq!(exchanges_used(&beta, &alpha), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_engine_than_the_agreements() {
    let fixed = |agreement: &mut Agreement| agreement.engine = Some(EngineName::Vole);
    beta_refuses_the_offer(fixed, |offer| offer.engine = EngineName::Voprf, RefusalCode::Engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_size_at_which_the_engine_does_not_run() {
    let large = |agreement: &mut Agreement| agreement.max_items = 1 << 30;
    for offer in [
        |offer: &mut Offer| (offer.engine, offer.padded_size) = (EngineName::Voprf, 9 << 17),
        |offer: &mut Offer| (offer.engine, offer.padded_size) = (EngineName::Vole, 9 << 23),
    ] {
        beta_refuses_the_offer(large, offer, RefusalCode::TooManyItems).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_exchanges_as_the_node_runs() {
    let (coalition, [alpha, beta]) = pair([5, 5]).await;
    change(&coalition, &beta, |config| config.limits.exchanges = 0);
    beta_refuses(&alpha, &beta, RefusalCode::Busy).await;
    change(&coalition, &alpha, |config| config.limits.exchanges_per_member = 0);
    alpha_refuses(&alpha, &beta, RefusalCode::Busy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_has_no_more_connections_than_it_may() {
    let (coalition, [alpha, beta]) = pair([5, 5]).await;
    change(&coalition, &beta, |config| config.limits.exchanges_per_member = 1);
    let alpha = Arc::new(alpha);
    let mut calls = JoinSet::new();
    for _ in 0..8 {
        let (alpha, beta) = (alpha.clone(), beta.id.clone());
        calls.spawn(async move {
            let (inner, live) = (alpha.peer.inner(), alpha.peer.inner().live.load_full());
            call::connect(inner, &live, live.partner(&beta).unwrap()).await.map(|(connection, _)| connection)
        });
    }
    // One that beta closes at once may be closed before it is seen open.
    let connections: Vec<_> = calls.join_all().await.into_iter().flatten().collect();
    let live = || connections.iter().filter(|connection| connection.close_reason().is_none()).count();
    for _ in 0..100 {
        if live() <= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Two for each exchange that it may run.
    assert_eq!(live(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_starts_with_an_expired_roster_and_takes_a_newer_one() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    coalition.clock.set(ROSTER_ENDS);
    let [alpha, beta] = coalition.pair([&domains("left", 5), &domains("right", 5)]).await;
    alpha_refuses(&alpha, &beta, RefusalCode::RosterExpired).await;
    assert!(alpha.peer.install_roster(coalition.roster()).is_err(), "handed on, it is refused as before");
    coalition.version += 1;
    coalition.roster_ends = ROSTER_ENDS + 86_400;
    assert!(alpha.peer.install_roster(coalition.roster()).unwrap());
    // The hello brings it to the partner, whose own has expired too.
    alpha.exchange_with(&beta).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_items_as_the_node_has_memory_for() {
    let (coalition, [alpha, beta]) = pair([5, 7]).await;
    for (node, limit) in [(&beta, 100), (&alpha, 100)] {
        change(&coalition, node, |config| config.limits.items = limit);
    }
    let others = |node: &TestNode, items: u64| {
        let limits = node.config().limits;
        let mut slot = node.peer.inner().slots.take(&node.id, &limits).unwrap();
        slot.hold(items, &limits).unwrap();
        slot
    };
    // Not the partner's items alone, which is not charged; then not both sides'.
    for (held, charged) in [(96, 0), (90, 1)] {
        let held = others(&beta, held);
        let refused = alpha.exchange_with(&beta).await.unwrap_err();
        let busy = matches!(&refused, ExchangeError::RefusedByPartner(why) if why.code == RefusalCode::Busy);
        assert!(busy, "{refused}");
        drop(held);
        assert_eq!(beta.last_record().await.state, ExchangeState::Refused);
        assert_eq!(exchanges_used(&beta, &alpha), charged);
    }
    let held = others(&alpha, 96);
    alpha_refuses(&alpha, &beta, RefusalCode::Busy).await;
    drop(held);
    alpha.exchange_with(&beta).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_salt_epoch() {
    let (_coalition, [alpha, beta]) = pair([5, 5]).await;
    assert!(beta.store.take_salt(&new_salt(), &|| true).unwrap());
    beta_refuses(&alpha, &beta, RefusalCode::SaltEpoch).await;
    assert!(!alpha.store.take_salt(&new_salt(), &|| false).unwrap());
    alpha_refuses(&alpha, &beta, RefusalCode::SaltEpoch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_salt_is_taken_while_the_nodes_run() {
    let mut coalition = TestCoalition::new(&["alpha", "beta"]);
    let shared = domains("shared", 7);
    let [alpha, beta] = coalition.pair([&shared, &shared]).await;
    assert_eq!(alpha.exchange_with(&beta).await.unwrap().matches, Some(7));
    (coalition.version, coalition.epoch) = (2, 2);
    assert!(alpha.peer.install_roster(coalition.roster()).unwrap());
    alpha_refuses(&alpha, &beta, RefusalCode::SaltEpoch).await;
    assert!(alpha.store.take_salt(&new_salt(), &|| true).unwrap());
    // The hello hands the roster on, and beta has still to take the salt, then is about to.
    beta_refuses(&alpha, &beta, RefusalCode::SaltEpoch).await;
    assert!(!beta.store.take_salt(&new_salt(), &|| false).unwrap());
    beta_refuses(&alpha, &beta, RefusalCode::SaltEpoch).await;
    assert!(beta.store.take_salt(&new_salt(), &|| true).unwrap());
    assert_eq!(alpha.exchange_with(&beta).await.unwrap().matches, Some(7));
    assert_eq!(beta.exchange_with(&alpha).await.unwrap().matches, Some(7));
}

fn new_salt() -> (u32, DigestSalt) {
    (2, DigestSalt::new([43; 32]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops() {
    let (_coalition, [alpha, beta]) = pair([5, 5]).await;
    beta.peer.inner().stop();
    beta_refuses(&alpha, &beta, RefusalCode::Stopping).await;
    alpha.peer.shutdown(Duration::from_secs(5)).await;
    assert!(matches!(alpha.exchange_with(&beta).await.unwrap_err(), ExchangeError::Stopping));
}
