//! Codes that must stay as they are.

use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::tests::encode;
use crate::field::F128;

/// Of the elements 1, 2, 3, and so on, the left half first, each times 2^64 + 1.
#[derive(Deserialize)]
struct Vector {
    outputs: usize,
    first: String,
    last: String,
    blake3: String,
}

#[test]
fn outputs_are_as_they_were() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../../../tests/vectors/psi/expand-convolute.json")).unwrap();
    assert!(!vectors.is_empty());
    for vector in vectors {
        let input: Vec<_> = (1..=2 * vector.outputs as u128).map(|i| F128(i << 64 | i)).collect();
        let (left, right) = input.split_at(vector.outputs);
        let outputs: Vec<_> = encode(left, right).into_iter().map(F128::to_bytes).collect();
        assert_eq!(HEXLOWER.encode(&outputs[0]), vector.first);
        assert_eq!(HEXLOWER.encode(&outputs[vector.outputs - 1]), vector.last);
        assert_eq!(blake3::hash(outputs.as_flattened()).to_hex().as_str(), vector.blake3);
    }
}
