//! Taking rows off a bin's system, one after the other.
//!
//! A column in which a single row is left can be given to that row: whatever the other columns hold, the column makes
//! the row right. Taking the row off may leave other columns with a single row. Filled in backwards, each row finds all
//! its columns but its own already filled (section 2, "Triangulation" and step 5 of figure 1).
//!
//! Where no column has a single row, the rows that are left are the 2-core of the hypergraph whose vertices are columns
//! and whose edges are rows (section 4.2). Then one row is set aside, into the gap, and the rest goes on.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::row::Columns;
use crate::wiped::Wiped;

/// The most rows that are set aside: there are none or a few, until at too few columns there are very many at once
/// (section 4.2, "Phase Transition"). A set of them is a word of 128 bits.
pub(crate) const GAP_LIMIT: usize = 128;

/// One row taken off: its number, the column that it determines, and its other columns, which are filled before.
/// 16 bits each in one word, so that a million of them are read, and wiped, quickly.
#[derive(Clone, Copy, Default, Zeroize)]
pub(crate) struct Step(u64);

impl Step {
    fn new(row: u16, own: u16, others: [u16; 2]) -> Self {
        let [a, b] = others.map(u64::from);
        Self(u64::from(row) | u64::from(own) << 16 | a << 32 | b << 48)
    }

    pub(crate) fn row(self) -> u16 {
        self.0 as u16
    }

    pub(crate) fn own(self) -> usize {
        usize::from((self.0 >> 16) as u16)
    }

    pub(crate) fn others(self) -> [usize; 2] {
        [self.0 >> 32, self.0 >> 48].map(|column| usize::from(column as u16))
    }
}

/// All rows of a bin, in two parts.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Peeled {
    /// Rows in the order in which they were taken off.
    pub(crate) steps: Vec<Step>,
    /// Rows that were set aside.
    pub(crate) gap: Vec<u16>,
}

/// Takes all rows off, fewer than 2^16. `None` where more than [`GAP_LIMIT`] would have to be set aside.
pub(crate) fn peel(rows: &[Columns], sparse: usize) -> Option<Peeled> {
    let mut peeling = Peeling::new(rows, sparse);
    peeling.take_off();
    while peeling.peeled.steps.len() + peeling.peeled.gap.len() < rows.len() {
        if peeling.peeled.gap.len() == GAP_LIMIT {
            return None;
        }
        peeling.set_one_aside();
        peeling.take_off();
    }
    Some(peeling.peeled)
}

struct Peeling<'a> {
    rows: &'a [Columns],
    incidence: Incidence,
    /// Columns that got down to a single row, each once. First in, first out: neighbours in the queue seldom touch, so
    /// the processor works on several at a time, here and again when values are filled in.
    queue: Wiped<u16>,
    /// How many of the queue were looked at, and how many are in it.
    next: usize,
    pushed: usize,
    peeled: Peeled,
}

impl<'a> Peeling<'a> {
    fn new(rows: &'a [Columns], sparse: usize) -> Self {
        let incidence = Incidence::new(rows, sparse);
        let mut queue = Wiped::new(Vec::with_capacity(sparse + 1));
        queue.extend(incidence.singles());
        let pushed = queue.len();
        // One place more than columns, for a write that is not kept.
        queue.resize(sparse + 1, 0);
        let peeled = Peeled { steps: Vec::with_capacity(rows.len()), gap: Vec::with_capacity(GAP_LIMIT) };
        Self { rows, incidence, queue, next: 0, pushed, peeled }
    }

    /// Takes off every row that has, or comes to have, a column to itself.
    fn take_off(&mut self) {
        while self.next < self.pushed {
            let own = self.queue[self.next];
            self.next += 1;
            let Some(row) = self.incidence.single(own) else { continue };
            self.peeled.steps.push(Step::new(row, own, others(self.rows[usize::from(row)], own)));
            self.remove(row);
        }
    }

    /// Sets aside the first row of those that leave the most columns with a single row.
    fn set_one_aside(&mut self) {
        let left = self.left();
        let pairs =
            |row: &u16| self.rows[usize::from(*row)].iter().filter(|&&c| self.incidence.pair(c)).count();
        if let Some(row) = left.iter().copied().rev().max_by_key(pairs) {
            self.peeled.gap.push(row);
            self.remove(row);
        }
    }

    #[inline]
    fn remove(&mut self, row: u16) {
        for column in self.rows[usize::from(row)] {
            self.queue[self.pushed] = column;
            self.pushed += usize::from(self.incidence.remove(column, row));
        }
    }

    /// The rows that are neither taken off nor set aside. Seldom needed, so not kept.
    fn left(&self) -> Vec<u16> {
        let mut left = vec![true; self.rows.len()];
        let gone = self.peeled.steps.iter().map(|step| step.row()).chain(self.peeled.gap.iter().copied());
        gone.for_each(|row| left[usize::from(row)] = false);
        (0..self.rows.len()).filter(|&row| left[row]).map(|row| row as u16).collect()
    }
}

/// For each column how many rows are left in it (high half), and the sum by XOR of their numbers (low half): the number
/// itself when one is left. The count cannot wrap, since rows are fewer than 2^16 and have distinct columns.
#[derive(Zeroize, ZeroizeOnDrop)]
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
    fn singles(&self) -> impl Iterator<Item = u16> {
        let single = |(column, state): (usize, &u32)| (state >> 16 == 1).then_some(column as u16);
        self.0.iter().enumerate().filter_map(single)
    }

    /// The row of a column that has a single one.
    fn single(&self, column: u16) -> Option<u16> {
        let state = self.0[usize::from(column)];
        (state >> 16 == 1).then_some(state as u16)
    }

    /// Whether a column has two rows.
    fn pair(&self, column: u16) -> bool {
        self.0[usize::from(column)] >> 16 == 2
    }

    /// Takes a row out of a column; says whether that leaves a single one.
    fn remove(&mut self, column: u16, row: u16) -> bool {
        let state = &mut self.0[usize::from(column)];
        *state = (*state - ONE_ROW) ^ u32::from(row);
        *state >> 16 == 1
    }
}

/// The two columns that are not `own`.
fn others([a, b, c]: Columns, own: u16) -> [u16; 2] {
    [if a == own { b } else { a }, if c == own { b } else { c }]
}
