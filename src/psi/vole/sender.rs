//! The sender's states, in the order in which they follow each other.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use rand_core::CryptoRng;
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::parameters::Parameters;
use super::session::{SALT_BYTES, SEED_BYTES, SenderMask, Session};
use super::{
    CHALLENGE_MESSAGE_BYTES, COLUMNS_PER_MESSAGE, ELEMENT_BYTES, ENCODING_LIMIT, HASHES_AT_ONCE, LABEL,
    MOST_TAGS_IN_ORDER, PHASE_CORRELATE, PHASE_DECODE, PHASE_ENCODE, PHASE_TAGS, extension_message_bytes,
    transfer_error,
};
use crate::base_ot::{self, OtReceiver};
use crate::chunk::{Chunks, Pieces, pieces};
use crate::field::{self, F128};
use crate::item_set::{ItemSet, ItemSource};
use crate::keyed_hash::KeyedHash;
use crate::match_proofs::TakeProofs;
use crate::okvs::{Grouped, Shape, decode_keys};
use crate::output::{MatchProof, OutputHash, PackedOutput, TAG_BYTES};
use crate::shuffle::RandomParts;
use crate::silent_vole::SilentSender;
use crate::tag_order::TagOrder;
use crate::tags::TAGS_PER_MESSAGE;
use crate::wiped::Wiped;
use crate::{Error, Message, MessageKind, Outcome, Params, Party, Progress, Turn, ot_extension, party};

/// Bins that are decoded at once while columns still come.
const BINS_AT_ONCE: usize = 4;

/// Messages of tags that are made at once: enough to keep every core busy between two turns, two megabytes in memory.
const MESSAGES_AT_ONCE: usize = 8;

/// What every state holds. Secrets are boxed, so that moving on to the next state moves pointers: see [`crate::wiped`].
struct Run {
    params: Params,
    session: Session,
    parameters: &'static Parameters,
    tags_in_order: usize,
    delta: Box<Zeroizing<F128>>,
    mask: Box<SenderMask>,
}

/// Before anything.
pub(crate) struct Start {
    params: Params,
    parameters: &'static Parameters,
    items: ItemSource,
    /// See [`super::tags_in_order`].
    tags_in_order: usize,
}

/// The commitment and the own part of the base transfers are sent; while the receiver answers, the set is made and cut.
struct Opened {
    run: Run,
    items: ItemSource,
    transfers: Box<OtReceiver>,
}

/// The extension comes.
struct TakeExtension {
    run: Run,
    batches: Batches,
    transfers: Box<OtReceiver>,
    pieces: Pieces,
}

/// The trees' corrections are sent.
struct Grown(TakeChallenge);

/// The challenge is due.
struct TakeChallenge {
    run: Run,
    batches: Batches,
    silent: Box<SilentSender>,
}

/// The salt is sent, so the encoding must come soon; meanwhile the correlation is expanded and the set put in bins.
struct Expand {
    run: Run,
    batches: Batches,
    silent: Box<SilentSender>,
    seed: [u8; SEED_BYTES],
    hash: KeyedHash,
}

/// The receiver's mask is due.
struct TakeMask {
    run: Run,
    batches: Batches,
    batch: Batch,
    key: Key,
}

/// What the function is evaluated with.
struct Key {
    seed: [u8; SEED_BYTES],
    hash: KeyedHash,
    delta: Box<Zeroizing<F128>>,
    /// w = ws + wr; until the receiver's mask has come, ws.
    mask: Box<Zeroizing<F128>>,
    /// B, which becomes K = B + Delta * A as A comes.
    columns: Wiped<F128>,
}

/// The columns of the encoding come, and the first items are evaluated on those bins that are whole.
struct TakeEncoding {
    run: Run,
    batches: Batches,
    batch: Batch,
    key: Key,
    hash: OutputHash,
    chunks: Chunks,
}

/// A phase is over, and its driver was told: there are columns to come, or none any more.
struct Taken(TakeEncoding);

/// The key is whole; tags are sent, batch by batch.
struct SendTags {
    run: Run,
    batches: Batches,
    key: Key,
    hash: OutputHash,
    /// Batches that are evaluated; the first one's tags are being sent.
    ready: VecDeque<BatchTags>,
    /// Batches whose tags are sent: memory for the next ones, where fresh memory would cost as much as what is done in it.
    sent: Vec<BatchTags>,
    chunks: Chunks,
    kept: Kept,
}

