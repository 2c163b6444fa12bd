//! STIX patterns (STIX 2.1, 9): which comparisons an observation has, and how they belong together.
//!
//! The whole grammar is read: observations in brackets joined by AND, OR and FOLLOWEDBY, with qualifiers; comparisons joined by AND
//! and OR. What a comparison says is kept for `=` and `IN`, and for ISSUBSET of a network of one address, which is the same as `=`; the
//! others are read and say nothing, and neither does one behind NOT.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::pattern_tokens::{Token, tokens};

/// Parentheses within parentheses at most: the reader recurses that deep.
const MAX_DEPTH: usize = 50;

/// Why a pattern is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("the pattern cannot be read at its character {0}")]
    At(usize),
    #[error("the pattern ends too soon")]
    TooShort,
    #[error("the pattern has more than {MAX_DEPTH} parentheses within each other")]
    TooDeep,
}

/// A pattern: its observations. How they are joined and when they must happen says nothing about their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    observations: Vec<Expression>,
}

/// What an observation must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    Comparison(Comparison),
    And(Vec<Expression>),
    Or(Vec<Expression>),
}

/// A property and the values that it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    object: String,
    path: String,
    values: Vec<String>,
}

impl Comparison {
    /// The object's type.
    pub(crate) fn object(&self) -> &str {
        &self.object
    }

    /// The property: `hashes.SHA-256`, `to_refs[*].value`. Every index is written as `*`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The values that it may have; none if the comparison is another than `=` and `IN`.
    pub(crate) fn values(&self) -> &[String] {
        &self.values
    }

    /// Whether it is of this property.
    pub(crate) fn is_of(&self, object: &str, path: &str) -> bool {
        self.object == object && self.path == path
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It does not follow the grammar, or is nested too deep. No error has a part of the pattern.
    pub(crate) fn parse(pattern: &str) -> Result<Self, PatternError> {
        let tokens = tokens(pattern)?;
        let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, observations: Vec::new() };
        parser.observations()?;
        match parser.tokens.get(parser.at) {
            None => Ok(Self { observations: parser.observations }),
            Some((at, _)) => Err(PatternError::At(*at)),
        }
    }

    /// Its observations.
    pub(crate) fn observations(&self) -> &[Expression] {
        &self.observations
    }
}

struct Parser<'a> {
    tokens: &'a [(usize, Token)],
    at: usize,
    depth: usize,
    observations: Vec<Expression>,
}

