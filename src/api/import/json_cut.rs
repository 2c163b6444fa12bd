//! Cuts a JSON file of any size into parts of bounded size, as its format says which are wanted.
//!
//! The format is asked at the start of each value on the way: go in, cut it out whole, keep it with the object around it, or
//! pass over it. What is cut out has its spaces removed. A text that is too long is replaced by [`TOO_LONG`], and a member that makes
//! a part too large is left out, so that the part's id is still there to refuse it by.

use super::error::ImportError;
use super::json_scan::{Container, Edge, JsonFault, JsonScanner, Part};

/// The longest text that is kept, in bytes as written. Indicators end at 8 KiB, and no note and no pattern needs more.
pub(crate) const MAX_TEXT_BYTES: usize = 64 * 1024;

/// What stands for a text that was too long: no text that a program writes.
pub(crate) const TOO_LONG: &str = "\u{1}longer than 65536 bytes\u{1}";

/// [`TOO_LONG`] as JSON.
const TOO_LONG_JSON: &[u8] = b"\"\\u0001longer than 65536 bytes\\u0001\"";

/// The largest part, in bytes without spaces: MISP objects have some dozen attributes, STIX reports thousands of references.
pub(crate) const MAX_PART_BYTES: usize = 1024 * 1024;

/// The longest key that is looked at, in bytes as written; what has a longer one is passed over.
const MAX_KEY_BYTES: usize = 256;

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What a value is, before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Object,
    List,
    /// A text, a number, `true`, `false` or `null`.
    Plain,
}

/// What to do with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Ask again for each of its members or elements.
    Enter,
    /// Hand it over.
    Cut,
    /// Keep it, to be handed over when the object around it ends; or leave it out, if it is too large to be kept whole.
    Keep,
    /// Pass over it.
    Skip,
}

/// How many members of a part there was no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LeftOut {
    #[default]
    Nothing,
    OneMember,
    Several,
}

impl LeftOut {
    /// Whether there was none without room.
    pub(crate) fn is_nothing(self) -> bool {
        self == Self::Nothing
    }

    /// Adds to it.
    fn add(&mut self, more: Self) {
        *self = match (*self, more) {
            (Self::Nothing, only) | (only, Self::Nothing) => only,
            _ => Self::Several,
        };
    }
}

/// A container on the way to a value.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The key under which it stands; of an element, its list's; empty at the root.
    pub(crate) name: String,
    /// Whether it is a list.
    pub(crate) is_list: bool,
    /// The line on which it starts.
    pub(crate) line: u64,
    /// What was to be kept and was too large.
    pub(crate) left_out: LeftOut,
    /// The members that were kept, as members of a JSON object.
    kept: Vec<u8>,
}

impl Frame {
    /// Whether a member was kept.
    pub(crate) fn has_kept(&self) -> bool {
        !self.kept.is_empty()
    }

    /// The members that were kept, as a JSON object.
    pub(crate) fn kept(&self) -> Vec<u8> {
        [b"{", self.kept.as_slice(), b"}"].concat()
    }

    fn keep(&mut self, Piece { name, text, left_out, .. }: Piece<'_>) {
        if self.kept.len() + text.len() > MAX_PART_BYTES {
            self.left_out.add(LeftOut::OneMember);
            return;
        }
        self.left_out.add(left_out);
        if !self.kept.is_empty() {
            self.kept.push(b',');
        }
        self.kept.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
        self.kept.push(b':');
        self.kept.extend_from_slice(text);
    }
}

/// A part that was cut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// The key under which it stands; of an element, its list's.
    pub(crate) name: &'a str,
    /// The line on which it starts.
    pub(crate) line: u64,
    /// The part, as JSON without spaces.
    pub(crate) text: &'a [u8],
    /// What was left out, for it made the part too large.
    pub(crate) left_out: LeftOut,
}

/// A format that is made of JSON.
pub(crate) trait JsonFormat {
    /// What to do with a value of this name and shape; `frames` are the containers around it, the root first.
    fn plan(&self, frames: &[Frame], name: &str, shape: Shape) -> Act;

