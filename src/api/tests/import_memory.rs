//! Imports of files that are much larger than what they may take of the memory: a process of its own, so that its peak is theirs.

#![allow(clippy::unwrap_used)] // A test that cannot go on may stop where it stands.

#[path = "../benches/alone/mod.rs"]
mod alone;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use overlap_store::Role;
use overlap_tests::peak_memory;
use serde_json::Value;
use tower::ServiceExt;

const MIB: u64 = 1024 * 1024;

/// What the files have.
const FILE_BYTES: u64 = 60 * MIB;

/// What they may add to the peak: less than they have, and much less than twice of that with what is made of them.
const MOST_MEMORY: u64 = 40 * MIB;

/// What a file has whose every object has thousands of values and a long text: little, for each of its bytes becomes a row or more.
const DENSE_BYTES: u64 = 2 * MIB;

/// Values in each of its objects.
const VALUES_EACH: u64 = 3_000;

/// What the soak's file has, and what it may take: the ids of four million objects are 70 MiB of it, or twice while their table grows.
const SOAK_BYTES: u64 = 2_000 * MIB;
const SOAK_MEMORY: u64 = 256 * MIB;

/// Distinct values in a file: few, for it is not the store that is measured.
const VALUES: u64 = 2_000;

/// One at a time: the peak is the process's.
static ALONE: Mutex<()> = Mutex::new(());

/// A file: its beginning, its elements by number up to a size, its end.
struct Generated {
    head: &'static str,
    element: fn(u64) -> String,
    tail: &'static str,
    /// Rows that are made of an element.
    rows: u64,
}

const BUNDLE: Generated = Generated {
    head: "{\"type\":\"bundle\",\"id\":\"bundle--5f0e1d2c-0000-4000-8000-000000000000\",\"objects\":[",
    element: |n| {
        format!(
            "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--5f0e1d2c-0000-4000-8000-{n:012x}\",\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00.000Z\",\"name\":\"n\",\"pattern\":\"[domain-name:value = 'd{}.example.org']\",\"pattern_type\":\"stix\",\"valid_from\":\"2026-01-01T00:00:00Z\",\"object_marking_refs\":[\"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed\"],\"labels\":[\"{}\"]}}",
            n % VALUES,
            "x".repeat(100)
        )
    },
    tail: "]}",
    rows: 1,
};

/// One event, whose tags come last: every attribute waits.
const EVENT: Generated = Generated {
    head: "{\"Event\":{\"info\":\"x\",\"Attribute\":[",
    element: |n| {
        format!(
            "{{\"uuid\":\"5f0e1d2c-0000-4000-8000-{n:012x}\",\"type\":\"domain\",\"value\":\"d{}.example.org\",\"to_ids\":true,\"comment\":\"{}\"}}",
            n % VALUES,
            "y".repeat(300)
        )
    },
    tail: "],\"Tag\":[{\"name\":\"tlp:red\"}]}}",
    rows: 1,
};

/// Indicators whose patterns have thousands of values each, beside a description as long as one may be.
const DENSE_BUNDLE: Generated = Generated {
    head: BUNDLE.head,
    element: |n| {
        format!(
            "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--5f0e1d2c-0000-4000-8000-{n:012x}\",\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00.000Z\",\"description\":\"{}\",\"pattern\":\"{}\",\"pattern_type\":\"stix\",\"valid_from\":\"2026-01-01T00:00:00Z\"}}",
            "x".repeat(60_000),
            dense_pattern()
        )
    },
    tail: BUNDLE.tail,
    rows: VALUES_EACH,
};

/// Attributes that are such patterns, with such a comment.
const DENSE_EVENT: Generated = Generated {
    head: "{\"Event\":{\"info\":\"x\",\"Attribute\":[",
    element: |n| {
        format!(
            "{{\"uuid\":\"5f0e1d2c-0000-4000-8000-{n:012x}\",\"type\":\"stix2-pattern\",\"value\":\"{}\",\"to_ids\":true,\"comment\":\"{}\"}}",
            dense_pattern(),
            "x".repeat(60_000)
        )
    },
    tail: EVENT.tail,
    rows: VALUES_EACH,
};

/// Attributes of one organisation whose name is as long as a text may be.
const LONG_ORGANISATION: Generated = Generated {
    head: EVENT.head,
    element: |n| format!("{{\"type\":\"domain\",\"value\":\"d{}.example.org\"}}", n % VALUES),
    tail: "],\"Orgc\":{\"name\":\"@LONG@\"}}}",
    rows: 1,
};

