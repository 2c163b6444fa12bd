//! What both sides must compute alike: `tests/vectors/psi/okvs.json`, made by `okvs.py` beside it, which shares no
//! code.

use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::tests::{decode, encoded};
use super::*;
use crate::SessionItem;
use crate::field::F128;

#[derive(Deserialize)]
struct Case {
    shape: Sizes,
    seed: String,
    items: Vec<String>,
    keys: Vec<String>,
    bins: Vec<usize>,
    columns: Vec<row::Columns>,
    encoding: Vec<String>,
    decoded: Vec<String>,
}

#[derive(Deserialize)]
struct Sizes {
    items: usize,
    bins: usize,
    capacity: usize,
    sparse: usize,
    dense: usize,
}

fn bytes(text: &str) -> [u8; 16] {
    HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

fn elements(texts: &[String]) -> Vec<F128> {
    texts.iter().map(|text| F128::from_bytes(bytes(text))).collect()
}

#[test]
fn rows_and_decoding_are_the_known_ones() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../tests/vectors/psi/okvs.json")).unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let Sizes { items, bins, capacity, sparse, dense } = case.shape;
        let shape = Shape::new(items, bins, capacity, sparse, dense);
        let items: Vec<_> = case.items.iter().map(|item| SessionItem::new(bytes(item))).collect();
        let grouped = Grouped::new(&shape, &bytes(&case.seed), &items);
        let decoded = decode(&grouped, &elements(&case.encoding));
        let (keys, expected) = (elements(&case.keys), elements(&case.decoded));
        for (place, &item) in grouped.order().iter().enumerate() {
            let item = item as usize;
            assert!(grouped.keys()[place] == keys[item] && decoded[place] == expected[item]);
            assert!(grouped.bin(case.bins[item]).contains(&place));
            assert_eq!(row::columns(keys[item], sparse as u32), case.columns[item]);
        }
    }
}

/// How values are encoded is the encoder's own affair, but a change of it should be noticed.
#[test]
fn an_encoding_is_the_known_one() {
    let (_, _, encoding) = encoded(&Shape::derived_with_bins(3000, 2, 2), 11);
    let mut hasher = blake3::Hasher::new();
    encoding.iter().for_each(|column| _ = hasher.update(&column.to_bytes()));
    assert_eq!(
        hasher.finalize().to_string(),
        "1fd72aa1fdd92ecf4a632f451111cdef545a2205704e819c2a25d2ee2e11fe0f"
    );
}
