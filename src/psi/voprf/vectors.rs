//! RFC 9497, appendix A.1.2, and the `voprf` crate as an oracle.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::dleq::Proof;
use super::group::{self, ELEMENT_BYTES};
use super::key::{PublicKey, SecretKey};
use crate::MessageKind;

/// ComputeComposites (RFC 9497, 2.2.1): the coefficient of element `index`, as the RFC derives it from that element
/// alone. For its vectors; see the module's text for why a batch must not use it.
pub(crate) fn rfc_coefficient(seed: &[u8], index: u16, c: &[u8; 32], d: &[u8; 32]) -> Scalar {
    let seed_length = (seed.len() as u16).to_be_bytes();
    let length = (ELEMENT_BYTES as u16).to_be_bytes();
    group::hash_to_scalar(&[&seed_length, seed, &index.to_be_bytes(), &length, c, &length, d, b"Composite"])
}

/// The RFC's seed, which depends on the public key only.
pub(crate) fn rfc_seed(public: &PublicKey) -> [u8; 64] {
    use sha2::{Digest, Sha512};
    let dst = b"Seed-OPRFV1-\x01-ristretto255-SHA512";
    let mut hasher = Sha512::new();
    hasher.update((ELEMENT_BYTES as u16).to_be_bytes());
    hasher.update(public.bytes);
    hasher.update((dst.len() as u16).to_be_bytes());
    hasher.update(dst);
    hasher.finalize().into()
}

/// The RFC's composites M and Z.
pub(crate) fn rfc_composites(
    public: &PublicKey,
    c: &[RistrettoPoint],
    d: &[RistrettoPoint],
) -> (RistrettoPoint, RistrettoPoint) {
    let seed = rfc_seed(public);
    let coefficient = |(i, (c, d)): (usize, (&RistrettoPoint, &RistrettoPoint))| {
        rfc_coefficient(&seed, i as u16, &c.compress().0, &d.compress().0)
    };
    let coefficients: Vec<_> = c.iter().zip(d).enumerate().map(coefficient).collect();
    let combine = |points: &[RistrettoPoint]| coefficients.iter().zip(points).map(|(k, p)| p * k).sum();
    (combine(c), combine(d))
}

#[derive(Deserialize)]
struct Suite {
    seed: String,
    #[serde(rename = "keyInfo")]
    key_info: String,
    #[serde(rename = "skSm")]
    secret_key: String,
    #[serde(rename = "pkSm")]
    public_key: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vector {
    batch: usize,
    blind: String,
    blinded_element: String,
    evaluation_element: String,
    input: String,
    output: String,
    proof: VectorProof,
}

#[derive(Deserialize)]
struct VectorProof {
    proof: String,
    r: String,
}

fn suite() -> Suite {
    let json = include_str!("../../../tests/vectors/psi/rfc9497-ristretto255-voprf.json");
    serde_json::from_str(json).unwrap()
}

/// The comma-separated values of a field.
fn list(field: &str) -> Vec<Vec<u8>> {
    field.split(',').map(hex).collect()
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn scalar(bytes: &[u8]) -> Scalar {
    group::decode_scalar(bytes.try_into().unwrap(), MessageKind::VoprfProof).unwrap()
}

fn element(bytes: &[u8]) -> RistrettoPoint {
    group::decode(bytes.try_into().unwrap(), MessageKind::VoprfBlinded).unwrap()
}

fn key(suite: &Suite) -> SecretKey {
    SecretKey::derive(hex(&suite.seed).as_slice().try_into().unwrap(), &hex(&suite.key_info))
}

#[test]
fn derive_key_pair() {
    let suite = suite();
    assert_eq!(key(&suite).scalar().as_bytes().as_slice(), hex(&suite.secret_key));
    assert_eq!(key(&suite).public().bytes.as_slice(), hex(&suite.public_key));
    assert_eq!(suite.vectors.iter().map(|v| v.batch).collect::<Vec<_>>(), [1, 1, 2]);
}

#[test]
fn blind_evaluate_and_finalize() {
    let suite = suite();
    for vector in &suite.vectors {
        let rows = list(&vector.input).into_iter().zip(list(&vector.blind)).zip(list(&vector.output));
        let elements = list(&vector.blinded_element).into_iter().zip(list(&vector.evaluation_element));
        for (((input, blind), output), (blinded, evaluated)) in rows.zip(elements) {
            let c = group::hash_to_group(&input) * scalar(&blind);
            assert_eq!(c.compress().as_bytes().as_slice(), blinded);
            assert_eq!(super::bulk::evaluate(&[c], &key(&suite)), evaluated);
            let unblinded = element(&evaluated) * scalar(&blind).invert();
            assert_eq!(group::finalize(&input, &unblinded.compress()).as_slice(), output);
        }
    }
}

#[test]
fn proofs() {
    let suite = suite();
    let (key, public) = (key(&suite), key(&suite).public());
    for vector in &suite.vectors {
        let points = |field| list(field).iter().map(|bytes| element(bytes)).collect::<Vec<_>>();
        let (m, z) =
            rfc_composites(&public, &points(&vector.blinded_element), &points(&vector.evaluation_element));
        let proof = Proof::with_nonce(&key, &public, &m, &scalar(&hex(&vector.proof.r)));
        assert_eq!(proof.to_bytes().as_slice(), hex(&vector.proof.proof));
        let received = Proof::from_bytes(&proof.to_bytes()).unwrap();
        assert!(received.verify(&public, &m, &z).is_ok());
        assert!(received.verify(&public, &z, &m).is_err());
    }
}