impl Parser<'_> {
    /// Observations, joined.
    fn observations(&mut self) -> Result<(), PatternError> {
        loop {
            self.observation()?;
            while self.qualifier()? {}
            if !["AND", "OR", "FOLLOWEDBY"].into_iter().any(|word| self.word(word)) {
                return Ok(());
            }
        }
    }

    fn observation(&mut self) -> Result<(), PatternError> {
        if self.mark('[') {
            let expression = self.alternatives()?;
            self.expect(']')?;
            self.observations.push(expression);
            return Ok(());
        }
        self.expect('(')?;
        self.deeper()?;
        self.observations()?;
        self.depth -= 1;
        self.expect(')')
    }

    fn qualifier(&mut self) -> Result<bool, PatternError> {
        if self.word("START") {
            self.time()?;
            self.expect_word("STOP")?;
            self.time()?;
        } else if self.word("WITHIN") {
            self.number()?;
            self.expect_word("SECONDS")?;
        } else if self.word("REPEATS") {
            self.number()?;
            self.expect_word("TIMES")?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn time(&mut self) -> Result<(), PatternError> {
        match self.next()? {
            Token::Special('t', _) => Ok(()),
            _ => Err(self.before()),
        }
    }

    fn number(&mut self) -> Result<(), PatternError> {
        match self.next()? {
            Token::Number(number) if number.parse::<f64>().is_ok_and(|number| number > 0.0) => Ok(()),
            _ => Err(self.before()),
        }
    }

    /// Comparisons joined by OR, which binds less than AND.
    fn alternatives(&mut self) -> Result<Expression, PatternError> {
        let mut parts = vec![self.conjunction()?];
        while self.word("OR") {
            parts.push(self.conjunction()?);
        }
        Ok(joined(parts, Expression::Or))
    }

    fn conjunction(&mut self) -> Result<Expression, PatternError> {
        let mut parts = vec![self.test()?];
        while self.word("AND") {
            parts.push(self.test()?);
        }
        Ok(joined(parts, Expression::And))
    }

    fn test(&mut self) -> Result<Expression, PatternError> {
        if self.mark('(') {
            self.deeper()?;
            let expression = self.alternatives()?;
            self.depth -= 1;
            self.expect(')')?;
            return Ok(expression);
        }
        let exists = self.word("EXISTS");
        let (object, path) = self.object_path()?;
        let values = if exists { Vec::new() } else { self.values()? };
        Ok(Expression::Comparison(Comparison { object, path, values }))
    }

    fn object_path(&mut self) -> Result<(String, String), PatternError> {
        let Token::Word(object) = self.next()? else { return Err(self.before()) };
        let object = object.clone();
        self.expect(':')?;
        let mut path = self.step()?;
        loop {
            if self.mark('.') {
                path.push('.');
                path.push_str(&self.step()?);
            } else if self.mark('[') {
                self.index()?;
                path.push_str("[*]");
            } else {
                return Ok((object, path));
            }
        }
    }

    fn step(&mut self) -> Result<String, PatternError> {
        match self.next()? {
            Token::Word(step) | Token::Text(step) => Ok(step.clone()),
            _ => Err(self.before()),
        }
    }

    fn index(&mut self) -> Result<(), PatternError> {
        match self.next()? {
            Token::Mark('*') => (),
            Token::Number(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => (),
            _ => return Err(self.before()),
        }
        self.expect(']')
    }

    /// An operator and its operand; the values that it asks for.
    fn values(&mut self) -> Result<Vec<String>, PatternError> {
        let negated = self.word("NOT");
        let mut values = match self.next()?.clone() {
            Token::Operator("=" | "==") => self.literal()?.into_iter().collect(),
            Token::Operator(_) => {
                self.literal()?;
                Vec::new()
            }
            Token::Word(word) if word == "IN" => self.set()?,
            Token::Word(word) if word == "ISSUBSET" => one_address(self.text()?).into_iter().collect(),
            Token::Word(word) if matches!(word.as_str(), "LIKE" | "MATCHES" | "ISSUPERSET") => {
                self.text()?;
                Vec::new()
            }
            _ => return Err(self.before()),
        };
        if negated {
            values.clear();
        }
        Ok(values)
    }

    fn set(&mut self) -> Result<Vec<String>, PatternError> {
        let mut values = Vec::new();
        self.expect('(')?;
        if self.mark(')') {
            return Ok(values);
        }
        loop {
            values.extend(self.literal()?);
            if self.mark(')') {
                return Ok(values);
            }
            self.expect(',')?;
        }
    }

    /// A constant as text; none of bytes, which no indicator is made of.
    fn literal(&mut self) -> Result<Option<String>, PatternError> {
        match self.next()? {
            Token::Special('b' | 'h', _) => Ok(None),
            Token::Text(text) | Token::Special(_, text) | Token::Number(text) => Ok(Some(text.clone())),
            Token::Word(word) if matches!(word.as_str(), "true" | "false") => Ok(Some(word.clone())),
            _ => Err(self.before()),
        }
    }

    fn text(&mut self) -> Result<&str, PatternError> {
        let error = self.tokens.get(self.at).map_or(PatternError::TooShort, |(at, _)| PatternError::At(*at));
        match self.next()? {
            Token::Text(text) => Ok(text),
            _ => Err(error),
        }
    }

    fn deeper(&mut self) -> Result<(), PatternError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(PatternError::TooDeep) } else { Ok(()) }
    }

    fn next(&mut self) -> Result<&Token, PatternError> {
        let (_, token) = self.tokens.get(self.at).ok_or(PatternError::TooShort)?;
        self.at += 1;
        Ok(token)
    }

    /// An error at the word that was just read.
    fn before(&self) -> PatternError {
        let read = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        read.map_or(PatternError::TooShort, |(at, _)| PatternError::At(*at))
    }

    /// Reads this keyword, if it comes next.
    fn word(&mut self, word: &str) -> bool {
        let is_next = matches!(self.tokens.get(self.at), Some((_, Token::Word(next))) if next == word);
        self.at += usize::from(is_next);
        is_next
    }

    /// Reads this mark, if it comes next.
    fn mark(&mut self, mark: char) -> bool {
        let is_next = matches!(self.tokens.get(self.at), Some((_, Token::Mark(next))) if *next == mark);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, mark: char) -> Result<(), PatternError> {
        match self.next()? {
            Token::Mark(next) if *next == mark => Ok(()),
            _ => Err(self.before()),
        }
    }

    fn expect_word(&mut self, word: &str) -> Result<(), PatternError> {
        match self.next()? {
            Token::Word(next) if next == word => Ok(()),
            _ => Err(self.before()),
        }
    }
}

