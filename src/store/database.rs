//! sled, with its traps handled: one tree, sealed values, durable commits, and a sum that tells lost values.
//!
//! - Every commit is one batch on one tree, which sled recovers whole or not at all; there is no transaction over two trees.
//! - `flush` calls `sync_file_range`, which makes neither metadata nor the device's cache durable: a commit also calls
//!   `fdatasync` on sled's `db` file. A message above a quarter of a sled segment goes to a file under `blobs/`, which sled never
//!   syncs: a commit syncs those too, and segments are large enough that only documents get there.
//! - A kill can leave `snap.*.generating`, and a torn one makes `open` fail: they are removed first, under the store's lock.
//! - sled may recover a damaged log to an older state without a word, and may panic on one. Every commit therefore stores a sum of the
//!   tags of all sealed values; opening recomputes it, so a lost, stale or foreign value is told. The number of the last durable commit
//!   stands in a file beside, which tells a lost tail. Panics are caught.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::StoreError;
use crate::codec::Reader;
use crate::error::damaged;
use crate::folder::{close_to_others, make_private, sync_folder};
use crate::seal::{Sealer, tag_of};

/// sled's page cache, in bytes. It does not bound sled's memory, only what it keeps beyond need.
const CACHE_BYTES: u64 = 32 << 20;
/// A sled segment, in bytes: a quarter of it holds the largest page, 17 values of [`crate::segment::SEGMENT_BYTES`] each, inline.
const SLED_SEGMENT_BYTES: usize = 4 << 20;
/// How long an earlier instance of sled in this process may take to let go of its file.
const RELEASE_WAIT: Duration = Duration::from_secs(10);
/// Values that are read ahead of whoever takes them, a megabyte or so.
const READ_AHEAD: usize = 64;
/// Sealed bytes that are read before a database is closed and opened again, which takes some milliseconds.
const BYTES_BEFORE_CLOSING: usize = if cfg!(test) { 4 << 10 } else { 16 << 20 };
/// Where the sum is; before every other key.
const SUM_KEY: &[u8] = &[0];

/// A database of sealed values.
pub(crate) struct Database {
    tree: sled::Db,
    label: Vec<u8>,
    sealer: Sealer,
    path: PathBuf,
}

/// What only the writer knows: the sum over all values, and whether a write failed.
#[derive(Debug)]
pub(crate) struct Writer {
    sum: Sum,
    stopped: bool,
    log: File,
    synced_blobs: BTreeSet<OsString>,
}

/// Changes that become durable together.
#[derive(Default)]
pub(crate) struct Batch {
    writes: Vec<(Vec<u8>, Option<Plain>)>,
}

/// A value that was read.
struct Found {
    key: sled::IVec,
    plain: Result<Plain, StoreError>,
    tag: u128,
}

/// A value before it is sealed, wiped after.
type Plain = Zeroizing<Vec<u8>>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    commit: u64,
    values: u64,
    tags: u128,
}

