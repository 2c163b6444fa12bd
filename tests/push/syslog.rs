//! Syslog over TLS, TCP and UDP, with texts that would like to be something else.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use overlap_tests::Lab;
use serde_json::{Value, json};

use crate::PROGRAM;
use crate::receiver::certificate;
use crate::syslog_receiver::{Message, Messages, SyslogReceiver};
use crate::webhooks::free_port;
use crate::work::{append, events, ids, import, wait_until};

/// Values that a list may hold and that a reader of logs would stumble over.
fn hostile() -> Vec<String> {
    let mut values: Vec<String> = [
        "a]b",
        "a\"b",
        "a\\b",
        "a\\]b",
        "a=b",
        "a|b|c",
        "[x@1 y=\"z\"]",
        "<13>1 - - - - - -",
        "CEF:0|a|b|c|d|e|9|",
        "\u{feff}bom",
        "é\u{202e}x",
        "%0a%00",
        "{\"@timestamp\":1}",
        "x y  z",
        "a\nb",
        "a\r\nb",
        "nul\0nul",
        "\u{1b}[2J",
    ]
    .iter()
    .map(|text| format!("shop:{text}"))
    .collect();
    values.push(format!("shop:{}", "]\"\\".repeat(2_000)));
    values.push(format!("shop:{}", "é".repeat(32 << 10)));
    values
}

fn import_hostile(lab: &Lab, nodes: &[&overlap_tests::Node]) {
    let rows: String =
        hostile().iter().map(|value| format!("{}\n", json!({"kind": "account", "value": value}))).collect();
    let file = lab.write("hostile.ndjson", rows);
    for node in nodes {
        let outcome = node.command(["import", &file]);
        // Some are no accounts: what matters is what is taken.
        assert!([0, 4].contains(&outcome.code), "{}", outcome.stderr);
    }
}

fn read(messages: &Messages) -> Vec<Message> {
    let messages = messages.lock().unwrap();
    let read = |bytes: &Vec<u8>| {
        Message::read(bytes).unwrap_or_else(|| panic!("not RFC 5424: {}", String::from_utf8_lossy(bytes)))
    };
    messages.iter().map(read).collect()
}

fn parameters(messages: &Messages, name: &str) -> Vec<String> {
    read(messages).iter().filter_map(|message| message.parameter(name).map(str::to_owned)).collect()
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[test]
fn messages_over_tls_are_read_by_the_grammar_whatever_is_in_them_and_none_is_lost() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let (tls, pem) = certificate();
    let (port, messages) = (free_port(), Messages::default());
    std::fs::write(lab.config("a").with_file_name("siem.pem"), pem).unwrap();
    append(
        &lab,
        "a",
        &format!(
            "\n[[syslog]]\nname = \"siem\"\ntransport = \"tls\"\naddress = \"localhost:{port}\"\nca = \"siem.pem\"\nenterprise = 99999\nlongest_wait = \"1s\"\nlongest = 16384\n"
        ),
    );
    let (a, b) = (lab.start("a"), lab.start("b"));
    import_hostile(&lab, &[&a, &b]);
    let _ = a.command(["exchange", "b"]).expect_code(0);
    let receiver = SyslogReceiver::stream(port, Some(tls.clone()), messages.clone());
    let first = ids(&events(&a));
    wait_until("all arrive", || parameters(&messages, "id").len() >= first.len());
    drop(receiver);
    import(&lab, &[&a, &b], 0, 30);
    let _ = a.command(["exchange", "b"]).expect_code(0);
    a.kill();
    let a = lab.start("a");
    let _receiver = SyslogReceiver::stream(port, Some(tls), messages.clone());
    let all = events(&a);
    let expected = ids(&all);
    wait_until("all arrive again", || {
        let seen: HashSet<String> = parameters(&messages, "id").into_iter().collect();
        expected.iter().all(|id| seen.contains(id))
    });
    let mut seen = HashSet::new();
    let order: Vec<String> =
        parameters(&messages, "id").into_iter().filter(|id| seen.insert(id.clone())).collect();
    assert_eq!(order, expected, "in order, each of them");
    check_values(&messages, &all);
}

fn check_values(messages: &Messages, events: &[Value]) {
    for message in read(messages) {
        assert_eq!((message.hostname.as_str(), message.application.as_str()), ("a", "overlapd"));
        assert_eq!((message.priority / 8, message.elements[0].0.as_str()), (16, "overlapd@99999"));
        assert!(message.text.starts_with(b"\xef\xbb\xbf") && std::str::from_utf8(&message.text).is_ok());
        assert!(!message.text.iter().any(|byte| *byte < 32));
        let of = |event: &&Value| event["id"].as_str() == message.parameter("id");
        let event = events.iter().find(of).unwrap();
        assert_eq!(event["type"].as_str(), Some(message.id.as_str()));
        let Some(value) = message.parameter("value") else { continue };
        let whole = plain(event["data"]["value"].as_str().unwrap());
        let is_cut = value.ends_with('\u{2026}') && whole.starts_with(value.trim_end_matches('\u{2026}'));
        assert!(value == whole || (is_cut && whole.len() > 2_000), "{value}");
    }
    let values = parameters(messages, "canonical");
    for part in ["]", "\"", "\\", "|", "="] {
        assert!(values.iter().any(|value| value.contains(part)), "no value has {part}");
    }
}

#[test]
fn cef_over_tcp_and_ecs_in_datagrams_are_one_line_each() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let (cef, ecs) = (Messages::default(), Arc::new(Mutex::new(Vec::new())));
    let stream = SyslogReceiver::stream(0, None, cef.clone());
    let datagrams = SyslogReceiver::datagrams(ecs.clone());
    append(
        &lab,
        "a",
        &format!(
            "\n[[syslog]]\nname = \"cef\"\ntransport = \"tcp\"\naddress = \"127.0.0.1:{}\"\nformat = \"cef\"\n\n[[syslog]]\nname = \"ecs\"\ntransport = \"udp\"\naddress = \"127.0.0.1:{}\"\nformat = \"ecs\"\ntypes = [\"overlap.found\"]\npeers = [\"b\"]\n",
            stream.port, datagrams.port
        ),
    );
    let (a, b) = (lab.start("a"), lab.start("b"));
    import_hostile(&lab, &[&a, &b]);
    let _ = a.command(["exchange", "b"]).expect_code(0);
    let expected = events(&a).len();
    wait_until("all arrive", || {
        cef.lock().unwrap().len() >= expected && ecs.lock().unwrap().len() >= expected - 1
    });
    for message in read(&cef) {
        let text = String::from_utf8(message.text).unwrap();
        assert!(
            text.starts_with("CEF:0|overlapd|overlapd|") && !text.chars().any(char::is_control),
            "{text}"
        );
        assert!(text.splitn(8, '|').nth(7).unwrap().contains("externalId="));
    }
    for message in read(&ecs) {
        let document: Value = serde_json::from_slice(&message.text).unwrap();
        assert_eq!(document["event"]["kind"], "enrichment");
        assert!(message.id == "overlap.found" && message.elements.is_empty());
    }
    assert!(ecs.lock().unwrap().iter().all(|message| message.len() <= 2_048));
}
