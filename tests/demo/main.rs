//! The demo, as a newcomer runs it.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use overlap_tests::run;

const PROGRAM: &str = env!("CARGO_BIN_EXE_overlapd");

/// How long a node may take to end; a loaded machine needs some of it.
const PATIENCE: Duration = Duration::from_secs(60);

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
    let (mut demo, _output) = waiting_demo(folder.path());
    signal(&demo, "INT");
    assert!(demo.wait().unwrap().success());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "its folder is gone");
}

#[test]
fn a_killed_demo_leaves_no_node_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (mut demo, _output) = waiting_demo(folder.path());
    let sockets = sockets_below(folder.path());
    assert_eq!(sockets.len(), 3);
    demo.kill().unwrap();
    demo.wait().unwrap();
    // A node removes its socket at its end.
    let begun = Instant::now();
    while sockets.iter().any(|socket| socket.exists()) {
        assert!(begun.elapsed() < PATIENCE, "a node still runs");
        sleep(Duration::from_millis(100));
    }
}

/// A demo that has done its exchanges and waits, and its output: it may go on writing, so the pipe stays open.
fn waiting_demo(folder: &Path) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut demo = Command::new(PROGRAM)
        .arg("demo")
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("run until Ctrl-C")));
    (demo, lines)
}

fn signal(demo: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &demo.id().to_string()]).status().unwrap().success());
}

fn sockets_below(folder: &Path) -> Vec<PathBuf> {
    let demo = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let members = ["police", "payments", "hotline"];
    members
        .iter()
        .map(|member| demo.join("lab").join(member).join("api.sock"))
        .filter(|path| path.exists())
        .collect()
}
