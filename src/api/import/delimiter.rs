//! What stands between the fields of a CSV file.

/// A delimiter: RFC 4180's comma, the semicolon of spreadsheets where a comma is the decimal sign, or a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Delimiter {
    #[default]
    Comma,
    Semicolon,
    Tab,
}

impl Delimiter {
    pub(crate) const ALL: [Delimiter; 3] = [Delimiter::Comma, Delimiter::Semicolon, Delimiter::Tab];

    /// The delimiter of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|delimiter| delimiter.name() == name)
    }

    /// The sign itself, but for the tab, which nobody sees.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Delimiter::Comma => ",",
            Delimiter::Semicolon => ";",
            Delimiter::Tab => "tab",
        }
    }

    /// Its byte, which is no part of any other character in UTF-8.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
            Delimiter::Tab => b'\t',
        }
    }
}
