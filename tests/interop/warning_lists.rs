//! MISP's warning lists, all of them and as they are, in a running node.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use overlap_tests::{Lab, Node};
use serde_json::Value;

use crate::PROGRAM;
use crate::environment::Environment;

/// What a node with two and a half million entries may have resident: the lists' hashes take 27 MB, and reading the largest some 50 more.
const MOST_MEBIBYTES: u64 = 400;

/// Lists whose entries stand for no whole value: ids of applications, patterns, and top-level domains.
const WITHOUT_VALUES: [&str; 4] = ["common-contact-emails", "microsoft-azure-appid", "phone_numbers", "tlds"];

#[test]
fn every_list_of_pymispwarninglists_loads_as_it_is() {
    let Some(environment) = Environment::with("pymispwarninglists", &["pymispwarninglists==1.7.0"]) else {
        return;
    };
    let folder = lists_folder(&environment);
    let files = files(&folder);
    assert_eq!(files.len(), 119);
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let named = format!("defaults = false\nfiles = [{:?}]", folder.to_str().unwrap());
    lab.edit_config("a", "defaults = false", &named);
    let node = lab.start("a");
    let told = node.api("/api/v1/warning-lists");
    let told: BTreeMap<&str, &Value> =
        told["items"].as_array().unwrap().iter().map(|list| (list["id"].as_str().unwrap(), list)).collect();
    assert_eq!(told.len(), files.len());
    let (mut values, mut without) = (Vec::new(), BTreeSet::new());
    for (slug, file) in &files {
        let (list, told) = (file["list"].as_array().unwrap(), told[slug.as_str()]);
        assert_eq!((&told["name"], &told["type"]), (&file["name"], &file["type"]), "{slug}");
        let number = |key: &str| told[key].as_u64().unwrap() as usize;
        assert_eq!(number("entries") + number("skipped"), list.len(), "{slug}");
        if number("entries") == 0 && !list.is_empty() {
            without.insert(slug.as_str());
        }
        let exact = ["string", "hostname"].map(Value::from).contains(&file["type"]);
        values.extend(list.iter().filter(|_| exact).step_by(list.len() / 3 + 1).filter_map(Value::as_str));
    }
    assert_eq!(without, BTreeSet::from(WITHOUT_VALUES));
    holds_what_is_on_them(&lab, &node, &values);
    let resident = resident_mebibytes(node.id());
    assert!(resident < MOST_MEBIBYTES, "{resident} MiB resident");
    println!("{} lists, {resident} MiB resident; {}", told.len(), loaded(&node));
}

/// Every value that an import takes is on a list, and so is held.
fn holds_what_is_on_them(lab: &Lab, node: &Node, values: &[&str]) {
    let names = values.iter().map(|value| value.trim_start_matches('.'));
    let file = lab.write("values.txt", names.collect::<Vec<_>>().join("\n"));
    let report = node.command(["import", "--json", &file]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert!(report["accepted"].as_u64().unwrap() > 60, "{report}");
    assert_eq!(report["held"], report["accepted"]);
}

/// The folder with the lists in the package, which is found without running any of it.
fn lists_folder(environment: &Environment) -> PathBuf {
    let find =
        "import importlib.util as u; print(u.find_spec('pymispwarninglists').submodule_search_locations[0])";
    let found = Command::new(environment.python()).args(["-c", find]).output().unwrap();
    let package = String::from_utf8(found.stdout).unwrap();
    Path::new(package.trim()).join("data/misp-warninglists/lists")
}

fn files(folder: &Path) -> Vec<(String, Value)> {
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |folder: PathBuf| {
        let text = std::fs::read(folder.join("list.json")).unwrap();
        let slug = folder.file_name().unwrap().to_str().unwrap().to_owned();
        (slug, serde_json::from_slice(&text).unwrap())
    };
    folders.map(read).collect()
}

fn resident_mebibytes(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// The log's line about them, with the time that they took.
fn loaded(node: &Node) -> String {
    let log = node.log();
    log.lines().find(|line| line.contains("warning lists were read")).unwrap().to_owned()
}
