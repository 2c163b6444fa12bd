//! MISP: events, their attributes and objects, and what `restSearch` answers.
//!
//! The forms that are read (MISP core format, and what servers make of it): `{"Event":{..}}`, lists of those, `{"response":[..]}`,
//! `{"response":{"Attribute":[..]}}`, `{"Attribute":[..]}`, a list of attributes, an event or an attribute alone; one of them after the
//! other too. An event's tags can stand behind its attributes, and whatever holds attributes can turn out to be an event: they wait until it
//! ends. Nothing that a file names is fetched.

mod attribute;
mod event;
mod markings;
mod object;
mod types;
pub(crate) mod written;

use overlap_store::Store;

use super::error::ImportError;
use super::json_cut::{Act, Frame, JsonCutter, JsonFormat, MAX_PART_BYTES, Piece, Shape};
use super::json_value::members;
use super::report::Locator;
use super::row::RowReject;
use super::source::{Row, RowRules, RowSink, RowSource};
use super::waiting::{Part, Waiting};
pub(crate) use event::Event;

pub(crate) use attribute::NOT_FOR_DETECTION;
pub(crate) use object::rows as object_rows;
pub(crate) use types::{NOT_COMPARED, findings as type_findings, taken_without_to_ids};

/// Parts that are read at a time.
const BATCH_PARTS: usize = 10_000;

/// Text that is read at a time, in bytes.
const BATCH_TEXT: usize = 2 * MAX_PART_BYTES;

/// What a part is.
const ATTRIBUTE: u8 = 0;
const OBJECT: u8 = 1;

/// Members of an event that are large and hold no indicator of its own: proposals, correlations, reports, keys.
const PASSED_OVER: [&str; 8] = [
    "RelatedEvent",
    "ShadowAttribute",
    "EventReport",
    "CryptographicKey",
    "Galaxy",
    "Sighting",
    "SharingGroup",
    "Feed",
];

/// A file of MISP.
pub(crate) struct MispSource<'a> {
    cutter: JsonCutter,
    misp: Misp<'a>,
}

impl<'a> MispSource<'a> {
    /// A file; the store keeps aside what waits for the end of its event.
    pub(crate) fn new(rules: &'a RowRules, store: &'a dyn Store) -> Self {
        let misp = Misp { rules, store, batch: Vec::new(), text: 0, events: Vec::new(), is_misp: false };
        Self { cutter: JsonCutter::default(), misp }
    }
}

impl RowSource for MispSource<'_> {
    fn push(&mut self, chunk: &[u8], rows: &mut RowSink) -> Result<(), ImportError> {
        self.cutter.push(chunk, &mut Reading { misp: &mut self.misp, rows })
    }

    fn finish(&mut self, rows: &mut RowSink) -> Result<(), ImportError> {
        self.cutter.finish()?;
        if !self.misp.is_misp {
            return Err(ImportError::WrongFormat(
                "this JSON is no MISP event, no list of attributes and no answer of restSearch",
            ));
        }
        self.misp.read_batch(None, rows)
    }
}

struct Misp<'a> {
    rules: &'a RowRules,
    store: &'a dyn Store,
    /// Parts that wait for nothing.
    batch: Vec<Part>,
    text: usize,
    /// Parts of the events that are open, each with the depth of its event.
    events: Vec<(usize, Waiting<'a>)>,
    is_misp: bool,
}

/// The file with those who take its rows.
struct Reading<'r, 'a> {
    misp: &'r mut Misp<'a>,
    rows: &'r mut RowSink,
}

impl JsonFormat for Reading<'_, '_> {
    fn plan(&self, frames: &[Frame], name: &str, shape: Shape) -> Act {
        let in_list = frames.last().is_some_and(|frame| frame.is_list);
        match (name, shape) {
            _ if frames.is_empty() => Act::Enter,
            ("Attribute" | "Object", Shape::List) if !in_list => Act::Enter,
            ("Attribute" | "Object", _) => Act::Cut,
            (_, Shape::Object) if in_list => Act::Enter,
            (_, _) if in_list => Act::Skip,
            // An event does not stand in an event: what does is another's.
            ("Event" | "response", _) if is_in_event(frames) => Act::Skip,
            // Of an attribute that stands alone or in a list without a name.
            ("Event", Shape::Object) if frames.last().is_some_and(Frame::has_kept) => Act::Keep,
            ("Event" | "response", Shape::Object | Shape::List) => Act::Enter,
            ("response", _) => Act::Skip,
            (name, _) if PASSED_OVER.contains(&name) => Act::Skip,
            _ => Act::Keep,
        }
    }

