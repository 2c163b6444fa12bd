//! JSON (RFC 8259), byte by byte: what each byte is, and whether it may stand there.
//!
//! The scanner holds no text and a fixed amount of memory, whatever comes: containers are bits in one number, and a text of
//! any length passes through. So a file is known to be JSON from end to end though no part of it is kept that nobody wants.
//!
//! Several texts can follow each other, as `jq -c` and readers of pages write them: behind a value that has ended another begins.

/// Levels of a file at most. STIX and MISP need fewer than twenty; whoever reads the parts later recurses no deeper.
pub(crate) const MAX_DEPTH: u32 = 100;

/// Bytes of a number at most: no count and no time needs more.
const MAX_NUMBER_BYTES: usize = 256;

/// Why a file is not read as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonFault {
    #[error("not JSON")]
    Syntax,
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("a number longer than {MAX_NUMBER_BYTES} bytes")]
    LongNumber,
    #[error("the file ends before its JSON does: it was cut off")]
    Truncated,
    #[error("the file is empty")]
    Empty,
}

/// An object or a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Object,
    List,
}

/// Where in a text a byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    Start,
    Inside,
    End,
}

/// What a byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Space,
    Open(Container),
    Close,
    Comma,
    Colon,
    Key(Edge),
    Text(Edge),
    /// A byte of a number, `true`, `false` or `null`; whether it is the first.
    Scalar(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A value has to come; the flag says that the list may end instead.
    Value {
        or_end: bool,
    },
    /// A key has to come; the flag says that the object may end instead.
    Key {
        or_end: bool,
    },
    Colon,
    /// A value has ended.
    After,
    Text {
        key: bool,
    },
    Escape {
        key: bool,
    },
    Hex {
        key: bool,
        left: u8,
    },
    Scalar,
}

/// Reads JSON byte by byte.
#[derive(Debug)]
pub(crate) struct JsonScanner {
    state: State,
    /// A bit for each open container, the innermost lowest; set for an object.
    open: u128,
    depth: u32,
    scalar: Vec<u8>,
}

impl Default for JsonScanner {
    fn default() -> Self {
        Self { state: State::Value { or_end: false }, open: 0, depth: 0, scalar: Vec::new() }
    }
}

impl JsonScanner {
    /// Open containers.
    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    /// How many of these bytes, from the first, stand inside the text that is open, with nothing to look at.
    pub(crate) fn plain_run(&self, bytes: &[u8]) -> usize {
        if !matches!(self.state, State::Text { .. }) {
            return 0;
        }
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
        bytes.iter().position(special).unwrap_or(bytes.len())
    }

    /// Takes one byte.
    pub(crate) fn step(&mut self, byte: u8) -> Result<Part, JsonFault> {
        match self.state {
            State::Text { key } => self.in_text(key, byte),
            State::Escape { key } => self.in_escape(key, byte),
            State::Hex { key, left } => self.in_hex(key, left, byte),
            State::Scalar => self.in_scalar(byte),
            _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => Ok(Part::Space),
            State::Value { or_end } => self.value(or_end, byte),
            State::Key { or_end } => self.key(or_end, byte),
            State::Colon => self.colon(byte),
            State::After => self.after(byte),
        }
    }

    /// The file has ended.
    pub(crate) fn finish(&mut self) -> Result<(), JsonFault> {
        if self.state == State::Scalar {
            self.end_scalar()?;
        }
        match (self.depth, self.state) {
            (0, State::After) => Ok(()),
            (0, State::Value { .. }) => Err(JsonFault::Empty),
            _ => Err(JsonFault::Truncated),
        }
    }

    fn value(&mut self, or_end: bool, byte: u8) -> Result<Part, JsonFault> {
        match byte {
            b'{' => self.push(Container::Object),
            b'[' => self.push(Container::List),
            b']' if or_end => self.pop(Container::List),
            b'"' => {
                self.state = State::Text { key: false };
                Ok(Part::Text(Edge::Start))
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                self.state = State::Scalar;
                self.scalar.clear();
                self.scalar.push(byte);
                Ok(Part::Scalar(true))
            }
            _ => Err(JsonFault::Syntax),
        }
    }

    fn key(&mut self, or_end: bool, byte: u8) -> Result<Part, JsonFault> {
        match byte {
            b'"' => {
                self.state = State::Text { key: true };
                Ok(Part::Key(Edge::Start))
            }
            b'}' if or_end => self.pop(Container::Object),
            _ => Err(JsonFault::Syntax),
        }
    }

    fn colon(&mut self, byte: u8) -> Result<Part, JsonFault> {
        self.state = State::Value { or_end: false };
        if byte == b':' { Ok(Part::Colon) } else { Err(JsonFault::Syntax) }
    }

    fn after(&mut self, byte: u8) -> Result<Part, JsonFault> {
        match byte {
            _ if self.depth == 0 => self.value(false, byte),
            b',' => {
                let object = self.open & 1 == 1;
                self.state =
                    if object { State::Key { or_end: false } } else { State::Value { or_end: false } };
                Ok(Part::Comma)
            }
            b'}' => self.pop(Container::Object),
            b']' => self.pop(Container::List),
            _ => Err(JsonFault::Syntax),
        }
    }

    fn push(&mut self, container: Container) -> Result<Part, JsonFault> {
        if self.depth >= MAX_DEPTH {
            return Err(JsonFault::TooDeep);
        }
        self.depth += 1;
        self.open = self.open << 1 | u128::from(container == Container::Object);
        self.state = match container {
            Container::Object => State::Key { or_end: true },
            Container::List => State::Value { or_end: true },
        };
        Ok(Part::Open(container))
    }

