//! Both machines against each other; their outputs are held against the plain intersection in [`crate::engine_tests`].

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand_core::CryptoRng;

use super::{ENCODING_LIMIT, MAX_SENDER_ITEMS};
use crate::pair::{self, VOLE, check_transcripts, items, params, rngs};
use crate::{Error, Message, MessageKind, Party, SessionItem, Turn};

#[test]
fn bad_sets_are_refused_before_the_first_message() {
    let refused = |receiver, sender, items: Vec<SessionItem>| {
        let params = params(receiver, sender, true);
        [super::receiver(params.clone(), items.clone()).err(), super::sender(params, items).err()]
    };
    // No size of the table: both sides refuse it, for both must know the receiver's.
    for size in [0, 17, 1025, (1 << 20) + 1, usize::MAX] {
        let unsupported = Some(Error::UnsupportedSize { size });
        assert_eq!(refused(size, 3, items(0..3)), [unsupported.clone(), unsupported]);
    }
    let too_many = Some(Error::UnsupportedSize { size: MAX_SENDER_ITEMS + 1 });
    assert_eq!(refused(2, MAX_SENDER_ITEMS + 1, items(0..2)), [too_many.clone(), too_many]);
    let other_size = Some(Error::UnsupportedSize { size: 2 });
    assert_eq!(refused(3, 3, items(0..2)), [other_size.clone(), other_size]);
}

#[test]
fn transcripts_are_the_known_ones() {
    check_transcripts(VOLE, include_str!("../../../tests/vectors/psi/vole-transcripts.json"));
}

/// Whole runs send the same bytes whatever instructions there are and however many threads: a process without the wide
/// ones compares its transcripts with the known ones.
#[test]
#[cfg(target_arch = "x86_64")]
fn narrower_processors_give_the_known_transcripts() {
    for instructions in ["portable", "avx2"] {
        let mut process = std::process::Command::new(std::env::current_exe().unwrap());
        process.args([
            "--exact",
            "vole::tests::transcripts_are_the_known_ones",
            "processor::limit::a_limit_is_kept",
        ]);
        process.env(crate::processor::limit::LIMIT, instructions).env("RAYON_NUM_THREADS", "1");
        let output = process.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("2 passed"), "{instructions}: {said}");
    }
}

type Limits = Arc<Mutex<Vec<(Option<MessageKind>, Option<Duration>)>>>;

/// A machine that notes the time limit of each state, with the message for which its driver waited there, if for any.
struct Watched {
    party: Box<dyn Party>,
    limits: Limits,
}

impl Party for Watched {
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error> {
        let waited_for = incoming.as_ref().map(Message::kind);
        self.limits.lock().unwrap().push((waited_for, self.party.time_limit()));
        let limits = self.limits;
        let watched = |party| Box::new(Self { party, limits });
        Ok(match self.party.advance(incoming, rng)? {
            Turn::Send(next, messages, progress) => Turn::Send(watched(next), messages, progress),
            Turn::Receive(next) => Turn::Receive(watched(next)),
            Turn::AwaitProofs(next) => Turn::AwaitProofs(watched(next)),
            done => done,
        })
    }
}

/// The bound on what a receiver can encode rests on how long it may take to after it has the salt.
#[test]
fn the_encoding_has_a_time_limit_and_nothing_else_has() {
    use MessageKind::*;
    let limits = Limits::default();
    let params = params(4, 4, true);
    let receiver = super::receiver(params.clone(), items(0..4)).unwrap();
    let sender = super::sender(params, items(0..4)).unwrap();
    let watched = Box::new(Watched { party: sender, limits: Arc::clone(&limits) });
    let ends = pair::run([receiver, watched], rngs(), &mut |_, message| vec![message]);
    assert!(ends.iter().all(|end| matches!(end, Some(Ok(_)))));
    let limit = Some(ENCODING_LIMIT);
    let (before, after) = ([VoleExtension, VoleChallenge], [MatchProofs]);
    let encoding = [VoleReceiverMask, VoleEncoding].map(|kind| (kind, limit));
    let expected =
        [&before.map(|kind| (kind, None))[..], &encoding, &after.map(|kind| (kind, None))].concat();
    let states = limits.lock().unwrap().clone();
    let waited = |(kind, limit): &(Option<MessageKind>, _)| kind.map(|kind| (kind, *limit));
    let mut found: Vec<_> = states.iter().filter_map(waited).collect();
    // The extension comes in several pieces.
    found.dedup();
    assert_eq!(found, expected);
    // One limit for all of it: a state without one would have the driver begin anew.
    let mut limited: Vec<_> = states.iter().map(|(_, limit)| limit.is_some()).collect();
    limited.dedup();
    assert_eq!(limited, [false, true, false]);
}