    /// Takes a part.
    fn piece(&mut self, frames: &[Frame], piece: Piece<'_>) -> Result<(), ImportError>;

    /// Whether what was kept of a container that was entered is now kept with the object around it, as if it had not been entered.
    fn keeps(&self, _depth: usize, _frame: &Frame) -> bool {
        false
    }

    /// A container that was entered has ended; `depth` is how many there are around it.
    fn close(&mut self, depth: usize, frame: &Frame) -> Result<(), ImportError>;
}

/// Cuts chunks of bytes, wherever they end.
#[derive(Debug)]
pub(crate) struct JsonCutter {
    scanner: JsonScanner,
    frames: Vec<Frame>,
    key: Vec<u8>,
    capture: Option<Capture>,
    line: u64,
    /// The first bytes, until they show whether they are a byte order mark; none after that.
    start: Option<Vec<u8>>,
}

impl Default for JsonCutter {
    fn default() -> Self {
        let scanner = JsonScanner::default();
        Self { scanner, frames: Vec::new(), key: Vec::new(), capture: None, line: 1, start: Some(Vec::new()) }
    }
}

/// A value that is being read whole.
#[derive(Debug)]
struct Capture {
    name: String,
    act: Act,
    line: u64,
    /// Containers around it.
    depth: u32,
    text: Vec<u8>,
    /// Where the text that is open begins.
    text_start: usize,
    text_too_long: bool,
    /// Where the last whole member ends.
    member_end: usize,
    /// A member is being left out.
    leaving_out: bool,
    left_out: LeftOut,
}

impl JsonCutter {
    /// Takes a chunk and hands on the parts that end in it.
    pub(crate) fn push(&mut self, chunk: &[u8], format: &mut dyn JsonFormat) -> Result<(), ImportError> {
        let Some(start) = &mut self.start else { return self.take(chunk, format) };
        start.extend_from_slice(chunk);
        if BOM.starts_with(start) && start.len() < BOM.len() {
            return Ok(());
        }
        let start = self.start.take().unwrap_or_default();
        self.take(start.strip_prefix(BOM).unwrap_or(&start), format)
    }

    fn take(&mut self, chunk: &[u8], format: &mut dyn JsonFormat) -> Result<(), ImportError> {
        let mut rest = chunk;
        while let [byte, after @ ..] = rest {
            let run = self.scanner.plain_run(rest);
            if run > 0 {
                let (plain, after) = rest.split_at(run);
                self.plain_text(plain);
                rest = after;
                continue;
            }
            let part = self.scanner.step(*byte).map_err(|fault| self.fault(fault))?;
            self.part(*byte, part, format)?;
            self.line += u64::from(*byte == b'\n');
            rest = after;
        }
        Ok(())
    }

    /// The file has ended.
    pub(crate) fn finish(&mut self) -> Result<(), ImportError> {
        self.scanner.finish().map_err(|fault| self.fault(fault))
    }

    fn fault(&self, fault: JsonFault) -> ImportError {
        ImportError::Json { line: self.line, fault }
    }

    /// Bytes within a text.
    fn plain_text(&mut self, bytes: &[u8]) {
        match &mut self.capture {
            Some(capture) => capture.plain_text(bytes),
            None => self.key_bytes(bytes),
        }
    }

