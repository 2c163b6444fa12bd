//! What holds for every value and for any bytes.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::samples::{accept, frame, offer, receipt, roster, signed};
use crate::*;

/// Splits a frame's bytes as a reader does.
pub(crate) fn read(bytes: &Bytes) -> Result<Frame, WireError> {
    let (header, body) = bytes.split_first_chunk::<HEADER_SIZE>().expect("a header");
    Frame::decode(Header::decode(header)?, bytes.slice_ref(body))
}

/// Calls every decoder; none may panic.
fn decode_all(bytes: &[u8]) {
    let _ = decode_offer(bytes);
    let _ = decode_accept(bytes);
    let _ = decode_receipt(bytes);
    let _ = decode_roster(bytes);
    let _ = decode_signed(bytes);
    for frame in FrameType::ALL.into_iter().filter(|frame| bytes.len() <= frame.limit()) {
        let mut header = [0; HEADER_SIZE];
        header[0] = frame.number();
        header[1..].copy_from_slice(&(bytes.len() as u32).to_be_bytes());
        let header = Header::decode(&header).expect("a length within the limit");
        let _ = Frame::decode(header, Bytes::copy_from_slice(bytes));
    }
}

#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Cut(Index),
    Repeat(Index, Index),
    Insert(Index, Vec<u8>),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        match self {
            Damage::Set(at, byte) => bytes[at.index(length)] = *byte,
            Damage::Cut(at) => bytes.truncate(at.index(length)),
            Damage::Repeat(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.extend(part);
            }
            Damage::Insert(at, part) => {
                let at = at.index(length);
                bytes.splice(at..at, part.iter().copied());
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let one = prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        (any::<Index>(), vec(any::<u8>(), 1..8)).prop_map(|(at, part)| Damage::Insert(at, part)),
    ];
    vec(one, 1..6)
}

fn encoded_document() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        offer().prop_map(|offer| encode_offer(&offer)),
        accept().prop_map(|accept| encode_accept(&accept)),
        receipt().prop_map(|receipt| encode_receipt(&receipt)),
        roster().prop_map(|roster| encode_roster(&roster)),
        signed().prop_map(|document| encode_signed(&document)),
        frame().prop_map(|frame| frame.encode()[HEADER_SIZE..].to_vec()),
    ]
}

proptest! {
    #[test]
    fn frames_come_back(frame in frame()) {
        let bytes = frame.clone().encode();
        prop_assert_eq!(bytes[0], frame.frame_type().number());
        prop_assert!(bytes.len() - HEADER_SIZE <= frame.frame_type().limit());
        prop_assert_eq!(read(&bytes), Ok(frame));
    }

    #[test]
    fn offers_come_back(offer in offer()) {
        prop_assert_eq!(decode_offer(&encode_offer(&offer)), Ok(offer));
    }

    #[test]
    fn accepts_come_back(accept in accept()) {
        prop_assert_eq!(decode_accept(&encode_accept(&accept)), Ok(accept));
    }

    #[test]
    fn receipts_come_back(receipt in receipt()) {
        prop_assert_eq!(decode_receipt(&encode_receipt(&receipt)), Ok(receipt));
    }

    #[test]
    fn rosters_come_back(roster in roster()) {
        prop_assert_eq!(decode_roster(&encode_roster(&roster)), Ok(roster));
    }

    #[test]
    fn signed_documents_come_back(document in signed()) {
        prop_assert_eq!(decode_signed(&encode_signed(&document)), Ok(document));
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..600)) {
        decode_all(&bytes);
    }

    #[test]
    fn no_damaged_message_panics(bytes in encoded_document(), damage in damage()) {
        let mut bytes = bytes;
        damage.iter().for_each(|damage| damage.apply(&mut bytes));
        decode_all(&bytes);
    }

    #[test]
    fn a_cut_frame_is_no_frame(frame in frame(), at in any::<Index>()) {
        let bytes = frame.encode();
        let cut = bytes.slice(..HEADER_SIZE + at.index(bytes.len() - HEADER_SIZE));
        let refused = matches!(read(&cut), Err(WireError::LengthDiffers { .. }));
        prop_assert!(refused);
    }

    #[test]
    fn headers_keep_to_the_limit(frame in select(FrameType::ALL.to_vec()), length in any::<u32>()) {
        let [a, b, c, d] = length.to_be_bytes();
        let header = Header::decode(&[frame.number(), a, b, c, d]);
        if length as usize <= frame.limit() {
            let header = header.expect("a length within the limit");
            prop_assert_eq!((header.frame(), header.length()), (frame, length as usize));
        } else {
            let limit = frame.limit() as u32;
            prop_assert_eq!(header, Err(WireError::FrameTooLong { frame, length, limit }));
        }
    }

    #[test]
    fn unknown_fields_of_rosters_are_passed_over(
        document in roster(), number in 100u32..1000, value in any::<u64>(),
    ) {
        let mut bytes = encode_roster(&document);
        prost::encoding::uint64::encode(number, &value, &mut bytes);
        prop_assert_eq!(decode_roster(&bytes), Ok(document));
    }

    #[test]
    fn damaged_documents_of_an_exchange_are_read_only_if_they_say_all(
        bytes in encoded_document(), damage in damage(),
    ) {
        let mut bytes = bytes;
        damage.iter().for_each(|damage| damage.apply(&mut bytes));
        let encoded = [
            decode_offer(&bytes).map(|offer| encode_offer(&offer)),
            decode_accept(&bytes).map(|accept| encode_accept(&accept)),
            decode_receipt(&bytes).map(|receipt| encode_receipt(&receipt)),
        ];
        for encoded in encoded.into_iter().flatten() {
            prop_assert_eq!(&encoded, &bytes);
        }
    }
}
