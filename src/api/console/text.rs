//! Text of partners and files, as pages show it: escaped by the template engine, with what cannot be seen made visible.
//!
//! Escaping keeps a text from being markup. It does not keep `U+202E` from turning round what follows, a zero-width space from making two
//! values look alike, or a control character from vanishing. Each such code point is therefore shown by its number, as `⟦U+202E⟧`, and every
//! text stands in a `bdi` element, so that its direction ends with it.

use maud::{Markup, PreEscaped, Render};

/// A text that somebody else wrote.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl Render for Shown<'_> {
    fn render_to(&self, out: &mut String) {
        out.push_str("<bdi>");
        for part in parts(self.0) {
            match part {
                Part::Plain(text) => text.render_to(out),
                Part::Hidden(point) => {
                    out.push_str("<span class=\"cp\">");
                    name(point).render_to(out);
                    out.push_str("</span>");
                }
            }
        }
        out.push_str("</bdi>");
    }
}

/// The same as plain text, for an attribute.
pub(crate) fn visible(text: &str) -> String {
    let shown = parts(text).map(|part| match part {
        Part::Plain(text) => text.to_owned(),
        Part::Hidden(point) => name(point),
    });
    shown.collect()
}

/// A text, or that there is none.
pub(crate) fn or_none(text: &str) -> Markup {
    match text.is_empty() {
        true => PreEscaped("<span class=\"none\">none</span>".to_owned()),
        false => Shown(text).render(),
    }
}

enum Part<'a> {
    Plain(&'a str),
    Hidden(char),
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        if is_hidden(first) {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            return Some(Part::Hidden(first));
        }
        let end = rest.find(is_hidden).unwrap_or(rest.len());
        let (plain, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(Part::Plain(plain))
    })
}

fn name(point: char) -> String {
    format!("⟦U+{:04X}⟧", u32::from(point))
}

/// Whether a code point is not seen, or changes how others are: controls, format characters that direct or join, fillers that look
/// like nothing, separators of lines, variation selectors, tags and what is assigned to nobody's use.
fn is_hidden(point: char) -> bool {
    point.is_control()
        || matches!(point,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}')
        || u32::from(point) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        Shown(text).render().into_string()
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(html("<b>&\"'"), "<bdi>&lt;b&gt;&amp;&quot;'</bdi>");
    }

    #[test]
    fn what_cannot_be_seen_is_shown_by_its_number() {
        assert_eq!(html("a\u{202e}b"), "<bdi>a<span class=\"cp\">⟦U+202E⟧</span>b</bdi>");
        assert_eq!(visible("\0\t\r\n\u{7f}\u{85}"), "⟦U+0000⟧⟦U+0009⟧⟦U+000D⟧⟦U+000A⟧⟦U+007F⟧⟦U+0085⟧");
        assert_eq!(visible("\u{200b}\u{feff}\u{e0041}\u{1ffff}"), "⟦U+200B⟧⟦U+FEFF⟧⟦U+E0041⟧⟦U+1FFFF⟧");
    }

    #[test]
    fn what_can_be_seen_stays() {
        for text in ["", "пример.рф", "例え.jp", "a  b", "é\u{301}", "😀", "ש", "⟦U+202E⟧"]
        {
            assert_eq!(visible(text), text);
        }
    }
}
