//! Entries as sorted hashes, each with the number of its list.

/// Entries to which one step of the coarse index leads, about: one line of a processor's cache.
const ENTRIES_FOR_A_START: usize = 8;

/// Hashes of entries, ascending, with lists beside them: 10 bytes an entry, and half a byte of index.
#[derive(Default)]
pub(crate) struct Table {
    keys: Vec<u64>,
    lists: Vec<u16>,
    /// Where the keys begin whose first `shift`-ed bits are the position; one more than there are such bits.
    starts: Vec<u32>,
    shift: u32,
}

impl Table {
    /// A table of keys with their lists; one that is there twice for a list stays once.
    pub(crate) fn new(mut entries: Vec<(u64, u16)>) -> Self {
        entries.sort_unstable();
        entries.dedup();
        let bits = (entries.len() / ENTRIES_FOR_A_START).max(2).ilog2();
        let shift = u64::BITS - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for (at, (key, _)) in entries.iter().enumerate() {
            // All tables have fewer entries than a u32 counts, by `MAX_ENTRIES`.
            starts.resize(starts.len().max((key >> shift) as usize + 1), at as u32);
        }
        starts.resize((1 << bits) + 1, entries.len() as u32);
        let (keys, lists) = entries.into_iter().unzip();
        let mut table = Self { keys, lists, starts, shift };
        table.keys.shrink_to_fit();
        table.lists.shrink_to_fit();
        table
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The lists that have a key, ascending.
    pub(crate) fn lists_of(&self, key: u64) -> &[u16] {
        let at = (key >> self.shift) as usize;
        let start = |at: usize| self.starts.get(at).map_or(self.keys.len(), |start| *start as usize);
        let (from, to) = (start(at), start(at + 1));
        let keys = self.keys.get(from..to).unwrap_or_default();
        let first = keys.partition_point(|has| *has < key);
        let count = keys.iter().skip(first).take_while(|has| **has == key).count();
        self.lists.get(from + first..from + first + count).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Keys that are near each other, far apart, and the ends of the range: what is found is what a walk over all finds.
        #[test]
        fn finds_what_a_walk_finds(
            near in prop::collection::vec((0_u64..40, 0_u16..3), 0..60),
            far in prop::collection::vec((any::<u64>(), 0_u16..5), 0..300),
            asked in prop::collection::vec(any::<u64>(), 20),
        ) {
            let entries: Vec<(u64, u16)> = near.into_iter().chain(far).chain([(0, 1), (u64::MAX, 2)]).collect();
            let table = Table::new(entries.clone());
            let keys = entries.iter().map(|(key, _)| *key).chain(asked).chain(0..45);
            for key in keys {
                let mut naive: Vec<u16> =
                    entries.iter().filter(|(has, _)| *has == key).map(|(_, list)| *list).collect();
                naive.sort_unstable();
                naive.dedup();
                prop_assert_eq!(table.lists_of(key), naive.as_slice());
            }
        }
    }

    #[test]
    fn an_empty_table_has_nothing() {
        let table = Table::new(Vec::new());
        assert!(table.is_empty() && table.lists_of(0).is_empty() && table.lists_of(u64::MAX).is_empty());
    }
}
