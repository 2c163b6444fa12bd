//! Puncturable pseudorandom functions from the tree of Goldreich, Goldwasser and Micali ("How to Construct Random
//! Functions", JACM 1986), many at once.
//!
//! The sender draws a root for each tree and expands it to the leaves. The receiver is to know all leaves of a
//! tree but one, the one at its secret position. For each level of a tree there are two sums, of all left children
//! and of all right children; an oblivious transfer gives the receiver the sum on the side that its path does not
//! take, and from it the sibling of its path (Boyle, Couteau, Gilboa, Ishai, Kohl, Rindal and Scholl, "Efficient
//! Two-Round OT Extension and Silent Non-Interactive Secure Computation", CCS 2019).
//!
//! # The generator
//!
//! G(s) = (AES_k0(s) + s, AES_k1(s) + s): each half is the function of Matyas, Meyer and Oseas over a block cipher
//! under a fixed public key. In the ideal cipher model each half is indistinguishable from a random function on
//! seeds that nobody has queried (Guo, Katz, Wang and Yu, "Efficient and Secure Multiparty Computation from
//! Fixed-Key Block Ciphers", S&P 2020). An adversary that makes q evaluations finds one of T unknown nodes with
//! probability q * T / 2^128. Unknown to the receiver are one node for each level of each tree: a few thousand.
//! Both keys come from the session, so nothing that was computed before it helps, and nodes of different sessions
//! are no common target.
//!
//! # Trees that are cut
//!
//! A tree of `depth` levels is cut to its first `leaves` leaves, and what lies past the cut is not expanded. At
//! each level at most one node is computed whose descendants all lie past the cut: the right child of the last
//! node. It is a *stub*: it ends its branch, is part of the level's sum, and counts as a leaf in [`Tree::total`].
//! Without that a receiver that broke the protocol could aim its path past the cut, know every leaf that is kept,
//! and take the sum that hides the sender's secret off. So it always misses one summand, leaf or stub.
//!
//! # Time
//!
//! The cipher runs in constant time, but the receiver's positions choose memory addresses: where the siblings of a path are
//! written, and which of a level's sums is read. So traces in a cache may tell of them. The partner sees the time of whole
//! steps alone.

use aes::Aes128;
use aes::cipher::KeyInit;
use rayon::prelude::*;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use batch::{BATCH, Batch};

use crate::field::F128;

mod batch;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

/// How many trees there are and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Trees.
    pub(crate) trees: usize,
    /// Leaves of each tree that are kept, at least 1 and at most 2^depth.
    pub(crate) leaves: usize,
    /// Levels below the root, at most 31: leaves are counted in 32 bits.
    pub(crate) depth: usize,
}

impl Shape {
    /// Nodes of a level that have kept leaves below them, or are such. Level 0 is the root.
    fn nodes(&self, level: usize) -> usize {
        self.leaves.div_ceil(1 << (self.depth - level))
    }

    /// Leaves of all trees.
    pub(crate) fn len(&self) -> usize {
        self.trees * self.leaves
    }
}

/// What the sender sends of one tree, in one form or another.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Tree {
    /// For each level the sums of its left and of its right children.
    pub(crate) sums: Vec<[F128; 2]>,
    /// The sum of all leaves and stubs.
    pub(crate) total: F128,
}

/// The generator of one session.
pub(crate) struct Ggm {
    halves: [Aes128; 2],
}

impl Ggm {
    /// The generator with this session's two keys.
    pub(crate) fn new(session: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("overlapd psi v1 keys of the tree generator");
        hasher.update(session);
        let mut keys = [[0; 16]; 2];
        let mut stream = hasher.finalize_xof();
        keys.iter_mut().for_each(|key| stream.fill(key));
        Self { halves: keys.map(|key| Aes128::new(&key.into())) }
    }

    /// Expands every tree from its root into `leaves`, tree after tree.
    pub(crate) fn expand(&self, shape: &Shape, roots: &[F128], leaves: &mut [F128]) -> Vec<Tree> {
        let trees = leaves.par_chunks_exact_mut(shape.leaves).zip(roots);
        trees
            .map_init(Batch::default, |batch, (leaves, root)| self.expand_tree(shape, *root, leaves, batch))
            .collect()
    }

