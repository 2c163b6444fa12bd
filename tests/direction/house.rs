//! The workspace as the rules see it: packages, their own dependencies, their sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::sources;

/// A package.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// What its manifest names, without what only its tests and its build script use.
    pub(crate) dependencies: Vec<String>,
    /// Paths from the workspace's root, and texts.
    pub(crate) sources: Vec<(String, String)>,
}

/// The workspace.
#[derive(Debug)]
pub(crate) struct House {
    /// Its members.
    pub(crate) packages: Vec<Package>,
}

impl House {
    /// Reads this workspace.
    pub(crate) fn of_this_workspace() -> Self {
        let metadata = cargo_metadata();
        let packages = metadata["packages"].as_array().expect("cargo metadata lists packages");
        Self { packages: packages.iter().map(read_package).collect() }
    }
}

/// The folder of the workspace's manifest.
pub(crate) fn workspace_root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests' folder stands in the workspace").to_owned()
}

fn cargo_metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(workspace_root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

fn read_package(package: &Value) -> Package {
    let name = text(&package["name"]);
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let folder = manifest.parent().expect("a manifest stands in a folder");
    let dependencies = package["dependencies"].as_array().expect("a package lists its dependencies");
    Package {
        name,
        dependencies: dependencies.iter().filter(|d| d["kind"].is_null()).map(|d| text(&d["name"])).collect(),
        sources: read_sources(folder),
    }
}

/// Every shipped source below `folder`: tests, benches and build scripts are left out.
fn read_sources(folder: &Path) -> Vec<(String, String)> {
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a package's folder can be read") {
        let path = entry.expect("a package's folder can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !["tests", "benches", "examples", "target"].contains(&name.as_str()) {
            sources.extend(read_sources(&path));
        } else if name.ends_with(".rs") && name != "build.rs" {
            let shown = path.strip_prefix(workspace_root()).unwrap_or(&path).to_string_lossy().into_owned();
            sources.push((shown, std::fs::read_to_string(&path).expect("a source is text")));
        }
    }
    let tests = sources::test_modules(&sources);
    sources.retain(|(path, _)| !tests.contains(path));
    sources
}

fn text(value: &Value) -> String {
    value.as_str().expect("cargo metadata has a text here").to_owned()
}
