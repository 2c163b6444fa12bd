//! What is known of values, many at a time, all of it from memory: no segment is opened.

use std::cell::OnceCell;
use std::collections::HashMap;

use overlap_coalition::{ExchangeId, MemberId};
use overlap_indicator::{Digest, Facet, Indicator, Kind, Tlp};

use crate::loading::digests;
use crate::row_meta::RowMeta;
use crate::sled_store::{SledStore, State};
use crate::{Hold, IndicatorId};

/// Own indicators with one digest that are looked at: a site may have a million.
pub(crate) const MOST_LOOKED_AT: usize = 64;
/// Own indicators that are named for one facet of a value.
pub(crate) const MOST_MET: usize = 3;
/// Overlaps that are kept of one digest and partner: one may be that of the value that is asked about.
const MOST_OF_A_PEER: usize = 2;

/// What is known of some values.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Of each, in the order in which they were asked for.
    pub values: Vec<KnownValue>,
    /// Whether facets could be compared: not while digests are made anew under another salt.
    pub has_facets: bool,
}

/// What is known of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownValue {
    /// The id that it has, or would have, as an own indicator.
    pub id: IndicatorId,
    /// The own indicator that it is.
    pub own: Option<OwnIndicator>,
    /// Other own indicators that it meets on a facet, by facets, three for each at most.
    pub meets: Vec<(Facet, OwnIndicator)>,
    /// Whether it meets more than these.
    pub meets_more: bool,
    /// Overlaps of the value itself, on any facet, be its indicator withdrawn or not; and of the indicators that it meets, on the facet where it does:
    /// the first that is found for each partner, of those that are looked at.
    pub overlaps: Vec<KnownOverlap>,
}

/// An own indicator, as far as memory has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnIndicator {
    /// Its id.
    pub id: IndicatorId,
    /// Its kind.
    pub kind: Kind,
    /// How far it may be told.
    pub tlp: Tlp,
    /// Whether a warning holds it out of exchanges.
    pub hold: Hold,
}

/// An overlap, as far as memory has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownOverlap {
    /// The partner.
    pub peer: MemberId,
    /// On which facet.
    pub facet: Facet,
    /// The own indicator.
    pub indicator: IndicatorId,
    /// The exchange that found it first.
    pub exchange: ExchangeId,
    /// When, in seconds since 1970-01-01T00:00:00Z.
    pub found: u64,
}

impl OwnIndicator {
    fn of(meta: &RowMeta) -> Self {
        Self { id: meta.id, kind: meta.kind, tlp: meta.context().tlp, hold: meta.hold() }
    }
}

/// Looks values up.
pub(crate) fn known(store: &SledStore, asked: &[Indicator]) -> Known {
    // The epoch is read alone, never used for its digests on the disk, so nothing needs to be held. Digests are made before the state is: a writer
    // that waits for it holds up every other reader.
    let epoch = store.epoch();
    let is_of_epoch = |state: &State| state.catalog.snapshot().epoch() == Some(epoch.number);
    let can_compare = is_of_epoch(&store.state());
    let facets: Vec<Vec<(Facet, Digest)>> = match can_compare {
        true => asked.iter().map(|indicator| digests(&epoch.digester, indicator)).collect(),
        false => Vec::new(),
    };
    let state = store.state();
    let has_facets = can_compare && is_of_epoch(&state);
    let facets = if has_facets { facets } else { vec![Vec::new(); asked.len()] };
    let meetings = meetings(&state, facets.iter().flatten().map(|(_, digest)| *digest));
    let each = asked.iter().zip(&facets);
    let values = each.map(|(indicator, facets)| value(&state, &meetings, indicator, facets));
    Known { values: values.collect(), has_facets }
}

fn value(
    state: &State,
    meetings: &HashMap<Digest, Met>,
    indicator: &Indicator,
    facets: &[(Facet, Digest)],
) -> KnownValue {
    let id = state.ids.id(indicator.kind(), indicator.canonical());
    let own = state.catalog.place(id).and_then(|place| state.catalog.meta(place));
    let mut known = KnownValue {
        id,
        own: own.as_ref().map(OwnIndicator::of),
        overlaps: overlaps(state, id, None),
        meets: Vec::new(),
        meets_more: false,
    };
    for (facet, digest) in facets {
        let Some(met) = meetings.get(digest) else { continue };
        let others = met.own.iter().filter(|own| own.id != id);
        known.meets_more |= met.more || others.clone().nth(MOST_MET).is_some();
        if others.clone().next().is_none() {
            // Mostly it is alone.
            continue;
        }
        known.meets.extend(others.take(MOST_MET).map(|own| (*facet, *own)));
        let of_peers = met.overlaps(state, *facet).chunk_by(|a, b| a.peer == b.peer);
        let of_others = of_peers.filter_map(|of_peer| of_peer.iter().find(|of| of.indicator != id));
        known.overlaps.extend(of_others.cloned());
    }
    known
}

/// Overlaps of an indicator, all or those on one facet, by partners.
fn overlaps(state: &State, id: IndicatorId, facet: Option<Facet>) -> Vec<KnownOverlap> {
    let of_it = state.overlaps.of_indicator(id);
    let meant = of_it.filter(|(_, _, meta)| facet.is_none_or(|facet| facet == meta.facet));
    let shown = meant.filter_map(|(slot, peer, meta)| {
        let (exchange, found) = state.overlaps.found(slot)?;
        Some(KnownOverlap { peer: peer.clone(), facet: meta.facet, indicator: id, exchange, found })
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort_by(|a, b| (&a.peer, a.facet).cmp(&(&b.peer, b.facet)));
    shown
}

/// What has one digest.
#[derive(Default)]
struct Met {
    own: Vec<OwnIndicator>,
    /// Whether there are more than these.
    more: bool,
    overlaps: OnceCell<Vec<KnownOverlap>>,
}

impl Met {
    fn take(&mut self, holder: Option<&RowMeta>) {
        match holder {
            Some(meta) => self.own.push(OwnIndicator::of(meta)),
            None => self.more = true,
        }
    }

    /// Overlaps on the facet, by partners; looked up when somebody first asks.
    fn overlaps(&self, state: &State, facet: Facet) -> &[KnownOverlap] {
        self.overlaps.get_or_init(|| {
            let mut found: Vec<KnownOverlap> = Vec::new();
            for of in self.own.iter().flat_map(|own| overlaps(state, own.id, Some(facet))) {
                let end = found.partition_point(|has| has.peer <= of.peer);
                let same = found.iter().take(end).rev().take_while(|has| has.peer == of.peer);
                if same.count() < MOST_OF_A_PEER {
                    found.insert(end, of);
                }
            }
            found
        })
    }
}

/// Looks up digests, each once: many values share a host or a site.
fn meetings(state: &State, digests: impl Iterator<Item = Digest>) -> HashMap<Digest, Met> {
    let mut wanted: Vec<Digest> = digests.collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut met: HashMap<Digest, Met> = HashMap::new();
    state.catalog.snapshot().visit_holders(&wanted, MOST_LOOKED_AT, |digest, holder| {
        met.entry(*digest).or_default().take(holder.as_ref());
    });
    met
}
