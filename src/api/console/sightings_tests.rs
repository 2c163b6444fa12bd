//! Sightings in the console.

use axum::http::StatusCode;
use overlap_coalition::Timestamp;
use overlap_store::{
    IndicatorFilter, IndicatorId, NewSighting, PageRequest, Role, SightingFilter, SightingKind, Store,
};

use super::tests::{Browser, tags};
use crate::rfc3339::parse_rfc3339;
use crate::testing::imports::{CARD, imported};
use crate::testing::{NOW, TestNode};

const PATH: &str = "/console/indicators/sightings";
const ADD: &str = "/console/indicators/sighting";

async fn one_indicator() -> (TestNode, IndicatorId) {
    let node = TestNode::new();
    imported(&node, "format=csv", "kind,value\ndomain,a.example\n").await;
    let page = PageRequest { limit: 1, after: None };
    let id = node.store.indicators(&IndicatorFilter::default(), &page).unwrap().rows[0].id;
    (node, id)
}

fn stored(node: &TestNode) -> Vec<(SightingKind, u64, String)> {
    let page = PageRequest { limit: 1_000, after: None };
    let rows = node.store.sightings(&SightingFilter::default(), &page).unwrap().rows;
    rows.into_iter().map(|row| (row.kind, row.at, row.source)).collect()
}

#[tokio::test]
async fn one_is_added_from_the_page_of_its_indicator() {
    let (node, id) = one_indicator().await;
    let importer = Browser::sign_in(&node, Role::Import).await;
    let reader = Browser::sign_in(&node, Role::Read).await;
    let page = format!("/console/indicators/{id}");
    let form = format!("action=\"{ADD}\"");
    assert!(importer.get(&page).await.text().contains(&form));
    assert!(!reader.get(&page).await.text().contains(&form));
    let fields = format!("id={id}&says=seen&at=2026-11-18T10%3A00&source=%3Cb%3Egateway%3C%2Fb%3E%E2%80%AE");
    let answer = importer.post(ADD, &fields).await;
    assert_eq!(answer.headers["location"], format!("{page}?done=sighted").as_str());
    importer.post(ADD, &format!("id={id}&says=false-positive&at=2026-11-18T10%3A00%3A05")).await;
    importer.post(ADD, &format!("id={id}&says=expired&at=")).await;
    let ten = parse_rfc3339("2026-11-18T10:00:00Z").unwrap();
    assert_eq!(
        stored(&node),
        [
            (SightingKind::Seen, ten, "<b>gateway</b>\u{202e}".to_owned()),
            (SightingKind::FalsePositive, ten + 5, String::new()),
            (SightingKind::Expired, NOW, String::new()),
        ]
    );
    for path in [PATH, &page] {
        let shown = reader.get(path).await.text();
        let source = "<bdi>&lt;b&gt;gateway&lt;/b&gt;<span class=\"cp\">⟦U+202E⟧</span></bdi>";
        assert!(shown.contains(source), "{shown}");
        let place = |text: &str| shown.find(&format!("\">{text}</span>")).unwrap();
        assert!(place("Expired") < place("False positive") && place("False positive") < place("Seen"));
    }
}

#[tokio::test]
async fn what_is_no_sighting_is_refused_and_not_stored() {
    let (node, id) = one_indicator().await;
    let importer = Browser::sign_in(&node, Role::Import).await;
    let long = "x".repeat(256);
    for (fields, status) in [
        (format!("id={id}&says=maybe"), StatusCode::BAD_REQUEST),
        (format!("id={id}"), StatusCode::BAD_REQUEST),
        (format!("id={id}&says=seen&at=yesterday"), StatusCode::BAD_REQUEST),
        (format!("id={id}&says=seen&source={long}"), StatusCode::BAD_REQUEST),
        (format!("id={id}&says=seen&source={CARD}"), StatusCode::BAD_REQUEST),
        ("id=00112233445566778899aabbccddeeff&says=seen".to_owned(), StatusCode::NOT_FOUND),
        ("id=zz&says=seen".to_owned(), StatusCode::NOT_FOUND),
    ] {
        let answer = importer.post(ADD, &fields).await;
        assert_eq!(answer.status, status, "{fields}");
        assert!(!answer.text().contains(CARD));
    }
    assert_eq!(stored(&node), []);
}

#[tokio::test]
async fn the_list_is_paged_filtered_and_remembers_what_was_withdrawn() {
    let (node, id) = one_indicator().await;
    let new = |n: u64| NewSighting {
        indicator: id,
        kind: SightingKind::ALL[(n % 2) as usize],
        at: NOW + n,
        source: format!("sensor-{n}-"),
    };
    node.store
        .add_sightings((0..230).map(new).collect(), &overlap_store::By::daemon(Timestamp(NOW)))
        .unwrap();
    let reader = Browser::sign_in(&node, Role::Read).await;
    let rows = |page: &String| tags(page.split_once("<tbody>").unwrap().1, "tr").len();
    for (query, counts) in [("", &[100, 100, 30][..]), ("?says=seen", &[100, 15]), ("?says=expired", &[0])] {
        let pages = reader.pages(&format!("{PATH}{query}")).await;
        if counts == [0] {
            assert!(pages[0].contains("No sighting matches"), "{}", pages[0]);
            continue;
        }
        assert_eq!(pages.iter().map(rows).collect::<Vec<_>>(), counts, "{query}");
        let all = pages.concat();
        let places: Vec<Option<usize>> = (0..230).rev().map(|n| all.find(&format!("sensor-{n}-"))).collect();
        assert!(places.iter().flatten().is_sorted(), "{query}: the newest first");
        assert_eq!(places.iter().flatten().count(), counts.iter().sum::<usize>());
    }
    let of_it = reader.get(&format!("/console/indicators/{id}")).await.text();
    assert!(of_it.contains("All of them") && of_it.contains("sensor-229-") && !of_it.contains("sensor-219-"));
    let of_other = format!("{PATH}?indicator=00112233445566778899aabbccddeeff");
    assert!(reader.get(&of_other).await.text().contains("No sighting matches"));
    node.store.withdraw(&[id], &overlap_store::By::daemon(Timestamp(NOW))).unwrap();
    assert!(reader.get(PATH).await.text().contains("withdrawn"));
}
