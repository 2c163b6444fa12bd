//! Payment card numbers: never accepted, never logged.

use crate::Kind;

/// Fewest and most digits of a card number (ISO/IEC 7812-1 allows up to 19; no scheme in use has fewer than 13).
const MIN_DIGITS: usize = 13;
const MAX_DIGITS: usize = 19;

/// Ranges of first digits that card schemes issue under, as (length of prefix, first, last).
///
/// UATP's `1` is left out: it would take in the timestamps of our time, in milliseconds.
const SCHEMES: [(u32, u32, u32); 21] = [
    (1, 4, 4),       // Visa
    (2, 51, 55),     // Mastercard
    (4, 2221, 2720), // Mastercard
    (2, 34, 34),     // American Express
    (2, 37, 37),     // American Express
    (3, 300, 305),   // Diners Club
    (4, 3095, 3095), // Diners Club
    (2, 36, 36),     // Diners Club
    (2, 38, 39),     // Diners Club
    (4, 3528, 3589), // JCB
    (4, 2131, 2131), // JCB, 15 digits
    (4, 1800, 1800), // JCB, 15 digits
    (4, 6011, 6011), // Discover
    (3, 644, 649),   // Discover
    (2, 65, 65),     // Discover, RuPay
    (2, 62, 62),     // UnionPay
    (2, 81, 82),     // UnionPay, RuPay
    (2, 50, 50),     // Maestro, Verve, RuPay
    (2, 56, 69),     // Maestro
    (4, 2200, 2204), // Mir
    (4, 9792, 9792), // Troy
];

/// Whether the rule applies where the kind was named: four kinds may be bare digits of that length.
pub(crate) fn applies_to(kind: Kind) -> bool {
    !matches!(kind, Kind::Phone | Kind::Account | Kind::Iban | Kind::Infohash)
}

/// Whether the whole of `text`, less spaces and dashes, is a card number.
pub(crate) fn is_card_number(text: &str) -> bool {
    let mut digits = Digits::default();
    text.chars().all(|c| is_separator(c) || digits.push(c)) && digits.is_card_number()
}

/// Whether free text holds a card number: groups of digits, written together or apart, that make one.
///
/// Parts of URLs, addresses and hexadecimal strings are no such groups, and neither is a number after a `+`.
pub fn contains_card_number(text: &str) -> bool {
    let mut chain = Vec::new();
    for group in groups(text) {
        let joined = chain.last().is_some_and(|last: &Group| is_gap(&text[last.end..group.start]));
        let alone = stands_alone(text, &group);
        if !(joined && alone) {
            if chain_holds_card_number(&chain) {
                return true;
            }
            chain.clear();
        }
        if alone {
            chain.push(group);
        }
    }
    chain_holds_card_number(&chain)
}

/// A maximal run of ASCII digits.
struct Group<'a> {
    start: usize,
    end: usize,
    digits: &'a str,
}

fn groups(text: &str) -> impl Iterator<Item = Group<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(|c: char| c.is_ascii_digit())?;
        let length = text[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - start);
        from = start + length;
        Some(Group { start, end: from, digits: &text[start..from] })
    })
}

fn is_gap(between: &str) -> bool {
    between.chars().all(is_separator)
}

/// Groups joined by spaces and dashes: all of them together, or some that stand as a card's groups are printed.
fn chain_holds_card_number(chain: &[Group]) -> bool {
    all_together(chain) || (0..chain.len()).any(|first| printed_number_starts(&chain[first..]))
}

fn all_together(chain: &[Group]) -> bool {
    let mut digits = Digits::default();
    chain.iter().all(|group| digits.push_all(group.digits)) && digits.is_card_number()
}

/// Cards are printed in groups of three digits or more, one space or dash apart; only the last may be shorter.
fn printed_number_starts(chain: &[Group]) -> bool {
    let mut digits = Digits::default();
    for (index, group) in chain.iter().enumerate() {
        let apart = index > 0 && group.start - chain[index - 1].end > "\u{2011}".len();
        if apart || !digits.push_all(group.digits) {
            return false;
        }
        if digits.is_card_number() {
            return true;
        }
        if group.digits.len() < 3 {
            return false;
        }
    }
    false
}

/// Whether a group is no part of a word, a URL, an address, a decimal, a UUID or an international number.
fn stands_alone(text: &str, group: &Group) -> bool {
    let (before, after) = (&text[..group.start], &text[group.end..]);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if before.ends_with(is_word) || after.starts_with(is_word) || before.ends_with('+') {
        return false;
    }
    if before.ends_with('.') && before[..before.len() - 1].ends_with(is_word)
        || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(is_word))
    {
        return false;
    }
    let space = before.char_indices().rev().find(|(_, c)| c.is_whitespace());
    let token_start = space.map_or(0, |(at, c)| at + c.len_utf8());
    let token_end = after.find(char::is_whitespace).map_or(text.len(), |at| group.end + at);
    let token = &text[token_start..token_end];
    !token.contains("://") && !token.contains('@') && !is_uuid(token)
}

/// RFC 9562's text form, within brackets or not.
fn is_uuid(token: &str) -> bool {
    let token = token.trim_matches(|c: char| !c.is_ascii_hexdigit());
    token.len() == 36
        && token.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && token.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The digits of what may be a card number.
#[derive(Default)]
struct Digits {
    digits: [u8; MAX_DIGITS],
    length: usize,
}

impl Digits {
    /// Takes one more digit; false if `c` is none, or one too many.
    fn push(&mut self, c: char) -> bool {
        let digit = c.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
        match (digit, self.digits.get_mut(self.length)) {
            (Some(digit), Some(place)) => {
                *place = digit;
                self.length += 1;
                true
            }
            _ => false,
        }
    }

    fn push_all(&mut self, digits: &str) -> bool {
        digits.chars().all(|c| self.push(c))
    }

    fn is_card_number(&self) -> bool {
        let digits = &self.digits[..self.length];
        digits.len() >= MIN_DIGITS && has_scheme(digits) && passes_luhn(digits)
    }
}

fn has_scheme(digits: &[u8]) -> bool {
    SCHEMES.iter().any(|&(length, first, last)| {
        let prefix =
            digits.iter().take(length as usize).fold(0, |prefix, &digit| prefix * 10 + u32::from(digit));
        (first..=last).contains(&prefix)
    })
}

/// ISO/IEC 7812-1, annex B.
fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, &digit)| match (index % 2, u32::from(digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => 2 * digit - 9,
            (_, digit) => 2 * digit,
        })
        .sum();
    sum.is_multiple_of(10)
}
