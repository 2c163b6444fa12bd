//! The receiver's states, in the order in which they follow each other.

use rand_core::CryptoRng;
use rayon::prelude::*;

use super::parameters::Parameters;
use super::session::{COMMITMENT_BYTES, SALT_BYTES, SEED_BYTES, SenderMask, Session};
use super::{
    HASHES_AT_ONCE, LABEL, OPENING_BYTES, PHASE_CORRELATE, PHASE_DECODE, PHASE_ENCODE, PHASE_TAGS,
    SALT_MESSAGE_BYTES, silent_error, transfer_error,
};
use crate::chunk::{Chunks, PIECE_BYTES, Pieces, pieces};
use crate::expand_convolute::Pair;
use crate::field::F128;
use crate::item_set::{ItemSource, has_repeats};
use crate::keyed_hash::KeyedHash;
use crate::match_proofs;
use crate::matching::Match;
use crate::okvs::{Fill, Grouped, Plan, decode_bin};
use crate::output::{OutputHash, PackedOutput, TAG_BYTES};
use crate::silent_vole::{Challenge, NoiseChoice, SilentReceiver, Unchecked, Verified};
use crate::tag_order::{Merge, TagMatch, tags_of};
use crate::tags::TAGS_PER_MESSAGE;
use crate::wiped::Wiped;
use crate::{
    Error, Message, MessageKind, Outcome, Params, Party, Progress, SessionItem, Turn, base_ot, ot_extension,
    party,
};

/// Bins that are encoded between two messages: enough for every core, few enough that the sender has work soon.
const BINS_AT_ONCE: usize = 8;

/// Seeds that are tried. An honest set fails with one with probability 2^-40.
const SEEDS: usize = 4;

/// What every state holds.
struct Run {
    params: Params,
    session: Session,
    parameters: &'static Parameters,
    /// See [`super::tags_in_order`].
    tags_in_order: usize,
}

/// Before anything.
pub(crate) struct Start(TakeOpening);

/// The sender's commitment and its part of the base transfers are due.
struct TakeOpening {
    run: Run,
    items: ItemSource,
}

/// The extension is sent; while the sender grows its trees, the set's encoding is planned.
struct Solve {
    run: Run,
    items: ItemSource,
    commitment: [u8; COMMITMENT_BYTES],
    noise: Box<NoiseChoice>,
    rows: Wiped<F128>,
}

/// What every state holds from then on: the run, the sender's commitment, and the set in bins.
struct Planned {
    run: Run,
    commitment: [u8; COMMITMENT_BYTES],
    seed: [u8; SEED_BYTES],
    grouped: Grouped,
}

/// The trees' corrections come.
struct TakeTrees {
    planned: Planned,
    plan: Plan,
    noise: Box<NoiseChoice>,
    rows: Wiped<F128>,
    pieces: Pieces,
}

/// The challenge is sent; the correlation is expanded while its answer is on its way.
struct Expand {
    planned: Planned,
    plan: Plan,
    silent: SilentReceiver,
    challenge: Challenge,
}

/// The answer to the challenge is due, and with it the salt.
struct TakeSalt {
    planned: Planned,
    plan: Plan,
    challenge: Challenge,
    correlation: Unchecked,
}

/// The correlation has passed its check, which is what a [`Verified`] is needed for, so it may mask: the set is encoded bin by
/// bin, and sent.
struct Encode {
    planned: Planned,
    plan: Plan,
    mask: F128,
    /// A' and C of `C = Delta * A' + B`, side by side; as many as columns, or more.
    correlation: Wiped<Pair>,
    hash: KeyedHash,
    fill: Box<Fill>,
    bins: Chunks,
    /// Bytes of columns that do not fill a message yet.
    unsent: Vec<u8>,
}

/// All columns are sent: the own items are decoded while the sender decodes its own.
struct Decode {
    planned: Planned,
    mask: F128,
    correlation: Wiped<Pair>,
}

/// The own items' raw values, less the sender's mask, which is due.
struct TakeMask {
    planned: Planned,
    mask: F128,
    values: Wiped<F128>,
}

/// The own outputs are known; tags come.
struct TakeTags {
    run: Run,
    grouped: Grouped,
    chunks: Chunks,
    merge: Merge,
}

