//! `overlapd events --follow`: a daemon that goes away and comes again, a reader that takes nothing, and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use overlap_tests::{Lab, Node};
use serde_json::Value;

use crate::PROGRAM;
use crate::work::{events, ids, import, wait_until};

/// How soon the command ends once it is told to, on a loaded machine.
const SOON: Duration = Duration::from_secs(10);

/// The command as it follows a node, with what it printed so far.
struct Following {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reading: Option<thread::JoinHandle<()>>,
}

impl Following {
    fn begin(lab: &Lab, args: &[&str]) -> Self {
        let (child, stdout) = spawn(lab, args);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let of_thread = lines.clone();
        let reading = thread::spawn(move || {
            let read = BufReader::new(stdout).lines().map_while(Result::ok);
            read.for_each(|line| of_thread.lock().unwrap().push(line));
        });
        Self { child, lines, reading: Some(reading) }
    }

    /// The events that it printed; every line is one.
    fn events(&self) -> Vec<Value> {
        self.lines.lock().unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Sends it a signal, and says with which code it ends and what it said on stderr.
    fn end_by(&mut self, signal: &str) -> (Option<i32>, String) {
        let ended = end_by(&mut self.child, signal);
        self.reading.take().unwrap().join().unwrap();
        ended
    }
}

fn spawn(lab: &Lab, args: &[&str]) -> (Child, ChildStdout) {
    let mut child = Command::new(PROGRAM)
        .args(["events", "--follow", "--config"])
        .arg(lab.config("a"))
        .args(args)
        .env_remove("OVERLAPD_CONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    (child, stdout)
}

fn end_by(child: &mut Child, signal: &str) -> (Option<i32>, String) {
    let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < SOON, "it does not end by SIG{signal}");
        thread::sleep(Duration::from_millis(20));
    };
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (status.code(), said)
}

fn exchange(node: &Node, peer: &str) {
    let _ = node.command(["exchange", peer]).expect_code(0);
}

#[test]
fn what_is_followed_is_whole_though_the_daemon_is_killed_and_stopped_meanwhile() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let (mut a, b) = (lab.start("a"), lab.start("b"));
    import(&lab, &[&a, &b], 0, 100);
    exchange(&a, "b");
    let before = ids(&events(&a));
    let mut all = Following::begin(&lab, &["--json"]);
    let mut some = Following::begin(&lab, &["--json", "--after", &before[5], "--type", "exchange.completed"]);
    wait_until("what was before is printed", || all.events().len() == before.len());
    for round in 1..4 {
        import(&lab, &[&a, &b], round * 100, round * 100 + 100);
        // Events come while nobody follows: the daemon is gone before they can all be read.
        exchange(&b, "a");
        if round == 2 {
            assert!(a.stop().success())
        } else {
            a.kill()
        }
        thread::sleep(Duration::from_millis(300));
        a = lab.start("a");
    }
    exchange(&a, "b");
    let listed = events(&a);
    assert!(listed.len() >= 405, "{}", listed.len());
    wait_until("all is printed", || all.events().len() >= listed.len());
    assert_eq!(all.events(), listed, "as the list has it: nothing missed, nothing twice");
    let wanted: Vec<Value> =
        listed[6..].iter().filter(|one| one["type"] == "exchange.completed").cloned().collect();
    wait_until("the ends of exchanges are printed", || some.events().len() >= wanted.len());
    assert_eq!(some.events(), wanted);
    assert_eq!(all.end_by("INT"), (Some(0), String::new()));
    // With no daemon either.
    assert!(a.stop().success());
    thread::sleep(Duration::from_millis(1_500));
    assert_eq!(some.end_by("TERM"), (Some(0), String::new()));
    assert_eq!(some.events(), wanted);
}

#[test]
fn a_daemon_that_was_never_there_or_refuses_ends_it() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let follow = |args: &[&str]| {
        let (child, _stdout) = spawn(&lab, args);
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = follow(&["--json"]);
    assert!(code == Some(1) && said.contains("no daemon answers"), "{code:?} {said}");
    let a = lab.start("a");
    let (code, said) = follow(&["--after", "0000000000000001"]);
    assert!(code == Some(2) && said.contains("no event has this id"), "{code:?} {said}");
    // One that comes again with another token refuses too.
    let mut following = Following::begin(&lab, &["--json"]);
    thread::sleep(Duration::from_millis(500));
    assert!(following.child.try_wait().unwrap().is_none());
    let revoked = a.command(["token", "revoke", "operator"]).expect_code(0);
    assert!(revoked.stderr.is_empty(), "{}", revoked.stderr);
    wait_until("it ends", || following.child.try_wait().unwrap().is_some());
    assert_eq!(following.child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_reader_that_takes_nothing_does_not_keep_it_from_ending() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let (a, b) = (lab.start("a"), lab.start("b"));
    // Far more than a pipe holds.
    import(&lab, &[&a, &b], 0, 2_000);
    exchange(&a, "b");
    let (mut child, stdout) = spawn(&lab, &["--json"]);
    thread::sleep(Duration::from_secs(2));
    assert!(child.try_wait().unwrap().is_none());
    assert_eq!(end_by(&mut child, "TERM"), (Some(0), String::new()));
    drop(stdout);
}
