//! Tests only: two machines joined in memory.

use std::collections::{HashSet, VecDeque};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{
    Error, Message, MessageKind, Outcome, Params, Party, Progress, Role, SessionItem, Turn, vole, voprf,
};

/// What makes one of an engine's machines.
type Make = fn(Params, Vec<SessionItem>) -> Result<Box<dyn Party>, Error>;

/// An engine.
#[derive(Clone, Copy)]
pub(crate) struct Engine {
    pub(crate) receiver: Make,
    pub(crate) sender: Make,
}

pub(crate) const VOPRF: Engine = Engine { receiver: voprf::receiver, sender: voprf::sender };
pub(crate) const VOLE: Engine = Engine { receiver: vole::receiver, sender: vole::sender };

pub(crate) fn params(receiver_size: usize, sender_size: usize, prove_matches: bool) -> Params {
    Params {
        exchange: *b"what names an exchange, 32 bytes",
        partition: 3,
        receiver_size,
        sender_size,
        prove_matches,
    }
}

/// Items with the given numbers.
pub(crate) fn items(numbers: impl IntoIterator<Item = u64>) -> Vec<SessionItem> {
    let item = |n: u64| {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        SessionItem::new(bytes)
    };
    numbers.into_iter().map(item).collect()
}

pub(crate) fn rngs() -> [ChaCha20Rng; 2] {
    [ChaCha20Rng::seed_from_u64(1), ChaCha20Rng::seed_from_u64(2)]
}

/// Positions in `own` of the items that `other` has too.
pub(crate) fn intersection(own: &[SessionItem], other: &[SessionItem]) -> Vec<usize> {
    let other: HashSet<_> = other.iter().collect();
    (0..own.len()).filter(|&i| other.contains(&own[i])).collect()
}

impl Engine {
    /// Runs two sets, with `between` on the way.
    pub(crate) fn run(
        self,
        receiver: &[SessionItem],
        sender: &[SessionItem],
        prove: bool,
        between: Between<'_>,
    ) -> [End; 2] {
        let params = params(receiver.len(), sender.len(), prove);
        let parties = [
            (self.receiver)(params.clone(), receiver.to_vec()).unwrap(),
            (self.sender)(params, sender.to_vec()).unwrap(),
        ];
        run(parties, rngs(), between)
    }

    /// Runs two sets unhindered, and compares with the plain intersection.
    pub(crate) fn check(self, receiver: &[SessionItem], sender: &[SessionItem], prove: bool) {
        let [r, s] = self.run(receiver, sender, prove, &mut |_, message| vec![message]);
        assert_eq!(r.unwrap().unwrap().matches, Some(intersection(receiver, sender)));
        assert_eq!(s.unwrap().unwrap().matches, prove.then(|| intersection(sender, receiver)));
    }
}

/// A message's bytes.
pub(crate) fn bytes(message: &Message) -> Vec<u8> {
    match message {
        Message::VoprfPublicKey(bytes) | Message::VoleSenderMask(bytes) => bytes.to_vec(),
        Message::VoprfProof(bytes) => bytes.to_vec(),
        Message::VoleReceiverMask(bytes) => bytes.to_vec(),
        Message::VoprfBlinded(bytes)
        | Message::VoprfEvaluated(bytes)
        | Message::VoleOpening(bytes)
        | Message::VoleExtension(bytes)
        | Message::VoleTrees(bytes)
        | Message::VoleChallenge(bytes)
        | Message::VoleSalt(bytes)
        | Message::VoleEncoding(bytes)
        | Message::Tags(bytes)
        | Message::MatchProofs(bytes) => bytes.clone(),
    }
}

/// The message of a kind with these bytes, whose number must be right where the kind has but one.
pub(crate) fn message(kind: MessageKind, bytes: Vec<u8>) -> Message {
    match kind {
        MessageKind::VoprfPublicKey => Message::VoprfPublicKey(bytes.try_into().unwrap()),
        MessageKind::VoprfBlinded => Message::VoprfBlinded(bytes),
        MessageKind::VoprfEvaluated => Message::VoprfEvaluated(bytes),
        MessageKind::VoprfProof => Message::VoprfProof(bytes.try_into().unwrap()),
        MessageKind::VoleOpening => Message::VoleOpening(bytes),
        MessageKind::VoleExtension => Message::VoleExtension(bytes),
        MessageKind::VoleTrees => Message::VoleTrees(bytes),
        MessageKind::VoleChallenge => Message::VoleChallenge(bytes),
        MessageKind::VoleSalt => Message::VoleSalt(bytes),
        MessageKind::VoleReceiverMask => Message::VoleReceiverMask(bytes.try_into().unwrap()),
        MessageKind::VoleEncoding => Message::VoleEncoding(bytes),
        MessageKind::VoleSenderMask => Message::VoleSenderMask(bytes.try_into().unwrap()),
        MessageKind::Tags => Message::Tags(bytes),
        MessageKind::MatchProofs => Message::MatchProofs(bytes),
    }
}

