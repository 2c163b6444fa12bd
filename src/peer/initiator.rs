//! The side that asks.

use std::sync::Arc;

use overlap_coalition::{
    Accept, DocumentKind, EngineName, ExchangeId, LONGEST_EXCHANGE, Nonce, NonceCommitment, Offer, Refusal,
    RefusalCode, Side, Signature, SignedDocument, Terms, digests_made_anew, padded_size,
};
use overlap_store::{ExchangeRecord, ExchangeState};
use overlap_wire::{Frame, FrameType};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::book::{Book, Stopwatch, new_record, record_refusal, unnoted};
use crate::channel::{Channel, unlike_its_header};
use crate::connections::Listed;
use crate::exchange::{Agreed, Exchange, Settled, charge, end_of};
use crate::fault::Fault;
use crate::hello::{self, Greeting};
use crate::identity::CertificateUse;
use crate::inner::Inner;
use crate::live::Live;
use crate::own_set::OwnSet;
use crate::pace::Pace;
use crate::policy::Facts;
use crate::signing::{sign, signature_by, signed_by};
use crate::slots::Slot;
use crate::{ExchangeEvent, ExchangeRequest, Partner, call, choice, outcome};

/// Runs one exchange to its end.
///
/// # Errors
/// What ended it early; the record has it too, where one was begun.
pub(crate) async fn run(
    inner: Arc<Inner>,
    request: ExchangeRequest,
    events: mpsc::Sender<ExchangeEvent>,
) -> Result<ExchangeRecord, Fault> {
    let result = attempt(&inner, &request, &events).await;
    outcome::note(&request.peer, Side::Initiator, result.as_ref());
    result
}

async fn attempt(
    inner: &Arc<Inner>,
    request: &ExchangeRequest,
    events: &mpsc::Sender<ExchangeEvent>,
) -> Result<ExchangeRecord, Fault> {
    if inner.is_stopping() {
        return Err(Fault::Stopping);
    }
    let live = inner.live.load_full();
    let partner = partner(&live, request)?;
    let mut slot = inner.slots.take(&request.peer, &live.config.limits).map_err(Fault::Refused)?;
    let plan = Plan::make(inner, &live, partner, request).await?;
    slot.hold(plan.offer.padded_size, &live.config.limits).map_err(Fault::Refused)?;
    let stopwatch = Stopwatch::start();
    let limit = live.config.limits.hello;
    let (mut channel, _listed) = timeout(limit, dial(inner, &live, &plan.partner))
        .await
        .map_err(|_| Fault::Network("no connection came about in time".into()))??;
    let mut talk = Talk { inner, channel: &mut channel, events, slot: &mut slot, book: None };
    let result = talk.run(&plan, stopwatch).await;
    let book = talk.book.take();
    end(inner, channel, book, &plan, result).await
}

async fn end(
    inner: &Arc<Inner>,
    channel: Channel,
    book: Option<Book>,
    plan: &Plan,
    result: Result<(), Fault>,
) -> Result<ExchangeRecord, Fault> {
    let (fault, noted) = match (result, book) {
        (Ok(()), Some(book)) => {
            channel.finish();
            return Ok(book.record);
        }
        (Ok(()), None) => (Fault::internal("an exchange ended without a record"), Ok(())),
        (Err(fault), Some(mut book)) => {
            let noted = book.close(&channel, &fault, inner.clock.now()).await;
            (fault, noted)
        }
        (Err(fault), None) => {
            let record = new_record(&plan.partner.id, Side::Initiator, &plan.offer, inner.clock.now());
            let noted = record_refusal(&inner.store, record, &fault).await;
            (fault, noted)
        }
    };
    channel.abort(&fault).await;
    Err(unnoted(fault, noted))
}

fn partner(live: &Live, request: &ExchangeRequest) -> Result<Partner, Fault> {
    live.partner(&request.peer).cloned().ok_or_else(|| {
        let sentence = format!("no partner {} is configured here", request.peer);
        Fault::Refused(Refusal::new(RefusalCode::NoAgreement, sentence))
    })
}

/// What is going to be offered: decided on here before anybody is called.
struct Plan {
    partner: Partner,
    offer: Offer,
    nonce: Nonce,
    set: Arc<OwnSet>,
    /// The engine that the caller or the agreement names.
    named: Option<EngineName>,
    /// The partner's padded size, as far as it is known before it answers.
    expected: u64,
}

impl Plan {
    async fn make(
        inner: &Inner,
        live: &Live,
        partner: Partner,
        request: &ExchangeRequest,
    ) -> Result<Self, Fault> {
        let nonce = Nonce(rand::random());
        // Where the two differ, policy refuses the caller's.
        let named = request.engine.or(partner.agreement.engine);
        let mut offer = draft(inner, live, &partner, (request, named), &nonce)?;
        let set = OwnSet::select(inner, live, &partner, &offer).await?;
        offer.padded_size = padded_size(set.len());
        let expected = choice::expected_size(inner, &partner).await?;
        let mut plan = Self { partner, offer, nonce, set: Arc::new(set), named, expected };
        // Of those that run here, until the partner has said which it runs.
        plan.offer.engine = plan.choose(&live.config.engines).unwrap_or(plan.offer.engine);
        plan.decide(inner, live, &plan.offer).await?;
        Ok(plan)
    }

