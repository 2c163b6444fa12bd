//! STIX 2.1: bundles, TAXII envelopes, lists of these or of objects, an object alone.
//!
//! Indicators say what they are in a pattern, observables in their properties. What else is to be known of them can stand anywhere in a file:
//! a report further down may mark them, an observation may say that they are context, a newer version may take their place. So all of
//! them wait for its end, and a file that has none leaves nothing. Nothing that a file names is fetched.

mod account_term;
mod definitions;
mod identifiers;
mod links;
mod misp_custom;
mod object;
mod observable;
mod own;
mod pattern;
mod pattern_tokens;
mod said;
mod terms;
mod types;
mod unknown;

use overlap_store::Store;
use rayon::prelude::*;

use super::error::ImportError;
use super::json_cut::{Act, Frame, JsonCutter, JsonFormat, MAX_PART_BYTES, Piece, Shape};
use super::json_value::{Members, members, text};
use super::marking::{Marking, RED};
use super::report::Locator;
use super::row::RowReject;
use super::source::{RowRules, RowSink, RowSource, few_at_a_time};
use super::waiting::{Part, Waiting};
use definitions::Definitions;
use identifiers::{Identifiers, Standing};
use links::{mark_named, names_containers, observe, relate};
use said::AllSaid;
use types::{Use, has_observables_within};
use unknown::UnknownMarkings;

pub(crate) use object::pattern_findings;

/// Parts that are read at a time.
const BATCH_PARTS: usize = 10_000;

/// Text that is read at a time, in bytes.
const BATCH_TEXT: usize = 2 * MAX_PART_BYTES;

/// The role of a part: an object.
const OBJECT: u8 = 0;

/// The role of an element of a list, which may also be a bundle without objects.
const ELEMENT: u8 = 1;

/// The type of a bundle.
const BUNDLE: &str = "bundle";

/// Reports within reports at most. With more of them, what has no marking is red.
const MAX_NESTING: usize = 8;

/// The name of the member in which reports, groupings and observations name others.
const NAMES_OTHERS: &[u8] = b"\"object_refs\"";

/// A file of STIX.
pub(crate) struct StixSource<'a> {
    cutter: JsonCutter,
    stix: Stix<'a>,
}

impl<'a> StixSource<'a> {
    /// A file; the store keeps aside what waits for definitions.
    pub(crate) fn new(rules: &'a RowRules, store: &'a dyn Store) -> Self {
        let stix = Stix {
            rules,
            store,
            batch: Vec::new(),
            text: 0,
            waiting: Waiting::new(store),
            containers: Waiting::new(store),
            observations: Waiting::new(store),
            has_nested: false,
            known: Known::default(),
            has_objects: false,
            is_stix: false,
        };
        Self { cutter: JsonCutter::default(), stix }
    }
}

impl RowSource for StixSource<'_> {
    fn push(&mut self, chunk: &[u8], rows: &mut RowSink) -> Result<(), ImportError> {
        self.cutter.push(chunk, &mut Reading { stix: &mut self.stix, rows })
    }

    fn finish(&mut self, rows: &mut RowSink) -> Result<(), ImportError> {
        self.cutter.finish()?;
        if !self.stix.is_stix {
            return Err(ImportError::WrongFormat(
                "this JSON is no STIX bundle, no list of objects and no object",
            ));
        }
        self.stix.finish(rows)
    }
}

struct Stix<'a> {
    rules: &'a RowRules,
    store: &'a dyn Store,
    batch: Vec<Part>,
    text: usize,
    /// Objects that may make rows.
    waiting: Waiting<'a>,
    /// Reports and groupings.
    containers: Waiting<'a>,
    /// Observed-data and sightings.
    observations: Waiting<'a>,
    /// Whether a report or grouping names another.
    has_nested: bool,
    known: Known,
    /// Whether what is being read has a list of objects.
    has_objects: bool,
    is_stix: bool,
}

/// The file with those who take its rows.
struct Reading<'r, 'a> {
    stix: &'r mut Stix<'a>,
    rows: &'r mut RowSink,
}

