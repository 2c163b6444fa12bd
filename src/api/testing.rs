//! A node for tests: the real store, and a daemon that does what the test says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use overlap_coalition::{
    Agreement, EngineName, ExchangeId, Learns, MemberId, MemberStatus, Mode, RefusalCode, Side,
    SignedDocument, Timestamp,
};
use overlap_indicator::{DigestSalt, Facet, Kind, Rules};
use overlap_store::{
    By, ExchangeFailure, ExchangeRecord, ExchangeState, Role, SealKey, SledStore, SledStoreOptions, Store,
    TokenRecord,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Notify;
use tower::ServiceExt;

use crate::routes::RouteAccess;
use crate::state::ApiState;
use crate::{
    Api, Call, Daemon, DaemonStatus, ExchangeAsk, ExchangeProgress, Imports, PartnerView, ReceiptView, Sinks,
    StartRefused, WarningLists, WarningListsBuilder, new_token,
};

/// The time in tests: 2026-11-18T11:06:40Z.
pub(crate) const NOW: u64 = 1_795_000_000;

/// Does what the test says.
pub(crate) struct TestDaemon {
    pub(crate) ready: Mutex<bool>,
    pub(crate) answer: Mutex<Result<ExchangeId, StartRefused>>,
    pub(crate) asked: Mutex<Vec<ExchangeAsk>>,
    pub(crate) ended: Notify,
    pub(crate) receipt: Mutex<Result<ReceiptView, String>>,
    waiting: AtomicUsize,
    runs_nothing: AtomicBool,
    lists: Mutex<Arc<WarningLists>>,
    pub(crate) sinks: OnceLock<Arc<Sinks>>,
}

impl TestDaemon {
    /// How many calls have asked for an exchange's end.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// From now on no exchange runs, whatever the store says.
    pub(crate) fn run_nothing(&self) {
        self.runs_nothing.store(true, Ordering::SeqCst);
    }
}

impl Daemon for TestDaemon {
    fn begin_exchange(&self, ask: ExchangeAsk) -> Call<'_, Result<ExchangeId, StartRefused>> {
        self.asked.lock().unwrap().push(ask);
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async { answer })
    }

    fn sinks(&self) -> Option<Arc<Sinks>> {
        self.sinks.get().cloned()
    }

    fn progress(&self, _exchange: ExchangeId) -> Option<ExchangeProgress> {
        (!self.runs_nothing.load(Ordering::SeqCst)).then(|| ExchangeProgress {
            phase: "engine".into(),
            done: 3,
            total: 8,
            bytes_sent: 1_000,
            bytes_received: 2_000,
        })
    }

    fn ended(&self, _exchange: ExchangeId) -> Call<'_, ()> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Box::pin(self.ended.notified())
    }

    fn partners(&self) -> Vec<PartnerView> {
        vec![partner()]
    }

    fn read_receipts(&self, receipts: &[SignedDocument]) -> Vec<Result<ReceiptView, String>> {
        receipts.iter().map(|_| self.receipt.lock().unwrap().clone()).collect()
    }

    fn status(&self) -> DaemonStatus {
        DaemonStatus {
            member: member("police"),
            coalition: "example".into(),
            peer_address: "127.0.0.1:7700".into(),
            ready: *self.ready.lock().unwrap(),
            roster_version: 3,
            roster_expires: Timestamp(NOW + 86_400),
            certificate_ends: Timestamp(NOW + 3_600),
            salt_epoch: Some(1),
            started: Timestamp(NOW),
        }
    }

    fn rules(&self) -> Rules {
        Rules::default()
    }

    fn now(&self) -> Timestamp {
        Timestamp(NOW)
    }

    fn warning_lists(&self) -> Arc<WarningLists> {
        self.lists.lock().unwrap().clone()
    }
}

