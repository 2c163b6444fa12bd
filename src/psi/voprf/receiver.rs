//! The receiver's states, in the order in which they follow each other.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use rand_core::CryptoRng;

use super::batch::Transcript;
use super::dleq::{self, Proof, Verified};
use super::group::{self, ELEMENT_BYTES};
use super::key::PublicKey;
use super::{CHUNK, LABEL, PHASE_EVALUATE, PHASE_TAGS, bulk};
use crate::chunk::Chunks;
use crate::item_set::ItemSet;
use crate::match_proofs;
use crate::matching::{Match, find_matches};
use crate::output::{Output, OutputHash};
use crate::shuffle::random_order;
use crate::tags::ReceivedTags;
use crate::wiped::Wiped;
use crate::{Error, Message, MessageKind, Outcome, Params, Party, Progress, SessionItem, Turn, party};

const PHASE_BLIND: &str = "blind";
const PHASE_UNBLIND: &str = "unblind";

/// Before anything.
pub(crate) struct Start(TakeKey);

/// The sender's key is due.
struct TakeKey {
    params: Params,
    items: ItemSet,
}

/// The set in the secret order in which it is blinded.
struct Shuffled {
    params: Params,
    order: Wiped<u32>,
    items: Wiped<SessionItem>,
    half_blinds: Wiped<Scalar>,
}

/// The key has come; blinded elements are sent.
struct Blind {
    set: Shuffled,
    public: PublicKey,
    chunks: Chunks,
    transcript: Transcript,
    /// Half of each blinded element.
    halves: Vec<RistrettoPoint>,
}

/// All blinded elements are sent; evaluations come.
struct TakeEvaluated {
    set: Shuffled,
    public: PublicKey,
    chunks: Chunks,
    transcript: Transcript,
    halves: Vec<RistrettoPoint>,
    evaluated: Vec<RistrettoPoint>,
}

/// All evaluations have come; their proof is due.
struct CheckEvaluated {
    set: Shuffled,
    public: PublicKey,
    transcript: Transcript,
    halves: Vec<RistrettoPoint>,
    evaluated: Vec<RistrettoPoint>,
}

/// The proof has verified, which is what a [`Verified`] is needed for: nothing is unblinded before.
struct Unblind {
    set: Shuffled,
    chunks: Chunks,
    evaluated: Vec<RistrettoPoint>,
    hash: OutputHash,
    outputs: Vec<Output>,
}

/// The own outputs are known; tags come.
struct TakeTags {
    params: Params,
    order: Wiped<u32>,
    outputs: Vec<Output>,
    tags: ReceivedTags,
}

/// All tags have come, and the driver was told.
struct Gathered(TakeTags);

impl Start {
    pub(crate) fn new(params: Params, items: ItemSet) -> Self {
        Self(TakeKey { params, items })
    }
}

impl TakeKey {
    fn take(self, key: [u8; ELEMENT_BYTES], rng: &mut dyn CryptoRng) -> Result<Blind, Error> {
        let public = PublicKey::decode(key)?;
        let size = self.params.receiver_size;
        Ok(Blind {
            chunks: Chunks::new(size, CHUNK),
            transcript: Transcript::new(&self.params, &public),
            halves: Vec::with_capacity(size),
            set: Shuffled::new(self.params, &self.items, rng),
            public,
        })
    }
}

impl Shuffled {
    fn new(params: Params, items: &ItemSet, rng: &mut dyn CryptoRng) -> Self {
        let order = random_order(params.receiver_size, rng);
        let shuffled = order.iter().map(|&i| items.items()[i as usize]).collect();
        // At full capacity from the start: a vector that grows leaves copies behind that nobody wipes.
        let half_blinds = Wiped::new(Vec::with_capacity(params.receiver_size));
        Self { params, order, items: Wiped::new(shuffled), half_blinds }
    }
}

impl Blind {
    /// The next blinded elements, or `None` when all are sent.
    fn next_blinded(&mut self, rng: &mut dyn CryptoRng) -> Option<Message> {
        let range = self.chunks.next()?;
        // Half of a uniform scalar is as uniform as the scalar: what is drawn is the half.
        self.set.half_blinds.extend(range.clone().map(|_| group::random_scalar(rng)));
        let blinded = bulk::blind(&self.set.items[range.clone()], &self.set.half_blinds[range]);
        self.transcript.absorb(&blinded.encoded);
        self.halves.extend(blinded.halves);
        Some(Message::VoprfBlinded(blinded.encoded))
    }

    fn take_evaluated(self) -> TakeEvaluated {
        let size = self.set.params.receiver_size;
        TakeEvaluated {
            set: self.set,
            public: self.public,
            chunks: Chunks::new(size, CHUNK),
            transcript: self.transcript,
            halves: self.halves,
            evaluated: Vec::with_capacity(size),
        }
    }
}

impl TakeEvaluated {
    fn take(&mut self, encoded: &[u8]) -> Result<(), Error> {
        self.chunks.accept(MessageKind::VoprfEvaluated, encoded, ELEMENT_BYTES)?;
        self.evaluated.extend(bulk::decode(encoded, MessageKind::VoprfEvaluated)?);
        self.transcript.absorb(encoded);
        Ok(())
    }

