//! What holds for every input: one canonical form, no panic, nothing shown by accident.
#![allow(
    clippy::unwrap_used,
    reason = "a test that finds its input wrong fails by panicking, in helpers too"
)]

use std::path::Path;
use std::sync::LazyLock;

use overlap_indicator::{DigestSalt, Digester, Indicator, Kind, Reject, Rules, contains_card_number};
use proptest::prelude::*;
use proptest::sample::Index;

/// Every raw value of the vectors, with its kind.
static SAMPLES: LazyLock<Vec<(Kind, String)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/indicator");
    let mut samples = Vec::new();
    for kind in Kind::ALL {
        let text = std::fs::read_to_string(folder.join(kind.as_str()).with_extension("json")).unwrap();
        let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
        for list in ["accept", "refuse"] {
            let raws =
                vectors[list].as_array().unwrap().iter().map(|one| one["raw"].as_str().unwrap().to_owned());
            samples.extend(raws.map(|raw| (kind, raw)));
        }
    }
    samples
});

/// Pieces that the rules look for: put where they don't belong, they reach the rules' corners.
const PIECES: [&str; 40] = [
    "%",
    "%2e",
    "%%34%31",
    "%C3",
    "[.]",
    "(dot)",
    "[at]",
    "[:]//",
    "hxxp://",
    "://",
    "//",
    ":",
    "/",
    "?",
    "#",
    "@",
    ".",
    "..",
    "+",
    "00",
    "0x",
    "www.",
    "xn--",
    "xn--a",
    "-",
    "_",
    " ",
    "\u{a0}",
    "\u{feff}",
    "\u{301}",
    "\u{130}",
    "\u{3a3}",
    "\u{ff0e}",
    "\u{1f600}",
    "\0",
    "[",
    "]",
    "(",
    "1",
    "mailto:",
];

fn kind() -> impl Strategy<Value = Kind> {
    proptest::sample::select(Kind::ALL.to_vec())
}

/// A vector's value with some pieces put in, some characters taken out, and the case of some changed.
fn near_valid() -> impl Strategy<Value = (Kind, String)> {
    let sample = proptest::sample::select(SAMPLES.clone());
    let edits =
        prop::collection::vec((any::<Index>(), 0..4u8, proptest::sample::select(PIECES.to_vec())), 0..4);
    (sample, edits).prop_map(|((kind, raw), edits)| {
        let mut chars: Vec<char> = raw.chars().collect();
        for (at, edit, piece) in edits {
            let at = at.index(chars.len() + 1);
            match edit {
                0 if at < chars.len() => drop(chars.remove(at)),
                1 if at < chars.len() && chars[at].is_ascii_lowercase() => {
                    chars[at] = chars[at].to_ascii_uppercase()
                }
                2 if at + 1 < chars.len() => chars.swap(at, at + 1),
                _ => drop(chars.splice(at..at, piece.chars())),
            }
        }
        (kind, chars.into_iter().collect())
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,80}",
        "[0-9 +().-]{0,40}",
        "(https?|ftp)://[a-z0-9.%:@\\[\\]-]{0,20}/[ -~]{0,40}",
        "(btc|bch|zec|xmr|xrp|sol|evm|ltc|telegram|visa):[1-9A-HJ-NP-Za-km-z]{0,110}",
        prop::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..12)
            .prop_map(|pieces| pieces.concat()),
    ]
}

fn regions() -> impl Strategy<Value = Rules> {
    let region =
        proptest::sample::select(vec![None, Some("DE"), Some("US"), Some("RU"), Some("IT"), Some("AR")]);
    region.prop_map(|region| Rules { default_region: region.map(str::to_owned) })
}

/// Canonicalising a canonical form changes neither it nor its facets, and nothing shows the value.
fn check(kind: Kind, raw: &str, rules: &Rules) -> Result<(), TestCaseError> {
    let digester = Digester::new(&DigestSalt::new([1; 32]));
    match Indicator::parse(kind, raw, rules) {
        Ok(indicator) => {
            let canonical = indicator.canonical().reveal();
            let again = Indicator::parse(kind, canonical, &Rules::default());
            prop_assert_eq!(again.as_ref().map(|one| one.canonical().reveal()), Ok(canonical));
            for key in indicator.facets() {
                prop_assert!(kind.facets().contains(&key.facet));
                prop_assert!(!key.key.reveal().is_empty());
                digester.digest(&key);
            }
            let debug = format!("{indicator:?} {:?}", indicator.facets());
            prop_assert!(canonical.len() < 12 || !debug.contains(canonical));
        }
        Err(reject) => {
            let said = format!("{reject} {reject:?}");
            prop_assert!(raw.trim().chars().count() < 12 || !said.contains(raw.trim()));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_input_is_refused_or_has_one_form(kind in kind(), raw in any_text(), rules in regions()) {
        check(kind, &raw, &rules)?;
    }

    #[test]
    fn near_valid_input_is_refused_or_has_one_form((kind, raw) in near_valid(), rules in regions()) {
        check(kind, &raw, &rules)?;
    }

    #[test]
    fn detection_agrees_with_the_kind_that_it_names((_, raw) in near_valid(), rules in regions()) {
        if let Ok(found) = Indicator::detect(&raw, &rules) {
            prop_assert_eq!(Indicator::parse(found.kind(), &raw, &rules), Ok(found));
        }
    }

    #[test]
    fn detection_never_panics(raw in any_text(), rules in regions()) {
        let _ = Indicator::detect(&raw, &rules);
        contains_card_number(&raw);
    }

    #[test]
    fn a_card_number_is_found_and_never_echoed(
        body in "4[0-9]{14}",
        separator in proptest::sample::select(vec!["", " ", "-"]),
        before in "[a-z]{0,8}",
    ) {
        let pan = with_check_digit(&body);
        let groups: Vec<&str> = [&pan[..4], &pan[4..8], &pan[8..12], &pan[12..]].to_vec();
        let written = groups.join(separator);
        let text = format!("{before} {written}, {before}");
        prop_assert!(contains_card_number(&text));
        let refused = Indicator::parse(Kind::Handle, &written, &Rules::default());
        prop_assert_eq!(&refused, &Err(Reject::CardNumber));
        let said = format!("{refused:?} {}", Reject::CardNumber);
        prop_assert!(groups.iter().all(|group| !said.contains(group)));
    }
}

/// `body` with the digit after it that ISO/IEC 7812-1, annex B, asks for.
fn with_check_digit(body: &str) -> String {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let digits = body.bytes().rev().map(|byte| u32::from(byte - b'0')).enumerate();
    let sum: u32 = digits.map(|(index, digit)| if index % 2 == 0 { doubled(digit) } else { digit }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}
