//! A partner that breaks the protocol at each of its messages, in both roles and on both sides of the engine.
//!
//! The hostile partner is a whole node with valid certificates whose frames are tampered with on their way out.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use overlap_coalition::EngineName;
use overlap_psi::MessageKind;
use overlap_store::{ExchangeRecord, ExchangeState};
use overlap_wire::Frame;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::coalition::{TestCoalition, TestNode};
use super::node::domains;
use crate::ExchangeError;
use crate::tap::{Mischief, decoded};

/// Sizes that make the initiator the engine's receiver, and its sender.
const SIZES: [[usize; 2]; 2] = [[4, 30], [30, 4]];

const SHARED: usize = 3;

/// Coalitions at once, since most of a test's time is waiting for a stalled partner.
const AT_ONCE: usize = 8;

/// Alpha and beta, whose lists overlap, and gamma, which beta or alpha is to serve afterwards.
async fn pair(engine: EngineName, sizes: [usize; 2]) -> (TestCoalition, [TestNode; 2]) {
    let mut coalition = TestCoalition::with_engine(&["alpha", "beta", "gamma"], engine);
    // What a stalled partner costs a test; the sets are tiny.
    coalition.limits.stall = Duration::from_secs(3);
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
#[derive(Clone)]
struct Sent {
    /// Which message of an engine each frame is.
    kinds: Vec<Option<MessageKind>>,
    /// The frame with which the other side has all that it learns from: a sender's last tags, a receiver's last proofs.
    decisive: usize,
}

impl Sent {
    fn by(node: &TestNode) -> Self {
        let frames = node.peer.inner().tap.frames().into_iter().filter(|(sent, _)| *sent);
        let kinds: Vec<_> = frames.map(|(_, bytes)| kind_of(&decoded(&bytes))).collect();
        let decides =
            |kind: &Option<MessageKind>| matches!(kind, Some(MessageKind::Tags | MessageKind::MatchProofs));
        Self { decisive: kinds.iter().rposition(decides).unwrap(), kinds }
    }

    fn frames(&self) -> usize {
        self.kinds.len()
    }

    /// The first frame that is this message.
    fn place_of(&self, kind: MessageKind) -> usize {
        self.kinds.iter().position(|sent| *sent == Some(kind)).unwrap()
    }
}

fn kind_of(frame: &Frame) -> Option<MessageKind> {
    match frame {
        Frame::Engine { message, .. } => Some(message.kind()),
        _ => None,
    }
}

async fn honest_exchange(engine: EngineName, sizes: [usize; 2]) -> [Sent; 2] {
    let (_coalition, [alpha, beta]) = pair(engine, sizes).await;
    let record = alpha.exchange_with(&beta).await.unwrap();
    assert_eq!(record.engine, engine);
    let _ = beta.last_record().await;
    [&alpha, &beta].map(Sent::by)
}

/// One deed of a hostile partner.
#[derive(Clone)]
struct Deed {
    engine: EngineName,
    sizes: [usize; 2],
    hostile_side: usize,
    sent: Sent,
    at: usize,
    mischief: Mischief,
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { engine, sizes, hostile_side, sent, at, mischief } = self;
        let kind = sent.kinds[*at];
        write!(f, "{engine}, side {hostile_side}, sizes {sizes:?}, frame {at} ({kind:?}), {mischief:?}")
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
        match (self.mischief, self.sent.kinds[self.at]) {
            // The hello's last byte is random, and goes into the session salt: each side salts its items in its own way.
            (Mischief::Flip, _) if self.at == 0 => SHARED,
            // Each side evaluates a function of its own: of another salt, another mask or another encoding.
            (
                Mischief::Flip,
                Some(MessageKind::VoleSalt | MessageKind::VoleReceiverMask | MessageKind::VoleEncoding),
            ) => SHARED,
            (Mischief::Flip, _) if self.at == self.sent.decisive && self.hostile_side != receiver => 1,
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
                assert!(self.at + 1 == self.sent.frames(), "{self}: completed");
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
        // A last packet that got lost leaves nobody to name.
        let vanished = self.mischief == Mischief::Close && failure.by == "network";
        assert!(failure.by == "peer" || vanished, "{self}: {} {}", failure.by, failure.sentence);
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
async fn all_deeds(engine: EngineName, sizes: [usize; 2], hostile_side: usize) {
    let sent = honest_exchange(engine, sizes).await[hostile_side].clone();
    assert!(sent.frames() >= 4);
    let deeds = (0..sent.frames()).flat_map(|at| Mischief::BYTES.map(|mischief| (at, mischief)));
    let deed = |(at, mischief)| Deed { engine, sizes, hostile_side, sent: sent.clone(), at, mischief };
    several_at_once(deeds.map(deed), commit).await;
}

async fn several_at_once<F>(deeds: impl Iterator<Item = Deed>, act: fn(Deed) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (places, mut running) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for deed in deeds {
        let places = places.clone();
        running.spawn(async move {
            let _place = places.acquire().await.unwrap();
            act(deed).await;
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

async fn commit(deed: Deed) {
    let (mut coalition, nodes) = pair(deed.engine, deed.sizes).await;
    let (hostile, victim) = (&nodes[deed.hostile_side], &nodes[1 - deed.hostile_side]);
    hostile.peer.inner().tap.plan(deed.at, deed.mischief);
    let result = tokio::time::timeout(Duration::from_secs(60), nodes[0].exchange_with(&nodes[1])).await;
    let result = result.unwrap_or_else(|_| panic!("{deed}: it hangs"));
    if deed.hostile_side == 1 {
        match &result {
            Ok(_) => assert!(deed.at + 1 == deed.sent.frames(), "{deed}: completed"),
            Err(error) => check_error(error, hostile, &deed),
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
    for engine in EngineName::ALL {
        all_deeds(engine, SIZES[0], 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_initiator_that_is_the_sender() {
    for engine in EngineName::ALL {
        all_deeds(engine, SIZES[1], 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_responder_that_is_the_sender() {
    for engine in EngineName::ALL {
        all_deeds(engine, SIZES[0], 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_responder_that_is_the_receiver() {
    for engine in EngineName::ALL {
        all_deeds(engine, SIZES[1], 1).await;
    }
}

/// A partner that goes silent or slow is given up; meanwhile and afterwards the node serves others.
async fn all_pauses(engine: EngineName, sizes: [usize; 2], hostile_side: usize) {
    let sent = honest_exchange(engine, sizes).await[hostile_side].clone();
    let silent = (0..sent.frames()).map(|at| (at, Mischief::Stall));
    // A trickle meets the same patience at every frame, as long as little was sent before it that earned more.
    let trickle = sent.kinds.iter().position(Option::is_some).map(|first| (first, Mischief::Trickle));
    let pauses = silent.chain(trickle);
    let deed = |(at, mischief)| Deed { engine, sizes, hostile_side, sent: sent.clone(), at, mischief };
    several_at_once(pauses.map(deed), pause).await;
}

async fn pause(deed: Deed) {
    let (mut coalition, nodes) = pair(deed.engine, deed.sizes).await;
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
        check_error(&result.unwrap_err(), hostile, &deed);
    }
    let left = victim.ended_records().await.into_iter().find(|record| record.peer == hostile.id);
    assert!(left.as_ref().is_none_or(|record| record.state != ExchangeState::Completed), "{deed}");
    deed.check(left.as_ref(), &victim.overlaps_with(&hostile.id));
    gamma.exchange_with(victim).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_silent_initiator() {
    for engine in EngineName::ALL {
        tokio::join!(all_pauses(engine, SIZES[0], 0), all_pauses(engine, SIZES[1], 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_silent_responder() {
    for engine in EngineName::ALL {
        tokio::join!(all_pauses(engine, SIZES[0], 1), all_pauses(engine, SIZES[1], 1));
    }
}

/// A receiver could compute hashes under the salt for as long as its encoding may take, which is why that has a time of its
/// own: far less here than a silent partner is given.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_delays_its_encoding() {
    let delays = [
        (MessageKind::VoleReceiverMask, Mischief::Stall),
        (MessageKind::VoleEncoding, Mischief::Stall),
        (MessageKind::VoleEncoding, Mischief::Trickle),
    ];
    for (sizes, hostile_side) in [(SIZES[0], 0), (SIZES[1], 1)] {
        let sent = honest_exchange(EngineName::Vole, sizes).await[hostile_side].clone();
        for (kind, mischief) in delays {
            delay_encoding(sizes, hostile_side, (sent.place_of(kind), mischief)).await;
        }
    }
}

async fn delay_encoding(sizes: [usize; 2], hostile_side: usize, (at, mischief): (usize, Mischief)) {
    let (mut coalition, nodes) = pair(EngineName::Vole, sizes).await;
    let (hostile, victim) = (&nodes[hostile_side], &nodes[1 - hostile_side]);
    let mut config = victim.config();
    config.limits.stall = Duration::from_secs(60);
    config.limits.encoding = Duration::from_secs(1);
    coalition.reconfigure(victim, config);
    hostile.peer.inner().tap.plan(at, mischief);
    let result = nodes[0].exchange_with(&nodes[1]).await;
    let late = "its encoding did not come within 1 s";
    match result.unwrap_err() {
        ExchangeError::Network(what) if hostile_side == 1 => {
            assert_eq!(what, format!("{}: {late}", hostile.id))
        }
        // It is told, as far as it listens.
        _ => assert_eq!(hostile_side, 0),
    }
    let record = victim.ended_records().await.into_iter().next().unwrap();
    let failure = record.failure.unwrap();
    assert_eq!((record.state, failure.by, failure.sentence.as_str()), (ExchangeState::Failed, "peer", late));
    assert_eq!(victim.overlaps_with(&hostile.id), BTreeSet::new());
    let gamma = next_partner(&mut coalition, victim).await;
    gamma.exchange_with(victim).await.unwrap();
}
