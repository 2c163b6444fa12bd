//! A node's life: stop, reload, crash, export and restore.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use overlap_tests::{Lab, Node, run};

use crate::PROGRAM;

/// Linux's `O_NONBLOCK`.
const NO_WAIT: i32 = 0o4000;

/// How long a loaded machine may take to start a daemon.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_node_stops_cleanly_and_comes_back_with_what_it_had() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let _ = node.command(["import", &lab.write("list.txt", "192.0.2.1\n")]).expect_code(0);
    let socket = node.folder().join("api.sock");
    assert!(node.stop().success());
    assert!(!socket.exists());
    let node = lab.start("a");
    assert_eq!(node.command(["indicators", "list", "--json"]).json_lines().len(), 1);
}

#[test]
fn a_killed_nodes_socket_is_replaced() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let _ = node.command(["import", &lab.write("list.txt", "192.0.2.1\n")]).expect_code(0);
    let socket = node.folder().join("api.sock");
    node.kill();
    assert!(socket.exists());
    let node = lab.start("a");
    assert_eq!(node.command(["indicators", "list", "--json"]).json_lines().len(), 1);
}

#[test]
fn a_node_that_is_told_to_stop_while_it_starts_stops() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    // The start waits for a list that nobody ends.
    let list = lab.folder().join("list.txt");
    assert!(Command::new("mkfifo").arg(&list).status().expect("mkfifo runs").success());
    lab.edit_config("a", "defaults = false", &format!("defaults = false\nfiles = [\"{}\"]", list.display()));
    let mut node = Node::spawn(PROGRAM, &lab.config("a"));
    // Opens once somebody reads it, and does not wait for that.
    let begun = Instant::now();
    let written = loop {
        match File::options().write(true).custom_flags(NO_WAIT).open(&list) {
            Ok(written) => break written,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}:\n{}", node.log()),
        }
        sleep(Duration::from_millis(20));
    };
    node.signal("TERM");
    assert!(node.wait().success(), "{}", node.log());
    assert!(node.log().contains("stopped before it was ready"), "{}", node.log());
    drop(written);
}

#[test]
fn a_good_config_is_taken_on_hangup_and_a_bad_one_is_not() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let every = || node.command(["peers", "--json"]).json_lines()[0]["every_seconds"].as_u64();
    assert_eq!(every(), None);
    lab.edit_config("a", "# every = \"6h\"", "every = \"6h\"");
    node.signal("HUP");
    node.wait_for_log("reloaded");
    assert_eq!(every(), Some(21_600));
    lab.edit_config("a", "every = \"6h\"", "evry = \"6h\"");
    node.signal("HUP");
    node.wait_for_log("nothing was reloaded");
    assert!(node.log().contains("did you mean `every`?"), "{}", node.log());
    // The command line reads the config too.
    lab.edit_config("a", "evry = \"6h\"", "every = \"7h\"");
    assert_eq!(every(), Some(21_600));
}

#[test]
fn the_operators_token_and_the_apis_certificate_are_read_again_on_hangup() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let (token, certificate) = (node.folder().join("api.token"), node.folder().join("api.pem"));
    let other = format!("ovl_{}", "A".repeat(43));
    std::fs::write(&token, &other).unwrap();
    let _ = node.command(["status"]).expect_code(1);
    node.signal("HUP");
    node.wait_for_log("reloaded");
    let _ = node.command(["status"]).expect_code(0);
    std::fs::write(&certificate, "none").unwrap();
    node.signal("HUP");
    node.wait_for_log("nothing was reloaded");
    assert!(node.log().contains("api.pem cannot be used for TLS"), "{}", node.log());
}

#[test]
fn the_scheduler_begins_exchanges_by_itself() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    lab.edit_config("a", "# every = \"6h\"", "every = \"6h\"");
    let (b, a) = (lab.start("b"), lab.start("a"));
    a.wait_for_log("scheduled exchange");
    assert!(a.log().contains("Done"), "{}", a.log());
    assert_eq!(b.command(["receipts", "--json"]).expect_code(0).json_lines().len(), 1);
}

#[test]
fn an_export_is_restored_into_an_empty_store() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let _ = node.command(["import", &lab.write("list.txt", "192.0.2.1\n192.0.2.2\n")]).expect_code(0);
    assert!(node.stop().success());
    let config = lab.config("a");
    let (config, export) = (config.to_str().unwrap(), lab.folder().join("a.export"));
    let file = export.to_str().unwrap();
    let _ = run(PROGRAM, lab.folder(), ["export", file, "--config", config]).expect_code(0);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&export).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let _ = run(PROGRAM, lab.folder(), ["export", file, "--config", config]).expect_code(1);
    std::fs::remove_dir_all(lab.config("a").with_file_name("store")).unwrap();
    let _ = run(PROGRAM, lab.folder(), ["restore", file, "--config", config]).expect_code(0);
    let node = lab.start("a");
    assert_eq!(node.command(["indicators", "list", "--json"]).json_lines().len(), 2);
}
