//! Partners and what is agreed with them.

use axum::Json;
use axum::extract::State;
use overlap_coalition::{Agreement, EngineName, Learns, MemberStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::PartnerView;
use crate::rfc3339::rfc3339;
use crate::state::ApiState;

/// A partner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Peer, example = json!({
    "peer": "payments", "name": "Payments", "status": "active", "address": "127.0.0.1:7701", "running": 0,
    "certificate_ends": "2026-12-31T23:59:59Z", "next_exchange": null, "every_seconds": null,
    "agreement": {"hash": "5f3c", "kinds": ["domain", "url"], "facets": ["host", "url"], "mode": "overlap",
        "learns": "both", "purposes": [], "max_items": 1048576, "min_items": 0, "exchanges_per_day": 24, "expires": null,
        "engine": null}
}))]
pub(crate) struct PeerItem {
    /// Its member id.
    peer: String,
    /// Its name in the roster.
    name: String,
    /// `active`, `suspended` or `revoked` in the roster; null if it is in none.
    status: Option<&'static str>,
    /// Where its node listens, as configured.
    address: Option<String>,
    /// Exchanges with it that run now.
    running: usize,
    /// When its last certificate that was seen ends.
    #[schema(format = "date-time")]
    certificate_ends: Option<String>,
    /// When the scheduler will next begin an exchange.
    #[schema(format = "date-time")]
    next_exchange: Option<String>,
    /// How often it does, in seconds; null: never.
    every_seconds: Option<u64>,
    /// What is agreed.
    agreement: AgreementItem,
}

/// What is agreed with a partner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agreement)]
pub(crate) struct AgreementItem {
    /// SHA-256, which both sides must share, in hex.
    hash: String,
    /// Kinds that are compared.
    kinds: Vec<&'static str>,
    /// On which facets.
    facets: Vec<&'static str>,
    /// What an exchange tells.
    mode: &'static str,
    /// `both`, or the id of the member who learns.
    learns: String,
    /// Purposes that an exchange may name; none: any.
    purposes: Vec<String>,
    /// The largest set that either side may bring, in items after padding.
    max_items: u64,
    /// The smallest, before padding.
    min_items: u64,
    /// Exchanges in a day (UTC).
    exchanges_per_day: u32,
    /// When the agreement ends; null: it does not.
    #[schema(format = "date-time")]
    expires: Option<String>,
    /// The engine of every exchange, `voprf` or `vole`; null: the initiator chooses.
    engine: Option<&'static str>,
}

/// The partners.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeerList {
    /// All of them.
    items: Vec<PeerItem>,
}

/// Lists partners and what is agreed with each.
#[utoipa::path(get, path = "/api/v1/peers", tag = "peers", responses((status = 200, body = PeerList)))]
pub(crate) async fn list(State(state): State<ApiState>) -> Json<PeerList> {
    Json(PeerList { items: state.daemon().partners().into_iter().map(PeerItem::from).collect() })
}

impl From<PartnerView> for PeerItem {
    fn from(partner: PartnerView) -> Self {
        Self {
            peer: partner.id.to_string(),
            name: partner.name,
            status: partner.status.map(status_name),
            address: partner.address,
            running: partner.running,
            certificate_ends: partner.certificate_ends.map(|time| rfc3339(time.0)),
            next_exchange: partner.next.map(|time| rfc3339(time.0)),
            every_seconds: partner.every,
            agreement: partner.agreement.into(),
        }
    }
}

impl From<Agreement> for AgreementItem {
    fn from(agreement: Agreement) -> Self {
        Self {
            hash: data_encoding::HEXLOWER.encode(&agreement.hash().0),
            kinds: agreement.kinds.iter().map(|kind| kind.as_str()).collect(),
            facets: agreement.facets.iter().map(|facet| facet.as_str()).collect(),
            mode: agreement.mode.as_str(),
            learns: match agreement.learns {
                Learns::Both => "both".to_owned(),
                Learns::Only(member) => member.to_string(),
            },
            purposes: agreement.purposes,
            max_items: agreement.max_items,
            min_items: agreement.min_items,
            exchanges_per_day: agreement.exchanges_per_day,
            expires: agreement.expires.map(|time| rfc3339(time.0)),
            engine: agreement.engine.map(EngineName::as_str),
        }
    }
}

const fn status_name(status: MemberStatus) -> &'static str {
    match status {
        MemberStatus::Active => "active",
        MemberStatus::Suspended => "suspended",
        MemberStatus::Revoked => "revoked",
    }
}
