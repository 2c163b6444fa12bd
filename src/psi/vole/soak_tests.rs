//! Large sets. `cargo test -p overlap-psi --release soak -- --ignored`

use super::MOST_TAGS_IN_ORDER;
use crate::pair::{VOLE, items};

#[test]
#[ignore = "takes long"]
fn soak_large_sets_both_ways_with_proofs() {
    let [small, large] = [1 << 16, 1 << 18];
    for (receiver, sender) in [(small, small), (small, large), (large, small), (large, large)] {
        for shared in [0, 1, small / 2, small] {
            let start = receiver - shared;
            VOLE.check(&items(0..receiver), &items((start..start + sender).rev()), true);
        }
    }
}

#[test]
#[ignore = "takes long"]
fn soak_a_sender_of_several_batches() {
    let size = MOST_TAGS_IN_ORDER as u64 + 4097;
    let receiver = items((0..512).chain(size - 512..size).map(|n| n + 100));
    VOLE.check(&receiver, &items(0..size), true);
    VOLE.check(&receiver, &items(0..size), false);
}
