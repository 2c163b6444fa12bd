//! A partner that breaks the protocol at each of its messages, in both roles and on both sides of the engine.
//!
//! The hostile partner is a whole node with valid certificates whose frames are tampered with on their way out.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use overlap_psi::MessageKind;
use overlap_store::{ExchangeRecord, ExchangeState};
use overlap_wire::Frame;

use super::coalition::{TestCoalition, TestNode};
use super::node::domains;
use crate::ExchangeError;
use crate::tap::{Mischief, decoded};

/// Sizes that make the initiator the engine's receiver, and its sender.
const SIZES: [[usize; 2]; 2] = [[4, 30], [30, 4]];

const SHARED: usize = 3;

/// Alpha and beta, whose lists overlap, and gamma, which beta or alpha is to serve afterwards.
async fn pair(sizes: [usize; 2]) -> (TestCoalition, [TestNode; 2]) {
    let mut coalition = TestCoalition::new(&["alpha", "beta", "gamma"]);
    // What a stalled partner costs a test; the sets are tiny.
    coalition.limits.stall = Duration::from_secs(2);
    let list = |prefix, count| [domains(prefix, count), shared()].concat();
    let nodes = coalition.pair([&list("left", sizes[0]), &list("right", sizes[1])]).await;
    (coalition, nodes)
}

fn shared() -> Vec<String> {
    domains("shared", SHARED)
}

/// The next partner of a victim.
async fn next_partner(coalition: &mut TestCoalition, victim: &TestNode) -> TestNode {
    let gamma = coalition.start("gamma").await;
    coalition.introduce(&gamma, victim);
    gamma
}

/// What one side sends in an honest exchange.
#[derive(Clone, Copy)]
struct Sent {
    frames: usize,
    /// The frame with which the other side has all that it learns from: a sender's last tags, a receiver's last proofs.
    decisive: usize,
}

impl Sent {
    fn by(node: &TestNode) -> Self {
        let frames = node.peer.inner().tap.frames().into_iter().filter(|(sent, _)| *sent);
        let frames: Vec<_> = frames.map(|(_, bytes)| decoded(&bytes)).collect();
        let decides = |frame: &Frame| match frame {
            Frame::Engine { message, .. } => {
                matches!(message.kind(), MessageKind::Tags | MessageKind::MatchProofs)
            }
            _ => false,
        };
        Self { frames: frames.len(), decisive: frames.iter().rposition(decides).unwrap() }
    }
}

async fn honest_exchange(sizes: [usize; 2]) -> [Sent; 2] {
    let (_coalition, [alpha, beta]) = pair(sizes).await;
    alpha.exchange_with(&beta).await.unwrap();
    let _ = beta.last_record().await;
    [&alpha, &beta].map(Sent::by)
}

/// One deed of a hostile partner.
struct Deed {
    sizes: [usize; 2],
    hostile_side: usize,
    sent: Sent,
    at: usize,
    mischief: Mischief,
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sizes, hostile_side, at, mischief, .. } = self;
        write!(f, "side {hostile_side}, sizes {sizes:?}, frame {at}, {mischief:?}")
    }
}

impl Deed {
    /// Whether the victim has all that it learns from before anything is wrong.
    fn comes_after_the_result(&self) -> bool {
        // A frame that comes twice has come.
        self.at > self.sent.decisive || (self.at == self.sent.decisive && self.mischief == Mischief::Repeat)
    }

    /// Shared items that the hostile side has put others in the place of. No honest node can tell that from a list without them
    /// before the receipt, where the two transcripts differ.
    fn items_left_out(&self) -> usize {
        let receiver = usize::from(self.sizes[1] < self.sizes[0]);
        match (self.at, self.mischief) {
            // The hello's last byte is random, and goes into the session salt: each side salts its items in its own way.
            (0, Mischief::Flip) => SHARED,
            (at, Mischief::Flip) if at == self.sent.decisive && self.hostile_side != receiver => 1,
            _ => 0,
        }
    }

    /// Whether the deed comes before the victim has a record of the exchange.
    fn comes_before_the_record(&self) -> bool {
        // An initiator's is stored when it offers, after the hellos; a responder's when it has admitted the offer.
        let first_with_record = if self.hostile_side == 0 { 2 } else { 1 };
        self.at < first_with_record
    }

