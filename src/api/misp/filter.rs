//! What `restSearch` is asked for.
//!
//! A filter that is there and says nothing that can be read, or asks for what this node never has, is met by nothing: a client that asks for
//! something narrow is never given everything. So it is with keys that nobody here knows: they may be filters. Switches that say how an answer
//! is to look are passed over where this node has no such thing, since clients send all of theirs.

use overlap_store::OverlapGroup;
use serde_json::{Map, Value};

use super::MispError;
use super::event::{self, info};
use super::terms::Terms;
use super::time::{Span, span, time};

/// Seconds in a day: events are dated by days.
const DAY: u64 = 86_400;

/// Switches for what answers of this node never have, or always; beside these, all that begin with `include` or `with`.
const SWITCHES: [&str; 20] = [
    "returnFormat",
    "order",
    "sort",
    "direction",
    "headerless",
    "minimal",
    "flatten",
    "noEvents",
    "sgReferenceOnly",
    "requested_attributes",
    "score",
    "excludeDecayed",
    "excludeLocalTags",
    "excludeGalaxy",
    "showEventReports",
    "allowNonIDS",
    "download",
    "exportFormat",
    "timeout",
    "json",
];

/// In which form an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    #[default]
    Json,
    /// A value on each line.
    Text,
}

/// A search.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) form: Form,
    /// Counts from 0; only together with a limit.
    pub(crate) page: u64,
    pub(crate) limit: Option<u64>,
    /// Whether there is a filter that nothing meets.
    pub(crate) meets_nothing: bool,
    pub(crate) value: Option<Terms>,
    pub(crate) type_name: Option<Terms>,
    pub(crate) category: Option<Terms>,
    pub(crate) tags: Option<Terms>,
    pub(crate) uuid: Option<Terms>,
    pub(crate) anywhere: Option<Terms>,
    pub(crate) event: Option<Terms>,
    pub(crate) info: Option<Terms>,
    pub(crate) org: Option<Terms>,
    /// When what is meant was found.
    found: Vec<Span>,
    pub(crate) with_event_tags: bool,
    pub(crate) with_sightings: bool,
    pub(crate) with_warnings: bool,
    /// Whether what is on a warning list is left out.
    pub(crate) without_warned: bool,
    /// Of events, all but their attributes.
    pub(crate) only_metadata: bool,
}

impl Filter {
    /// Reads the members of a body, or of a query.
    ///
    /// # Errors
    /// 400 for a form of answer that there is not.
    pub(crate) fn read(members: &Map<String, Value>, now: u64) -> Result<Self, MispError> {
        let members = members.get("request").and_then(Value::as_object).unwrap_or(members);
        let mut filter = Self { form: form(members.get("returnFormat"))?, ..Self::default() };
        for (name, value) in members.iter().filter(|(name, value)| is_said(name, value)) {
            if filter.take(name, value, now).is_none() {
                filter.meets_nothing = true;
            }
        }
        Ok(filter)
    }

    /// Takes a member; none where it says nothing that can be met.
    fn take(&mut self, name: &str, value: &Value, now: u64) -> Option<()> {
        match name {
            "value" | "value1" | "attribute" => self.value = Some(Terms::read(value)?),
            "type" => self.type_name = Some(Terms::read(value)?),
            "category" => self.category = Some(Terms::read(value)?),
            "tags" | "tag" | "event_tags" => self.tags = Some(Terms::read(value)?),
            "uuid" => self.uuid = Some(Terms::read(value)?),
            "quickFilter" | "searchall" => self.anywhere = Some(Terms::within(value.as_str()?)),
            "eventid" | "event_id" | "eventId" | "event_uuid" | "event_ids" | "idList" => {
                self.event = Some(Terms::read(value)?)
            }
            "eventinfo" => self.info = Some(Terms::read(value)?),
            "org" | "orgc" => self.org = Some(Terms::read(value)?),
            "date" => {
                let from = day(value, now)?;
                self.found.push(Span { from, until: from.saturating_add(DAY - 1) });
            }
            "from" | "datefrom" => self.found.push(Span { from: day(value, now)?, until: u64::MAX }),
            "to" | "until" | "dateuntil" => {
                self.found.push(Span { from: 0, until: day(value, now)?.saturating_add(DAY - 1) });
            }
            "timestamp" | "attribute_timestamp" | "event_timestamp" | "publish_timestamp" | "last" => {
                self.found.push(span(value, now)?);
            }
            name => return self.take_switch(name, value),
        }
        Some(())
    }