/// A phase is over, and its driver was told: there are tags to come, or none any more.
struct Merged(TakeTags);

impl Start {
    pub(crate) fn new(
        params: Params,
        parameters: &'static Parameters,
        items: ItemSource,
        tags_in_order: usize,
    ) -> Self {
        let run = Run { session: Session::new(&params), params, parameters, tags_in_order };
        Self(TakeOpening { run, items })
    }
}

impl TakeOpening {
    fn take(self, opening: &[u8], rng: &mut dyn CryptoRng) -> Result<(Solve, Vec<Message>), Error> {
        let kind = MessageKind::VoleOpening;
        if opening.len() != OPENING_BYTES {
            return Err(Error::WrongCount { kind });
        }
        let (commitment, transfers) = opening.split_first_chunk().ok_or(Error::WrongCount { kind })?;
        let session = self.run.session.bytes();
        let (seeds, mut reply) =
            base_ot::send(session, transfers, rng).map_err(|error| transfer_error(error, kind))?;
        let noise = NoiseChoice::random(self.run.parameters.noise(), rng);
        let (rows, extension) = ot_extension::extend_receiver(session, seeds, &noise.choice_bits(), rng);
        reply.extend_from_slice(&extension);
        let messages = pieces(&reply, Message::VoleExtension);
        let commitment = *commitment;
        Ok((Solve { run: self.run, items: self.items, commitment, noise, rows }, messages))
    }
}

impl Solve {
    fn solve(self, rng: &mut dyn CryptoRng) -> Result<TakeTrees, Error> {
        let Self { run, items, commitment, noise, rows } = self;
        let items = items.make().of_size(run.params.receiver_size)?;
        let (seed, grouped, plan) = plan(run.parameters, items.items(), rng)?;
        let pieces = Pieces::new(MessageKind::VoleTrees, run.parameters.noise().message_len());
        let planned = Planned { run, commitment, seed, grouped };
        Ok(TakeTrees { planned, plan, noise, rows, pieces })
    }
}

/// A seed, the set in bins under it, and how its encoding will be solved. Whether a seed works shows before anything that
/// depends on it is sent, and the partner sees only the one that does.
fn plan(
    parameters: &Parameters,
    items: &[SessionItem],
    rng: &mut dyn CryptoRng,
) -> Result<([u8; SEED_BYTES], Grouped, Plan), Error> {
    for _ in 0..SEEDS {
        let mut seed = [0; SEED_BYTES];
        rng.fill_bytes(&mut seed);
        let Ok(grouped) = Grouped::within_capacity(&parameters.shape(), &seed, items) else { continue };
        if let Ok(plan) = Plan::new(&grouped) {
            return Ok((seed, grouped, plan));
        }
    }
    // Two equal items have equal rows, which no seed can solve.
    Err(if has_repeats(items) { Error::RepeatedItem } else { Error::Unencodable })
}

impl TakeTrees {
    fn take(mut self, piece: &[u8], rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        let Some(trees) = self.pieces.take(piece)? else { return Ok(Turn::Receive(Box::new(self))) };
        let Self { planned, plan, noise, rows, .. } = self;
        let session = planned.run.session.bytes();
        let (silent, challenge) = SilentReceiver::new(session, noise, &rows, &trees, rng)
            .map_err(|error| silent_error(error, MessageKind::VoleTrees))?;
        let message = Message::VoleChallenge([planned.seed.as_slice(), &challenge.message].concat());
        let progress = party::reached(PHASE_CORRELATE, 1, 2);
        let next = Expand { planned, plan, silent, challenge };
        Ok(Turn::Send(Box::new(next), vec![message], progress))
    }
}

impl Expand {
    fn expand(self) -> TakeSalt {
        let Self { planned, plan, silent, challenge } = self;
        TakeSalt { planned, plan, challenge, correlation: silent.expand() }
    }
}

