//! The oblivious key-value store.

use rand_core::CryptoRng;

use crate::SessionItem;
use crate::field::F128;
use crate::okvs::{self, Fill, Grouped, Plan, Shape};

/// A store's sizes.
#[derive(Clone, Copy)]
pub struct Sizes(Shape);

/// Items in the order of their bins.
pub struct Items(Grouped);

/// A store solved but for its values.
pub struct Solved(Plan, Fill);

/// Columns, or what items decode to.
#[derive(Clone)]
pub struct Elements(Vec<F128>);

impl Sizes {
    /// The sizes for `items` in as few bins as the limits allow, or in `bins`.
    pub fn new(items: usize, bins: Option<usize>) -> Self {
        Self(bins.map_or_else(|| Shape::derived(items), |bins| Shape::derived_with_bins(items, bins, bins)))
    }

    /// Bins.
    pub fn bins(&self) -> usize {
        self.0.bins()
    }

    /// Columns.
    pub fn columns(&self) -> usize {
        self.0.columns()
    }
}

impl Items {
    /// Groups items, whose bins must not be too full.
    pub fn new(sizes: &Sizes, seed: &[u8; 16], items: &[SessionItem]) -> Self {
        Self(Grouped::within_capacity(&sizes.0, seed, items).expect("too full is as rare as 2^-40"))
    }

    /// Solves for any values.
    pub fn solve(&self, rng: &mut dyn CryptoRng) -> Solved {
        Solved(Plan::new(&self.0).expect("unsolvable is as rare as 2^-40"), Fill::random(rng))
    }

    /// Decodes all items.
    pub fn decode(&self, columns: &Elements, out: &mut Elements) {
        for (bin, columns) in columns.0.chunks(self.0.shape().bin_columns()).enumerate() {
            okvs::decode_bin(&self.0, bin, columns, &mut out.0[self.0.bin(bin)]);
        }
    }
}

impl Solved {
    /// Adds the encoding to a mask.
    pub fn encode(&self, items: &Items, values: &Elements, into: &mut Elements) {
        self.0.encode(&items.0, &values.0, &mut into.0, &|bin, free| self.1.elements(bin, free));
    }
}

impl Elements {
    /// Random ones.
    pub fn random(count: usize, rng: &mut dyn CryptoRng) -> Self {
        Self((0..count).map(|_| F128::random(rng)).collect())
    }
}