/// An API over a fresh store, with a token of each role.
pub(crate) struct TestNode {
    pub(crate) router: Router,
    pub(crate) table: Vec<RouteAccess>,
    pub(crate) daemon: Arc<TestDaemon>,
    pub(crate) store: Arc<SledStore>,
    pub(crate) tokens: BTreeMap<Role, String>,
    pub(crate) imports: Imports,
    _folder: TempDir,
}

/// What the API answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// Asserts that this is a problem, whole, and returns it.
    pub(crate) fn problem(&self, status: u16, slug: &str) -> Value {
        let problem = self.json();
        assert_eq!(self.status.as_u16(), status, "{problem}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(problem["type"], format!("urn:overlapd:problem:{slug}"));
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem
    }
}

impl TestNode {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let options = SledStoreOptions {
            path: folder.path().join("store"),
            seal_key: SealKey::new([1; 32]),
            salt: (1, DigestSalt::new([2; 32])),
        };
        let store = Arc::new(SledStore::open(options).unwrap());
        let tokens = Role::ALL.map(|role| {
            let (token, hash) = new_token(&mut rand::rng());
            let name = role.as_str().to_owned();
            store
                .add_token(
                    &TokenRecord { name, hash, roles: vec![role], made: NOW },
                    &By::daemon(Timestamp(NOW)),
                )
                .unwrap();
            (role, token)
        });
        let daemon = Arc::new(TestDaemon {
            ready: Mutex::new(true),
            answer: Mutex::new(Ok(ExchangeId([7; 16]))),
            asked: Mutex::default(),
            ended: Notify::new(),
            receipt: Mutex::new(Err("not to be read".into())),
            waiting: AtomicUsize::new(0),
            runs_nothing: AtomicBool::new(false),
            lists: Mutex::new(Arc::new(WarningLists::none())),
            sinks: OnceLock::new(),
        });
        let state = ApiState::new(store.clone(), daemon.clone(), recorder().clone());
        let imports = state.imports().clone();
        let (router, table) = Api::with_table(state);
        Self { router, table, daemon, store, tokens: tokens.into(), imports, _folder: folder }
    }

    /// Takes one warning list more than the default ones, in plain text.
    pub(crate) fn warn(&self, list: &str) {
        self.warn_by(|builder| builder.add_text("own", list.as_bytes()).unwrap());
    }

    /// Takes the default warning lists, and what a test adds to them.
    pub(crate) fn warn_by(&self, add: impl FnOnce(&mut WarningListsBuilder)) {
        let mut builder = WarningListsBuilder::default();
        builder.add_defaults().unwrap();
        add(&mut builder);
        let lists = Arc::new(builder.finish());
        self.store.set_warnings(lists.clone()).unwrap();
        *self.daemon.lists.lock().unwrap() = lists;
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Calls with the token of a role.
    pub(crate) async fn call(&self, role: Role, method: &str, uri: &str, body: impl Into<Body>) -> Answer {
        self.call_with(Some(&self.tokens[&role]), method, uri, body).await
    }

    /// Imports a body that comes in two chunks, cut at a byte.
    pub(crate) async fn import_cut(&self, format: &str, body: &[u8], at: usize) -> Answer {
        let (left, right) = body.split_at(at.min(body.len()));
        let chunks = [left.to_vec(), right.to_vec()].map(|chunk| Ok::<_, std::io::Error>(Bytes::from(chunk)));
        let uri = format!("/api/v1/imports?format={format}");
        self.call(Role::Import, "POST", &uri, Body::from_stream(stream::iter(chunks))).await
    }

    pub(crate) async fn call_with(
        &self,
        token: Option<&str>,
        method: &str,
        uri: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.call(Role::Read, "GET", uri, Body::empty()).await
    }

    pub(crate) async fn import(&self, query: &str, body: impl Into<Body>) -> Answer {
        self.call(Role::Import, "POST", &format!("/api/v1/imports?{query}"), body).await
    }
}

/// The process's recorder: there can be only one.
pub(crate) fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
}