    /// Expands every tree around its unknown leaf, and hands to `use_leaves` the tree's index, its leaves with
    /// zero at the unknown one, and the sum of all leaves and stubs but that one.
    ///
    /// `paths[i]` is the position of tree i's unknown leaf. `siblings` has, tree after tree, the sum that was received
    /// for each level: that of the children on the side that the path does not take.
    pub(crate) fn expand_punctured<T: Send>(
        &self,
        shape: &Shape,
        paths: &[u32],
        siblings: &[F128],
        use_leaves: impl Fn(usize, &mut [F128], F128) -> T + Sync,
    ) -> Vec<T> {
        let trees = paths.par_iter().zip(siblings.par_chunks_exact(shape.depth)).enumerate();
        let memory = || (Batch::default(), Zeroizing::new(vec![F128::ZERO; shape.leaves]));
        let expand = |(batch, leaves): &mut (_, Zeroizing<Vec<_>>),
                      (i, (path, siblings)): (_, (&u32, &[F128]))| {
            let known = self.expand_punctured_tree(shape, *path, siblings, leaves, batch);
            use_leaves(i, leaves, known)
        };
        trees.map_init(memory, expand).collect()
    }

    fn expand_tree(&self, shape: &Shape, root: F128, leaves: &mut [F128], batch: &mut Batch) -> Tree {
        leaves[0] = root;
        let mut tree = Tree { sums: Vec::with_capacity(shape.depth), total: F128::ZERO };
        for depth in 0..shape.depth {
            let level = self.expand_level(leaves, shape.nodes(depth), shape.nodes(depth + 1), batch);
            tree.sums.push(level.sums);
            tree.total += level.stub;
        }
        tree.total += sum(leaves);
        tree
    }

    fn expand_punctured_tree(
        &self,
        shape: &Shape,
        path: u32,
        siblings: &[F128],
        leaves: &mut [F128],
        batch: &mut Batch,
    ) -> F128 {
        leaves[0] = F128::ZERO;
        let mut total = F128::ZERO;
        let mut hole = 0;
        for (depth, received) in siblings.iter().enumerate() {
            let kept = shape.nodes(depth + 1);
            let level = self.expand_level(leaves, shape.nodes(depth), kept, batch);
            let mut stub = level.stub;
            let took = (path >> (shape.depth - 1 - depth) & 1) as usize;
            let sibling = 2 * hole + (1 - took);
            hole = 2 * hole + took;
            leaves[hole] = F128::ZERO;
            // What stands at the sibling was made from the zero at the hole and is in the level's sum: both go out, and
            // what is left between the two sums is the sibling.
            let slot = if sibling < kept { &mut leaves[sibling] } else { &mut stub };
            *slot = *received + level.sums[1 - took] + *slot;
            total += stub;
        }
        total + sum(leaves)
    }

    /// Replaces the first `nodes` nodes by their children, of which the first `kept` are stored: 2 * nodes, or one
    /// less.
    ///
    /// Goes from the end to the start, so that no node is overwritten before it was read.
    fn expand_level(&self, tree: &mut [F128], nodes: usize, kept: usize, batch: &mut Batch) -> Level {
        let mut level = Level { sums: [F128::ZERO; 2], stub: F128::ZERO };
        for start in (0..nodes).step_by(BATCH).rev() {
            let end = nodes.min(start + BATCH);
            batch.expand(&self.halves, &tree[start..end]);
            batch.add_sums(&mut level.sums);
            batch.store(&mut tree[2 * start..kept.min(2 * end)]);
            if 2 * end > kept {
                level.stub = batch.right(end - start - 1);
            }
        }
        level
    }
}

/// What expanding one level yields besides its nodes.
struct Level {
    /// Of the left and of the right children, the stub among them.
    sums: [F128; 2],
    /// The child that is past the cut, or zero.
    stub: F128,
}

fn sum(nodes: &[F128]) -> F128 {
    nodes.iter().fold(F128::ZERO, |sum, node| sum + *node)
}