impl JsonFormat for Reading<'_, '_> {
    fn plan(&self, frames: &[Frame], name: &str, shape: Shape) -> Act {
        match (frames, name, shape) {
            ([], _, _) => Act::Enter,
            // An object, or a bundle of them: which shows when it has ended.
            ([root], _, Shape::Object) if root.is_list => Act::Enter,
            ([root], _, _) if root.is_list => Act::Cut,
            ([_], ..) => member(name, shape),
            ([root, element], ..) if root.is_list && !element.is_list => member(name, shape),
            _ => Act::Cut,
        }
    }

    fn piece(&mut self, _frames: &[Frame], piece: Piece<'_>) -> Result<(), ImportError> {
        let Piece { line, text, left_out, .. } = piece;
        self.stix.add(Part { role: OBJECT, line, left_out, text: text.to_vec() }, self.rows)
    }

    fn close(&mut self, depth: usize, frame: &Frame) -> Result<(), ImportError> {
        let stix = &mut *self.stix;
        if frame.is_list {
            stix.is_stix = true;
            stix.has_objects = depth > 0;
            return Ok(());
        }
        let has_objects = std::mem::take(&mut stix.has_objects);
        let role = if depth > 0 { ELEMENT } else { OBJECT };
        let part = Part { role, line: frame.line, left_out: frame.left_out, text: frame.kept() };
        if role == ELEMENT && !has_objects {
            // There are many: they are read with the others of their batch, on every core.
            return stix.add(part, self.rows);
        }
        let Ok(read) = members(&part.text) else {
            // It is refused where it stands, unless it was only around others.
            return if has_objects { Ok(()) } else { stix.add(part, self.rows) };
        };
        match text(&read, "type") {
            // "The property objects is optional" (STIX 2.1, 8.1): an empty bundle has none.
            Some(BUNDLE) => stix.is_stix = true,
            // TAXII's envelope.
            None if has_objects => (),
            None if !read.contains_key("id") && !part.left_out => (),
            type_name => {
                stix.is_stix |= type_name.is_some() && read.contains_key("id");
                return stix.add(part, self.rows);
            }
        }
        Ok(())
    }
}

/// What to do with a member of a bundle, an envelope or an object. STIX 2.0's observed-data has an object of the name `objects`.
fn member(name: &str, shape: Shape) -> Act {
    if name == "objects" && shape == Shape::List { Act::Enter } else { Act::Keep }
}