impl TakeSalt {
    fn take(self, message: &[u8], rng: &mut dyn CryptoRng) -> Result<(Encode, Message), Error> {
        let wrong_count = Error::WrongCount { kind: MessageKind::VoleSalt };
        if message.len() != SALT_MESSAGE_BYTES {
            return Err(wrong_count);
        }
        let (answer, salt) = message.split_first_chunk().ok_or(wrong_count.clone())?;
        let salt: &[u8; SALT_BYTES] = salt.try_into().map_err(|_| wrong_count)?;
        let verified =
            self.challenge.verify(answer).map_err(|error| silent_error(error, MessageKind::VoleSalt))?;
        let mask = F128::random(rng);
        Ok((self.encode(verified, salt, mask, rng), Message::VoleReceiverMask(mask.to_bytes())))
    }

    fn encode(
        self,
        verified: Verified,
        salt: &[u8; SALT_BYTES],
        mask: F128,
        rng: &mut dyn CryptoRng,
    ) -> Encode {
        let Planned { run, seed, .. } = &self.planned;
        Encode {
            hash: run.session.item_hash(salt, seed),
            fill: Box::new(Fill::random(rng)),
            bins: Chunks::new(run.parameters.shape().bins(), BINS_AT_ONCE),
            unsent: Vec::new(),
            mask,
            correlation: self.correlation.accept(verified),
            plan: self.plan,
            planned: self.planned,
        }
    }
}

impl Encode {
    /// The next messages, or `None` when all are sent.
    fn next_columns(&mut self) -> Option<Vec<Message>> {
        let bins = self.bins.next()?;
        let encoded: Vec<Vec<u8>> = bins.into_par_iter().map(|bin| self.encode(bin)).collect();
        encoded.iter().for_each(|columns| self.unsent.extend_from_slice(columns));
        let whole = self.unsent.len() / PIECE_BYTES * PIECE_BYTES;
        let ready = if self.bins.is_complete() { self.unsent.len() } else { whole };
        let rest = self.unsent.split_off(ready);
        let sent = std::mem::replace(&mut self.unsent, rest);
        Some(if sent.is_empty() { Vec::new() } else { pieces(&sent, Message::VoleEncoding) })
    }

    /// A bin's columns: the encoding, masked by A'.
    fn encode(&self, bin: usize) -> Vec<u8> {
        let grouped = &self.planned.grouped;
        let width = grouped.shape().bin_columns();
        let masks = &self.correlation[bin * width..(bin + 1) * width];
        let mut columns = Wiped::new(masks.iter().map(|pair| pair.0[0]).collect::<Vec<_>>());
        let values = super::item_values(&self.hash, &grouped.keys()[grouped.bin(bin)]);
        self.plan.encode_bin(bin, grouped, &values, &mut columns, &|free| self.fill.elements(bin, free));
        columns.iter().flat_map(|column| column.to_bytes()).collect()
    }

    fn decode(self) -> Decode {
        Decode { planned: self.planned, mask: self.mask, correlation: self.correlation }
    }
}

impl Decode {
    fn decode(self) -> TakeMask {
        let grouped = &self.planned.grouped;
        let (bins, width) = (grouped.shape().bins(), grouped.shape().bin_columns());
        let mut values = Wiped::zeroed(grouped.keys().len());
        super::by_bin(grouped, 0..bins, &mut values).into_par_iter().for_each(|(bin, values)| {
            let own = &self.correlation[bin * width..(bin + 1) * width];
            let own = Wiped::new(own.iter().map(|pair| pair.0[1]).collect::<Vec<_>>());
            decode_bin(grouped, bin, &own, values);
        });
        TakeMask { planned: self.planned, mask: self.mask, values }
    }
}

impl TakeMask {
    fn take(mut self, opening: &[u8; 32]) -> Result<TakeTags, Error> {
        let Planned { run, commitment, grouped, .. } = self.planned;
        let theirs = SenderMask::open(opening, &run.session, &commitment);
        let mask = self.mask + theirs.ok_or(Error::BadMask)?;
        let hash = OutputHash::new(LABEL, &run.params);
        let keys = grouped.keys();
        let mut outputs = Wiped::zeroed(keys.len());
        self.values
            .par_chunks_mut(HASHES_AT_ONCE)
            .zip(keys.par_chunks(HASHES_AT_ONCE).zip(outputs.par_chunks_mut(HASHES_AT_ONCE)))
            .for_each(|(values, (keys, outputs))| super::outputs(&hash, values, mask, keys, outputs));
        Ok(TakeTags {
            chunks: Chunks::new(run.params.sender_size, TAGS_PER_MESSAGE),
            run,
            grouped,
            merge: Merge::new(outputs),
        })
    }
}