    fn choose(&self, engines: &[EngineName]) -> Option<EngineName> {
        choice::choose(engines, self.named, (self.offer.padded_size, self.expected))
    }

    /// Nobody is called with an offer that this node would refuse itself.
    async fn decide(&self, inner: &Inner, live: &Live, offer: &Offer) -> Result<(), Fault> {
        let facts = self.facts(live);
        facts.decide_offer(inner, offer).await?;
        facts.decide_own_size(inner, offer, self.set.len()).map(|_| ())
    }

    fn facts<'a>(&'a self, live: &'a Live) -> Facts<'a> {
        Facts { live, peer: &self.partner.id, partner: live.partner(&self.partner.id), side: Side::Initiator }
    }

    /// The offer with the engine that both run, dated now, and decided on anew: a roster may have come with the hello.
    async fn final_offer(&self, inner: &Inner, live: &Live, greeting: &Greeting) -> Result<Offer, Fault> {
        let engine = self.choose(&greeting.engines).ok_or_else(|| {
            let sentence = "the partner does not run the engine that was asked for or agreed on";
            Fault::Refused(Refusal::new(RefusalCode::Engine, sentence))
        })?;
        let made = inner.clock.now();
        let longest = live.config.limits.exchange.as_secs().min(LONGEST_EXCHANGE);
        let offer = Offer { engine, made, deadline: made.plus_seconds(longest), ..self.offer.clone() };
        self.decide(inner, live, &offer).await?;
        Ok(offer)
    }
}

fn draft(
    inner: &Inner,
    live: &Live,
    partner: &Partner,
    (request, named): (&ExchangeRequest, Option<EngineName>),
    nonce: &Nonce,
) -> Result<Offer, Fault> {
    let exchange = ExchangeId(rand::random());
    let salt_epoch = inner.store.snapshot().epoch();
    let salt_epoch = salt_epoch.ok_or_else(|| Fault::Refused(digests_made_anew(&live.config.own)))?;
    let (agreement, now) = (&partner.agreement, inner.clock.now());
    let engine = live.engine(named).ok_or_else(|| Fault::internal("the config names no engine"))?;
    Ok(Offer {
        exchange,
        initiator: live.config.own.clone(),
        responder: partner.id.clone(),
        agreement: agreement.hash(),
        purpose: request.purpose.clone(),
        case_reference: request.case_reference.clone(),
        kinds: agreement.kinds.clone(),
        facets: agreement.facets.clone(),
        mode: agreement.mode,
        learns: agreement.learns.clone(),
        engine,
        padded_size: 0,
        salt_epoch,
        commitment: NonceCommitment::to(exchange, nonce),
        made: now,
        deadline: now.plus_seconds(live.config.limits.exchange.as_secs().min(LONGEST_EXCHANGE)),
    })
}

async fn dial(inner: &Arc<Inner>, live: &Arc<Live>, partner: &Partner) -> Result<(Channel, Listed), Fault> {
    let (connection, member) = call::connect(inner, live, partner).await?;
    inner.note_certificate(&member);
    let listed = inner.connections.list(&connection, member.id.clone(), CertificateUse::Server);
    listed.judge(&inner.live.load_full(), inner.clock.now());
    let streams = connection
        .open_bi()
        .await
        .map_err(|error| crate::closing::fault_of(&error, &listed.cause, "a stream was opened"))?;
    let hello = live.config.limits.hello;
    let pace = Pace::new(hello, Instant::now() + hello);
    let channel = Channel::new(connection, listed.cause.clone(), streams, member.id, pace);
    #[cfg(test)]
    let channel = channel.tapped(inner.tap.clone());
    Ok((channel, listed))
}

/// The conversation, from the hello to both signatures.
struct Talk<'a> {
    inner: &'a Arc<Inner>,
    channel: &'a mut Channel,
    events: &'a mpsc::Sender<ExchangeEvent>,
    slot: &'a mut Slot,
    /// `None` until the exchange has an id.
    book: Option<Book>,
}

