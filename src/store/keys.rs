//! The keys of the database: a byte for the table, then the key in it. Numbers are big-endian, so that keys sort as they count.

use overlap_coalition::{ExchangeId, MemberId};

use crate::{EventId, IndicatorId, SinkName};

/// When indicators were added, by segment; read before the segments.
pub(crate) const INDICATORS_ADDED: u8 = 0x08;
/// When overlaps were added, by segment; read before the segments.
pub(crate) const OVERLAPS_ADDED: u8 = 0x09;
/// Segments of indicators, by number.
pub(crate) const SEGMENT: u8 = 0x10;
/// Journals of changed contexts, by number; read after the segments.
pub(crate) const JOURNAL: u8 = 0x11;
/// Segments of overlaps, by number.
pub(crate) const OVERLAPS: u8 = 0x20;
/// Exchanges, by id.
pub(crate) const EXCHANGE: u8 = 0x30;
/// What each partner used, by partner.
pub(crate) const LEDGER: u8 = 0x40;
/// Tokens, by name.
pub(crate) const TOKEN: u8 = 0x50;
/// Which overlaps are marked as seen, by segment; read after the segments.
pub(crate) const OVERLAPS_SEEN: u8 = 0xA0;
/// Last visits to the console, by the token's name.
pub(crate) const VISIT: u8 = 0xA1;
/// Single records.
pub(crate) const META: u8 = 0x60;
/// Sightings, by number.
pub(crate) const SIGHTING: u8 = 0x90;
/// Overrides of warnings, by indicator; read after the segments.
pub(crate) const OVERRIDE: u8 = 0x70;

/// Events that are no rows of their own, by id.
pub(crate) const EVENT: u8 = 0x80;
/// How far each sink has the events, by its name.
pub(crate) const POSITION: u8 = 0x81;
/// What sinks refused for good, by the sink's name and the event's id.
pub(crate) const LETTER: u8 = 0x82;

/// The audit chain, by number.
pub(crate) const AUDIT: u8 = 0xB0;
/// This store's own audit chain while a restore puts another in its place; none at other times.
pub(crate) const AUDIT_ASIDE: u8 = 0xB1;

/// The key of indicators' ids.
pub(crate) const ID_KEY: &[u8] = &[META, 1];
/// The highest day that was charged.
pub(crate) const DAY: &[u8] = &[META, 2];
/// The roster.
pub(crate) const ROSTER: &[u8] = &[META, 3];
/// How many entries of the audit chain a restore put aside; there as long as they are.
pub(crate) const ASIDE: &[u8] = &[META, 4];

pub(crate) fn numbered(table: u8, number: u32) -> Vec<u8> {
    [&[table][..], &number.to_be_bytes()].concat()
}

/// The number in a key of a numbered table.
pub(crate) fn number_of(key: &[u8]) -> Option<u32> {
    key.get(1..)?.try_into().ok().map(u32::from_be_bytes)
}

pub(crate) fn exchange(id: ExchangeId) -> Vec<u8> {
    [&[EXCHANGE][..], &id.0].concat()
}

pub(crate) fn ledger(partner: &MemberId) -> Vec<u8> {
    [&[LEDGER], partner.as_str().as_bytes()].concat()
}

pub(crate) fn visit(token: &str) -> Vec<u8> {
    [&[VISIT], token.as_bytes()].concat()
}

pub(crate) fn token(name: &str) -> Vec<u8> {
    [&[TOKEN], name.as_bytes()].concat()
}

pub(crate) fn event(id: EventId) -> Vec<u8> {
    [&[EVENT][..], &id.0.to_be_bytes()].concat()
}

/// An entry of the audit chain, in either table.
pub(crate) fn audit(table: u8, number: u64) -> Vec<u8> {
    [&[table][..], &number.to_be_bytes()].concat()
}

/// The number in the key of an audit entry.
pub(crate) fn audit_number(key: &[u8]) -> Option<u64> {
    key.get(1..)?.try_into().ok().map(u64::from_be_bytes)
}

pub(crate) fn position(sink: &SinkName) -> Vec<u8> {
    [&[POSITION], sink.as_str().as_bytes()].concat()
}

/// What the keys of a sink's dead letters begin with. No name has a zero byte.
pub(crate) fn letters(sink: &SinkName) -> Vec<u8> {
    [&[LETTER], sink.as_str().as_bytes(), &[0]].concat()
}

pub(crate) fn letter(sink: &SinkName, event: EventId) -> Vec<u8> {
    [&letters(sink)[..], &event.0.to_be_bytes()].concat()
}

/// The sink in the key of a dead letter.
pub(crate) fn sink_of_letter(key: &[u8]) -> Option<SinkName> {
    let name = key.get(1..)?.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(name).ok()?.parse().ok()
}

pub(crate) fn override_of(id: IndicatorId) -> Vec<u8> {
    [&[OVERRIDE][..], &id.0].concat()
}

/// The indicator in the key of an override.
pub(crate) fn overridden(key: &[u8]) -> Option<IndicatorId> {
    key.get(1..)?.try_into().ok().map(IndicatorId)
}