pub(crate) fn member(name: &str) -> MemberId {
    name.parse().unwrap()
}

fn partner() -> PartnerView {
    PartnerView {
        id: member("payments"),
        name: "Payments <b>Ltd</b>".into(),
        status: Some(MemberStatus::Active),
        address: Some("127.0.0.1:7701".into()),
        agreement: Agreement {
            coalition: "example".parse().unwrap(),
            members: [member("payments"), member("police")],
            kinds: vec![Kind::Url, Kind::Domain],
            facets: vec![Facet::Url, Facet::Host],
            mode: Mode::Overlap,
            learns: Learns::Only(member("police")),
            purposes: vec!["investigation".into()],
            max_items: 1 << 20,
            min_items: 0,
            exchanges_per_day: 24,
            expires: Some(Timestamp(NOW + 60)),
            engine: Some(EngineName::Vole),
        },
        running: 1,
        certificate_ends: None,
        every: Some(3_600),
        next: Some(Timestamp(NOW + 60)),
    }
}

/// A record of an exchange with `payments` that began now.
pub(crate) fn exchange(id: u8, state: ExchangeState) -> ExchangeRecord {
    let is_over = matches!(state, ExchangeState::Completed | ExchangeState::Refused | ExchangeState::Failed);
    ExchangeRecord {
        id: ExchangeId([id; 16]),
        peer: member("payments"),
        side: Side::Initiator,
        state,
        purpose: "investigation".into(),
        case_reference: "C-17".into(),
        engine: EngineName::Voprf,
        mode: Mode::Overlap,
        own_size: 1_024,
        peer_size: 2_048,
        matches: Some(5),
        bytes_sent: 10,
        bytes_received: 20,
        disclosed: true,
        seconds: vec![("total".into(), 0.5), ("engine".into(), 0.25)],
        began: NOW,
        ended: is_over.then_some(NOW + 1),
        failure: (state == ExchangeState::Refused).then(|| ExchangeFailure {
            code: RefusalCode::ExchangesToday.into(),
            by: "peer",
            sentence: "<script>no more today</script>".into(),
            retry_after: Some(60),
        }),
        offer: None,
        accept: None,
        receipt: None,
    }
}

/// What tests of imports share.
pub(crate) mod imports {
    use axum::body::Body;
    use axum::http::StatusCode;
    use serde_json::{Value, json};

    use super::{Answer, TestNode};

    /// A test card number, Luhn-valid, of a range that issues no cards.
    pub(crate) const CARD: &str = "4111111111111111";

    /// The report of an import that is answered.
    pub(crate) async fn imported(node: &TestNode, query: &str, body: impl Into<Body>) -> Value {
        let answer = node.import(query, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    }

    /// The ids of what was refused, with the reasons.
    pub(crate) fn reasons(report: &Value) -> Vec<(Option<&str>, &str)> {
        let rejected = report["rejected"].as_array().unwrap();
        rejected.iter().map(|reject| (reject["id"].as_str(), reject["reason"].as_str().unwrap())).collect()
    }

    /// The node's indicators, a thousand at most.
    pub(crate) async fn items(node: &TestNode) -> Vec<Value> {
        let page = node.get("/api/v1/indicators?limit=1000").await.json();
        page["items"].as_array().unwrap().clone()
    }

    /// Asserts that a file is refused and nothing of it imported; returns why.
    pub(crate) async fn refused_whole(node: &TestNode, query: &str, body: impl Into<Body>) -> String {
        let before = node.get("/api/v1/status").await.json();
        let answer: Answer = node.import(query, body).await;
        let problem = answer.problem(422, "bad-import");
        assert_eq!(problem["import"]["accepted"], 0);
        let after = node.get("/api/v1/status").await.json();
        assert_eq!(before["indicators"], after["indicators"], "nothing is imported");
        assert_eq!(json!({}), after["indicators"]);
        problem["detail"].as_str().unwrap().to_owned()
    }
}
