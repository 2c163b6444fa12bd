//! Configs that say nothing sensible are refused with the key named.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use overlap_tests::{Lab, run};

use crate::PROGRAM;
use crate::webhooks::write_secret;

const WEBHOOK: &str =
    "\n[[webhook]]\nname = \"soc\"\nurl = \"https://soc.example/\"\nsecret = \"webhook.secret\"\n";
const SYSLOG: &str = "\n[[syslog]]\nname = \"siem\"\ntransport = \"udp\"\naddress = \"localhost:514\"\n";

/// What `config check` says of a config with this at its end.
fn said(lab: &Lab, text: &str) -> (i32, String) {
    let path = lab.config("a");
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{before}{text}")).unwrap();
    let args = ["config", "check", "--config", path.to_str().unwrap()];
    let outcome = run(PROGRAM, Path::new("/"), args);
    std::fs::write(&path, before).unwrap();
    (outcome.code, outcome.stderr)
}

#[test]
fn a_bad_sink_is_refused_with_its_key() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    write_secret(&lab, "a");
    assert_eq!(said(&lab, &format!("{WEBHOOK}{SYSLOG}")), (0, String::new()));
    let webhook = |more: &str| format!("{WEBHOOK}{more}\n");
    let syslog = |more: &str| format!("{SYSLOG}{more}\n");
    let cases = [
        (WEBHOOK.replace("https://soc.example/", "http://soc.example/"), "http:// is for 127.0.0.1"),
        (WEBHOOK.replace("https://", "https://me:word@"), "without user"),
        (WEBHOOK.replace("\"soc\"", "\"S O C\""), "[[webhook]] name"),
        (format!("{WEBHOOK}{WEBHOOK}"), "named twice"),
        (WEBHOOK.replace("name = \"soc\"\n", ""), "missing field `name`"),
        (webhook("typs = []"), "did you mean `types`?"),
        (webhook("types = [\"overlap\"]"), "unknown type of event"),
        (webhook("peers = [\"nobody\"]"), "peers: no [[partner]] is nobody"),
        (webhook("batch = 0"), "batch is 1 to"),
        (webhook("tries = 0"), "tries is at least 1"),
        (webhook("timeout = \"0s\""), "more than 0"),
        (webhook("format = \"cef\""), "cef"),
        (webhook("ca = \"webhook.secret\""), "ca: "),
        (webhook("from = \"never\""), "never"),
        (SYSLOG.replace("\"udp\"", "\"pigeon\""), "pigeon"),
        (SYSLOG.replace("localhost:514", "localhost"), "an address is host:port"),
        (syslog("longest = 100"), "longest is 480 to 65507"),
        (syslog("facility = 24"), "facility is 0 to 23"),
        (syslog("hostname = \"a b\""), "hostname is"),
        (syslog("ca = \"x.pem\""), "ca is for transport"),
        (syslog("format = \"json\""), "json"),
        (format!("{SYSLOG}{SYSLOG}"), "named twice"),
    ];
    for (text, expected) in cases {
        let (code, stderr) = said(&lab, &text);
        assert!(code != 0 && stderr.contains(expected), "{text}\n{code}: {stderr}");
    }
}

#[test]
fn a_secret_that_others_read_or_that_is_none_is_refused() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let path = lab.config("a").with_file_name("webhook.secret");
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    assert!(said(&lab, WEBHOOK).1.contains("webhook.secret"));
    write_secret(&lab, "a");
    mode(0o644);
    assert!(said(&lab, WEBHOOK).1.contains("chmod 600"));
    std::fs::write(&path, "password1\n").unwrap();
    mode(0o600);
    let (code, stderr) = said(&lab, WEBHOOK);
    assert!(code == 1 && stderr.contains("secret:") && stderr.contains("openssl rand"), "{stderr}");
    assert!(!stderr.contains("password1"));
}
