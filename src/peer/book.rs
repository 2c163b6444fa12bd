//! The record of one exchange while it runs.

use std::sync::Arc;
use std::time::Instant;

use overlap_coalition::{
    EngineName, ExchangeId, LONGEST_PURPOSE, MemberId, Mode, Offer, RefusalCode, Side, Timestamp, clean_text,
};
use overlap_store::{ExchangeRecord, ExchangeState, IndicatorId, Store, StoreError};

use crate::channel::Channel;
use crate::fault::Fault;
use crate::inner::{Inner, off_thread};
use crate::watch::{Running, Watched};

/// The record of one exchange, kept in the store at every turn.
pub(crate) struct Book {
    store: Arc<dyn Store>,
    pub(crate) record: ExchangeRecord,
    stopwatch: Stopwatch,
    running: Running,
}

/// The phases of a conversation, and how long each took.
pub(crate) struct Stopwatch {
    offered: Option<Instant>,
    lap: Instant,
    step: Instant,
    laps: Vec<(String, f64)>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { offered: None, lap: now, step: now, laps: Vec::new() }
    }

    /// Ends the phase that ran.
    pub(crate) fn lap(&mut self, phase: &str) {
        let now = Instant::now();
        self.laps.push((phase.to_owned(), now.duration_since(self.lap).as_secs_f64()));
        (self.lap, self.step) = (now, now);
    }

    /// A part of the phase that runs moved on, which may come in turns with others: what passed since the last step was its.
    fn step(&mut self, part: &str) {
        let now = Instant::now();
        let seconds = now.duration_since(self.step).as_secs_f64();
        self.step = now;
        match self.laps.iter_mut().find(|(name, _)| name == part) {
            Some((_, sum)) => *sum += seconds,
            None => self.laps.push((part.to_owned(), seconds)),
        }
    }

    /// From here on `total` counts.
    pub(crate) fn offered(&mut self) {
        self.offered = Some(Instant::now());
    }

    fn seconds(&self) -> Vec<(String, f64)> {
        let total = self.offered.map_or(0.0, |offered| offered.elapsed().as_secs_f64());
        std::iter::once(("total".to_owned(), total)).chain(self.laps.iter().cloned()).collect()
    }
}

/// The record of an exchange that begins.
pub(crate) fn new_record(peer: &MemberId, side: Side, offer: &Offer, began: Timestamp) -> ExchangeRecord {
    let (own_size, peer_size) = match side {
        Side::Initiator => (offer.padded_size, 0),
        Side::Responder => (0, offer.padded_size),
    };
    ExchangeRecord {
        id: offer.exchange,
        peer: peer.clone(),
        side,
        state: ExchangeState::Offered,
        // A partner's words, until policy has looked at them.
        purpose: clean_text(&offer.purpose, LONGEST_PURPOSE),
        case_reference: clean_text(&offer.case_reference, LONGEST_PURPOSE),
        engine: offer.engine,
        mode: offer.mode,
        own_size,
        peer_size,
        ..unborn_record(peer, offer.engine, began)
    }
}

/// The record of a conversation that ended before an offer came. Its id is this node's own.
pub(crate) fn unborn_record(peer: &MemberId, engine: EngineName, began: Timestamp) -> ExchangeRecord {
    ExchangeRecord {
        id: ExchangeId(rand::random()),
        peer: peer.clone(),
        side: Side::Responder,
        state: ExchangeState::Offered,
        purpose: String::new(),
        case_reference: String::new(),
        engine,
        mode: Mode::Overlap,
        own_size: 0,
        peer_size: 0,
        matches: None,
        bytes_sent: 0,
        bytes_received: 0,
        disclosed: false,
        seconds: Vec::new(),
        began: began.0,
        ended: None,
        failure: None,
        offer: None,
        accept: None,
        receipt: None,
    }
}

