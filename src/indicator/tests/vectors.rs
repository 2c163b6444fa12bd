//! The vectors under `tests/vectors/indicator/`, one file a kind, and those of digests, card numbers and detection.
#![allow(
    clippy::unwrap_used,
    reason = "a test that finds its input wrong fails by panicking, in helpers too"
)]

use std::collections::BTreeMap;
use std::path::Path;

use overlap_indicator::{
    DigestSalt, Digester, Facet, FacetKey, Indicator, Kind, Reject, Rules, SecretText, contains_card_number,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct KindVectors {
    accept: Vec<Accept>,
    refuse: Vec<Refuse>,
}

#[derive(Deserialize)]
struct Accept {
    raw: String,
    canonical: String,
    facets: BTreeMap<String, String>,
    region: Option<String>,
}

#[derive(Deserialize)]
struct Refuse {
    raw: String,
    why: String,
    region: Option<String>,
}

#[test]
fn every_kind_accepts_its_vectors() {
    let mut wrong = Vec::new();
    for kind in Kind::ALL {
        for vector in kind_vectors(kind).accept {
            let rules = Rules { default_region: vector.region };
            let found = Indicator::parse(kind, &vector.raw, &rules).map(|one| shown(&one));
            if found != Ok((vector.canonical, vector.facets)) {
                wrong.push(format!("{kind} {:?}: {found:?}", vector.raw));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_refuses_its_vectors() {
    let mut wrong = Vec::new();
    for kind in Kind::ALL {
        for vector in kind_vectors(kind).refuse {
            let rules = Rules { default_region: vector.region };
            let found = Indicator::parse(kind, &vector.raw, &rules).map(|one| shown(&one));
            let found = found.map_err(|reject| reject.to_string());
            if found.as_ref().err() != Some(&vector.why) {
                wrong.push(format!("{kind} {:?}: {found:?}", vector.raw));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn canonical_forms_are_their_own() {
    for kind in Kind::ALL {
        for vector in kind_vectors(kind).accept {
            let again = Indicator::parse(kind, &vector.canonical, &Rules::default()).map(|one| shown(&one));
            assert_eq!(again, Ok((vector.canonical, vector.facets)), "{kind}");
        }
    }
}

#[test]
fn facets_are_those_that_the_kind_names() {
    for kind in Kind::ALL {
        for vector in kind_vectors(kind).accept {
            let indicator = Indicator::parse(kind, &vector.canonical, &Rules::default()).unwrap();
            for key in indicator.facets() {
                assert!(kind.facets().contains(&key.facet), "{kind} has {}", key.facet);
            }
        }
    }
}

#[test]
fn digests_match_an_independent_hmac() {
    #[derive(Deserialize)]
    struct Vectors {
        digests: Vec<Vector>,
    }
    #[derive(Deserialize)]
    struct Vector {
        salt: String,
        facet: String,
        key: String,
        digest: String,
    }
    for vector in read::<Vectors>("digest").digests {
        let salt: [u8; 32] = unhex(&vector.salt).try_into().unwrap();
        let facet: Facet = vector.facet.parse().unwrap();
        let key = FacetKey { facet, key: SecretText::new(vector.key) };
        let digest = Digester::new(&DigestSalt::new(salt)).digest(&key);
        assert_eq!(digest.as_bytes().as_slice(), unhex(&vector.digest));
    }
}

#[derive(Deserialize)]
struct CardVectors {
    card_numbers: Vec<String>,
    not_card_numbers: Vec<String>,
    text_with: Vec<String>,
    text_without: Vec<String>,
}

#[test]
fn card_numbers_are_refused_but_for_four_kinds() {
    let vectors = read::<CardVectors>("card");
    for raw in &vectors.card_numbers {
        assert_eq!(Indicator::detect(raw, &Rules::default()), Err(Reject::CardNumber), "{raw}");
        for kind in Kind::ALL {
            let refused = Indicator::parse(kind, raw, &Rules::default()) == Err(Reject::CardNumber);
            let exempt = matches!(kind, Kind::Phone | Kind::Account | Kind::Iban | Kind::Infohash);
            assert_eq!(refused, !exempt, "{kind} {raw}");
        }
    }
    for raw in &vectors.not_card_numbers {
        assert_ne!(Indicator::detect(raw, &Rules::default()), Err(Reject::CardNumber), "{raw}");
    }
}

#[test]
fn free_text_is_searched_for_card_numbers() {
    let vectors = read::<CardVectors>("card");
    for text in vectors.card_numbers.iter().chain(&vectors.text_with) {
        assert!(contains_card_number(text), "{text}");
    }
    for text in vectors.not_card_numbers.iter().chain(&vectors.text_without) {
        assert!(!contains_card_number(text), "{text}");
    }
}

#[test]
fn detection_names_one_kind_or_the_candidates() {
    #[derive(Deserialize)]
    struct Vectors {
        detected: Vec<Detected>,
        ambiguous: Vec<Ambiguous>,
        refused: Vec<Refuse>,
    }
    #[derive(Deserialize)]
    struct Detected {
        raw: String,
        kind: String,
        canonical: String,
    }
    #[derive(Deserialize)]
    struct Ambiguous {
        raw: String,
        candidates: Vec<String>,
    }

    let vectors = read::<Vectors>("detect");
    let detect = |raw: &str| {
        let found = Indicator::detect(raw, &Rules::default());
        found.map(|one| (one.kind(), one.canonical().reveal().to_owned()))
    };
    for vector in vectors.detected {
        let expected = (vector.kind.parse().unwrap(), vector.canonical);
        assert_eq!(detect(&vector.raw), Ok(expected), "{}", vector.raw);
    }
    for vector in vectors.ambiguous {
        let candidates = vector.candidates.iter().map(|name| name.parse().unwrap()).collect();
        assert_eq!(detect(&vector.raw), Err(Reject::Ambiguous { candidates }), "{}", vector.raw);
    }
    for vector in vectors.refused {
        let why = detect(&vector.raw).map_err(|reject| reject.to_string());
        assert_eq!(why, Err(vector.why), "{}", vector.raw);
    }
}

fn shown(indicator: &Indicator) -> (String, BTreeMap<String, String>) {
    let facets = indicator.facets();
    let facets = facets.iter().map(|key| (key.facet.to_string(), key.key.reveal().to_owned())).collect();
    (indicator.canonical().reveal().to_owned(), facets)
}

fn kind_vectors(kind: Kind) -> KindVectors {
    let vectors: KindVectors = read(kind.as_str());
    assert!(!vectors.accept.is_empty() && !vectors.refuse.is_empty());
    vectors
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/indicator");
    let text = std::fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