/// A hash of all messages that two sets' run sends, and their number: with seeded randomness every message is known, so a
/// change for speed cannot change the protocol unnoticed.
pub(crate) fn transcript(
    engine: Engine,
    receiver: &[SessionItem],
    sender: &[SessionItem],
    prove: bool,
) -> (usize, String) {
    let (mut hasher, mut messages) = (blake3::Hasher::new(), 0);
    engine.run(receiver, sender, prove, &mut |_, message| {
        let bytes = bytes(&message);
        hasher.update(format!("{:?} {}:", message.kind(), bytes.len()).as_bytes());
        hasher.update(&bytes);
        messages += 1;
        vec![message]
    });
    (messages, hasher.finalize().to_string())
}

#[derive(serde::Deserialize)]
struct KnownAnswer {
    receiver: u64,
    sender: u64,
    shared: u64,
    prove_matches: bool,
    messages: usize,
    transcript: String,
}

/// Compares transcripts with a file's.
pub(crate) fn check_transcripts(engine: Engine, json: &str) {
    let answers: Vec<KnownAnswer> = serde_json::from_str(json).unwrap();
    assert!(!answers.is_empty());
    for answer in answers {
        let receiver = items(0..answer.receiver);
        let start = answer.receiver - answer.shared;
        let sender = items(start..start + answer.sender);
        let found = transcript(engine, &receiver, &sender, answer.prove_matches);
        assert_eq!(found, (answer.messages, answer.transcript));
    }
}

/// What stands between the two machines: it sees each message, with its sender's role, and says what arrives instead.
pub(crate) type Between<'a> = &'a mut dyn FnMut(Role, Message) -> Vec<Message>;

/// How a machine ended. `None`: it still waits, and its partner has ended or waits too.
pub(crate) type End = Option<Result<Outcome, Error>>;

/// One machine and what it has not yet read.
struct Side {
    party: Option<(Box<dyn Party>, bool)>,
    inbox: VecDeque<Message>,
    end: End,
    progress: Vec<Progress>,
    rng: ChaCha20Rng,
}

/// Runs a receiver and a sender until neither can go on; the receiver's end first.
pub(crate) fn run(parties: [Box<dyn Party>; 2], rngs: [ChaCha20Rng; 2], between: Between<'_>) -> [End; 2] {
    run_watched(parties, rngs, between).map(|(end, _)| end)
}

/// The same, with what each side told of its progress.
pub(crate) fn run_watched(
    parties: [Box<dyn Party>; 2],
    rngs: [ChaCha20Rng; 2],
    between: Between<'_>,
) -> [(End, Vec<Progress>); 2] {
    let [receiver, sender] = parties;
    let [receiver_rng, sender_rng] = rngs;
    let mut sides = [Side::new(receiver, receiver_rng), Side::new(sender, sender_rng)];
    loop {
        let moved = [(0, Role::Receiver), (1, Role::Sender)].map(|(i, role)| {
            let Some(sent) = sides[i].advance() else { return false };
            sides[1 - i].inbox.extend(sent.into_iter().flat_map(|message| between(role, message)));
            true
        });
        if moved == [false, false] {
            return sides.map(|side| (side.end, side.progress));
        }
    }
}

impl Side {
    fn new(party: Box<dyn Party>, rng: ChaCha20Rng) -> Self {
        Self { party: Some((party, false)), inbox: VecDeque::new(), end: None, progress: Vec::new(), rng }
    }

    /// One step, if there is one to make, and what it sent.
    fn advance(&mut self) -> Option<Vec<Message>> {
        let (_, waits) = self.party.as_ref()?;
        let incoming = if *waits { Some(self.inbox.pop_front()?) } else { None };
        let (party, _) = self.party.take()?;
        let (next, sent) = match party.advance(incoming, &mut self.rng) {
            Ok(Turn::Send(party, messages, progress)) => {
                self.progress.push(progress);
                (Some((party, false)), messages)
            }
            Ok(Turn::Receive(party) | Turn::AwaitProofs(party)) => {
                self.progress.extend(party.reached());
                (Some((party, true)), Vec::new())
            }
            Ok(Turn::Done(outcome, messages)) => {
                self.end = Some(Ok(outcome));
                (None, messages)
            }
            Err(error) => {
                self.end = Some(Err(error));
                (None, Vec::new())
            }
        };
        self.party = next;
        Some(sent)
    }
}
