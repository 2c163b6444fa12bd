//! Both machines against each other.

use crate::pair::{VOLE, items};

#[test]
fn small_sizes_and_every_overlap() {
    for receiver in [1, 2, 3, 7, 32] {
        for sender in [0, 1, 2, 3, 13] {
            for shift in [0, 1, 100] {
                let (receiver, sender) = (items(0..receiver), items((0..sender).map(|n| n + shift)));
                VOLE.check(&receiver, &sender, true);
                VOLE.check(&receiver, &sender, false);
            }
        }
    }
}
