//! An exchange from the opened nonce to the engine's last message: the half that both sides share.

use std::sync::Arc;
use std::time::Duration;

use overlap_coalition::{
    Accept, CLOCK_SKEW, Charge, Learns, Nonce, Offer, Period, Receipt, Refusal, RefusalCode, SessionInputs,
    SessionSalt, Side, Terms, Timestamp, receiver_of,
};
use overlap_psi::vole::Cut;
use overlap_psi::{Arrangement, ItemSource, Message, Outcome, Params, Role};
use overlap_store::{ChargeLimit, ExchangeState};
use ring::digest::{SHA256, digest};
use tokio::sync::mpsc;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::book::Book;
use crate::channel::Channel;
use crate::engine::{self, Ran, Run};
use crate::fault::Fault;
use crate::hello::Greeting;
use crate::inner::{Inner, off_thread};
use crate::own_set::OwnSet;
use crate::partition::{self, Part};
use crate::{ExchangeEvent, Limits, Partner};

/// The label of the TLS exporter (RFC 8446, 7.5) in session salts.
const EXPORTER_LABEL: &[u8] = b"overlapd exchange v1";

/// What both sides have signed, and what this side brings.
pub(crate) struct Agreed {
    pub(crate) side: Side,
    pub(crate) offer: Offer,
    pub(crate) offer_bytes: Vec<u8>,
    pub(crate) accept: Accept,
    pub(crate) accept_bytes: Vec<u8>,
    /// The initiator's, opened.
    pub(crate) nonce: Nonce,
    pub(crate) terms: Terms,
    pub(crate) greeting: Greeting,
    pub(crate) set: Arc<OwnSet>,
}

/// A conversation about one exchange.
pub(crate) struct Exchange<'a> {
    pub(crate) inner: &'a Arc<Inner>,
    pub(crate) channel: &'a mut Channel,
    pub(crate) book: &'a mut Book,
    /// Whom to tell how far it is.
    pub(crate) events: Option<&'a mpsc::Sender<ExchangeEvent>>,
}

/// What this side learned, durably, and what both did.
pub(crate) struct Settled {
    /// Facets that both hold, where this side learns them.
    matches: Option<u64>,
    transcript: [u8; 32],
}

/// What the runs of all partitions came to.
#[derive(Default)]
struct Learned {
    /// Positions in the own set; `None` where this side is not to learn.
    matches: Option<Vec<usize>>,
    /// The last messages of each partition.
    last: Vec<(u32, Vec<Message>)>,
}

impl Learned {
    fn add(&mut self, partition: u32, outcome: Outcome, positions: Option<&[u32]>, last: Vec<Message>) {
        if let Some(places) = outcome.matches {
            self.matches.get_or_insert_default().extend(Part::positions_of(positions, places));
        }
        self.last.push((partition, last));
    }

    /// Over all partitions a receiver cannot prove more matches than it has items. There is no such check of a sender's tags:
    /// its refusal would depend on the own set, and so tell of it.
    fn check_proofs(&self, theirs: u64) -> Result<(), Fault> {
        let found = self.matches.as_ref().map_or(0, Vec::len) as u64;
        if found > theirs { Err(Fault::protocol("it proves more matches than it has items")) } else { Ok(()) }
    }
}

/// Charges a partner of this padded size, durably: the initiator before it opens its nonce, the responder before it so much
/// as looks at its own set.
///
/// # Errors
/// [`RefusalCode::ExchangesToday`] where another exchange took the last one in the meantime.
pub(crate) async fn charge(
    inner: &Inner,
    partner: &Partner,
    offer: &Offer,
    padded: u64,
) -> Result<(), Fault> {
    let (store, now) = (inner.store.clone(), inner.clock.now());
    let charge = Charge { partner: partner.id.clone(), items: engine::probes(offer.engine, padded) };
    let limit = ChargeLimit { exchanges_per_day: partner.agreement.exchanges_per_day };
    let charged = off_thread(move || store.charge(&charge, limit, now)).await??;
    charged.map(|_used| ()).map_err(|refused| {
        let seconds = Period::seconds_left(now);
        Fault::Refused(Refusal::retry_in(RefusalCode::ExchangesToday, refused.to_string(), seconds))
    })
}

