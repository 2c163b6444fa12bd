//! Changes of every field of every message: each ends in the error that names it, never in a wrong match.

use std::ops::Range;

use proptest::prelude::*;

use super::session::{COMMITMENT_BYTES, SEED_BYTES};
use super::{OPENING_BYTES, parameters};
use crate::base_ot::{self, OTS};
use crate::pair::{End, VOLE, bytes, intersection, items, message};
use crate::{Error, Fault, MATCH_BYTES, Message, MessageKind, SessionItem};

use MessageKind::*;

/// In the order in which they are sent.
pub(super) const KINDS: [MessageKind; 10] = [
    VoleOpening,
    VoleExtension,
    VoleTrees,
    VoleChallenge,
    VoleSalt,
    VoleReceiverMask,
    VoleEncoding,
    VoleSenderMask,
    Tags,
    MatchProofs,
];

/// Kinds whose messages have one length, which the wire has checked.
pub(super) const FIXED: [MessageKind; 2] = [VoleReceiverMask, VoleSenderMask];

/// Whose machine reads messages of this kind: 0 the receiver's, 1 the sender's.
pub(super) fn reader(kind: MessageKind) -> usize {
    let by_sender = [VoleExtension, VoleChallenge, VoleReceiverMask, VoleEncoding, MatchProofs];
    usize::from(by_sender.contains(&kind))
}

/// Sets of 5 and 7 items that share 3.
fn sets() -> [Vec<SessionItem>; 2] {
    [items(0..5), items(2..5).into_iter().chain(items(100..104)).collect()]
}

/// A run of [`sets`] with something between the machines.
pub(super) fn run(between: &mut dyn FnMut(Message) -> Vec<Message>) -> [End; 2] {
    let [receiver, sender] = sets();
    VOLE.run(&receiver, &sender, true, &mut |_, sent| between(sent))
}

/// A run of [`sets`] where the messages of one kind, taken as one string, have their bytes changed on the way. The length
/// stays.
fn tampered(kind: MessageKind, change: impl FnOnce(&mut [u8])) -> [End; 2] {
    let (mut held, mut change) = (Vec::new(), Some(change));
    run(&mut |sent| {
        if sent.kind() != kind {
            return vec![sent];
        }
        held.push(bytes(&sent));
        let mut whole = held.concat();
        if whole.len() < whole_length(kind) {
            return Vec::new();
        }
        if let Some(change) = change.take() {
            change(&mut whole);
        }
        let mut rest = whole.as_slice();
        let piece = |held: &Vec<u8>| message(kind, rest.split_off(..held.len()).unwrap().to_vec());
        held.iter().map(piece).collect()
    })
}

/// Bytes that all messages of a kind have together in a run of [`sets`].
fn whole_length(kind: MessageKind) -> usize {
    let parameters = parameters::parameters(5).unwrap();
    match kind {
        VoleExtension => super::extension_message_bytes(parameters),
        // All others fit one message.
        _ => 0,
    }
}

/// The error with which the reader of a kind ended, and no one else.
pub(super) fn error(kind: MessageKind, ends: [End; 2]) -> Error {
    let found = ends[reader(kind)].clone();
    let error = found.expect("the reader ended").expect_err("the reader ended in an error");
    assert_eq!(error.fault(), Fault::Peer);
    if kind != MatchProofs {
        assert_eq!(ends[1 - reader(kind)], None, "the partner has nothing to end with");
    }
    error
}

/// Whoever ended well knows no more than the plain intersection. How many each has found.
pub(super) fn matches(ends: &[End; 2]) -> [Option<usize>; 2] {
    let [receiver, sender] = sets();
    let right = [intersection(&receiver, &sender), intersection(&sender, &receiver)];
    [0, 1].map(|side| {
        let outcome = ends[side].as_ref()?.as_ref().ok()?;
        let matches = outcome.matches.as_ref().expect("both learn");
        assert!(matches.is_sorted() && matches.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(matches.iter().all(|i| right[side].contains(i)), "{matches:?}");
        Some(matches.len())
    })
}

fn flip(at: usize, bit: u32) -> impl Fn(&mut [u8]) {
    move |bytes| bytes[at] ^= 1 << bit
}

/// One bit of a field is changed: the errors that may come of it at the reader, or at a partner that reads later.
fn flipped(kind: MessageKind, at: usize, bit: u32) -> [End; 2] {
    let ends = tampered(kind, flip(at, bit));
    matches(&ends);
    ends
}

/// Where a field is, and what comes of a bit that is flipped there: the ends of receiver and sender.
struct Field {
    kind: MessageKind,
    place: Range<usize>,
    allowed: Vec<[Flipped; 2]>,
}

/// How a side may end.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Flipped {
    /// It waits for a partner that has given up.
    Waits,
    Error(Error),
    /// It ends well, with so many matches of the three.
    Matches(usize),
}

use Flipped::{Matches, Waits};

pub(super) fn ended(ends: &[End; 2]) -> [Flipped; 2] {
    let found = matches(ends);
    [0, 1].map(|side| match (&ends[side], found[side]) {
        (Some(Err(error)), _) => {
            assert_eq!(error.fault(), Fault::Peer);
            Flipped::Error(error.clone())
        }
        (_, Some(count)) => Matches(count),
        _ => Waits,
    })
}

