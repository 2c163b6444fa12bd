//! One run of the program, and what it printed.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Runs `program` with `args` to its end, in `folder`, with no config in the environment.
///
/// # Panics
/// The program cannot be run.
pub fn run<A: AsRef<OsStr>>(program: &str, folder: &Path, args: impl IntoIterator<Item = A>) -> Outcome {
    let output = Command::new(program)
        .args(args)
        .current_dir(folder)
        .env_remove("OVERLAPD_CONFIG")
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Outcome {
    /// This outcome, if the code is the one expected.
    ///
    /// # Panics
    /// It is another; both outputs are shown.
    #[must_use]
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The one JSON document on standard output.
    ///
    /// # Panics
    /// There is something else.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }

    /// Every line of standard output, as JSON.
    ///
    /// # Panics
    /// A line is something else.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in: {line}"));
        self.stdout.lines().map(parse).collect()
    }
}
