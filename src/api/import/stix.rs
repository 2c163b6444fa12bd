//! STIX 2.1: bundles, TAXII envelopes, lists of objects, an object alone.
//!
//! Indicators say what they are in a pattern, observables in their properties. An object whose markings or whose author are defined
//! further down waits for the end of the file. Nothing that a file names is fetched.

mod account_term;
mod definitions;
mod identifiers;
mod object;
mod own;
mod pattern;
mod pattern_tokens;
mod terms;

use overlap_store::Store;
use rayon::prelude::*;

use super::error::ImportError;
use super::json_cut::{Act, Frame, JsonCutter, JsonFormat, MAX_PART_BYTES, Piece, Shape};
use super::json_value::{Members, members, text};
use super::report::Locator;
use super::row::RowReject;
use super::source::{RowRules, RowSink, RowSource};
use super::waiting::{Part, Waiting};
use definitions::Definitions;
use identifiers::{Identifiers, Seen};

pub(crate) use object::pattern_findings;

/// Parts that are read at a time.
const BATCH_PARTS: usize = 10_000;

/// Text that is read at a time, in bytes.
const BATCH_TEXT: usize = 2 * MAX_PART_BYTES;

/// The only role of a part.
const OBJECT: u8 = 0;

/// Why the later of two objects is refused.
const OTHER_CONTENT: &str = "the id was there before with other content: the first is kept";

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
            batch: Vec::new(),
            text: 0,
            waiting: Waiting::new(store),
            definitions: Definitions::default(),
            identifiers: Identifiers::default(),
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
    batch: Vec<Part>,
    text: usize,
    waiting: Waiting<'a>,
    definitions: Definitions,
    identifiers: Identifiers,
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
            ([root], _, _) if root.is_list => Act::Cut,
            // STIX 2.0's observed-data has an object of that name.
            ([_], "objects", Shape::List) => Act::Enter,
            ([_], _, _) => Act::Keep,
            _ => Act::Cut,
        }
    }

    fn piece(&mut self, _frames: &[Frame], piece: Piece<'_>) -> Result<(), ImportError> {
        let Piece { line, text, left_out, .. } = piece;
        self.stix.add(Part { role: OBJECT, line, left_out, text: text.to_vec() }, self.rows)
    }

    fn close(&mut self, depth: usize, frame: &Frame) -> Result<(), ImportError> {
        if frame.is_list {
            self.stix.is_stix = true;
            return Ok(());
        }
        let kept = frame.kept();
        let is_object = members(&kept).is_ok_and(|root| {
            text(&root, "type").is_some_and(|name| name != "bundle") && root.contains_key("id")
        });
        if depth == 0 && is_object {
            self.stix.is_stix = true;
            let part = Part { role: OBJECT, line: frame.line, left_out: frame.left_out, text: kept };
            return self.stix.add(part, self.rows);
        }
        // "The property objects is optional" (STIX 2.1, 8.1): an empty bundle has none.
        self.stix.is_stix |= members(&kept).is_ok_and(|root| text(&root, "type") == Some("bundle"));
        Ok(())
    }
}

/// An object that was read, or why it was not.
type Read = Result<(Part, Members), (Locator, RowReject)>;

impl Stix<'_> {
    fn add(&mut self, part: Part, rows: &mut RowSink) -> Result<(), ImportError> {
        self.text += part.text.len();
        self.batch.push(part);
        if self.batch.len() >= BATCH_PARTS || self.text >= BATCH_TEXT {
            self.read_batch(rows)?;
        }
        Ok(())
    }

    /// Reads a batch: what defines something is remembered, what waits for a definition waits, and the rest becomes rows.
    fn read_batch(&mut self, rows: &mut RowSink) -> Result<(), ImportError> {
        self.text = 0;
        let parts = std::mem::take(&mut self.batch);
        let read: Vec<Read> = parts.into_par_iter().map(read).collect();
        let mut ready = Vec::with_capacity(read.len());
        for object in read {
            let object = object.and_then(|object| self.first_of_its_id(object));
            if let Ok((part, members)) = &object {
                self.definitions.learn(members)?;
                if object::is_taken(members) && !self.definitions.know_all_of(members) {
                    self.waiting.push(part)?;
                    continue;
                }
            }
            ready.push(object);
        }
        let (definitions, rules) = (&self.definitions, self.rules);
        take_rows(ready, definitions, rules, rows)
    }

    fn first_of_its_id(&mut self, (part, members): (Part, Members)) -> Read {
        match self.identifiers.see(&members) {
            Seen::WithOtherContent => {
                let reject = object::reject(&members, OTHER_CONTENT);
                Err((object::locator(&members, part.line), reject))
            }
            _ => Ok((part, members)),
        }
    }

    /// The file has ended: nothing that is not defined now will be.
    fn finish(&mut self, rows: &mut RowSink) -> Result<(), ImportError> {
        self.read_batch(rows)?;
        let mut waiting = std::mem::take(&mut self.batch);
        let mut text = 0;
        let Self { waiting: parts, definitions, rules, .. } = self;
        let mut flush = |batch: &mut Vec<Part>| {
            let read = batch.par_drain(..).map(read).collect();
            take_rows(read, definitions, rules, rows)
        };
        parts.drain(|part| {
            text += part.text.len();
            waiting.push(part);
            if waiting.len() < BATCH_PARTS && text < BATCH_TEXT {
                return Ok(());
            }
            text = 0;
            flush(&mut waiting)
        })?;
        flush(&mut waiting)
    }
}

fn read(part: Part) -> Read {
    match members(&part.text) {
        Ok(members) => Ok((part, members)),
        Err(reason) => Err((Locator::of_line(part.line), RowReject::unreadable(reason))),
    }
}

/// Makes rows of objects, on every core, and hands them on in their order.
fn take_rows(
    objects: Vec<Read>,
    definitions: &Definitions,
    rules: &RowRules,
    rows: &mut RowSink,
) -> Result<(), ImportError> {
    let size = |object: &Read| object.as_ref().map_or(0, |(part, _)| part.text.len());
    rows.take_of(objects, size, |object| match object {
        Ok((part, members)) => object::rows(&part, &members, definitions, rules),
        Err((at, reject)) => vec![(at, Err(reject))],
    })
}
