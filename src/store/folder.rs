//! The store's folder: who has it, what made it, and what is put aside.
//!
//! | name | what |
//! |---|---|
//! | `lock` | held (flock) as long as the store is open |
//! | `format` | schema version and the seal key's fingerprint, readable before the database is touched |
//! | `main/` | the database of everything that cannot be made anew |
//! | `digests.EPOCH/` | the digests of one epoch's salt, made from the canonical forms |
//! | `watermark` | the last commit that was durable |
//! | `restoring` | there while a restore is unfinished: the next opening removes what it wrote |
//! | `damaged.N/` | a damaged store, put aside |

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use subtle::ConstantTimeEq;

use crate::StoreError;
use crate::database::{Batch, Database, Writer};
use crate::error::damaged;

/// The layout that this program writes.
pub(crate) const SCHEMA: u32 = 1;

/// Longest `format` file that is read; ours has about a hundred bytes.
const LONGEST_FORMAT: u64 = 4096;

/// How long the lock is asked for: a process that the last owner was just starting has it until it runs its program.
const LOCK_WAIT: Duration = Duration::from_millis(500);

const FORMAT_FIRST_LINE: &str = "overlapd store";

/// The folder of an open store. Dropping it lets go of the lock.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    watermark: File,
    _lock: File,
}

impl Folder {
    /// Makes or takes the folder, and checks schema and key before anything else in it is touched.
    pub(crate) fn open(path: &Path, fingerprint: &[u8; 32]) -> Result<Self, StoreError> {
        let named = |source| StoreError::Folder { path: path.to_owned(), source };
        make_private(path).map_err(named)?;
        let lock = take_lock(path)?;
        check_format(path, fingerprint)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(named)?;
        let watermark = private_file(&path.join("watermark"))?;
        write_format(path, fingerprint)?;
        Ok(Self { path: path.to_owned(), watermark, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the last commit that is known to have been durable; 0 before the first.
    pub(crate) fn watermark(&self) -> Result<u64, StoreError> {
        let mut bytes = [0; 16];
        match self.watermark.read_exact_at(&mut bytes, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            Err(error) => return Err(error.into()),
        }
        let number = u128::from_le_bytes(bytes);
        let (low, high) = (number as u64, (number >> 64) as u64);
        if low == !high { Ok(low) } else { Err(damaged("the watermark")) }
    }

    /// Makes `batch` durable, and notes it.
    ///
    /// # Errors
    /// The disk's. A commit that is durable and cannot be noted is the last: it is not in memory, so the next one would be made beside it.
    pub(crate) fn commit(
        &self,
        database: &Database,
        writer: &mut Writer,
        batch: Batch,
    ) -> Result<(), StoreError> {
        database.commit(writer, batch)?;
        let noted = self.set_watermark(writer.commits());
        if noted.is_err() {
            writer.stop();
        }
        noted
    }

    /// Notes a commit that is durable already. The note itself need not be: it only has to be no newer than the database.
    fn set_watermark(&self, commit: u64) -> Result<(), StoreError> {
        let number = u128::from(commit) | u128::from(!commit) << 64;
        Ok(self.watermark.write_all_at(&number.to_le_bytes(), 0)?)
    }

    /// From now on no commit can be noted.
    #[cfg(test)]
    pub(crate) fn break_watermark(&mut self) -> io::Result<()> {
        self.watermark = File::open(self.path.join("watermark"))?;
        Ok(())
    }

    /// Moves the database aside and says where to.
    pub(crate) fn quarantine(&self) -> Result<PathBuf, StoreError> {
        let aside = free_name(&self.path);
        make_private(&aside)?;
        for name in ["main", "watermark"] {
            rename_if_there(&self.path.join(name), &aside.join(name))?;
        }
        for digests in digest_folders(&self.path)? {
            fs::remove_dir_all(digests)?;
        }
        sync_folder(&self.path)?;
        Ok(aside)
    }

    /// How many damaged stores lie aside here.
    pub(crate) fn put_aside(&self) -> u32 {
        free_number(&self.path) - 1
    }

    /// Whether a damaged store was put aside here once.
    pub(crate) fn had_damage(&self) -> bool {
        self.put_aside() > 0
    }

    /// Whether a restore did not end.
    pub(crate) fn is_restoring(&self) -> bool {
        self.path.join("restoring").exists()
    }

    /// From now until [`Folder::end_restore`], a crash leaves an empty store.
    pub(crate) fn begin_restore(&self) -> Result<(), StoreError> {
        private_file(&self.path.join("restoring"))?.sync_all()?;
        sync_folder(&self.path)
    }

    /// What was restored stays.
    pub(crate) fn end_restore(&self) -> Result<(), StoreError> {
        fs::remove_file(self.path.join("restoring"))?;
        sync_folder(&self.path)
    }

    /// Bytes of all files of the store, those put aside left out.
    pub(crate) fn disk_bytes(&self) -> Result<u64, StoreError> {
        let mut bytes = folder_bytes(&self.path.join("main"))?;
        for digests in digest_folders(&self.path)? {
            // An epoch that has ended is removed while this walks.
            bytes += folder_bytes(&digests).or_else(zero_if_gone)?;
        }
        Ok(bytes)
    }
}

/// Makes a folder that only its owner enters, where there is none.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Err(_) if path.exists() && !path.is_dir() => Err(io::Error::other("it is not a folder")),
        made => made,
    }
}

/// Takes group's and others' rights from a folder of plain files, as sled makes them with the umask's.
pub(crate) fn close_to_others(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let mode = if entry.file_type()?.is_dir() { 0o700 } else { 0o600 };
        match fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done?,
        }
    }
    Ok(())
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    Ok(File::open(path)?.sync_all()?)
}

