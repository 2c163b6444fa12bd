//! The side that is asked.

use std::sync::Arc;

use overlap_coalition::{
    Accept, DocumentKind, MemberId, Nonce, Offer, Refusal, RefusalCode, Side, Signature, SignedDocument,
    Terms,
};
use overlap_store::ExchangeRecord;
use overlap_wire::{Frame, FrameType};
use quinn::Connection;
use tokio::time::{Instant, timeout};

use crate::book::{Book, Stopwatch, new_record, record_refusal, unborn_record, unnoted};
use crate::channel::{Channel, unlike_its_header};
use crate::closing::{CloseCode, close};
use crate::connections::Listed;
use crate::exchange::{Agreed, Exchange, RECEIPT_TOLERANCE, Settled, charge, end_of, sha256};
use crate::fault::Fault;
use crate::hello::{self, Greeting};
use crate::inner::Inner;
use crate::live::Live;
use crate::outcome;
use crate::own_set::OwnSet;
use crate::pace::Pace;
use crate::policy::Facts;
use crate::signing::{sign, signature_by, signed_by};
use crate::slots::Slot;
use crate::strangers::Place;
use crate::{Limits, Partner};

/// Answers a member on its connection, until one exchange with it has ended.
pub(crate) async fn converse(
    inner: Arc<Inner>,
    connection: Connection,
    listed: Listed,
    peer: MemberId,
    place: Place,
) {
    let limits = inner.live.load().config.limits;
    let Ok(Ok(streams)) = timeout(limits.hello, connection.accept_bi()).await else {
        tracing::warn!(%peer, remote = %connection.remote_address(), "a connection without a word was closed");
        return close(&connection, CloseCode::Aborted);
    };
    let pace = Pace::new(limits.hello, Instant::now() + limits.hello);
    let mut channel = Channel::new(connection, listed.cause.clone(), streams, peer.clone(), pace);
    #[cfg(test)]
    {
        channel = channel.tapped(inner.tap.clone());
    }
    let mut talk =
        Talk { inner: &inner, channel: &mut channel, peer: &peer, asked: None, book: None, slot: None };
    let result = talk.run(place).await;
    // Given back when the record is closed: until then the exchange runs.
    let (book, asked, _slot) = (talk.book.take(), talk.asked.take(), talk.slot.take());
    let result = end(&inner, channel, (book, asked), &peer, result).await;
    outcome::note(&peer, Side::Responder, result.as_ref());
}

async fn end(
    inner: &Arc<Inner>,
    channel: Channel,
    (book, asked): (Option<Book>, Option<ExchangeRecord>),
    peer: &MemberId,
    result: Result<(), Fault>,
) -> Result<ExchangeRecord, Fault> {
    let (fault, noted) = match (result, book) {
        (Ok(()), Some(book)) => {
            channel.finish_after_partner().await;
            return Ok(book.record);
        }
        (Ok(()), None) => (Fault::internal("an exchange ended without a record"), Ok(())),
        (Err(fault), Some(mut book)) => {
            let noted = book.close(&channel, &fault, inner.clock.now()).await;
            (fault, noted)
        }
        (Err(fault), None) => {
            let noted = note_unborn(inner, peer, asked, &fault).await;
            (fault, noted)
        }
    };
    channel.abort(&fault).await;
    Err(unnoted(fault, noted))
}

/// Stores a refusal, of a configured partner and as many as it may have stored: no member fills this node's disk.
async fn note_unborn(
    inner: &Inner,
    peer: &MemberId,
    asked: Option<ExchangeRecord>,
    fault: &Fault,
) -> Result<(), Fault> {
    let (live, now) = (inner.live.load_full(), inner.clock.now());
    let Some(engine) = live.engine(None).filter(|_| fault.is_refusal()) else { return Ok(()) };
    if live.partner(peer).is_none() || !inner.refusals.take(peer, now) {
        metrics::counter!("overlapd_refusals_not_stored_total", "peer" => peer.to_string()).increment(1);
        tracing::warn!(%peer, code = fault.outcome(), "a refusal was not stored");
        return Ok(());
    }
    record_refusal(&inner.store, asked.unwrap_or_else(|| unborn_record(peer, engine, now)), fault).await
}

