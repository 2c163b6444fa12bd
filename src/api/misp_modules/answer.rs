//! Answers, in the two forms that MISP knows. Where nothing is known they are empty, and no error: MISP breaks off a whole run on one.

use serde_json::{Map, Value, json};

use crate::lookup::Held;

/// The answer of the older form: sentences.
pub(super) fn plain(found: &[Held]) -> Value {
    if found.is_empty() {
        return json!({"results": []});
    }
    let values: Vec<String> = found.iter().map(Held::sentence).collect();
    let tags: Vec<String> = found.iter().flat_map(tags).collect();
    json!({"results": [{
        "types": ["text"], "values": values, "categories": ["Other"], "comment": "overlapd", "to_ids": false, "tags": tags,
    }]})
}

/// The answer of the form `misp_standard`: the attribute that was asked for, with tags and a comment.
pub(super) fn standard(asked: &Map<String, Value>, found: &[Held]) -> Value {
    if found.is_empty() {
        return json!({"results": {}});
    }
    let mut attribute = Map::new();
    for name in ["uuid", "type", "category", "value"] {
        if let Some(value) = asked.get(name) {
            attribute.insert(name.to_owned(), value.clone());
        }
    }
    let sentences: Vec<String> = found.iter().map(Held::sentence).collect();
    let tags: Vec<Value> = found.iter().flat_map(tags).map(|name| json!({"name": name})).collect();
    attribute.insert("comment".to_owned(), sentences.join(" ").into());
    attribute.insert("Tag".to_owned(), tags.into());
    json!({"results": {"Attribute": [attribute]}})
}

fn tags(held: &Held) -> Vec<String> {
    let kind = format!("overlapd:kind=\"{}\"", held.own.kind);
    let peers = held.peers().into_iter().map(|peer| format!("overlapd:peer=\"{peer}\""));
    [kind].into_iter().chain(peers).collect()
}
