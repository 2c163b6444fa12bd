//! The file of an export: lines of JSON, plain and checksummed.
//!
//! The first line says what it is and that it is not sealed. Then come records, a line each, in sections; each section ends with a line that has its
//! number of records and the SHA-256 of its lines, and the last line has the same of all lines before it:
//!
//! ```text
//! {"overlapd-export":1,"sealed":false,"warning":"..."}
//! {"record":"identity",..}  {"record":"ledger",..}  {"record":"override",..}  {"record":"sighting",..}
//! {"record":"event",..}  {"record":"position",..}  {"record":"letter",..}  {"record":"audit",..}
//! {"record":"section","name":"node","records":2,"sha256":".."}
//! {"record":"exchange",..}                    ... section "exchanges"
//! {"record":"indicator",..}                   ... section "indicators"
//! {"record":"overlap",..}                     ... section "overlaps"
//! {"record":"end","records":N,"sha256":".."}
//! ```
//!
//! Nothing in it decides whom a node trusts: it carries no roster and no tokens, and a file with such records is refused.
//! Checksums keep damage out, not forgers; a restored node trusts what its config names, as a new one does.

use data_encoding::HEXLOWER;
use overlap_coalition::ExchangeId;
use overlap_indicator::{Context, Facet, Indicator, Kind, Pap, Rules, SecretText, Tlp, UnknownPap};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{BufRead, Read, Write};

use crate::added::date_of_seconds;
use crate::event_log::StoredEvent;
use crate::sinks::{PositionRecord, StoredLetter};
use crate::stored::{StoredExchange, to_json, unhex};
use crate::{
    AuditEntry, Hold, IndicatorId, IndicatorRow, OverlapRow, Override, SightingKind, SightingRow, StoreError,
};

/// The first line, whole.
pub(crate) const FIRST_LINE: &str = "{\"overlapd-export\":1,\"sealed\":false,\"warning\":\"NOT SEALED: every indicator stands here in plain text\"}\n";
/// The sections, in their order.
pub(crate) const SECTIONS: [&str; 4] = ["node", "exchanges", "indicators", "overlaps"];
/// Longest line, in bytes: far more than an exchange with its documents, or an indicator with its note, takes.
const LONGEST_LINE: u64 = 64 << 20;

/// What is said of a line that is no record, or one of a kind that exports do not carry.
const UNKNOWN_RECORD: &str = "a line is not a record that exports carry; rosters and tokens are not restored, a node trusts what its config names";

/// A line after the first.
#[derive(Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub(crate) enum Record {
    Identity(IdentityRecord),
    Ledger(LedgerRecord),
    Visit(VisitRecord),
    Sighting(SightingRecord),
    Event(StoredEvent),
    Position(PositionRecord),
    Letter(StoredLetter),
    Override(OverrideRecord),
    Audit(AuditRecord),
    Exchange(Box<StoredExchange>),
    Indicator(IndicatorRecord),
    Overlap(OverlapRecord),
    Section(SectionRecord),
    End(EndRecord),
}

/// What ids are made with, and the ledger's highest day.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityRecord {
    pub(crate) id_key: String,
    pub(crate) highest_day: u32,
}

/// What a partner used.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LedgerRecord {
    pub(crate) partner: String,
    pub(crate) day: u32,
    pub(crate) exchanges: u32,
    pub(crate) items: u64,
}

/// When the holder of a token was last at the console. It names a token and is none.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VisitRecord {
    pub(crate) token: String,
    pub(crate) date: u64,
}

/// A sighting.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SightingRecord {
    pub(crate) number: u32,
    indicator: String,
    says: String,
    at: u64,
    stored: u64,
    source: String,
}

/// An override of a warning.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverrideRecord {
    indicator: String,
    by: String,
    at: u64,
    reason: String,
}

/// An entry of the audit chain, as it was stored: whether the chain is right is told by who verifies it, in the new store as in the old one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditRecord {
    pub(crate) number: u64,
    time: u64,
    actor: String,
    action: String,
    object: String,
    detail: String,
    hash: String,
}

