//! Why the coefficients of a batch depend on all of it: a batch of wrong evaluations that a proof over the RFC's
//! coefficients accepts, and one over ours refuses.
//!
//! Coefficients are cut to 32 bits, so that the search takes a second. Full ones need Wagner's k-tree in place of the
//! meeting of two lists, and 2^33 steps at 1,024 elements. What makes either work is that a coefficient can be
//! computed with no regard to the other evaluations.

use std::collections::HashMap;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;

use super::batch::Transcript;
use super::dleq::{Proof, Verified};
use super::group::hash_to_group;
use super::key::{PublicKey, SecretKey};
use super::vectors::{rfc_coefficient, rfc_seed};
use crate::Error;
use crate::pair;

const ELEMENTS: usize = 8;

/// The errors that an evaluation may have: `e * G` for these e, of which 0 is none.
const ERRORS: std::ops::RangeInclusive<i64> = -16..=16;

/// Another derivation of coefficients from the blinded and the evaluated elements.
type Derivation = fn(&PublicKey, &[RistrettoPoint], &[RistrettoPoint]) -> Vec<i64>;

#[test]
fn a_batch_can_be_forged_against_the_rfc_s_coefficients() {
    let (key, c) = setting();
    let d = forge(&key, &c, |i, d| rfc_cut(&key.public(), i, &c[i], d));
    assert_ne!(d, honest(&key, &c));
    assert!(prove_and_verify(&key, &c, &d, rfc_coefficients_cut).is_ok());
}

#[test]
fn the_same_forgery_fails_against_coefficients_of_the_whole_batch() {
    let (key, c) = setting();
    // The best that the forger can do for each evaluation alone: coefficients of the batch with only that one wrong.
    let d = forge(&key, &c, |i, d| {
        let mut batch = honest(&key, &c);
        batch[i] = *d;
        own_coefficients_cut(&key.public(), &c, &batch)[i]
    });
    let result = prove_and_verify(&key, &c, &d, own_coefficients_cut);
    assert_eq!(result.unwrap_err(), Error::BadEvaluationProof);
    assert!(prove_and_verify(&key, &c, &honest(&key, &c), own_coefficients_cut).is_ok());
}

fn setting() -> (SecretKey, Vec<RistrettoPoint>) {
    let key = SecretKey::derive(&[5; 32], b"forger");
    (key, (0..ELEMENTS as u8).map(|i| hash_to_group(&[i])).collect())
}

fn honest(key: &SecretKey, c: &[RistrettoPoint]) -> Vec<RistrettoPoint> {
    c.iter().map(|c| c * key.scalar()).collect()
}

/// Evaluations with errors e_i, not all 0, for which the sum of `coefficient(i, D_i) * e_i` is 0.
fn forge(
    key: &SecretKey,
    c: &[RistrettoPoint],
    coefficient: impl Fn(usize, &RistrettoPoint) -> i64,
) -> Vec<RistrettoPoint> {
    let wrong = |i: usize, e: i64| c[i] * key.scalar() + RistrettoPoint::mul_base(&signed(e));
    let products: Vec<Vec<(i64, i64)>> =
        (0..ELEMENTS).map(|i| ERRORS.map(|e| (e, coefficient(i, &wrong(i, e)) * e)).collect()).collect();
    let (left, right) = products.split_at(ELEMENTS / 2);
    let left: HashMap<i64, Vec<i64>> = sums(left).into_iter().map(|(errors, sum)| (sum, errors)).collect();
    let errors = sums(right)
        .into_iter()
        .filter(|(errors, _)| errors.iter().any(|&e| e != 0))
        .find_map(|(right, sum)| Some([left.get(&-sum)?.clone(), right].concat()))
        .expect("there are more pairs of sums than values of a sum");
    errors.iter().enumerate().map(|(i, &e)| wrong(i, e)).collect()
}

/// Every choice of an error for each element, with the sum of its products.
fn sums(products: &[Vec<(i64, i64)>]) -> Vec<(Vec<i64>, i64)> {
    products.iter().fold(vec![(Vec::new(), 0)], |sums, choices| {
        let extended = |(errors, sum): &(Vec<i64>, i64)| {
            let (errors, sum) = (errors.clone(), *sum);
            choices
                .iter()
                .map(move |&(e, product)| ([&errors[..], &[e]].concat(), sum + product))
                .collect::<Vec<_>>()
        };
        sums.iter().flat_map(extended).collect()
    })
}

fn prove_and_verify(
    key: &SecretKey,
    c: &[RistrettoPoint],
    d: &[RistrettoPoint],
    derivation: Derivation,
) -> Result<Verified, Error> {
    let coefficients: Vec<_> = derivation(&key.public(), c, d).into_iter().map(signed).collect();
    let combine = |points: &[RistrettoPoint]| points.iter().zip(&coefficients).map(|(p, k)| p * k).sum();
    let (m, z) = (combine(c), combine(d));
    Proof::new(key, &key.public(), &m, &mut pair::rngs()[1]).verify(&key.public(), &m, &z)
}

fn rfc_coefficients_cut(public: &PublicKey, c: &[RistrettoPoint], d: &[RistrettoPoint]) -> Vec<i64> {
    c.iter().zip(d).enumerate().map(|(i, (c, d))| rfc_cut(public, i, c, d)).collect()
}

fn rfc_cut(public: &PublicKey, i: usize, c: &RistrettoPoint, d: &RistrettoPoint) -> i64 {
    cut(rfc_coefficient(&rfc_seed(public), i as u16, &c.compress().0, &d.compress().0))
}

fn own_coefficients_cut(public: &PublicKey, c: &[RistrettoPoint], d: &[RistrettoPoint]) -> Vec<i64> {
    let mut transcript = Transcript::new(&pair::params(ELEMENTS, 1, true), public);
    c.iter().chain(d).for_each(|point| transcript.absorb(point.compress().as_bytes()));
    let coefficients = transcript.coefficients();
    (0..ELEMENTS as u32).map(|i| cut(coefficients.coefficient(i))).collect()
}

/// The low 32 bits.
fn cut(coefficient: Scalar) -> i64 {
    let [a, b, c, d, ..] = coefficient.to_bytes();
    i64::from(u32::from_le_bytes([a, b, c, d]))
}

fn signed(n: i64) -> Scalar {
    let magnitude = Scalar::from(n.unsigned_abs());
    if n < 0 { -magnitude } else { magnitude }
}