/// Every field of every message.
fn fields() -> Vec<Field> {
    let receiver = |error| [Flipped::Error(error), Waits];
    let sender = |error| [Waits, Flipped::Error(error)];
    let lost = |left| [Matches(left), Matches(left)];
    let extension = whole_length(VoleExtension);
    let noise = parameters::parameters(5).unwrap().noise();
    let taus = noise.message_len() - 16 * noise.trees;
    let field = |kind, place, allowed: &[_]| Field { kind, place, allowed: allowed.to_vec() };
    let invalid = |kind| Error::InvalidElement { kind };
    vec![
        // The commitment.
        field(VoleOpening, 0..COMMITMENT_BYTES, &[receiver(Error::BadMask)]),
        // The base transfers: no element, or one with which the sides' transcripts differ.
        field(
            VoleOpening,
            COMMITMENT_BYTES..OPENING_BYTES,
            &[receiver(invalid(VoleOpening)), sender(Error::BadExtension)],
        ),
        field(
            VoleExtension,
            0..base_ot::SENDER_BYTES,
            &[sender(invalid(VoleExtension)), sender(Error::BadExtension)],
        ),
        // The corrections and the check's answer.
        field(VoleExtension, base_ot::SENDER_BYTES..extension, &[sender(Error::BadExtension)]),
        // The sums of levels: the receiver uses one of each two, and the other is noise to it.
        field(VoleTrees, 0..taus, &[receiver(Error::BadCorrelation), lost(3)]),
        field(VoleTrees, taus..noise.message_len(), &[receiver(Error::BadCorrelation)]),
        // The seed of the rows: the sides then hash and decode differently.
        field(VoleChallenge, 0..SEED_BYTES, &[lost(0)]),
        // The seed of the check's weights and x*.
        field(VoleChallenge, SEED_BYTES..SEED_BYTES + 32, &[receiver(Error::BadCorrelation)]),
        // The answer, then the salt.
        field(VoleSalt, 0..32, &[receiver(Error::BadCorrelation)]),
        field(VoleSalt, 32..64, &[lost(0)]),
        field(VoleReceiverMask, 0..16, &[lost(0)]),
        // A column counts for the items that have it in their rows.
        field(VoleEncoding, 0..155 * 16, &[lost(0), lost(1), lost(2), lost(3)]),
        // The mask and the blind.
        field(VoleSenderMask, 0..32, &[receiver(Error::BadMask)]),
        // A tag is out of order, or no item's.
        field(Tags, 0..7 * 16, &[receiver(Error::UnorderedTags), lost(2), lost(3)]),
        // The place and the proof.
        field(MatchProofs, 0..3 * MATCH_BYTES, &[[Matches(3), Flipped::Error(Error::BadMatchProof)]]),
    ]
}

#[test]
fn fields_cover_every_byte_of_every_message() {
    let mut lengths = [0; KINDS.len()];
    run(&mut |sent| {
        lengths[KINDS.iter().position(|kind| *kind == sent.kind()).unwrap()] += bytes(&sent).len();
        vec![sent]
    });
    for (kind, length) in KINDS.into_iter().zip(lengths) {
        let mut places: Vec<_> =
            fields().into_iter().filter(|field| field.kind == kind).map(|f| f.place).collect();
        places.sort_by_key(|place| place.start);
        let end = places.iter().fold(0, |end, place| if place.start == end { place.end } else { usize::MAX });
        assert_eq!(end, length, "{kind:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn a_flipped_bit_is_the_error_of_its_field_or_loses_a_match(at: prop::sample::Index, bit in 0..8_u32) {
        for Field { kind, place, allowed } in fields() {
            let ends = ended(&flipped(kind, place.start + at.index(place.len()), bit));
            prop_assert!(allowed.contains(&ends), "{kind:?}: {ends:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever comes in a message's place, of the right length or not: no panic, no wrong match, no blame for the wrong side.
    #[test]
    fn any_bytes_are_borne(
        kind in 0..KINDS.len(),
        from: prop::sample::Index,
        filling in any::<u8>(),
        length in prop_oneof![Just(None), (0..600_usize).prop_map(Some)],
    ) {
        let kind = KINDS[kind];
        let ends = run(&mut |sent| {
            if sent.kind() != kind {
                return vec![sent];
            }
            let mut changed = bytes(&sent);
            let start = from.index(changed.len());
            changed[start..].fill(filling);
            if let Some(length) = length.filter(|_| !FIXED.contains(&kind)) {
                changed.resize(length, filling);
            }
            vec![message(kind, changed)]
        });
        ended(&ends);
    }
}

/// Each bit of the small fields, and each element of the large ones, whose error is one only.
#[test]
fn every_place_of_the_fields_that_are_checked_counts() {
    for Field { kind, place, allowed } in fields() {
        let step = if place.len() > 64 { place.len() / 30 } else { 7 };
        for (bit, at) in place.step_by(step).enumerate() {
            let ends = ended(&flipped(kind, at, bit as u32 % 8));
            assert!(allowed.contains(&ends), "{kind:?} {at}: {ends:?}");
        }
    }
}

/// The identity; the field's prime, which spells 0 a second time; an odd, so negative, number; a number above 2^255.
fn bad_elements() -> [[u8; 32]; 4] {
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    let mut one = [0; 32];
    one[0] = 1;
    [[0; 32], prime, one, [0xff; 32]]
}

#[test]
fn invalid_elements_are_refused_wherever_they_stand() {
    for bad in bad_elements() {
        for i in [0, 1, 2, OTS, 2 * OTS - 1] {
            let start = COMMITMENT_BYTES + 32 * i;
            let ends = tampered(VoleOpening, |bytes| bytes[start..start + 32].copy_from_slice(&bad));
            assert_eq!(error(VoleOpening, ends), Error::InvalidElement { kind: VoleOpening });
        }
        let ends = tampered(VoleExtension, |bytes| bytes[..32].copy_from_slice(&bad));
        assert_eq!(error(VoleExtension, ends), Error::InvalidElement { kind: VoleExtension });
    }
}