    fn key_bytes(&mut self, bytes: &[u8]) {
        // One byte more than may be looked at says that it is too long.
        let room = (MAX_KEY_BYTES + 1).saturating_sub(self.key.len());
        self.key.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn part(&mut self, byte: u8, part: Part, format: &mut dyn JsonFormat) -> Result<(), ImportError> {
        if let Some(capture) = &mut self.capture {
            // A number ends at the byte behind it, which is not its own.
            let over = capture.is_over(part, self.scanner.depth());
            if over != Over::Before {
                capture.part(byte, part, self.scanner.depth());
            }
            if over != Over::No {
                self.end_capture(format)?;
            }
            if over != Over::Before {
                return Ok(());
            }
        }
        match part {
            Part::Key(Edge::Start) => self.key.clear(),
            Part::Key(Edge::Inside) => self.key_bytes(&[byte]),
            Part::Open(Container::Object) => self.begin(byte, part, Shape::Object, format)?,
            Part::Open(Container::List) => self.begin(byte, part, Shape::List, format)?,
            Part::Text(Edge::Start) | Part::Scalar(true) => self.begin(byte, part, Shape::Plain, format)?,
            Part::Close => self.leave(format)?,
            _ => (),
        }
        Ok(())
    }

    /// A value begins.
    fn begin(
        &mut self,
        byte: u8,
        part: Part,
        shape: Shape,
        format: &mut dyn JsonFormat,
    ) -> Result<(), ImportError> {
        let name = self.name();
        let act = name.as_deref().map_or(Act::Skip, |name| format.plan(&self.frames, name, shape));
        let name = name.unwrap_or_default();
        if act == Act::Enter && shape != Shape::Plain {
            let is_list = shape == Shape::List;
            self.frames.push(Frame {
                name,
                is_list,
                line: self.line,
                left_out: LeftOut::Nothing,
                kept: Vec::new(),
            });
            return Ok(());
        }
        let depth = self.scanner.depth() - u32::from(shape != Shape::Plain);
        let mut capture = Capture::new(name, act, self.line, depth);
        capture.part(byte, part, self.scanner.depth());
        self.capture = Some(capture);
        Ok(())
    }

    /// The name of the value that begins; none if its key is too long or no text.
    fn name(&self) -> Option<String> {
        match self.frames.last() {
            None => Some(String::new()),
            Some(list) if list.is_list => Some(list.name.clone()),
            Some(_) if self.key.len() > MAX_KEY_BYTES => None,
            Some(_) => serde_json::from_slice(&[b"\"", self.key.as_slice(), b"\""].concat()).ok(),
        }
    }

    fn end_capture(&mut self, format: &mut dyn JsonFormat) -> Result<(), ImportError> {
        let Some(capture) = self.capture.take() else { return Ok(()) };
        match (capture.act, self.frames.last_mut()) {
            (Act::Cut, _) => format.piece(&self.frames, capture.piece()),
            // A part of a list could be taken for all of it.
            (Act::Keep, Some(frame)) if !capture.left_out.is_nothing() => {
                frame.left_out.add(LeftOut::OneMember);
                Ok(())
            }
            (Act::Keep, Some(frame)) => {
                frame.keep(capture.piece());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn leave(&mut self, format: &mut dyn JsonFormat) -> Result<(), ImportError> {
        match self.frames.pop() {
            Some(frame) => {
                let depth = self.frames.len();
                if let Some(around) = self.frames.last_mut().filter(|around| !around.is_list)
                    && format.keeps(depth, &frame)
                {
                    around.keep(Piece {
                        name: &frame.name,
                        line: frame.line,
                        text: &frame.kept(),
                        left_out: frame.left_out,
                    });
                }
                format.close(depth, &frame)
            }
            None => Ok(()),
        }
    }
}

/// Whether a captured value ends at a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    No,
    /// With it.
    With,
    /// With the byte before it.
    Before,
}

impl Capture {
    fn new(name: String, act: Act, line: u64, depth: u32) -> Self {
        Self {
            name,
            act,
            line,
            depth,
            text: Vec::new(),
            text_start: 0,
            text_too_long: false,
            member_end: 0,
            leaving_out: false,
            left_out: LeftOut::Nothing,
        }
    }

    fn piece(&self) -> Piece<'_> {
        Piece { name: &self.name, line: self.line, text: &self.text, left_out: self.left_out }
    }

    fn is_over(&self, part: Part, depth: u32) -> Over {
        match part {
            Part::Text(Edge::End) if self.depth == depth => Over::With,
            Part::Close if self.depth == depth && !self.is_scalar() => Over::With,
            // Another value can follow without anything between them, where none is around them.
            Part::Scalar(false) => Over::No,
            _ if self.is_scalar() => Over::Before,
            _ => Over::No,
        }
    }

    /// Whether it is a number, `true`, `false` or `null`.
    fn is_scalar(&self) -> bool {
        !matches!(self.text.first(), Some(b'{' | b'[' | b'"'))
    }

    fn part(&mut self, byte: u8, part: Part, depth: u32) {
        if self.act == Act::Skip {
            // Its first byte says what it is.
            if self.text.is_empty() {
                self.text.push(byte);
            }
            return;
        }
        let between_members = part == Part::Comma && depth == self.depth + 1;
        if self.leaving_out {
            self.pass_over(byte, part, depth, between_members);
            return;
        }
        match part {
            Part::Space => return,
            Part::Text(edge) | Part::Key(edge) => return self.text_byte(byte, edge),
            _ if between_members => self.member_end = self.text.len(),
            _ => (),
        }
        self.text.push(byte);
        if self.text.len() == 1 {
            self.member_end = 1;
        }
        // The end costs no member its place.
        if !(part == Part::Close && depth == self.depth) {
            self.bound();
        }
    }

    fn text_byte(&mut self, byte: u8, edge: Edge) {
        match edge {
            Edge::Start => {
                self.text_start = self.text.len();
                self.text_too_long = false;
                self.text.push(byte);
            }
            Edge::Inside => self.plain_text(&[byte]),
            Edge::End if self.text_too_long => self.text_too_long = false,
            Edge::End => self.text.push(byte),
        }
        self.bound();
    }

    fn plain_text(&mut self, bytes: &[u8]) {
        if self.act == Act::Skip || self.leaving_out || self.text_too_long {
            return;
        }
        if self.text.len() - self.text_start + bytes.len() > MAX_TEXT_BYTES {
            self.text.truncate(self.text_start);
            self.text.extend_from_slice(TOO_LONG_JSON);
            self.text_too_long = true;
        } else {
            self.text.extend_from_slice(bytes);
        }
        self.bound();
    }

    /// Leaves the member out that makes the part too large.
    fn bound(&mut self) {
        if self.text.len() > MAX_PART_BYTES {
            self.text.truncate(self.member_end);
            self.leaving_out = true;
            self.left_out.add(LeftOut::OneMember);
        }
    }

    /// Passes over a member that is left out, up to the next one or the end.
    fn pass_over(&mut self, byte: u8, part: Part, depth: u32, between_members: bool) {
        if between_members {
            self.leaving_out = false;
            if self.text.len() > 1 {
                self.text.push(byte);
            }
        } else if part == Part::Close && depth == self.depth {
            self.text.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Cuts the elements of `parts`, keeps `keep`, passes over everything else.
    #[derive(Default)]
    struct Sample {
        pieces: Vec<(u64, String, LeftOut)>,
        kept: Vec<String>,
        largest: usize,
    }

    impl JsonFormat for Sample {
        fn plan(&self, frames: &[Frame], name: &str, shape: Shape) -> Act {
            match (frames.len(), name, shape) {
                (0, _, _) | (1, "parts", Shape::List) => Act::Enter,
                (2, _, _) => Act::Cut,
                (_, "keep", _) => Act::Keep,
                _ => Act::Skip,
            }
        }

        fn piece(&mut self, _frames: &[Frame], piece: Piece<'_>) -> Result<(), ImportError> {
            let text = String::from_utf8(piece.text.to_vec()).unwrap();
            self.largest = self.largest.max(text.len());
            self.pieces.push((piece.line, text, piece.left_out));
            Ok(())
        }

        fn close(&mut self, depth: usize, frame: &Frame) -> Result<(), ImportError> {
            if depth == 0 {
                self.kept.push(String::from_utf8(frame.kept()).unwrap());
            }
            Ok(())
        }
    }

    fn cut(chunks: &[&[u8]]) -> Result<Sample, ImportError> {
        let (mut cutter, mut sample) = (JsonCutter::default(), Sample::default());
        for chunk in chunks {
            cutter.push(chunk, &mut sample)?;
        }
        cutter.finish()?;
        Ok(sample)
    }

    #[test]
    fn parts_have_lines_and_lose_their_spaces() {
        let text = "\u{feff}{ \"keep\" : \"a b\",\n \"parts\" : [ 1 , \"x\" ,\n {\"a\" : [ ] , \"b\":\" \\\" \"} ,[ 2, 3 ]\n],\"other\":[{\"keep\":1}],\"\\u006beep\":-1.5}";
        let sample = cut(&[text.as_bytes()]).unwrap();
        let part = |line, text: &str| (line, text.to_owned(), LeftOut::Nothing);
        assert_eq!(
            sample.pieces,
            [part(2, "1"), part(2, "\"x\""), part(3, "{\"a\":[],\"b\":\" \\\" \"}"), part(3, "[2,3]")]
        );
        assert_eq!(sample.kept, ["{\"keep\":\"a b\",\"keep\":-1.5}"]);
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_wherever_chunks_end() {
        let text = "\u{feff}{\"keep\":1}".as_bytes();
        for at in 0..5 {
            let (left, right) = text.split_at(at);
            assert_eq!(cut(&[&left[..at / 2], &left[at / 2..], right]).unwrap().kept, ["{\"keep\":1}"]);
        }
        assert!(cut(&[&text[..2]]).is_err() && cut(&[&text[..3]]).is_err());
    }

    #[test]
    fn a_text_that_is_too_long_is_replaced() {
        let long = "x".repeat(MAX_TEXT_BYTES);
        let text = format!("{{\"parts\":[{{\"a\":\"{long}\",\"id\":\"i\"}},\"{long}\"]}}");
        let sample = cut(&[text.as_bytes()]).unwrap();
        let first: Value = serde_json::from_str(&sample.pieces[0].1).unwrap();
        assert_eq!((&first["a"], &first["id"]), (&Value::from(TOO_LONG), &Value::from("i")));
        assert_eq!(serde_json::from_str::<Value>(&sample.pieces[1].1).unwrap(), TOO_LONG);
    }

    #[test]
    fn a_member_that_is_too_large_is_left_out_and_the_rest_is_not() {
        let many = vec!["1234567890"; MAX_PART_BYTES / 11 + 2].join(",");
        for (members, left_out) in [
            (format!("\"refs\":[{many}],\"id\":\"i\""), LeftOut::OneMember),
            (format!("\"id\":\"i\",\"refs\":[{many}]"), LeftOut::OneMember),
            (format!("\"x\":[{many}],\"id\":\"i\",\"refs\":[{many}]"), LeftOut::Several),
        ] {
            let sample = cut(&[format!("{{\"parts\":[{{{members}}}]}}").as_bytes()]).unwrap();
            assert_eq!(sample.pieces, [(1, "{\"id\":\"i\"}".to_owned(), left_out)]);
        }
    }

    #[test]
    fn nothing_is_held_of_what_has_no_end() {
        let (mut cutter, mut sample) = (JsonCutter::default(), Sample::default());
        cutter.push(b"{\"parts\":[{\"a\":\"", &mut sample).unwrap();
        let chunk = vec![b'x'; 64 * 1024];
        for _ in 0..1_600 {
            cutter.push(&chunk, &mut sample).unwrap();
            let held = cutter.capture.as_ref().unwrap().text.capacity();
            assert!(held <= 2 * MAX_TEXT_BYTES, "{held} bytes held");
        }
        assert!(cutter.finish().is_err());
    }

    proptest! {
        #[test]
        fn parts_are_what_a_parser_finds_wherever_chunks_end(
            parts in prop::collection::vec(json(), 0..6),
            keep in json(),
            at in 0usize..400,
        ) {
            let whole = serde_json::json!({"x": [keep.clone()], "keep": keep, "parts": parts.clone()});
            for text in [whole.to_string(), serde_json::to_string_pretty(&whole).unwrap()] {
                let (left, right) = text.as_bytes().split_at(at.min(text.len()));
                let sample = cut(&[left, right]).unwrap();
                let found: Vec<Value> = sample.pieces.iter().map(|(_, text, _)| serde_json::from_str(text).unwrap()).collect();
                prop_assert_eq!(&found, &parts);
                let kept: Value = serde_json::from_str(&sample.kept[0]).unwrap();
                prop_assert_eq!(&kept["keep"], &whole["keep"]);
            }
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z\\\\\"{},\\[\\] \n\u{e9}]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"]{0,3}", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
