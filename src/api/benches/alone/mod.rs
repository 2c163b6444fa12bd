//! The API over a store, with no daemon behind it: for benches, and for tests that are processes of their own.

use std::sync::Arc;

use axum::Router;
use metrics_exporter_prometheus::PrometheusBuilder;
use overlap_api::{
    Api, Call, Daemon, DaemonStatus, ExchangeAsk, ExchangeProgress, PartnerView, ReceiptView, StartRefused,
    new_token,
};
use overlap_coalition::{ExchangeId, SignedDocument, Timestamp};
use overlap_indicator::{DigestSalt, Rules};
use overlap_store::{By, Role, SealKey, SledStore, SledStoreOptions, Store, TokenRecord};
use tempfile::TempDir;

/// What the clock says.
pub(crate) const NOW: u64 = 1_795_000_000;

/// A fresh store, and the folder that it goes with.
pub(crate) fn fresh_store() -> (TempDir, SledStore) {
    let folder = TempDir::new().unwrap();
    let options = SledStoreOptions {
        path: folder.path().join("store"),
        seal_key: SealKey::new([1; 32]),
        salt: (1, DigestSalt::new([2; 32])),
    };
    let store = SledStore::open(options).unwrap();
    (folder, store)
}

/// The API over a store, and a token of a role.
pub(crate) fn router(store: Arc<SledStore>, role: Role) -> (Router, String) {
    let (token, hash) = new_token(&mut rand::rng());
    store
        .add_token(
            &TokenRecord { name: "alone".into(), hash, roles: vec![role], made: 0 },
            &By::daemon(Timestamp(0)),
        )
        .unwrap();
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    (Api::router(store, Arc::new(Idle), metrics).0, token)
}

/// A daemon that says who it is, and does nothing.
struct Idle;

impl Daemon for Idle {
    fn begin_exchange(&self, _ask: ExchangeAsk) -> Call<'_, Result<ExchangeId, StartRefused>> {
        Box::pin(async { Err(StartRefused::UnknownPeer) })
    }

    fn progress(&self, _exchange: ExchangeId) -> Option<ExchangeProgress> {
        None
    }

    fn ended(&self, _exchange: ExchangeId) -> Call<'_, ()> {
        Box::pin(async {})
    }

    fn partners(&self) -> Vec<PartnerView> {
        Vec::new()
    }

    fn read_receipts(&self, receipts: &[SignedDocument]) -> Vec<Result<ReceiptView, String>> {
        receipts.iter().map(|_| Err("no receipt is read here".to_owned())).collect()
    }

    fn status(&self) -> DaemonStatus {
        DaemonStatus {
            member: "police".parse().unwrap(),
            coalition: "example".into(),
            peer_address: String::new(),
            ready: true,
            roster_version: 1,
            roster_expires: Timestamp(NOW),
            certificate_ends: Timestamp(NOW),
            salt_epoch: None,
            started: Timestamp(NOW),
        }
    }

    fn rules(&self) -> Rules {
        Rules::default()
    }

    fn now(&self) -> Timestamp {
        Timestamp(NOW)
    }
}
