//! Every way to compute against the definition, and the laws of a field.

use proptest::collection::vec;
use proptest::prelude::*;

use super::backend::{Arithmetic, Backend};
use super::*;

/// The product as the definition has it: shift and add, one bit at a time.
fn by_definition(a: F128, b: F128) -> F128 {
    let mut product = 0;
    let mut shifted = a.0;
    for bit in 0..128 {
        product ^= if b.0 >> bit & 1 == 1 { shifted } else { 0 };
        shifted = (shifted << 1) ^ if shifted >> 127 == 1 { 0x87 } else { 0 };
    }
    F128(product)
}

fn power(a: F128, exponent: usize) -> F128 {
    (0..exponent).fold(F128::ONE, |power, _| by_definition(power, a))
}

/// Uniform elements, and often those at which carries and folds go wrong.
fn element() -> impl Strategy<Value = F128> {
    let edges = vec![0, 1, 2, 0x87, 1 << 63, 1 << 64, 1 << 127, u64::MAX.into(), u128::MAX - 1, u128::MAX];
    prop_oneof![4 => any::<u128>(), 1 => proptest::sample::select(edges)].prop_map(F128)
}

/// Lengths on both sides of one register, of a few together, and of none.
fn pairs() -> impl Strategy<Value = Vec<(F128, F128)>> {
    vec((element(), element()), 0..70)
}

proptest! {
    #[test]
    fn every_backend_multiplies(a in element(), b in element()) {
        let product = by_definition(a, b);
        for backend in Backend::available() {
            prop_assert!(backend.mul(a, b) == product, "{backend:?}");
        }
        prop_assert!(a * b == product);
    }

    #[test]
    fn every_backend_adds_scaled(scalar in element(), pairs in pairs()) {
        let (before, from): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let after: Vec<_> = before.iter().zip(&from).map(|(i, f)| *i + by_definition(scalar, *f)).collect();
        for backend in Backend::available() {
            let mut into = before.clone();
            backend.add_scaled(&mut into, scalar, &from);
            prop_assert!(into == after, "{backend:?}");
        }
    }

    #[test]
    fn every_backend_sums_products(pairs in pairs()) {
        let sum = pairs.iter().fold(F128::ZERO, |sum, (a, b)| sum + by_definition(*a, *b));
        let (a, b): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        for backend in Backend::available() {
            prop_assert!(backend.inner_product(&a, &b) == sum, "{backend:?}");
        }
    }

    #[test]
    fn every_backend_adds_powers(pairs in pairs(), p in vec(element(), 0..9)) {
        let (before, d): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let value = |d: F128| {
            p.iter().enumerate().fold(F128::ZERO, |sum, (j, p)| sum + by_definition(power(d, j + 1), *p))
        };
        let after: Vec<_> = before.iter().zip(&d).map(|(out, d)| *out + value(*d)).collect();
        for backend in Backend::available() {
            let mut out = before.clone();
            backend.add_powers(&mut out, &d, &p);
            prop_assert!(out == after, "{backend:?}");
        }
    }

    #[test]
    fn each_is_multiplied_by_the_one_beside_it(pairs in vec((element(), element()), 0..40)) {
        let (a, b): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let products: Vec<_> = a.iter().zip(&b).map(|(a, b)| *a * *b).collect();
        for backend in Backend::available() {
            let mut into = a.clone();
            backend.multiply_each(&mut into, &b);
            prop_assert!(into == products, "{backend:?}");
        }
    }

    #[test]
    fn it_is_a_field(a in element(), b in element(), c in element()) {
        prop_assert!(a * b == b * a);
        prop_assert!((a * b) * c == a * (b * c));
        prop_assert!((a + b) * c == a * c + b * c);
        prop_assert!(a * F128::ONE == a);
        prop_assert!(a + a == F128::ZERO);
        prop_assert!((a + b) * (a + b) == a * a + b * b);
        let one = if a == F128::ZERO { F128::ZERO } else { F128::ONE };
        prop_assert!(a * a.inverse() == one);
    }
}

#[test]
fn the_free_functions_take_the_best_backend() {
    let [a, b] = [2, 3].map(|x| vec![F128(x); 21]);
    assert!(inner_product(&a, &b) == Backend::best().inner_product(&a, &b));
    let mut sums = [a.clone(), a.clone(), a.clone(), a];
    add_scaled(&mut sums[0], F128(5), &b);
    Backend::best().add_scaled(&mut sums[1], F128(5), &b);
    add_powers(&mut sums[2], &b, &[F128(5), F128(6)]);
    Backend::best().add_powers(&mut sums[3], &b, &[F128(5), F128(6)]);
    assert!(sums[0] == sums[1] && sums[2] == sums[3]);
}

#[test]
#[should_panic(expected = "slices of one length")]
fn slices_of_two_lengths_are_refused() {
    inner_product(&[F128::ONE; 2], &[F128::ONE; 3]);
}

#[test]
fn debug_shows_no_bit() {
    assert_eq!(format!("{:?}", F128(0x1234)), "F128(..)");
}
