//! Tells what happens to partners and certificates as events: a partner is suspended, revoked or reinstated, a certificate ends soon.
//!
//! What was told stands in the store, so nothing is told again after a restart.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use overlap_api::Daemon;
use overlap_coalition::{MemberId, MemberStatus, Timestamp};
use overlap_store::{Event, EventBody, EventFilter, EventId, EventType, Notice, Store};

use crate::clock;
use crate::daemon::off_thread;
use crate::exit::CommandError;
use crate::node::Node;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(2);

/// How long after a failure it is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// How long before its end a certificate is told of, in seconds: two weeks, in which a renewal can be had.
const SOON: u64 = 14 * 86_400;

/// Events that are read together.
const PAGE: usize = 1_000;

/// Looks for as long as the daemon runs.
pub(crate) async fn run(node: Arc<Node>) {
    let mut told = None;
    loop {
        let (looking, known) = (node.clone(), told.take());
        let wait = match off_thread(move || look(&looking, known)).await {
            Ok(now_told) => {
                told = Some(now_told);
                EVERY
            }
            Err(error) => {
                tracing::error!(%error, "what happened to partners could not be told");
                AFTER_FAILURE
            }
        };
        tokio::time::sleep(wait).await;
    }
}

fn look(node: &Node, told: Option<Told>) -> Result<Told, CommandError> {
    let mut told = match told {
        Some(told) => told,
        None => Told::read(&**node.store())?,
    };
    for notice in due(node, &mut told) {
        node.store().tell(&notice, clock::now())?;
        told.take(notice);
    }
    Ok(told)
}

/// What was told so far.
#[derive(Default)]
struct Told {
    partners: HashMap<MemberId, EventType>,
    certificates: HashSet<(Option<MemberId>, u64)>,
    /// Who was in the roster since the daemon started: one that was never there is not gone.
    members: HashSet<MemberId>,
}

impl Told {
    fn read(store: &dyn Store) -> Result<Self, CommandError> {
        let types = [
            EventType::PartnerSuspended,
            EventType::PartnerRevoked,
            EventType::PartnerReinstated,
            EventType::CertificateExpiring,
        ];
        let filter = EventFilter { types: Some(types.into()), peers: None };
        let (mut told, mut after) = (Self::default(), EventId::START);
        loop {
            let page = store.events_after(after, &filter, PAGE)?;
            for Event { body, .. } in page.events {
                if let EventBody::Notice(notice) = body {
                    told.take(notice);
                }
            }
            if !page.more {
                return Ok(told);
            }
            after = page.upto;
        }
    }

    fn take(&mut self, notice: Notice) {
        let event_type = notice.event_type();
        match notice {
            Notice::PartnerSuspended(peer)
            | Notice::PartnerRevoked(peer)
            | Notice::PartnerReinstated(peer) => drop(self.partners.insert(peer, event_type)),
            Notice::CertificateExpiring { peer, ends } => drop(self.certificates.insert((peer, ends))),
            Notice::RosterAlarm { .. } => {}
        }
    }
}

/// What is to be told now.
fn due(node: &Node, told: &mut Told) -> Vec<Notice> {
    let mut notices: Vec<Notice> =
        certificate(None, node.status().certificate_ends, told).into_iter().collect();
    for partner in node.peer().partners() {
        let ends = partner.certificate_ends;
        notices.extend(ends.and_then(|ends| certificate(Some(partner.id.clone()), ends, told)));
        notices.extend(standing(&partner.id, partner.status, told));
    }
    notices
}

fn certificate(peer: Option<MemberId>, ends: Timestamp, told: &Told) -> Option<Notice> {
    let is_soon = ends.0 < clock::now().0.saturating_add(SOON);
    let is_new = !told.certificates.contains(&(peer.clone(), ends.0));
    (is_soon && is_new).then_some(Notice::CertificateExpiring { peer, ends: ends.0 })
}

/// What changed of a partner's standing since it was last told of.
fn standing(peer: &MemberId, status: Option<MemberStatus>, told: &mut Told) -> Option<Notice> {
    let last = told.partners.get(peer).copied();
    let peer = peer.clone();
    let notice = match status {
        Some(MemberStatus::Active) => {
            told.members.insert(peer.clone());
            let was_out = matches!(last, Some(EventType::PartnerSuspended | EventType::PartnerRevoked));
            return was_out.then_some(Notice::PartnerReinstated(peer));
        }
        Some(MemberStatus::Suspended) => Notice::PartnerSuspended(peer),
        Some(MemberStatus::Revoked) => Notice::PartnerRevoked(peer),
        None if told.members.contains(&peer) => Notice::PartnerRevoked(peer),
        None => return None,
    };
    (last != Some(notice.event_type())).then_some(notice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> MemberId {
        "police".parse().unwrap()
    }

    #[test]
    fn a_change_of_standing_is_told_once() {
        use MemberStatus::{Active, Revoked, Suspended};
        let mut told = Told::default();
        let mut seen = Vec::new();
        let statuses = [
            None,
            Some(Active),
            Some(Active),
            Some(Suspended),
            Some(Suspended),
            Some(Active),
            None,
            None,
            Some(Revoked),
        ];
        for status in statuses {
            let notice = standing(&member(), status, &mut told);
            seen.push(notice.as_ref().map(|notice| notice.event_type().as_str()));
            notice.into_iter().for_each(|notice| told.take(notice));
        }
        let expected = [
            None,
            None,
            None,
            Some("partner.suspended"),
            None,
            Some("partner.reinstated"),
            Some("partner.revoked"),
            None,
            None,
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_certificate_is_told_of_once_and_a_renewed_one_again() {
        let mut told = Told::default();
        let soon = Timestamp(clock::now().0 + 86_400);
        let notice = certificate(None, soon, &told).unwrap();
        told.take(notice);
        assert_eq!(certificate(None, soon, &told), None);
        assert!(certificate(None, Timestamp(soon.0 + 1), &told).is_some());
        assert!(certificate(Some(member()), soon, &told).is_some());
        assert_eq!(certificate(None, Timestamp(clock::now().0 + 2 * SOON), &told), None);
    }
}
