//! Pages of lists.

use crate::StoreError;

/// Rows in a page at most, whatever is asked for: a page is held in memory whole.
pub const LONGEST_PAGE: usize = 10_000;

/// Where the next page of a list begins. Opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

/// Which page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows at most, at least 1; [`LONGEST_PAGE`] where it is more.
    pub limit: usize,
    /// Where to begin; `None` for the first page.
    pub after: Option<Cursor>,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
}

impl PageRequest {
    pub(crate) fn rows(&self) -> usize {
        self.limit.clamp(1, LONGEST_PAGE)
    }

    /// The place that the cursor names in the list `list`; `None` for the first page.
    pub(crate) fn begin(&self, list: char) -> Result<Option<u64>, StoreError> {
        let Some(Cursor(text)) = &self.after else { return Ok(None) };
        let digits =
            text.strip_prefix(list).filter(|digits| digits.len() == 16).ok_or(StoreError::BadCursor)?;
        let is_ours = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let place = u64::from_str_radix(digits, 16).map_err(|_| StoreError::BadCursor)?;
        if is_ours { Ok(Some(place)) } else { Err(StoreError::BadCursor) }
    }
}

impl Cursor {
    pub(crate) fn to_place(list: char, place: u64) -> Self {
        Self(format!("{list}{place:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_its_own_cursors() {
        let ask = |text: &str| PageRequest { limit: 1, after: Some(Cursor(text.to_owned())) }.begin('i');
        let Cursor(good) = Cursor::to_place('i', 0x1_0000_0002);
        assert_eq!(ask(&good).unwrap(), Some(0x1_0000_0002));
        for bad in [
            "",
            "i",
            "x0000000100000002",
            "i000000010000000",
            "i00000001000000022",
            "i+000000100000002",
            "i00000001000000FF",
            "é",
        ] {
            assert!(matches!(ask(bad), Err(StoreError::BadCursor)), "{bad}");
        }
    }
}
