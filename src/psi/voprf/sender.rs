//! The sender's states, in the order in which they follow each other.

use curve25519_dalek::ristretto::RistrettoPoint;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::batch::Transcript;
use super::dleq::Proof;
use super::group::ELEMENT_BYTES;
use super::key::{PublicKey, SecretKey};
use super::{CHUNK, LABEL, PHASE_EVALUATE, PHASE_TAGS, bulk};
use crate::chunk::Chunks;
use crate::item_set::ItemSet;
use crate::match_proofs::TakeProofs;
use crate::output::{Output, OutputHash};
use crate::shuffle::random_order;
use crate::tags::TAGS_PER_MESSAGE;
use crate::wiped::Wiped;
use crate::{Error, Message, MessageKind, Outcome, Params, Party, Progress, Turn, party};

/// Before anything.
pub(crate) struct Start {
    params: Params,
    items: ItemSet,
}

/// What every later state holds.
struct Keyed {
    params: Params,
    items: ItemSet,
    /// Boxed, so that moving on to the next state moves a pointer: see [`crate::wiped`].
    key: Box<SecretKey>,
    public: PublicKey,
}

/// Blinded elements come.
struct Evaluate {
    keyed: Keyed,
    chunks: Chunks,
    transcript: Transcript,
    elements: Vec<RistrettoPoint>,
    evaluated: Vec<Vec<u8>>,
}

/// The key is sent.
struct Announced(Evaluate);

/// All evaluations are sent; the proof is not.
struct Prove {
    keyed: Keyed,
    transcript: Transcript,
    elements: Vec<RistrettoPoint>,
}

/// The proof is sent; tags follow.
struct SendTags {
    keyed: Keyed,
    chunks: Chunks,
    hash: OutputHash,
    order: Wiped<u32>,
    outputs: Vec<Output>,
}

impl Start {
    pub(crate) fn new(params: Params, items: ItemSet) -> Self {
        Self { params, items }
    }

    fn send_key(self, rng: &mut dyn CryptoRng) -> (Evaluate, Message) {
        let key = Box::new(SecretKey::random(rng));
        let public = key.public();
        let message = Message::VoprfPublicKey(public.bytes);
        let next = Evaluate {
            chunks: Chunks::new(self.params.receiver_size, CHUNK),
            transcript: Transcript::new(&self.params, &public),
            elements: Vec::with_capacity(self.params.receiver_size),
            evaluated: Vec::new(),
            keyed: Keyed { params: self.params, items: self.items, key, public },
        };
        (next, message)
    }
}

impl Evaluate {
    /// Checks and evaluates one message. What it yields waits for the last one: a sender that answered while the
    /// receiver still writes could end with both sides' windows full and nobody reading.
    fn take(&mut self, blinded: &[u8]) -> Result<(), Error> {
        self.chunks.accept(MessageKind::VoprfBlinded, blinded, ELEMENT_BYTES)?;
        let elements = bulk::decode(blinded, MessageKind::VoprfBlinded)?;
        self.transcript.absorb(blinded);
        self.evaluated.push(bulk::evaluate(&elements, &self.keyed.key));
        self.elements.extend(elements);
        Ok(())
    }

    /// Waits for more, or answers when all have come.
    fn turn(self) -> Turn {
        if !self.chunks.is_complete() {
            return Turn::Receive(Box::new(self));
        }
        let progress = party::progress(PHASE_EVALUATE, &self.chunks);
        let (next, messages) = self.answer();
        Turn::Send(Box::new(next), messages, progress)
    }

    fn answer(mut self) -> (Prove, Vec<Message>) {
        self.evaluated.iter().for_each(|encoded| self.transcript.absorb(encoded));
        let next = Prove { keyed: self.keyed, transcript: self.transcript, elements: self.elements };
        (next, self.evaluated.into_iter().map(Message::VoprfEvaluated).collect())
    }
}

impl Prove {
    fn prove(self, rng: &mut dyn CryptoRng) -> (SendTags, Message) {
        let keyed = self.keyed;
        let composite = self.transcript.coefficients().combine(&self.elements);
        let proof = Proof::new(&keyed.key, &keyed.public, &composite, rng);
        let next = SendTags {
            chunks: Chunks::new(keyed.params.sender_size, TAGS_PER_MESSAGE),
            hash: OutputHash::new(LABEL, &keyed.params),
            order: random_order(keyed.params.sender_size, rng),
            outputs: vec![Output::default(); keyed.params.sender_size],
            keyed,
        };
        (next, Message::VoprfProof(proof.to_bytes()))
    }
}

impl SendTags {
    /// The next tags, or `None` when all are sent.
    fn next_tags(&mut self) -> Option<Message> {
        let range = self.chunks.next()?;
        let items = self.keyed.items.items();
        let chosen: Vec<_> = self.order[range.clone()].iter().map(|&i| items[i as usize]).collect();
        let chosen = Zeroizing::new(chosen);
        bulk::outputs(&chosen, &self.keyed.key, &self.hash, &mut self.outputs[range.clone()]);
        Some(Message::Tags(self.outputs[range].iter().flat_map(|output| output.tag.0).collect()))
    }

    /// The tags are sent; proofs of matches come.
    fn check_proofs(mut self) -> TakeProofs {
        let proofs = self.outputs.iter_mut().map(|output| std::mem::take(&mut output.proof)).collect();
        TakeProofs::new(proofs, self.order, self.keyed.params.receiver_size)
    }
}

impl Party for Start {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        let (next, message) = self.send_key(rng);
        let progress = party::progress(PHASE_EVALUATE, &next.chunks);
        Ok(Turn::Send(Box::new(Announced(next)), vec![message], progress))
    }
}

impl Party for Evaluate {
    fn advance(mut self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::VoprfBlinded(blinded) => self.take(&blinded)?,
            other => return Err(party::unexpected(MessageKind::VoprfBlinded, &other)),
        }
        Ok(self.turn())
    }

    fn reached(&self) -> Option<Progress> {
        Some(party::progress(PHASE_EVALUATE, &self.chunks))
    }
}

impl Party for Announced {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        Ok(self.0.turn())
    }
}

impl Party for Prove {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        let (next, message) = self.prove(rng);
        let progress = party::progress(PHASE_TAGS, &next.chunks);
        Ok(Turn::Send(Box::new(next), vec![message], progress))
    }
}

impl Party for SendTags {
    fn advance(mut self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        if let Some(tags) = self.next_tags() {
            let progress = party::progress(PHASE_TAGS, &self.chunks);
            return Ok(Turn::Send(self, vec![tags], progress));
        }
        if self.keyed.params.prove_matches {
            return Ok(Turn::AwaitProofs(Box::new(self.check_proofs())));
        }
        Ok(Turn::Done(Outcome { matches: None }, Vec::new()))
    }
}
