//! Taking rows off a bin's system, as far as that goes.
//!
//! A column in which a single row is left can be given to that row: whatever the other columns hold, the column makes
//! the row right. Taking the row off may leave other columns with a single row. Filled in backwards, each row finds all its columns but its
//! own already filled (section 2, "Triangulation" and step 5 of figure 1). The rows that stay are the 2-core of
//! the hypergraph whose vertices are columns and whose edges are rows (section 4.2).

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::row::Columns;

/// One row taken off.
#[derive(Clone, Copy, Zeroize)]
pub(crate) struct Step {
    /// The row.
    pub(crate) row: u16,
    /// The column that the row determines.
    pub(crate) own: u16,
    /// The row's other columns, filled before.
    pub(crate) others: [u16; 2],
}

/// Which rows could be taken off and which stay.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Peeled {
    /// Rows in the order in which they were taken off.
    pub(crate) steps: Vec<Step>,
    /// Rows that stay.
    pub(crate) core: Vec<u16>,
}

/// Takes rows off until none has a column to itself. Rows are fewer than 2^16.
pub(crate) fn peel(rows: &[Columns], sparse: usize) -> Peeled {
    let mut columns = Incidence::new(rows, sparse);
    // First in, first out: neighbours in the queue seldom touch, so the processor works on several at a time, here and
    // again when values are filled in.
    let mut queue = columns.singles();
    let mut pushed = queue.len();
    // A column gets down to one row at most once; one place more, for a write that is not kept.
    queue.resize(sparse + 1, 0);
    let mut steps = Vec::with_capacity(rows.len());
    let mut next = 0;
    while next < pushed {
        let own = queue[next];
        next += 1;
        let Some(row) = columns.single(own) else { continue };
        let touched = rows[usize::from(row)];
        steps.push(Step { row, own, others: others(touched, own) });
        for column in touched {
            queue[pushed] = column;
            pushed += usize::from(columns.remove(column, row));
        }
    }
    queue.zeroize();
    let core = rest(rows.len(), &steps);
    Peeled { steps, core }
}

/// For each column how many rows are left in it (high half), and the sum by XOR of their numbers (low half): the number itself
/// when one is left. 2^16 rows in one column wrap to none; with random rows that does not happen, and a bin has fewer.
struct Incidence(Vec<u32>);

const ONE_ROW: u32 = 1 << 16;

impl Incidence {
    fn new(rows: &[Columns], sparse: usize) -> Self {
        let mut columns = vec![0u32; sparse];
        for (row, touched) in rows.iter().enumerate() {
            for &column in touched {
                let column = &mut columns[usize::from(column)];
                *column = (*column + ONE_ROW) ^ row as u32;
            }
        }
        Self(columns)
    }

    /// The columns with a single row.
    fn singles(&self) -> Vec<u16> {
        let single = |(column, state): (usize, &u32)| (state >> 16 == 1).then_some(column as u16);
        self.0.iter().enumerate().filter_map(single).collect()
    }

    /// The row of a column that has a single one.
    fn single(&self, column: u16) -> Option<u16> {
        let state = self.0[usize::from(column)];
        (state >> 16 == 1).then_some(state as u16)
    }

    /// Takes a row out of a column; says whether that leaves a single one.
    fn remove(&mut self, column: u16, row: u16) -> bool {
        let state = &mut self.0[usize::from(column)];
        *state = (*state - ONE_ROW) ^ u32::from(row);
        *state >> 16 == 1
    }
}

impl Drop for Incidence {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The two columns that are not `own`.
fn others([a, b, c]: Columns, own: u16) -> [u16; 2] {
    [if a == own { b } else { a }, if c == own { b } else { c }]
}

/// The rows that no step took off.
fn rest(rows: usize, steps: &[Step]) -> Vec<u16> {
    if steps.len() == rows {
        return Vec::new();
    }
    let mut left = vec![true; rows];
    steps.iter().for_each(|step| left[usize::from(step.row)] = false);
    (0..rows).filter(|&row| left[row]).map(|row| row as u16).collect()
}