/// What the receiver's proofs of matches will be checked against: proofs and positions, in the order of the tags.
struct Kept {
    proofs: Vec<MatchProof>,
    positions: Wiped<u32>,
    /// See [`Batches::positions`].
    batched: Option<Wiped<u32>>,
}

/// The set, cut into parts that are evaluated one after the other, so that memory does not grow with the set.
struct Batches {
    /// Batch by batch.
    items: ItemSet,
    /// How the items were put in batches; `None` where one takes them all in the caller's order.
    parts: Option<RandomParts>,
    chunks: Chunks,
}

/// The items of one batch, in bins, and what was computed of them.
struct Batch {
    /// The place of the batch's items in [`Batches`].
    range: Range<usize>,
    grouped: Grouped,
    outputs: Wiped<PackedOutput>,
    /// Memory for their order.
    order: TagOrder,
    bins_done: usize,
}

/// The outputs of one batch in the order in which their tags are sent.
struct BatchTags {
    /// The place of the batch's first item in [`Batches`].
    start: usize,
    grouped: Grouped,
    outputs: Wiped<PackedOutput>,
    order: TagOrder,
}

impl Start {
    pub(crate) fn new(
        params: Params,
        parameters: &'static Parameters,
        items: ItemSource,
        tags_in_order: usize,
    ) -> Self {
        Self { params, parameters, items, tags_in_order }
    }

    fn open(self, rng: &mut dyn CryptoRng) -> (Opened, Message) {
        let session = Session::new(&self.params);
        let delta = Box::new(Zeroizing::new(F128::random(rng)));
        let mask = Box::new(SenderMask::random(rng));
        let (transfers, request) = OtReceiver::new(session.bytes(), (**delta).0, rng);
        let message = [mask.commitment(&session).as_slice(), &request].concat();
        let Self { params, parameters, items, tags_in_order } = self;
        let run = Run { params, session, parameters, tags_in_order, delta, mask };
        (Opened { run, items, transfers }, Message::VoleOpening(message))
    }
}

impl Run {
    fn shape(&self) -> Shape {
        self.parameters.shape()
    }
}

impl Opened {
    fn cut(self, rng: &mut dyn CryptoRng) -> Result<TakeExtension, Error> {
        let Self { run, items, transfers } = self;
        let batches = Batches::new(items, run.params.sender_size, run.tags_in_order, rng)?;
        let pieces = Pieces::new(MessageKind::VoleExtension, extension_message_bytes(run.parameters));
        Ok(TakeExtension { run, batches, transfers, pieces })
    }
}

impl TakeExtension {
    fn take(mut self, piece: &[u8], rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        let Some(message) = self.pieces.take(piece)? else { return Ok(Turn::Receive(Box::new(self))) };
        let Self { run, batches, transfers, .. } = self;
        let wrong_count = Error::WrongCount { kind: MessageKind::VoleExtension };
        let (reply, extension) = message.split_at_checked(base_ot::SENDER_BYTES).ok_or(wrong_count)?;
        let seeds =
            transfers.finish(reply).map_err(|error| transfer_error(error, MessageKind::VoleExtension))?;
        let (session, noise) = (run.session.bytes(), run.parameters.noise());
        let rows = ot_extension::extend_sender(session, seeds, noise.rows(), extension)
            .map_err(|_| Error::BadExtension)?;
        let (silent, trees) = SilentSender::new(session, noise, **run.delta, &rows, rng);
        let progress = party::reached(PHASE_CORRELATE, 0, 2);
        let messages = pieces(&trees, Message::VoleTrees);
        Ok(Turn::Send(Box::new(Grown(TakeChallenge { run, batches, silent })), messages, progress))
    }
}