/// An indicator.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IndicatorRecord {
    kind: String,
    canonical: String,
    raw: String,
    tlp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pap: Option<String>,
    source: String,
    first_seen: Option<u64>,
    last_seen: Option<u64>,
    expires: Option<u64>,
    confidence: Option<u8>,
    note: String,
    imported: u64,
    /// Files that were written before rows had a date have none.
    #[serde(default)]
    added: Option<u64>,
}

/// An overlap.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverlapRecord {
    peer: String,
    indicator: String,
    kind: String,
    facet: String,
    raw: String,
    canonical: String,
    exchange: String,
    found: u64,
    /// Files that were written before these three were kept have none.
    #[serde(default)]
    tlp: Option<String>,
    #[serde(default)]
    imported: Option<u64>,
    #[serde(default)]
    added: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pap: Option<String>,
    /// Whether somebody has looked at it; files that were written before there were marks have none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) seen: bool,
}

/// The end of a section.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SectionRecord {
    name: String,
    records: u64,
    sha256: String,
}

/// The end.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndRecord {
    records: u64,
    sha256: String,
}

/// Counts and hashes lines.
#[derive(Clone, Default)]
struct Checksum {
    records: u64,
    hash: Sha256,
}

impl Checksum {
    fn take(&mut self, line: &[u8]) {
        self.records += 1;
        self.hash.update(line);
    }

    fn hex(&self) -> String {
        HEXLOWER.encode(&self.hash.clone().finalize())
    }
}

/// Writes an export.
pub(crate) struct ExportWriter<W> {
    out: W,
    section: Checksum,
    whole: Checksum,
}

impl<W: Write> ExportWriter<W> {
    pub(crate) fn new(mut out: W) -> Result<Self, StoreError> {
        out.write_all(FIRST_LINE.as_bytes())?;
        let mut whole = Checksum::default();
        whole.hash.update(FIRST_LINE.as_bytes());
        Ok(Self { out, section: Checksum::default(), whole })
    }

    pub(crate) fn record(&mut self, record: &Record) -> Result<(), StoreError> {
        let mut line = zeroize::Zeroizing::new(to_json(record)?);
        line.push(b'\n');
        self.section.take(&line);
        self.whole.take(&line);
        Ok(self.out.write_all(&line)?)
    }

    pub(crate) fn end_section(&mut self, name: &str) -> Result<(), StoreError> {
        let section = std::mem::take(&mut self.section);
        let (records, sha256) = (section.records, section.hex());
        self.record(&Record::Section(SectionRecord { name: name.to_owned(), records, sha256 }))?;
        self.section = Checksum::default();
        Ok(())
    }

    pub(crate) fn end(mut self) -> Result<W, StoreError> {
        let (records, sha256) = (self.whole.records, self.whole.hex());
        self.record(&Record::End(EndRecord { records, sha256 }))?;
        Ok(self.out)
    }
}

/// Reads an export, a record at a time, and checks it.
pub(crate) struct ExportReader<R> {
    from: R,
    section: Checksum,
    sections: usize,
    whole: Checksum,
}

impl<R: BufRead> ExportReader<R> {
    pub(crate) fn new(mut from: R) -> Result<Self, StoreError> {
        let mut first = vec![0; FIRST_LINE.len()];
        let foreign = StoreError::BadExport("it is not an export of this version");
        if from.read_exact(&mut first).is_err() || first != FIRST_LINE.as_bytes() {
            return Err(foreign);
        }
        let mut whole = Checksum::default();
        whole.hash.update(FIRST_LINE.as_bytes());
        Ok(Self { from, section: Checksum::default(), sections: 0, whole })
    }

    /// What it read from.
    pub(crate) fn into_inner(self) -> R {
        self.from
    }

