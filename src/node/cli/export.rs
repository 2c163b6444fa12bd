//! `overlapd export` and `overlapd restore`: they work on the store of a node that does not run.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use overlap_store::{Actor, By, Store};
use serde_json::json;

use super::Context;
use crate::clock;
use crate::exit::{CommandError, Exit};
use crate::files::{self, FileError};
use crate::output::bytes_text;
use crate::store_access;

/// Write everything in the store to a file
///
/// The node must not run. The file is checksummed and not sealed: it has every value in clear, so its mode is 0600 and
/// it belongs where the seal key does.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd export backup.overlap --config node.toml")]
pub(crate) struct ExportArgs {
    /// The file; it must not be there yet
    file: PathBuf,
}

/// Fill an empty store from an export
///
/// The node must not run, and its store must be empty. Each partner's exchanges of today count as used, so that a
/// restore refunds nothing.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd restore backup.overlap --config node.toml")]
pub(crate) struct RestoreArgs {
    /// An export
    file: PathBuf,
}

pub(crate) fn export(context: &Context, args: &ExportArgs) -> Result<Exit, CommandError> {
    let store = store_access::open(&context.config()?)?.store;
    let file = files::create_new(&args.file, 0o600)?;
    if let Err(error) = write_export(&*store, &file, &args.file) {
        // Half an export would be taken for a whole one by its name.
        let _ = fs::remove_file(&args.file);
        return Err(error);
    }
    let bytes = file.metadata().map_err(FileError::io("read", &args.file))?.len();
    if context.output.is_json() {
        context.output.json(&json!({ "file": args.file, "bytes": bytes }))?;
    }
    let text = bytes_text(bytes);
    context.output.say(&format!("{}: {text}, not sealed: keep it safe", args.file.display()))?;
    Ok(Exit::Done)
}

fn write_export(store: &dyn Store, file: &File, path: &Path) -> Result<(), CommandError> {
    let mut out = BufWriter::new(file);
    store.export(&mut out, &offline())?;
    out.flush().and_then(|()| file.sync_all()).map_err(FileError::io("write", path))?;
    Ok(())
}

/// Whoever runs these commands can read the seal key, and has no token.
fn offline() -> By {
    By { actor: Actor::Offline, at: clock::now() }
}

pub(crate) fn restore(context: &Context, args: &RestoreArgs) -> Result<Exit, CommandError> {
    let file = File::open(&args.file).map_err(FileError::io("read", &args.file))?;
    let store = store_access::open(&context.config()?)?.store;
    store.restore(&mut BufReader::new(file), &offline())?;
    let indicators: u64 = store.counts()?.indicators.iter().map(|(_, count)| count).sum();
    if context.output.is_json() {
        context.output.json(&json!({ "indicators": indicators }))?;
    }
    context.output.say(&format!("restored, with {indicators} indicators"))?;
    Ok(Exit::Done)
}
