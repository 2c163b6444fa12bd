//! The packed digests that exchanges read, in memory.
//!
//! Digests lie in sorted runs, each immutable and shared. An import adds a run; runs that have grown alike are merged, so there
//! are about log2 of the rows, and a row is copied as often. The rows' changeable part (marking, expiry, withdrawal) is in
//! tables of one segment each, shared as well, so a batch copies the tables that it touches and no more.

use std::fmt;
use std::sync::Arc;

use overlap_indicator::{Digest, Facet, Kind, Tlp};

use crate::IndicatorId;
use crate::row_meta::{Place, RowMeta, SegmentTable};

/// What part of the digests an exchange compares.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Of indicators of these kinds.
    pub kinds: Vec<Kind>,
    /// On these facets.
    pub facets: Vec<Facet>,
    /// Of indicators with this marking or a freer one; `None`: any.
    pub tlp_ceiling: Option<Tlp>,
    /// Of indicators that have not expired at this time, in seconds since 1970-01-01T00:00:00Z.
    pub now: u64,
}

/// All digests at one moment; a later import or withdrawal makes another snapshot and leaves this one as it is.
#[derive(Clone, Default)]
pub struct Snapshot {
    epoch: Option<u32>,
    segments: Vec<Arc<SegmentTable>>,
    runs: Vec<Arc<Run>>,
}

/// Digests that lie sorted, and what they have in common.
#[derive(Debug)]
struct Run {
    entries: Vec<Entry>,
    /// The kinds and facets that there are, as bits.
    kinds: u32,
    facets: u32,
    /// Whether no digest is there twice.
    distinct: bool,
}

/// The digests of a selection, ascending, each once.
pub struct Digests(Source);

enum Source {
    /// All of a run: where a selection takes whole what an import or a start has left, nothing is copied.
    Whole(Arc<Run>),
    Chosen(Vec<Digest>),
}

/// A digest and where it is from, 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) digest: Digest,
    segment: u32,
    row: u16,
    facet: Facet,
    kind: Kind,
}

impl Entry {
    pub(crate) fn new(digest: Digest, facet: Facet, kind: Kind, place: Place) -> Self {
        Self { digest, segment: place.segment, row: place.row, facet, kind }
    }
}

impl Snapshot {
    /// The epoch of the salt that the digests are made with; `None` while they are made anew under another one.
    pub fn epoch(&self) -> Option<u32> {
        self.epoch
    }

    /// The digests of a selection.
    pub fn select(&self, selection: &Selection) -> Digests {
        let chosen = Chosen::new(selection);
        let whole: Vec<bool> =
            self.segments.iter().map(|table| table.takes_part_whole(chosen.ceiling)).collect();
        if let [run] = self.runs.as_slice()
            && run.distinct
            && chosen.has_all(run)
            && whole.iter().all(|whole| *whole)
        {
            return Digests(Source::Whole(run.clone()));
        }
        Digests(Source::Chosen(self.choose(&chosen, &whole)))
    }

    /// A copy of the digests of a selection.
    #[cfg(test)]
    pub(crate) fn digests(&self, selection: &Selection) -> Vec<Digest> {
        let digests = self.select(selection);
        (0..digests.len()).filter_map(|at| digests.get(at).copied()).collect()
    }

    fn choose(&self, chosen: &Chosen, whole: &[bool]) -> Vec<Digest> {
        let takes_part = |entry: &&Entry| {
            let is_whole = whole.get(entry.segment as usize) == Some(&true);
            chosen.has(entry) && (is_whole || self.row_takes_part(chosen, entry))
        };
        let mut digests = Vec::with_capacity(self.runs.iter().map(|run| run.entries.len()).sum());
        for run in &self.runs {
            digests.extend(run.entries.iter().filter(takes_part).map(|entry| entry.digest));
        }
        if self.runs.len() > 1 {
            // Stable sorting finds the runs that are there and merges them.
            digests.sort_by_key(as_number);
        }
        digests.dedup();
        digests.shrink_to_fit();
        digests
    }

