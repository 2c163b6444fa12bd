//! A coalition of three on this machine: real daemons, real exchanges, sample lists of made-up values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use overlap_coalition::MemberId;
use serde::Serialize;
use tempfile::TempDir;

use crate::cli::{Ask, EngineArg, ExchangeReport, Format, Job, OverlapLine, all_overlaps, exchange, upload};
use crate::clock;
use crate::config::{Config, LearnsName};
use crate::exit::CommandError;
use crate::files;
use crate::lab::{self, LabMember, LabPlan};
use crate::output::Output;
use crate::process::NodeProcess;

/// The members and their sample lists, written by `demo/generate.py`.
const SAMPLES: [(&str, &str); 3] = [
    ("police", include_str!("demo/police.csv")),
    ("payments", include_str!("demo/payments.csv")),
    ("hotline", include_str!("demo/hotline.csv")),
];

/// The pairs that compare, by their places in [`SAMPLES`].
const PAIRS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

/// A running demo. Dropping it ends its nodes and removes its folder.
pub(crate) struct Demo {
    // The nodes go before the folder that they write to.
    nodes: Vec<DemoNode>,
    _folder: TempDir,
}

struct DemoNode {
    member: LabMember,
    socket: PathBuf,
    process: NodeProcess,
}

/// Where a node of the demo is.
#[derive(Debug, Serialize)]
pub(crate) struct NodePlace {
    /// Its member.
    pub member: String,
    /// Its API's socket.
    pub socket: PathBuf,
    /// Its console.
    pub console: String,
    /// The file of a token to sign in with.
    pub token: PathBuf,
    /// Its config.
    pub config: PathBuf,
}

/// What a node of the demo imported.
#[derive(Debug, Serialize)]
pub(crate) struct Imported {
    /// Its member.
    pub member: String,
    /// How many indicators.
    pub accepted: u64,
}

/// What one pair found.
#[derive(Debug, Serialize)]
pub(crate) struct PairReport {
    /// The exchange, as its initiator tells it.
    pub exchange: ExchangeReport,
    /// The two members, the initiator first.
    pub members: [String; 2],
    /// What each learned: its own overlapping indicators by kind.
    pub learned: [BTreeMap<String, usize>; 2],
    /// A few overlaps.
    pub examples: Vec<Example>,
}

/// One overlap, as each of the two members had written it.
#[derive(Debug, Serialize)]
pub(crate) struct Example {
    /// Its kind.
    pub kind: String,
    /// In the spellings of the two.
    pub values: [String; 2],
}

/// How many overlaps are shown for a pair.
const EXAMPLES: usize = 4;

impl Demo {
    /// Makes the coalition in a temporary folder and starts its daemons.
    ///
    /// # Errors
    /// A file cannot be written, or a daemon does not start.
    pub(crate) async fn start() -> Result<Self, CommandError> {
        let folder = tempfile::Builder::new()
            .prefix("overlapd-demo-")
            .tempdir()
            .map_err(|error| CommandError::failed(format!("no temporary folder: {error}")))?;
        let members = lab::create(&plan(folder.path())?, clock::now())?;
        let mut nodes = members.into_iter().map(DemoNode::start).collect::<Result<Vec<_>, _>>()?;
        for node in &mut nodes {
            node.process.wait_ready().await?;
        }
        Ok(Self { nodes, _folder: folder })
    }

    /// Imports every member's sample list.
    ///
    /// # Errors
    /// An import fails, or rejects a row.
    pub(crate) async fn import(&self, output: Output) -> Result<Vec<Imported>, CommandError> {
        let mut imported = Vec::new();
        for (node, (member, list)) in self.nodes.iter().zip(SAMPLES) {
            let file = node.member.config.with_file_name("sample.csv");
            files::write_new(&file, list.as_bytes())?;
            let report = upload(node.process.client(), &file, Format::Csv, &Job::default(), output).await?;
            if !report.rejected.is_empty() {
                return Err(CommandError::failed(format!(
                    "rows of the sample list of {member} were rejected"
                )));
            }
            imported.push(Imported { member: member.to_owned(), accepted: report.accepted });
        }
        Ok(imported)
    }

    /// Runs the exchange of every pair in turn.
    ///
    /// # Errors
    /// An exchange fails.
    pub(crate) async fn compare(&self, output: Output) -> Result<Vec<PairReport>, CommandError> {
        let mut reports = Vec::new();
        for (left, right) in PAIRS {
            reports.push(self.nodes[left].compare(&self.nodes[right], output).await?);
        }
        Ok(reports)
    }

