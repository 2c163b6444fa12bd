//! Reads the warning lists that the config names, and puts them in force.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use overlap_api::{WarningLists, WarningListsBuilder};
use overlap_store::Store;

use crate::config::WarningListsSection;
use crate::exit::CommandError;
use crate::files::{self, FileError};

/// The name of a list's file in MISP's layout, where the folder names the list.
const LIST_FILE: &str = "list.json";

/// Reads every list.
///
/// # Errors
/// A file cannot be read or is no list, or a folder has none; the path is named.
pub(crate) fn read(section: &WarningListsSection) -> Result<WarningLists, CommandError> {
    let (begun, mut builder) = (Instant::now(), WarningListsBuilder::default());
    if section.defaults {
        builder.add_defaults().map_err(|error| CommandError::failed(error.to_string()))?;
    }
    for path in &section.files {
        let lists = if path.is_dir() { lists_in(path)? } else { vec![path.clone()] };
        lists.iter().try_for_each(|list| add(&mut builder, list))?;
    }
    let lists = builder.finish();
    let entries: u64 = lists.lists().iter().map(|list| list.entries).sum();
    let milliseconds = begun.elapsed().as_millis() as u64;
    tracing::info!(lists = lists.lists().len(), entries, milliseconds, "warning lists were read");
    Ok(lists)
}

/// Puts lists in force: every indicator is judged by them when this returns.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn put_in_force(store: &dyn Store, lists: &Arc<WarningLists>) -> Result<(), CommandError> {
    let begun = Instant::now();
    store.set_warnings(lists.clone())?;
    let milliseconds = begun.elapsed().as_millis() as u64;
    tracing::info!(lists = lists.lists().len(), milliseconds, "warning lists are in force");
    for list in lists.lists().iter().filter(|list| list.skipped > 0) {
        tracing::info!(list = %list.id, skipped = list.skipped, "entries of a warning list that are no whole value are passed over");
    }
    Ok(())
}

/// The lists in a folder, by their names.
fn lists_in(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let entries = fs::read_dir(folder).map_err(FileError::io("read", folder))?;
    let mut lists = Vec::new();
    for entry in entries {
        let list = entry.map_err(FileError::io("read", folder))?.path().join(LIST_FILE);
        lists.extend(Some(list).filter(|list| list.is_file()));
    }
    lists.sort_unstable();
    if lists.is_empty() {
        let sentence =
            format!("{} has no warning list: none of its folders has a {LIST_FILE}", folder.display());
        return Err(CommandError::failed(sentence));
    }
    Ok(lists)
}

fn add(builder: &mut WarningListsBuilder, path: &Path) -> Result<(), CommandError> {
    let content = files::read(path)?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let id = name_of(path);
    let added = if is_json { builder.add_json(&id, &content) } else { builder.add_text(&id, &content) };
    added.map_err(|error| CommandError::failed(format!("{}: {error}", path.display())))
}

/// The folder's name where the file is called as all of MISP's are, else the file's, without what says its format.
fn name_of(path: &Path) -> String {
    let is_misps = path.file_name().is_some_and(|name| name == LIST_FILE);
    let named = if is_misps { path.parent().and_then(Path::file_name) } else { path.file_stem() };
    named.unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(files: &[&Path]) -> WarningListsSection {
        WarningListsSection { defaults: false, files: files.iter().map(|path| path.to_path_buf()).collect() }
    }

    #[test]
    fn files_and_folders_are_read_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let lists = folder.path().join("lists");
        for name in ["b", "a"] {
            fs::create_dir_all(lists.join(name)).unwrap();
            fs::write(lists.join(name).join(LIST_FILE), r#"{"name":"N","list":["a.example"]}"#).unwrap();
        }
        fs::create_dir(lists.join("empty")).unwrap();
        let own = folder.path().join("own.txt");
        fs::write(&own, "b.example\n").unwrap();
        let read = read(&section(&[&own, &lists])).unwrap();
        let ids: Vec<_> = read.lists().iter().map(|list| (list.id.as_str(), list.name.as_str())).collect();
        assert_eq!(ids, [("own", "own"), ("a", "N"), ("b", "N")]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let bad = folder.path().join("bad.json");
        fs::write(&bad, "{\n\"list\": 7}").unwrap();
        let said = |path: &Path| read(&section(&[path])).unwrap_err().to_string();
        assert!(
            said(&bad).contains("bad.json: not a warning list in MISP's format: line 2"),
            "{}",
            said(&bad)
        );
        assert!(said(&folder.path().join("none.json")).contains("cannot read"));
        assert!(said(folder.path()).contains("has no warning list"));
    }
}