    /// The own indicators behind each of `digests` in a selection, with the facet: several indicators can share one digest.
    /// In the order of import.
    pub fn holders(&self, selection: &Selection, digests: &[Digest]) -> Vec<(IndicatorId, Facet)> {
        let chosen = Chosen::new(selection);
        let mut wanted = digests.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let mut found = Vec::new();
        for run in &self.runs {
            for entry in meeting(&run.entries, &wanted) {
                let takes_part = self.takes_part(&chosen, entry);
                if let Some(meta) = self.meta(entry.place()).filter(|_| takes_part) {
                    found.push((entry.segment, entry.row, meta.id, entry.facet));
                }
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, _, id, facet)| (id, facet)).collect()
    }

    /// Hands on the live indicators that have each of `wanted`, ascending; whether a marking, a warning or an expiry keeps them from exchanges does not
    /// matter. `most` of a run's are looked at, and `None` says that there are more.
    pub(crate) fn visit_holders(
        &self,
        wanted: &[Digest],
        most: usize,
        mut each: impl FnMut(&Digest, Option<RowMeta>),
    ) {
        for run in &self.runs {
            let mut rest = run.entries.as_slice();
            for digest in wanted {
                rest = from_digest(rest, digest);
                let alike = rest.iter().take_while(|entry| entry.digest == *digest);
                for (at, entry) in alike.take(most + 1).enumerate() {
                    match self.meta(entry.place()).filter(|meta| meta.live) {
                        _ if at == most => each(digest, None),
                        Some(meta) => each(digest, Some(meta)),
                        None => {}
                    }
                }
            }
        }
    }

    /// The indicators' tables, one for each segment.
    pub(crate) fn segments(&self) -> &[Arc<SegmentTable>] {
        &self.segments
    }

    /// A table to change; a snapshot that shares it keeps its own.
    pub(crate) fn segment_mut(&mut self, segment: u32) -> Option<&mut SegmentTable> {
        self.segments.get_mut(segment as usize).map(Arc::make_mut)
    }

    pub(crate) fn push_segment(&mut self, table: SegmentTable) {
        self.segments.push(Arc::new(table));
    }

    /// The indicator at a place, withdrawn or not.
    pub(crate) fn meta(&self, place: Place) -> Option<RowMeta> {
        self.segments.get(place.segment as usize)?.row(place.row)
    }

    /// Forgets all digests, whose salt is no longer the one.
    pub(crate) fn forget_digests(&mut self) {
        self.epoch = None;
        self.runs.clear();
    }

    /// Takes the digests, sorted, of all rows but those that have theirs by now: they are the many, so they go before what
    /// few were added meanwhile, and are not copied to be merged with them.
    pub(crate) fn load_digests(&mut self, sorted: Vec<Entry>, epoch: u32) {
        self.epoch = Some(epoch);
        if !sorted.is_empty() {
            self.runs.insert(0, Arc::new(Run::new(sorted)));
        }
    }

    /// Adds digests and merges runs until each is more than twice as long as the next.
    pub(crate) fn add_run(&mut self, mut entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        sort_entries(&mut entries);
        let mut newest = entries;
        while let Some(before) = self.runs.pop_if(|before| before.entries.len() <= 2 * newest.len()) {
            newest = self.merge(&before.entries, &newest);
        }
        self.runs.push(Arc::new(Run::new(newest)));
    }

    /// Two runs as one, without the digests of withdrawn indicators.
    fn merge(&self, a: &[Entry], b: &[Entry]) -> Vec<Entry> {
        let mut merged = Vec::with_capacity(a.len() + b.len());
        let is_live = |entry: &&Entry| self.meta(entry.place()).is_some_and(|meta| meta.live);
        merged.extend(a.iter().filter(is_live));
        merged.extend(b.iter().filter(is_live));
        merged.sort_by_key(Entry::order);
        merged
    }

    fn takes_part(&self, chosen: &Chosen, entry: &Entry) -> bool {
        chosen.has(entry) && self.row_takes_part(chosen, entry)
    }