    /// Where the nodes are.
    pub(crate) fn places(&self) -> Vec<NodePlace> {
        let place = |node: &DemoNode| NodePlace {
            member: node.member.id.to_string(),
            socket: node.socket.clone(),
            console: format!("https://{}/console/", node.member.api),
            token: node.member.config.with_file_name("api.token"),
            config: node.member.config.clone(),
        };
        self.nodes.iter().map(place).collect()
    }

    /// Stops the nodes in order.
    ///
    /// # Errors
    /// One did not end well.
    pub(crate) async fn stop(self) -> Result<(), CommandError> {
        let mut first_error = Ok(());
        for node in self.nodes {
            first_error = first_error.and(node.process.stop().await);
        }
        first_error
    }
}

fn plan(folder: &Path) -> Result<LabPlan, CommandError> {
    let name = |error: overlap_coalition::NameError| CommandError::failed(error.to_string());
    let members: Result<Vec<MemberId>, _> = SAMPLES.iter().map(|(member, _)| member.parse()).collect();
    Ok(LabPlan {
        folder: folder.join("lab"),
        coalition: "demo.example".parse().map_err(name)?,
        members: members.map_err(name)?,
        learns: LearnsName::Both,
    })
}

impl DemoNode {
    fn start(member: LabMember) -> Result<Self, CommandError> {
        let socket = Config::load(&member.config)?.api.socket;
        let process = NodeProcess::start(&member.config)?;
        Ok(Self { member, socket, process })
    }

    async fn compare(&self, other: &DemoNode, output: Output) -> Result<PairReport, CommandError> {
        let ask = Ask { peer: &other.member.id, engine: EngineArg::Auto, purpose: None, case: None };
        let exchange = exchange(self.process.client(), &ask, output).await?;
        let ours = all_overlaps(self.process.client(), &other.member.id).await?;
        let theirs = all_overlaps(other.process.client(), &self.member.id).await?;
        Ok(PairReport {
            exchange,
            members: [self.member.id.to_string(), other.member.id.to_string()],
            learned: [by_kind(&ours), by_kind(&theirs)],
            examples: examples(&ours, &theirs),
        })
    }
}

/// Indicators, not lines: a URL that meets another on its host too has two lines.
fn by_kind(lines: &[OverlapLine]) -> BTreeMap<String, usize> {
    let indicators: BTreeSet<_> = lines.iter().map(|line| (&line.kind, &line.canonical)).collect();
    let mut counts = BTreeMap::new();
    for (kind, _) in indicators {
        *counts.entry(kind.clone()).or_default() += 1;
    }
    counts
}

/// Overlaps of different kinds that the two members wrote in different ways.
fn examples(ours: &[OverlapLine], theirs: &[OverlapLine]) -> Vec<Example> {
    let mut shown = BTreeMap::new();
    for line in ours {
        let same = |other: &&OverlapLine| {
            other.kind == line.kind && other.canonical == line.canonical && other.value != line.value
        };
        if let Some(other) = theirs.iter().find(same) {
            let values = [line.value.clone(), other.value.clone()];
            shown.entry(line.kind.clone()).or_insert(Example { kind: line.kind.clone(), values });
        }
    }
    shown.into_values().take(EXAMPLES).collect()
}

#[cfg(test)]
mod tests {
    use overlap_indicator::{Indicator, Kind, Rules};

    use super::*;

    fn canonical(list: &str) -> BTreeSet<(Kind, String)> {
        let mut reader = csv::Reader::from_reader(list.as_bytes());
        reader
            .records()
            .map(|record| {
                let record = record.unwrap();
                let kind: Kind = record[0].parse().unwrap();
                let indicator = Indicator::parse(kind, &record[1], &Rules::default())
                    .unwrap_or_else(|reject| panic!("{}: {reject}", &record[1]));
                (kind, indicator.canonical().reveal().to_owned())
            })
            .collect()
    }

    #[test]
    fn the_samples_are_good_and_overlap_as_dealt() {
        let lists: Vec<_> = SAMPLES.iter().map(|(_, list)| canonical(list)).collect();
        for list in &lists {
            assert_eq!(list.len(), 300);
        }
        for (left, right) in PAIRS {
            assert_eq!(lists[left].intersection(&lists[right]).count(), 60);
        }
    }

    #[test]
    fn most_overlaps_are_spelled_differently() {
        let raw = |list: &str| list.lines().skip(1).map(str::to_owned).collect::<BTreeSet<_>>();
        for (left, right) in PAIRS {
            assert!(raw(SAMPLES[left].1).intersection(&raw(SAMPLES[right].1)).count() < 10);
        }
    }
}