/// When an exchange ends at the latest: nobody waits for an initiator that will have given up by its own word, nor for
/// longer than this node's limit.
pub(crate) fn end_of(offer: &Offer, limits: &Limits, now: Timestamp) -> Instant {
    let left = Duration::from_secs(offer.deadline.0.saturating_sub(now.0));
    Instant::now() + limits.exchange.min(left)
}

impl Exchange<'_> {
    /// Both have agreed: the engine runs from here on.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn begin_run(&mut self) -> Result<(), Fault> {
        self.book.record.state = ExchangeState::Running;
        self.book.save(self.channel).await
    }

    /// Runs the engine, stores what it found, and then sends its last messages.
    ///
    /// # Errors
    /// Before what was learned is verified: nothing is stored. After: the result stands.
    pub(crate) async fn compare(&mut self, agreed: &Agreed) -> Result<Settled, Fault> {
        self.book.lap("agree");
        self.channel.begin_phase(self.inner.live.load().config.limits.stall);
        let learned = self.run_engine(agreed).await?;
        self.book.lap("engine");
        let discloses = learned.last.iter().any(|(_, messages)| engine::discloses(messages));
        let matches = self.store_result(agreed, learned.matches, discloses).await?;
        self.book.lap("store");
        for (partition, messages) in learned.last {
            engine::send(self.channel, partition, messages).await?;
        }
        Ok(Settled { matches, transcript: self.transcript(agreed.side) })
    }

    /// Runs the engine on every partition. What is learned and the last messages come together when all have run.
    async fn run_engine(&mut self, agreed: &Agreed) -> Result<Learned, Fault> {
        let salt = self.session_salt(agreed)?;
        let (set, padded) = (agreed.set.clone(), size(agreed.terms.own_padded)?);
        let (cut, name) = (agreed.cut()?, salt.engine_id());
        #[cfg(test)]
        let cut = self.inner.tap.recut(cut);
        let bound = match agreed.role() {
            Role::Receiver => cut.receiver_size,
            Role::Sender => cut.sender_size,
        };
        let pool = self.inner.pool.clone();
        let make = move |arrangement: Arrangement<'_>| set.items(&salt, padded, arrangement);
        let parts = off_thread(move || pool.install(|| partition::cut(make, cut.parts, bound))).await??;
        let mut learned = Learned::default();
        let mut unproven = Vec::new();
        for (part, number) in parts.into_iter().zip(0..) {
            let (items, positions) = part.split();
            match self.run_part(agreed, agreed.params(name, cut, number), cut.parts, items).await? {
                Ran::Done(outcome, last) => learned.add(number, outcome, positions.as_deref(), last),
                Ran::AwaitsProofs(party) => unproven.push((number, party, positions)),
            }
        }
        for (number, party, positions) in unproven {
            let outcome = engine::take_proofs(party, &self.inner.pool, self.channel, number).await?;
            learned.add(number, outcome, positions.as_deref(), Vec::new());
        }
        let checks = agreed.role() == Role::Sender;
        #[cfg(test)]
        let checks = checks && !self.inner.tap.believes_any_number();
        if checks {
            learned.check_proofs(agreed.terms.peer_padded)?;
        }
        if let Some(matches) = &mut learned.matches {
            matches.sort_unstable();
        }
        Ok(learned)
    }

    async fn run_part(
        &mut self,
        agreed: &Agreed,
        params: Params,
        parts: u32,
        items: ItemSource,
    ) -> Result<Ran, Fault> {
        let (part, parts) = (u64::from(params.partition), u64::from(parts));
        let encoding_limit = self.inner.live.load().config.limits.encoding;
        let run = Run { engine: agreed.offer.engine, role: agreed.role(), params, encoding_limit };
        let (events, watched) = (self.events, self.book.watched().clone());
        run.drive(&self.inner.pool, (self.channel, self.book), items, |reached| {
            // All partitions have as much to do.
            watched.advance(reached.phase, part * reached.total + reached.done, parts * reached.total);
            if let Some(events) = events {
                // Progress that nobody has room for is out of date by the time there is.
                let _ = events.try_send(ExchangeEvent::Progress(watched.step()));
            }
        })
        .await
    }

    fn session_salt(&self, agreed: &Agreed) -> Result<SessionSalt, Fault> {
        let mut exporter = Zeroizing::new([0; 32]);
        let context = agreed.offer.exchange.0;
        self.channel
            .connection()
            .export_keying_material(exporter.as_mut_slice(), EXPORTER_LABEL, &context)
            .map_err(|_| Fault::internal("the TLS exporter failed"))?;
        let Greeting { own, theirs, .. } = &agreed.greeting;
        let (initiator_hello, responder_hello) = match agreed.side {
            Side::Initiator => (own, theirs),
            Side::Responder => (theirs, own),
        };
        Ok(SessionSalt::derive(&SessionInputs {
            exchange: agreed.offer.exchange,
            initiator: &agreed.offer.initiator,
            responder: &agreed.offer.responder,
            initiator_nonce: &agreed.nonce,
            responder_nonce: &agreed.accept.nonce,
            initiator_hello,
            responder_hello,
            offer: &agreed.offer_bytes,
            accept: &agreed.accept_bytes,
            exporter: &exporter,
        }))
    }

    /// `discloses` says whether the messages that follow do.
    async fn store_result(
        &mut self,
        agreed: &Agreed,
        found: Option<Vec<usize>>,
        discloses: bool,
    ) -> Result<Option<u64>, Fault> {
        let set = agreed.set.clone();
        let found = off_thread(move || {
            let digests = found.map(|positions| set.digests_at(&positions));
            digests.map(|digests| (digests.len() as u64, set.holders(&digests)))
        })
        .await?;
        let (matches, holders) = found.map_or((None, Vec::new()), |(count, holders)| (Some(count), holders));
        self.book.record.matches = matches;
        self.book.record.state = ExchangeState::Learned;
        let disclosed = self.book.record.disclosed;
        self.book.record.disclosed |= discloses;
        let stored = self.book.save_overlaps(self.channel, holders, self.inner.clock.now()).await;
        if stored.is_err() {
            self.book.record.state = ExchangeState::Running;
            self.book.record.matches = None;
            self.book.record.disclosed = disclosed;
        }
        stored.map(|()| matches)
    }

    /// SHA-256 over the hashes of both directions, the initiator's first (`exchange.proto`).
    fn transcript(&self, side: Side) -> [u8; 32] {
        let (sent, received) = self.channel.digests();
        let parts = match side {
            Side::Initiator => [sent, received],
            Side::Responder => [received, sent],
        };
        sha256(&parts.concat())
    }
}