/// One part alone stands for itself.
fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.len(), parts.pop()) {
        (1, Some(part)) => part,
        (_, last) => {
            parts.extend(last);
            join(parts)
        }
    }
}

/// The address of a network that has only one: what is a subset of it is that address.
fn one_address(network: &str) -> Option<String> {
    let (address, length) = network.trim().rsplit_once('/')?;
    let is_one = match length {
        "32" => address.parse::<Ipv4Addr>().is_ok(),
        "128" => address.parse::<Ipv6Addr>().is_ok(),
        _ => false,
    };
    is_one.then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every comparison's property and values.
    fn read(pattern: &str) -> Vec<(String, Vec<String>)> {
        let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let mut found = Vec::new();
        parsed.observations().iter().for_each(|expression| flatten(expression, &mut found));
        found
    }

    fn flatten(expression: &Expression, found: &mut Vec<(String, Vec<String>)>) {
        match expression {
            Expression::Comparison(comparison) => {
                found.push((
                    format!("{}:{}", comparison.object(), comparison.path()),
                    comparison.values().to_vec(),
                ));
            }
            Expression::And(parts) | Expression::Or(parts) => {
                parts.iter().for_each(|part| flatten(part, found))
            }
        }
    }

    fn one(property: &str, values: &[&str]) -> Vec<(String, Vec<String>)> {
        vec![(property.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())]
    }

    #[test]
    fn comparisons_are_read_with_their_values() {
        assert_eq!(read("[url:value = 'https://a.example/']"), one("url:value", &["https://a.example/"]));
        assert_eq!(read(r"[url:value = 'a\'b\\c']"), one("url:value", &[r"a'b\c"]));
        assert_eq!(read("[file:hashes.'SHA-256' = 'x']"), one("file:hashes.SHA-256", &["x"]));
        assert_eq!(read("[file:hashes.MD5=='x']"), one("file:hashes.MD5", &["x"]));
        assert_eq!(
            read("[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]"),
            one("ipv4-addr:value", &["192.0.2.1", "192.0.2.2"])
        );
        assert_eq!(
            read("[email-message:to_refs[0].value = 'a@b']"),
            one("email-message:to_refs[*].value", &["a@b"])
        );
        assert_eq!(read("[network-traffic:dst_port = 80]"), one("network-traffic:dst_port", &["80"]));
        assert_eq!(read("[x-foo:bar_baz.qux[*].x = true]"), one("x-foo:bar_baz.qux[*].x", &["true"]));
        assert_eq!(
            read("[file:created = t'2020-01-01T00:00:00Z']"),
            one("file:created", &["2020-01-01T00:00:00Z"])
        );
        assert_eq!(read("[url:value='日本\n語']"), one("url:value", &["日本\n語"]));
        assert_eq!(read("// a\n[/* é */url:value/**/=/***/'/*x*/' // b\r]//"), one("url:value", &["/*x*/"]));
    }

    #[test]
    fn a_subset_of_one_address_is_that_address() {
        let subset = |network: &str| read(&format!("[ipv4-addr:value ISSUBSET '{network}']"));
        for (network, address) in [
            ("198.51.100.1/32", "198.51.100.1"),
            ("2001:db8::1/128", "2001:db8::1"),
            (" 192.0.2.1/32 ", "192.0.2.1"),
        ] {
            assert_eq!(subset(network), one("ipv4-addr:value", &[address]));
        }
        for network in
            ["198.51.100.0/24", "2001:db8::1/32", "198.51.100.1/128", "a.example/32", "198.51.100.1", "/32"]
        {
            assert_eq!(subset(network), one("ipv4-addr:value", &[]), "{network}");
        }
        assert_eq!(read("[ipv4-addr:value NOT ISSUBSET '192.0.2.1/32']"), one("ipv4-addr:value", &[]));
    }

    #[test]
    fn a_long_pattern_takes_no_longer_than_it_is_long() {
        // Counted from the start for each word, these are some 10^11 characters.
        let words = vec!["'日'"; 200_000].join(",");
        let started = std::time::Instant::now();
        assert_eq!(read(&format!("[url:value IN ({words})]"))[0].1.len(), 200_000);
        assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
    }

    #[test]
    fn what_is_not_equality_says_nothing() {
        for test in [
            "!= 'x'",
            "<> 'x'",
            "< 5",
            ">= -1.5",
            "NOT = 'x'",
            "NOT IN ('x')",
            "LIKE 'x%'",
            "NOT LIKE 'x'",
            "MATCHES '^x$'",
            "ISSUBSET '10.0.0.0/8'",
            "ISSUPERSET '10.0.0.0/8'",
            "IN ()",
        ] {
            assert_eq!(read(&format!("[url:value {test}]")), one("url:value", &[]), "{test}");
        }
        assert_eq!(read("[EXISTS url:value]"), one("url:value", &[]));
    }

    #[test]
    fn observations_are_joined_and_qualified() {
        let patterns = [
            "[a:b = '1'] AND [a:b = '2']",
            "[a:b = '1'] OR [a:b = '2'] WITHIN 5 SECONDS",
            "([a:b = '1'] FOLLOWEDBY [a:b = '2']) WITHIN 0.5 SECONDS REPEATS 3 TIMES",
            "[a:b = '1'] START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z' FOLLOWEDBY ([a:b = '2'])",
            "[a:b = '1' OR a:b = '2']",
            "[(a:b = '1' AND (a:b = '2'))]",
        ];
        for pattern in patterns {
            let values: Vec<String> = read(pattern).into_iter().flat_map(|(_, values)| values).collect();
            assert_eq!(values, ["1", "2"], "{pattern}");
        }
    }

    #[test]
    fn and_binds_more_than_or() {
        let parsed = Pattern::parse("[a:b = '1' OR a:b = '2' AND a:b = '3']").unwrap();
        let Expression::Or(parts) = &parsed.observations()[0] else { panic!("{parsed:?}") };
        assert!(matches!(parts[..], [Expression::Comparison(_), Expression::And(_)]));
    }

    #[test]
    fn other_texts_are_refused_where_they_go_wrong() {
        for (pattern, error) in [
            ("", PatternError::TooShort),
            ("[url:value = 'a'", PatternError::TooShort),
            ("url:value = 'a'", PatternError::At(1)),
            ("[url:value = 'a]", PatternError::At(14)),
            (r"[url:value = 'a\n']", PatternError::At(14)),
            ("[url:value = \"a\"]", PatternError::At(14)),
            ("[url.value = 'a']", PatternError::At(5)),
            ("[url:value 'a']", PatternError::At(12)),
            ("[url:value = 'a'] x", PatternError::At(19)),
            ("[url:value = 'a' and url:value = 'b']", PatternError::At(18)),
            ("[]", PatternError::At(2)),
            ("[url:value IN ('a',)]", PatternError::At(20)),
            ("[url:value = 'a'] WITHIN 5", PatternError::TooShort),
            ("[url:value = 'a'] REPEATS x TIMES", PatternError::At(27)),
            ("[url:value LIKE 5]", PatternError::At(17)),
            ("[url:value ISSUBSET 5]", PatternError::At(21)),
            ("[url:value = 'é' /* 'a']", PatternError::At(18)),
            ("/*é*/ [url:value = 'a'] x", PatternError::At(25)),
            ("[url:value = 'a'] / x", PatternError::At(19)),
            ("{\"a\":1}", PatternError::At(1)),
        ] {
            assert_eq!(Pattern::parse(pattern), Err(error), "{pattern}");
        }
    }

    #[test]
    fn parentheses_do_not_overflow_the_stack() {
        let deep = |levels: usize| {
            [
                Pattern::parse(&format!("[{}a:b = '1'{}]", "(".repeat(levels), ")".repeat(levels))),
                Pattern::parse(&format!("{}[a:b = '1']{}", "(".repeat(levels), ")".repeat(levels))),
            ]
        };
        assert!(deep(MAX_DEPTH).iter().all(Result::is_ok));
        assert!(deep(30_000).iter().all(|parsed| *parsed == Err(PatternError::TooDeep)));
    }

    proptest! {
        #[test]
        fn no_text_panics(pattern in r#"(\[|\]|\(|\)|url:value|=|IN|NOT|AND|OR|'a'|'\\|FOLLOWEDBY|WITHIN|5|SECONDS|é|,| ){0,14}"#) {
            let _ = Pattern::parse(&pattern);
        }

        #[test]
        fn any_value_comes_back(value in any::<String>()) {
            let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
            prop_assert_eq!(read(&format!("[url:value = '{quoted}']")), one("url:value", &[&value]));
        }
    }
}