    /// The section that the next record is in.
    pub(crate) fn section(&self) -> Option<&'static str> {
        SECTIONS.get(self.sections).copied()
    }

    /// The next record; `None` after the last, when everything was found right.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, StoreError> {
        loop {
            let line = self.line()?;
            let record: Record =
                serde_json::from_slice(&line).map_err(|_| StoreError::BadExport(UNKNOWN_RECORD))?;
            match record {
                Record::Section(section) => self.check_section(&section, &line)?,
                Record::End(end) => return self.check_end(&end).map(|()| None),
                record => {
                    self.section.take(&line);
                    self.whole.take(&line);
                    return Ok(Some(record));
                }
            }
        }
    }

    fn line(&mut self) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
        let mut line = zeroize::Zeroizing::new(Vec::new());
        self.from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.last() == Some(&b'\n') {
            Ok(line)
        } else {
            Err(StoreError::BadExport("it is cut short, or has a line that is too long"))
        }
    }

    fn check_section(&mut self, section: &SectionRecord, line: &[u8]) -> Result<(), StoreError> {
        let found = std::mem::take(&mut self.section);
        if self.section() != Some(section.name.as_str()) {
            return Err(StoreError::BadExport("its sections are out of order"));
        }
        if (found.records, &found.hex()) != (section.records, &section.sha256) {
            return Err(StoreError::BadExport("a section's checksum differs"));
        }
        self.sections += 1;
        self.whole.take(line);
        Ok(())
    }

    fn check_end(&mut self, end: &EndRecord) -> Result<(), StoreError> {
        if self.sections != SECTIONS.len() || self.section.records != 0 {
            return Err(StoreError::BadExport("a section is missing"));
        }
        if (self.whole.records, self.whole.hex()) != (end.records, end.sha256.clone()) {
            return Err(StoreError::BadExport("its checksum differs"));
        }
        match self.from.fill_buf()? {
            [] => Ok(()),
            _ => Err(StoreError::BadExport("something follows its end")),
        }
    }
}

impl SightingRecord {
    pub(crate) fn new(row: SightingRow) -> Self {
        Self {
            number: row.number,
            indicator: HEXLOWER.encode(&row.indicator.0),
            says: row.kind.as_str().to_owned(),
            at: row.at,
            stored: row.stored,
            source: row.source,
        }
    }

    pub(crate) fn into_row(self) -> Result<SightingRow, StoreError> {
        let kind = SightingKind::from_name(&self.says);
        Ok(SightingRow {
            number: self.number,
            indicator: IndicatorId(unhex(&self.indicator).map_err(|_| bad_id())?),
            kind: kind.ok_or(StoreError::BadExport("what a sighting says is unknown"))?,
            at: self.at,
            stored: self.stored,
            source: self.source,
        })
    }
}

impl AuditRecord {
    pub(crate) fn new(entry: AuditEntry) -> Self {
        let AuditEntry { number, time, actor, action, object, detail, hash } = entry;
        Self { number, time, actor, action, object, detail, hash: HEXLOWER.encode(&hash) }
    }

    pub(crate) fn into_entry(self) -> Result<AuditEntry, StoreError> {
        let Self { number, time, actor, action, object, detail, hash } = self;
        let hash = unhex(&hash).map_err(|_| StoreError::BadExport("a hash is none"))?;
        Ok(AuditEntry { number, time, actor, action, object, detail, hash })
    }
}

impl OverrideRecord {
    pub(crate) fn new(id: IndicatorId, of: Override) -> Self {
        let Override { by, at, reason } = of;
        Self { indicator: HEXLOWER.encode(&id.0), by, at, reason }
    }

    pub(crate) fn into_override(self) -> Result<(IndicatorId, Override), StoreError> {
        let Self { indicator, by, at, reason } = self;
        Ok((IndicatorId(unhex(&indicator).map_err(|_| bad_id())?), Override { by, at, reason }))
    }
}

