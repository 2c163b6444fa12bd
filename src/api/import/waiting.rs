//! Parts of a file that wait for what comes after them: their markings, or the event that they belong to.
//!
//! An indicator must not be kept under a freer marking than its own, not even for the time that the rest of the file takes. A few
//! parts wait in memory, and more of them on the disk, sealed.

use std::io::{Read, Write};

use overlap_store::{Aside, Store, StoreError};

use super::error::ImportError;
use super::json_cut::LeftOut;

/// Bytes that wait in memory.
const MAX_IN_MEMORY: usize = if cfg!(test) { 4 * 1024 } else { 8 * 1024 * 1024 };

/// A part's line, role, what was left out of it, and length: what stands before its text.
const HEAD: usize = 8 + 1 + 1 + 4;

/// A part that waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// What it is, in the words of its format.
    pub(crate) role: u8,
    /// The line on which it starts.
    pub(crate) line: u64,
    /// What of it was too large to be kept.
    pub(crate) left_out: LeftOut,
    /// JSON.
    pub(crate) text: Vec<u8>,
}

/// Parts in the order of the file.
pub(crate) struct Waiting<'a> {
    store: &'a dyn Store,
    memory: Vec<u8>,
    aside: Option<Box<dyn Aside>>,
}

impl<'a> Waiting<'a> {
    /// None yet; the store keeps what is too much for the memory.
    pub(crate) fn new(store: &'a dyn Store) -> Self {
        Self { store, memory: Vec::new(), aside: None }
    }

    /// Adds a part.
    pub(crate) fn push(&mut self, part: &Part) -> Result<(), ImportError> {
        self.memory.extend_from_slice(&part.line.to_le_bytes());
        self.memory.extend_from_slice(&[part.role, part.left_out as u8]);
        // A part has at most a mebibyte and a text's length.
        self.memory.extend_from_slice(&(part.text.len() as u32).to_le_bytes());
        self.memory.extend_from_slice(&part.text);
        if self.memory.len() > MAX_IN_MEMORY {
            self.put_aside().map_err(ImportError::PutAside)?;
        }
        Ok(())
    }

    fn put_aside(&mut self) -> Result<(), StoreError> {
        let aside = match &mut self.aside {
            Some(aside) => aside,
            none => none.insert(self.store.put_aside()?),
        };
        aside.write_all(&self.memory)?;
        self.memory.clear();
        Ok(())
    }

    /// Hands over every part, in order, and has none then.
    pub(crate) fn drain(
        &mut self,
        mut take: impl FnMut(Part) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let memory = std::mem::take(&mut self.memory);
        if let Some(aside) = self.aside.take() {
            let mut read = aside.read_back().map_err(ImportError::PutAside)?;
            while let Some(part) = next_part(&mut read).map_err(ImportError::PutAside)? {
                take(part)?;
            }
        }
        let mut rest = memory.as_slice();
        while let Some(part) = next_part(&mut rest).map_err(ImportError::PutAside)? {
            take(part)?;
        }
        Ok(())
    }
}

/// The next part; none at the end.
fn next_part(from: &mut dyn Read) -> Result<Option<Part>, StoreError> {
    let mut head = [0; HEAD];
    if from.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut head[1..])?;
    let [l0, l1, l2, l3, l4, l5, l6, l7, role, left_out, t0, t1, t2, t3] = head;
    let mut text = vec![0; u32::from_le_bytes([t0, t1, t2, t3]) as usize];
    from.read_exact(&mut text)?;
    let line = u64::from_le_bytes([l0, l1, l2, l3, l4, l5, l6, l7]);
    let left_out = match left_out {
        0 => LeftOut::Nothing,
        1 => LeftOut::OneMember,
        _ => LeftOut::Several,
    };
    Ok(Some(Part { role, line, left_out, text }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestNode;

    #[test]
    fn parts_come_back_in_order_from_disk_and_memory() {
        let node = TestNode::new();
        let mut waiting = Waiting::new(&*node.store);
        for round in 0..2 {
            let part = |n: u64| Part {
                role: n as u8 % 4,
                line: n + round,
                left_out: [LeftOut::Nothing, LeftOut::OneMember, LeftOut::Several][n as usize % 3],
                text: vec![n as u8; n as usize % 300],
            };
            let parts: Vec<Part> = (0..400).map(part).collect();
            for part in &parts {
                waiting.push(part).unwrap();
                assert!(waiting.memory.len() <= MAX_IN_MEMORY);
            }
            assert!(waiting.aside.is_some());
            let mut back = Vec::new();
            waiting
                .drain(|part| {
                    back.push(part);
                    Ok(())
                })
                .unwrap();
            assert_eq!(back, parts);
        }
    }
}
