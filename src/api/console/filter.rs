//! Which overlaps a page shows: its query, read, and written again into links and forms.

use overlap_coalition::MemberId;
use overlap_indicator::{Facet, Kind};
use overlap_store::{IndicatorId, OverlapOrder, OverlapQuery};

use super::fields::Fields;
use super::session::Session;
use crate::problem::Problem;
use crate::request::{bad_query, id_bytes, query_kind, query_peer};
use crate::rfc3339::parse_rfc3339;

/// Microseconds in a second, and seconds in a day.
const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400;

/// Which overlaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) peer: Option<MemberId>,
    pub(crate) kind: Option<Kind>,
    pub(crate) facet: Option<Facet>,
    pub(crate) seen: Option<bool>,
    /// The first and the last day, in UTC, each as it was written: `2026-11-18`.
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
    /// Only those that came since the visitor was last here.
    pub(crate) is_new: bool,
    pub(crate) indicator: Option<IndicatorId>,
    pub(crate) order: OverlapOrder,
}

impl Filter {
    /// Reads a query or a form.
    pub(crate) fn read(fields: &Fields) -> Result<Self, Problem> {
        let facet = fields.one("facet").map(str::parse::<Facet>).transpose();
        let indicator =
            fields.one("indicator").map(|id| id_bytes(id).ok_or_else(|| bad_query("indicator: no id")));
        Ok(Self {
            peer: query_peer(fields.one("peer"))?,
            kind: query_kind(fields.one("kind"))?,
            facet: facet.map_err(|_| bad_query("facet: there is none of this name"))?,
            seen: seen(fields.one("seen"))?,
            from: day(fields.one("from"), "from")?,
            until: day(fields.one("until"), "until")?,
            is_new: fields.one("new").is_some(),
            indicator: indicator.transpose()?.map(IndicatorId),
            order: order(fields.one("order"))?,
        })
    }

    /// What the store is asked.
    pub(crate) fn query(&self, session: &Session) -> OverlapQuery {
        let from = self.from.as_deref().and_then(parse_rfc3339);
        let from = from.map(|day| (day * SECOND).saturating_sub(1));
        let until = self.until.as_deref().and_then(parse_rfc3339);
        OverlapQuery {
            peer: self.peer.clone(),
            kind: self.kind,
            facet: self.facet,
            seen: self.seen,
            added_after: from.max(self.is_new.then_some(session.last_visit).flatten()),
            added_until: until.map(|day| (day + DAY) * SECOND - 1),
            indicator: self.indicator,
            order: self.order,
        }
    }

    /// The fields that say the same.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("peer", self.peer.as_ref().map(MemberId::to_string)),
            ("kind", self.kind.map(|kind| kind.to_string())),
            ("facet", self.facet.map(|facet| facet.to_string())),
            ("seen", self.seen.map(|seen| if seen { "yes" } else { "no" }.to_owned())),
            ("from", self.from.clone()),
            ("until", self.until.clone()),
            ("new", self.is_new.then(|| "1".to_owned())),
            ("indicator", self.indicator.map(|id| id.to_string())),
            ("order", Some(order_name(self.order)).filter(|name| *name != "newest").map(str::to_owned)),
        ]
    }

    /// A path with this filter and more fields.
    pub(crate) fn link(&self, path: &str, more: &[(&'static str, Option<&str>)]) -> String {
        let own = self.pairs();
        let own = own.iter().map(|(name, value)| (*name, value.as_deref()));
        super::fields::link(path, &own.chain(more.iter().copied()).collect::<Vec<_>>())
    }
}

fn seen(text: Option<&str>) -> Result<Option<bool>, Problem> {
    match text {
        None => Ok(None),
        Some("yes") => Ok(Some(true)),
        Some("no") => Ok(Some(false)),
        Some(_) => Err(bad_query("seen: yes or no")),
    }
}

/// A day of four digits for the year: what follows must not overflow.
fn day(text: Option<&str>, name: &str) -> Result<Option<String>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let is_day = text.len() == "2026-11-18".len() && parse_rfc3339(text).is_some();
    is_day
        .then(|| Some(text.to_owned()))
        .ok_or_else(|| bad_query(format!("{name}: a day such as 2026-11-18")))
}

fn order(text: Option<&str>) -> Result<OverlapOrder, Problem> {
    match text {
        None | Some("newest") => Ok(OverlapOrder::Newest),
        Some("oldest") => Ok(OverlapOrder::Oldest),
        Some("partner") => Ok(OverlapOrder::Partner),
        Some(_) => Err(bad_query("order: newest, oldest or partner")),
    }
}

/// The name of an order in queries.
pub(crate) const fn order_name(order: OverlapOrder) -> &'static str {
    match order {
        OverlapOrder::Newest => "newest",
        OverlapOrder::Oldest => "oldest",
        OverlapOrder::Partner => "partner",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again() {
        let text = "/x?peer=payments&kind=url&facet=host&seen=no&from=2026-11-01&until=2026-11-18&new=1&indicator=07070707070707070707070707070707&order=partner";
        let filter = Filter::read(&Fields::of_query(&text.parse().unwrap())).unwrap();
        assert_eq!(filter.link("/x", &[]), text);
        assert_eq!(Filter::default().link("/x", &[("after", Some("n1"))]), "/x?after=n1");
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "peer=%3Cscript%3E",
            "kind=x",
            "facet=x",
            "seen=maybe",
            "from=2026-13-01",
            "until=9",
            "order=value",
            "indicator=x",
        ] {
            let fields = Fields::read(text.as_bytes());
            assert!(Filter::read(&fields).is_err(), "{text}");
        }
    }
}
