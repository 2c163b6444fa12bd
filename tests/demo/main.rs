//! The demo, as a newcomer runs it.

use std::path::Path;
use std::process::{Command, Stdio};

use overlap_tests::run;

const PROGRAM: &str = env!("CARGO_BIN_EXE_overlapd");

#[test]
fn the_demo_runs_three_exchanges_and_ends() {
    let outcome = run(PROGRAM, Path::new("/"), ["demo", "--once", "--json"]).expect_code(0);
    let report = outcome.json();
    let exchanges = report["exchanges"].as_array().unwrap();
    assert_eq!(exchanges.len(), 3);
    for pair in exchanges {
        for learned in pair["learned"].as_array().unwrap() {
            let total: u64 = learned.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
            assert_eq!(total, 60, "each pair was dealt 60 indicators in common");
        }
        assert!(!pair["examples"].as_array().unwrap().is_empty());
    }
    for node in report["nodes"].as_array().unwrap() {
        assert!(!Path::new(node["socket"].as_str().unwrap()).exists(), "nothing is left behind");
    }
}

#[test]
fn the_demo_tells_people_what_each_pair_learned() {
    let outcome = run(PROGRAM, Path::new("/"), ["demo", "--once"]).expect_code(0);
    for text in ["police and payments", "payments learned 60", "written by hotline", "crossed"] {
        assert!(outcome.stdout.contains(text), "no {text:?} in:\n{}", outcome.stdout);
    }
}

#[test]
fn an_interrupted_demo_ends_its_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Command::new(PROGRAM)
        .arg("demo")
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(demo.stdout.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("run until Ctrl-C")));
    let interrupted = Command::new("kill").args(["-s", "INT", &demo.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert!(demo.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "its folder is gone");
}
