//! STIX 2.1: bundles, TAXII envelopes, lists of these or of objects, an object alone.
//!
//! Indicators say what they are in a pattern, observables in their properties. What else is to be known of them can stand anywhere in a file:
//! a report further down may mark them, an observation may say that they are context, a newer version may take their place. So all of
//! them wait for its end, and a file that has none leaves nothing. Nothing that a file names is fetched.

mod account_term;
mod around;
mod beside;
mod definitions;
mod identifiers;
mod kept;
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
mod unreadable;

use std::collections::BTreeSet;

use overlap_store::Store;
use rayon::prelude::*;

use super::error::ImportError;
use super::json_cut::{Act, Frame, JsonCutter, JsonFormat, MAX_PART_BYTES, Piece, Shape};
use super::json_value::text;
use super::marking::{Marking, RED};
use super::report::Locator;
use super::row::RowReject;
use super::source::{RowRules, RowSink, RowSource, few_at_a_time};
use super::waiting::{Part, Waiting};
use around::{ALONE, OBJECT, WITH_OBJECTS, ids_within, is_around_objects, is_hidden, is_obscure, obscured};
use definitions::Definitions;
use identifiers::{Identifiers, MARKINGS, Standing};
use kept::Kept;
use links::{base, mark_named, names_containers, observe};
use said::AllSaid;
use types::{Use, has_observables_within};
use unknown::UnknownMarkings;
use unreadable::{ids, may_name_others};

pub(crate) use object::pattern_findings;

/// Parts that are read at a time.
const BATCH_PARTS: usize = 10_000;

/// Text that is read at a time, in bytes.
const BATCH_TEXT: usize = 2 * MAX_PART_BYTES;

