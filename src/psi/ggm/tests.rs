//! The receiver's trees beside the sender's.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{Ggm, Shape, Tree};
use crate::field::F128;

/// Trees of every depth at the cuts where a stub begins or ends, with a path to the first, to the last and to a
/// random leaf.
fn shapes() -> Vec<Shape> {
    let cuts = |depth: usize| {
        let full = 1usize << depth;
        let mut cuts = vec![1, 2, 3, full / 2, full / 2 + 1, full * 2 / 3, full - 1, full];
        cuts.retain(|leaves| (1..=full).contains(leaves));
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    };
    let depths = (1..=9).chain([12]);
    depths
        .flat_map(|depth| cuts(depth).into_iter().map(move |leaves| Shape { trees: 3, leaves, depth }))
        .collect()
}

pub(super) fn expand(ggm: &Ggm, shape: &Shape, rng: &mut ChaCha20Rng) -> (Vec<F128>, Vec<Tree>) {
    let roots: Vec<_> = (0..shape.trees).map(|_| F128::random(rng)).collect();
    let mut leaves = vec![F128::ZERO; shape.len()];
    let trees = ggm.expand(shape, &roots, &mut leaves);
    (leaves, trees)
}

/// The sums that a receiver with these paths is given.
pub(super) fn siblings(shape: &Shape, trees: &[Tree], paths: &[u32]) -> Vec<F128> {
    let side = |path: u32, level: usize| 1 - (path >> (shape.depth - 1 - level) & 1) as usize;
    let of_tree = |(tree, path): (&Tree, &u32)| {
        (0..shape.depth).map(|level| tree.sums[level][side(*path, level)]).collect::<Vec<_>>()
    };
    trees.iter().zip(paths).flat_map(of_tree).collect()
}

/// The leaves of all trees, and of each the sum of what is known.
pub(super) fn puncture(ggm: &Ggm, shape: &Shape, paths: &[u32], siblings: &[F128]) -> (Vec<F128>, Vec<F128>) {
    let trees = ggm.expand_punctured(shape, paths, siblings, |_, leaves, known| (leaves.to_vec(), known));
    let (leaves, known): (Vec<_>, Vec<_>) = trees.into_iter().unzip();
    (leaves.concat(), known)
}

#[test]
fn the_receiver_gets_every_leaf_but_one() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for shape in shapes() {
        let ggm = Ggm::new(&[7; 32]);
        let (expected, trees) = expand(&ggm, &shape, &mut rng);
        let random = (rng.next_u64() % shape.leaves as u64) as u32;
        let paths = [0, shape.leaves as u32 - 1, random];
        let (mut leaves, known) = puncture(&ggm, &shape, &paths, &siblings(&shape, &trees, &paths));
        for tree in 0..shape.trees {
            let missing = tree * shape.leaves + paths[tree] as usize;
            assert!(leaves[missing] == F128::ZERO, "{shape:?}");
            assert!(known[tree] + expected[missing] == trees[tree].total, "{shape:?}");
            leaves[missing] = expected[missing];
        }
        assert!(leaves == expected, "{shape:?}");
    }
}

#[test]
fn the_generator_is_that_of_the_text() {
    use aes::cipher::{BlockCipherEncrypt, KeyInit};
    let mut keys = blake3::Hasher::new_derive_key("overlapd psi v1 keys of the tree generator")
        .update(&[9; 32])
        .finalize_xof();
    let ciphers = [(); 2].map(|()| {
        let mut key = [0; 16];
        keys.fill(&mut key);
        aes::Aes128::new(&key.into())
    });
    let child = |node: F128, side: usize| {
        let mut block = node.to_bytes().into();
        ciphers[side].encrypt_block(&mut block);
        F128::from_bytes(block.into()) + node
    };
    let shape = Shape { trees: 1, leaves: 5, depth: 3 };
    let root = F128(0x1234);
    let mut leaves = [F128::ZERO; 5];
    let tree = &Ggm::new(&[9; 32]).expand(&shape, &[root], &mut leaves)[0];
    let path = |bits: [usize; 3]| bits.iter().fold(root, |node, side| child(node, *side));
    let expected = [path([0, 0, 0]), path([0, 0, 1]), path([0, 1, 0]), path([0, 1, 1]), path([1, 0, 0])];
    assert!(leaves == expected);
    let stubs = path([1, 0, 1]) + child(child(root, 1), 1);
    assert!(tree.total == super::sum(&expected) + stubs);
    assert!(tree.sums[1][1] == child(child(root, 0), 1) + child(child(root, 1), 1));
}

#[test]
fn sessions_share_no_node() {
    let shape = Shape { trees: 1, leaves: 4, depth: 2 };
    let leaves = |session| {
        let mut leaves = vec![F128::ZERO; 4];
        Ggm::new(&session).expand(&shape, &[F128::ONE], &mut leaves);
        leaves
    };
    let (one, other) = (leaves([1; 32]), leaves([2; 32]));
    assert!(one.iter().all(|leaf| !other.contains(leaf)));
}

#[test]
fn threads_do_not_change_the_leaves() {
    let shape = Shape { trees: 7, leaves: 1000, depth: 10 };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| expand(&Ggm::new(&[3; 32]), &shape, &mut ChaCha20Rng::seed_from_u64(3)).0)
    };
    assert!(on(1) == on(2));
}

/// A receiver whose path goes past the cut learns every leaf that is kept, and still not the total: a stub hides it.
/// Without stubs in the total it would come off the sender's share that the total hides.
#[test]
fn a_path_past_the_cut_misses_a_stub() {
    let ggm = Ggm::new(&[4; 32]);
    // Kept nodes are 2, 3 and 5 on levels 1 to 3. The stubs are the fourth node of level 2 and the sixth of level 3.
    let shape = Shape { trees: 1, leaves: 5, depth: 3 };
    let (expected, trees) = expand(&ggm, &shape, &mut ChaCha20Rng::seed_from_u64(4));
    let sums = &trees[0].sums;
    // The path goes right twice, so these are the sums of left children, and the missing node is the stub of level 2.
    let above = Shape { trees: 1, leaves: 4, depth: 2 };
    let (mut nodes, _) = puncture(&ggm, &above, &[3], &[sums[0][0], sums[1][0]]);
    nodes.resize(5, F128::ZERO);
    let last = ggm.expand_level(&mut nodes, 3, 5, &mut super::Batch::default());
    assert!(nodes == expected, "every leaf is known");
    let hidden_by = trees[0].total + super::sum(&nodes) + last.stub;
    assert!(
        hidden_by == sums[1][1] + right_child_of_first(&ggm, sums[0][0]),
        "the stub is what hides the share"
    );
    assert!(hidden_by != F128::ZERO);
}

/// The right child of a node.
fn right_child_of_first(ggm: &Ggm, node: F128) -> F128 {
    let mut nodes = [node, F128::ZERO];
    ggm.expand_level(&mut nodes, 1, 2, &mut super::Batch::default());
    nodes[1]
}
