#![forbid(unsafe_code)]
// The macro behind `#[utoipa::path]` qualifies the names that it is given.
#![allow(unused_qualifications)]
//! The local API: REST, TAXII, metrics and health.
//!
//! [`Api::router`] makes the whole of it; [`serve_unix`] and [`serve_tls`] serve it. The routes are under `/api/v1`, bodies
//! are JSON, and `/api/v1/openapi.json` describes them in full (OpenAPI 3.1).
//!
//! | route | role | what |
//! |---|---|---|
//! | `GET health`, `GET ready`, `GET openapi.json` | none | `{"status":"ok"}`; `{"ready":bool}` with 200 or 503; the description |
//! | `GET /metrics` | read | Prometheus text |
//! | `GET status` | read | the node at a glance |
//! | `POST imports?format=csv\|ndjson\|txt\|stix\|misp[&kind=][&source=][&tlp=][&map=][&delimiter=]` | import | the body is the file, of any size; `{"accepted","duplicates","held","rejected":[{"line","id","kind","reason"}],"rejected_more"[,"unmarked","left_out","unknown_markings":[{"id","objects"}]]}` |
//! | `GET indicators[?kind=][&held=]`, `GET indicators/{id}` | read | own indicators |
//! | `POST indicators/{id}/override`, `DELETE` of it | admin | `{"reason"}` lets one into exchanges that a warning list holds out; take that back |
//! | `GET warning-lists` | read | the lists in force, and how many indicators each holds |
//! | `POST query` | read | `{"values":[text or {"kind","value"}]}`, up to 10,000: whether each is held, and who overlaps on it |
//! | `DELETE indicators/{id}`, `POST indicators/withdraw` | import | take them out; the body is `{"values":[{"kind","value"}],"ids":[]}` |
//! | `POST exchanges` | exchange | `{"peer","mode","engine","purpose","case"}`, all but the first optional; 202 and `{"exchange":id}` |
//! | `GET exchanges[?peer=]`, `GET exchanges/{id}[?wait=SECONDS]` | read | records of exchanges; `wait` holds the answer until the end, 60 seconds at most |
//! | `GET overlaps[?peer=][&kind=]` | read | what exchanges found |
//! | `GET events[?after=][&types=][&peer=][&format=native\|ecs]` | read | server-sent events; `Last-Event-ID` replays what was missed |
//! | `GET events/list[?after=][&types=][&peer=]` | read | the same, page by page |
//! | `GET webhooks`, `GET webhooks/{name}/dead-letters` | read | how the config's webhooks do, and what they refused |
//! | `POST webhooks/{name}/dead-letters/send`, `POST webhooks/{name}/dead-letters/{event}/send`, `DELETE webhooks/{name}/dead-letters/{event}` | admin | send them, or one, again; discard one |
//! | `GET peers` | read | partners and agreements |
//! | `GET receipts[?peer=]`, `GET receipts/{exchange}` | read | signed records |
//! | `GET /taxii2/` and what is below | read | TAXII 2.1, for reading: overlaps and own indicators as STIX 2.1 |
//! | `GET indicators/{id}/sightings`, `POST indicators/{id}/sightings` | read, import | what is said of an own indicator: `{"says":"seen\|false-positive\|expired","at","source"}` |
//! | `/misp/` and what is below | read, import | for clients of MISP: overlaps as events and attributes, sightings |
//! | `GET tokens`, `POST tokens`, `DELETE tokens/{name}` | admin | `{"name","roles"}` makes one, and the answer alone shows it |
//!
//! **Lists** are `{"items":[..],"next":cursor}`; `?after=` that cursor gives the next page until `next` is null, and `?limit=`
//! is 1 to 1,000, 100 if not said. **Times** are RFC 3339 in UTC. **Errors** are `application/problem+json` (RFC 9457) whose
//! `type` is `urn:overlapd:problem:` and a word that does not change; a refusal by policy or partner (409) also has `code` and
//! `retry_after`. **Tokens** come as `Authorization: Bearer` (RFC 6750); role `admin` includes all, every role includes
//! `read`. Query parameters and fields that a route does not know are refused.
//!
//! In an **import** a line ends with LF or CRLF, a UTF-8 byte order mark is taken off, and `line` is the physical line on which
//! a record starts, from 1. CSV has a header with `value`, with `kind` unless `?kind=` is given, and any of `tlp`, `pap`, `source`,
//! `first_seen`, `last_seen`, `expires`, `confidence` and `note`, in any order; NDJSON has the same fields; in txt every line is
//! a value, but for blank ones and those that begin with `#`. A row that names no kind is of `?kind=`, or its kind is detected.
//! With `?map=value=ioc,kind=type` the header has other names, and unknown columns are passed over. STIX 2.1 and MISP come as JSON; `id`
//! is the object's id or the attribute's UUID. A row that is refused costs itself and no other, and is never echoed. A file that is no
//! text, no JSON or lacks a column is refused (422); `import` in the problem says what was done before, in whole batches.

mod access;
mod api;
#[cfg(test)]
mod api_tests;
mod audit;
#[cfg(test)]
mod audit_tests;
mod console;
mod daemon;
mod exchanges;
mod health;
mod held;
#[cfg(test)]
mod held_tests;
mod import;
mod indicators;
mod links;
mod lookup;
mod misp;
mod misp_modules;
mod nearest;
mod overlaps;
mod pace;
mod peers;
mod problem;
mod push;
mod query;
#[cfg(test)]
mod query_tests;
mod receipts;
mod request;
mod rfc3339;
#[cfg(test)]
mod role_tests;
mod routes;
mod schemas;
mod serve;
#[cfg(test)]
mod serve_tests;
mod sightings;
mod standing;
mod state;
mod status;
mod stix;
mod taxii;
#[cfg(test)]
mod testing;
mod tokens;
mod unread;
mod warning_lists;

pub use access::new_token;
pub use api::Api;
pub use daemon::{
    Call, Daemon, DaemonStatus, ExchangeAsk, ExchangeProgress, PartnerView, ProgressNews, ReceiptView,
    StartRefused,
};
pub use import::Imports;
pub use misp_modules::misp_modules_router;
pub use nearest::nearest;
pub use push::{
    EventFormat, Sink, Sinks, SyslogFormat, SyslogSettings, Target, Transport, WebhookSecret,
    WebhookSettings, client_tls,
};
pub use serve::{serve_plain, serve_tls, serve_unix};
pub use warning_lists::{ListType, WarningList, WarningListError, WarningLists, WarningListsBuilder};