    fn take_switch(&mut self, name: &str, value: &Value) -> Option<()> {
        match name {
            "page" => self.page = number(value)?.checked_sub(1)?,
            "limit" => self.limit = Some(number(value).filter(|limit| *limit > 0)?),
            // Every overlap is for detection, published, and there.
            "to_ids" | "published" => return holds_on(value).then_some(()),
            "deleted" => return allows_off(value).then_some(()),
            "threat_level_id" | "threatlevel" => return is_one(value, event::THREAT_LEVEL),
            "analysis" => return is_one(value, event::ANALYSIS),
            "distribution" => return is_one(value, event::DISTRIBUTION),
            "includeEventTags" | "includeContext" => self.with_event_tags = true,
            "includeSightings" => self.with_sightings = true,
            "includeWarninglistHits" => self.with_warnings = true,
            "enforceWarninglist" => self.without_warned = true,
            "metadata" => self.only_metadata = true,
            name if is_switch(name) => {}
            // Of objects, sharing groups, galaxies, times of sight, decay; or nobody knows of what.
            _ => return None,
        }
        Some(())
    }

    /// Of whatever is found: how many are passed over.
    pub(crate) fn skip(&self) -> u64 {
        self.limit.map_or(0, |limit| self.page.saturating_mul(limit))
    }

    /// Whether the overlaps of a group may be meant, by what is said of events. Asked of every group there is, so texts are made only where they are compared.
    pub(crate) fn means_event(&self, group: &OverlapGroup, org: [&str; 3]) -> bool {
        let names = || [group.number.to_string(), group.uuid.to_string()];
        let is_named = |event: &Terms| event.mean(&names().each_ref().map(String::as_str));
        !self.meets_nothing
            && self.found.iter().all(|span| span.holds(group.found))
            && self.event.as_ref().is_none_or(is_named)
            && self.info.as_ref().is_none_or(|terms| terms.mean(&[&info(group)]))
            && self.org.as_ref().is_none_or(|terms| terms.mean(&org))
    }

    /// Whether anything is said of attributes, and not of events alone.
    pub(crate) fn speaks_of_attributes(&self) -> bool {
        [&self.value, &self.type_name, &self.category, &self.tags, &self.uuid, &self.anywhere]
            .into_iter()
            .any(Option::is_some)
            || self.without_warned
    }
}

/// Whether a member says anything: clients send their switches as 0 where nobody has set them. Some are filters when they are off.
fn is_said(name: &str, value: &Value) -> bool {
    let is_off =
        matches!(value, Value::Bool(false)) || value.as_f64() == Some(0.0) || value.as_str() == Some("0");
    let says_off = ["to_ids", "published", "threat_level_id", "threatlevel", "analysis", "distribution"];
    !value.is_null() && (!is_off || says_off.contains(&name))
}

fn is_switch(name: &str) -> bool {
    SWITCHES.contains(&name) || name.starts_with("include") || name.starts_with("with")
}

fn form(value: Option<&Value>) -> Result<Form, MispError> {
    match value.filter(|value| !value.is_null()).map(|value| value.as_str().unwrap_or_default()) {
        None | Some("json") => Ok(Form::Json),
        Some("text") => Ok(Form::Text),
        Some(_) => Err(MispError::bad(
            "returnFormat: json or text; STIX is told over TAXII, and lists as CSV by the command line",
        )),
    }
}

/// The first second of the day that a value says.
fn day(value: &Value, now: u64) -> Option<u64> {
    let time = time(value, now)?;
    Some(time - time % DAY)
}

/// Whether a switch, or a list of what it may be, allows that it is on.
fn holds_on(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_on),
        Value::String(text) => matches!(text.as_str(), "1" | "true"),
        value => value.as_bool().unwrap_or(value.as_f64() == Some(1.0)),
    }
}

/// Whether a list of what a switch may be allows that it is off.
fn allows_off(value: &Value) -> bool {
    let is_off = |value: &Value| {
        matches!(value, Value::Bool(false))
            || value.as_f64() == Some(0.0)
            || matches!(value.as_str(), Some("0" | "false"))
    };
    value.as_array().is_some_and(|items| items.iter().any(is_off))
}

/// Whether what an event always has is among what is asked for.
fn is_one(value: &Value, has: &str) -> Option<()> {
    Terms::read(value)?.mean(&[has]).then_some(())
}

/// A number, or its digits.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}
