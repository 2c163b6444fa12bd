//! Cuts a stream into lines, within a bounded memory.

/// The longest line of an import, in bytes, without its line ending. No indicator and no note needs more, and a file
/// without line endings must not fill the memory.
pub(crate) const MAX_LINE_BYTES: usize = 64 * 1024;

/// The byte order mark of UTF-8, which some programs write at the start of a file.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A line, without its LF or CRLF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    TooLong,
}

/// Cuts chunks of bytes, wherever they end, into lines, and counts them from 1.
#[derive(Debug)]
pub(crate) struct LineCutter {
    partial: Vec<u8>,
    too_long: bool,
    number: u64,
}

impl Default for LineCutter {
    fn default() -> Self {
        Self { partial: Vec::new(), too_long: false, number: 1 }
    }
}

impl LineCutter {
    /// Takes a chunk and hands each line that ends in it to `sink`.
    pub(crate) fn push<E>(
        &mut self,
        mut chunk: &[u8],
        mut sink: impl FnMut(u64, Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(end) = chunk.iter().position(|&byte| byte == b'\n') {
            let (line, rest) = chunk.split_at(end);
            self.end_line(line, &mut sink)?;
            chunk = rest.get(1..).unwrap_or_default();
        }
        self.keep(chunk);
        Ok(())
    }

    /// Hands over the last line, if it has no line ending.
    pub(crate) fn finish<E>(mut self, mut sink: impl FnMut(u64, Line<'_>) -> Result<(), E>) -> Result<(), E> {
        if self.partial.is_empty() && !self.too_long { Ok(()) } else { self.end_line(b"", &mut sink) }
    }

    fn end_line<E>(
        &mut self,
        rest: &[u8],
        sink: &mut impl FnMut(u64, Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let number = self.number;
        self.number += 1;
        if self.partial.is_empty() && !self.too_long && rest.len() <= MAX_LINE_BYTES {
            return sink(number, Line::Whole(trimmed(number, rest)));
        }
        self.keep(rest);
        let result = match self.too_long {
            true => sink(number, Line::TooLong),
            false => sink(number, Line::Whole(trimmed(number, &self.partial))),
        };
        self.partial.clear();
        self.too_long = false;
        result
    }

    /// Keeps the beginning of a line, unless the line is longer than any may be.
    fn keep(&mut self, bytes: &[u8]) {
        if self.too_long || self.partial.len() + bytes.len() > MAX_LINE_BYTES {
            self.too_long = true;
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }
}

fn trimmed(number: u64, line: &[u8]) -> &[u8] {
    let line = if number == 1 { line.strip_prefix(BOM).unwrap_or(line) } else { line };
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn cut(chunks: &[&[u8]]) -> Vec<(u64, Option<String>)> {
        let mut lines = Vec::new();
        let mut sink = |number, line: Line<'_>| {
            let text = match line {
                Line::Whole(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
                Line::TooLong => None,
            };
            lines.push((number, text));
            Ok::<(), Infallible>(())
        };
        let mut cutter = LineCutter::default();
        for chunk in chunks {
            let Ok(()) = cutter.push(chunk, &mut sink);
        }
        let Ok(()) = cutter.finish(&mut sink);
        lines
    }

    fn line(number: u64, text: &str) -> (u64, Option<String>) {
        (number, Some(text.to_owned()))
    }

    #[test]
    fn line_endings_and_the_byte_order_mark_are_taken_off() {
        let lines = cut(&[b"\xEF\xBB\xBFa\r\n\nb\nc"]);
        assert_eq!(lines, [line(1, "a"), line(2, ""), line(3, "b"), line(4, "c")]);
        assert_eq!(cut(&[b"a\n"]), [line(1, "a")]);
        assert_eq!(cut(&[b""]), []);
    }

    #[test]
    fn a_line_over_the_limit_is_dropped_and_the_next_one_is_not() {
        let longest = vec![b'x'; MAX_LINE_BYTES];
        let long = [longest.as_slice(), b"x\nnext\n"].concat();
        assert_eq!(cut(&[&long]), [(1, None), line(2, "next")]);
        assert_eq!(cut(&[&longest]), [line(1, &"x".repeat(MAX_LINE_BYTES))]);
        assert_eq!(cut(&[&longest, b"x"]), [(1, None)]);
    }

    #[test]
    fn a_line_of_100_mib_is_never_held() {
        let mut cutter = LineCutter::default();
        let chunk = vec![b'x'; 16 * 1024];
        let mut most = 0;
        for _ in 0..6_400 {
            let Ok(()) = cutter.push(&chunk, |_, _| Ok::<(), Infallible>(()));
            most = most.max(cutter.partial.capacity());
        }
        assert!(most <= 2 * MAX_LINE_BYTES, "{most} bytes held");
    }

    proptest! {
        #[test]
        fn where_chunks_end_makes_no_difference(text in "[ab\r\n\u{feff}]{0,60}", at in 0usize..60) {
            let bytes = text.as_bytes();
            let (left, right) = bytes.split_at(at.min(bytes.len()));
            prop_assert_eq!(cut(&[bytes]), cut(&[left, right]));
        }
    }
}
