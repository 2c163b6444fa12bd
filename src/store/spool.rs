//! A sealed file without a name, where an export, a restore or part of an import waits: plain values never lie on the disk.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::seal::Sealer;
use crate::{Aside, StoreError};

/// Bytes that are sealed together.
const CHUNK: usize = 64 << 10;

/// Takes bytes, then gives them back.
pub(crate) struct Spool {
    sealer: Sealer,
    file: BufWriter<File>,
    chunk: Zeroizing<Vec<u8>>,
    chunks: u64,
}

/// Gives back what a spool took.
pub(crate) struct SpoolReader {
    sealer: Sealer,
    file: BufReader<File>,
    chunk: Zeroizing<Vec<u8>>,
    at: usize,
    next: u64,
    chunks: u64,
}

impl Spool {
    /// A spool in `folder`, gone with the process.
    pub(crate) fn new(folder: &Path, sealer: Sealer) -> Result<Self, StoreError> {
        let file = BufWriter::new(tempfile::tempfile_in(folder)?);
        Ok(Self { sealer, file, chunk: Zeroizing::new(Vec::with_capacity(CHUNK)), chunks: 0 })
    }

    /// Ends the writing.
    pub(crate) fn into_reader(mut self) -> Result<SpoolReader, StoreError> {
        self.seal_chunk()?;
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let (sealer, chunks) = (self.sealer, self.chunks);
        Ok(SpoolReader {
            sealer,
            file: BufReader::new(file),
            chunk: Zeroizing::default(),
            at: 0,
            next: 0,
            chunks,
        })
    }

    fn seal_chunk(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let sealed =
            self.sealer.seal(&place(&self.chunks.to_le_bytes()), &self.chunk).map_err(io::Error::other)?;
        self.file.write_all(&(sealed.len() as u64).to_le_bytes())?;
        self.file.write_all(&sealed)?;
        self.chunks += 1;
        self.chunk.clear();
        Ok(())
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        if self.chunk.len() == CHUNK {
            self.seal_chunk()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Aside for Spool {
    fn read_back(self: Box<Self>) -> Result<Box<dyn Read + Send>, StoreError> {
        Ok(Box::new(self.into_reader()?))
    }
}

impl Read for SpoolReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() && self.next < self.chunks {
            self.open_chunk()?;
        }
        let taken = out.len().min(self.chunk.len() - self.at);
        out[..taken].copy_from_slice(&self.chunk[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

impl SpoolReader {
    fn open_chunk(&mut self) -> io::Result<()> {
        let mut len = [0; 8];
        self.file.read_exact(&mut len)?;
        let mut sealed = vec![0; (u64::from_le_bytes(len) as usize).min(2 * CHUNK)];
        self.file.read_exact(&mut sealed)?;
        self.chunk = self.sealer.open(&place(&self.next.to_le_bytes()), &sealed).map_err(io::Error::other)?;
        self.at = 0;
        self.next += 1;
        Ok(())
    }
}

fn place(number: &[u8; 8]) -> [&[u8]; 2] {
    [b"spool", number]
}