impl TakeChallenge {
    fn take(self, message: &[u8], rng: &mut dyn CryptoRng) -> Result<(Expand, Message), Error> {
        let wrong_count = Error::WrongCount { kind: MessageKind::VoleChallenge };
        if message.len() != CHALLENGE_MESSAGE_BYTES {
            return Err(wrong_count);
        }
        let (seed, challenge) = message.split_first_chunk().ok_or(wrong_count.clone())?;
        let challenge = challenge.try_into().map_err(|_| wrong_count)?;
        let answer = self.silent.answer(challenge);
        let mut salt = [0; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        let hash = self.run.session.item_hash(&salt, seed);
        let message = Message::VoleSalt([answer, salt].concat());
        let Self { run, batches, silent } = self;
        Ok((Expand { run, batches, silent, seed: *seed, hash }, message))
    }
}

impl Expand {
    fn expand(self) -> TakeMask {
        let Self { run, mut batches, silent, seed, hash } = self;
        let own = silent.expand();
        let batch = batches.first(&run.shape(), &seed);
        let mask = Box::new(Zeroizing::new(run.mask.mask()));
        let key = Key { seed, hash, delta: run.delta.clone(), mask, columns: own };
        TakeMask { run, batches, batch, key }
    }
}

impl Batches {
    /// A set of one batch needs no order of its own: the tags' order hides it. Which of several batches an item is in is
    /// seen by the receiver, so it is random.
    ///
    /// # Errors
    /// [`Error::RepeatedItem`]: equal items may be in two batches, whose tags are never compared. In one batch the tags show it.
    fn new(
        items: ItemSource,
        size: usize,
        tags_in_order: usize,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, Error> {
        let parts = (size > tags_in_order).then(|| RandomParts::new(size, tags_in_order, rng));
        let items = match &parts {
            None => items.make().of_size(size)?,
            Some(parts) => items.make_in(parts)?.distinct()?,
        };
        Ok(Self { items, parts, chunks: Chunks::new(size, tags_in_order) })
    }

    /// The first batch; that of an empty set is empty.
    fn first(&mut self, shape: &Shape, seed: &[u8; SEED_BYTES]) -> Batch {
        let range = self.chunks.next().unwrap_or(0..0);
        self.batch(range, shape, seed, None)
    }

    /// The batch of a range of the items; in the memory of one whose tags are sent, if there is one.
    fn batch(
        &self,
        range: Range<usize>,
        shape: &Shape,
        seed: &[u8; SEED_BYTES],
        sent: Option<BatchTags>,
    ) -> Batch {
        let items = &self.items.items()[range.clone()];
        let (grouped, outputs, order) = match sent {
            None => (Grouped::new(shape, seed, items), Wiped::zeroed(items.len()), TagOrder::EMPTY),
            Some(sent) => (sent.grouped.reused(seed, items), sent.outputs.of_len(items.len()), sent.order),
        };
        Batch { range, grouped, outputs, order, bins_done: 0 }
    }

    /// The position in the caller's set of each item, batch by batch; `None` where it is the item's place.
    fn positions(&self) -> Option<Wiped<u32>> {
        self.parts.as_ref().map(RandomParts::positions)
    }
}

impl Batch {
    /// Evaluates the items of the bins up to `end`: F(y) = Ho(Decode(K, y) - Delta * H(y) + w, y).
    fn evaluate(&mut self, end: usize, key: &Key, hash: &OutputHash) {
        let bins = std::mem::replace(&mut self.bins_done, end)..end;
        let grouped = &self.grouped;
        super::by_bin(grouped, bins, &mut self.outputs).into_par_iter().for_each(|(bin, outputs)| {
            let keys = &grouped.keys()[grouped.bin(bin)];
            let (shape, width) = (grouped.shape(), grouped.shape().bin_columns());
            let columns = &key.columns[bin * width..(bin + 1) * width];
            // A small receiver has one bin for all of them, so a bin is cut for every core to have a part.
            let parts = keys.par_chunks(HASHES_AT_ONCE).zip(outputs.par_chunks_mut(HASHES_AT_ONCE));
            parts.for_each(|(keys, outputs)| {
                let mut values = Wiped::zeroed(keys.len());
                decode_keys(shape, keys, columns, &mut values);
                field::add_scaled(&mut values, **key.delta, &super::item_values(&key.hash, keys));
                super::outputs(hash, &mut values, **key.mask, keys, outputs);
            });
        });
    }

