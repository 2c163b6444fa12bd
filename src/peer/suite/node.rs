//! What tests do with a node.

use std::collections::BTreeSet;
use std::time::Duration;

use overlap_coalition::{Kind, MemberId, Timestamp};
use overlap_indicator::{Context, Indicator, Rules, SecretText};
use overlap_store::{ExchangeRecord, NewIndicator, OverlapQuery, PageRequest};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::coalition::{NOW, TestNode};
use crate::channel::Channel;
use crate::closing::CloseCause;
use crate::pace::Pace;
use crate::{ExchangeError, ExchangeRequest, PeerConfig, call};

const WHOLE: usize = 10_000;

/// Far more than a test takes: what ends a conversation by hand is not a deadline.
const LONG: Duration = Duration::from_secs(600);

/// Made-up domains, `prefix-0.example` and on.
pub(crate) fn domains(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{prefix}-{index}.example")).collect()
}

pub(crate) fn request(peer: &MemberId) -> ExchangeRequest {
    ExchangeRequest {
        peer: peer.clone(),
        purpose: "investigation".into(),
        case_reference: "case 1".into(),
        engine: None,
    }
}

impl TestNode {
    pub(crate) fn config(&self) -> PeerConfig {
        self.peer.inner().live.load().config.clone()
    }

    pub(crate) fn import(&self, domains: &[String]) {
        let new = |domain: &String| NewIndicator {
            indicator: Indicator::parse(Kind::Domain, domain, &Rules::default()).unwrap(),
            raw: SecretText::new(domain.as_str()),
            context: Context::default(),
        };
        self.store.import(domains.iter().map(new).collect(), Timestamp(NOW)).unwrap();
    }

    /// Imports values of any kind, as somebody wrote them.
    pub(crate) fn import_raw<'a>(&self, values: impl Iterator<Item = &'a &'a str>) {
        let new = |raw: &&str| NewIndicator {
            indicator: Indicator::detect(raw, &Rules::default()).unwrap(),
            raw: SecretText::new(*raw),
            context: Context::default(),
        };
        self.store.import(values.map(new).collect(), Timestamp(NOW)).unwrap();
    }

    pub(crate) async fn exchange_with(&self, other: &TestNode) -> Result<ExchangeRecord, ExchangeError> {
        let (events, _kept) = mpsc::channel(64);
        self.peer.exchange(request(&other.id), events).await
    }

    /// A conversation by hand, nothing said yet.
    pub(crate) async fn dial(&self, to: &MemberId) -> Channel {
        let inner = self.peer.inner();
        let live = inner.live.load_full();
        let (connection, member) = call::connect(inner, &live, live.partner(to).unwrap()).await.unwrap();
        let streams = connection.open_bi().await.unwrap();
        let pace = Pace::new(LONG, Instant::now() + LONG);
        Channel::new(connection, CloseCause::default(), streams, member.id, pace)
    }

    /// Own values that overlap with a partner.
    pub(crate) fn overlaps_with(&self, peer: &MemberId) -> BTreeSet<String> {
        let query = OverlapQuery { peer: Some(peer.clone()), ..OverlapQuery::default() };
        let page = self.store.find_overlaps(&query, &PageRequest { limit: WHOLE, after: None }).unwrap();
        page.rows.iter().map(|found| found.row.raw.reveal().to_owned()).collect()
    }

    /// Its exchanges, the newest first.
    pub(crate) fn records(&self) -> Vec<ExchangeRecord> {
        self.store.exchanges(None, &PageRequest { limit: WHOLE, after: None }).unwrap().rows
    }

    /// Its exchanges, once all of them have ended.
    pub(crate) async fn ended_records(&self) -> Vec<ExchangeRecord> {
        for _ in 0..500 {
            self.peer.inner().slots.idle().await;
            let records = self.records();
            if records.iter().all(|record| record.ended.is_some()) {
                return records;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the record of an exchange does not end");
    }

    /// Waits until no exchange runs, then returns the newest record.
    pub(crate) async fn last_record(&self) -> ExchangeRecord {
        self.peer.inner().slots.idle().await;
        for _ in 0..100 {
            if let Some(record) = self.records().into_iter().next().filter(|record| record.ended.is_some()) {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no record of an exchange that has ended");
    }
}
