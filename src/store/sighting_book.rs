//! Sightings in memory: all but their texts, so that lists read from the disk only what they show.

use hashbrown::HashTable;

use crate::codec::{Reader, put_text};
use crate::error::damaged;
use crate::{IndicatorId, SightingFilter, SightingKind, SightingRow, StoreError};

const VERSION: u8 = 1;

/// All sightings, without their texts.
#[derive(Default)]
pub(crate) struct SightingBook {
    rows: Vec<SightingMeta>,
    /// The numbers of all, by indicator.
    index: HashTable<u32>,
}

#[derive(Clone, Copy)]
struct SightingMeta {
    indicator: IndicatorId,
    kind: SightingKind,
    at: u64,
}

impl SightingBook {
    /// The number that the next one gets.
    pub(crate) fn next(&self) -> u32 {
        // Their keys have four bytes, and a row takes more of them in memory than there are numbers.
        self.rows.len() as u32
    }

    /// Takes a sighting that is stored now.
    pub(crate) fn push(&mut self, row: &SightingRow) {
        let number = self.next();
        self.rows.push(SightingMeta { indicator: row.indicator, kind: row.kind, at: row.at });
        let rows = &self.rows;
        let hash_at = |number: &u32| {
            rows.get(*number as usize).map(|row| row.indicator.hash_of_bytes()).unwrap_or_default()
        };
        self.index.insert_unique(row.indicator.hash_of_bytes(), number, hash_at);
    }

    /// Takes the sighting that comes next from the disk.
    pub(crate) fn load(&mut self, number: u32, plain: &[u8]) -> Result<(), StoreError> {
        if number != self.next() {
            return Err(damaged("a sighting is missing"));
        }
        self.push(&unpack(number, plain)?);
        Ok(())
    }

    /// The numbers of those that are meant, from `begin` on in the filter's order, `most` at most.
    pub(crate) fn numbers(&self, begin: Option<u32>, filter: &SightingFilter, most: usize) -> Vec<u32> {
        let (low, high) = match filter.newest_first {
            true => (0, begin.map_or(self.next(), |begin| self.next().min(begin.saturating_add(1)))),
            false => (begin.unwrap_or(0), self.next()),
        };
        let meant = |number: &u32| self.rows.get(*number as usize).is_some_and(|row| is_meant(row, filter));
        match filter.indicator {
            None if filter.newest_first => (low..high).rev().filter(meant).take(most).collect(),
            None => (low..high).filter(meant).take(most).collect(),
            Some(indicator) => {
                let all = self.index.iter_hash(indicator.hash_of_bytes()).copied();
                let mut of_it: Vec<u32> =
                    all.filter(|number| (low..high).contains(number) && meant(number)).collect();
                of_it.sort_unstable();
                if filter.newest_first {
                    of_it.reverse();
                }
                of_it.truncate(most);
                of_it
            }
        }
    }
}

fn is_meant(row: &SightingMeta, filter: &SightingFilter) -> bool {
    filter.indicator.is_none_or(|indicator| indicator == row.indicator)
        && filter.kind.is_none_or(|kind| kind == row.kind)
        && filter.from.is_none_or(|from| from <= row.at)
        && filter.until.is_none_or(|until| row.at <= until)
}

/// Packs a sighting.
pub(crate) fn pack(row: &SightingRow) -> Result<Vec<u8>, StoreError> {
    let mut out = vec![VERSION, row.kind.number()];
    out.extend_from_slice(&row.indicator.0);
    out.extend_from_slice(&row.at.to_le_bytes());
    out.extend_from_slice(&row.stored.to_le_bytes());
    put_text(&mut out, &row.source)?;
    Ok(out)
}

/// Unpacks the sighting of this number.
pub(crate) fn unpack(number: u32, plain: &[u8]) -> Result<SightingRow, StoreError> {
    let mut reader = Reader::new(plain);
    if reader.u8()? != VERSION {
        return Err(damaged("a sighting"));
    }
    let kind = SightingKind::from_number(reader.u8()?).ok_or(damaged("what a sighting says"))?;
    let (indicator, at, stored) = (IndicatorId(reader.array()?), reader.u64()?, reader.u64()?);
    Ok(SightingRow { number, indicator, kind, at, stored, source: reader.text()?.to_owned() })
}
