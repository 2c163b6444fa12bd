//! The rows that peeling leaves, solved together.
//!
//! Over the sparse columns alone, elimination over GF(2) gives each row a column that only it has then, or shows it to be
//! a sum of others there. Such dependent rows, say k of them, are what the dense columns are for (section 2, figure 1, step 4).
//! The first k dense columns alone must do: their matrix has at row r and column j the sum of d_i^j over the rows i that r is
//! the sum of. These sums are linearly independent, so after row operations each has a d_i that no other has. With all other
//! elements at zero the matrix is then that of Vandermonde in k variables, with d_i^1 as its first column: its determinant is not
//! the zero polynomial, and of a degree of k (k + 1) / 2. [`super::row`] says how seldom such a polynomial vanishes.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::powers::inverse;
use super::row::Columns;
use crate::field::F128;

/// The most rows that are solved together. Cores are empty or a few rows, until at too few columns they hold most rows of
/// a bin at once (section 4.2, "Phase Transition"); in between this limit keeps elimination cheap.
pub(crate) const CORE_LIMIT: usize = 256;

/// A row of the core.
#[derive(Clone, Copy)]
pub(crate) struct CoreRow {
    /// Its number in the bin.
    pub(crate) row: u16,
    /// Its sparse columns.
    pub(crate) columns: Columns,
    /// Its dense element.
    pub(crate) d: F128,
}

/// How the columns of a core follow from its rows' values.
#[derive(Default, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Core {
    /// Each sparse column that is determined, and the rows whose sum it is.
    sparse: Vec<(u16, Vec<u16>)>,
    /// For each dependent sum its rows.
    dependent: Vec<Vec<u16>>,
    /// Takes the values of the dependent sums to the first dense columns: a square matrix, row by row.
    dense: Vec<F128>,
}

impl Core {
    /// Solves for all rows at once. `None` where they are too many, more than `dense` of them depend on others, or the
    /// dense part is singular.
    pub(crate) fn new(rows: &[CoreRow], dense: usize) -> Option<Self> {
        if rows.len() > CORE_LIMIT {
            return None;
        }
        let mut core = eliminate(rows);
        let k = core.dependent.len();
        if k > dense {
            return None;
        }
        let mut matrix = Vec::with_capacity(k * k);
        for sum in &core.dependent {
            matrix.extend(power_sums(rows, sum, k));
        }
        core.dense = inverted(matrix, k)?;
        core.name_rows(rows);
        Some(core)
    }

    /// How many rows depend on others: the dense columns in use.
    pub(crate) fn dependent(&self) -> usize {
        self.dependent.len()
    }

    /// The dense columns, from the values of all rows of the bin.
    pub(crate) fn dense_columns(&self, values: &[F128]) -> Vec<F128> {
        let sums: Vec<_> = self.dependent.iter().map(|sum| total(values, sum)).collect();
        let k = sums.len();
        let product = |row: &[F128]| row.iter().zip(&sums).fold(F128::ZERO, |total, (a, b)| total + *a * *b);
        (0..k).map(|i| product(&self.dense[i * k..(i + 1) * k])).collect()
    }

    /// Fills the core's sparse columns, from values less what the dense columns give.
    pub(crate) fn fill_sparse(&self, values: &[F128], columns: &mut [F128]) {
        for (column, sum) in &self.sparse {
            columns[usize::from(*column)] = total(values, sum);
        }
    }

    /// From places in the core to numbers in the bin.
    fn name_rows(&mut self, rows: &[CoreRow]) {
        let sums = self.sparse.iter_mut().map(|(_, sum)| sum).chain(&mut self.dependent);
        sums.flatten().for_each(|place| *place = rows[usize::from(*place)].row);
    }
}

fn total(values: &[F128], rows: &[u16]) -> F128 {
    rows.iter().fold(F128::ZERO, |total, &row| total + values[usize::from(row)])
}

