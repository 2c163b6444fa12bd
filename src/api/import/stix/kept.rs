//! An object, as far as it was kept.

use std::ops::Deref;

use crate::import::json_cut::LeftOut;
use crate::import::json_value::{Members, members};
use crate::import::waiting::Part;

/// An object's members, and how many of them there was no room for.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) members: Members,
    left_out: LeftOut,
}

impl Kept {
    /// Reads a part.
    ///
    /// # Errors
    /// It is no object, has a key twice, is not UTF-8, or has a number that is out of range.
    pub(crate) fn read(part: &Part) -> Result<Self, &'static str> {
        Ok(Self { members: members(&part.text)?, left_out: part.left_out })
    }

    /// Whether it is less than its author wrote.
    pub(crate) fn is_partly(&self) -> bool {
        !self.left_out.is_nothing()
    }

    /// All that was kept, as JSON.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(&self.members).unwrap_or_default()
    }

    /// Whether a member may be among what was left out.
    pub(crate) fn may_lack(&self, name: &str) -> bool {
        self.is_partly() && !self.contains_key(name)
    }

    /// Whether something else than this member may be among what was left out.
    pub(crate) fn may_lack_more_than(&self, name: &str) -> bool {
        match self.left_out {
            LeftOut::Nothing => false,
            LeftOut::OneMember => self.contains_key(name),
            LeftOut::Several => true,
        }
    }
}

impl Deref for Kept {
    type Target = Members;

    fn deref(&self) -> &Members {
        &self.members
    }
}

#[cfg(test)]
impl From<&str> for Kept {
    fn from(text: &str) -> Self {
        let text = text.as_bytes().to_vec();
        Self::read(&Part { role: 0, line: 1, left_out: LeftOut::Nothing, text }).unwrap()
    }
}
