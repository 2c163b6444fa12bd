//! What commands print: JSON for tools, tables and sentences for people.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::exit::CommandError;

/// Where a command's answer goes, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// For people, or for tools.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether only JSON may be written.
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person watches stderr, where progress goes.
    pub fn shows_progress(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Writes one JSON document in one line.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn json(self, value: &impl Serialize) -> Result<(), CommandError> {
        let mut line = serde_json::to_vec(value).map_err(|error| CommandError::failed(error.to_string()))?;
        line.push(b'\n');
        write(&line)
    }

    /// Writes a line for people; under `--json` nothing.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn say(self, line: &str) -> Result<(), CommandError> {
        if self.json { Ok(()) } else { write(format!("{line}\n").as_bytes()) }
    }

    /// Writes to stderr what a person should know and no tool reads, in either form.
    ///
    /// # Errors
    /// Standard error cannot be written.
    pub fn warn(self, line: &str) -> Result<(), CommandError> {
        let written = writeln!(io::stderr(), "{line}");
        written.map_err(|error| CommandError::failed(format!("standard error cannot be written: {error}")))
    }

    /// Writes a table for people.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn table(self, head: &[&str], rows: &[Vec<String>]) -> Result<(), CommandError> {
        write(table_text(head, rows).as_bytes())
    }
}

/// Writes to standard output.
pub(crate) fn write(bytes: &[u8]) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(CommandError::ReaderGone),
        Err(error) => Err(CommandError::failed(format!("standard output cannot be written: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Columns as wide as their widest cell, two spaces apart.
fn table_text(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(&head)
        .chain(rows)
        .map(|row| row.iter().map(|cell| printable(cell)).collect())
        .collect();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    lines.iter().map(|line| line_text(line, &widths)).collect()
}

fn line_text(cells: &[String], widths: &[usize]) -> String {
    let padded: Vec<String> =
        cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    format!("{}\n", padded.join("  ").trim_end())
}

/// A text without control characters: a value from an import must not drive the terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Bytes for people, in units of 1,000.
pub fn bytes_text(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let value = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.1} GB", value / 1e9),
    }
}

/// A whole number with its thousands apart.
pub fn number_text(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = vec![vec!["payments".into(), "1".into()], vec!["é".into(), "20".into()]];
        assert_eq!(table_text(&["PEER", "N"], &rows), "PEER      N\npayments  1\né         20\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
    }

    #[test]
    fn sizes_and_numbers_are_readable() {
        assert_eq!(bytes_text(999), "999 B");
        assert_eq!(bytes_text(1_234_567), "1.2 MB");
        assert_eq!(number_text(0), "0");
        assert_eq!(number_text(123_456), "123,456");
        assert_eq!(number_text(1_234_567), "1,234,567");
    }
}