impl Talk<'_> {
    async fn run(&mut self, plan: &Plan, mut stopwatch: Stopwatch) -> Result<(), Fault> {
        let greeting = hello::greet(self.inner, self.channel).await?;
        stopwatch.lap("hello");
        let live = self.inner.live.load_full();
        let offer = plan.final_offer(self.inner, &live, &greeting).await?;
        let limits = live.config.limits;
        self.channel.next_phase(limits.stall, end_of(&offer, &limits, self.inner.clock.now()));
        let document = self.begin(plan, &live, &offer, stopwatch).await?;
        let mut book = self.book.take().ok_or_else(|| Fault::internal("the record is gone"))?;
        let result = self.agree_and_compare(&mut book, plan, &live, offer, document, greeting).await;
        self.book = Some(book);
        result
    }

    /// Signs the offer and stores the record: from here on the exchange has an id.
    async fn begin(
        &mut self,
        plan: &Plan,
        live: &Live,
        offer: &Offer,
        stopwatch: Stopwatch,
    ) -> Result<SignedDocument, Fault> {
        let now = self.inner.clock.now();
        let document = sign(live, DocumentKind::Offer, overlap_wire::encode_offer(offer), now)?;
        let mut record = new_record(&plan.partner.id, Side::Initiator, offer, now);
        record.offer = Some(document.clone());
        let book = Book::open(self.inner, self.channel, record, stopwatch).await?;
        // A caller that has gone away needs no id.
        let _ = self.events.send(ExchangeEvent::Begun(book.id())).await;
        self.book = Some(book);
        Ok(document)
    }

    async fn agree_and_compare(
        &mut self,
        book: &mut Book,
        plan: &Plan,
        live: &Live,
        offer: Offer,
        document: SignedDocument,
        greeting: Greeting,
    ) -> Result<(), Fault> {
        let offer_bytes = document.bytes.clone();
        self.channel.send(Frame::Offer(document)).await?;
        let (accept, accept_bytes, terms) =
            self.receive_accept(book, plan, live, (&offer, &offer_bytes)).await?;
        let agreed = Agreed {
            side: Side::Initiator,
            offer,
            offer_bytes,
            accept,
            accept_bytes,
            nonce: plan.nonce.clone(),
            terms,
            greeting,
            set: plan.set.clone(),
        };
        let mut exchange =
            Exchange { inner: self.inner, channel: self.channel, book, events: Some(self.events) };
        charge(self.inner, &plan.partner, &agreed.offer, agreed.terms.peer_padded).await?;
        exchange.begin_run().await?;
        exchange.channel.send(Frame::Open(agreed.nonce.clone())).await?;
        let settled = exchange.compare(&agreed).await?;
        exchange.sign_receipt(&agreed, &settled).await
    }

    async fn receive_accept(
        &mut self,
        book: &mut Book,
        plan: &Plan,
        live: &Live,
        offer: (&Offer, &[u8]),
    ) -> Result<(Accept, Vec<u8>, Terms), Fault> {
        let document = self.channel.receive_document(FrameType::Accept).await?;
        let (peer, now) = (&plan.partner.id, self.inner.clock.now());
        let signature = signature_by(live.roster(), peer, DocumentKind::Accept, &document, now)?;
        let accept = overlap_wire::decode_accept(&document.bytes).map_err(Fault::document)?;
        let terms = plan.facts(live).decide_accept(self.inner, offer, &accept)?;
        let items = terms.own_padded.saturating_add(terms.peer_padded);
        self.slot.hold(items, &live.config.limits).map_err(Fault::Refused)?;
        let bytes = document.bytes.clone();
        book.record.accept = Some(signed_by(document, signature));
        book.record.peer_size = terms.peer_padded;
        Ok((accept, bytes, terms))
    }
}

impl Exchange<'_> {
    /// Signs the receipt, has it signed by the partner, and stores it.
    async fn sign_receipt(&mut self, agreed: &Agreed, settled: &Settled) -> Result<(), Fault> {
        let (live, now) = (self.inner.live.load_full(), self.inner.clock.now());
        self.channel.begin_phase(live.config.limits.stall);
        let bytes = overlap_wire::encode_receipt(&agreed.receipt(settled, now));
        let mut receipt = sign(&live, DocumentKind::Receipt, bytes, now)?;
        self.book.record.receipt = Some(receipt.clone());
        self.book.save(self.channel).await?;
        self.channel.send(Frame::Receipt(receipt.clone())).await?;
        receipt.signatures.push(self.receive_countersignature(&live, &receipt).await?);
        self.book.record.receipt = Some(receipt);
        self.complete("receipt").await
    }

    async fn receive_countersignature(
        &mut self,
        live: &Live,
        receipt: &SignedDocument,
    ) -> Result<Signature, Fault> {
        let signature = match self.channel.receive(FrameType::Countersign).await?.0 {
            Frame::Countersign(signature) => signature,
            other => return Err(unlike_its_header(&other)),
        };
        let alone = SignedDocument { bytes: receipt.bytes.clone(), signatures: vec![signature] };
        signature_by(
            live.roster(),
            self.channel.peer(),
            DocumentKind::Receipt,
            &alone,
            self.inner.clock.now(),
        )
    }

    /// Stores that both signatures are here.
    pub(crate) async fn complete(&mut self, phase: &str) -> Result<(), Fault> {
        self.book.lap(phase);
        self.book.record.state = ExchangeState::Completed;
        self.book.record.ended = Some(self.inner.clock.now().0);
        self.book.save(self.channel).await
    }
}
