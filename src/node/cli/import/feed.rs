//! A MISP feed on the disk: `manifest.json` names the events, each in a file of its own.
//!
//! Only files that the manifest names by a UUID are read, and only in the feed's own folder: no path, no link, no URL of a feed is followed.

use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::report::{ImportReport, RejectedRow};
use super::{Format, Job, upload};
use crate::client::{Client, ClientError};
use crate::exit::CommandError;
use crate::files::FileError;
use crate::output::Output;

/// The largest manifest that is read, in bytes: 300 bytes for each of some hundred thousand events.
const LARGEST_MANIFEST: u64 = 64 * 1024 * 1024;

const MANIFEST: &str = "manifest.json";

/// Whether a folder is a feed.
pub(crate) fn is_feed(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file()
}

/// What was imported of a feed, and why no more.
#[derive(Debug, Default)]
pub(crate) struct FeedImport {
    pub(crate) report: ImportReport,
    /// None if it was read to its end.
    pub(crate) error: Option<CommandError>,
}

/// Imports every event of a feed. One that cannot be read is a reject, and the others are imported. A failure that is no event's ends it, and
/// what was done before is told.
///
/// # Errors
/// The folder has no manifest of a feed.
pub(crate) async fn import(
    client: &Client,
    folder: &Path,
    job: &Job<'_>,
    output: Output,
) -> Result<FeedImport, CommandError> {
    let names = events(folder)?;
    Ok(import_each(folder, names, async |path| upload(client, path, Format::Misp, job, output).await).await)
}

async fn import_each(
    folder: &Path,
    names: Vec<String>,
    import: impl AsyncFn(&Path) -> Result<ImportReport, CommandError>,
) -> FeedImport {
    let mut whole = ImportReport::default();
    for name in names {
        let Some(path) = event_file(folder, &name) else {
            whole.refuse(&name, "the manifest names this event, and the feed's folder has no such file");
            continue;
        };
        match import(&path).await {
            Ok(report) => whole.add(&name, report),
            Err(CommandError::Client(ClientError::Problem(problem))) if problem.status == 422 => {
                whole.refuse(&name, problem.detail.as_deref().unwrap_or(&problem.title));
                whole.add(&name, problem.import.map(|report| *report).unwrap_or_default());
            }
            Err(error) => {
                whole.refuse(&name, &format!("the feed was imported up to this event: {error}"));
                return FeedImport { report: whole, error: Some(error) };
            }
        }
    }
    FeedImport { report: whole, error: None }
}

/// The names of the events: the manifest's keys that are UUIDs, without what it says of them.
fn events(folder: &Path) -> Result<Vec<String>, CommandError> {
    let path = folder.join(MANIFEST);
    let no_feed = || FileError::NotA { path: path.clone(), expected: "the manifest of a MISP feed" };
    let metadata = std::fs::metadata(&path).map_err(FileError::io("read", &path))?;
    if metadata.len() > LARGEST_MANIFEST {
        return Err(no_feed().into());
    }
    let text = std::fs::read(&path).map_err(FileError::io("read", &path))?;
    let manifest: std::collections::BTreeMap<String, IgnoredAny> =
        serde_json::from_slice(&text).map_err(|_| no_feed())?;
    if !manifest.keys().all(|name| is_uuid(name)) {
        return Err(no_feed().into());
    }
    Ok(manifest.into_keys().collect())
}

/// The file of an event, if it is one and no link to another.
fn event_file(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(format!("{name}.json"));
    std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()).then_some(path)
}

/// RFC 9562's text form: nothing in it leads out of a folder.
fn is_uuid(name: &str) -> bool {
    name.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

impl ImportReport {
    /// Adds the report of one event's file.
    fn add(&mut self, name: &str, report: ImportReport) {
        self.accepted += report.accepted;
        self.held += report.held;
        self.duplicates += report.duplicates;
        self.rejected_more += report.rejected_more;
        self.unmarked += report.unmarked;
        self.left_out += report.left_out;
        for row in report.rejected {
            self.reject(RejectedRow { file: Some(format!("{name}.json")), ..row });
        }
    }

    fn refuse(&mut self, name: &str, reason: &str) {
        self.reject(RejectedRow {
            file: Some(format!("{name}.json")),
            line: 1,
            id: Some(name.to_owned()),
            kind: None,
            reason: reason.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_uuids_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = |text: &str| {
            std::fs::write(folder.path().join(MANIFEST), text).unwrap();
            events(folder.path())
        };
        let name = "5f0e1d2c-0000-4000-8000-000000000001";
        assert!(!is_feed(folder.path()));
        assert_eq!(
            manifest(&format!("{{\"{name}\":{{\"info\":\"x\",\"url\":\"https://a.example/\"}}}}")).unwrap(),
            [name]
        );
        assert!(is_feed(folder.path()));
        assert_eq!(manifest(&format!("{{\"{name}\":1704067200}}")).unwrap(), [name]);
        for bad in ["[]", "x", "{\"../../etc/passwd\":{}}", "{\"a/b\":1}"] {
            assert!(manifest(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_feed_that_breaks_off_tells_what_was_imported_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (1..=3).map(|n| format!("5f0e1d2c-0000-4000-8000-{n:012}")).collect();
        for name in &names {
            std::fs::write(folder.path().join(format!("{name}.json")), "{}").unwrap();
        }
        let second = folder.path().join(format!("{}.json", names[1]));
        let import = async |path: &Path| match path == second {
            false => Ok(ImportReport { accepted: 7, ..ImportReport::default() }),
            true => Err(CommandError::failed("the daemon went away")),
        };
        let FeedImport { report, error } = import_each(folder.path(), names.clone(), import).await;
        assert!(error.is_some_and(|error| error.to_string() == "the daemon went away"));
        assert_eq!((report.accepted, report.rejected.len()), (7, 1));
        assert_eq!(report.rejected[0].id.as_deref(), Some(names[1].as_str()));
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = ("5f0e1d2c-0000-4000-8000-000000000001", "5f0e1d2c-0000-4000-8000-000000000002");
        std::fs::write(folder.path().join(format!("{real}.json")), "{}").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join(format!("{link}.json"))).unwrap();
        assert!(event_file(folder.path(), real).is_some());
        assert_eq!(event_file(folder.path(), link), None);
        assert_eq!(event_file(folder.path(), "5f0e1d2c-0000-4000-8000-000000000003"), None);
    }
}
