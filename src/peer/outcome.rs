//! One line in the log and a few numbers for each exchange that has ended.

use overlap_coalition::{MemberId, Side};
use overlap_store::ExchangeRecord;

use crate::fault::Fault;

/// Notes how an exchange ended.
pub(crate) fn note(peer: &MemberId, side: Side, result: Result<&ExchangeRecord, &Fault>) {
    match result {
        Ok(record) => completed(peer, side.as_str(), record),
        Err(fault) => ended_early(peer, side.as_str(), fault),
    }
}

fn completed(peer: &MemberId, side: &'static str, record: &ExchangeRecord) {
    count(peer, side, "completed");
    let labels = [("peer", peer.to_string()), ("side", side.to_owned())];
    metrics::counter!("overlapd_exchange_bytes_sent_total", &labels).increment(record.bytes_sent);
    metrics::counter!("overlapd_exchange_bytes_received_total", &labels).increment(record.bytes_received);
    let seconds = record.seconds.first().map_or(0.0, |(_, seconds)| *seconds);
    metrics::histogram!("overlapd_exchange_seconds", &labels).record(seconds);
    tracing::info!(
        exchange = %record.id,
        %peer,
        side,
        own_size = record.own_size,
        peer_size = record.peer_size,
        seconds,
        "exchange completed"
    );
}

/// A partner's own words stay in the record: the log has the code, and who said it.
fn ended_early(peer: &MemberId, side: &'static str, fault: &Fault) {
    count(peer, side, fault.outcome());
    let failure = fault.for_record();
    match fault {
        Fault::RefusedByPartner(_) => {
            tracing::warn!(%peer, side, code = %failure.code, by = failure.by, "exchange refused by the partner");
        }
        Fault::Refused(_) | Fault::Stopping => {
            tracing::warn!(%peer, side, code = %failure.code, by = failure.by, why = %failure.sentence, "exchange refused here");
        }
        Fault::Peer { .. } | Fault::Stalled(_) | Fault::Network(_) | Fault::Internal(_) => {
            tracing::warn!(%peer, side, code = %failure.code, by = failure.by, why = %failure.sentence, "exchange failed");
        }
    }
}

fn count(peer: &MemberId, side: &'static str, outcome: &'static str) {
    let labels = [("peer", peer.to_string()), ("side", side.to_owned()), ("outcome", outcome.to_owned())];
    metrics::counter!("overlapd_exchanges_total", &labels).increment(1);
}
