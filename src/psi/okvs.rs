//! An oblivious key-value store: m columns of GF(2^128) from which each of n items decodes to its value, and which
//! do not tell, once masked, what the items are.
//!
//! The construction is that of Raghuraman and Rindal ("Blazing Fast PSI from Improved OKVS and Subfield VOLE", CCS
//! 2022; sections are those of ePrint 2022/320): a linear system with one row for each item.
//!
//! - A row has [`shape::WEIGHT`] ones in sparse columns and (d, d^2, .., d^g) in g dense columns, d a field element
//!   of its own (section 2, "Field row"). See [`row`].
//! - Items fall into bins, and each bin is a system of its own over columns of its own, small enough for a cache
//!   (section 3, "Clustering", the separate form). A bin's columns, sparse and then dense, stand together in the
//!   encoding, so it is sent, received and decoded bin by bin.
//! - Solving takes a row off as soon as it is the only one left in some column, which that row then determines
//!   (section 2, "Triangulation"). Where there is none, a row is set aside; the few rows that were, mostly none,
//!   are solved together, with the help of the dense columns. See [`peel`] and [`gap`].
//!
//! # Use
//!
//! The receiver of a run draws a seed, groups its items ([`Grouped::within_capacity`]) and tests that they can be
//! solved ([`Plan::new`]). Neither needs values, so both are done before the seed is shown. If one fails it draws
//! another seed, which nobody sees: a [`Shape`] makes that as rare as 2^-40 in all of an exchange. Later it fills
//! in values ([`Plan::encode`]). The sender groups its own items under the same shape and seed ([`Grouped::new`]),
//! and either side decodes its items with [`decode_bin`] or, some at a time, [`decode_keys`].
//!
//! # What the encoding tells
//!
//! Columns that no item determines are random, as in the paper's general form ([`Fill`]): of all encodings of these
//! values it is a uniform one, and where the values are uniform so are the columns, whichever items they are for.
//! The protocol does not rest on that: it sends the encoding masked by as many elements of the VOLE, which are
//! pseudorandom to the partner, and a sum with those is too, whatever is added to them. But should they be less random
//! than they ought to be, a partner that guesses the whole set knows only as many combinations of them as there are
//! items. Nor does it matter what items decode to that were not encoded, as long as it is not their own value: the
//! protocol encodes hashes, and an item's hash is independent of an encoding that was made without it.
//!
//! # Time
//!
//! Which memory is read depends on rows, so on items, here and in every store of this kind. The partner sees no
//! more of it than the time of a whole step; another program on the same processor might see more, and that is
//! outside of what a node defends against. Field operations and AES run in constant time.

mod decode;
#[cfg(any(test, feature = "bench-access"))]
mod derive;
mod fill;
mod gap;
mod group;
mod peel;
mod plan;
mod row;
mod shape;

#[cfg(test)]
mod failure_tests;
#[cfg(test)]
mod gap_tests;
#[cfg(test)]
mod overfitting_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

#[allow(unused_imports)] // As `dead_code`.
pub(crate) use self::{
    decode::{decode_bin, decode_keys},
    fill::Fill,
    group::{Grouped, TooFull},
    plan::{Plan, Unsolvable},
    shape::Shape,
};