/// The conversation, from the hello to both signatures.
struct Talk<'a> {
    inner: &'a Arc<Inner>,
    channel: &'a mut Channel,
    peer: &'a MemberId,
    /// The record as it will begin; `None` until an offer has come that the partner signed.
    asked: Option<ExchangeRecord>,
    /// `None` until the offer is admitted.
    book: Option<Book>,
    /// `None` until the hellos are said.
    slot: Option<Slot>,
}

/// An offer that policy admits, this side's set not yet asked.
struct Admitted {
    offer: Offer,
    offer_bytes: Vec<u8>,
    partner: Partner,
    record: ExchangeRecord,
}

/// What the responder's answer rests on.
struct Decision {
    offer: Offer,
    offer_bytes: Vec<u8>,
    terms: Terms,
    set: Arc<OwnSet>,
}

impl Talk<'_> {
    async fn run(&mut self, place: Place) -> Result<(), Fault> {
        if self.inner.is_stopping() {
            return Err(Fault::Stopping);
        }
        let mut stopwatch = Stopwatch::start();
        let greeting = hello::answer(self.inner, self.channel).await?;
        stopwatch.lap("hello");
        let live = self.inner.live.load_full();
        let limits = live.config.limits;
        let partner = self.partner(&live)?;
        self.slot = Some(self.inner.slots.take(self.peer, &limits).map_err(Fault::Refused)?);
        drop(place);
        self.channel.next_phase(limits.stall, Instant::now() + limits.exchange);
        let document = self.channel.receive_document(FrameType::Offer).await?;
        let admitted = self.admit(&live, partner, document).await?;
        // From here on its id is used.
        let mut book = Book::open(self.inner, self.channel, admitted.record.clone(), stopwatch).await?;
        let result = self.agree_and_compare(&mut book, &live, admitted, greeting).await;
        self.book = Some(book);
        result
    }

    /// A member without an agreement gets no further than the hello: no place, and nothing on the disk.
    fn partner(&self, live: &Live) -> Result<Partner, Fault> {
        live.partner(self.peer).cloned().ok_or_else(|| {
            let sentence = format!("{} has no agreement with {}", live.config.own, self.peer);
            Fault::Refused(Refusal::new(RefusalCode::NoAgreement, sentence))
        })
    }

    /// Verifies who signed the offer, and decides on it as far as this side's set has no part in that.
    async fn admit(
        &mut self,
        live: &Live,
        partner: Partner,
        document: SignedDocument,
    ) -> Result<Admitted, Fault> {
        let now = self.inner.clock.now();
        let signature = signature_by(live.roster(), self.peer, DocumentKind::Offer, &document, now)?;
        let offer = overlap_wire::decode_offer(&document.bytes).map_err(Fault::document)?;
        let offer_bytes = document.bytes.clone();
        let mut record = new_record(self.peer, Side::Responder, &offer, now);
        record.offer = Some(signed_by(document, signature));
        self.asked = Some(record.clone());
        self.facts(live, &partner).decide_offer(self.inner, &offer).await?;
        Ok(Admitted { offer, offer_bytes, partner, record })
    }

    fn facts<'b>(&'b self, live: &'b Live, partner: &'b Partner) -> Facts<'b> {
        Facts { live, peer: self.peer, partner: Some(partner), side: Side::Responder }
    }

    async fn agree_and_compare(
        &mut self,
        book: &mut Book,
        live: &Live,
        admitted: Admitted,
        greeting: Greeting,
    ) -> Result<(), Fault> {
        let decision = self.decide(live, admitted).await?;
        let (accept, accept_bytes) = self.accept(book, live, &decision).await?;
        let nonce = self.receive_open(&decision.offer).await?;
        let agreed = Agreed {
            side: Side::Responder,
            offer: decision.offer,
            offer_bytes: decision.offer_bytes,
            accept,
            accept_bytes,
            nonce,
            terms: decision.terms,
            greeting,
            set: decision.set,
        };
        let mut exchange = Exchange { inner: self.inner, channel: self.channel, book, events: None };
        exchange.begin_run().await?;
        let settled = exchange.compare(&agreed).await?;
        exchange.countersign(&agreed, &settled).await
    }

    /// Charges the partner, and only then looks at this side's set: accept and refusal both tell something of its size.
    async fn decide(&mut self, live: &Live, admitted: Admitted) -> Result<Decision, Fault> {
        let Admitted { offer, offer_bytes, partner, .. } = admitted;
        let limits = live.config.limits;
        self.channel.next_phase(limits.stall, end_of(&offer, &limits, self.inner.clock.now()));
        self.hold(offer.padded_size, &limits)?;
        charge(self.inner, &partner, &offer, offer.padded_size).await?;
        let set = OwnSet::select(self.inner, live, &partner, &offer).await?;
        let terms = self.facts(live, &partner).decide_own_size(self.inner, &offer, set.len())?;
        self.hold(terms.own_padded.saturating_add(terms.peer_padded), &limits)?;
        Ok(Decision { offer, offer_bytes, terms, set: Arc::new(set) })
    }

    /// Takes memory for items, before anything is charged for as much as is known then.
    fn hold(&mut self, items: u64, limits: &Limits) -> Result<(), Fault> {
        let slot = self.slot.as_mut().ok_or_else(|| Fault::internal("the exchange has no place"))?;
        slot.hold(items, limits).map_err(Fault::Refused)
    }

    /// Signs the accept, notes it, and sends it.
    async fn accept(
        &mut self,
        book: &mut Book,
        live: &Live,
        decision: &Decision,
    ) -> Result<(Accept, Vec<u8>), Fault> {
        let now = self.inner.clock.now();
        let accept = Accept {
            exchange: decision.offer.exchange,
            offer_hash: sha256(&decision.offer_bytes),
            padded_size: decision.terms.own_padded,
            nonce: Nonce(rand::random()),
            made: now,
        };
        let document = sign(live, DocumentKind::Accept, overlap_wire::encode_accept(&accept), now)?;
        book.record.accept = Some(document.clone());
        book.record.own_size = decision.terms.own_padded;
        book.save(self.channel).await?;
        let bytes = document.bytes.clone();
        self.channel.send(Frame::Accept(document)).await?;
        Ok((accept, bytes))
    }

    async fn receive_open(&mut self, offer: &Offer) -> Result<Nonce, Fault> {
        let nonce = match self.channel.receive(FrameType::Open).await?.0 {
            Frame::Open(nonce) => nonce,
            other => return Err(unlike_its_header(&other)),
        };
        if !offer.commitment.opens_to(offer.exchange, &nonce) {
            return Err(Fault::document("it opened another nonce than it had committed to"));
        }
        Ok(nonce)
    }
}

