//! Why a value is no indicator.

use crate::Kind;

/// Why a value was refused. No variant carries the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reject {
    /// Nothing but space.
    #[error("empty value")]
    Empty,
    /// Longer than any indicator.
    #[error("value is longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A payment card's number: never accepted, never echoed.
    #[error("a card number (PAN) is never accepted")]
    CardNumber,
    /// It does not follow its kind's rule.
    #[error("not a valid {kind}: {why}")]
    Invalid {
        /// The kind it was said to be.
        kind: Kind,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// A bare value that is no kind's.
    #[error("no kind recognises this value: name its kind")]
    Unrecognised,
    /// A bare value that could be of several kinds.
    #[error("could be {}: name its kind", list(candidates))]
    Ambiguous {
        /// The kinds it could be.
        candidates: Vec<Kind>,
    },
}

/// The rule of its kind that a value breaks; the kind is added where it is known.
pub(crate) type Why = &'static str;

fn list(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ")
}
