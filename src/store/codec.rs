//! Packed records: little-endian numbers and length-prefixed text. What is read is checked before it is allocated.

use zeroize::Zeroizing;

use crate::StoreError;
use crate::error::damaged;

/// Reads packed fields, never past the end.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], StoreError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or_else(cut_short)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(cut_short)?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, StoreError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, StoreError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, StoreError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Passes over a text without a look at it.
    pub(crate) fn skip_text(&mut self) -> Result<(), StoreError> {
        let len = self.u32()? as usize;
        self.take(len).map(|_| ())
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, StoreError> {
        let len = self.u32()? as usize;
        std::str::from_utf8(self.take(len)?).map_err(|_| damaged("a stored text is not UTF-8"))
    }
}

/// Appends a text with its length.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) -> Result<(), StoreError> {
    let len = u32::try_from(text.len()).map_err(|_| std::io::Error::other("a text is longer than 4 GiB"))?;
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// Makes room for `more` bytes without leaving an unwiped copy behind.
pub(crate) fn reserve_wiped(out: &mut Zeroizing<Vec<u8>>, more: usize) {
    if out.capacity() - out.len() < more {
        let mut larger = Zeroizing::new(Vec::with_capacity((out.len() + more).max(2 * out.capacity())));
        larger.extend_from_slice(out);
        *out = larger;
    }
}

fn cut_short() -> StoreError {
    damaged("a stored record is cut short")
}
