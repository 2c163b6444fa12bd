//! Imports, whole: through the router into the real store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use overlap_store::Role;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::lines::MAX_LINE_BYTES;
use super::report::MAX_REJECTS_NAMED;
use crate::testing::TestNode;
use crate::testing::imports::{CARD, imported, refused_whole};

/// The lines that were refused, with their reasons.
fn rejects(report: &Value) -> Vec<(u64, &str)> {
    let rejected = report["rejected"].as_array().unwrap();
    rejected.iter().map(|r| (r["line"].as_u64().unwrap(), r["reason"].as_str().unwrap())).collect()
}

fn lines(report: &Value) -> Vec<u64> {
    rejects(report).into_iter().map(|(line, _)| line).collect()
}

#[tokio::test]
async fn csv_with_every_column_in_any_order() {
    let node = TestNode::new();
    let csv = "\u{feff}pap,note,Confidence,expires,last_seen,first_seen,source,tlp,value,kind\r\n\
        PAP:AMBER,\"two\r\nlines, \"\"quoted\"\"\",80,2030-01-01,2026-10-02T01:00:00+01:00,2026-10-01,case-1,TLP:GREEN,Example[.]org,Domain\r\n\
        \r\n\
        ,,,,,,,,http://example.net/a,\r\n";
    let report = imported(&node, "format=csv&source=list&tlp=red", csv).await;
    assert_eq!(
        report,
        json!({"accepted": 2, "duplicates": 0, "held": 0, "rejected": [], "rejected_more": 0})
    );
    let items = node.get("/api/v1/indicators").await.json()["items"].clone();
    assert_eq!(items[0]["kind"], "domain");
    assert_eq!(
        (&items[0]["value"], &items[0]["canonical"]),
        (&json!("Example[.]org"), &json!("example.org"))
    );
    assert_eq!((&items[0]["tlp"], &items[0]["source"]), (&json!("green"), &json!("case-1")));
    assert_eq!((&items[0]["pap"], &items[1]["pap"]), (&json!("amber"), &Value::Null));
    assert_eq!(items[0]["first_seen"], "2026-10-01T00:00:00Z");
    assert_eq!(items[0]["last_seen"], "2026-10-02T00:00:00Z");
    assert_eq!(items[0]["expires"], "2030-01-01T00:00:00Z");
    assert_eq!((&items[0]["confidence"], &items[0]["note"]), (&json!(80), &json!("two\nlines, \"quoted\"")));
    assert_eq!(
        (&items[1]["kind"], &items[1]["tlp"], &items[1]["source"]),
        (&json!("url"), &json!("red"), &json!("list"))
    );
}

#[tokio::test]
async fn rows_are_refused_by_the_line_on_which_they_start() {
    let node = TestNode::new();
    let csv = format!(
        "kind,value,tlp,first_seen,confidence,note\n\
         domain,example.org,amber,,,\"a\nb\nc\"\n\
         wallet,nonsense,,,,\n\
         nonsense,x,,,,\n\
         domain,example.com,mauve,,,\n\
         domain,example.com,,yesterday,,\n\
         domain,example.com,,,101,\n\
         domain,example.com,,,,\"card {CARD}\"\n\
         domain,example.com\n\
         {CARD},domain,,,,\n\
         merchant,{CARD},,,,\n\
         domain,example.net,,,,\"never closed\n\
         domain,example.info,,,,\n"
    );
    let report = imported(&node, "format=csv", csv).await;
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(2), &json!(0)));
    assert_eq!(lines(&report), [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    let reasons = rejects(&report);
    let has = |line: u64, part: &str| {
        let (_, reason) = reasons.iter().find(|(at, _)| *at == line).unwrap();
        assert!(reason.contains(part), "line {line}: {reason}");
    };
    has(5, "wallet");
    has(6, "unknown kind");
    has(7, "tlp:");
    has(8, "first_seen:");
    has(9, "confidence:");
    has(10, "note: a card number");
    has(11, "2 fields");
    has(13, "card number");
    has(14, "quote");
    assert_eq!(report["rejected"][1]["kind"], "nonsense");
    assert_eq!(report["rejected"][7]["kind"], Value::Null, "a value in the place of the kind is not shown");
    assert!(!report.to_string().contains(CARD));
}

#[tokio::test]
async fn what_is_there_already_is_a_duplicate_and_no_reject() {
    let node = TestNode::new();
    let csv = "kind,value\ndomain,example.org\ndomain,EXAMPLE.org.\n";
    let report = imported(&node, "format=csv", csv).await;
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(1), &json!(1)));
    let report = imported(&node, "format=csv", csv).await;
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(0), &json!(2)));
    assert_eq!(report["rejected"], json!([]));
}

