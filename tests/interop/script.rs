//! A client's script: it is given the node's URL and a token, asks for more overlaps by a line `more`, and ends with a line of JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::environment::Environment;
use crate::pair::Pair;

/// Runs a script of `clients/` to its end, with the URL of TAXII.
pub(crate) fn run(environment: &Environment, name: &str, pair: &mut Pair) -> Value {
    run_at(environment, name, "/taxii2/", pair)
}

/// Runs a script of `clients/` to its end, with the URL of a path.
pub(crate) fn run_at(environment: &Environment, name: &str, path: &str, pair: &mut Pair) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop/clients").join(name);
    let mut child = Command::new(environment.python())
        .arg(script)
        .args([pair.https.url(path), pair.token()])
        // What a client leaves behind goes with the lab.
        .current_dir(pair.a.folder())
        // The clients read all of these from the environment, and would go elsewhere or send other credentials.
        .env("REQUESTS_CA_BUNDLE", &pair.https.certificate)
        .env("NO_PROXY", "127.0.0.1")
        .env("NETRC", "/dev/null")
        .env("PYTHONUNBUFFERED", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answer = child.stdin.take().unwrap();
    let mut last = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        last = line.unwrap();
        if last == "more" {
            pair.add_more();
            answer.write_all(b"\n").unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert!(status.success(), "{name} failed; it printed last: {last}\n{}", pair.a.log());
    serde_json::from_str(&last).unwrap_or_else(|error| panic!("{error} in: {last}"))
}
