//! What a listener at the frame layer sees: sizes that tell nothing, bytes that hold nothing.

use std::collections::BTreeSet;

use overlap_coalition::{EngineName, Facet, Kind};
use overlap_indicator::{Indicator, Rules};
use overlap_store::Selection;

use super::coalition::{NOW, TestCoalition, TestNode};
use super::node::domains;

/// Spellings whose raw text, canonical form and facets all differ, and some that are the same throughout.
const LEFT: [&str; 6] = [
    "hxxps://user@WWW.Left-Market[.]example:443/Listing%7e1?id=7#top",
    "Left-Forum.Example[.]com.",
    "BITCOIN:BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "Left.Seller[at]Mail.example",
    "visa:445566/leftmerchant",
    "left-host.example.com",
];
const SHARED: [&str; 3] = [
    "hxxp://Shared-Market[.]example/a/../b?x=%c3%a9",
    "bitcoin:12A1MyfXbW6RhdRAZEqofac5jCQQjwEPBu?amount=50&label=Luke-Jr",
    "telegram:@Shared_Shop",
];
const RIGHT: [&str; 3] =
    ["https://Right-Market[.]example:8443/", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "+49 157 60596380"];

fn shape(node: &TestNode) -> Vec<(bool, usize)> {
    node.peer.inner().tap.frames().iter().map(|(sent, frame)| (*sent, frame.len())).collect()
}

/// The shape of an exchange between sets of these sizes, the initiator's first.
async fn shape_of(engine: EngineName, prefix: &str, sizes: [usize; 2]) -> Vec<(bool, usize)> {
    let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
    let lists = [domains(prefix, sizes[0]), domains("right", sizes[1])];
    let [alpha, beta] = coalition.pair([&lists[0], &lists[1]]).await;
    alpha.exchange_with(&beta).await.unwrap();
    shape(&alpha)
}

/// The smaller set is the engine's receiver, whoever begins: each side is seen in both parts.
#[tokio::test(flavor = "multi_thread")]
async fn every_frame_has_the_same_size_on_one_step_of_the_ladder() {
    for engine in EngineName::ALL {
        frames_have_the_same_size(engine).await;
    }
}

async fn frames_have_the_same_size(engine: EngineName) {
    let initiator_receives = ([61, 100], [64, 100], [64, 97]);
    let responder_receives = ([100, 61], [97, 61], [100, 64]);
    for (first, own_varies, theirs_varies) in [initiator_receives, responder_receives] {
        let shape = shape_of(engine, "one", first).await;
        assert!(shape.len() > 8);
        let own = shape_of(engine, "two-with-longer-names", own_varies).await;
        assert_eq!(shape, own, "{engine} {first:?} {own_varies:?}");
        let theirs = shape_of(engine, "one", theirs_varies).await;
        assert_eq!(shape, theirs, "{engine} {first:?} {theirs_varies:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_in_any_form_and_no_digest_crosses() {
    for engine in EngineName::ALL {
        nothing_crosses(engine).await;
    }
}

async fn nothing_crosses(engine: EngineName) {
    let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
    let [alpha, beta] = coalition.pair([&domains("left", 20), &domains("right", 30)]).await;
    alpha.import_raw(LEFT.iter().chain(&SHARED));
    beta.import_raw(RIGHT.iter().chain(&SHARED));
    let record = alpha.exchange_with(&beta).await.unwrap();
    assert_eq!(record.matches, Some(4), "a URL and its host, a wallet, a handle");
    let frames = alpha.peer.inner().tap.frames();
    let crossed: Vec<u8> = frames.iter().flat_map(|(_, frame)| frame.to_vec()).collect();
    let holds = |needle: &[u8]| crossed.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"investigation"), "the search finds what is there");
    for form in LEFT.iter().chain(&SHARED).chain(&RIGHT).flat_map(|raw| forms(raw)) {
        assert!(!holds(form.as_bytes()), "{form}");
        assert!(!holds(form.to_lowercase().as_bytes()), "{form}");
    }
    for node in [&alpha, &beta] {
        let digests = digests(node);
        assert!(digests.len() >= 25);
        assert!(digests.iter().all(|digest| !holds(digest)));
    }
    for domain in [domains("left", 20), domains("right", 30)].concat() {
        assert!(!holds(domain.as_bytes()), "{domain}");
    }
}

/// A value as it was written, canonical, and by each of its facets, whole and in the part that a hash or an id is in.
fn forms(raw: &str) -> BTreeSet<String> {
    let indicator = Indicator::detect(raw, &Rules::default()).unwrap();
    let facets = indicator.facets();
    let keys: Vec<&str> = facets.iter().map(|facet| facet.key.reveal()).collect();
    assert!(!keys.is_empty());
    let texts = keys.into_iter().chain([raw, indicator.canonical().reveal()]);
    let parts = texts.flat_map(|text| [Some(text), text.rsplit(['/', ':']).next()]);
    parts.flatten().filter(|part| part.len() >= 8).map(str::to_owned).collect()
}

fn digests(node: &TestNode) -> Vec<[u8; 16]> {
    let selection =
        Selection { kinds: Kind::ALL.to_vec(), facets: Facet::ALL.to_vec(), tlp_ceiling: None, now: NOW };
    let digests = node.store.snapshot().select(&selection);
    (0..digests.len()).map(|at| *digests.get(at).unwrap().as_bytes()).collect()
}