#[tokio::test]
async fn headers_that_cannot_be_used_refuse_the_file() {
    let node = TestNode::new();
    for (csv, part) in [
        ("kind,tlp\ndomain,amber\n", "`value` is missing"),
        ("value\nexample.org\n", "`kind` is missing"),
        ("kind,vlaue\ndomain,example.org\n", "nearest name is `value`"),
        ("kind,value,value\ndomain,a.example,b.example\n", "twice"),
        ("domain,example.org\n", "column 1 of the header is unknown"),
        ("kind,value\rdomain,example.org\r", "line ending"),
        ("", "empty"),
        ("kind,\"value\n", "header"),
        ("\n\n", "empty"),
    ] {
        let detail = refused_whole(&node, "format=csv", csv).await;
        assert!(detail.contains(part), "{csv:?}: {detail}");
    }
    let detail = refused_whole(&node, "format=csv", format!("{CARD},value\n")).await;
    assert!(!detail.contains(CARD), "{detail}");
    refused_whole(&node, "format=csv", &b"kind,val\xFCe\n"[..]).await;
    let report = imported(&node, "format=csv&kind=domain", "value\nexample.org\n").await;
    assert_eq!(report["accepted"], 1);
}

#[tokio::test]
async fn files_that_are_no_text_are_refused() {
    let node = TestNode::new();
    let utf16: Vec<u8> = "\u{feff}kind,value\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for format in ["csv", "ndjson", "txt"] {
        for body in [utf16.clone(), b"PK\x03\x04\x00\x00".to_vec(), b"\xFE\xFF\x04\x10".to_vec()] {
            let detail = refused_whole(&node, &format!("format={format}"), body).await;
            assert!(detail.contains("not text"), "{detail}");
        }
    }
}

#[tokio::test]
async fn records_that_are_no_utf8_are_refused_alone() {
    let node = TestNode::new();
    let report = imported(&node, "format=txt", &b"example.org\nm\xFCller.example\nexample.com\n"[..]).await;
    assert_eq!(report["accepted"], 2);
    assert_eq!(rejects(&report), [(2, "not UTF-8")]);
    let report = imported(&node, "format=csv", &b"kind,value\ndomain,\xFC\ndomain,example.net\n"[..]).await;
    assert_eq!((&report["accepted"], rejects(&report)), (&json!(1), vec![(2, "not UTF-8")]));
}

#[tokio::test]
async fn ndjson_has_the_same_fields_and_refuses_a_line_alone() {
    let node = TestNode::new();
    let ndjson = format!(
        "{}\n\nnot json\n[\"domain\",\"a.example\"]\n{}\n{}\n{}\n{}\n",
        json!({"kind": "domain", "value": "example.org", "tlp": "red", "confidence": 7, "note": "n"}),
        json!({"value": "example.com", "vlaue": 1}),
        json!({"value": 4_111_111_111_111_111_u64}),
        json!({"kind": "domain"}),
        json!({"value": "http://example.net/"}),
    );
    let report = imported(&node, "format=ndjson", ndjson).await;
    assert_eq!(report["accepted"], 2);
    let rejected = rejects(&report);
    assert_eq!(lines(&report), [3, 4, 5, 6, 7]);
    assert!(rejected[0].1.starts_with("not JSON"), "{}", rejected[0].1);
    assert_eq!(rejected[2].1, "unknown field `vlaue`");
    assert_eq!(rejected[4].1, "missing field `value`");
    assert!(!report.to_string().contains(CARD));
}

