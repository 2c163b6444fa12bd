//! Held indicators and overrides, as the console shows and changes them.

use axum::http::StatusCode;
use overlap_store::{Hold, IndicatorFilter, IndicatorId, PageRequest, Role, Store};
use serde_json::json;

use super::tests::{Browser, tags};
use crate::audit_tests::said_since;
use crate::testing::TestNode;
use crate::testing::imports::{CARD, imported};

const PATH: &str = "/console/indicators/held";

/// A node with three held indicators, one on a list whose words try to be markup.
async fn held_node() -> TestNode {
    let node = TestNode::new();
    node.warn_by(|builder| {
        let list = json!({
            "name": "<script>list</script>", "description": "<img src=x>\u{202e}", "version": 1, "type": "string",
            "list": ["8.8.8.8", "evil.example"],
        });
        builder.add_json("evil", list.to_string().as_bytes()).unwrap();
    });
    let rows = "kind,value\nip,8.8.8.8\nip,10.0.0.1\ndomain,evil.example\ndomain,free.example\n";
    imported(&node, "format=csv", rows).await;
    node
}

fn ids(node: &TestNode) -> Vec<IndicatorId> {
    let all = node.store.indicators(&IndicatorFilter::default(), &PageRequest { limit: 100, after: None });
    all.unwrap().rows.iter().map(|row| row.id).collect()
}

fn rows_of(page: &str) -> usize {
    page.split_once("<tbody>").map_or(0, |(_, body)| tags(body, "tr").len())
}

#[tokio::test]
async fn a_held_indicator_says_which_list_holds_it_and_who_may_override() {
    let node = held_node().await;
    let reader = Browser::sign_in(&node, Role::Read).await;
    let page = reader.get(PATH).await.text();
    assert_eq!(rows_of(&page), 3, "{page}");
    assert!(page.contains("<bdi>&lt;script&gt;list&lt;/script&gt;</bdi>"), "{page}");
    assert!(page.contains("<bdi>Private and reserved addresses</bdi>") && page.contains("<td>admin</td>"));
    let one = reader.get(&format!("/console/indicators/{}", ids(&node)[0])).await.text();
    let description = "<bdi>&lt;img src=x&gt;<span class=\"cp\">⟦U+202E⟧</span></bdi>";
    assert!(one.contains("Public DNS resolvers") && one.contains("Also on"), "{one}");
    let other = reader.get(&format!("/console/indicators/{}", ids(&node)[2])).await.text();
    assert!(other.contains(description), "{other}");
    assert!(one.contains("a token with the role admin"));
    let free = reader.get(&format!("/console/indicators/{}", ids(&node)[3])).await.text();
    assert!(!free.contains("Held out"), "{free}");
}

#[tokio::test]
async fn they_are_found_by_list_and_kind() {
    let node = held_node().await;
    let reader = Browser::sign_in(&node, Role::Read).await;
    for (query, rows) in [
        ("?list=evil", 2),
        ("?list=private-addresses", 1),
        ("?list=evil&kind=domain", 1),
        ("?kind=ip", 2),
        ("?list=nobody", 0),
        ("?state=overridden", 0),
    ] {
        let page = reader.get(&format!("{PATH}{query}")).await.text();
        assert_eq!(rows_of(&page), rows, "{query}");
    }
}

#[tokio::test]
async fn an_admin_overrides_with_a_reason_and_takes_it_back() {
    let node = held_node().await;
    let (admin, reader) =
        (Browser::sign_in(&node, Role::Admin).await, Browser::sign_in(&node, Role::Read).await);
    let id = ids(&node)[0];
    let page = format!("/console/indicators/{id}");
    assert!(admin.get(&page).await.text().contains("action=\"/console/indicators/override\""));
    assert!(!reader.get(&page).await.text().contains("action=\"/console/indicators/override\""));
    let hold = |node: &TestNode| node.store.indicator(id).unwrap().unwrap().hold;
    for reason in ["", "%20", &"x".repeat(1_001), &format!("card+{CARD}")] {
        let answer = admin.post("/console/indicators/override", &format!("id={id}&reason={reason}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(!answer.text().contains(CARD));
    }
    assert_eq!(hold(&node), Hold::Held);
    let fields = format!("id={id}&reason=%3Cb%3Eit+is+theirs%3C%2Fb%3E");
    let answer = admin.post("/console/indicators/override", &fields).await;
    assert_eq!(answer.headers["location"], format!("{page}?done=overridden").as_str());
    assert_eq!((hold(&node), rows_of(&reader.get(PATH).await.text())), (Hold::Overridden, 2));
    let again = admin.post("/console/indicators/override", &fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    for path in [page.as_str(), &format!("{PATH}?state=overridden")] {
        let shown = reader.get(path).await.text();
        assert!(
            shown.contains("<bdi>&lt;b&gt;it is theirs&lt;/b&gt;</bdi>")
                && shown.contains("<bdi>admin</bdi>")
        );
        assert!(!shown.contains("action=\"/console/indicators/hold\""));
    }
    let shown = admin.get(&page).await.text();
    assert!(shown.contains("action=\"/console/indicators/hold\"") && shown.contains("Public DNS resolvers"));
    let answer = admin.post("/console/indicators/hold", &format!("id={id}")).await;
    assert_eq!(answer.headers["location"], format!("{page}?done=held").as_str());
    assert_eq!(hold(&node), Hold::Held);
    let again = admin.post("/console/indicators/hold", &format!("id={id}")).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_whatever_list_is_meant() {
    let node = TestNode::new();
    let own: String = (0..30).map(|n| format!("10.1.0.{n}\n")).collect();
    node.warn(&own);
    let row = |n: usize| match n % 4 {
        0 => format!("10.1.0.{}\n", n / 4),
        _ => format!("10.2.0.{n}\n"),
    };
    imported(&node, "format=txt", (0..120).map(row).collect::<String>()).await;
    let reader = Browser::sign_in(&node, Role::Read).await;
    for (query, counts) in
        [("", &[50, 50, 20][..]), ("?list=own", &[30]), ("?list=private-addresses", &[50, 50, 20])]
    {
        let pages = reader.pages(&format!("{PATH}{query}")).await;
        assert_eq!(pages.iter().map(|page| rows_of(page)).collect::<Vec<_>>(), counts, "{query}");
        let shown = pages.concat();
        let rows = (0..120).filter(|n| query != "?list=own" || n % 4 == 0);
        for n in rows {
            assert_eq!(shown.matches(&format!("<bdi>{}</bdi>", row(n).trim())).count(), 1, "{query} {n}");
        }
    }
}

#[tokio::test]
async fn an_override_begins_and_ends_in_the_audit_chain_as_made_at_the_console() {
    let node = held_node().await;
    let admin = Browser::sign_in(&node, Role::Admin).await;
    let id = ids(&node)[0];
    admin.post("/console/indicators/override", &format!("id={id}&reason=a+case")).await;
    admin.post("/console/indicators/hold", &format!("id={id}")).await;
    let said: Vec<_> = said_since(&node, 0).into_iter().filter(|said| said.contains("override.")).collect();
    assert_eq!(said, ["console:admin override.begun", "console:admin override.ended"]);
}
