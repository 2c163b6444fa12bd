//! Trees that must stay as they are.

use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::{Ggm, Shape};
use crate::field::F128;

#[derive(Deserialize)]
struct Vector {
    session: String,
    leaves: usize,
    depth: usize,
    root: String,
    sums: Vec<[String; 2]>,
    total: String,
    kept: Vec<String>,
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

fn hex(element: F128) -> String {
    HEXLOWER.encode(&element.to_bytes())
}

#[test]
fn trees_are_as_they_were() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../../../tests/vectors/psi/ggm.json")).unwrap();
    assert!(!vectors.is_empty());
    for vector in vectors {
        let shape = Shape { trees: 1, leaves: vector.leaves, depth: vector.depth };
        let mut leaves = vec![F128::ZERO; vector.leaves];
        let root = F128::from_bytes(bytes(&vector.root));
        let tree = &Ggm::new(&bytes(&vector.session)).expand(&shape, &[root], &mut leaves)[0];
        assert_eq!(leaves.into_iter().map(hex).collect::<Vec<_>>(), vector.kept);
        assert_eq!(tree.sums.iter().map(|sums| sums.map(hex)).collect::<Vec<_>>(), vector.sums);
        assert_eq!(hex(tree.total), vector.total);
    }
}