    fn pop(&mut self, container: Container) -> Result<Part, JsonFault> {
        let innermost = if self.open & 1 == 1 { Container::Object } else { Container::List };
        if innermost != container {
            return Err(JsonFault::Syntax);
        }
        self.depth -= 1;
        self.open >>= 1;
        self.state = State::After;
        Ok(Part::Close)
    }

    fn in_text(&mut self, key: bool, byte: u8) -> Result<Part, JsonFault> {
        let edge = match byte {
            b'"' => {
                self.state = if key { State::Colon } else { State::After };
                Edge::End
            }
            b'\\' => {
                self.state = State::Escape { key };
                Edge::Inside
            }
            // RFC 8259, 7: "characters that MUST be escaped: quotation mark, reverse solidus, and the control characters".
            0..=0x1F => return Err(JsonFault::Syntax),
            _ => Edge::Inside,
        };
        Ok(of_text(key, edge))
    }

    fn in_escape(&mut self, key: bool, byte: u8) -> Result<Part, JsonFault> {
        self.state = match byte {
            b'u' => State::Hex { key, left: 4 },
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::Text { key },
            _ => return Err(JsonFault::Syntax),
        };
        Ok(of_text(key, Edge::Inside))
    }

    fn in_hex(&mut self, key: bool, left: u8, byte: u8) -> Result<Part, JsonFault> {
        if !byte.is_ascii_hexdigit() {
            return Err(JsonFault::Syntax);
        }
        self.state = if left == 1 { State::Text { key } } else { State::Hex { key, left: left - 1 } };
        Ok(of_text(key, Edge::Inside))
    }

    fn in_scalar(&mut self, byte: u8) -> Result<Part, JsonFault> {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.') {
            if self.scalar.len() == MAX_NUMBER_BYTES {
                return Err(JsonFault::LongNumber);
            }
            self.scalar.push(byte);
            return Ok(Part::Scalar(false));
        }
        self.end_scalar()?;
        self.step(byte)
    }

    fn end_scalar(&mut self) -> Result<(), JsonFault> {
        self.state = State::After;
        let known: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(&self.scalar);
        known.map(|_| ()).map_err(|_| JsonFault::Syntax)
    }
}

fn of_text(key: bool, edge: Edge) -> Part {
    if key { Part::Key(edge) } else { Part::Text(edge) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(text: &[u8]) -> Result<(), JsonFault> {
        let mut scanner = JsonScanner::default();
        for &byte in text {
            scanner.step(byte)?;
        }
        scanner.finish()
    }

    #[test]
    fn faults_are_told_apart() {
        assert_eq!(scan(b" {\"a\":[1,-2.5e3,true,null,\"\\u00e9\\n\"],\"b\":{}} "), Ok(()));
        for text in ["{\"a\":1", "[", "{\"a", "[1,", "{\"a\":"] {
            assert_eq!(scan(text.as_bytes()), Err(JsonFault::Truncated), "{text}");
        }
        for text in [
            "[}",
            "{]",
            "[1 2]",
            "{\"a\" 1}",
            "[tru]",
            "[01]",
            "[1]]",
            "[,]",
            "[1,]",
            "{\"a\":1,}",
            "[\"\\x\"]",
            "[\"\n\"]",
            "{1:2}",
            "['a']",
            "[NaN]",
        ] {
            assert_eq!(scan(text.as_bytes()), Err(JsonFault::Syntax), "{text}");
        }
        assert_eq!(scan(b" \n"), Err(JsonFault::Empty));
        for text in ["{}\n{}\n", "[][]", "1 2", "{\"a\":1}\"x\"[1]"] {
            assert_eq!(scan(text.as_bytes()), Ok(()), "{text}");
        }
        for text in ["{},{}", "{}]", "[] x"] {
            assert_eq!(scan(text.as_bytes()), Err(JsonFault::Syntax), "{text}");
        }
        assert_eq!(scan(b"{} {"), Err(JsonFault::Truncated));
    }

    #[test]
    fn depth_and_numbers_have_limits() {
        let nested = |levels: usize| ["[".repeat(levels), "]".repeat(levels)].concat();
        assert_eq!(scan(nested(MAX_DEPTH as usize).as_bytes()), Ok(()));
        assert_eq!(scan(nested(MAX_DEPTH as usize + 1).as_bytes()), Err(JsonFault::TooDeep));
        assert_eq!(scan(format!("[{}]", "1".repeat(MAX_NUMBER_BYTES)).as_bytes()), Ok(()));
        assert_eq!(
            scan(format!("[{}]", "1".repeat(MAX_NUMBER_BYTES + 1)).as_bytes()),
            Err(JsonFault::LongNumber)
        );
    }

    proptest! {
        #[test]
        fn agrees_with_a_parser_on_what_is_json(text in r#"([\[\]{}:, ]|"[a\\"u0]{0,3}"?|-?[0-9.e]{1,3}|true|nul{1,2}){0,8}"#) {
            let mut parsed = serde_json::Deserializer::from_str(&text).into_iter::<serde::de::IgnoredAny>().peekable();
            // The parser lets lone surrogates pass where it builds nothing, as the scanner does.
            let is_json = parsed.peek().is_some() && parsed.all(|value| value.is_ok());
            prop_assert_eq!(scan(text.as_bytes()).is_ok(), is_json, "{}", text);
        }
    }
}
