//! Runs that must stay as they are.

use serde::Deserialize;

use super::tests::run;
use crate::field::F128;

/// BLAKE3 hashes of a run's messages and outputs. All randomness is ChaCha20 from `seed`.
#[derive(Deserialize)]
struct Vector {
    outputs: usize,
    trees: usize,
    seed: u64,
    hashes: Hashes,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Hashes {
    message: String,
    challenge: String,
    answer: String,
    a: String,
    b: String,
    c: String,
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn hash_elements(elements: &[F128]) -> String {
    hash(elements.iter().map(|element| element.to_bytes()).collect::<Vec<_>>().as_flattened())
}

#[test]
fn runs_are_as_they_were() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../../../tests/vectors/psi/silent-vole.json")).unwrap();
    assert!(!vectors.is_empty());
    for vector in vectors {
        let run = run(vector.outputs, vector.trees, vector.seed);
        let hashes = Hashes {
            message: hash(&run.message),
            challenge: hash(&run.challenge),
            answer: hash(&run.answer),
            a: hash_elements(&run.a),
            b: hash_elements(&run.b),
            c: hash_elements(&run.c),
        };
        assert_eq!(hashes, vector.hashes);
    }
}