#[tokio::test]
async fn txt_skips_comments_and_blank_lines() {
    let node = TestNode::new();
    let report = imported(&node, "format=txt", "# list\n\n example[.]org \r\n  # more\nbad value\n").await;
    assert_eq!((&report["accepted"], lines(&report)), (&json!(1), vec![5]));
    let report = imported(&node, "format=txt&kind=newsgroup", "alt.example\n").await;
    assert_eq!(report["accepted"], 1);
}

#[tokio::test]
async fn queries_of_imports_are_checked() {
    let node = TestNode::new();
    for query in ["", "format=xls", "format=csv&kind=nonsense", "format=csv&tlp=mauve", "format=csv&kin=url"]
    {
        node.import(query, "").await.problem(400, "bad-query");
    }
    let problem = node.import(&format!("format=csv&source={CARD}"), "").await.problem(400, "bad-query");
    assert!(!problem.to_string().contains(CARD));
}

#[tokio::test]
async fn rejects_are_named_up_to_a_number_and_then_counted() {
    let node = TestNode::new();
    let body = "bad value\n".repeat(MAX_REJECTS_NAMED + 5);
    let report = imported(&node, "format=txt", body).await;
    assert_eq!(report["rejected"].as_array().unwrap().len(), MAX_REJECTS_NAMED);
    assert_eq!(report["rejected_more"], 5);
}

#[tokio::test]
async fn more_rows_than_a_batch_keep_their_order_and_lines() {
    let node = TestNode::new();
    let row = |n: usize| {
        if n % 5_000 == 4_999 { "nonsense,x\n".into() } else { format!("domain,d{n}.example.org\n") }
    };
    let csv = format!("kind,value\n{}", (0..25_000).map(row).collect::<String>());
    let report = imported(&node, "format=csv", csv).await;
    assert_eq!(report["accepted"], 24_995);
    assert_eq!(lines(&report), [5_001, 10_001, 15_001, 20_001, 25_001]);
    let first = node.get("/api/v1/indicators?limit=1").await.json();
    assert_eq!(first["items"][0]["value"], "d0.example.org");
}

