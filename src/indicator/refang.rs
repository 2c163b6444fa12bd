//! What every value goes through before its kind's rule: trim, NFC, refang.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::Reject;

/// Longest value, in bytes. The longest kind is the URL, which browsers and servers cut off at 8 KiB or before.
pub const MAX_VALUE_BYTES: usize = 8 * 1024;

/// Trims, normalises (NFC) and refangs.
pub(crate) fn prepare(raw: &str) -> Result<Cow<'_, str>, Reject> {
    let trimmed = trim(raw);
    if trimmed.is_empty() {
        return Err(Reject::Empty);
    }
    if trimmed.len() > MAX_VALUE_BYTES {
        return Err(Reject::TooLong { limit: MAX_VALUE_BYTES });
    }
    Ok(match nfc(trimmed) {
        Cow::Borrowed(text) => refang(text),
        Cow::Owned(text) => Cow::Owned(refang(&text).into_owned()),
    })
}

/// Space of any kind, and the byte order mark that spreadsheets leave at the start of a file.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Normalisation Form C.
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Undoes what analysts write so that nobody clicks: `hxxp`, `[.]`, `(.)`, `[dot]`, `(dot)`, `[:]//`, `[@]`, `[at]` wherever they stand, and
/// before a URL's path also `[://]`, `{.}`, `{dot}`, `(@)` and `(at)`, which can be a path's own.
///
/// Repeats until nothing is left to undo, so that a refanged text is its own refanged text.
pub(crate) fn refang(text: &str) -> Cow<'_, str> {
    let mut current = Cow::Borrowed(text);
    while let Some(next) = refang_once(&current) {
        current = Cow::Owned(next);
    }
    current
}

fn refang_once(text: &str) -> Option<String> {
    let scheme = fanged_scheme(text);
    let rest = scheme.unwrap_or(text);
    let mut marks = marks(rest).peekable();
    if scheme.is_none() && marks.peek().is_none() {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    if scheme.is_some() {
        out.push_str("http");
    }
    let mut copied = 0;
    for (at, length, plain) in marks {
        out.push_str(&rest[copied..at]);
        out.push_str(plain);
        copied = at + length;
    }
    out.push_str(&rest[copied..]);
    Some(out)
}

/// What follows `hxxp` in a text that starts with `hxxp://` or `hxxps://`, in any case.
fn fanged_scheme(text: &str) -> Option<&str> {
    let tail = strip_prefix_ignore_case(text, "hxxp")?;
    let after = strip_prefix_ignore_case(tail, "s").unwrap_or(tail);
    ["://", "[:]//", "[://]"].into_iter().any(|mark| after.starts_with(mark)).then_some(tail)
}

/// Where a URL's path begins; the end of a text that has none, and the start of `name:rest`, where a mark can be part of a name.
fn path_start(text: &str) -> usize {
    let is_scheme =
        |head: &str| head.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let after_scheme = ["[://]", "[:]//", "://"].into_iter().find_map(|mark| {
        let at = text.find(mark)?;
        is_scheme(&text[..at]).then_some(at + mark.len())
    });
    let from = after_scheme.unwrap_or(0);
    let end = text[from..].find(['/', '?', '#']).map_or(text.len(), |offset| from + offset);
    let is_named = || text[..end].contains(':') && strip_prefix_ignore_case(text, "mailto:").is_none();
    if after_scheme.is_none() && is_named() { 0 } else { end }
}

/// Each mark in `text`, from the left and without overlap: where it starts, its length, and what it stands for.
fn marks(text: &str) -> impl Iterator<Item = (usize, usize, &'static str)> {
    const OPENERS: [char; 3] = ['[', '(', '{'];
    let mut from = text.find(OPENERS).unwrap_or(text.len());
    let path = if from < text.len() { path_start(text) } else { from };
    std::iter::from_fn(move || {
        while let Some(offset) = text[from..].find(OPENERS) {
            let at = from + offset;
            let narrow = || mark_before_path(&text[at..]).filter(|_| at < path);
            if let Some((length, plain)) = mark_at(&text[at..]).or_else(narrow) {
                from = at + length;
                return Some((at, length, plain));
            }
            from = at + 1;
        }
        None
    })
}

/// The mark with which `text` begins.
fn mark_at(text: &str) -> Option<(usize, &'static str)> {
    const MARKS: [(&str, &str); 6] =
        [("[.]", "."), ("(.)", "."), ("[dot]", "."), ("(dot)", "."), ("[@]", "@"), ("[at]", "@")];
    if text.starts_with("[:]//") {
        return Some(("[:]".len(), ":"));
    }
    begins_with(text, &MARKS)
}

/// The mark with which `text` begins, of those that mean something else in a path.
fn mark_before_path(text: &str) -> Option<(usize, &'static str)> {
    const MARKS: [(&str, &str); 5] =
        [("[://]", "://"), ("{.}", "."), ("{dot}", "."), ("(@)", "@"), ("(at)", "@")];
    begins_with(text, &MARKS)
}

fn begins_with(text: &str, marks: &[(&str, &'static str)]) -> Option<(usize, &'static str)> {
    let mark = marks.iter().find(|(mark, _)| strip_prefix_ignore_case(text, mark).is_some());
    mark.map(|(mark, plain)| (mark.len(), *plain))
}

/// `text` without `prefix`, which is ASCII and compared without regard to case.
pub(crate) fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_undone_in_any_case() {
        for (fanged, plain) in [
            ("hXXps[:]//a[.]b(.)c[DOT]d(dot)e", "https://a.b.c.d.e"),
            ("hxxp://a", "http://a"),
            ("u[at]a[@]b", "u@a@b"),
            ("hxxp[://]a{.}b{DOT}c/d{.}e", "http://a.b.c/d{.}e"),
            ("u(at)a(@)b", "u@a@b"),
            ("mailto:u(at)a", "mailto:u@a"),
            ("https[://]u(at)a?b(at)c", "https://u@a?b(at)c"),
            ("([.])", "."),
            ("[[.]]", "[.]"),
        ] {
            assert_eq!(refang(fanged), refang(plain), "{fanged}");
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_stays() {
        for text in [
            "hxxp",
            "hxxpx://a",
            "http://[::1]/",
            "a[b",
            "a(b)c",
            "[:]/",
            "ahxxp://b",
            "a/b{.}c",
            "http://a/[://]",
            "visa:A(AT)B",
            "x:{.}",
        ] {
            assert!(matches!(refang(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn length_and_emptiness_are_refused() {
        assert_eq!(prepare(" \u{feff}\t"), Err(Reject::Empty));
        assert!(prepare(&"a".repeat(MAX_VALUE_BYTES)).is_ok());
        assert_eq!(
            prepare(&"a".repeat(MAX_VALUE_BYTES + 1)),
            Err(Reject::TooLong { limit: MAX_VALUE_BYTES })
        );
    }
}
