//! Writing an export: everything but the roster and the tokens.

use std::io::{self, Write};

use data_encoding::HEXLOWER;
use overlap_coalition::MemberId;

use crate::charging::calendar;
use crate::database::Writer;
use crate::error::damaged;
use crate::export_format::{
    AuditRecord, ExportWriter, IdentityRecord, IndicatorRecord, LedgerRecord, OverlapRecord, OverrideRecord,
    Record, SECTIONS, SightingRecord, VisitRecord,
};
use crate::ledger::PartnerUse;
use crate::page::LONGEST_PAGE;
use crate::sinks::PositionRecord;
use crate::sled_store::SledStore;
use crate::spool::Spool;
use crate::stored::{StoredExchange, from_json};
use crate::{
    AuditAction, AuditFilter, AuditOrder, By, IndicatorFilter, NewAudit, OverlapQuery, Page, PageRequest,
    SightingFilter, StoreError, audits, holding, indicators, keys, overlap_query, sightings, visits,
};

/// Rows that are in memory together.
const ROWS: usize = if LONGEST_PAGE < 1024 { LONGEST_PAGE } else { 1024 };

/// Writes everything but the roster and the tokens to `out`, as it is at one moment. It waits, sealed, beside the store until the reader has taken it, so
/// that a slow one keeps no exchange waiting.
pub(crate) fn export(store: &SledStore, out: &mut dyn Write, by: &By) -> Result<(), StoreError> {
    audits::note(store, by, &NewAudit::of(AuditAction::StoreExported))?;
    let spool = {
        let writer = store.writer()?;
        spool(store, &writer)?
    };
    io::copy(&mut spool.into_reader()?, out)?;
    Ok(out.flush()?)
}

/// The writer is held, so nothing changes meanwhile.
fn spool(store: &SledStore, _writer: &Writer) -> Result<Spool, StoreError> {
    let mut to = ExportWriter::new(Spool::new(store.folder.path(), store.sealer.clone())?)?;
    let [node, exchanges, indicators, overlaps] = SECTIONS;
    write_node(store, &mut to)?;
    to.end_section(node)?;
    write_exchanges(store, &mut to)?;
    to.end_section(exchanges)?;
    write_pages(
        |page| indicators::page(store, &IndicatorFilter::default(), page),
        |row| to.record(&Record::Indicator(IndicatorRecord::new(&row))),
    )?;
    to.end_section(indicators)?;
    let oldest_first = OverlapQuery::oldest_first();
    write_pages(
        |page| overlap_query::page(store, &oldest_first, page),
        |found| to.record(&Record::Overlap(OverlapRecord::new(&found.row, found.seen))),
    )?;
    to.end_section(overlaps)?;
    to.end()
}

fn write_node(store: &SledStore, to: &mut ExportWriter<Spool>) -> Result<(), StoreError> {
    let id_key = HEXLOWER.encode(store.state().ids.expose_bytes());
    let highest_day = calendar(store)?.highest;
    to.record(&Record::Identity(IdentityRecord { id_key, highest_day }))?;
    for (key, plain) in table(store, keys::LEDGER)? {
        to.record(&Record::Ledger(ledger_record(&key, &plain)?))?;
    }
    for (key, plain) in table(store, keys::VISIT)? {
        to.record(&Record::Visit(visit_record(&key, &plain)?))?;
    }
    for (_, plain) in table(store, keys::EVENT)? {
        to.record(&Record::Event(from_json(&plain)?))?;
    }
    for (key, plain) in table(store, keys::POSITION)? {
        to.record(&Record::Position(PositionRecord::of(&key, &plain)?))?;
    }
    for (_, plain) in table(store, keys::LETTER)? {
        to.record(&Record::Letter(from_json(&plain)?))?;
    }
    write_pages(
        |page| audits::page(store, &AuditFilter::default(), AuditOrder::Oldest, page),
        |entry| to.record(&Record::Audit(AuditRecord::new(entry))),
    )?;
    for (id, of) in holding::overrides(store)? {
        to.record(&Record::Override(OverrideRecord::new(id, of)))?;
    }
    write_pages(
        |page| sightings::page(store, &SightingFilter::default(), page),
        |row| to.record(&Record::Sighting(SightingRecord::new(row))),
    )
}

fn visit_record(key: &[u8], plain: &[u8]) -> Result<VisitRecord, StoreError> {
    let token = key.get(1..).and_then(|name| std::str::from_utf8(name).ok());
    let token = token.ok_or(damaged("a token's name"))?.to_owned();
    Ok(VisitRecord { token, date: visits::decode(plain)? })
}

fn ledger_record(key: &[u8], plain: &[u8]) -> Result<LedgerRecord, StoreError> {
    let name = key.get(1..).and_then(|name| std::str::from_utf8(name).ok());
    let partner: Option<MemberId> = name.and_then(|name| name.parse().ok());
    let PartnerUse { day, used } = PartnerUse::decode(plain)?;
    let partner = partner.ok_or(damaged("a member's id"))?.to_string();
    Ok(LedgerRecord { partner, day, exchanges: used.exchanges, items: used.items })
}

fn write_exchanges(store: &SledStore, to: &mut ExportWriter<Spool>) -> Result<(), StoreError> {
    let mut from = 0;
    loop {
        let some = store.state().exchanges.oldest_from(from, ROWS);
        if some.is_empty() {
            return Ok(());
        }
        from += some.len() as u64;
        for id in some {
            let plain = store.database.get(&keys::exchange(id))?.ok_or(damaged("an exchange is missing"))?;
            to.record(&Record::Exchange(Box::new(from_json::<StoredExchange>(&plain)?)))?;
        }
    }
}

fn write_pages<T>(
    page: impl Fn(&PageRequest) -> Result<Page<T>, StoreError>,
    mut each: impl FnMut(T) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut request = PageRequest { limit: ROWS, after: None };
    loop {
        let Page { rows, next } = page(&request)?;
        rows.into_iter().try_for_each(&mut each)?;
        match next {
            Some(_) => request.after = next,
            None => return Ok(()),
        }
    }
}

type Value = (Vec<u8>, zeroize::Zeroizing<Vec<u8>>);

/// The values of a small table.
fn table(store: &SledStore, table: u8) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::new();
    for key in store.database.keys(&[table])? {
        let plain = store.database.get(&key)?.ok_or(damaged("a record is missing"))?;
        values.push((key, plain));
    }
    Ok(values)
}