impl TakeTags {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let start = self.chunks.done();
        self.chunks.accept(MessageKind::Tags, bytes, TAG_BYTES)?;
        if start.is_multiple_of(self.run.tags_in_order) {
            self.merge.restart();
        }
        self.merge.take(tags_of(bytes)?)
    }

    /// Waits for more, or ends when all have come.
    fn turn(self) -> Turn {
        if !self.chunks.is_complete() {
            return Turn::Receive(Box::new(self));
        }
        let (found, outputs) = self.merge.finish();
        let matches: Vec<Match> =
            found.iter().map(|found| matched(found, &outputs, self.grouped.order())).collect();
        let proofs = if self.run.params.prove_matches { match_proofs::encode(&matches) } else { Vec::new() };
        let mut positions: Vec<usize> = matches.iter().map(|m| m.position).collect();
        positions.sort_unstable();
        Turn::Done(Outcome { matches: Some(positions) }, proofs)
    }
}

fn matched(found: &TagMatch, outputs: &[PackedOutput], positions: &[u32]) -> Match {
    let place = found.place;
    Match { position: positions[place] as usize, tag_index: found.tag_index, proof: outputs[place].proof() }
}

impl Party for Start {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        Ok(Turn::Receive(Box::new(self.0)))
    }
}

impl Party for TakeOpening {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::VoleOpening(opening) => {
                let (next, messages) = self.take(&opening, rng)?;
                let progress = party::reached(PHASE_CORRELATE, 0, 2);
                Ok(Turn::Send(Box::new(next), messages, progress))
            }
            other => Err(party::unexpected(MessageKind::VoleOpening, &other)),
        }
    }
}

impl Party for Solve {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        Ok(Turn::Receive(Box::new(self.solve(rng)?)))
    }
}

impl Party for TakeTrees {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::VoleTrees(piece) => self.take(&piece, rng),
            other => Err(party::unexpected(MessageKind::VoleTrees, &other)),
        }
    }
}

impl Party for Expand {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        Ok(Turn::Receive(Box::new(self.expand())))
    }
}

impl Party for TakeSalt {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::VoleSalt(salt) => {
                let (next, message) = self.take(&salt, rng)?;
                let progress = party::reached(PHASE_CORRELATE, 2, 2);
                Ok(Turn::Send(Box::new(next), vec![message], progress))
            }
            other => Err(party::unexpected(MessageKind::VoleSalt, &other)),
        }
    }
}

impl Party for Encode {
    fn advance(mut self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        if let Some(columns) = self.next_columns() {
            let progress = party::progress(PHASE_ENCODE, &self.bins);
            return Ok(Turn::Send(self, columns, progress));
        }
        let progress = party::reached(PHASE_DECODE, 0, 1);
        Ok(Turn::Send(Box::new(self.decode()), Vec::new(), progress))
    }
}

impl Party for Decode {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        Ok(Turn::Receive(Box::new(self.decode())))
    }
}

impl Party for TakeMask {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::VoleSenderMask(opening) => {
                let next = Merged(self.take(&opening)?);
                Ok(Turn::Send(Box::new(next), Vec::new(), party::reached(PHASE_DECODE, 1, 1)))
            }
            other => Err(party::unexpected(MessageKind::VoleSenderMask, &other)),
        }
    }
}

impl Party for TakeTags {
    fn advance(mut self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        match party::due(incoming)? {
            Message::Tags(tags) => self.take(&tags)?,
            other => return Err(party::unexpected(MessageKind::Tags, &other)),
        }
        if !self.chunks.is_complete() {
            return Ok(Turn::Receive(self));
        }
        let progress = party::progress(PHASE_TAGS, &self.chunks);
        Ok(Turn::Send(Box::new(Merged(*self)), Vec::new(), progress))
    }

    fn reached(&self) -> Option<Progress> {
        Some(party::progress(PHASE_TAGS, &self.chunks))
    }
}

impl Party for Merged {
    fn advance(self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        party::nothing_due(incoming)?;
        Ok(self.0.turn())
    }
}
