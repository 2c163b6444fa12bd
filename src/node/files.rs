//! Files of a node: secrets that only their owner may read, and files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// The largest file that is read whole: rosters with many members stay far below it.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// What can go wrong with a file. Its path is the operator's own, so it is named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system says no.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A secret that others can read.
    #[error("{path} can be read by others than its owner: run `chmod 600 {path}`")]
    TooOpen {
        /// Which file.
        path: PathBuf,
    },
    /// It does not hold what it should.
    #[error("{path} is not {expected}")]
    NotA {
        /// Which file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
    /// It is there already and is not overwritten.
    #[error("{path} is there already; it is not overwritten")]
    Exists {
        /// Which file.
        path: PathBuf,
    },
}

impl FileError {
    /// Wraps what the system says.
    pub fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        let path = path.to_owned();
        move |source| FileError::Io { doing, path, source }
    }

    fn not_a(expected: &'static str, path: &Path) -> FileError {
        FileError::NotA { path: path.to_owned(), expected }
    }
}

/// Reads a file that is no secret.
///
/// # Errors
/// It cannot be read, or is larger than any such file.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(FileError::io("read", path))?;
    read_open(&file, path)
}

/// Reads a file that is no secret, as text.
///
/// # Errors
/// It cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    String::from_utf8(read(path)?).map_err(|_| FileError::not_a("UTF-8 text", path))
}

/// Reads a secret, from a file that only its owner may read.
///
/// # Errors
/// It cannot be read, or others can read it too.
pub fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let file = File::open(path).map_err(FileError::io("read", path))?;
    let mode = file.metadata().map_err(FileError::io("read", path))?.permissions().mode();
    if mode & OTHERS != 0 {
        return Err(FileError::TooOpen { path: path.to_owned() });
    }
    read_open(&file, path).map(Zeroizing::new)
}

fn read_open(file: &File, path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(FileError::io("read", path))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(FileError::not_a("a file of at most 64 MiB", path));
    }
    Ok(bytes)
}

/// Writes a secret to a new file with mode 0600.
///
/// # Errors
/// It cannot be written, or is there already.
pub fn write_new_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file = create_new(path, 0o600)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(FileError::io("write", path))
}

/// Creates a file that was not there.
///
/// # Errors
/// It cannot be created, or is there already.
pub fn create_new(path: &Path, mode: u32) -> Result<File, FileError> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            FileError::Exists { path: path.to_owned() }
        } else {
            FileError::Io { doing: "create", path: path.to_owned(), source }
        }
    })
}

/// Writes a new file that all may read.
///
/// # Errors
/// It cannot be written, or is there already.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file = create_new(path, 0o644)?;
    file.write_all(bytes).map_err(FileError::io("write", path))
}

/// Replaces a file: readers see the old one or the new one, whole, and after a crash one of them is there.
///
/// # Errors
/// It cannot be written; the old one then stands.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(FileError::io("write", path))?;
    let write = |file: &mut tempfile::NamedTempFile| {
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()
    };
    write(&mut file).map_err(FileError::io("write", path))?;
    file.persist(path).map_err(|error| FileError::io("replace", path)(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(FileError::io("write", path))
}

/// Makes a folder, and those above it, that only its owner may enter; one that is there is left as it is.
///
/// # Errors
/// It cannot be made.
pub fn make_private_folder(path: &Path) -> Result<(), FileError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(FileError::io("make", path))
}

/// Makes a folder, or takes one that is empty.
///
/// # Errors
/// It cannot be made, or something is in it.
pub fn make_empty_folder(path: &Path) -> Result<(), FileError> {
    make_private_folder(path)?;
    let mut entries = fs::read_dir(path).map_err(FileError::io("read", path))?;
    if entries.next().is_some() { Err(FileError::not_a("an empty folder", path)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_new_secret(&path, b"secret").unwrap();
        assert_eq!(read_secret(&path).unwrap().as_slice(), b"secret");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = read_secret(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("chmod 600 {}", path.display())), "{error}");
    }

    #[test]
    fn a_secret_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_new_secret(&path, b"first").unwrap();
        assert!(matches!(write_new_secret(&path, b"second"), Err(FileError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"first");
    }

    #[test]
    fn replacing_leaves_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roster.pb");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_with_something_in_it_is_not_empty() {
        let folder = tempfile::tempdir().unwrap();
        make_empty_folder(&folder.path().join("new/inner")).unwrap();
        assert!(make_empty_folder(&folder.path().join("new")).is_err());
    }
}