impl Batch {
    pub(crate) fn put(&mut self, key: Vec<u8>, plain: impl Into<Plain>) {
        self.writes.push((key, Some(plain.into())));
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.writes.push((key, None));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

impl Database {
    /// Opens or makes the database in `path`. `label` separates its values from those of other databases under the same key.
    pub(crate) fn open(path: &Path, label: Vec<u8>, sealer: Sealer) -> Result<Self, StoreError> {
        make_private(path)?;
        remove_torn_snapshots(path)?;
        let tree = open_when_released(&config(path))?;
        close_to_others(path)?;
        Ok(Self { tree, label, sealer, path: path.to_owned() })
    }

    /// Reads every value, in the order of keys, and checks that none is lost, stale or foreign.
    pub(crate) fn read_all(
        self,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(Self, Writer), StoreError> {
        let (mut found, mut stored) = (Sum::default(), Sum::default());
        let database = self.read(|Found { key, plain, tag }| {
            let plain = plain?;
            if &*key == SUM_KEY {
                stored = Sum::decode(&plain)?;
                return Ok(());
            }
            found.values += 1;
            found.tags = found.tags.wrapping_add(tag);
            each(&key, &plain)
        })?;
        if (found.values, found.tags) != (stored.values, stored.tags) {
            return Err(damaged("values are missing or stale"));
        }
        let log = File::open(database.path.join("db"))?;
        Ok((database, Writer { sum: stored, stopped: false, log, synced_blobs: BTreeSet::new() }))
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let sealed = contained(|| self.tree.get(key))?;
        sealed.map(|sealed| self.unseal(key, &sealed)).transpose()
    }

    /// Makes `batch` durable, whole.
    ///
    /// # Errors
    /// After an error of the disk nothing more is taken, since what is on it is not known.
    pub(crate) fn commit(&self, writer: &mut Writer, batch: Batch) -> Result<(), StoreError> {
        if writer.stopped {
            return Err(StoreError::Stopped);
        }
        let (sealed, sum) = self.prepare(writer.sum, batch)?;
        writer.stopped = true;
        contained(|| self.tree.apply_batch(sealed))?;
        self.make_durable(writer)?;
        writer.sum = sum;
        writer.stopped = false;
        Ok(())
    }

    /// Writes values that can be made anew: durable some time later.
    pub(crate) fn put_lazily(&self, batch: Batch) -> Result<(), StoreError> {
        let mut sealed = sled::Batch::default();
        for (key, plain) in batch.writes {
            match plain {
                Some(plain) => sealed.insert(&*key, self.seal(&key, &plain)?),
                None => sealed.remove(key),
            }
        }
        contained(|| self.tree.apply_batch(sealed))
    }

    /// Every value that opens, in the order of keys; the others are left out.
    pub(crate) fn read_whatever_opens(self, mut each: impl FnMut(&[u8], &[u8])) -> Result<Self, StoreError> {
        self.read(|Found { key, plain, .. }| {
            if let Ok(plain) = plain {
                each(&key, &plain);
            }
            Ok(())
        })
    }

    /// Reads every value, in the order of keys, on a thread of its own.
    ///
    /// sled keeps what it has read: each of the 256 shards of its cache keeps a page at least, and looks at its size at every
    /// 64th access only, so a database that is read from end to end would be in memory whole. It is therefore closed and opened
    /// again each time that some of it is read. The thread does both, so that nothing else lies between those pages and the next
    /// ones take their place.
    fn read(self, mut each: impl FnMut(Found) -> Result<(), StoreError>) -> Result<Self, StoreError> {
        let (send, receive) = sync_channel(READ_AHEAD);
        thread::scope(|scope| {
            let reader = thread::Builder::new().spawn_scoped(scope, move || self.read_ahead(&send))?;
            // Whatever ends this drops the receiver, and so ends the thread.
            receive.into_iter().try_for_each(&mut each)?;
            reader.join().map_err(|_| damaged("reading it panicked"))?
        })
    }

    /// Sends every value, as far as somebody takes them.
    fn read_ahead(mut self, to: &SyncSender<Found>) -> Result<Self, StoreError> {
        let mut from = Some(sled::IVec::default());
        while let Some(begin) = from {
            from = self.read_some(begin, to)?;
            self = self.reopened()?;
        }
        Ok(self)
    }

    /// Sends values from a key on and says where to go on; `None` after the last, or when nobody takes them any more.
    fn read_some(&self, begin: sled::IVec, to: &SyncSender<Found>) -> Result<Option<sled::IVec>, StoreError> {
        let (mut entries, mut bytes) = (self.tree.range(begin..), 0);
        while let Some((key, sealed)) = contained(|| entries.next().transpose())? {
            if bytes >= BYTES_BEFORE_CLOSING {
                return Ok(Some(key));
            }
            bytes += sealed.len();
            let found = Found { plain: self.unseal(&key, &sealed), tag: tag_of(&sealed), key };
            if to.send(found).is_err() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn reopened(self) -> Result<Self, StoreError> {
        let Self { tree, label, sealer, path } = self;
        drop(tree);
        Ok(Self { tree: open_when_released(&config(&path))?, label, sealer, path })
    }

    /// The keys that begin with `prefix`.
    pub(crate) fn keys(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut keys = self.tree.scan_prefix(prefix).keys();
        let mut found = Vec::new();
        while let Some(key) = contained(|| keys.next().transpose())? {
            found.push(key.to_vec());
        }
        Ok(found)
    }

    fn prepare(&self, mut sum: Sum, batch: Batch) -> Result<(sled::Batch, Sum), StoreError> {
        let mut out = sled::Batch::default();
        for (key, plain) in batch.writes {
            if let Some(old) = contained(|| self.tree.get(&key))? {
                sum.values = sum.values.wrapping_sub(1);
                sum.tags = sum.tags.wrapping_sub(tag_of(&old));
            }
            let Some(plain) = plain else {
                out.remove(key);
                continue;
            };
            let sealed = self.seal(&key, &plain)?;
            sum.values = sum.values.wrapping_add(1);
            sum.tags = sum.tags.wrapping_add(tag_of(&sealed));
            out.insert(key, sealed);
        }
        sum.commit += 1;
        out.insert(SUM_KEY, self.seal(SUM_KEY, &sum.encode())?);
        Ok((out, sum))
    }

    fn make_durable(&self, writer: &mut Writer) -> Result<(), StoreError> {
        contained(|| self.tree.flush())?;
        writer.log.sync_data()?;
        let blobs = self.path.join("blobs");
        let (mut there, mut fresh) = (BTreeSet::new(), false);
        for entry in fs::read_dir(&blobs)? {
            let name = entry?.file_name();
            if !writer.synced_blobs.contains(&name) {
                fresh |= sync_if_there(&blobs.join(&name))?;
            }
            there.insert(name);
        }
        writer.synced_blobs = there;
        if fresh { sync_folder(&blobs) } else { Ok(()) }
    }

    fn seal(&self, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.sealer.seal(&[&self.label, key], plain)
    }

    fn unseal(&self, key: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.sealer.open(&[&self.label, key], sealed)
    }
}

impl Writer {
    /// Takes no more: what is on the disk is not what is in memory.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// The number of the last commit.
    pub(crate) fn commits(&self) -> u64 {
        self.sum.commit
    }
}

impl Sum {
    fn encode(self) -> Vec<u8> {
        [&self.commit.to_le_bytes()[..], &self.values.to_le_bytes(), &self.tags.to_le_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new(bytes);
        Ok(Self { commit: reader.u64()?, values: reader.u64()?, tags: u128::from_le_bytes(reader.array()?) })
    }
}

/// Runs a call of sled; its panics and its reports of corruption say that the store is damaged.
fn contained<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(sled::Error::Corruption { .. })) => Err(damaged("sled reports corruption")),
        Ok(Err(sled::Error::Io(error))) => Err(error.into()),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(damaged("sled panicked")),
    }
}

fn config(path: &Path) -> sled::Config {
    sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        .segment_size(SLED_SEGMENT_BYTES)
        .mode(sled::Mode::HighThroughput)
}

/// sled's threads may hold its file a little longer than its handle lived; the store's own lock keeps other processes out.
fn open_when_released(config: &sled::Config) -> Result<sled::Db, StoreError> {
    let begun = Instant::now();
    loop {
        match contained(|| config.open()) {
            Err(StoreError::Io(error)) if is_held(&error) && begun.elapsed() < RELEASE_WAIT => {
                thread::sleep(Duration::from_millis(10));
            }
            // Its settings are always the same, so what it cannot take is a damaged file of its own.
            Err(StoreError::Database(_)) => return Err(damaged("sled cannot read its files")),
            done => return done,
        }
    }
}

fn is_held(error: &io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

fn remove_torn_snapshots(path: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Syncs a file, and says whether it was there: sled removes blobs that it has no more use for.
fn sync_if_there(path: &Path) -> Result<bool, StoreError> {
    match File::open(path) {
        Ok(file) => Ok(file.sync_all().map(|()| true)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}
