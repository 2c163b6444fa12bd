//! A node whose store has a hostile string in every field that a partner or a file can fill.
//!
//! An export of a real store is written anew with other texts in it, and restored into an empty one: so every field can be reached, whatever
//! the checks at the edge would have kept out.

use std::fs;
use std::path::PathBuf;

use data_encoding::HEXLOWER;
use overlap_tests::Lab;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::PROGRAM;
use crate::lab_config::add_warning_lists;

/// A lab whose member `police` has a store that is full of these strings.
pub(crate) fn hostile_lab(strings: &[String]) -> Lab {
    let export = real_export();
    let lab = Lab::create(PROGRAM, &["police", "payments"]);
    let lists = warning_lists(&lab, strings);
    add_warning_lists(&lab, &lists);
    let file = lab.write("hostile.overlap", with_strings(&export, strings));
    let config = lab.config("police");
    let config = config.to_str().unwrap();
    let _ = overlap_tests::run(PROGRAM, lab.folder(), ["restore", &file, "--config", config]).expect_code(0);
    lab
}

/// A folder with a warning list for each string, which holds one indicator.
fn warning_lists(lab: &Lab, strings: &[String]) -> PathBuf {
    let folder = lab.folder().join("lists");
    for (number, text) in strings.iter().enumerate() {
        let list = folder.join(format!("{number:03}"));
        fs::create_dir_all(&list).unwrap();
        let json = json!({
            "name": text, "description": text, "version": 1, "type": "string", "list": [format!("site:n{number}")],
        });
        fs::write(list.join("list.json"), json.to_string()).unwrap();
    }
    folder
}

/// The lines of an export of a node that has compared a list with a partner.
fn real_export() -> Vec<Value> {
    let lab = Lab::create(PROGRAM, &["police", "payments"]);
    let list = lab.write("list.csv", "kind,value,source,note\naccount,site:a,s,n\n");
    let nodes = [lab.start("police"), lab.start("payments")];
    for node in &nodes {
        let _ = node.command(["import", &list, "--json"]).expect_code(0);
    }
    let _ = nodes[0].command(["exchange", "payments", "--json"]).expect_code(0);
    for node in nodes {
        assert!(node.stop().success());
    }
    let (file, config) = (lab.folder().join("export"), lab.config("police"));
    let args = ["export", file.to_str().unwrap(), "--config", config.to_str().unwrap()];
    let _ = overlap_tests::run(PROGRAM, lab.folder(), args).expect_code(0);
    fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same export with a record of each kind for each string.
fn with_strings(export: &[Value], strings: &[String]) -> String {
    let one = |name: &str| export.iter().find(|line| line["record"] == name).unwrap().clone();
    let numbered = || strings.iter().enumerate();
    let exchanges = numbered().map(|(number, text)| exchange(one("exchange"), number, text));
    let indicators = numbered().map(|(number, text)| indicator(one("indicator"), number, text));
    let overlaps = numbered().map(|(number, text)| overlap(one("overlap"), number, text));
    let events: Vec<_> = numbered().map(|(number, _)| event(one("event"), number)).collect();
    let letters = events.iter().zip(strings).map(|(event, text)| letter(event, text));
    let node = export.iter().skip(1).take_while(|line| line["record"] != "section");
    let node = node.filter(|line| !["event", "position"].iter().any(|name| line["record"] == *name)).cloned();
    let sections = [
        ("node", node.chain(events.iter().cloned()).chain(letters).collect()),
        ("exchanges", exchanges.collect::<Vec<_>>()),
        ("indicators", indicators.collect()),
        ("overlaps", overlaps.collect()),
    ];
    written(&export[0], &sections)
}

/// Lines, sections and sums as the format has them.
fn written(first: &Value, sections: &[(&str, Vec<Value>)]) -> String {
    let _ = first;
    let mut file = FIRST_LINE.to_owned();
    let mut all = 0;
    for (name, records) in sections {
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        let sum = HEXLOWER.encode(&Sha256::digest(lines.as_bytes()));
        file.push_str(&lines);
        let count = records.len();
        file.push_str(&format!(
            "{}\n",
            json!({ "record": "section", "name": name, "records": count, "sha256": sum })
        ));
        all += count + 1;
    }
    let sum = HEXLOWER.encode(&Sha256::digest(file.as_bytes()));
    file + &format!("{}\n", json!({ "record": "end", "records": all, "sha256": sum }))
}

/// The format's first line, to the byte.
const FIRST_LINE: &str = "{\"overlapd-export\":1,\"sealed\":false,\"warning\":\"NOT SEALED: every indicator stands here in plain text\"}\n";

fn exchange(mut record: Value, number: usize, text: &str) -> Value {
    record["id"] = id(number).into();
    record["sequence"] = number.into();
    record["purpose"] = text.into();
    record["case_reference"] = text.into();
    record["state"] = "refused".into();
    record["receipt"] = Value::Null;
    record["seconds"] = json!([["total", "0.5"], [text, "0.25"]]);
    record["failure"] = json!({ "code": 12, "by": "peer", "sentence": text, "retry_after": null });
    record
}

/// The event that the exchange of this number ended.
fn event(mut record: Value, number: usize) -> Value {
    let first = u64::from_str_radix(record["id"].as_str().unwrap(), 16).unwrap();
    record["id"] = format!("{:016x}", first + 1 + number as u64).into();
    record["type"] = "exchange.refused".into();
    record["exchange"] = id(number).into();
    record
}

/// That a webhook refused an event.
fn letter(event: &Value, text: &str) -> Value {
    json!({
        "record": "letter", "sink": "webhook/soc", "event": event["id"], "reason": text, "tries": 5, "given_up": event["time"],
        "again": false,
    })
}

fn indicator(mut record: Value, number: usize, text: &str) -> Value {
    record["canonical"] = format!("site:n{number}").into();
    for field in ["raw", "source", "note"] {
        record[field] = text.into();
    }
    record
}

fn overlap(mut record: Value, number: usize, text: &str) -> Value {
    record["indicator"] = id(number).into();
    record["exchange"] = id(number).into();
    // A canonical form that is the raw one is shown once.
    record["raw"] = format!("{text} ").into();
    record["canonical"] = text.into();
    record
}

/// An id of 16 bytes, in hex.
pub(crate) fn id(number: usize) -> String {
    format!("{number:032x}")
}