    /// Waits for more, or for the proof when all have come.
    fn turn(self) -> Turn {
        if !self.chunks.is_complete() {
            return Turn::Receive(Box::new(self));
        }
        Turn::Receive(Box::new(CheckEvaluated {
            set: self.set,
            public: self.public,
            transcript: self.transcript,
            halves: self.halves,
            evaluated: self.evaluated,
        }))
    }
}

impl CheckEvaluated {
    /// VerifyProof (RFC 9497, 2.2.2) over the whole batch.
    fn verify(&self, proof: &[u8; dleq::PROOF_BYTES]) -> Result<Verified, Error> {
        let proof = Proof::from_bytes(proof)?;
        let coefficients = self.transcript.coefficients();
        let half = coefficients.combine(&self.halves);
        proof.verify(&self.public, &(half + half), &coefficients.combine(&self.evaluated))
    }

    fn unblind(self, _: Verified) -> Unblind {
        let size = self.set.params.receiver_size;
        Unblind {
            chunks: Chunks::new(size, CHUNK),
            evaluated: self.evaluated,
            hash: OutputHash::new(LABEL, &self.set.params),
            outputs: vec![Output::default(); size],
            set: self.set,
        }
    }
}

impl Unblind {
    /// Computes the next outputs; false when all are known.
    fn next_outputs(&mut self) -> bool {
        let Some(range) = self.chunks.next() else { return false };
        let (items, evaluated) = (&self.set.items[range.clone()], &self.evaluated[range.clone()]);
        let half_blinds = &mut self.set.half_blinds[range.clone()];
        bulk::unblind(items, evaluated, half_blinds, &self.hash, &mut self.outputs[range]);
        true
    }

    fn take_tags(self) -> TakeTags {
        TakeTags {
            order: self.set.order,
            outputs: self.outputs,
            tags: ReceivedTags::new(self.set.params.sender_size),
            params: self.set.params,
        }
    }
}

impl TakeTags {
    /// Waits for more, or ends when all have come.
    fn turn(self) -> Result<Turn, Error> {
        if !self.tags.is_complete() {
            return Ok(Turn::Receive(Box::new(self)));
        }
        let matches = find_matches(&self.outputs, &self.order, &self.tags.distinct()?);
        let proofs = if self.params.prove_matches { match_proofs::encode(&matches) } else { Vec::new() };
        Ok(Turn::Done(Outcome { matches: Some(positions(&matches)) }, proofs))
    }
}

fn positions(matches: &[Match]) -> Vec<usize> {
    let mut positions: Vec<usize> = matches.iter().map(|m| m.position).collect();
    positions.sort_unstable();
    positions
}

impl Party for Start {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        Ok(Turn::Receive(Box::new(self.0)))
    }
}

impl Party for TakeKey {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        let next = match party::due(incoming)? {
            Message::VoprfPublicKey(key) => self.take(key, rng)?,
            other => return Err(party::unexpected(MessageKind::VoprfPublicKey, &other)),
        };
        Box::new(next).advance(None, rng)
    }
}

impl Party for Blind {
    fn advance(
        mut self: Box<Self>,
        incoming: Option<Message>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        if let Some(blinded) = self.next_blinded(rng) {
            let progress = party::progress(PHASE_BLIND, &self.chunks);
            return Ok(Turn::Send(self, vec![blinded], progress));
        }
        Ok(self.take_evaluated().turn())
    }
}

impl Party for TakeEvaluated {
    fn advance(mut self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::VoprfEvaluated(encoded) => self.take(&encoded)?,
            other => return Err(party::unexpected(MessageKind::VoprfEvaluated, &other)),
        }
        Ok(self.turn())
    }

    fn reached(&self) -> Option<Progress> {
        Some(party::progress(PHASE_EVALUATE, &self.chunks))
    }
}

impl Party for CheckEvaluated {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        let verified = match party::due(incoming)? {
            Message::VoprfProof(proof) => self.verify(&proof)?,
            other => return Err(party::unexpected(MessageKind::VoprfProof, &other)),
        };
        Box::new(self.unblind(verified)).advance(None, rng)
    }

    fn reached(&self) -> Option<Progress> {
        Some(party::reached(PHASE_EVALUATE, self.evaluated.len(), self.evaluated.len()))
    }
}

impl Party for Unblind {
    /// Sends nothing, but returns to its driver after each part of the work.
    fn advance(mut self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        if self.next_outputs() {
            let progress = party::progress(PHASE_UNBLIND, &self.chunks);
            return Ok(Turn::Send(self, Vec::new(), progress));
        }
        self.take_tags().turn()
    }
}

impl Party for TakeTags {
    fn advance(mut self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::Tags(tags) => self.tags.take(&tags)?,
            other => return Err(party::unexpected(MessageKind::Tags, &other)),
        }
        if !self.tags.is_complete() {
            return Ok(Turn::Receive(self));
        }
        let progress = party::progress(PHASE_TAGS, self.tags.chunks());
        Ok(Turn::Send(Box::new(Gathered(*self)), Vec::new(), progress))
    }

    fn reached(&self) -> Option<Progress> {
        Some(party::progress(PHASE_TAGS, self.tags.chunks()))
    }
}

impl Party for Gathered {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        self.0.turn()
    }
}