/// Bytes that count how many of them are alive.
struct Counted {
    bytes: Vec<u8>,
    alive: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.fetch_sub(self.bytes.len(), Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_line_of_100_mib_is_refused_and_never_held() {
    const CHUNK: usize = 64 * 1024;
    let node = TestNode::new();
    let total = 100 * 1024 * 1024 / CHUNK + 2;
    let (alive, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (alive_now, most_seen) = (alive.clone(), most.clone());
    let body = stream::iter((0..total).map(move |index| {
        let bytes = match index {
            0 => b"kind,value\ndomain,".to_vec(),
            last if last == total - 1 => b"\ndomain,example.org\n".to_vec(),
            _ => vec![b'x'; CHUNK],
        };
        let now = alive_now.fetch_add(bytes.len(), Ordering::SeqCst) + bytes.len();
        most_seen.fetch_max(now, Ordering::SeqCst);
        Ok::<_, std::io::Error>(Bytes::from_owner(Counted { bytes, alive: alive_now.clone() }))
    }));
    let report = imported(&node, "format=csv", Body::from_stream(body)).await;
    assert_eq!(report["accepted"], 1);
    assert_eq!(rejects(&report), [(2, "the line is longer than 65536 bytes")]);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    let most = most.load(Ordering::SeqCst);
    assert!(most <= 8 * CHUNK, "{most} bytes of the body were alive at once");
}

#[tokio::test]
async fn a_body_that_breaks_off_keeps_whole_batches_only_and_is_an_error() {
    let node = TestNode::new();
    let rows: String = (0..10_500).map(|n| format!("d{n}.example.org\n")).collect();
    let chunks = [Ok(Bytes::from(rows)), Err(std::io::Error::other("gone"))];
    let answer = node.import("format=txt", Body::from_stream(stream::iter(chunks))).await;
    answer.problem(400, "bad-value");
    let status = node.get("/api/v1/status").await.json();
    assert_eq!(status["indicators"], json!({"domain": 10_000}));
}

#[tokio::test]
async fn a_long_line_at_the_limit_is_read() {
    let node = TestNode::new();
    let pad = MAX_LINE_BYTES - "domain,example.org,".len();
    let csv = format!(
        "kind,value,note\ndomain,example.org,{}\ndomain,example.com,{}\n",
        "x".repeat(pad),
        "x".repeat(pad + 1)
    );
    let report = imported(&node, "format=csv", csv).await;
    assert_eq!((&report["accepted"], lines(&report)), (&json!(1), vec![3]));
}

/// The lists with known answers, where they lie beside the workspace.
fn known_lists() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(2).find_map(|up| {
        let folder = up.parent()?.join("shared/data/coalition");
        folder.is_dir().then_some(folder)
    });
    if folder.is_none() {
        eprintln!("passed over: the lists with known answers are not there");
    }
    folder
}

#[tokio::test]
async fn the_known_lists_are_refused_on_exactly_the_known_lines() {
    let Some(folder) = known_lists() else { return };
    let mut expected: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for row in std::fs::read_to_string(folder.join("rejects.csv")).unwrap().lines().skip(1) {
        let mut fields = row.split(',');
        let (member, line) = (fields.next().unwrap(), fields.next().unwrap());
        expected.entry(member.to_owned()).or_default().insert(line.parse().unwrap());
    }
    assert_eq!(expected.len(), 3);
    for (member, expected) in expected {
        let csv = std::fs::read(folder.join(format!("{member}.csv"))).unwrap();
        let rows = csv.iter().filter(|byte| **byte == b'\n').count() as u64 - 1;
        let report = imported(&TestNode::new(), "format=csv", csv).await;
        assert_eq!(BTreeSet::from_iter(lines(&report)), expected, "{member}: {report}");
        let kept = report["accepted"].as_u64().unwrap() + report["duplicates"].as_u64().unwrap();
        assert_eq!(kept + expected.len() as u64, rows, "{member}: every row is accounted for");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_body_panics_and_no_row_is_lost(
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..400),
            "(kind,value,note\n)?([a-z.@:/\",\\r\\n\u{e9}]{0,40}[,\n]){0,12}".prop_map(String::into_bytes),
            "([{}\\[\\]\":,a-z0-9 \n]{0,80}){0,4}".prop_map(String::into_bytes),
        ],
        format in prop::sample::select(vec!["csv", "ndjson", "txt"]),
        at in 0usize..400,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(async { TestNode::new().import_cut(format, &body, at).await });
        prop_assert!([200, 422].contains(&answer.status.as_u16()), "{}", answer.text());
    }
}

#[tokio::test]
async fn columns_can_have_other_names() {
    let node = TestNode::new();
    let csv =
        "id,Type,ioc,seen\n1,domain,example.org,2026-01-01\n2,,https://example.net/,\n3,ip-dst,192.0.2.1,\n";
    let report = imported(&node, "format=csv&map=value%3Dioc,kind%3Dtype,last_seen%3DSEEN", csv).await;
    assert_eq!((&report["accepted"], lines(&report)), (&json!(3), vec![]));
    let items = node.get("/api/v1/indicators").await.json()["items"].clone();
    assert_eq!((&items[0]["last_seen"], &items[1]["kind"]), (&json!("2026-01-01T00:00:00Z"), &json!("url")));
    let detail = refused_whole(&TestNode::new(), "format=csv&map=value%3Dnone", csv).await;
    assert!(detail.contains("map"), "{detail}");
    for query in [
        "format=csv&map=value",
        "format=csv&map=vlaue%3Dx",
        "format=txt&map=value%3Dx",
        "format=stix&map=value%3Dx",
    ] {
        node.import(query, "").await.problem(400, "bad-query");
    }
}

#[tokio::test]
async fn a_body_of_another_media_type_is_refused() {
    let node = TestNode::new();
    let import = |format: &str, header: (&'static str, &'static str)| {
        let request = axum::http::Request::post(format!("/api/v1/imports?format={format}"))
            .header("authorization", format!("Bearer {}", node.tokens[&Role::Import]))
            .header(header.0, header.1);
        node.send(request.body(Body::from("[]")).unwrap())
    };
    for (format, media_type) in [
        ("stix", "text/csv"),
        ("misp", "multipart/form-data; boundary=x"),
        ("csv", "application/json"),
        ("txt", "text/html"),
        ("stix", "\u{e9}"),
    ] {
        import(format, ("content-type", media_type)).await.problem(415, "unsupported-media-type");
    }
    import("stix", ("content-encoding", "gzip")).await.problem(415, "unsupported-media-type");
    for (format, media_type) in [
        ("stix", "application/stix+json;version=2.1"),
        ("stix", "Application/JSON; charset=utf-8"),
        ("misp", "application/x-www-form-urlencoded"),
        ("txt", "application/octet-stream"),
    ] {
        assert_eq!(import(format, ("content-type", media_type)).await.status, 200, "{format} {media_type}");
    }
}

#[tokio::test]
async fn notes_and_sources_are_cut_in_every_format() {
    let long = "\u{e9}".repeat(20_000);
    let attribute = json!({"type": "domain", "value": "example.org", "comment": long});
    let stix = json!({"type": "bundle", "objects": [
        {"type": "identity", "id": "identity--1", "name": "x"},
        {"type": "domain-name", "id": "domain-name--1", "value": "example.org", "x_opencti_description": long}]});
    for (format, text) in [
        ("csv", format!("kind,value,source,note\ndomain,example.org,{},{long}\n", &long[..20_000])),
        (
            "ndjson",
            json!({"kind": "domain", "value": "example.org", "source": &long[..20_000], "note": &long[..40_000]})
                .to_string(),
        ),
        ("misp", json!({"Event": {"Orgc": {"name": long}, "Attribute": [attribute]}}).to_string()),
        ("stix", stix.to_string()),
    ] {
        let node = TestNode::new();
        let report = imported(&node, &format!("format={format}"), text).await;
        assert_eq!(report["accepted"], 1, "{format}: {report}");
        let item = &node.get("/api/v1/indicators").await.json()["items"][0];
        let length = |name: &str| item[name].as_str().unwrap().len();
        assert!((8_000..=8_192).contains(&length("note")), "{format}: {}", length("note"));
        assert!(item["note"].as_str().unwrap().ends_with(" [cut]"), "{format}");
        assert!(length("source") <= 1_024, "{format}: {}", length("source"));
    }
    let node = TestNode::new();
    let query = format!("format=txt&source={}", "x".repeat(1_025));
    node.import(&query, "example.org\n").await.problem(400, "bad-query");
}

/// A body that sends a byte now and then, and never ends.
fn trickle() -> Body {
    let bytes = stream::unfold((), |()| async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
    });
    Body::from_stream(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_does_not_hold_its_place_for_ever() {
    let node = TestNode::new();
    let problem = node.import("format=txt", trickle()).await.problem(408, "stalled");
    assert!(problem["detail"].as_str().unwrap().contains("stopped coming"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_no_place_is_told_when_to_come_again() {
    let node = TestNode::new();
    let slow = || node.import("format=txt", trickle());
    let late = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        node.import("format=txt", "example.org\n").await
    };
    let (_, _, _, _, late) = tokio::join!(slow(), slow(), slow(), slow(), late);
    assert_eq!(late.headers["retry-after"], "60");
    assert_eq!(late.problem(503, "busy")["retry_after"], 60);
    assert_eq!(imported(&node, "format=txt", "example.org\n").await["accepted"], 1);
}

/// What MISP writes as CSV, with the map that reads it.
const MISP_CSV: &str = "uuid,event_id,category,type,value,comment,to_ids,date,object_relation,attribute_tag\n\
    u1,1,Network activity,domain|ip,a.example|192.0.2.7,seen,1,1700000000,,\"tlp:red,osint\"\n\
    u2,1,Network activity,hostname,b.example,,0,1700000000,,\n\
    u3,1,Person,phone-number,+49 30 123456,,0,1700000000,,\n\
    u4,1,Other,mutex,x,,1,1700000000,,\n\
    u5,1,Network activity,url,https://c.example/,,1,1700000000,,tlp:ex:chr\n\
    u6,1,Payload delivery,filename|md5,a.exe|d41d8cd98f00b204e9800998ecf8427e,,maybe,1700000000,,\n";

#[tokio::test]
async fn a_table_of_misp_is_read_by_its_types() {
    let node = TestNode::new();
    let query = "format=csv&tlp=green&map=kind%3Dtype,note%3Dcomment,tags%3Dattribute_tag";
    let report = imported(&node, query, MISP_CSV).await;
    assert_eq!((&report["accepted"], lines(&report)), (&json!(4), vec![3, 5, 7]), "{report}");
    let reasons = rejects(&report);
    assert!(reasons[0].1.contains("to_ids is off"), "{report}");
    assert!(reasons[1].1.contains("unknown kind"), "{report}");
    assert!(reasons[2].1.contains("to_ids: 1 or 0"), "{report}");
    let items = node.get("/api/v1/indicators").await.json()["items"].clone();
    let read: Vec<_> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["canonical"], &item["tlp"], &item["note"]))
        .collect();
    assert_eq!(
        read,
        [
            (&json!("a.example"), &json!("red"), &json!("seen")),
            (&json!("192.0.2.7"), &json!("red"), &json!("seen")),
            (&json!("+4930123456"), &json!("green"), &json!("")),
            (&json!("https://c.example/"), &json!("red"), &json!("")),
        ]
    );
}

#[tokio::test]
async fn a_table_of_opencti_is_read_by_its_types_and_its_delimiter() {
    let node = TestNode::new();
    let csv = format!(
        "\"id\";\"entity_type\";\"observable_value\";\"objectMarking\"\n\
         1;\"Domain-Name\";\"a.example\";\"TLP:GREEN\"\n\
         2;IPv4-Addr;192.0.2.7;\"TLP:AMBER+STRICT, PAP:RED\"\n\
         3;Payment-Card;{CARD};\n\
         4;Indicator;\"[url:value = 'https://b.example/' AND domain-name:value = 'c.example']\";\n\
         5;StixFile;d41d8cd98f00b204e9800998ecf8427e;\n\
         6;Software;x;\n"
    );
    let map = "map=kind%3Dentity_type,value%3Dobservable_value,tags%3DobjectMarking";
    let detail = refused_whole(&node, &format!("format=csv&{map}"), csv.clone()).await;
    assert!(detail.contains("delimiter=;"), "{detail}");
    let report = imported(&node, &format!("format=csv&delimiter=%3B&{map}"), csv).await;
    assert_eq!((&report["accepted"], lines(&report)), (&json!(5), vec![4, 7]), "{report}");
    assert!(!report.to_string().contains(CARD));
    let items = node.get("/api/v1/indicators").await.json()["items"].clone();
    assert_eq!((&items[0]["canonical"], &items[0]["tlp"]), (&json!("a.example"), &json!("green")));
    assert_eq!((&items[1]["tlp"], &items[1]["pap"]), (&json!("amber+strict"), &json!("red")));
    let tabbed = "kind\tvalue\ndomain\td.example\n";
    assert_eq!(imported(&node, "format=csv&delimiter=tab", tabbed).await["accepted"], 1);
    assert!(refused_whole(&TestNode::new(), "format=csv", tabbed).await.contains("delimiter=tab"));
    for query in ["format=csv&delimiter=x", "format=txt&delimiter=tab"] {
        node.import(query, "").await.problem(400, "bad-query");
    }
}

#[tokio::test]
async fn the_narrower_of_a_rows_column_and_its_tags_holds() {
    let node = TestNode::new();
    let csv = "kind,value,tlp,pap,tags\n\
        domain,a.example,clear,red,\"tlp:red,pap:green\"\n\
        domain,b.example,red,,tlp:clear\n\
        domain,c.example,mauve,,tlp:clear\n\
        domain,d.example,,,osint\n";
    let report = imported(&node, "format=csv", csv).await;
    assert_eq!((&report["accepted"], lines(&report)), (&json!(3), vec![4]));
    let items = node.get("/api/v1/indicators").await.json()["items"].clone();
    let read: Vec<_> = items.as_array().unwrap().iter().map(|item| (&item["tlp"], &item["pap"])).collect();
    assert_eq!(
        read,
        [(&json!("red"), &json!("red")), (&json!("red"), &Value::Null), (&json!("amber"), &Value::Null)]
    );
}
