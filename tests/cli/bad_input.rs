//! Bad input gets a clear error, and nothing is lost by it.

use std::os::unix::fs::PermissionsExt;

use overlap_tests::{Lab, run};

use crate::PROGRAM;

#[test]
fn a_mistyped_key_is_named_with_its_line_and_the_nearest() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    lab.edit_config("a", "listen = ", "listn = ");
    let config = lab.config("a");
    for command in [&["config", "check"][..], &["run"], &["status"]] {
        let args = command.iter().copied().chain(["--config", config.to_str().unwrap()]);
        let refused = run(PROGRAM, lab.folder(), args).expect_code(2);
        let expected = "line 8: unknown key `listn` in [peer]; did you mean `listen`?";
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
}

#[test]
fn files_that_cannot_be_imported_cost_nothing_that_is_there() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let _ = node.command(["import", &lab.write("good.txt", "192.0.2.1\n")]).expect_code(0);
    let no_column = lab.write("no-column.csv", "kind,vlaue\nip,192.0.2.2\n");
    let refused = node.command(["import", &no_column]).expect_code(1);
    assert!(refused.stderr.contains("value"), "{}", refused.stderr);
    let missing = node.command(["import", "/nowhere/list.csv"]).expect_code(1);
    assert!(missing.stderr.contains("cannot read /nowhere/list.csv"), "{}", missing.stderr);
    let folder = node.command(["import", lab.folder().to_str().unwrap(), "--format", "csv"]).expect_code(1);
    assert!(folder.stderr.contains("is not a file"), "{}", folder.stderr);
    assert_eq!(node.command(["indicators", "list", "--json"]).json_lines().len(), 1);
}

#[test]
fn a_refusal_is_read_even_while_a_large_file_is_sent() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let rows = "192.0.2.1\n".repeat(4_000_000);
    let no_column = lab.write("large.csv", format!("kind,vlaue\n{rows}"));
    let refused = node.command(["import", &no_column]).expect_code(1);
    assert!(refused.stderr.contains("column"), "{}", refused.stderr);
    std::fs::write(node.folder().join("api.token"), "ovl_wrong").unwrap();
    let large = lab.write("large.txt", rows);
    let refused = node.command(["import", &large]).expect_code(1);
    assert!(refused.stderr.contains("token"), "{}", refused.stderr);
}

#[test]
fn a_bundle_that_was_cut_off_is_refused_whole() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let objects: Vec<String> = (0..30_000)
        .map(|number| format!("{{\"type\":\"domain-name\",\"value\":\"d{number}.example.org\"}}"))
        .collect();
    let whole = format!("{{\"type\":\"bundle\",\"objects\":[{}]}}", objects.join(","));
    let cut = lab.write("cut.json", &whole[..whole.len() - 2]);
    let refused = node.command(["import", &cut]).expect_code(1);
    // Its end could have said that an object is red, or revoked.
    assert!(refused.stderr.contains("cut off"), "{}", refused.stderr);
    assert_eq!(node.command(["status", "--json"]).json()["indicators"]["domain"].as_u64().unwrap_or(0), 0);
    let report = node.command(["import", &lab.write("whole.json", whole), "--json"]).expect_code(0).json();
    assert_eq!((report["accepted"].as_u64(), report["duplicates"].as_u64()), (Some(30_000), Some(0)));
}

#[test]
fn rows_that_cannot_be_read_cost_only_themselves() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let file = lab.write(
        "mixed.ndjson",
        "{\"kind\":\"ip\",\"value\":\"192.0.2.1\"}\nno json\n{\"kind\":\"ip\",\"value\":\"192.0.2.2\"}\n",
    );
    let report = node.command(["import", &file, "--json"]).expect_code(4).json();
    assert_eq!((report["accepted"].as_u64(), report["rejected"][0]["line"].as_u64()), (Some(2), Some(2)));
}

#[test]
fn secrets_that_others_can_read_are_refused_with_the_remedy() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let config = lab.config("a");
    for secret in ["store.key", "receipt.key", "sealing.key", "certificate.key", "api.token"] {
        let path = config.with_file_name(secret);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        for command in [&["run"][..], &["config", "check"]] {
            let args = command.iter().copied().chain(["--config", config.to_str().unwrap()]);
            let refused = run(PROGRAM, lab.folder(), args).expect_code(1);
            let remedy = format!("chmod 600 {}", path.display());
            assert!(refused.stderr.contains(&remedy), "{}", refused.stderr);
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn a_store_that_another_process_holds_is_left_alone() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let export = lab.folder().join("export");
    for command in [&["run"][..], &["export", export.to_str().unwrap()]] {
        let config = lab.config("a");
        let args = command.iter().copied().chain(["--config", config.to_str().unwrap()]);
        let refused = run(PROGRAM, lab.folder(), args).expect_code(1);
        assert!(refused.stderr.contains("open in another process"), "{}", refused.stderr);
    }
    assert!(!export.exists());
    let _ = node.command(["status"]).expect_code(0);
}

#[test]
fn a_lab_is_not_made_over_files() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let args = ["lab", "create", "--dir", "lab", "--members", "a,b"];
    let refused = run(PROGRAM, lab.folder(), args).expect_code(1);
    assert!(refused.stderr.contains("not an empty folder"), "{}", refused.stderr);
}