impl Exchange<'_> {
    /// Checks the initiator's receipt, stores it with both signatures, and sends its own.
    async fn countersign(&mut self, agreed: &Agreed, settled: &Settled) -> Result<(), Fault> {
        let live = self.inner.live.load_full();
        self.channel.begin_phase(live.config.limits.stall);
        let document = self.channel.receive_document(FrameType::Receipt).await?;
        let theirs = self.check_receipt(&live, &document, agreed, settled)?;
        let own = sign(&live, DocumentKind::Receipt, document.bytes.clone(), self.inner.clock.now())?;
        let countersignature = own.signatures.first().copied();
        let countersignature = countersignature.ok_or_else(|| Fault::internal("no signature was made"))?;
        self.book.record.receipt =
            Some(SignedDocument { bytes: document.bytes, signatures: vec![theirs, countersignature] });
        self.complete("receipt").await?;
        self.channel.send(Frame::Countersign(countersignature)).await?;
        // Once more, now that the last bytes are counted.
        self.book.save(self.channel).await
    }

    fn check_receipt(
        &self,
        live: &Live,
        document: &SignedDocument,
        agreed: &Agreed,
        settled: &Settled,
    ) -> Result<Signature, Fault> {
        let (peer, now) = (self.channel.peer(), self.inner.clock.now());
        let signature = signature_by(live.roster(), peer, DocumentKind::Receipt, document, now)?;
        let receipt = overlap_wire::decode_receipt(&document.bytes).map_err(Fault::document)?;
        receipt.agrees_with(&agreed.receipt(settled, now), RECEIPT_TOLERANCE).map_err(Fault::document)?;
        Ok(signature)
    }
}
