//! The rows that peeling sets aside, solved together.
//!
//! A row of the gap is first freed of every column that a peeled row determines, by adding that row (section 2,
//! figure 1, step 3, there -CF^-1). What is left of it is on columns that are still free. Elimination over GF(2)
//! then gives it one of those, or shows that nothing is left of it: a sum of rows is zero on all sparse columns, a
//! dependent sum. The paper has a dense column for each row of the gap; here only dependent sums need one, and
//! these are fewer.
//!
//! With k dependent sums the first k dense columns must do: at sum r and column j their matrix has the sum of d_i^j
//! over the rows i of sum r (step 4, B'). The sums are linearly independent, so after row operations each has a row
//! that no other has. With all other d_i at zero the matrix is then Vandermonde's in k variables: its determinant
//! is not the zero polynomial, and its degree is at most k (k + 1) / 2. [`super::row`] says how seldom such a
//! polynomial vanishes at random elements.

use std::mem::take;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::peel::Peeled;
use super::row::Columns;
use crate::field::F128;
use crate::wiped::Wiped;

/// A set of rows of the gap, by their places in it.
type GapRows = u128;

/// How columns that no peeled row determines follow from values.
#[derive(Default, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Gap {
    /// Sparse columns, each with the rows and the free columns whose sum it is, of the rows their values.
    sparse: Vec<(u16, Vec<u16>, Vec<u16>)>,
    /// For each dependent sum its rows.
    dependent: Vec<Vec<u16>>,
    /// Takes the values of the dependent sums to the first dense columns: a square matrix, row by row.
    dense: Vec<F128>,
}

impl Gap {
    /// Solves for what was set aside of a bin. `None` where there are more than `dense` dependent sums, or their
    /// matrix has no inverse.
    pub(crate) fn new(
        rows: &[Columns],
        keys: &[F128],
        peeled: &Peeled,
        sparse: usize,
        dense: usize,
    ) -> Option<Self> {
        if peeled.gap.is_empty() {
            return Some(Self::default());
        }
        let (freed, sums) = free(rows, peeled, sparse);
        let (owners, dependent) = eliminate(&freed, peeled.gap.len());
        if dependent.len() > dense {
            return None;
        }
        let rows_of =
            |sum: GapRows| sums.iter().filter(|(_, part)| odd(part & sum)).map(|(row, _)| *row).collect();
        let dependent: Vec<Vec<u16>> = dependent.into_iter().map(rows_of).collect();
        let free_of = |own: u16, sum: GapRows| {
            let columns = freed.iter().enumerate().filter(|(_, holders)| odd(**holders & sum));
            columns.map(|(column, _)| column as u16).filter(|column| *column != own).collect()
        };
        let owned = |(column, sum)| (column, rows_of(sum), free_of(column, sum));
        Some(Self {
            sparse: owners.into_iter().map(owned).collect(),
            dense: inverted(power_sums(keys, &dependent), dependent.len())?,
            dependent,
        })
    }

    /// How many dependent sums there are: the first dense columns, which they determine.
    pub(crate) fn dependent(&self) -> usize {
        self.dependent.len()
    }

    /// The sparse columns that rows of the gap determine.
    pub(crate) fn sparse_columns(&self) -> impl Iterator<Item = u16> {
        self.sparse.iter().map(|(column, ..)| *column)
    }

    /// The dense columns that dependent sums determine, from the values of all rows of the bin less what the other
    /// dense columns give.
    pub(crate) fn dense_columns(&self, values: &[F128]) -> Wiped<F128> {
        let sums: Zeroizing<Vec<_>> =
            Zeroizing::new(self.dependent.iter().map(|sum| total(values, sum)).collect());
        let product =
            |row: &[F128]| row.iter().zip(sums.iter()).fold(F128::ZERO, |total, (a, b)| total + *a * *b);
        let k = sums.len();
        Wiped::new((0..k).map(|i| product(&self.dense[i * k..(i + 1) * k])).collect())
    }

