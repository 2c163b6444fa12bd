//! Unix sockets, wherever their folder is: a socket's address has room for about a hundred bytes of path, so a longer path
//! is reached through its folder's descriptor in `/proc/self/fd`.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use crate::files::{self, FileError};

/// The longest path that every system's `sockaddr_un` takes (108 bytes on Linux, 104 elsewhere, with the final zero).
const LONGEST_PATH: usize = 100;

/// Why the API's socket cannot be bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SocketError {
    /// A daemon listens there.
    #[error("another daemon answers at {0}")]
    InUse(PathBuf),
    /// Something that is no socket is in its place.
    #[error("{0} is there and is no socket: move it away")]
    NoSocket(PathBuf),
    /// The system says no.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A path short enough for a socket's address; the folder stays open while it is used.
struct ShortPath {
    path: PathBuf,
    _folder: Option<File>,
}

impl ShortPath {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= LONGEST_PATH {
            return Ok(Self { path: path.to_owned(), _folder: None });
        }
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let folder = File::open(path.parent().unwrap_or(Path::new(".")))?;
        let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        Ok(Self { path: short, _folder: Some(folder) })
    }
}

/// Binds a socket with mode 0600, in a folder that is made with mode 0700 where it is not there. A socket left by a
/// daemon that is gone is replaced; one that answers is not.
///
/// # Errors
/// As [`SocketError`] says.
pub(crate) async fn bind(path: &Path) -> Result<UnixListener, SocketError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        files::make_private_folder(folder)?;
    }
    remove_stale(path).await?;
    let io = |error| FileError::io("listen on", path)(error);
    let short = ShortPath::of(path).map_err(io)?;
    // Whoever connects between the two calls still needs a token.
    let listener = UnixListener::bind(&short.path).map_err(io)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(io)?;
    Ok(listener)
}

async fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(SocketError::NoSocket(path.to_owned()));
    }
    if connect(path).await.is_ok() {
        return Err(SocketError::InUse(path.to_owned()));
    }
    Ok(fs::remove_file(path).map_err(FileError::io("remove", path))?)
}

/// Connects to a socket.
///
/// # Errors
/// As the system says.
pub(crate) async fn connect(path: &Path) -> io::Result<UnixStream> {
    let short = ShortPath::of(path)?;
    UnixStream::connect(&short.path).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_deep_down_is_bound_and_reached() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d".repeat(120)).join("api.sock");
        let listener = bind(&path).await.unwrap();
        let (accepted, connected) = tokio::join!(listener.accept(), connect(&path));
        accepted.unwrap();
        connected.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.sock");
        drop(bind(&path).await.unwrap());
        let _live = bind(&path).await.unwrap();
        assert!(matches!(bind(&path).await, Err(SocketError::InUse(_))));
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.sock");
        fs::write(&path, "mine").unwrap();
        assert!(matches!(bind(&path).await, Err(SocketError::NoSocket(_))));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
}