/// Reports within reports at most. With more of them, what has no marking is red.
const MAX_NESTING: usize = 8;

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
            bases: Waiting::new(store),
            bundles: Waiting::new(store),
            has_nested: false,
            known: Known::new(rules),
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
        self.stix.read_batch(rows)?;
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
    /// Relationships that base an indicator on an observation.
    bases: Waiting<'a>,
    /// Bundles that are marked, though STIX has no markings of them: so is what is in them, and all else that nobody marks.
    bundles: Waiting<'a>,
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
        let role = if std::mem::take(&mut stix.has_objects) { WITH_OBJECTS } else { ALONE };
        stix.add(Part { role, line: frame.line, left_out: frame.left_out, text: frame.kept() }, self.rows)
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
                let read: Vec<_> = few.into_par_iter().map(|part| (Kept::read(&part), part)).collect();
                read.into_iter().try_for_each(|(object, part)| match object {
                    Ok(object) => self.learn(&part, &object),
                    Err(reason) => self.refuse(&part, reason, rows),
                })
            },
        )
    }

    fn learn(&mut self, part: &Part, object: &Kept) -> Result<(), ImportError> {
        if is_around_objects(part.role, object) {
            // An empty object may be of any format.
            self.is_stix |= !object.is_empty();
            ids_within(object).iter().for_each(|id| self.known.obscure(id));
            let is_marked = MARKINGS.iter().any(|name| object.contains_key(*name));
            return if is_marked { self.bundles.push(part) } else { Ok(()) };
        }
        self.is_stix |= object.contains_key("id") && text(object, "type").is_some();
        let what = Use::of(object);
        let is_marked_otherwise = what != Use::Around && self.known.identifiers.learn(object);
        if is_marked_otherwise || object.is_partly() && what == Use::Taken {
            // Nobody knows which of two markings holds, or what the marking was of which another of the id may have the values.
            if let Some(id) = text(object, "id") {
                self.known.said.restrict(id);
            }
        }
        if is_obscure(part.role, object) {
            self.known.said.mark_all(RED, Marking::default());
        }
        obscured(object).iter().for_each(|id| self.known.obscure(id));
        match what {
            Use::Taken => self.waiting.push(part),
            Use::Container => {
                self.has_nested |= names_containers(object);
                self.containers.push(part)
            }
            Use::Observation => {
                if has_observables_within(object) {
                    self.waiting.push(part)?;
                }
                self.observations.push(part)
            }
            Use::Basis => self.bases.push(part),
            Use::Definition => self.known.definitions.learn(object),
            Use::Around => Ok(()),
        }
    }

    /// Refuses an object that cannot be read. If it was to mark others, nobody knows which and how; and it may be the newest of its id.
    fn refuse(&mut self, part: &Part, reason: &str, rows: &mut RowSink) -> Result<(), ImportError> {
        let is_text_of_objects = || serde_json::from_slice(&part.text).is_ok_and(|value| is_hidden(&value));
        let may_mark =
            !part.left_out.is_nothing() || part.role == WITH_OBJECTS || may_name_others(&part.text);
        if may_mark || is_text_of_objects() {
            self.known.said.mark_all(RED, Marking::default());
        }
        let mut shown = BTreeSet::new();
        for id in ids(&part.text) {
            self.known.obscure(&id);
            shown.extend(object::shown_id(&id));
        }
        let id = shown.pop_first().filter(|_| shown.is_empty());
        rows.take([(Locator { line: part.line, id }, Err(RowReject::unreadable(reason)))])
    }

    /// The file has ended: what waits is all there is, and becomes rows.
    fn finish(&mut self, rows: &mut RowSink) -> Result<(), ImportError> {
        let Self { bundles, known, .. } = self;
        bundles.drain(|part| {
            if let Ok(bundle) = Kept::read(&part) {
                known.said.mark_all(Marking::default(), known.definitions.marking_of(&bundle));
            }
            Ok(())
        })?;
        self.mark_named()?;
        let Self { waiting, observations, bases, known, rules, .. } = self;
        bases.drain(|part| {
            if let Some(relationship) = known.current(&part) {
                base(&relationship, &known.identifiers, &mut known.said);
            }
            Ok(())
        })?;
        observations.drain(|part| {
            if let Some(observation) = known.current(&part) {
                // What has its observables in it is counted with them.
                if !has_observables_within(&observation) {
                    known.count_unknown_markings(&observation);
                }
                observe(&observation, &known.definitions, &mut known.said);
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
        for round in 0..MAX_NESTING {
            let mut parts = std::mem::replace(&mut self.containers, Waiting::new(self.store));
            let mut is_new = false;
            parts.drain(|part| {
                if let Some(container) = self.known.current(&part) {
                    if round == 0 {
                        self.known.count_unknown_markings(&container);
                    }
                    let Known { definitions, said, .. } = &mut self.known;
                    is_new |= mark_named(&container, definitions, said);
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
#[derive(Debug)]
struct Known {
    definitions: Definitions,
    identifiers: Identifiers,
    said: AllSaid,
    unknown_markings: UnknownMarkings,
}

impl Known {
    fn new(rules: &RowRules) -> Self {
        let said = AllSaid::new(rules.default_tlp());
        Self {
            definitions: Definitions::default(),
            identifiers: Identifiers::default(),
            said,
            unknown_markings: UnknownMarkings::default(),
        }
    }

    /// There is an object of this id that cannot be read: another marking, a newer version, another definition.
    fn obscure(&mut self, id: &str) {
        self.said.restrict(id);
        self.identifiers.obscure(id);
        self.definitions.obscure(id);
    }

    /// An object, unless a newer version of it is in the file.
    fn current(&self, part: &Part) -> Option<Kept> {
        let object = Kept::read(part).ok()?;
        (self.identifiers.standing(&object) != Standing::Superseded).then_some(object)
    }

    /// Counts the markings of an object that nobody defines or understands.
    fn count_unknown_markings(&self, object: &Kept) {
        self.unknown_markings.count(self.definitions.unknown_markings(object));
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
            |part| match Kept::read(&part) {
                Ok(object) => object::rows(part.line, object, known, rules),
                Err(reason) => vec![(Locator::of_line(part.line), Err(RowReject::unreadable(reason)))],
            },
        )
    }
}
