//! What stands beside a value and belongs to it: an account's platform, an account number's bank.

use crate::import::finding::LONGEST_BESIDE;

/// A word that stands beside a value, if there is one.
#[derive(Clone, Debug, Default)]
pub(crate) enum Beside {
    #[default]
    Nothing,
    Word(String),
    /// Nobody knows which of them is meant.
    Several,
    /// It is not kept, since it would be repeated with each of the values beside it.
    TooLong,
}

impl Beside {
    /// What these say; `around` holds where there are none.
    pub(crate) fn of<'a>(mut words: impl Iterator<Item = &'a str>, around: &Self) -> Self {
        match (words.next(), words.next()) {
            (None, _) => around.clone(),
            (Some(_), Some(_)) => Self::Several,
            (Some(word), None) if word.len() > LONGEST_BESIDE => Self::TooLong,
            (Some(word), None) => Self::Word(word.to_owned()),
        }
    }

    /// The word; `name` is the property's, and `nothing` says what it means that there is none.
    ///
    /// # Errors
    /// Why there is none, in words for whoever wrote the value.
    pub(crate) fn word(&self, name: &str, nothing: &str) -> Result<&str, String> {
        match self {
            Self::Word(word) => Ok(word),
            Self::Nothing => Err(nothing.to_owned()),
            Self::Several => {
                Err(format!("several values of {name} beside it: which is its own is not known"))
            }
            Self::TooLong => Err(format!("the {name} beside it is longer than {LONGEST_BESIDE} bytes")),
        }
    }
}
