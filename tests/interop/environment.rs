//! Virtual environments of Python with a client in each.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// What pip says where it cannot reach an index, as against a requirement that is wrong.
const OUT_OF_REACH: [&str; 5] = [
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Max retries exceeded",
    "Read timed out",
    "ProxyError",
];

/// Whether a client that cannot be had is a failure: where all of these tests are to run, such as in CI.
pub(crate) fn is_needed() -> bool {
    std::env::var_os("OVERLAPD_INTEROP").is_some_and(|value| value == "needed")
}

/// One is made at a time: tests that run side by side share some.
static MAKING: Mutex<()> = Mutex::new(());

/// A virtual environment.
pub(crate) struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The environment of this name with these requirements, made if it is not there; `None`, and a line that says why, where it cannot be had.
    #[expect(clippy::print_stdout, reason = "a test that passes over what it is for has to say so")]
    pub(crate) fn with(name: &str, requirements: &[&str]) -> Option<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop").join(name);
        let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, wanted) = (folder.join("requirements"), requirements.join("\n"));
        let environment = Self { folder };
        if std::fs::read_to_string(&done).is_ok_and(|has| has == wanted) {
            return Some(environment);
        }
        if let Err(reason) = environment.make(requirements) {
            assert!(!is_needed(), "{name} cannot be installed: {reason}");
            println!("passed over, {name} cannot be installed: {reason}");
            return None;
        }
        std::fs::write(done, wanted).unwrap();
        Some(environment)
    }

    /// Its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join("bin").join("python")
    }

    fn make(&self, requirements: &[&str]) -> Result<(), String> {
        let _ = std::fs::remove_dir_all(&self.folder);
        std::fs::create_dir_all(&self.folder).unwrap();
        let made = Command::new("python3").args(["-m", "venv"]).arg(&self.folder).output();
        let made = made.map_err(|error| format!("python3: {error}"))?;
        if !made.status.success() {
            return Err(format!("python3 -m venv: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "3"];
        let installed = Command::new(self.python()).args(pip).args(requirements).output().unwrap();
        let said = String::from_utf8_lossy(&installed.stderr);
        match installed.status.success() {
            true => Ok(()),
            false if OUT_OF_REACH.iter().any(|text| said.contains(text)) => {
                Err("no index is in reach".into())
            }
            false => panic!("pip failed:\n{said}"),
        }
    }
}
