//! Random calls against the store and against a plain model of it.

use std::collections::{BTreeMap, BTreeSet};

use overlap_coalition::{Charge, Timestamp};
use overlap_indicator::{Context, Digest, DigestSalt, Digester, Facet, Kind, Pap, Tlp};
use proptest::prelude::*;

use crate::testing::{
    NOW, Place, Warned, all_overlaps, all_pages, by, by_at, exchange, member, new_indicator,
};
use crate::{
    AuditAction, AuditFilter, AuditOrder, AuditStore, ChargeLimit, Hold, IndicatorFilter, IndicatorId,
    IndicatorRow, NewIndicator, NewSighting, OverlapChoice, OverlapQuery, Overriding, Selection,
    SightingFilter, SightingKind, SledStore, Store,
};

const PEERS: [&str; 2] = ["police", "hotline"];
const TOKENS: [&str; 2] = ["siem", "operator"];
const LIMIT: ChargeLimit = ChargeLimit { exchanges_per_day: 3 };

#[derive(Clone, Debug)]
enum Call {
    Import(Vec<(u16, Context)>),
    Withdraw(Vec<u16>),
    Exchange {
        peer: usize,
        found: Vec<u16>,
    },
    Charge {
        peer: usize,
        day: u64,
    },
    Sight(Vec<(u16, SightingKind, u64)>),
    Warn {
        every: u16,
    },
    Override(u16),
    EndOverride(u16),
    /// Overlaps with a partner: those of some indicators, or all.
    Mark {
        peer: usize,
        of: Option<Vec<u16>>,
        seen: bool,
    },
    Visit {
        token: usize,
        date: u64,
    },
    Reopen,
    Epoch,
}

/// What the store should say, kept in the plainest way.
#[derive(Default)]
struct Model {
    rows: Vec<(u16, Context)>,
    overlaps: Vec<(usize, u16, u8)>,
    exchanges: u8,
    day: u64,
    used: BTreeMap<usize, (u64, u32)>,
    sightings: Vec<(u16, SightingKind, u64)>,
    /// Numbers that it divides are warned of; 0: none are.
    every: u16,
    overridden: BTreeSet<u16>,
    /// The actions of the audit chain.
    audits: Vec<AuditAction>,
    /// Overlaps that are marked as seen.
    seen: BTreeSet<(usize, u16)>,
    visits: BTreeMap<usize, u64>,
}

fn context() -> impl Strategy<Value = Context> {
    let time = || prop::option::of(0_u64..100);
    let tlp = prop::sample::select(Tlp::ALL.to_vec());
    let expires = prop::option::of(prop::sample::select(vec![NOW.0 - 1, NOW.0, NOW.0 + 1, NOW.0 + 50]));
    let pap = prop::option::of(prop::sample::select(Pap::ALL.to_vec()));
    (tlp, pap, time(), time(), expires, prop::option::of(0_u8..=100)).prop_map(
        |(tlp, pap, first_seen, last_seen, expires, confidence)| Context {
            tlp,
            pap,
            first_seen,
            last_seen,
            expires,
            confidence,
            ..Context::default()
        },
    )
}

fn sighting_kind() -> impl Strategy<Value = SightingKind> {
    prop::sample::select(SightingKind::ALL.to_vec())
}