/// A sum of rows: which rows, by their places in the core, and which sparse columns are left in it. Both ascending.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Sum {
    rows: Vec<u16>,
    columns: Vec<u16>,
}

impl Sum {
    fn add(&mut self, other: &Sum) {
        self.rows = symmetric_difference(&self.rows, &other.rows);
        self.columns = symmetric_difference(&self.columns, &other.columns);
    }

    fn has(&self, column: u16) -> bool {
        self.columns.binary_search(&column).is_ok()
    }
}

/// Elimination over GF(2) to the end: each determined column is left in one sum only. Columns that are determined by none stay
/// zero, so a determined column is its sum of values.
fn eliminate(rows: &[CoreRow]) -> Core {
    let mut solved: Vec<(u16, Sum)> = Vec::new();
    let mut core = Core::default();
    for (place, row) in rows.iter().enumerate() {
        let mut columns = row.columns.to_vec();
        columns.sort_unstable();
        let mut sum = Sum { rows: vec![place as u16], columns };
        solved.iter().filter(|(own, _)| row.columns.contains(own)).for_each(|(_, other)| sum.add(other));
        let Some(&own) = sum.columns.first() else {
            core.dependent.push(sum.rows.clone());
            continue;
        };
        solved.iter_mut().filter(|(_, other)| other.has(own)).for_each(|(_, other)| other.add(&sum));
        solved.push((own, sum));
    }
    core.sparse = solved.iter().map(|(own, sum)| (*own, sum.rows.clone())).collect();
    core
}

/// What is in one of two ascending lists.
fn symmetric_difference(a: &[u16], b: &[u16]) -> Vec<u16> {
    let mut merged = [a, b].concat();
    merged.sort_unstable();
    let mut kept: Vec<u16> = Vec::with_capacity(merged.len());
    for value in merged {
        if kept.last() == Some(&value) {
            kept.pop();
        } else {
            kept.push(value);
        }
    }
    kept
}

/// The first k dense columns of a sum of rows.
fn power_sums(rows: &[CoreRow], sum: &[u16], k: usize) -> Vec<F128> {
    let mut sums = vec![F128::ZERO; k];
    for &place in sum {
        let d = rows[usize::from(place)].d;
        let mut power = F128::ONE;
        for sum in &mut sums {
            power = power * d;
            *sum += power;
        }
    }
    sums
}

/// The inverse of a square matrix of `k` rows, by Gauss and Jordan; `None` where there is none.
fn inverted(mut matrix: Vec<F128>, k: usize) -> Option<Vec<F128>> {
    let mut result = vec![F128::ZERO; k * k];
    (0..k).for_each(|i| result[i * k + i] = F128::ONE);
    for i in 0..k {
        let pivot = (i..k).find(|row| matrix[row * k + i] != F128::ZERO)?;
        for matrix in [&mut matrix, &mut result] {
            (0..k).for_each(|column| matrix.swap(i * k + column, pivot * k + column));
        }
        let scale = inverse(matrix[i * k + i]);
        let factors: Vec<_> = (0..k).map(|row| matrix[row * k + i]).collect();
        for matrix in [&mut matrix, &mut result] {
            clear_column(matrix, k, i, scale, &factors);
        }
    }
    Some(result)
}

/// One step of the elimination, done alike on the matrix and on what becomes its inverse: scales row `i`, and takes it out of
/// every other row as often as `factors` say.
fn clear_column(matrix: &mut [F128], k: usize, i: usize, scale: F128, factors: &[F128]) {
    matrix[i * k..(i + 1) * k].iter_mut().for_each(|value| *value = *value * scale);
    let own = matrix[i * k..(i + 1) * k].to_vec();
    for (row, &factor) in factors.iter().enumerate().filter(|(row, _)| *row != i) {
        let values = &mut matrix[row * k..(row + 1) * k];
        values.iter_mut().zip(&own).for_each(|(value, own)| *value += factor * *own);
    }
}
