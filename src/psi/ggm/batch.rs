//! Some nodes of one level on their way through the generator.

use aes::Aes128;
use aes::cipher::BlockCipherEncrypt;
use aes::cipher::array::Array;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::field::F128;

/// Nodes at once: the buffers fit the first-level cache.
pub(super) const BATCH: usize = 256;

/// Nodes that the widest unit of `aes` does at once. A short batch is filled up to them: blocks one by one cost more.
const UNIT: usize = 64;

/// Up to [`BATCH`] nodes and their children.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Batch {
    count: usize,
    parents: [[u8; 16]; BATCH],
    children: [[[u8; 16]; BATCH]; 2],
}

impl Default for Batch {
    fn default() -> Self {
        Self { count: 0, parents: [[0; 16]; BATCH], children: [[[0; 16]; BATCH]; 2] }
    }
}

impl Batch {
    /// Makes the children of these nodes.
    pub(super) fn expand(&mut self, ciphers: &[Aes128; 2], nodes: &[F128]) {
        self.count = nodes.len();
        self.parents.iter_mut().zip(nodes).for_each(|(parent, node)| *parent = node.to_bytes());
        let padded = self.count.next_multiple_of(UNIT);
        let parents = &self.parents[..padded];
        for (cipher, children) in ciphers.iter().zip(&mut self.children) {
            let children = &mut children[..padded];
            let blocks = (Array::cast_slice_from_core(parents), Array::cast_slice_from_core_mut(children));
            // Both slices have one length, so this cannot fail.
            let encrypted = cipher.encrypt_blocks_b2b(blocks.0, blocks.1);
            debug_assert!(encrypted.is_ok());
            children.iter_mut().zip(parents).for_each(|(child, parent)| *child = add(child, parent));
        }
    }

    /// Adds the sums of the left and of the right children to `sums`.
    pub(super) fn add_sums(&self, sums: &mut [F128; 2]) {
        for (sum, children) in sums.iter_mut().zip(&self.children) {
            *sum +=
                F128::from_bytes(children[..self.count].iter().fold([0; 16], |sum, child| add(&sum, child)));
        }
    }

    /// Stores the children, left and right in turn, but for the last one if there is no place for it.
    pub(super) fn store(&self, into: &mut [F128]) {
        let [left, right] = &self.children;
        let (places, last) = into.as_chunks_mut();
        for (place, (left, right)) in places.iter_mut().zip(left.iter().zip(right)) {
            *place = [F128::from_bytes(*left), F128::from_bytes(*right)];
        }
        if let [last] = last {
            *last = F128::from_bytes(left[self.count - 1]);
        }
    }

    /// The right child of node `i`.
    pub(super) fn right(&self, i: usize) -> F128 {
        F128::from_bytes(self.children[1][i])
    }
}

/// Byte by byte, which compilers turn into the widest instructions.
fn add(a: &[u8; 16], b: &[u8; 16]) -> [u8; 16] {
    std::array::from_fn(|i| a[i] ^ b[i])
}
