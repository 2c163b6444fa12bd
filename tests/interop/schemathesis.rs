//! The node's answers against its own OpenAPI document.

use std::path::Path;
use std::process::Command;

use crate::environment::Environment;
use crate::pair::Pair;

/// Runs all checks with a token of this role, or none: no answer is a failure of the node, none is undocumented, what the document allows
/// is taken and what it does not is refused.
fn keeps_to_its_document(role: Option<&str>) {
    let Some(environment) = Environment::with("schemathesis", &["schemathesis==4.32.5"]) else { return };
    let pair = Pair::start();
    let interop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop");
    let mut command = Command::new(environment.python().with_file_name("schemathesis"));
    // It looks for a config of its own in the working directory and above.
    command.current_dir(pair.a.folder()).env("NO_PROXY", "127.0.0.1").env("NETRC", "/dev/null");
    command.env("OVERLAPD_TOKEN", role.map_or("none".to_owned(), |role| pair.token_of(role)));
    command.env("SCHEMATHESIS_HOOKS", interop.join("clients/schemathesis_hooks.py"));
    command
        .arg("--config-file")
        .arg(interop.join("schemathesis.toml"))
        .args(["run", &pair.https.url("/api/v1/openapi.json")]);
    command.arg("--tls-verify").arg(&pair.https.certificate);
    command.args([
        "--checks",
        "all",
        "--phases",
        "examples,coverage,fuzzing,stateful",
        "--max-examples",
        "10",
    ]);
    command.args(["--generation-deterministic", "--workers", "1", "--request-timeout", "60", "--no-color"]);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", pair.a.log());
    let passed = told.lines().find_map(|line| line.split_once(" generated, ")?.1.split_once(" passed"));
    let passed: u32 = passed.and_then(|(count, _)| count.parse().ok()).unwrap_or(0);
    assert!(passed > 1_000, "{told}");
    if role == Some("admin") {
        check_reach(&told, &pair.a.log());
    }
}

/// Who may do everything went from call to call by links of the document, and revoked tokens, but never its own.
fn check_reach(told: &str, log: &str) {
    let links = told.lines().find_map(|line| line.trim().strip_prefix("API Links:"));
    let covered = links.and_then(|links| links.trim().split(' ').next()?.parse().ok());
    assert!(covered.is_some_and(|covered: u32| covered >= 8), "{told}");
    assert!(
        log.contains("\"token revoked\"")
            && !log.contains("\"token revoked\",\"by\":\"schemathesis\",\"token\":\"schemathesis\"")
    );
}

#[test]
fn schemathesis_finds_nothing_as_an_admin() {
    keeps_to_its_document(Some("admin"));
}

#[test]
fn schemathesis_finds_nothing_as_a_reader() {
    keeps_to_its_document(Some("read"));
}

#[test]
fn schemathesis_finds_nothing_as_an_importer() {
    keeps_to_its_document(Some("import"));
}

#[test]
fn schemathesis_finds_nothing_as_one_who_exchanges() {
    keeps_to_its_document(Some("exchange"));
}

#[test]
fn schemathesis_finds_nothing_without_a_token() {
    keeps_to_its_document(None);
}