    /// The batch's outputs in the order of their tags.
    ///
    /// # Errors
    /// [`Error::RepeatedItem`]
    fn sorted(self) -> Result<BatchTags, Error> {
        let order = self.order.reused(&self.outputs);
        if order.has_repeats(&self.outputs) {
            return Err(Error::RepeatedItem);
        }
        Ok(BatchTags { start: self.range.start, outputs: self.outputs, order, grouped: self.grouped })
    }
}

impl TakeMask {
    fn take(self, mask: [u8; 16]) -> TakeEncoding {
        let Self { run, batches, batch, mut key } = self;
        **key.mask += F128::from_bytes(mask);
        let chunks = Chunks::new(run.shape().columns(), COLUMNS_PER_MESSAGE);
        let hash = OutputHash::new(LABEL, &run.params);
        TakeEncoding { run, batches, batch, key, hash, chunks }
    }
}

impl TakeEncoding {
    fn take(&mut self, columns: &[u8]) -> Result<(), Error> {
        let start = self.chunks.done();
        self.chunks.accept(MessageKind::VoleEncoding, columns, ELEMENT_BYTES)?;
        let masked: Vec<F128> = columns.as_chunks().0.iter().map(|bytes| F128::from_bytes(*bytes)).collect();
        field::add_scaled(&mut self.key.columns[start..start + masked.len()], **self.key.delta, &masked);
        let (whole, all) = (self.chunks.done() / self.run.shape().bin_columns(), self.run.shape().bins());
        if whole >= (self.batch.bins_done + BINS_AT_ONCE).min(all) {
            self.batch.evaluate(whole, &self.key, &self.hash);
        }
        Ok(())
    }

    /// Waits for more columns, or shows the mask when all have come.
    fn turn(self) -> Result<Turn, Error> {
        if !self.chunks.is_complete() {
            return Ok(Turn::Receive(Box::new(self)));
        }
        let message = Message::VoleSenderMask(self.run.mask.opening());
        let progress = party::reached(PHASE_DECODE, 1, 1);
        let next = SendTags::new(self)?;
        Ok(Turn::Send(Box::new(next), vec![message], progress))
    }
}

impl SendTags {
    /// All columns have come, so the sender may show its mask.
    fn new(whole: TakeEncoding) -> Result<Self, Error> {
        let TakeEncoding { run, batches, key, hash, mut batch, .. } = whole;
        let bins = run.shape().bins();
        batch.evaluate(bins, &key, &hash);
        let tags = batch.sorted()?;
        let size = run.params.sender_size;
        let proofs = if run.params.prove_matches { size } else { 0 };
        Ok(Self {
            chunks: Chunks::new(size, TAGS_PER_MESSAGE),
            kept: Kept {
                proofs: Vec::with_capacity(proofs),
                positions: Wiped::new(Vec::with_capacity(proofs)),
                batched: run.params.prove_matches.then(|| batches.positions()).flatten(),
            },
            run,
            batches,
            key,
            hash,
            ready: VecDeque::from([tags]),
            sent: Vec::new(),
        })
    }

    /// The next tags; no message when all are sent.
    ///
    /// # Errors
    /// [`Error::RepeatedItem`]
    fn next_tags(&mut self) -> Result<Vec<Message>, Error> {
        let mut messages = Vec::with_capacity(MESSAGES_AT_ONCE);
        while messages.len() < MESSAGES_AT_ONCE && !self.chunks.is_complete() {
            self.have_batch()?;
            // There is a batch for every tag.
            let tags = self.ready.front().ok_or(Error::OutOfTurn)?;
            let (chunks, end) = (&mut self.chunks, tags.end());
            let ranges = std::iter::from_fn(|| if chunks.done() < end { chunks.next() } else { None });
            let ranges: Vec<_> = ranges.take(MESSAGES_AT_ONCE - messages.len()).collect();
            messages.par_extend(ranges.par_iter().map(|range| tags.message(range)));
            if self.run.params.prove_matches {
                ranges.into_iter().for_each(|range| self.kept.keep(range, tags));
            }
        }
        Ok(messages)
    }

    /// Sees to it that the first batch has tags that are not sent.
    fn have_batch(&mut self) -> Result<(), Error> {
        self.sent.extend(self.ready.pop_front_if(|tags| tags.end() == self.chunks.done()));
        if self.ready.is_empty() {
            self.ready = self.next_batches()?;
        }
        Ok(())
    }

    /// The next batches: of small ones one for each core, since a core that has one to itself waits for no other.
    fn next_batches(&mut self) -> Result<VecDeque<BatchTags>, Error> {
        let at_once = (MOST_TAGS_IN_ORDER / self.run.tags_in_order).clamp(1, rayon::current_num_threads());
        let ranges = std::iter::from_fn(|| self.batches.chunks.next()).take(at_once);
        let ranges: Vec<_> = ranges.map(|range| (range, self.sent.pop())).collect();
        let (shape, key) = (self.run.shape(), &self.key);
        let evaluate = |(range, sent)| {
            let mut batch = self.batches.batch(range, &shape, &key.seed, sent);
            batch.evaluate(shape.bins(), key, &self.hash);
            batch.sorted()
        };
        Ok(ranges.into_par_iter().map(evaluate).collect::<Result<Vec<_>, _>>()?.into())
    }

