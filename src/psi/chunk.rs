//! A list that travels in messages of a fixed size, the last one shorter.

use std::ops::Range;

use crate::{Error, MessageKind};

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
    fn only_the_next_message_is_accepted() {
        let mut chunks = Chunks::new(5, 4);
        assert_eq!(chunks.clone().accept(KIND, &[0; 3], 1), Err(Error::WrongCount { kind: KIND }));
        assert_eq!(chunks.clone().accept(KIND, &[0; 5], 1), Err(Error::WrongCount { kind: KIND }));
        assert_eq!(chunks.accept(KIND, &[0; 4], 1), Ok(()));
        assert_eq!(chunks.accept(KIND, &[0; 1], 1), Ok(()));
        assert_eq!(chunks.accept(KIND, &[], 1), Err(Error::WrongCount { kind: KIND }));
    }
}