    fn piece(&mut self, frames: &[Frame], piece: Piece<'_>) -> Result<(), ImportError> {
        self.misp.is_misp = true;
        let part = Part {
            role: if piece.name == "Object" { OBJECT } else { ATTRIBUTE },
            line: piece.line,
            left_out: piece.left_out,
            text: piece.text.to_vec(),
        };
        match event_depth(frames) {
            Some(depth) => self.misp.wait(depth, &part),
            None => self.misp.add(part, None, self.rows),
        }
    }

    fn keeps(&self, depth: usize, frame: &Frame) -> bool {
        let has_parts = self.misp.events.last().is_some_and(|(open, _)| *open == depth);
        frame.name == "Event" && !frame.is_list && !has_parts
    }

    fn close(&mut self, depth: usize, frame: &Frame) -> Result<(), ImportError> {
        self.misp.is_misp |= matches!(frame.name.as_str(), "Event" | "response" | "Attribute" | "Object")
            || depth == 0 && frame.is_list;
        if self.misp.events.last().is_some_and(|(open, _)| *open == depth) {
            self.misp.end_event(frame, self.rows)?;
        }
        if frame.is_list || frame.name == "Event" || !frame.has_kept() {
            return Ok(());
        }
        let text = frame.kept();
        // An attribute that stands in a list without a name, or alone.
        if members(&text)
            .is_ok_and(|members| !(members.contains_key("type") && members.contains_key("value")))
        {
            return Ok(());
        }
        self.misp.is_misp = true;
        let part = Part { role: ATTRIBUTE, line: frame.line, left_out: frame.left_out, text };
        self.misp.add(part, None, self.rows)
    }
}

/// The depth of the event around an attribute or object: of the object that has it, whatever its name, but for an answer. Its tags can come
/// last, so nobody knows before its end that it is none.
fn event_depth(frames: &[Frame]) -> Option<usize> {
    let depth = frames.iter().rposition(|frame| !frame.is_list)?;
    let is_in_list = depth.checked_sub(1).and_then(|around| frames.get(around)).is_some_and(|f| f.is_list);
    let is_answer = frames.get(depth).is_some_and(|frame| frame.name == "response") && !is_in_list;
    (!is_answer).then_some(depth)
}

fn is_in_event(frames: &[Frame]) -> bool {
    frames.iter().any(|frame| frame.name == "Event" && !frame.is_list)
}

impl<'a> Misp<'a> {
    fn wait(&mut self, depth: usize, part: &Part) -> Result<(), ImportError> {
        match self.events.last_mut() {
            Some((open, waiting)) if *open == depth => waiting.push(part),
            _ => {
                let mut waiting = Waiting::new(self.store);
                waiting.push(part)?;
                self.events.push((depth, waiting));
                Ok(())
            }
        }
    }

    fn end_event(&mut self, frame: &Frame, rows: &mut RowSink) -> Result<(), ImportError> {
        let Some((_, mut waiting)) = self.events.pop() else { return Ok(()) };
        if !frame.has_kept() && frame.left_out.is_nothing() && frame.name != "Event" {
            // A list of attributes with a name, and no event.
            return waiting.drain(|part| self.add(part, None, rows));
        }
        // What waits for nothing is not of this event.
        self.read_batch(None, rows)?;
        let event = Event::read(frame);
        waiting.drain(|part| self.add(part, Some(&event), rows))?;
        self.read_batch(Some(&event), rows)
    }

    fn add(&mut self, part: Part, event: Option<&Event>, rows: &mut RowSink) -> Result<(), ImportError> {
        self.text += part.text.len();
        self.batch.push(part);
        if self.batch.len() >= BATCH_PARTS || self.text >= BATCH_TEXT {
            self.read_batch(event, rows)?;
        }
        Ok(())
    }

    fn read_batch(&mut self, event: Option<&Event>, rows: &mut RowSink) -> Result<(), ImportError> {
        self.text = 0;
        let parts = std::mem::take(&mut self.batch);
        let none = Event::default();
        let event = event.unwrap_or(&none);
        rows.take_of(parts, |part| part.text.len(), |part| rows_of(&part, event, self.rules))
    }
}

fn rows_of(part: &Part, event: &Event, rules: &RowRules) -> Vec<Row> {
    let at = Locator::of_line(part.line);
    let members = match members(&part.text) {
        Ok(members) => members,
        Err(reason) => return vec![(at, Err(RowReject::unreadable(reason)))],
    };
    if !part.left_out.is_nothing() || event.refused.is_some() {
        let reason = event.refused.as_deref().unwrap_or("larger than a mebibyte");
        return vec![(attribute::locator(&members, part.line), Err(RowReject::unreadable(reason)))];
    }
    match part.role {
        OBJECT => object::rows(&members, part.line, event, rules),
        _ => attribute::rows(&members, part.line, event, rules),
    }
}