    /// What is left on the victim.
    fn check(&self, record: Option<&ExchangeRecord>, overlaps: &BTreeSet<String>) {
        let Some(record) = record else {
            return assert!(self.comes_before_the_record() && overlaps.is_empty(), "{self}: no record");
        };
        match record.state {
            // The deed came after the last word that matters.
            ExchangeState::Completed => {
                assert!(self.at + 1 == self.sent.frames, "{self}: completed");
                return assert_eq!((overlaps, &record.failure), (&shared_set(), &None), "{self}");
            }
            ExchangeState::Learned => {
                let left_out = self.items_left_out();
                assert!(self.comes_after_the_result() || left_out > 0, "{self}: learned");
                let whole = overlaps.len() + left_out >= SHARED;
                assert!(whole && overlaps.is_subset(&shared_set()), "{self}: {overlaps:?}");
            }
            ExchangeState::Failed | ExchangeState::Refused => {
                assert!(!self.comes_after_the_result(), "{self}: the result is gone");
                assert_eq!(*overlaps, BTreeSet::new(), "{self}");
            }
            other => panic!("{self}: left {other:?}"),
        }
        let failure = record.failure.as_ref().unwrap_or_else(|| panic!("{self}: no failure is noted"));
        assert_eq!(failure.by, "peer", "{self}: {}", failure.sentence);
    }
}

fn shared_set() -> BTreeSet<String> {
    shared().into_iter().collect()
}

fn check_error(error: &ExchangeError, hostile: &TestNode, deed: &Deed) {
    match error {
        ExchangeError::PeerMisbehaved(what) | ExchangeError::Network(what) => {
            assert!(what.starts_with(hostile.id.as_str()), "{deed}: {what}");
        }
        ExchangeError::RefusedByPartner(_) => {}
        other => panic!("{deed}: {other}"),
    }
}

/// The deeds that the hostile partner's own code cannot notice: what then ends the exchange is the victim's judgement. The
/// victim serves its next partner as if nothing had been.
async fn all_deeds(sizes: [usize; 2], hostile_side: usize) {
    let sent = honest_exchange(sizes).await[hostile_side];
    assert!(sent.frames >= 4);
    for at in 0..sent.frames {
        for mischief in Mischief::BYTES {
            commit(&Deed { sizes, hostile_side, sent, at, mischief }).await;
        }
    }
}

async fn commit(deed: &Deed) {
    let (mut coalition, nodes) = pair(deed.sizes).await;
    let (hostile, victim) = (&nodes[deed.hostile_side], &nodes[1 - deed.hostile_side]);
    hostile.peer.inner().tap.plan(deed.at, deed.mischief);
    let result = tokio::time::timeout(Duration::from_secs(60), nodes[0].exchange_with(&nodes[1])).await;
    let result = result.unwrap_or_else(|_| panic!("{deed}: it hangs"));
    if deed.hostile_side == 1 {
        match &result {
            Ok(_) => assert!(deed.at + 1 == deed.sent.frames, "{deed}: completed"),
            Err(error) => check_error(error, hostile, deed),
        }
    }
    let record = victim.ended_records().await.into_iter().next();
    deed.check(record.as_ref(), &victim.overlaps_with(&hostile.id));
    let gamma = next_partner(&mut coalition, victim).await;
    let next = gamma.exchange_with(victim).await;
    next.unwrap_or_else(|error| panic!("{deed}: the next partner is not served: {error}"));
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
    let sent = honest_exchange(sizes).await[hostile_side];
    let silent = (0..sent.frames).map(|at| (at, Mischief::Stall));
    // A trickle meets the same patience at every frame: one in the middle of an exchange stands for all.
    for (at, mischief) in silent.chain([(sent.frames / 2, Mischief::Trickle)]) {
        pause(&Deed { sizes, hostile_side, sent, at, mischief }).await;
    }
}

async fn pause(deed: &Deed) {
    let (mut coalition, nodes) = pair(deed.sizes).await;
    let (hostile, victim) = (&nodes[deed.hostile_side], &nodes[1 - deed.hostile_side]);
    let gamma = next_partner(&mut coalition, victim).await;
    hostile.peer.inner().tap.plan(deed.at, deed.mischief);
    let (result, others) = tokio::join!(
        tokio::time::timeout(Duration::from_secs(60), nodes[0].exchange_with(&nodes[1])),
        gamma.exchange_with(victim),
    );
    let result = result.unwrap_or_else(|_| panic!("{deed}: it hangs"));
    others.unwrap_or_else(|error| panic!("{deed}: the next partner is not served: {error}"));
    if deed.hostile_side == 1 {
        check_error(&result.unwrap_err(), hostile, deed);
    }
    let left = victim.ended_records().await.into_iter().find(|record| record.peer == hostile.id);
    assert!(left.as_ref().is_none_or(|record| record.state != ExchangeState::Completed), "{deed}");
    deed.check(left.as_ref(), &victim.overlaps_with(&hostile.id));
    gamma.exchange_with(victim).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_silent_initiator_that_is_the_receiver() {
    all_pauses(SIZES[0], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_silent_initiator_that_is_the_sender() {
    all_pauses(SIZES[1], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_silent_responder_that_is_the_sender() {
    all_pauses(SIZES[0], 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_silent_responder_that_is_the_receiver() {
    all_pauses(SIZES[1], 1).await;
}
