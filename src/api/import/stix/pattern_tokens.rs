//! The words of a STIX pattern (STIX 2.1, 9; the grammar that OASIS keeps in cti-pattern-validator).

use super::pattern::PatternError;

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `[ ] ( ) , : . *`
    Mark(char),
    /// `= == != <> < > <= >=`
    Operator(&'static str),
    /// A keyword, or a name of an object or a property.
    Word(String),
    /// A text, without its quotes and escapes.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// `t'..'`, `h'..'` or `b'..'`.
    Special(char, String),
}

/// Operators, the longer ones first.
const OPERATORS: [&str; 8] = ["==", "!=", "<>", "<=", ">=", "=", "<", ">"];

/// The words of a pattern, each with the number of the character at which it starts, from 1.
pub(crate) fn tokens(pattern: &str) -> Result<Vec<(usize, Token)>, PatternError> {
    let mut lexer = Lexer { rest: pattern, at: 1 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_space()?;
        let at = lexer.at;
        match lexer.next()? {
            Some(token) => tokens.push((at, token)),
            None => return Ok(tokens),
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    /// The number of the character at which the rest starts.
    at: usize,
}

impl Lexer<'_> {
    /// Leaves spaces and comments behind: `/* .. */`, and `//` to the end of the line (COMMENT and LINE_COMMENT of the grammar).
    fn skip_space(&mut self) -> Result<(), PatternError> {
        loop {
            self.take(self.rest.len() - self.rest.trim_start().len());
            let end = if let Some(comment) = self.rest.strip_prefix("/*") {
                comment.find("*/").map(|end| end + 4).ok_or(PatternError::At(self.at))?
            } else if self.rest.starts_with("//") {
                self.rest.find(['\r', '\n']).unwrap_or(self.rest.len())
            } else {
                return Ok(());
            };
            self.take(end);
        }
    }

    fn next(&mut self) -> Result<Option<Token>, PatternError> {
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let second = self.rest.chars().nth(1);
        let token = match first {
            '\'' => Token::Text(self.text()?),
            't' | 'h' | 'b' if second == Some('\'') => {
                self.take(1);
                Token::Special(first, self.text()?)
            }
            '[' | ']' | '(' | ')' | ',' | ':' | '.' | '*' => {
                self.take(1);
                Token::Mark(first)
            }
            '0'..='9' | '-' | '+' => {
                Token::Number(self.run(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)))
            }
            _ if is_name_start(first) => {
                Token::Word(self.run(|c| is_name_start(c) || c.is_ascii_digit() || c == '-'))
            }
            _ => self.operator()?,
        };
        Ok(Some(token))
    }

    fn operator(&mut self) -> Result<Token, PatternError> {
        let operator = OPERATORS.into_iter().find(|operator| self.rest.starts_with(operator));
        let operator = operator.ok_or(PatternError::At(self.at))?;
        self.take(operator.len());
        Ok(Token::Operator(operator))
    }

    /// A text in quotes: "the backslash character is used to escape the single quote and the backslash itself", and nothing else.
    fn text(&mut self) -> Result<String, PatternError> {
        let error = PatternError::At(self.at);
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\'' => {
                    self.take(at + 1);
                    return Ok(text);
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('\'' | '\\'))) => text.push(escaped),
                    _ => return Err(error),
                },
                plain => text.push(plain),
            }
        }
        Err(error)
    }

    fn run(&mut self, is_part: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let run = self.rest.get(..end).unwrap_or_default().to_owned();
        self.take(end);
        run
    }

    /// Leaves bytes behind; whoever calls knows that a character ends there.
    fn take(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.at += taken.chars().count();
        self.rest = rest;
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}
