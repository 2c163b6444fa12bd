//! Text that people read: what may be shown as it is.

/// Characters that change how others are read and have no shape of their own: Unicode's format characters (general
/// category Cf, which holds the bidirectional controls and zero-width characters) and its line and paragraph separators.
const INVISIBLE: [(char, char); 19] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e007f}'),
];

/// Whether `text` may stand in a log line or on a screen: no control, format or line-breaking character.
pub fn is_printable(text: &str) -> bool {
    text.chars().all(is_shown)
}

/// A partner's text made fit to show: what [`is_printable`] forbids is taken out, then `longest` characters are kept.
pub fn clean_text(text: &str, longest: usize) -> String {
    text.chars().filter(|&character| is_shown(character)).take(longest).collect()
}

fn is_shown(character: char) -> bool {
    !character.is_control() && !INVISIBLE.iter().any(|&(first, last)| (first..=last).contains(&character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_of_any_script_is_printable() {
        for text in ["", "case 12/b", "Ermittlung wegen § 146", "дело", "案件", "क़ानून"] {
            assert!(is_printable(text), "{text}");
            assert_eq!(clean_text(text, 100), text);
        }
    }

    #[test]
    fn controls_and_invisible_characters_are_not() {
        for text in
            ["a\nb", "\u{1b}[31m", "a\u{202e}b", "a\u{200b}b", "a\u{2028}b", "\u{feff}", "a\0", "\u{9b}"]
        {
            assert!(!is_printable(text), "{text:?}");
            assert!(is_printable(&clean_text(text, 100)), "{text:?}");
        }
        assert_eq!(clean_text("a\u{1b}[2Jb\r\n", 100), "a[2Jb");
    }

    #[test]
    fn cleaning_counts_characters_that_are_kept() {
        assert_eq!(clean_text("\n\näöü", 2), "äö");
    }
}