    fn row_takes_part(&self, chosen: &Chosen, entry: &Entry) -> bool {
        let table = self.segments.get(entry.segment as usize);
        table.is_some_and(|table| table.takes_part(entry.row, chosen.ceiling, chosen.now))
    }
}

impl Run {
    fn new(entries: Vec<Entry>) -> Self {
        let (kinds, facets) = entries.iter().fold((0, 0), |(kinds, facets), entry| {
            (kinds | bit(entry.kind.number()), facets | bit(entry.facet.number()))
        });
        let distinct = entries.is_sorted_by(|a, b| as_number(&a.digest) < as_number(&b.digest));
        Self { entries, kinds, facets, distinct }
    }
}

impl Digests {
    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Source::Whole(run) => run.entries.len(),
            Source::Chosen(digests) => digests.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The digest at a position.
    pub fn get(&self, position: usize) -> Option<&Digest> {
        match &self.0 {
            Source::Whole(run) => run.entries.get(position).map(|entry| &entry.digest),
            Source::Chosen(digests) => digests.get(position),
        }
    }
}

#[cfg(test)]
impl Digests {
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.0, Source::Whole(_))
    }
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digests({})", self.len())
    }
}

impl Entry {
    fn place(&self) -> Place {
        Place { segment: self.segment, row: self.row }
    }

    fn order(&self) -> (u128, u32, u16, Facet) {
        (as_number(&self.digest), self.segment, self.row, self.facet)
    }
}

/// Sorts a run's entries.
pub(crate) fn sort_entries(entries: &mut [Entry]) {
    entries.sort_unstable_by_key(Entry::order);
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digests: usize = self.runs.iter().map(|run| run.entries.len()).sum();
        write!(f, "Snapshot({digests} digests in {} runs)", self.runs.len())
    }
}

/// A digest as a number that sorts as its bytes do: comparing numbers is faster.
fn as_number(digest: &Digest) -> u128 {
    u128::from_be_bytes(*digest.as_bytes())
}

/// A selection as bits.
struct Chosen {
    kinds: u32,
    facets: u32,
    ceiling: Tlp,
    now: u64,
}

impl Chosen {
    fn new(selection: &Selection) -> Self {
        Self {
            kinds: selection.kinds.iter().fold(0, |bits, kind| bits | bit(kind.number())),
            facets: selection.facets.iter().fold(0, |bits, facet| bits | bit(facet.number())),
            ceiling: selection.tlp_ceiling.unwrap_or(Tlp::Red),
            now: selection.now,
        }
    }

    /// Whether all entries of a run are of chosen kinds and facets.
    fn has_all(&self, run: &Run) -> bool {
        run.kinds & !self.kinds == 0 && run.facets & !self.facets == 0
    }

    /// Whether an entry is of a chosen kind and facet.
    fn has(&self, entry: &Entry) -> bool {
        self.kinds & bit(entry.kind.number()) != 0 && self.facets & bit(entry.facet.number()) != 0
    }
}

/// Kinds and facets have numbers far below 32.
fn bit(number: u8) -> u32 {
    1_u32.checked_shl(u32::from(number)).unwrap_or(0)
}

/// The entries of a sorted run whose digests are among `wanted`, sorted: steps that double, then halve, so that few wanted
/// digests cost logarithms and many cost one pass.
fn meeting<'a>(run: &'a [Entry], wanted: &'a [Digest]) -> impl Iterator<Item = &'a Entry> {
    let mut rest = run;
    wanted.iter().flat_map(move |digest| {
        rest = from_digest(rest, digest);
        let (hits, after) = rest.split_at(rest.iter().take_while(|entry| entry.digest == *digest).count());
        rest = after;
        hits
    })
}

/// What of sorted entries begins with a digest or would stand after it.
fn from_digest<'a>(rest: &'a [Entry], digest: &Digest) -> &'a [Entry] {
    let mut step = 1;
    while rest.get(step).is_some_and(|entry| entry.digest < *digest) {
        step *= 2;
    }
    let near = &rest[..rest.len().min(step + 1)];
    &rest[near.partition_point(|entry| entry.digest < *digest)..]
}
