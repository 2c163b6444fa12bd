//! The vectors of `tests/vectors/psi/field.json`, on every way to compute.

use serde::{Deserialize, Deserializer};

use super::F128;
use super::backend::{Arithmetic, Backend};

#[derive(Deserialize)]
struct Vectors {
    products: Vec<Product>,
    inverses: Vec<Inverse>,
    inner_products: Vec<InnerProduct>,
    added_powers: Vec<AddedPowers>,
}

#[derive(Deserialize)]
struct Product {
    a: Hex,
    b: Hex,
    product: Hex,
}

#[derive(Deserialize)]
struct Inverse {
    of: Hex,
    inverse: Hex,
}

#[derive(Deserialize)]
struct InnerProduct {
    a: Vec<Hex>,
    b: Vec<Hex>,
    sum: Hex,
}

#[derive(Deserialize)]
struct AddedPowers {
    out: Vec<Hex>,
    d: Vec<Hex>,
    p: Vec<Hex>,
    after: Vec<Hex>,
}

/// An element in hexadecimal.
#[derive(Clone, Copy)]
struct Hex(F128);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let integer = u128::from_str_radix(&text, 16).map_err(serde::de::Error::custom)?;
        Ok(Self(F128(integer)))
    }
}

fn elements(hex: &[Hex]) -> Vec<F128> {
    hex.iter().map(|hex| hex.0).collect()
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../tests/vectors/psi/field.json")).unwrap()
}

#[test]
fn products_and_inverses_are_those_of_the_vectors() {
    let vectors = vectors();
    for backend in Backend::available() {
        for v in &vectors.products {
            assert!(backend.mul(v.a.0, v.b.0) == v.product.0, "{backend:?}");
            assert!(backend.mul(v.b.0, v.a.0) == v.product.0, "{backend:?}");
        }
    }
    for v in &vectors.inverses {
        assert!(v.of.0.inverse() == v.inverse.0);
    }
}

#[test]
fn bulk_operations_are_those_of_the_vectors() {
    let vectors = vectors();
    for backend in Backend::available() {
        for v in &vectors.inner_products {
            assert!(backend.inner_product(&elements(&v.a), &elements(&v.b)) == v.sum.0, "{backend:?}");
        }
        for v in &vectors.added_powers {
            let mut out = elements(&v.out);
            backend.add_powers(&mut out, &elements(&v.d), &elements(&v.p));
            assert!(out == elements(&v.after), "{backend:?}");
        }
    }
}
