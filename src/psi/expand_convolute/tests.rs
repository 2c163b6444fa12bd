//! The code against its definition.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::convolve::{convolve, convolve_portably};
use super::expand::{expand, expand_portably};
use super::public_bits::PublicBits;
use super::{Element, ExpandConvolute, Pair};
use crate::field::F128;

pub(super) fn vector(len: usize, seed: u64) -> Vec<F128> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    (0..len).map(|_| F128::random(&mut rng)).collect()
}

pub(super) fn encode(left: &[F128], right: &[F128]) -> Vec<F128> {
    let (mut left, mut right) = (left.to_vec(), right.to_vec());
    ExpandConvolute::new(left.len()).encode(&mut left, &mut right);
    left
}

/// Block `counter` of a stream, from AES alone.
fn words(stream: u64, index: usize) -> u32 {
    use aes::cipher::{BlockCipherEncrypt, KeyInit};
    let key: [u8; 16] =
        blake3::derive_key("overlapd psi v1 expand-convolute code", b"")[..16].try_into().unwrap();
    let mut block = [0; 16];
    block[..8].copy_from_slice(&(index as u64 / 4).to_le_bytes());
    block[8..].copy_from_slice(&stream.to_le_bytes());
    let mut block = block.into();
    aes::Aes128::new(&key.into()).encrypt_block(&mut block);
    u32::from_le_bytes(block[index % 4 * 4..][..4].try_into().unwrap())
}

/// The scalar of a row: a whole block, one of 4,096.
fn scalar(index: usize) -> F128 {
    let word = |part: usize| u128::from(words(22, 4 * (index % 4096) + part)) << (32 * part);
    F128((0..4).map(word).sum())
}

/// The definition, each output from all that it takes.
fn textbook(left: &[F128], right: &[F128]) -> Vec<F128> {
    let mut convolved: Vec<F128> = Vec::new();
    for (i, element) in right.iter().enumerate() {
        let mut sum = *element;
        for distance in 1..=23.min(i) {
            if words(21, i - distance) >> (distance - 1) & 1 == 1 {
                sum += convolved[i - distance];
            }
        }
        if i >= 24 {
            sum += convolved[i - 24];
        }
        convolved.push(sum);
    }
    let len = right.len();
    let position = |section: usize, i: usize| {
        let (start, end) = (section * len / 21, (section + 1) * len / 21);
        start + (words(section as u64, i) as u128 * (end - start) as u128 / (1 << 32)) as usize
    };
    let output =
        |(i, left): (usize, &F128)| (0..21).fold(*left, |sum, s| scalar(i) * sum + convolved[position(s, i)]);
    left.iter().enumerate().map(output).collect()
}

#[test]
fn it_is_the_definition() {
    for len in [21, 24, 25, 29, 63, 255, 256, 257, 1023, 1024, 1025, 4096, 5003] {
        let (left, right) = (vector(len, 1), vector(len, 2));
        assert!(encode(&left, &right) == textbook(&left, &right), "{len}");
    }
}

#[test]
fn it_is_linear() {
    let add = |a: &[F128], b: &[F128]| a.iter().zip(b).map(|(a, b)| *a + *b).collect::<Vec<_>>();
    let scale = |a: &[F128]| a.iter().map(|a| F128(0x1_0000_0001) * *a).collect::<Vec<_>>();
    for len in [4096, 4097, 100_003] {
        let [a, b, c, d] = [1, 2, 3, 4].map(|seed| vector(len, seed));
        let sum = encode(&add(&a, &c), &add(&b, &d));
        assert!(sum == add(&encode(&a, &b), &encode(&c, &d)), "{len}");
        assert!(encode(&scale(&a), &scale(&b)) == scale(&encode(&a, &b)), "{len}");
    }
}

#[test]
fn two_vectors_are_each_alone() {
    for len in [21, 40, 4096, 4099, 100_003] {
        let [a, b, c, d] = [1, 2, 3, 4].map(|seed| vector(len, seed));
        let both = |a: &[F128], b: &[F128]| a.iter().zip(b).map(|(a, b)| Pair([*a, *b])).collect::<Vec<_>>();
        let (mut left, mut right) = (both(&a, &c), both(&b, &d));
        ExpandConvolute::new(len).encode(&mut left, &mut right);
        assert!(left == both(&encode(&a, &b), &encode(&c, &d)), "{len}");
    }
}

fn pairs(len: usize, seed: u64) -> Vec<Pair> {
    vector(len, seed).into_iter().map(|element| Pair([element, F128(7) * element])).collect()
}

fn portable_equals_wide<E: Element + PartialEq>(vector: impl Fn(u64) -> Vec<E>) {
    let bits = PublicBits::new();
    let [mut wide, mut portable] = [vector(5), vector(5)];
    convolve(&bits, &mut wide);
    convolve_portably(&bits, &mut portable);
    assert!(wide == portable, "convolution of {}", wide.len());
    let convolved = portable;
    let [mut wide, mut portable] = [vector(6), vector(6)];
    expand(&bits, &mut wide, &convolved);
    expand_portably(&bits, &mut portable, &convolved);
    assert!(wide == portable, "expansion of {}", wide.len());
}

#[test]
fn portable_and_wide_code_are_equal() {
    for len in (21..130).chain([255, 256, 257, 280, 281, 1000, 4099, 100_003]) {
        portable_equals_wide(|seed| vector(len, seed));
        portable_equals_wide(|seed| pairs(len, seed));
    }
}

#[test]
fn threads_do_not_change_the_outputs() {
    let (left, right) = (vector(200_003, 1), vector(200_003, 2));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| encode(&left, &right))
    };
    assert!(on(1) == on(2));
}
