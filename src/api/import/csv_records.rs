//! CSV (RFC 4180) as a stream of records of bounded size, each with the line on which it starts.
//!
//! The `csv` crate would hold a quoted field to whatever size it grows, and counts lines otherwise.

use std::borrow::Cow;

use super::batch::Batch;
use super::delimiter::Delimiter;
use super::lines::{Line, MAX_LINE_BYTES};

/// Lines that a record with quoted line breaks can have. A quote that is never closed would else take the rest of the
/// file with it, and finding that out again from each line would take time without bound.
const MAX_RECORD_LINES: usize = 100;

/// Why a line was refused that is too long.
pub(crate) const LINE_TOO_LONG: &str = "the line is longer than 65536 bytes";

/// Why a record was refused whose quote takes in too much.
const QUOTE_NOT_CLOSED: &str = "a quote is not closed within 100 lines and 65536 bytes";

/// Puts lines together to records.
#[derive(Debug, Default)]
pub(crate) struct CsvRecords {
    delimiter: Delimiter,
    open: Vec<(u64, Vec<u8>)>,
    open_bytes: usize,
    state: QuoteState,
}

/// Where a scan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum QuoteState {
    /// At the start of a field: a quote opens it.
    #[default]
    FieldStart,
    /// In a field without quotes, or behind its closing quote.
    Plain,
    /// In a quoted field.
    Quoted,
    /// At a quote in a quoted field: it closes the field, or the next quote makes it a quote of the text.
    QuoteInQuoted,
}

impl QuoteState {
    const fn after(self, byte: u8, delimiter: Delimiter) -> Self {
        match (self, byte) {
            (QuoteState::FieldStart, b'"') | (QuoteState::QuoteInQuoted, b'"') => QuoteState::Quoted,
            (QuoteState::Quoted, b'"') => QuoteState::QuoteInQuoted,
            (QuoteState::Quoted, _) => QuoteState::Quoted,
            (_, byte) if byte == delimiter.byte() => QuoteState::FieldStart,
            _ => QuoteState::Plain,
        }
    }
}

impl CsvRecords {
    /// None yet.
    pub(crate) fn new(delimiter: Delimiter) -> Self {
        Self { delimiter, ..Self::default() }
    }

    /// Takes a line; records that end with it go to `batch`.
    pub(crate) fn line(&mut self, number: u64, line: Line<'_>, batch: &mut Batch) {
        let Line::Whole(bytes) = line else {
            self.finish(batch);
            return batch.refuse(number, LINE_TOO_LONG);
        };
        if self.open.is_empty() && bytes.is_empty() {
            return;
        }
        let state = bytes.iter().fold(self.state, |state, &byte| state.after(byte, self.delimiter));
        match (state, self.open.is_empty()) {
            (QuoteState::Quoted, _) => self.hold(number, bytes, batch),
            (_, true) => batch.add(number, bytes),
            (_, false) => self.close(bytes, batch),
        }
    }

    /// Nothing follows that could close a quote.
    pub(crate) fn finish(&mut self, batch: &mut Batch) {
        while !self.open.is_empty() {
            self.give_up(batch);
        }
    }

    /// Keeps a line whose last quote is open.
    fn hold(&mut self, number: u64, bytes: &[u8], batch: &mut Batch) {
        self.state = QuoteState::Quoted;
        self.open_bytes += bytes.len();
        self.open.push((number, bytes.to_vec()));
        if self.open.len() > MAX_RECORD_LINES || self.open_bytes > MAX_LINE_BYTES {
            self.give_up(batch);
        }
    }

    /// Ends the record of the lines that are open.
    fn close(&mut self, bytes: &[u8], batch: &mut Batch) {
        let open = self.take_open();
        let first = open.first().map_or(0, |(number, _)| *number);
        let mut lines: Vec<&[u8]> = open.iter().map(|(_, line)| line.as_slice()).collect();
        lines.push(bytes);
        batch.add(first, &lines.join(&b'\n'));
    }

    fn take_open(&mut self) -> Vec<(u64, Vec<u8>)> {
        std::mem::replace(self, Self::new(self.delimiter)).open
    }

    /// Refuses the line whose quote is not closed, and reads those behind it again as lines of their own: no row is lost.
    fn give_up(&mut self, batch: &mut Batch) {
        let mut open = self.take_open().into_iter();
        let Some((number, _)) = open.next() else { return };
        batch.refuse(number, QUOTE_NOT_CLOSED);
        for (number, line) in open {
            self.line(number, Line::Whole(&line), batch);
        }
    }
}

/// The fields of a record, without their quotes.
pub(crate) fn fields(record: &str, delimiter: Delimiter) -> Vec<Cow<'_, str>> {
    let mut fields = Vec::new();
    let mut state = QuoteState::FieldStart;
    let mut start = 0;
    for (at, byte) in record.bytes().enumerate() {
        state = state.after(byte, delimiter);
        if byte == delimiter.byte() && state == QuoteState::FieldStart {
            fields.push(unquoted(record.get(start..at).unwrap_or_default(), delimiter));
            start = at + 1;
        }
    }
    fields.push(unquoted(record.get(start..).unwrap_or_default(), delimiter));
    fields
}

