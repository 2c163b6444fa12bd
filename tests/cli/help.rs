//! Help is the manual: pinned, so that a change of it is seen.

use std::path::Path;

use overlap_tests::run;

use crate::PROGRAM;

/// Every command whose help is pinned.
const COMMANDS: [&str; 45] = [
    "",
    "demo",
    "lab",
    "lab create",
    "init",
    "run",
    "status",
    "config",
    "config check",
    "token",
    "token add",
    "token revoke",
    "token list",
    "import",
    "indicators",
    "indicators list",
    "indicators override",
    "indicators hold",
    "indicators withdraw",
    "warning-lists",
    "query",
    "export",
    "restore",
    "exchange",
    "overlaps",
    "events",
    "peers",
    "agreements",
    "receipts",
    "receipts verify",
    "audit",
    "audit list",
    "audit verify",
    "roster",
    "roster new",
    "roster add",
    "roster suspend",
    "roster rotate",
    "roster sign",
    "roster verify",
    "roster show",
    "roster import",
    "bench",
    "bench exchange",
    "completions",
];

#[test]
fn help_texts_are_as_pinned() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.bind(|| {
        for command in COMMANDS {
            let args = command.split_whitespace().chain(["--help"]);
            let help = run(PROGRAM, Path::new("/"), args).expect_code(0).stdout;
            let name = if command.is_empty() { "overlapd".to_owned() } else { command.replace(' ', "-") };
            insta::assert_snapshot!(name, help);
        }
    });
}

#[test]
fn only_what_is_built_is_offered() {
    let help =
        |args: &[&str]| run(PROGRAM, Path::new("/"), args.iter().chain(&["--help"])).expect_code(0).stdout;
    assert!(!help(&[]).contains("lookup"));
    assert!(help(&["exchange"]).contains("vole") && !help(&["exchange"]).contains("count"));
    assert!(help(&["import"]).contains("stix") && help(&["import"]).contains("misp"));
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(PROGRAM, Path::new("/"), ["completions", shell]).expect_code(0).stdout;
        assert!(script.contains("overlaps"), "{shell}");
    }
}