fn call() -> impl Strategy<Value = Call> {
    let number = || 0_u16..400;
    let peer = || 0..PEERS.len();
    prop_oneof![
        4 => prop::collection::vec((number(), context()), 0..150).prop_map(Call::Import),
        2 => prop::collection::vec(number(), 0..40).prop_map(Call::Withdraw),
        2 => (peer(), prop::collection::vec(number(), 0..60))
            .prop_map(|(peer, found)| Call::Exchange { peer, found }),
        3 => (peer(), 0_u64..4).prop_map(|(peer, day)| Call::Charge { peer, day }),
        2 => prop::collection::vec((number(), sighting_kind(), NOW.0 - 50..NOW.0 + 50), 0..40).prop_map(Call::Sight),
        2 => (0_u16..5).prop_map(|every| Call::Warn { every }),
        2 => number().prop_map(Call::Override),
        1 => number().prop_map(Call::EndOverride),
        3 => (peer(), prop::option::of(prop::collection::vec(number(), 0..200)), any::<bool>())
            .prop_map(|(peer, of, seen)| Call::Mark { peer, of, seen }),
        1 => (0..TOKENS.len(), any::<u64>()).prop_map(|(token, date)| Call::Visit { token, date }),
        1 => Just(Call::Reopen),
        1 => Just(Call::Epoch),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn does_what_the_model_does(calls in prop::collection::vec(call(), 1..14)) {
        let mut place = Place::new();
        let mut store = place.open();
        let mut model = Model::default();
        for call in calls {
            match call {
                Call::Reopen | Call::Epoch => {
                    drop(store);
                    place.epoch += u32::from(matches!(call, Call::Epoch));
                    store = place.open();
                    model.every = 0;
                }
                call => model.apply(&store, call),
            }
            model.compare(&store, place.epoch);
        }
    }
}

/// URLs, two of which share a host, and addresses.
fn indicator(number: u16, context: Context) -> NewIndicator {
    if number.is_multiple_of(5) {
        return new_indicator(Kind::Ip, &format!("198.51.100.{}", number / 5), context);
    }
    new_indicator(Kind::Url, &format!("https://h{}.example/{number}", number / 2), context)
}

fn id_of(store: &SledStore, number: u16) -> IndicatorId {
    let new = indicator(number, Context::default());
    store.state().ids.id(new.indicator.kind(), new.indicator.canonical())
}

impl Model {
    fn apply(&mut self, store: &SledStore, call: Call) {
        match call {
            Call::Import(rows) => self.import(store, rows),
            Call::Withdraw(numbers) => {
                let ids: Vec<_> = numbers.iter().map(|number| id_of(store, *number)).collect();
                let before = self.rows.len();
                self.rows.retain(|(number, _)| !numbers.contains(number));
                self.overridden.retain(|number| !numbers.contains(number));
                assert_eq!(store.withdraw(&ids, &by()).unwrap(), (before - self.rows.len()) as u64);
                self.audit(self.rows.len() < before, AuditAction::IndicatorsWithdrawn);
            }
            Call::Exchange { peer, found } => self.exchange(store, peer, &found),
            Call::Charge { peer, day } => self.charge(store, peer, day),
            Call::Sight(sightings) => self.sight(store, &sightings),
            Call::Warn { every } => {
                self.every = every;
                let warned = (0..400).filter(|number| self.warns(*number));
                let warned: Vec<_> = warned.map(|number| indicator(number, Context::default())).collect();
                let values = warned.iter().map(|new| new.indicator.canonical().reveal());
                store.set_warnings(Warned::of(values)).unwrap();
            }
            Call::Override(number) => {
                let wanted = match self.hold(number) {
                    None => Overriding::Unknown,
                    Some(Hold::Free) => Overriding::NotHeld,
                    Some(Hold::Held) => Overriding::Done,
                    Some(Hold::Overridden) => Overriding::Already,
                };
                let reason = number.to_string();
                assert_eq!(store.begin_override(id_of(store, number), &reason, &by()).unwrap(), wanted);
                self.audit(wanted == Overriding::Done, AuditAction::OverrideBegun);
                self.overridden.extend(Some(number).filter(|_| wanted == Overriding::Done));
            }
            Call::EndOverride(number) => {
                let was = self.overridden.remove(&number);
                assert_eq!(store.end_override(id_of(store, number), &by()).unwrap(), was);
                self.audit(was, AuditAction::OverrideEnded);
            }
            Call::Mark { peer, of, seen } => self.mark(store, peer, of.as_deref(), seen),
            Call::Visit { token, date } => {
                store.set_last_visit(TOKENS[token], date).unwrap();
                let latest = self.visits.entry(token).or_default();
                *latest = (*latest).max(date);
            }
            Call::Reopen | Call::Epoch => {}
        }
    }

    fn audit(&mut self, is_there: bool, action: AuditAction) {
        self.audits.extend(Some(action).filter(|_| is_there));
    }

    fn mark(&mut self, store: &SledStore, peer: usize, of: Option<&[u16]>, seen: bool) {
        let query = OverlapQuery { peer: Some(member(PEERS[peer])), ..OverlapQuery::default() };
        let is_meant = |number: &u16| of.is_none_or(|of| of.contains(number));
        let meant: Vec<_> = self.overlaps.iter().filter(|row| row.0 == peer && is_meant(&row.1)).collect();
        let raws: BTreeSet<String> = meant.iter().map(|row| raw_of(row.1)).collect();
        let choice = match of {
            None => OverlapChoice::Matching(query),
            Some(_) => {
                let found = all_pages(9, |page| store.find_overlaps(&query, page));
                let found = found.iter().filter(|found| raws.contains(found.row.raw.reveal()));
                OverlapChoice::These(found.map(|found| found.seat).collect())
            }
        };
        let changed = meant.into_iter().map(|row| (row.0, row.1)).filter(|row| match seen {
            true => self.seen.insert(*row),
            false => self.seen.remove(row),
        });
        let changed = changed.count() as u64;
        assert_eq!(store.mark_overlaps(&choice, seen, &by()).unwrap(), changed);
        self.audit(changed > 0, AuditAction::OverlapsMarked);
    }

    fn warns(&self, number: u16) -> bool {
        self.every != 0 && number.is_multiple_of(self.every)
    }

    fn hold(&self, number: u16) -> Option<Hold> {
        self.rows.iter().find(|(there, _)| *there == number)?;
        Some(match () {
            () if self.overridden.contains(&number) => Hold::Overridden,
            () if self.warns(number) => Hold::Held,
            () => Hold::Free,
        })
    }

    fn import(&mut self, store: &SledStore, rows: Vec<(u16, Context)>) {
        let batch = rows.iter().map(|(number, context)| indicator(*number, context.clone())).collect();
        let before = self.rows.len();
        for (number, new) in &rows {
            match self.rows.iter_mut().find(|(there, _)| there == number) {
                Some((_, old)) => merge(old, new),
                None => self.rows.push((*number, new.clone())),
            }
        }
        let counts = store.import(batch, NOW).unwrap();
        let held = self.rows.iter().skip(before).filter(|(number, _)| self.warns(*number)).count();
        assert_eq!(counts.held, held as u64);
        assert_eq!(counts.accepted, (self.rows.len() - before) as u64);
        assert_eq!(counts.accepted + counts.duplicates, rows.len() as u64);
    }

    fn exchange(&mut self, store: &SledStore, peer: usize, found: &[u16]) {
        let record = exchange(self.exchanges, PEERS[peer]);
        store.begin_exchange(&record).unwrap();
        self.audit(true, AuditAction::ExchangeBegun);
        let ids: Vec<_> = found.iter().map(|number| (id_of(store, *number), Facet::Host)).collect();
        store.store_overlaps(&record, &ids, NOW).unwrap();
        for (number, _) in &self.rows {
            let known = self.overlaps.iter().any(|row| (row.0, row.1) == (peer, *number));
            if found.contains(number) && !known {
                self.overlaps.push((peer, *number, self.exchanges));
            }
        }
        self.exchanges += 1;
    }

    fn charge(&mut self, store: &SledStore, peer: usize, day: u64) {
        self.day = self.day.max(day);
        let used = self.used.get(&peer).filter(|(day, _)| *day == self.day).map_or(0, |(_, used)| *used);
        let charge = Charge { partner: member(PEERS[peer]), items: 1 };
        let charged = store.charge(&charge, LIMIT, Timestamp(day * 86_400)).unwrap();
        assert_eq!(charged.is_ok(), used < LIMIT.exchanges_per_day);
        if charged.is_ok() {
            self.used.insert(peer, (self.day, used + 1));
        }
    }

    fn sight(&mut self, store: &SledStore, sightings: &[(u16, SightingKind, u64)]) {
        let new = sightings.iter().map(|(number, kind, at)| NewSighting {
            indicator: id_of(store, *number),
            kind: *kind,
            at: *at,
            source: String::new(),
        });
        let added = store.add_sightings(new.collect(), &by_at(NOW)).unwrap().len();
        let before = self.sightings.len();
        for (number, kind, at) in sightings {
            let Some((_, context)) = self.rows.iter_mut().find(|(there, _)| there == number) else {
                continue;
            };
            self.sightings.push((*number, *kind, *at));
            match kind {
                SightingKind::Seen => {
                    context.first_seen = context.first_seen.or(Some(*at)).min(Some(*at));
                    context.last_seen = context.last_seen.max(Some(*at));
                }
                SightingKind::FalsePositive => {}
                SightingKind::Expired => context.expires = Some(*at),
            }
        }
        assert_eq!(added, self.sightings.len() - before);
        self.audit(added > 0, AuditAction::SightingsAdded);
    }

    fn compare(&self, store: &SledStore, epoch: u32) {
        let rows = all_pages(7, |page| store.indicators(&IndicatorFilter::default(), page));
        assert_eq!(rows.len(), self.rows.len());
        for (row, (number, context)) in rows.iter().zip(&self.rows) {
            assert_eq!(row.canonical, *indicator(*number, Context::default()).indicator.canonical());
            assert_eq!(row.context, *context);
            assert_eq!(Some(row.hold), self.hold(*number));
            let of = store.override_of(row.id).unwrap().map(|of| of.reason);
            assert_eq!(of, self.overridden.contains(number).then(|| number.to_string()));
        }
        for held in [true, false] {
            let filter = IndicatorFilter { kind: Some(Kind::Url), held: Some(held), overridden: false };
            let found = all_pages(3, |page| store.indicators(&filter, page));
            let found: Vec<_> = found.iter().map(|row| row.id).collect();
            let wanted = rows.iter().filter(|row| row.kind == Kind::Url && (row.hold == Hold::Held) == held);
            assert_eq!(found, wanted.map(|row| row.id).collect::<Vec<_>>());
        }
        for (peer, name) in PEERS.iter().enumerate() {
            let query = OverlapQuery { peer: Some(member(name)), ..OverlapQuery::oldest_first() };
            let found = all_overlaps(store, &query, 7);
            let found: Vec<_> =
                found.iter().map(|row| (row.raw.reveal().to_owned(), row.exchange.0[0])).collect();
            let wanted = self.overlaps.iter().filter(|row| row.0 == peer).map(|(_, number, exchange)| {
                (indicator(*number, Context::default()).raw.reveal().to_owned(), *exchange)
            });
            assert_eq!(found, wanted.collect::<Vec<_>>());
        }
        self.compare_marks(store);
        for (token, name) in TOKENS.iter().enumerate() {
            assert_eq!(store.last_visit(name).unwrap(), self.visits.get(&token).copied());
        }
        let sightings = all_pages(7, |page| store.sightings(&SightingFilter::default(), page));
        let sightings: Vec<_> = sightings.iter().map(|row| (row.indicator, row.kind, row.at)).collect();
        let wanted = self.sightings.iter().map(|(number, kind, at)| (id_of(store, *number), *kind, *at));
        assert_eq!(sightings, wanted.collect::<Vec<_>>());
        self.compare_audits(store);
        assert_eq!(store.counts().unwrap().exchanges, u64::from(self.exchanges));
        for ceiling in [None, Some(Tlp::Amber)] {
            for facet in [Facet::Host, Facet::Url, Facet::Ip] {
                compare_snapshot(store, &rows, facet, ceiling, epoch);
            }
        }
    }

    fn compare_marks(&self, store: &SledStore) {
        for seen in [true, false] {
            let query = OverlapQuery { seen: Some(seen), ..OverlapQuery::oldest_first() };
            let found = all_pages(7, |page| store.find_overlaps(&query, page));
            assert!(found.iter().all(|found| found.seen == seen));
            let found = found.iter().map(|found| (found.row.peer.clone(), found.row.raw.reveal().to_owned()));
            let wanted = self.overlaps.iter().filter(|row| self.seen.contains(&(row.0, row.1)) == seen);
            let wanted: BTreeSet<_> = wanted.map(|row| (member(PEERS[row.0]), raw_of(row.1))).collect();
            assert_eq!(found.collect::<BTreeSet<_>>(), wanted);
        }
        assert_eq!(store.overlap_tally(0).unseen as usize, self.overlaps.len() - self.seen.len());
    }
}

/// How a number's indicator was written.
fn raw_of(number: u16) -> String {
    indicator(number, Context::default()).raw.reveal().to_owned()
}

impl Model {
    fn compare_audits(&self, store: &SledStore) {
        let audits =
            |filter: AuditFilter| all_pages(3, |page| store.audit(&filter, AuditOrder::Oldest, page));
        let actions =
            |action| audits(AuditFilter { action, actor: None }).into_iter().map(|entry| entry.action);
        let wanted = |action: Option<AuditAction>| {
            let wanted = self.audits.iter().filter(move |one| action.is_none_or(|action| action == **one));
            wanted.map(|action| action.as_str().to_owned())
        };
        for action in [None, Some(AuditAction::SightingsAdded), Some(AuditAction::ExchangeBegun)] {
            assert_eq!(actions(action).collect::<Vec<_>>(), wanted(action).collect::<Vec<_>>());
        }
        let verdict = store.verify_audit(&[]).unwrap();
        assert_eq!((verdict.head.number, verdict.broken), (self.audits.len() as u64, None));
    }
}

/// The rules of bringing a context up to date, as [`crate::ImportCounts`] has them.
fn merge(old: &mut Context, new: &Context) {
    old.tlp = old.tlp.max(new.tlp);
    old.pap = old.pap.max(new.pap);
    old.first_seen = [old.first_seen, new.first_seen].into_iter().flatten().min();
    old.last_seen = [old.last_seen, new.last_seen].into_iter().flatten().max();
    old.confidence = new.confidence.or(old.confidence);
    old.expires = match (old.expires, new.expires) {
        (_, Some(expires)) => Some(expires),
        (Some(expires), None) if expires <= NOW.0 => None,
        (expires, None) => expires,
    };
}

/// The snapshot is what the rows say.
fn compare_snapshot(
    store: &SledStore,
    rows: &[IndicatorRow],
    facet: Facet,
    ceiling: Option<Tlp>,
    epoch: u32,
) {
    let digester = Digester::new(&DigestSalt::new([epoch as u8; 32]));
    let mut wanted: BTreeMap<Digest, BTreeSet<IndicatorId>> = BTreeMap::new();
    for row in rows {
        let current = row.context.expires.is_none_or(|expires| expires > NOW.0);
        if !current || row.hold == Hold::Held || ceiling.is_some_and(|ceiling| row.context.tlp > ceiling) {
            continue;
        }
        let parsed = new_indicator(row.kind, row.canonical.reveal(), Context::default()).indicator;
        for key in parsed.facets().iter().filter(|key| key.facet == facet) {
            wanted.entry(digester.digest(key)).or_default().insert(row.id);
        }
    }
    let selection =
        Selection { kinds: Kind::ALL.to_vec(), facets: vec![facet], tlp_ceiling: ceiling, now: NOW.0 };
    let snapshot = store.snapshot();
    let digests = snapshot.digests(&selection);
    assert_eq!(digests, wanted.keys().copied().collect::<Vec<_>>());
    for some in [digests.clone(), digests.iter().copied().step_by(9).collect()] {
        let found: BTreeSet<_> = snapshot.holders(&selection, &some).into_iter().collect();
        let behind = some.iter().flat_map(|digest| &wanted[digest]).map(|id| (*id, facet));
        assert_eq!(found, behind.collect());
    }
}