impl Stix<'_> {
    fn add(&mut self, part: Part, rows: &mut RowSink) -> Result<(), ImportError> {
        self.text += part.text.len();
        self.batch.push(part);
        if self.batch.len() >= BATCH_PARTS || self.text >= BATCH_TEXT {
            self.read_batch(rows)?;
        }
        Ok(())
    }

    /// Reads a batch: what it says of others is remembered, as far as it can be understood, and all else waits.
    fn read_batch(&mut self, rows: &mut RowSink) -> Result<(), ImportError> {
        self.text = 0;
        let parts = std::mem::take(&mut self.batch);
        few_at_a_time(
            parts,
            |part| part.text.len(),
            |few| {
                let read: Vec<_> = few.into_par_iter().map(|part| (members(&part.text), part)).collect();
                read.into_iter().try_for_each(|(members, part)| match members {
                    Ok(members) => self.learn(&part, &members),
                    Err(reason) => self.refuse(&part, reason, rows),
                })
            },
        )
    }

    fn learn(&mut self, part: &Part, members: &Members) -> Result<(), ImportError> {
        if part.role == ELEMENT && text(members, "type") == Some(BUNDLE) {
            return Ok(());
        }
        let what = Use::of(members, part.left_out);
        if matches!(what, Use::Taken | Use::Container | Use::Observation)
            && self.known.identifiers.learn(members, part.left_out)
        {
            // Nobody knows which of the two markings holds.
            self.known.said.restrict(text(members, "id").unwrap_or_default());
        }
        if part.left_out && text(members, "type").is_none() {
            // It may have been a report, and red.
            self.known.said.mark_all(RED, Marking::default());
        }
        match what {
            Use::Taken => self.waiting.push(part),
            Use::Container => {
                self.has_nested |= names_containers(members);
                self.containers.push(part)
            }
            Use::Observation => {
                if has_observables_within(members, part.left_out) {
                    self.waiting.push(part)?;
                }
                self.observations.push(part)
            }
            Use::Relationship => {
                relate(members, &mut self.known.said);
                Ok(())
            }
            Use::Definition => self.known.definitions.learn(members, part.left_out),
            Use::Around => Ok(()),
        }
    }

    /// Refuses an object that cannot be read. If it was to mark others, nobody knows which and how.
    fn refuse(&mut self, part: &Part, reason: &str, rows: &mut RowSink) -> Result<(), ImportError> {
        if part.text.windows(NAMES_OTHERS.len()).any(|bytes| bytes == NAMES_OTHERS) {
            self.known.said.mark_all(RED, Marking::default());
        }
        rows.take([(Locator::of_line(part.line), Err(RowReject::unreadable(reason)))])
    }

    /// The file has ended: what waits is all there is, and becomes rows.
    fn finish(&mut self, rows: &mut RowSink) -> Result<(), ImportError> {
        self.read_batch(rows)?;
        self.mark_named()?;
        let Self { waiting, observations, known, rules, .. } = self;
        observations.drain(|part| {
            if let Some(members) = known.current(&part) {
                observe(&members, part.left_out, &known.definitions, &mut known.said);
            }
            Ok(())
        })?;
        let mut batch = Batch::default();
        waiting.drain(|part| {
            batch.add(part);
            if batch.is_full() { batch.take_rows(known, rules, rows) } else { Ok(()) }
        })?;
        batch.take_rows(known, rules, rows)?;
        rows.set_unknown_markings(std::mem::take(&mut known.unknown_markings).into_list());
        Ok(())
    }

    /// Marks what reports and groupings name, and what those name that are named.
    fn mark_named(&mut self) -> Result<(), ImportError> {
        for _ in 0..MAX_NESTING {
            let mut parts = std::mem::replace(&mut self.containers, Waiting::new(self.store));
            let mut is_new = false;
            parts.drain(|part| {
                if let Some(members) = self.known.current(&part) {
                    let Known { definitions, said, .. } = &mut self.known;
                    is_new |= mark_named(&members, part.left_out, definitions, said);
                }
                if self.has_nested { self.containers.push(&part) } else { Ok(()) }
            })?;
            if !(is_new && self.has_nested) {
                return Ok(());
            }
        }
        // Markings may still be on their way.
        self.known.said.mark_all(Marking::default(), RED);
        Ok(())
    }
}

/// What a file says of its objects.
#[derive(Debug, Default)]
struct Known {
    definitions: Definitions,
    identifiers: Identifiers,
    said: AllSaid,
    unknown_markings: UnknownMarkings,
}

impl Known {
    /// An object, unless a newer version of it is in the file.
    fn current(&self, part: &Part) -> Option<Members> {
        let members = members(&part.text).ok()?;
        (self.identifiers.standing(&members, part.left_out) != Standing::Superseded).then_some(members)
    }
}

/// Objects that are made into rows at a time.
#[derive(Default)]
struct Batch {
    parts: Vec<Part>,
    text: usize,
}

impl Batch {
    fn add(&mut self, part: Part) {
        self.text += part.text.len();
        self.parts.push(part);
    }

    fn is_full(&self) -> bool {
        self.parts.len() >= BATCH_PARTS || self.text >= BATCH_TEXT
    }

    /// Makes rows of the objects, on every core, and hands them on in their order.
    fn take_rows(&mut self, known: &Known, rules: &RowRules, rows: &mut RowSink) -> Result<(), ImportError> {
        self.text = 0;
        let parts = std::mem::take(&mut self.parts);
        rows.take_of(
            parts,
            |part| part.text.len(),
            |part| match members(&part.text) {
                Ok(members) => object::rows(&part, &members, known, rules),
                Err(reason) => vec![(Locator::of_line(part.line), Err(RowReject::unreadable(reason)))],
            },
        )
    }
}