    fn take_proofs(self) -> TakeProofs {
        TakeProofs::new(self.kept.proofs, self.kept.positions, self.run.params.receiver_size)
    }
}

impl Kept {
    /// Keeps what belongs to the tags of a range of the order.
    fn keep(&mut self, range: Range<usize>, tags: &BatchTags) {
        for place in tags.places(&range) {
            let item = tags.grouped.order()[place];
            let batched = self.batched.as_ref();
            self.proofs.push(tags.outputs[place].proof());
            self.positions.push(batched.map_or(item, |batched| batched[tags.start + item as usize]));
        }
    }
}

impl BatchTags {
    /// The place after the last in [`Batches`].
    fn end(&self) -> usize {
        self.start + self.outputs.len()
    }

    /// The tags of a range of the order.
    fn message(&self, range: &Range<usize>) -> Message {
        let tags: Vec<[u8; TAG_BYTES]> = self.places(range).map(|place| *self.outputs[place].tag()).collect();
        Message::Tags(tags.into_flattened())
    }

    /// The places of the outputs of a range of the order.
    fn places(&self, range: &Range<usize>) -> impl Iterator<Item = usize> + '_ {
        self.order.places(range.start - self.start..range.end - self.start)
    }
}

impl Party for Start {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        let (next, message) = self.open(rng);
        let progress = party::reached(PHASE_CORRELATE, 0, 2);
        Ok(Turn::Send(Box::new(next), vec![message], progress))
    }
}

impl Party for Opened {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        Ok(Turn::Receive(Box::new(self.cut(rng)?)))
    }
}

impl Party for TakeExtension {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::VoleExtension(piece) => self.take(&piece, rng),
            other => Err(party::unexpected(MessageKind::VoleExtension, &other)),
        }
    }
}

impl Party for Grown {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        Ok(Turn::Receive(Box::new(self.0)))
    }
}

impl Party for TakeChallenge {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::VoleChallenge(challenge) => {
                let (next, message) = self.take(&challenge, rng)?;
                let progress = party::reached(PHASE_CORRELATE, 1, 2);
                Ok(Turn::Send(Box::new(next), vec![message], progress))
            }
            other => Err(party::unexpected(MessageKind::VoleChallenge, &other)),
        }
    }
}

impl Party for Expand {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        Ok(Turn::Receive(Box::new(self.expand())))
    }

    /// From here on: the salt is sent.
    fn time_limit(&self) -> Option<Duration> {
        Some(ENCODING_LIMIT)
    }
}

impl Party for TakeMask {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::VoleReceiverMask(mask) => {
                let progress = party::reached(PHASE_CORRELATE, 2, 2);
                Ok(Turn::Send(Box::new(Taken(self.take(mask))), Vec::new(), progress))
            }
            other => Err(party::unexpected(MessageKind::VoleReceiverMask, &other)),
        }
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(ENCODING_LIMIT)
    }
}

impl Party for TakeEncoding {
    fn advance(mut self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::VoleEncoding(columns) => self.take(&columns)?,
            other => return Err(party::unexpected(MessageKind::VoleEncoding, &other)),
        }
        if !self.chunks.is_complete() {
            return Ok(Turn::Receive(self));
        }
        let progress = party::progress(PHASE_ENCODE, &self.chunks);
        Ok(Turn::Send(Box::new(Taken(*self)), Vec::new(), progress))
    }

    fn reached(&self) -> Option<Progress> {
        Some(party::progress(PHASE_ENCODE, &self.chunks))
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(ENCODING_LIMIT)
    }
}

impl Party for Taken {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        self.0.turn()
    }

    /// The same limit still runs: one that stopped between two messages would begin anew with each.
    fn time_limit(&self) -> Option<Duration> {
        Some(ENCODING_LIMIT)
    }
}

impl Party for SendTags {
    fn advance(mut self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        let tags = self.next_tags()?;
        if !tags.is_empty() {
            let progress = party::progress(PHASE_TAGS, &self.chunks);
            return Ok(Turn::Send(self, tags, progress));
        }
        if self.run.params.prove_matches {
            return Ok(Turn::AwaitProofs(Box::new(self.take_proofs())));
        }
        Ok(Turn::Done(Outcome { matches: None }, Vec::new()))
    }
}
