//! Events: what happened at this node that tools outside want to hear of, in one order.
//!
//! An event's id is a date as rows have them ([`OverlapRow::added`]): later than that of every event before it, whatever the clock did. An overlap
//! *is* its event, and so is an exchange's end, so that neither can be there without the other.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use overlap_coalition::{MemberId, Timestamp};

use crate::{ExchangeRecord, ExchangeState, OverlapRow, Page, PageRequest, StoreError};

/// Digits of an id as text.
const ID_DIGITS: usize = 16;

/// The id of an event: microseconds since 1970-01-01T00:00:00Z, later than every event before it. As text it is 16 hex digits in lower case, so
/// that texts sort as ids do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EventId(pub u64);

/// A text that is no event's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event's id is 16 digits of 0-9 and a-f")]
pub struct BadEventId;

impl EventId {
    /// Before every event.
    pub const START: EventId = EventId(0);
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for EventId {
    type Err = BadEventId;

    fn from_str(text: &str) -> Result<Self, BadEventId> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != ID_DIGITS || !text.bytes().all(is_digit) {
            return Err(BadEventId);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| BadEventId)
    }
}

/// What kind of event. The numbers are the store's: they never change and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EventType {
    /// An own indicator that a partner holds too, on one facet.
    OverlapFound = 1,
    /// An exchange whose receipt is signed by both.
    ExchangeCompleted = 2,
    /// An exchange that either side refused.
    ExchangeRefused = 3,
    /// An exchange that failed; no overlap of it is stored.
    ExchangeFailed = 4,
    /// An exchange whose result stands, but whose receipt is not signed by both and never will be.
    ExchangeUnsigned = 5,
    /// The secretariat signed two rosters of one version.
    RosterAlarm = 6,
    /// A partner is suspended.
    PartnerSuspended = 7,
    /// A partner is revoked, or in no roster any more.
    PartnerRevoked = 8,
    /// A partner is a member again.
    PartnerReinstated = 9,
    /// A certificate ends soon: this node's own, or the last that was seen of a partner.
    CertificateExpiring = 10,
}

impl EventType {
    /// Every type, in the order of their numbers.
    pub const ALL: [EventType; 10] = [
        EventType::OverlapFound,
        EventType::ExchangeCompleted,
        EventType::ExchangeRefused,
        EventType::ExchangeFailed,
        EventType::ExchangeUnsigned,
        EventType::RosterAlarm,
        EventType::PartnerSuspended,
        EventType::PartnerRevoked,
        EventType::PartnerReinstated,
        EventType::CertificateExpiring,
    ];

    /// The name that tools see.
    pub const fn as_str(self) -> &'static str {
        match self {
            EventType::OverlapFound => "overlap.found",
            EventType::ExchangeCompleted => "exchange.completed",
            EventType::ExchangeRefused => "exchange.refused",
            EventType::ExchangeFailed => "exchange.failed",
            EventType::ExchangeUnsigned => "exchange.unsigned",
            EventType::RosterAlarm => "roster.alarm",
            EventType::PartnerSuspended => "partner.suspended",
            EventType::PartnerRevoked => "partner.revoked",
            EventType::PartnerReinstated => "partner.reinstated",
            EventType::CertificateExpiring => "certificate.expiring",
        }
    }

    /// The type with this name.
    pub fn named(name: &str) -> Option<EventType> {
        EventType::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// What the end of an exchange is.
    pub(crate) const fn of_end(state: ExchangeState) -> EventType {
        match state {
            ExchangeState::Completed => EventType::ExchangeCompleted,
            ExchangeState::Learned => EventType::ExchangeUnsigned,
            ExchangeState::Refused => EventType::ExchangeRefused,
            ExchangeState::Failed | ExchangeState::Offered | ExchangeState::Running => {
                EventType::ExchangeFailed
            }
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What kind.
    pub event_type: EventType,
    /// When, by the clock, in seconds since 1970-01-01T00:00:00Z.
    pub time: u64,
    /// The partner whom it is about, where it is about one.
    pub peer: Option<MemberId>,
    /// What happened.
    pub body: EventBody,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum EventBody {
    /// An overlap was found.
    Overlap(Box<OverlapRow>),
    /// An exchange ended: its record as it is now.
    Exchange(Box<ExchangeRecord>),
    /// Something else.
    Notice(Notice),
}

/// What a daemon tells the store, so that it becomes an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The secretariat signed two rosters of this version.
    RosterAlarm {
        /// The version.
        version: u64,
    },
    /// A partner is suspended.
    PartnerSuspended(MemberId),
    /// A partner is revoked, or in no roster any more.
    PartnerRevoked(MemberId),
    /// A partner is a member again.
    PartnerReinstated(MemberId),
    /// A certificate ends soon.
    CertificateExpiring {
        /// Whose, where it is not this node's own.
        peer: Option<MemberId>,
        /// When, in seconds since 1970-01-01T00:00:00Z.
        ends: u64,
    },
}

impl Notice {
    /// What kind of event it becomes.
    pub const fn event_type(&self) -> EventType {
        match self {
            Notice::RosterAlarm { .. } => EventType::RosterAlarm,
            Notice::PartnerSuspended(_) => EventType::PartnerSuspended,
            Notice::PartnerRevoked(_) => EventType::PartnerRevoked,
            Notice::PartnerReinstated(_) => EventType::PartnerReinstated,
            Notice::CertificateExpiring { .. } => EventType::CertificateExpiring,
        }
    }

    /// Whom it is about.
    pub const fn peer(&self) -> Option<&MemberId> {
        match self {
            Notice::RosterAlarm { .. } => None,
            Notice::PartnerSuspended(peer)
            | Notice::PartnerRevoked(peer)
            | Notice::PartnerReinstated(peer) => Some(peer),
            Notice::CertificateExpiring { peer, .. } => peer.as_ref(),
        }
    }
}

/// Which events.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of these types only.
    pub types: Option<BTreeSet<EventType>>,
    /// About these partners only; events that are about none are left out then.
    pub peers: Option<BTreeSet<MemberId>>,
}

impl EventFilter {
    pub(crate) fn wants_type(&self, event_type: EventType) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(&event_type))
    }

    pub(crate) fn wants_peer(&self, peer: Option<&MemberId>) -> bool {
        self.peers.as_ref().is_none_or(|peers| peer.is_some_and(|peer| peers.contains(peer)))
    }

    /// Whether an event of this type about this partner is meant.
    pub fn wants(&self, event_type: EventType, peer: Option<&MemberId>) -> bool {
        self.wants_type(event_type) && self.wants_peer(peer)
    }
}

