//! A test's hand on the frames of a node: to see them, and to tamper with one on its way out.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use overlap_psi::vole::{self, Cut};
use overlap_wire::{Frame, HEADER_SIZE, Header};

/// What becomes of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mischief {
    /// The connection is closed in its place.
    Close,
    /// Random bytes in its place.
    Garbage,
    /// Its header, and other bytes behind it.
    GarbageBody,
    /// Its header with the largest length there is.
    Huge,
    /// It comes twice.
    Repeat,
    /// It comes after the next one.
    Swap,
    /// Its last byte is another.
    Flip,
    /// Nothing comes any more.
    Stall,
    /// It comes byte by byte.
    Trickle,
    /// A hello with other canonicalisation rules.
    OtherCanonVersion,
}

impl Mischief {
    /// Other bytes than are due.
    pub(crate) const BYTES: [Mischief; 7] = [
        Mischief::Close,
        Mischief::Garbage,
        Mischief::GarbageBody,
        Mischief::Huge,
        Mischief::Repeat,
        Mischief::Swap,
        Mischief::Flip,
    ];
}

/// What a channel does with a frame.
pub(crate) enum Deed {
    Send(Vec<Bytes>),
    Trickle(Bytes),
    Stall,
    Close,
}

/// The frames of a node's conversations, and what to do to one of them.
#[derive(Clone, Default)]
pub(crate) struct Tap(Arc<Mutex<State>>);

/// Makes another frame of one.
type Rewrite = Box<dyn Fn(Frame) -> Frame + Send>;

#[derive(Default)]
struct State {
    /// In the order in which they went: true for sent, header and message, before tampering.
    frames: Vec<(bool, Bytes)>,
    sent: usize,
    plan: Option<(usize, Mischief)>,
    rewrites: Vec<(usize, Rewrite)>,
    held: Option<Bytes>,
    parts: Option<u32>,
    claimed: Option<u64>,
    credulous: bool,
}

impl Tap {
    /// Tampers with the frame that is sent after `at` others.
    pub(crate) fn plan(&self, at: usize, mischief: Mischief) {
        *self.0.lock().unwrap() = State { plan: Some((at, mischief)), ..State::default() };
    }

    /// Puts another frame in the place of the one that is sent after `at` others.
    pub(crate) fn rewrite(&self, at: usize, rewrite: impl Fn(Frame) -> Frame + Send + 'static) {
        self.0.lock().unwrap().rewrites.push((at, Box::new(rewrite)));
    }

    /// Cuts exchanges into so many partitions, however small they are.
    pub(crate) fn cut_into(&self, parts: u32) {
        self.0.lock().unwrap().parts = Some(parts);
    }

    /// How an exchange that is not cut is cut: with the bounds that `vole` has for sets of these sizes in so many partitions.
    pub(crate) fn recut(&self, cut: Cut) -> Cut {
        let Some(parts) = self.0.lock().unwrap().parts else { return cut };
        // The largest set of the other side that asks for no more.
        let receiver = vole::cut(cut.receiver_size as u64, u64::from(parts) << 22).unwrap();
        let sender = vole::cut(u64::from(parts) << 20, cut.sender_size as u64).unwrap();
        assert_eq!([receiver.parts, sender.parts], [parts; 2]);
        Cut { parts, receiver_size: receiver.receiver_size, sender_size: sender.sender_size }
    }

    /// Tells partners that the own set is of this size. To a larger one than it is it is padded; a smaller one is a lie.
    pub(crate) fn claim(&self, size: u64) {
        self.0.lock().unwrap().claimed = Some(size);
    }

    /// What partners are told of the own set's size, where it is not the truth.
    pub(crate) fn claimed(&self) -> Option<u64> {
        self.0.lock().unwrap().claimed
    }

    /// Takes proofs of however many matches, to show what the check of their number is needed for.
    pub(crate) fn believe_any_number(&self) {
        self.0.lock().unwrap().credulous = true;
    }

    pub(crate) fn believes_any_number(&self) -> bool {
        self.0.lock().unwrap().credulous
    }

    /// The frames until now.
    pub(crate) fn frames(&self) -> Vec<(bool, Bytes)> {
        self.0.lock().unwrap().frames.clone()
    }

    pub(crate) fn received(&self, frame: &Bytes) {
        self.0.lock().unwrap().frames.push((false, frame.clone()));
    }

    pub(crate) fn send(&self, frame: &Bytes) -> Deed {
        let mut state = self.0.lock().unwrap();
        state.frames.push((true, frame.clone()));
        let number = state.sent;
        state.sent += 1;
        if let Some((_, rewrite)) = state.rewrites.iter().find(|(at, _)| *at == number) {
            return Deed::Send(vec![rewrite(decoded(frame)).encode()]);
        }
        match state.plan {
            Some((at, mischief)) if at == number => state.tamper(mischief, frame.clone()),
            _ => Deed::Send([frame.clone()].into_iter().chain(state.held.take()).collect()),
        }
    }
}

impl State {
    fn tamper(&mut self, mischief: Mischief, frame: Bytes) -> Deed {
        let header = &frame[..HEADER_SIZE];
        Deed::Send(vec![match mischief {
            Mischief::Close => return Deed::Close,
            Mischief::Stall => return Deed::Stall,
            Mischief::Trickle => return Deed::Trickle(frame),
            Mischief::Repeat => return Deed::Send(vec![frame.clone(), frame]),
            Mischief::Swap => {
                self.held = Some(frame);
                return Deed::Send(Vec::new());
            }
            Mischief::Garbage => Bytes::from(vec![0xa5; frame.len()]),
            Mischief::GarbageBody => [header, &vec![0xff; frame.len() - HEADER_SIZE]].concat().into(),
            Mischief::Huge => [&header[..1], &[0xff; 4]].concat().into(),
            Mischief::Flip => {
                let (last, rest) = frame.split_last().unwrap();
                [rest, &[last ^ 1]].concat().into()
            }
            Mischief::OtherCanonVersion => other_canon_version(&frame),
        }])
    }
}

/// A frame of this node's, from its bytes.
pub(crate) fn decoded(frame: &Bytes) -> Frame {
    let header = Header::decode(frame[..HEADER_SIZE].try_into().unwrap()).unwrap();
    Frame::decode(header, frame.slice(HEADER_SIZE..)).unwrap()
}

fn other_canon_version(frame: &Bytes) -> Bytes {
    match decoded(frame) {
        Frame::Hello(mut hello) => {
            hello.canon_version += 1;
            Frame::Hello(hello).encode()
        }
        other => panic!("{other:?} is no hello"),
    }
}
