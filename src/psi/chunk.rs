//! A list that travels in messages of a fixed size, the last one shorter.

use std::ops::Range;

use crate::{Error, Message, MessageKind};

/// Where two sides are in a list whose length both know. Every message but the last is full, so a list has one
/// spelling only; a list of none has no message.
#[derive(Clone, Debug)]
pub(crate) struct Chunks {
    done: usize,
    total: usize,
    per_message: usize,
}

impl Chunks {
    /// The start of a list of `total` elements.
    pub(crate) fn new(total: usize, per_message: usize) -> Self {
        Self { done: 0, total, per_message }
    }

    /// The elements of the next message, or `None` when the list is complete.
    pub(crate) fn next(&mut self) -> Option<Range<usize>> {
        let start = self.done;
        self.done += self.per_message.min(self.total - start);
        (start < self.done).then_some(start..self.done)
    }

    /// Takes a received message of elements of `width` bytes for the next one.
    ///
    /// # Errors
    /// [`Error::WrongCount`] where its length is not that of the next message, or no more is due.
    pub(crate) fn accept(&mut self, kind: MessageKind, bytes: &[u8], width: usize) -> Result<(), Error> {
        let due = self.next().ok_or(Error::WrongCount { kind })?;
        if bytes.len() == due.len() * width { Ok(()) } else { Err(Error::WrongCount { kind }) }
    }

    /// Whether the list is complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.done == self.total
    }

    /// Elements passed.
    pub(crate) fn done(&self) -> usize {
        self.done
    }

    /// Elements in all.
    pub(crate) fn total(&self) -> usize {
        self.total
    }
}

/// Bytes in one message of a long string: small beside a stream's window, large beside what a message costs.
pub(crate) const PIECE_BYTES: usize = 256 << 10;

/// Cuts a string of bytes, which is not empty, into the messages in which it travels.
pub(crate) fn pieces(bytes: &[u8], message: fn(Vec<u8>) -> Message) -> Vec<Message> {
    bytes.chunks(PIECE_BYTES).map(|piece| message(piece.to_vec())).collect()
}

/// A string of bytes that arrives in pieces.
pub(crate) struct Pieces {
    chunks: Chunks,
    kind: MessageKind,
    bytes: Vec<u8>,
}

impl Pieces {
    /// A string of `length` bytes in messages of this kind.
    pub(crate) fn new(kind: MessageKind, length: usize) -> Self {
        Self { chunks: Chunks::new(length, PIECE_BYTES), kind, bytes: Vec::with_capacity(length) }
    }

    /// Takes the next piece; the whole string where it was the last.
    ///
    /// # Errors
    /// [`Error::WrongCount`] where it has more or fewer bytes than its place allows.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.chunks.accept(self.kind, piece, 1)?;
        self.bytes.extend_from_slice(piece);
        Ok(self.chunks.is_complete().then(|| std::mem::take(&mut self.bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: MessageKind = MessageKind::Tags;

    #[test]
    fn a_list_is_cut_into_full_messages_and_a_rest() {
        let mut chunks = Chunks::new(9, 4);
        let ranges: Vec<_> = std::iter::from_fn(|| chunks.next()).collect();
        assert_eq!(ranges, [0..4, 4..8, 8..9]);
        assert!(chunks.is_complete());
        assert_eq!(Chunks::new(0, 4).next(), None);
    }

    #[test]
    fn a_string_comes_back_from_its_pieces() {
        let string: Vec<u8> = (0..PIECE_BYTES + 3).map(|i| i as u8).collect();
        let mut arriving = Pieces::new(MessageKind::VoleTrees, string.len());
        let sent = pieces(&string, Message::VoleTrees);
        let arrived: Vec<_> = sent
            .iter()
            .map(|message| match message {
                Message::VoleTrees(piece) => arriving.take(piece).unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(arrived, [None, Some(string)]);
        let wrong = Err(Error::WrongCount { kind: MessageKind::VoleTrees });
        assert_eq!(arriving.take(&[0]), wrong);
        assert_eq!(Pieces::new(MessageKind::VoleTrees, 4).take(&[0; 5]), wrong);
    }

    #[test]
    fn only_the_next_message_is_accepted() {
        let mut chunks = Chunks::new(5, 4);
        assert_eq!(chunks.clone().accept(KIND, &[0; 3], 1), Err(Error::WrongCount { kind: KIND }));
        assert_eq!(chunks.clone().accept(KIND, &[0; 5], 1), Err(Error::WrongCount { kind: KIND }));
        assert_eq!(chunks.accept(KIND, &[0; 4], 1), Ok(()));
        assert_eq!(chunks.accept(KIND, &[0; 1], 1), Ok(()));
        assert_eq!(chunks.accept(KIND, &[], 1), Err(Error::WrongCount { kind: KIND }));
    }
}
