//! Server-sent events: clients that lose the connection, nodes that are killed, tokens that are revoked.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use overlap_tests::{Lab, Node};
use serde_json::Value;

use crate::PROGRAM;
use crate::stream::Stream;
use crate::work::{events, ids, import, wait_until};

fn token(node: &Node) -> String {
    std::fs::read_to_string(node.folder().join("api.token")).unwrap()
}

/// Reads events and hangs up after every few, again and again, whatever happens to the node.
fn read_with_breaks(folder: PathBuf, token: String, over: Arc<AtomicBool>, seen: Arc<Mutex<Vec<String>>>) {
    let (mut last, mut most) = ("0000000000000000".to_owned(), 1);
    while !over.load(Ordering::Acquire) {
        most = most % 13 + 1;
        let Ok(mut stream) = Stream::open(&folder, &token, "/api/v1/events?heartbeat=1", Some(&last)) else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        assert_eq!(stream.status, 200);
        for _ in 0..most {
            let Ok(event) = stream.next() else { break };
            let Some(id) = event.id else { continue };
            let data: Value = serde_json::from_str(&event.data).unwrap();
            assert_eq!(
                (data["id"].as_str(), data["type"].as_str()),
                (Some(id.as_str()), Some(event.name.as_str()))
            );
            seen.lock().unwrap().push(id.clone());
            last = id;
        }
    }
}

#[test]
fn a_client_that_connects_again_misses_nothing_and_sees_nothing_twice() {
    let lab = Lab::create(PROGRAM, &["a", "b", "c"]);
    let (mut a, b, c) = (lab.start("a"), lab.start("b"), lab.start("c"));
    let (over, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let reading = {
        let (folder, token) = (a.folder().to_owned(), token(&a));
        let (over, seen) = (over.clone(), seen.clone());
        thread::spawn(move || read_with_breaks(folder, token, over, seen))
    };
    for round in 0..2 {
        import(&lab, &[&a, &b, &c], round * 100, round * 100 + 100);
        let _ = b.command(["exchange", "a"]).expect_code(0);
        let _ = a.command(["exchange", "c"]).expect_code(0);
        a.kill();
        a = lab.start("a");
    }
    let _ = a.command(["exchange", "b"]).expect_code(0);
    let expected = ids(&events(&a));
    assert!(expected.len() >= 405, "{}", expected.len());
    wait_until("the client has all", || seen.lock().unwrap().len() >= expected.len());
    over.store(true, Ordering::Release);
    // The command follows from wherever it is told to, and a node that stops ends the streams at once.
    let begun = Instant::now();
    assert!(a.stop().success());
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    reading.join().unwrap();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn streams_filter_beat_and_end_with_their_token() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let (a, b) = (lab.start("a"), lab.start("b"));
    import(&lab, &[&a, &b], 0, 5);
    let made = a.command(["token", "add", "siem", "--role", "read", "--json"]).expect_code(0).json();
    let siem = made["token"].as_str().unwrap();
    let open = |path: &str, last: Option<&str>| Stream::open(a.folder(), siem, path, last).unwrap();
    let mut live = open("/api/v1/events?heartbeat=1&types=exchange.progress,exchange.completed", None);
    let mut ecs = open("/api/v1/events?format=ecs&types=overlap.found&peer=b", None);
    let _ = a.command(["exchange", "b"]).expect_code(0);
    let mut names = Vec::new();
    while names.last().is_none_or(|name| name != "exchange.completed") {
        let event = live.next().unwrap();
        assert_eq!(event.id.is_some(), event.name == "exchange.completed");
        names.push(event.name);
    }
    for _ in 0..5 {
        let event = ecs.next().unwrap();
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!((&data["event"]["kind"], &data["event"]["id"]), (&"enrichment".into(), &event.id.into()));
    }
    let known = ids(&events(&a));
    for (path, last) in [
        ("/api/v1/events?after=x", None),
        ("/api/v1/events", Some("nonsense")),
        ("/api/v1/events", Some("0000000000000001")),
        ("/api/v1/events?types=overlap", None),
        ("/api/v1/events?heartbeat=0", None),
        ("/api/v1/events?format=xml", None),
        ("/api/v1/events?what=1", None),
        ("/api/v1/events/list?after=00000000000000ff", None),
    ] {
        assert_eq!(open(path, last).status, 400, "{path} {last:?}");
    }
    let mut after = open(&format!("/api/v1/events?after={}", known[0]), None);
    assert_eq!(after.next().unwrap().id.as_ref(), Some(&known[1]));
    // The header counts before the query.
    let mut after = open(&format!("/api/v1/events?after={}", known[0]), Some(&known[3]));
    assert_eq!(after.next().unwrap().id.as_ref(), Some(&known[4]));
    let _ = a.command(["token", "revoke", "siem"]).expect_code(0);
    let begun = Instant::now();
    assert!(live.next().is_err());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(Stream::open(a.folder(), siem, "/api/v1/events", None).unwrap().status, 401);
}

#[test]
fn streams_have_a_limit_and_those_that_end_make_room() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let a = lab.start("a");
    let token = token(&a);
    let open = || Stream::open(a.folder(), &token, "/api/v1/events?heartbeat=1", None).unwrap();
    let mut streams: Vec<Stream> = (0..64).map(|_| open()).collect();
    assert!(streams.iter().all(|stream| stream.status == 200));
    assert_eq!(open().status, 503);
    drop(streams.pop());
    wait_until("a place is free", || open().status == 200);
}
