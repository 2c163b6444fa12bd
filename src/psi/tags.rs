//! The sender's tags, as the receiver gathers them.

use rayon::prelude::*;

use crate::chunk::Chunks;
use crate::output::{TAG_BYTES, Tag};
use crate::{Error, MessageKind};

/// Tags in one [`crate::Message::Tags`]: 256 KiB, small beside a stream's window and large beside what a message costs.
pub const TAGS_PER_MESSAGE: usize = 16_384;

/// The tags that have come so far.
#[derive(Debug)]
pub(crate) struct ReceivedTags {
    chunks: Chunks,
    tags: Vec<IndexedTag>,
}

/// A tag and its place in the sender's list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IndexedTag {
    pub(crate) tag: Tag,
    pub(crate) index: u32,
}

impl std::fmt::Debug for IndexedTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IndexedTag({})", self.index)
    }
}

/// All tags, ascending, and no two of them equal.
#[derive(Debug)]
pub(crate) struct DistinctTags(Vec<IndexedTag>);

impl ReceivedTags {
    /// The start of a list of exactly `expected` tags.
    pub(crate) fn new(expected: usize) -> Self {
        Self { chunks: Chunks::new(expected, TAGS_PER_MESSAGE), tags: Vec::with_capacity(expected) }
    }

    /// Takes the next message's tags.
    ///
    /// # Errors
    /// [`Error::WrongCount`] where it carries more or fewer than its place allows.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.chunks.accept(MessageKind::Tags, bytes, TAG_BYTES)?;
        for tag in bytes.as_chunks::<TAG_BYTES>().0 {
            self.tags.push(IndexedTag { tag: Tag(*tag), index: self.tags.len() as u32 });
        }
        Ok(())
    }

    /// How far the list has come.
    pub(crate) fn chunks(&self) -> &Chunks {
        &self.chunks
    }

    /// Whether the list is complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.chunks.is_complete()
    }

    /// Sorts the complete list.
    ///
    /// # Errors
    /// [`Error::RepeatedTag`]: a sender could else claim one item several times, so that the count of matches
    /// would say nothing of its set.
    pub(crate) fn distinct(mut self) -> Result<DistinctTags, Error> {
        self.tags.par_sort_unstable();
        let repeated = self.tags.windows(2).any(|pair| pair[0].tag == pair[1].tag);
        if repeated { Err(Error::RepeatedTag) } else { Ok(DistinctTags(self.tags)) }
    }
}

impl DistinctTags {
    /// The tags, ascending.
    pub(crate) fn ascending(&self) -> &[IndexedTag] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(tags: &[[u8; 16]], expected: usize) -> Result<ReceivedTags, Error> {
        let mut received = ReceivedTags::new(expected);
        for message in tags.chunks(TAGS_PER_MESSAGE) {
            received.take(message.as_flattened())?;
        }
        Ok(received)
    }

    #[test]
    fn tags_are_sorted_and_keep_their_places() {
        let distinct = received(&[[9; 16], [1; 16]], 2).unwrap().distinct().unwrap();
        let places: Vec<_> = distinct.ascending().iter().map(|t| t.index).collect();
        assert_eq!(places, [1, 0]);
    }

    #[test]
    fn a_repeated_tag_is_refused() {
        let tags = [[1; 16], [2; 16], [1; 16]];
        assert_eq!(received(&tags, 3).unwrap().distinct().unwrap_err(), Error::RepeatedTag);
    }

    #[test]
    fn a_list_of_two_messages_must_come_whole_and_in_order() {
        let tags = vec![[7; TAG_BYTES]; TAGS_PER_MESSAGE + 1];
        let (full, last) = tags.split_at(TAGS_PER_MESSAGE);
        let take = |messages: &[&[[u8; TAG_BYTES]]]| {
            let mut received = ReceivedTags::new(tags.len());
            messages
                .iter()
                .try_for_each(|tags| received.take(tags.as_flattened()))
                .map(|()| received.is_complete())
        };
        assert_eq!(take(&[full, last]), Ok(true));
        assert_eq!(take(&[full]), Ok(false));
        let wrong = Err(Error::WrongCount { kind: MessageKind::Tags });
        for messages in [&[last][..], &[last, full], &[full, full], &[full, last, last]] {
            assert_eq!(take(messages), wrong);
        }
    }

    #[test]
    fn a_wrong_count_is_refused() {
        let wrong = Error::WrongCount { kind: MessageKind::Tags };
        assert_eq!(received(&[[1; 16]], 2).unwrap_err(), wrong);
        assert_eq!(received(&[[1; 16], [2; 16]], 1).unwrap_err(), wrong);
        assert!(!ReceivedTags::new(1).is_complete());
        assert!(ReceivedTags::new(0).is_complete());
    }
}