impl IndicatorRecord {
    pub(crate) fn new(row: &IndicatorRow) -> Self {
        let context = row.context.clone();
        Self {
            kind: row.kind.to_string(),
            canonical: row.canonical.reveal().to_owned(),
            raw: row.raw.reveal().to_owned(),
            tlp: context.tlp.to_string(),
            pap: context.pap.map(|pap| pap.to_string()),
            source: context.source,
            first_seen: context.first_seen,
            last_seen: context.last_seen,
            expires: context.expires,
            confidence: context.confidence,
            note: context.note,
            imported: row.imported,
            added: Some(row.added),
        }
    }

    /// The row, with an id made by `id`, and the indicator that it is of.
    pub(crate) fn into_row(
        self,
        id: impl FnOnce(Kind, &SecretText) -> IndicatorId,
    ) -> Result<(IndicatorRow, Indicator), StoreError> {
        let bad = |_| StoreError::BadExport("an indicator is none");
        let kind: Kind = self.kind.parse().map_err(|_| StoreError::BadExport("a kind is unknown"))?;
        let indicator = Indicator::parse(kind, &self.canonical, &Rules::default()).map_err(bad)?;
        let canonical = SecretText::new(self.canonical);
        if *indicator.canonical() != canonical {
            return Err(StoreError::BadExport("an indicator is not in its canonical form"));
        }
        let tlp = tlp(&self.tlp)?;
        let pap: Option<Pap> = self.pap.as_deref().map(str::parse).transpose().map_err(bad_pap)?;
        let context = Context {
            tlp,
            pap,
            source: self.source,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            expires: self.expires,
            confidence: self.confidence,
            note: self.note,
        };
        let (id, raw, imported) = (id(kind, &canonical), SecretText::new(self.raw), self.imported);
        let added = self.added.unwrap_or_else(|| date_of_seconds(imported));
        let hold = Hold::Free;
        Ok((IndicatorRow { id, kind, raw, canonical, context, imported, added, hold }, indicator))
    }
}

impl OverlapRecord {
    pub(crate) fn new(row: &OverlapRow, seen: bool) -> Self {
        Self {
            peer: row.peer.to_string(),
            indicator: HEXLOWER.encode(&row.indicator.0),
            kind: row.kind.to_string(),
            facet: row.facet.to_string(),
            raw: row.raw.reveal().to_owned(),
            canonical: row.canonical.reveal().to_owned(),
            exchange: HEXLOWER.encode(&row.exchange.0),
            found: row.found,
            tlp: Some(row.tlp.to_string()),
            imported: Some(row.imported),
            added: Some(row.added),
            pap: row.pap.map(|pap| pap.to_string()),
            seen,
        }
    }

    pub(crate) fn into_row(self) -> Result<OverlapRow, StoreError> {
        let facet: Facet = self.facet.parse().map_err(|_| StoreError::BadExport("a facet is unknown"))?;
        Ok(OverlapRow {
            peer: self.peer.parse().map_err(|_| StoreError::BadExport("a member's id is none"))?,
            indicator: IndicatorId(unhex(&self.indicator).map_err(|_| bad_id())?),
            kind: self.kind.parse().map_err(|_| StoreError::BadExport("a kind is unknown"))?,
            facet,
            raw: SecretText::new(self.raw),
            canonical: SecretText::new(self.canonical),
            exchange: ExchangeId(unhex(&self.exchange).map_err(|_| bad_id())?),
            found: self.found,
            tlp: self.tlp.as_deref().map_or(Ok(Tlp::Red), tlp)?,
            pap: self.pap.map(|pap| pap.parse().map_err(bad_pap)).transpose()?,
            imported: self.imported.unwrap_or(self.found),
            added: self.added.unwrap_or_else(|| date_of_seconds(self.found)),
            is_first: false,
        })
    }
}

fn tlp(name: &str) -> Result<Tlp, StoreError> {
    name.parse().map_err(|_| StoreError::BadExport("a TLP marking is unknown"))
}

fn bad_pap(_: UnknownPap) -> StoreError {
    StoreError::BadExport("a PAP marking is unknown")
}

fn bad_id() -> StoreError {
    StoreError::BadExport("an id is none")
}
