//! What a listener at the frame layer sees: sizes that tell nothing, bytes that hold nothing.

use overlap_coalition::{EngineName, Facet, Kind};
use overlap_store::Selection;

use super::coalition::{NOW, TestCoalition, TestNode};
use super::node::domains;

fn shape(node: &TestNode) -> Vec<(bool, usize)> {
    node.peer.inner().tap.frames().iter().map(|(sent, frame)| (*sent, frame.len())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_frame_has_the_same_size_on_one_step_of_the_ladder() {
    for engine in EngineName::ALL {
        frames_have_the_same_size(engine).await;
    }
}

async fn frames_have_the_same_size(engine: EngineName) {
    let mut shapes = Vec::new();
    for (prefix, count) in [("one", 61), ("two-with-longer-names", 64)] {
        let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
        let [alpha, beta] = coalition.pair([&domains(prefix, count), &domains("right", 100)]).await;
        alpha.exchange_with(&beta).await.unwrap();
        shapes.push(shape(&alpha));
    }
    assert!(shapes[0].len() > 8);
    assert_eq!(shapes[0], shapes[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_and_no_digest_crosses() {
    for engine in EngineName::ALL {
        nothing_crosses(engine).await;
    }
}

async fn nothing_crosses(engine: EngineName) {
    let mut coalition = TestCoalition::with_engine(&["alpha", "beta"], engine);
    let shared = domains("shared", 20);
    let left = [domains("left", 20), shared.clone()].concat();
    let right = [domains("right", 30), shared].concat();
    let [alpha, beta] = coalition.pair([&left, &right]).await;
    alpha.exchange_with(&beta).await.unwrap();
    let crossed: Vec<u8> =
        alpha.peer.inner().tap.frames().iter().flat_map(|(_, frame)| frame.to_vec()).collect();
    let selection =
        Selection { kinds: Kind::ALL.to_vec(), facets: Facet::ALL.to_vec(), tlp_ceiling: None, now: NOW };
    let holds = |needle: &[u8]| crossed.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"investigation"), "the search finds what is there");
    for node in [&alpha, &beta] {
        let digests = node.store.snapshot().digests(&selection);
        assert!(digests.len() >= 40);
        assert!(digests.iter().all(|digest| !holds(digest.as_bytes())));
    }
    assert!(left.iter().chain(&right).all(|domain| !holds(domain.as_bytes())));
}