    /// Fills in sparse columns, from values less what the dense columns give, and from the free columns.
    pub(crate) fn fill_sparse(&self, values: &[F128], columns: &mut [F128]) {
        for (column, sum, free) in &self.sparse {
            columns[usize::from(*column)] = total(values, sum) + total(columns, free);
        }
    }
}

fn total(values: &[F128], places: &[u16]) -> F128 {
    places.iter().fold(F128::ZERO, |total, &place| total + values[usize::from(place)])
}

fn odd(rows: GapRows) -> bool {
    rows.count_ones() % 2 == 1
}

/// For each row that takes part the gap's rows that it is added to, itself among them where it is of the gap.
type Sums = Wiped<(u16, GapRows)>;

/// Frees the gap's rows of the peeled rows' own columns: the gap's rows that are left in each column, and the sums
/// that they have become.
fn free(rows: &[Columns], peeled: &Peeled, sparse: usize) -> (Wiped<GapRows>, Sums) {
    let mut columns = Wiped::new(vec![0; sparse]);
    let mut sums = Wiped::new(Vec::with_capacity(rows.len()));
    for (place, &row) in peeled.gap.iter().enumerate() {
        sums.push((row, 1 << place));
        rows[usize::from(row)].iter().for_each(|&column| columns[usize::from(column)] ^= 1 << place);
    }
    // In this order no row brings back a column that one before it has freed: its columns were all still in use by
    // it then.
    for step in &peeled.steps {
        let holders = take(&mut columns[step.own()]);
        if holders != 0 {
            sums.push((step.row(), holders));
            step.others().iter().for_each(|&column| columns[column] ^= holders);
        }
    }
    (columns, sums)
}

/// Elimination to the end over the columns that are left, on sums of the gap's `count` rows: columns each with the
/// only sum that then has it, and the sums of which nothing is left.
fn eliminate(columns: &[GapRows], count: usize) -> (Vec<(u16, GapRows)>, Vec<GapRows>) {
    let mut open: Vec<GapRows> = (0..count).map(|place| 1 << place).collect();
    let mut owners: Vec<(u16, GapRows)> = Vec::with_capacity(count);
    for (column, &holders) in columns.iter().enumerate() {
        let Some(place) = open.iter().position(|sum| odd(sum & holders)) else { continue };
        let own = open.swap_remove(place);
        let others = open.iter_mut().chain(owners.iter_mut().map(|(_, sum)| sum));
        others.filter(|sum| odd(**sum & holders)).for_each(|sum| *sum ^= own);
        owners.push((column as u16, own));
    }
    (owners, open)
}

/// As many dense columns of sums of rows as there are sums: a square matrix.
fn power_sums(keys: &[F128], sums: &[Vec<u16>]) -> Vec<F128> {
    let k = sums.len();
    let mut matrix = vec![F128::ZERO; k * k];
    for (i, sum) in sums.iter().enumerate() {
        for &row in sum {
            let mut power = F128::ONE;
            for entry in &mut matrix[i * k..(i + 1) * k] {
                power = power * keys[usize::from(row)];
                *entry += power;
            }
        }
    }
    matrix
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
        let scale = matrix[i * k + i].inverse();
        let factors: Vec<_> = (0..k).map(|row| matrix[row * k + i]).collect();
        for matrix in [&mut matrix, &mut result] {
            clear_column(matrix, k, i, scale, &factors);
        }
    }
    matrix.zeroize();
    Some(result)
}

/// One step of the elimination, done alike on the matrix and on what becomes its inverse: scales row `i`, and takes it
/// out of every other row as often as `factors` say.
fn clear_column(matrix: &mut [F128], k: usize, i: usize, scale: F128, factors: &[F128]) {
    matrix[i * k..(i + 1) * k].iter_mut().for_each(|value| *value = *value * scale);
    let own = Zeroizing::new(matrix[i * k..(i + 1) * k].to_vec());
    for (row, &factor) in factors.iter().enumerate().filter(|(row, _)| *row != i) {
        let values = &mut matrix[row * k..(row + 1) * k];
        values.iter_mut().zip(own.iter()).for_each(|(value, own)| *value += factor * *own);
    }
}