/// Stores the record of a conversation that was refused before its exchange began, so that the operator sees it.
///
/// # Errors
/// The store's.
pub(crate) async fn record_refusal(
    store: &Arc<dyn Store>,
    mut record: ExchangeRecord,
    fault: &Fault,
) -> Result<(), Fault> {
    if !fault.is_refusal() || fault.for_record().code == RefusalCode::ExchangeIdReused.into() {
        return Ok(());
    }
    record.state = ExchangeState::Refused;
    record.failure = Some(fault.for_record());
    record.ended = Some(record.began);
    let store = store.clone();
    match off_thread(move || store.begin_exchange(&record)).await? {
        // The offer that was refused has the id of an exchange whose record stands.
        Err(StoreError::ExchangeIdReused) => Ok(()),
        stored => Ok(stored?),
    }
}

/// What to report of an exchange whose end could not be stored: that comes first, and what ended it is in the log.
pub(crate) fn unnoted(fault: Fault, noted: Result<(), Fault>) -> Fault {
    match noted {
        Ok(()) => fault,
        Err(store) => {
            tracing::error!(outcome = fault.outcome(), "the end of an exchange could not be stored");
            store
        }
    }
}

impl Book {
    /// Stores the record of an exchange that begins; its id is used from now on.
    ///
    /// # Errors
    /// [`Fault::Refused`] for an id that was used before.
    pub(crate) async fn open(
        inner: &Inner,
        channel: &Channel,
        record: ExchangeRecord,
        mut stopwatch: Stopwatch,
    ) -> Result<Self, Fault> {
        stopwatch.offered();
        let running = inner.watch.begin(record.id, channel.live_traffic());
        let book = Self { store: inner.store.clone(), record, stopwatch, running };
        let (store, record) = (book.store.clone(), book.record.clone());
        off_thread(move || store.begin_exchange(&record)).await??;
        Ok(book)
    }

    /// Ends the phase that ran.
    pub(crate) fn lap(&mut self, phase: &str) {
        self.stopwatch.lap(phase);
    }

    /// A part of the phase that runs moved on.
    pub(crate) fn step(&mut self, part: &str) {
        self.stopwatch.step(part);
    }

    /// What is noted of the exchange for whoever looks.
    pub(crate) fn watched(&self) -> &Watched {
        self.running.watched()
    }

    /// The exchange.
    pub(crate) fn id(&self) -> ExchangeId {
        self.record.id
    }

    /// Stores the record as it stands.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn save(&mut self, channel: &Channel) -> Result<(), Fault> {
        self.bring_up_to_date(channel);
        let (store, record) = (self.store.clone(), self.record.clone());
        Ok(off_thread(move || store.update_exchange(&record)).await??)
    }

    /// Notes, durably, that the next message tells the partner something of this side's set.
    ///
    /// # Errors
    /// The store's; the message is not to be sent then.
    pub(crate) async fn disclose(&mut self, channel: &Channel) -> Result<(), Fault> {
        if self.record.disclosed {
            return Ok(());
        }
        self.record.disclosed = true;
        let saved = self.save(channel).await;
        self.record.disclosed = saved.is_ok();
        saved
    }

    /// Stores what was found with the record, in one transaction.
    ///
    /// # Errors
    /// The store's; then nothing was stored.
    pub(crate) async fn save_overlaps(
        &mut self,
        channel: &Channel,
        found: Vec<(IndicatorId, overlap_coalition::Facet)>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.bring_up_to_date(channel);
        let (store, record) = (self.store.clone(), self.record.clone());
        Ok(off_thread(move || store.store_overlaps(&record, &found, now)).await??)
    }

    /// Notes how the exchange ended, and stores it. A result that stands stays: only its receipt is missing.
    pub(crate) async fn close(
        &mut self,
        channel: &Channel,
        fault: &Fault,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.record.state = match self.record.state {
            stands @ (ExchangeState::Learned | ExchangeState::Completed) => stands,
            ExchangeState::Offered if fault.is_refusal() => ExchangeState::Refused,
            _ => ExchangeState::Failed,
        };
        self.record.failure = Some(fault.for_record());
        self.record.ended = Some(now.0);
        self.save(channel).await
    }

    fn bring_up_to_date(&mut self, channel: &Channel) {
        (self.record.bytes_sent, self.record.bytes_received) = channel.traffic();
        self.record.seconds = self.stopwatch.seconds();
    }
}