/// A pattern of so many values that a pattern's length is used up.
fn dense_pattern() -> String {
    let values: Vec<String> = (0..VALUES_EACH).map(|n| format!("'d{}.example.org'", n % VALUES)).collect();
    format!("[domain-name:value IN ({})]", values.join(","))
}

impl Generated {
    /// The file as a body, made as it is read, and how many elements it has.
    fn body(&self, size: u64) -> (Body, u64) {
        let each = (self.element)(0xFFFF_FFFF).len() as u64 + 1;
        let count = size / each;
        let (head, element, tail) = (self.head, self.element, self.tail);
        let chunks = (0..count.div_ceil(200)).map(move |chunk| {
            let first = chunk * 200;
            let last = (first + 200).min(count);
            let elements: Vec<String> = (first..last).map(element).collect();
            let start = if chunk == 0 { head } else { "," };
            let end = if last == count { tail.replace("@LONG@", &"o".repeat(60_000)) } else { String::new() };
            Ok::<_, std::io::Error>(Bytes::from(format!("{start}{}{end}", elements.join(","))))
        });
        (Body::from_stream(stream::iter(chunks)), count)
    }
}

/// Imports a small file of the plainest kind and then one of a size; returns by how much the second raised the peak.
fn growth(file: &Generated, format: &str, size: u64) -> u64 {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (_folder, store) = alone::fresh_store();
    let (router, token) = alone::router(Arc::new(store), Role::Import);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let import = |format: &str, body: Body| -> Value {
        let request = Request::post(format!("/api/v1/imports?format={format}"))
            .header("authorization", format!("Bearer {token}"))
            .body(body)
            .unwrap();
        runtime.block_on(async {
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200);
            serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
        })
    };
    // Batches, threads and the store's caches are there after this one: 12 MiB are more than one batch, and than what waits in memory.
    let plain = if format == "misp" { &EVENT } else { &BUNDLE };
    import(format, plain.body(12 * MIB).0);
    let before = peak_memory();
    let (body, count) = file.body(size);
    let report = import(format, body);
    let expected = (Some(count * file.rows), Some(0));
    assert_eq!((report["duplicates"].as_u64(), report["rejected_more"].as_u64()), expected);
    let growth = peak_memory() - before;
    eprintln!(
        "{format}: {count} elements, {} MiB: the peak rose by {} KiB to {} MiB",
        size / MIB,
        growth / 1024,
        peak_memory() / MIB
    );
    growth
}

#[test]
fn a_large_bundle_is_never_held() {
    let growth = growth(&BUNDLE, "stix", FILE_BYTES);
    assert!(growth < MOST_MEMORY, "{growth} bytes");
}

#[test]
fn a_large_event_whose_tags_come_last_is_never_held() {
    let growth = growth(&EVENT, "misp", FILE_BYTES);
    assert!(growth < MOST_MEMORY, "{growth} bytes");
}

#[test]
fn a_long_description_is_not_held_once_for_each_value_of_its_pattern() {
    let growth = growth(&DENSE_BUNDLE, "stix", DENSE_BYTES);
    assert!(growth < MOST_MEMORY, "{growth} bytes");
}

#[test]
fn a_long_comment_is_not_held_once_for_each_value_of_its_pattern() {
    let growth = growth(&DENSE_EVENT, "misp", DENSE_BYTES);
    assert!(growth < MOST_MEMORY, "{growth} bytes");
}

#[test]
fn a_long_organisation_is_not_held_once_for_each_attribute() {
    let growth = growth(&LONG_ORGANISATION, "misp", DENSE_BYTES);
    assert!(growth < MOST_MEMORY, "{growth} bytes");
}

#[test]
#[ignore = "two gigabytes: minutes, and for a release build"]
fn a_bundle_of_two_gigabytes_is_never_held() {
    let growth = growth(&BUNDLE, "stix", SOAK_BYTES);
    assert!(growth < SOAK_MEMORY, "{growth} bytes");
}

#[test]
#[ignore = "two gigabytes: minutes, and for a release build"]
fn an_event_of_two_gigabytes_is_never_held() {
    let growth = growth(&EVENT, "misp", SOAK_BYTES);
    assert!(growth < SOAK_MEMORY, "{growth} bytes");
}