/// Events that follow each other.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events, in their order.
    pub events: Vec<Event>,
    /// Up to where every event that was asked for is there: the next page begins after it.
    pub upto: EventId,
    /// Whether there are more now.
    pub more: bool,
}

/// The longest name of a sink.
const LONGEST_SINK: usize = 48;

/// Where events are pushed to, as its durable position is filed: its way, `/` and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SinkName(String);

/// A text that names no sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sink's name is 1 to 48 of a-z, 0-9, `-` and `/`")]
pub struct BadSinkName;

impl SinkName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SinkName {
    type Err = BadSinkName;

    fn from_str(text: &str) -> Result<Self, BadSinkName> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-/".contains(&byte);
        if (1..=LONGEST_SINK).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadSinkName)
        }
    }
}

impl fmt::Display for SinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event that a sink refused for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Which.
    pub event: EventId,
    /// Why, in words of this node's own.
    pub reason: String,
    /// How often it was sent.
    pub tries: u32,
    /// When it was given up, in seconds since 1970-01-01T00:00:00Z.
    pub given_up: u64,
    /// Whether somebody asked to send it again.
    pub again: bool,
}

/// The part of a store that keeps events and how far each sink has them.
pub trait EventStore {
    /// Events after an id, in their order, the first `most` of them and [`LONGEST_PAGE`](crate::LONGEST_PAGE) at most. Who goes on
    /// with [`EventPage::upto`] misses none and meets none again, whatever happens meanwhile.
    fn events_after(
        &self,
        after: EventId,
        filter: &EventFilter,
        most: usize,
    ) -> Result<EventPage, StoreError>;
    /// A page of events, the newest first. What happens meanwhile is on no later page.
    fn newest_events(&self, filter: &EventFilter, page: &PageRequest) -> Result<Page<Event>, StoreError>;
    /// One event.
    fn event(&self, id: EventId) -> Result<Option<Event>, StoreError>;
    /// The last event there is; [`EventId::START`] where there is none.
    fn last_event(&self) -> EventId;
    /// How many events there are after an id.
    fn events_behind(&self, after: EventId, filter: &EventFilter) -> u64;
    /// Makes a notice an event.
    fn tell(&self, notice: &Notice, now: Timestamp) -> Result<EventId, StoreError>;
    /// Calls `heard` with the last event whenever there may be a new one, from a thread that must not be kept waiting.
    fn on_event(&self, heard: Box<dyn Fn(EventId) + Send + Sync>);

    /// Up to where a sink has every event; `None` for one that never began.
    fn sink_position(&self, sink: &SinkName) -> Result<Option<EventId>, StoreError>;
    /// Notes how far a sink is.
    fn set_sink_position(&self, sink: &SinkName, position: EventId) -> Result<(), StoreError>;
    /// A sink's dead letters after an event, in the order of events, the first `most` of them.
    fn dead_letters(
        &self,
        sink: &SinkName,
        after: EventId,
        most: usize,
    ) -> Result<Vec<DeadLetter>, StoreError>;
    /// How many dead letters a sink has.
    fn count_dead_letters(&self, sink: &SinkName) -> Result<u64, StoreError>;
    /// Keeps a dead letter, or another word on it, and how far the sink is then, in one transaction.
    fn put_dead_letter(
        &self,
        sink: &SinkName,
        letter: &DeadLetter,
        position: Option<EventId>,
    ) -> Result<(), StoreError>;
    /// Removes a dead letter; whether it was there.
    fn remove_dead_letter(&self, sink: &SinkName, event: EventId) -> Result<bool, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_their_texts_and_come_back() {
        let ids = [0, 9, 10, 0xffff, 1_790_000_000_000_000, u64::MAX].map(EventId);
        let texts = ids.map(|id| id.to_string());
        assert!(texts.is_sorted());
        assert_eq!(texts.map(|text| text.parse()), ids.map(Ok));
        for bad in ["", "0", "000000000000000G", "000000000000000A", "+000000000000001", "00000000000000001"]
        {
            assert_eq!(bad.parse::<EventId>(), Err(BadEventId), "{bad}");
        }
    }

    #[test]
    fn every_type_has_a_name_and_a_number_of_its_own() {
        for (at, one) in EventType::ALL.into_iter().enumerate() {
            assert_eq!((EventType::named(one.as_str()), one as usize), (Some(one), at + 1));
        }
        assert_eq!(EventType::named("overlap"), None);
    }

    #[test]
    fn sinks_have_plain_names() {
        assert!("webhook/soc-1".parse::<SinkName>().is_ok());
        for bad in ["", "webhook/é", "webhook/A", "a\0b", &"a".repeat(49)] {
            assert!(bad.parse::<SinkName>().is_err(), "{bad}");
        }
    }
}
