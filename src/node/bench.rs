//! Two nodes on this machine, real processes over real QUIC, and one exchange between them, measured.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::cli::{Ask, EngineArg, ExchangeReport, Format, Job, exchange, upload};
use crate::clock;
use crate::config::LearnsName;
use crate::exit::CommandError;
use crate::files;
use crate::lab::{self, LabMember, LabPlan};
use crate::output::Output;
use crate::process::NodeProcess;

/// One of this many items is shared.
const SHARED_ONE_IN: u64 = 64;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BenchPlan {
    /// Items of the initiator.
    pub size: u64,
    /// Items of the responder.
    pub peer_size: u64,
    /// The engine.
    pub(crate) engine: EngineArg,
    /// Whether both learn, or the initiator alone.
    pub both: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct BenchReport {
    #[serde(flatten)]
    exchange: ExchangeReport,
    memory: Memory,
}

/// Peak resident memory in bytes, from the node's start to the exchange's end.
#[derive(Debug, Serialize)]
struct Memory {
    initiator: Option<u64>,
    responder: Option<u64>,
}

impl BenchReport {
    /// The initiator's exchange.
    pub(crate) fn exchange(&self) -> &ExchangeReport {
        &self.exchange
    }

    /// Peak resident memory in bytes: the initiator's and the responder's.
    pub(crate) fn memory(&self) -> (Option<u64>, Option<u64>) {
        (self.memory.initiator, self.memory.responder)
    }
}

/// Runs the bench.
///
/// # Errors
/// A node does not start, or the exchange fails; or it finds another number than was shared.
pub(crate) async fn run(plan: BenchPlan, output: Output) -> Result<BenchReport, CommandError> {
    let folder = tempfile::Builder::new()
        .prefix("overlapd-bench-")
        .tempdir()
        .map_err(|error| CommandError::failed(format!("no temporary folder: {error}")))?;
    let members = lab::create(&lab_plan(folder.path(), plan.both)?, clock::now())?;
    let [initiator, responder] = members.as_slice() else {
        return Err(CommandError::failed("the bench's lab has two members"));
    };
    fill(initiator, folder.path(), "i", plan.size, output).await?;
    fill(responder, folder.path(), "r", plan.peer_size, output).await?;
    // Fresh processes, so that the peak is not the import's.
    let mut one = NodeProcess::start(&initiator.config)?;
    let mut other = NodeProcess::start(&responder.config)?;
    one.wait_ready().await?;
    other.wait_ready().await?;
    let ask = Ask { peer: &responder.id, engine: plan.engine, purpose: None, case: None };
    let exchange = exchange(one.client(), &ask, output).await?;
    let memory = Memory { initiator: one.peak_memory(), responder: other.peak_memory() };
    one.stop().await?;
    other.stop().await?;
    check(&exchange, plan.size.min(plan.peer_size))?;
    Ok(BenchReport { exchange, memory })
}

fn lab_plan(folder: &Path, both: bool) -> Result<LabPlan, CommandError> {
    let name = |error: overlap_coalition::NameError| CommandError::failed(error.to_string());
    let initiator: overlap_coalition::MemberId = "initiator".parse().map_err(name)?;
    let learns = if both { LearnsName::Both } else { LearnsName::Only(initiator.clone()) };
    Ok(LabPlan {
        folder: folder.join("lab"),
        coalition: "bench.example".parse().map_err(name)?,
        members: vec![initiator, "responder".parse().map_err(name)?],
        learns,
    })
}

/// Fills a member's store through its API, and stops its node.
async fn fill(
    member: &LabMember,
    folder: &Path,
    own: &str,
    size: u64,
    output: Output,
) -> Result<(), CommandError> {
    let file = folder.join(format!("{}.csv", member.id));
    files::write_new(&file, items(own, size).as_bytes())?;
    let mut node = NodeProcess::start(&member.config)?;
    node.wait_ready().await?;
    let report = upload(node.client(), &file, Format::Csv, &Job::default(), output).await?;
    node.stop().await?;
    if report.accepted == size {
        Ok(())
    } else {
        Err(CommandError::failed(format!("{} of {size} items were imported", report.accepted)))
    }
}

/// Accounts of a platform that does not exist; every 64th is the same on both sides.
fn items(own: &str, size: u64) -> String {
    let mut csv = String::from("kind,value\n");
    for number in 0..size {
        let side = if number % SHARED_ONE_IN == 0 { "s" } else { own };
        // Writing to a String cannot fail.
        let _ = writeln!(csv, "account,bench:{side}{number}");
    }
    csv
}

/// `smaller` is the smaller of the two sets' sizes.
fn check(exchange: &ExchangeReport, smaller: u64) -> Result<(), CommandError> {
    let shared = smaller.div_ceil(SHARED_ONE_IN);
    match exchange.matches() {
        Some(matches) if matches == shared => Ok(()),
        found => Err(CommandError::failed(format!("found {found:?} of {shared} shared items"))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn one_in_64_is_shared() {
        for size in [1, 64, 65, 1_000] {
            let rows = |own| items(own, size).lines().skip(1).map(str::to_owned).collect::<BTreeSet<_>>();
            let (one, other) = (rows("i"), rows("r"));
            assert_eq!(one.len() as u64, size);
            assert_eq!(one.intersection(&other).count() as u64, size.div_ceil(64));
        }
    }
}