/// The folders of digests, of whatever epoch.
pub(crate) fn digest_folders(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("digests.") {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn take_lock(path: &Path) -> Result<File, StoreError> {
    let named = |source| StoreError::Folder { path: path.to_owned(), source };
    let lock = private_file(&path.join("lock")).map_err(named)?;
    let begun = Instant::now();
    loop {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(lock),
            Err(rustix::io::Errno::WOULDBLOCK) if begun.elapsed() < LOCK_WAIT => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(StoreError::Locked { path: path.to_owned() }),
            Err(error) => return Err(named(error.into())),
        }
    }
}

fn check_format(path: &Path, fingerprint: &[u8; 32]) -> Result<(), StoreError> {
    let mut text = String::new();
    match File::open(path.join("format")) {
        Ok(file) => file.take(LONGEST_FORMAT).read_to_string(&mut text).map_err(|_| bad_format())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.join("main").exists() => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(damaged("its format file is gone"));
        }
        Err(source) => return Err(StoreError::Folder { path: path.to_owned(), source }),
    };
    let mut lines = text.lines();
    let field = |line: Option<&str>, name: &str| {
        line.and_then(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned()).ok_or(bad_format())
    };
    if lines.next() != Some(FORMAT_FIRST_LINE) {
        return Err(bad_format());
    }
    let found = field(lines.next(), "schema ")?.parse().map_err(|_| bad_format())?;
    if found > SCHEMA {
        return Err(StoreError::NewerSchema { found, known: SCHEMA });
    }
    let key =
        data_encoding::HEXLOWER.decode(field(lines.next(), "key ")?.as_bytes()).map_err(|_| bad_format())?;
    if bool::from(key.ct_eq(fingerprint)) { Ok(()) } else { Err(StoreError::WrongKey) }
}

fn write_format(path: &Path, fingerprint: &[u8; 32]) -> Result<(), StoreError> {
    if path.join("format").exists() {
        return Ok(());
    }
    let key = data_encoding::HEXLOWER.encode(fingerprint);
    let mut file = tempfile::NamedTempFile::new_in(path)?;
    write!(file, "{FORMAT_FIRST_LINE}\nschema {SCHEMA}\nkey {key}\n")?;
    file.as_file().sync_all()?;
    file.persist(path.join("format")).map_err(|error| error.error)?;
    sync_folder(path)
}

fn bad_format() -> StoreError {
    damaged("its format file")
}

pub(crate) fn remove_if_there(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn free_name(path: &Path) -> PathBuf {
    damaged_name(path, free_number(path))
}

fn free_number(path: &Path) -> u32 {
    let mut number = 1;
    while damaged_name(path, number).exists() {
        number += 1;
    }
    number
}

fn damaged_name(path: &Path, number: u32) -> PathBuf {
    path.join(format!("damaged.{number}"))
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn zero_if_gone(error: io::Error) -> io::Result<u64> {
    if error.kind() == io::ErrorKind::NotFound { Ok(0) } else { Err(error) }
}

fn folder_bytes(path: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // sled removes files of its own while this walks.
        let Ok(metadata) = entry.metadata() else { continue };
        bytes += if metadata.is_dir() { folder_bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