fn unquoted(field: &str, delimiter: Delimiter) -> Cow<'_, str> {
    let Some(inner) = field.strip_prefix('"') else { return Cow::Borrowed(field) };
    match inner.strip_suffix('"') {
        Some(inner) if !inner.contains('"') => Cow::Borrowed(inner),
        _ => Cow::Owned(unescaped(inner, delimiter)),
    }
}

/// A quoted field from behind its first quote: `""` is a quote, and what follows the closing quote is kept as it is.
fn unescaped(inner: &str, delimiter: Delimiter) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut state = QuoteState::Quoted;
    for character in inner.chars() {
        let before = state;
        // No byte of a character above ASCII is a quote or a delimiter: any other byte stands for it.
        state = state.after(u8::try_from(character).unwrap_or(b'x'), delimiter);
        if state != QuoteState::QuoteInQuoted || before != QuoteState::Quoted {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::import::lines::LineCutter;

    fn comma_fields(record: &str) -> Vec<Cow<'_, str>> {
        fields(record, Delimiter::Comma)
    }

    fn records(text: &str) -> Vec<(u64, Result<String, &'static str>)> {
        let mut batch = Batch::default();
        let mut records = CsvRecords::default();
        let mut sink = |number, line: Line<'_>| {
            records.line(number, line, &mut batch);
            Ok::<(), std::convert::Infallible>(())
        };
        let mut cutter = LineCutter::default();
        let Ok(()) = cutter.push(text.as_bytes(), &mut sink);
        let Ok(()) = cutter.finish(&mut sink);
        records.finish(&mut batch);
        (0..batch.len())
            .map(|index| {
                let (line, record) = batch.get(index).unwrap();
                (line, record.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()))
            })
            .collect()
    }

    #[test]
    fn a_record_has_the_line_on_which_it_starts() {
        let text = "a,b\r\n\"x\r\n\r\ny\",1\r\n\r\nc,d\n";
        let expected = [(1, Ok("a,b".into())), (2, Ok("\"x\n\ny\",1".into())), (6, Ok("c,d".into()))];
        assert_eq!(records(text), expected);
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_its_line_and_no_other() {
        let expected =
            [(1, Ok("a".into())), (2, Err(QUOTE_NOT_CLOSED)), (3, Ok("c".into())), (4, Ok("d".into()))];
        assert_eq!(records("a\n\"b\nc\nd\n"), expected);
        let many = format!("\"b\n{}", "c\n".repeat(1_000));
        let read = records(&many);
        assert_eq!(read.len(), 1_001);
        assert_eq!(read.iter().filter(|(_, record)| record.is_err()).count(), 1);
    }

    #[test]
    fn a_quote_inside_a_field_is_text() {
        assert_eq!(records("a 5\" nail,b\nc,d").len(), 2);
        assert_eq!(comma_fields("a 5\" nail,b"), ["a 5\" nail", "b"]);
    }

    #[test]
    fn fields_lose_their_quotes() {
        assert_eq!(comma_fields(""), [""]);
        assert_eq!(comma_fields("a,,b"), ["a", "", "b"]);
        assert_eq!(comma_fields("\"a,b\",\"say \"\"hi\"\"\",\"\""), ["a,b", "say \"hi\"", ""]);
        assert_eq!(comma_fields("\"a\"b,c"), ["ab", "c"]);
        assert_eq!(comma_fields("\"\u{e4}\"\"\u{1f980}\",x"), ["\u{e4}\"\u{1f980}", "x"]);
    }

    #[test]
    fn another_delimiter_makes_the_comma_a_character() {
        assert_eq!(fields("a,b;\"c;d\";", Delimiter::Semicolon), ["a,b", "c;d", ""]);
        assert_eq!(fields("a\t\"b\tc\"", Delimiter::Tab), ["a", "b\tc"]);
        let mut batch = Batch::default();
        let mut records = CsvRecords::new(Delimiter::Semicolon);
        for (line, text) in (1..).zip(["\"a", "b\";c", "d,\"e;f", "g"]) {
            records.line(line, Line::Whole(text.as_bytes()), &mut batch);
        }
        records.finish(&mut batch);
        let lines: Vec<u64> = (0..batch.len()).filter_map(|index| Some(batch.get(index)?.0)).collect();
        assert_eq!(lines, [1, 3, 4], "a quote opens a field only where one starts");
    }

    proptest! {
        #[test]
        fn what_is_quoted_comes_back(texts in prop::collection::vec("[a-c\",\n\u{e9}]{0,12}", 1..5)) {
            let quoted: Vec<String> = texts.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect();
            let read = records(&quoted.join(","));
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(comma_fields(read[0].1.as_ref().unwrap()), texts);
        }

        #[test]
        fn every_line_is_in_one_record(text in "[a\",\n]{0,200}") {
            let mut covered = 0;
            for (_, record) in records(&text) {
                covered += record.map_or(1, |text| text.split('\n').count());
            }
            let blank = text.lines().filter(|line| line.is_empty()).count();
            let lines = text.lines().count();
            prop_assert!(covered <= lines && covered + blank >= lines);
        }
    }
}