impl Agreed {
    fn role(&self) -> Role {
        let receiver = receiver_of(&self.offer, self.accept.padded_size);
        if receiver == self.side { Role::Receiver } else { Role::Sender }
    }

    fn cut(&self) -> Result<Cut, Fault> {
        let (own, theirs) = (size(self.terms.own_padded)?, size(self.terms.peer_padded)?);
        let (receiver_size, sender_size) = match self.role() {
            Role::Receiver => (own, theirs),
            Role::Sender => (theirs, own),
        };
        engine::cut(self.offer.engine, receiver_size, sender_size)
    }

    fn params(&self, name: [u8; 32], cut: Cut, partition: u32) -> Params {
        Params {
            exchange: name,
            partition,
            receiver_size: cut.receiver_size,
            sender_size: cut.sender_size,
            prove_matches: self.offer.learns == Learns::Both,
        }
    }

    /// The receipt as this side would write it now.
    pub(crate) fn receipt(&self, settled: &Settled, ended: Timestamp) -> Receipt {
        Receipt {
            exchange: self.offer.exchange,
            initiator: self.offer.initiator.clone(),
            responder: self.offer.responder.clone(),
            agreement: self.offer.agreement,
            offer_hash: sha256(&self.offer_bytes),
            accept_hash: sha256(&self.accept_bytes),
            mode: self.offer.mode,
            learns: self.offer.learns.clone(),
            initiator_size: self.offer.padded_size,
            responder_size: self.accept.padded_size,
            matches: settled.matches.filter(|_| self.offer.learns == Learns::Both),
            transcript: settled.transcript,
            began: self.offer.made,
            // A clock that was set back meanwhile.
            ended: ended.max(self.offer.made),
        }
    }
}

/// How far the end that a partner's receipt names may be from this side's, in seconds: the clocks' difference, and the
/// time that the receipt took.
pub(crate) const RECEIPT_TOLERANCE: u64 = 2 * CLOCK_SKEW;

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

fn size(padded: u64) -> Result<usize, Fault> {
    usize::try_from(padded).map_err(Fault::internal)
}
