//! The side that is asked.

use std::sync::Arc;
use std::time::Duration;

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
use crate::exchange::{Agreed, Exchange, RECEIPT_TOLERANCE, Settled, sha256};
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
    let mut talk = Talk { inner: &inner, channel: &mut channel, peer: &peer, book: None, slot: None };
    let result = talk.run(place).await;
    // Given back when the record is closed: until then the exchange runs.
    let (book, _slot) = (talk.book.take(), talk.slot.take());
    let result = end(&inner, channel, book, &peer, result).await;
    outcome::note(&peer, Side::Responder, result.as_ref());
}

async fn end(
    inner: &Arc<Inner>,
    channel: Channel,
    book: Option<Book>,
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
            let noted = note_unborn(inner, peer, &fault).await;
            (fault, noted)
        }
    };
    channel.abort(&fault).await;
    Err(unnoted(fault, noted))
}

async fn note_unborn(inner: &Inner, peer: &MemberId, fault: &Fault) -> Result<(), Fault> {
    match inner.live.load().engine(None) {
        Some(engine) => {
            record_refusal(&inner.store, unborn_record(peer, engine, inner.clock.now()), fault).await
        }
        None => Ok(()),
    }
}

/// The conversation, from the hello to both signatures.
struct Talk<'a> {
    inner: &'a Arc<Inner>,
    channel: &'a mut Channel,
    peer: &'a MemberId,
    /// `None` until an offer has come.
    book: Option<Book>,
    /// `None` until the hellos are said.
    slot: Option<Slot>,
}

/// What the responder's answer rests on.
struct Decision {
    offer: Offer,
    offer_bytes: Vec<u8>,
    terms: Terms,
    set: Arc<OwnSet>,
    exchanges_per_day: u32,
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
        self.slot = Some(self.inner.slots.take(self.peer, &limits).map_err(Fault::Refused)?);
        drop(place);
        self.channel.next_phase(limits.stall, Instant::now() + limits.exchange);
        let document = self.channel.receive_document(FrameType::Offer).await?;
        let mut book = self.begin(&live, &document, stopwatch).await?;
        let result = self.agree_and_compare(&mut book, &live, &document, greeting).await;
        self.book = Some(book);
        result
    }

    /// Verifies who signed the offer, and stores its record: from here on its id is used.
    async fn begin(
        &mut self,
        live: &Live,
        document: &SignedDocument,
        stopwatch: Stopwatch,
    ) -> Result<Book, Fault> {
        let now = self.inner.clock.now();
        let signature = signature_by(live.roster(), self.peer, DocumentKind::Offer, document, now)?;
        let offer = overlap_wire::decode_offer(&document.bytes).map_err(Fault::document)?;
        let mut record = new_record(self.peer, Side::Responder, &offer, now);
        record.offer = Some(signed_by(document.clone(), signature));
        Book::open(self.inner.store.clone(), record, stopwatch).await
    }

    async fn agree_and_compare(
        &mut self,
        book: &mut Book,
        live: &Live,
        document: &SignedDocument,
        greeting: Greeting,
    ) -> Result<(), Fault> {
        let decision = self.decide(live, document).await?;
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
            exchanges_per_day: decision.exchanges_per_day,
            greeting,
            set: decision.set,
        };
        let mut exchange = Exchange { inner: self.inner, channel: self.channel, book, events: None };
        exchange.charge(&agreed).await?;
        let settled = exchange.compare(&agreed).await?;
        exchange.countersign(&agreed, &settled).await
    }

    async fn decide(&mut self, live: &Live, document: &SignedDocument) -> Result<Decision, Fault> {
        let offer = overlap_wire::decode_offer(&document.bytes).map_err(Fault::document)?;
        let partner = live.partner(self.peer).ok_or_else(|| {
            let sentence = format!("{} has no agreement with {}", live.config.own, self.peer);
            Fault::Refused(Refusal::new(RefusalCode::NoAgreement, sentence))
        })?;
        let set = OwnSet::select(self.inner, partner, &offer).await?;
        let facts = Facts {
            live,
            peer: self.peer,
            partner: Some(partner),
            side: Side::Responder,
            own_items: set.len(),
        };
        let terms = facts.decide(self.inner, &offer).await?;
        self.end_with(&offer, live);
        Ok(Decision {
            offer,
            offer_bytes: document.bytes.clone(),
            terms,
            set: Arc::new(set),
            exchanges_per_day: partner.agreement.exchanges_per_day,
        })
    }

    /// Nobody waits for an initiator that will have given up by its own word.
    fn end_with(&mut self, offer: &Offer, live: &Live) {
        let left = offer.deadline.0.saturating_sub(self.inner.clock.now().0);
        let limits = live.config.limits;
        let end = Instant::now() + limits.exchange.min(Duration::from_secs(left));
        self.channel.next_phase(limits.stall, end);
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
        self.channel.send(&Frame::Accept(document)).await?;
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
        self.channel.send(&Frame::Countersign(countersignature)).await?;
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
