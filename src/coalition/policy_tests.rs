//! The decision on an offer: what passes, and a test for each way to be refused.

use crate::samples::{Change, NOW, agreement, id, offer, roster};
use crate::*;

/// A context that owns what it points to. As it begins, `police` answers a good offer of `hotline`.
struct Case {
    side: Side,
    offer: Offer,
    own: MemberId,
    peer: MemberId,
    agreement: Option<Agreement>,
    roster: Roster,
    own_items: u64,
    used: DayUse,
    salt_epoch: Option<u32>,
    engines: Vec<EngineName>,
    now: Timestamp,
}

impl Case {
    fn responder() -> Self {
        Self {
            side: Side::Responder,
            offer: offer(),
            own: id("police"),
            peer: id("hotline"),
            agreement: Some(agreement()),
            roster: roster(),
            own_items: 2_000,
            used: DayUse::default(),
            salt_epoch: Some(2),
            engines: vec![EngineName::Voprf],
            now: NOW,
        }
    }

    fn initiator() -> Self {
        let (own, peer) = (id("hotline"), id("police"));
        Self { side: Side::Initiator, own, peer, own_items: 1_000, ..Self::responder() }
    }

    fn changed(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Changes the agreement on both sides.
    fn agreed(self, change: impl FnOnce(&mut Agreement)) -> Self {
        self.changed(|case| {
            let agreement = case.agreement.as_mut().unwrap();
            change(agreement);
            case.offer.agreement = agreement.hash();
        })
    }

    fn offered(self, change: impl FnOnce(&mut Offer)) -> Self {
        self.changed(|case| change(&mut case.offer))
    }

    fn context(&self) -> OfferContext<'_> {
        OfferContext {
            side: self.side,
            offer: &self.offer,
            own: &self.own,
            peer: &self.peer,
            agreement: self.agreement.as_ref(),
            roster: &self.roster,
            used: self.used,
            salt_epoch: self.salt_epoch,
            engines: &self.engines,
            now: self.now,
        }
    }

    fn decide(&self) -> Result<Terms, Refusal> {
        decide_offer(&self.context())?;
        decide_own_size(&self.context(), self.own_items)
    }

    fn refusal(&self) -> Refusal {
        self.decide().expect_err("a refusal")
    }

    #[track_caller]
    fn assert_refused(&self, code: RefusalCode) {
        let refusal = self.refusal();
        assert_eq!(refusal.code, code, "{refusal}");
        assert!(refusal.sentence.ends_with('.') && is_printable(&refusal.sentence), "{refusal}");
        assert!(refusal.sentence.chars().count() <= 512, "{refusal}");
    }

    #[track_caller]
    fn assert_accepted(&self) {
        assert!(self.decide().is_ok(), "{:?}", self.decide());
    }
}

#[test]
fn a_good_offer_is_accepted_on_both_sides() {
    let terms = Case::responder().decide();
    assert_eq!(terms, Ok(Terms { own_padded: 2_048, peer_padded: 1_024 }));
    let terms = Case::initiator().decide();
    assert_eq!(terms, Ok(Terms { own_padded: 1_024, peer_padded: 0 }));
}

#[test]
fn offers_between_other_members() {
    let other = || id("payments");
    Case::responder().offered(|o| o.initiator = other()).assert_refused(RefusalCode::Document);
    Case::responder().offered(|o| o.responder = other()).assert_refused(RefusalCode::Document);
    Case::initiator().offered(|o| o.initiator = other()).assert_refused(RefusalCode::Document);
    Case::initiator().offered(|o| o.responder = other()).assert_refused(RefusalCode::Document);
}

#[test]
fn an_offer_in_this_nodes_own_name() {
    // `hotline` sends `police` an offer that says it is by `police`.
    let reflected = Case::responder().offered(|o| std::mem::swap(&mut o.initiator, &mut o.responder));
    reflected.assert_refused(RefusalCode::Document);
    Case::initiator().changed(|case| case.side = Side::Responder).assert_refused(RefusalCode::Document);
}

#[test]
fn an_exchange_with_oneself() {
    let alone = Case::responder().changed(|case| {
        case.peer = case.own.clone();
        case.offer.initiator = case.own.clone();
    });
    alone.assert_refused(RefusalCode::Document);
}

#[test]
fn an_expired_roster() {
    Case::responder()
        .changed(|case| case.roster.expires = case.now)
        .assert_refused(RefusalCode::RosterExpired);
    Case::responder().changed(|case| case.roster.expires = case.now.plus_seconds(1)).assert_accepted();
}

#[test]
fn members_that_are_not_active() {
    for which in [0, 1] {
        for status in [MemberStatus::Suspended, MemberStatus::Revoked] {
            let case = Case::responder().changed(|case| case.roster.members[which].status = status);
            case.assert_refused(RefusalCode::Member);
        }
        let unlisted = Case::responder().changed(|case| drop(case.roster.members.remove(which)));
        unlisted.assert_refused(RefusalCode::Member);
    }
    let suspended =
        Case::responder().changed(|case| case.roster.members[0].status = MemberStatus::Suspended).refusal();
    assert!(suspended.sentence.contains("hotline is suspended"), "{suspended}");
}

#[test]
fn no_agreement() {
    Case::responder().changed(|case| case.agreement = None).assert_refused(RefusalCode::NoAgreement);
    let elsewhere = Case::responder().agreed(|a| a.coalition = "other.example".parse().unwrap());
    elsewhere.assert_refused(RefusalCode::NoAgreement);
    let with_another = Case::responder().agreed(|a| a.members = [id("payments"), id("police")]);
    with_another.assert_refused(RefusalCode::NoAgreement);
}

#[test]
fn an_agreement_that_has_ended() {
    Case::responder().agreed(|a| a.expires = Some(NOW)).assert_refused(RefusalCode::AgreementExpired);
    Case::responder().agreed(|a| a.expires = Some(NOW.plus_seconds(1))).assert_accepted();
}

#[test]
fn agreements_that_differ() {
    let changed = |change: fn(&mut Agreement)| {
        Case::responder().changed(|case| change(case.agreement.as_mut().unwrap()))
    };
    changed(|a| a.max_items += 1).assert_refused(RefusalCode::AgreementHash);
    changed(|a| a.exchanges_per_day += 1).assert_refused(RefusalCode::AgreementHash);
    Case::responder().offered(|o| o.agreement.0[0] ^= 1).assert_refused(RefusalCode::AgreementHash);
    Case::initiator().offered(|o| o.agreement.0[31] ^= 1).assert_refused(RefusalCode::AgreementHash);
}

#[test]
fn clocks_that_differ() {
    for made in [NOW.0 - CLOCK_SKEW, NOW.0 + CLOCK_SKEW] {
        Case::responder().offered(|o| o.made = Timestamp(made)).assert_accepted();
    }
    for made in [0, NOW.0 - CLOCK_SKEW - 1, NOW.0 + CLOCK_SKEW + 1, u64::MAX] {
        Case::responder().offered(|o| o.made = Timestamp(made)).assert_refused(RefusalCode::Deadline);
    }
}

#[test]
fn deadlines() {
    let with = |deadline| Case::responder().offered(|o| o.deadline = Timestamp(deadline));
    with(NOW.0 + 1).assert_accepted();
    with(NOW.0 + LONGEST_EXCHANGE).assert_accepted();
    for deadline in [0, NOW.0 - 1, NOW.0, NOW.0 + LONGEST_EXCHANGE + 1, u64::MAX] {
        with(deadline).assert_refused(RefusalCode::Deadline);
    }
}

#[test]
fn another_learner() {
    let only = |name| Learns::Only(id(name));
    Case::responder().offered(|o| o.learns = only("hotline")).assert_refused(RefusalCode::Mode);
    let agreed = || Case::responder().agreed(|a| a.learns = Learns::Only(id("police")));
    agreed().assert_refused(RefusalCode::Mode);
    agreed().offered(|o| o.learns = only("hotline")).assert_refused(RefusalCode::Mode);
    agreed().offered(|o| o.learns = only("police")).assert_accepted();
}

#[test]
fn kinds_and_facets_outside_the_agreement() {
    let changes: [fn(&mut Offer); 8] = [
        |o| o.kinds.clear(),
        |o| o.facets.clear(),
        |o| o.kinds = vec![Kind::Iban],
        |o| o.facets = vec![Facet::Url, Facet::Page],
        |o| o.kinds.reverse(),
        |o| o.facets.reverse(),
        |o| o.kinds = vec![Kind::Url, Kind::Url],
        |o| o.facets = vec![Facet::Url, Facet::Url],
    ];
    for change in changes {
        Case::responder().offered(change).assert_refused(RefusalCode::Scope);
    }
    let whole = Case::responder().offered(|o| {
        o.kinds = agreement().kinds;
        o.facets = agreement().facets;
    });
    whole.assert_accepted();
}

#[test]
fn purposes() {
    let named = |purpose: &str| {
        Case::responder()
            .agreed(|a| a.purposes = vec!["other".to_owned(), "trade".to_owned()])
            .offered(|o| o.purpose = purpose.to_owned())
    };
    named("trade").assert_accepted();
    for purpose in ["", "Trade", "trade ", "fishing"] {
        named(purpose).assert_refused(RefusalCode::Purpose);
    }
    for purpose in ["fishing", &"x".repeat(65)] {
        assert!(!named(purpose).refusal().sentence.contains(purpose));
    }
}

#[test]
fn purposes_that_cannot_be_shown() {
    for text in ["a\nb".to_owned(), "\u{202e}".to_owned(), "x".repeat(LONGEST_PURPOSE + 1)] {
        for case in [
            Case::responder().offered(|o| o.purpose = text.clone()),
            Case::responder().offered(|o| o.case_reference = text.clone()),
        ] {
            case.assert_refused(RefusalCode::Purpose);
            assert!(!case.refusal().sentence.contains(&text));
        }
    }
    Case::responder().offered(|o| o.purpose = "x".repeat(LONGEST_PURPOSE)).assert_accepted();
    Case::responder().offered(|o| o.purpose.clear()).assert_accepted();
}

#[test]
fn an_engine_that_is_not_run() {
    Case::responder().changed(|case| case.engines.clear()).assert_refused(RefusalCode::Engine);
}

#[test]
fn another_engine_than_the_agreements() {
    for case in [Case::initiator, Case::responder] {
        let fixed = |engine| {
            case().changed(|case| case.engines = EngineName::ALL.to_vec()).agreed(|a| a.engine = Some(engine))
        };
        fixed(EngineName::Voprf).assert_accepted();
        fixed(EngineName::Vole).assert_refused(RefusalCode::Engine);
        assert!(fixed(EngineName::Vole).refusal().sentence.contains("fixes the engine vole, not voprf"));
        fixed(EngineName::Vole).offered(|o| o.engine = EngineName::Vole).assert_accepted();
        // An agreement does not make a node run what it does not run.
        let lacking = fixed(EngineName::Vole).offered(|o| o.engine = EngineName::Vole);
        lacking.changed(|case| case.engines = vec![EngineName::Voprf]).assert_refused(RefusalCode::Engine);
    }
}

#[test]
fn salts_of_other_epochs() {
    Case::responder().offered(|o| o.salt_epoch = 1).assert_refused(RefusalCode::SaltEpoch);
    Case::responder().offered(|o| o.salt_epoch = 3).assert_refused(RefusalCode::SaltEpoch);
    Case::responder().changed(|case| case.salt_epoch = Some(1)).assert_refused(RefusalCode::SaltEpoch);
    let both_old = Case::responder().changed(|case| {
        case.salt_epoch = Some(1);
        case.offer.salt_epoch = 1;
    });
    both_old.assert_refused(RefusalCode::SaltEpoch);
    Case::responder().changed(|case| case.salt_epoch = None).assert_refused(RefusalCode::SaltEpoch);
    Case::responder().changed(|case| case.roster.epochs.clear()).assert_refused(RefusalCode::SaltEpoch);
}

#[test]
fn too_many_exchanges_today() {
    let used = |exchanges| Case::responder().changed(|case| case.used.exchanges = exchanges);
    used(23).assert_accepted();
    used(24).assert_refused(RefusalCode::ExchangesToday);
    used(u32::MAX).assert_refused(RefusalCode::ExchangesToday);
    // The tests' time is noon, UTC.
    assert_eq!(used(24).refusal().retry_after, Some(43_200));
}

#[test]
fn sizes_that_are_no_steps() {
    for size in [0, 17, 1_025, u64::MAX] {
        Case::responder().offered(|o| o.padded_size = size).assert_refused(RefusalCode::Protocol);
    }
}

#[test]
fn a_partners_set_that_is_too_large_or_too_small() {
    Case::responder().offered(|o| o.padded_size = 1 << 20).assert_accepted();
    Case::responder().offered(|o| o.padded_size = 9 << 17).assert_refused(RefusalCode::TooManyItems);
    Case::responder().agreed(|a| a.min_items = 1_024).assert_accepted();
    Case::responder().agreed(|a| a.min_items = 1_025).assert_refused(RefusalCode::TooFewItems);
}

#[test]
fn an_own_set_that_is_too_large_or_too_small() {
    let with = |items| Case::responder().changed(|case| case.own_items = items);
    with(1 << 20).assert_accepted();
    with((1 << 20) + 1).assert_refused(RefusalCode::TooManyItems);
    with(u64::MAX).assert_refused(RefusalCode::TooManyItems);
    with(100).agreed(|a| a.min_items = 100).assert_accepted();
    with(99).agreed(|a| a.min_items = 100).assert_refused(RefusalCode::TooFewItems);
    with(0).assert_accepted();
}

#[test]
fn a_refusal_tells_nothing_of_the_own_set_but_its_side_of_a_limit() {
    let sentence = |items| {
        let case = Case::responder().changed(|case| case.own_items = items);
        case.agreed(|a| a.min_items = 1_000).refusal().sentence
    };
    assert_eq!(sentence(1), sentence(999));
    assert_eq!(sentence((1 << 20) + 1), sentence(u64::MAX));
}

#[test]
fn the_own_set_is_looked_at_last() {
    let changes: [(RefusalCode, Change<Case>); 5] = [
        (RefusalCode::Member, |case| case.roster.members[0].status = MemberStatus::Suspended),
        (RefusalCode::AgreementHash, |case| case.offer.agreement.0[0] ^= 1),
        (RefusalCode::ExchangesToday, |case| case.used.exchanges = 24),
        (RefusalCode::Protocol, |case| case.offer.padded_size = 17),
        (RefusalCode::TooManyItems, |case| case.offer.padded_size = 9 << 17),
    ];
    for (code, change) in changes {
        let case = Case::responder().agreed(|a| a.min_items = 1_000).changed(change);
        let refusals = [0, 2_000].map(|items| Case { own_items: items, ..case_of(&case) }.refusal());
        assert_eq!(refusals[0], refusals[1]);
        assert_eq!(refusals[0].code, code);
    }
}

fn case_of(case: &Case) -> Case {
    Case {
        side: case.side,
        offer: case.offer.clone(),
        own: case.own.clone(),
        peer: case.peer.clone(),
        agreement: case.agreement.clone(),
        roster: case.roster.clone(),
        engines: case.engines.clone(),
        ..*case
    }
}

#[test]
fn an_initiators_offer_of_another_size_than_its_set() {
    Case::initiator().changed(|case| case.own_items = 2_000).assert_refused(RefusalCode::Internal);
}

#[test]
fn each_check_comes_before_the_next() {
    // Each change breaks one check; all that are broken after it must not be what is refused.
    let breaks: [(RefusalCode, Change<Case>); 16] = [
        (RefusalCode::Document, |case| case.offer.initiator = id("payments")),
        (RefusalCode::RosterExpired, |case| case.roster.expires = NOW),
        (RefusalCode::Member, |case| case.roster.members.clear()),
        (RefusalCode::NoAgreement, |case| case.agreement = None),
        (RefusalCode::AgreementHash, |case| case.offer.agreement.0[0] ^= 1),
        (RefusalCode::Deadline, |case| case.offer.made = Timestamp(0)),
        (RefusalCode::Mode, |case| case.offer.learns = Learns::Only(id("police"))),
        (RefusalCode::Scope, |case| case.offer.kinds.clear()),
        (RefusalCode::Purpose, |case| case.offer.purpose = "\n".to_owned()),
        (RefusalCode::Engine, |case| case.engines.clear()),
        (RefusalCode::SaltEpoch, |case| case.offer.salt_epoch = 9),
        (RefusalCode::ExchangesToday, |case| case.used.exchanges = 24),
        (RefusalCode::Protocol, |case| case.offer.padded_size = 17),
        (RefusalCode::TooManyItems, |case| case.offer.padded_size = 9 << 17),
        (RefusalCode::TooFewItems, |case| case.offer.padded_size = 8),
        (RefusalCode::TooFewItems, |case| case.own_items = 8),
    ];
    for first in 0..breaks.len() {
        let mut case = Case::responder().agreed(|a| a.min_items = 1_000);
        for (_, change) in breaks[first..].iter().rev() {
            change(&mut case);
        }
        assert_eq!(case.refusal().code, breaks[first].0, "check {first}");
    }
}

#[test]
fn the_receiver_is_who_learns_or_has_fewer() {
    let receiver = |learns, responder_padded| receiver_of(&Offer { learns, ..offer() }, responder_padded);
    for size in [1, 1_024, 1 << 30] {
        assert_eq!(receiver(Learns::Only(id("hotline")), size), Side::Initiator);
        assert_eq!(receiver(Learns::Only(id("police")), size), Side::Responder);
    }
    assert_eq!(receiver(Learns::Both, 960), Side::Responder);
    assert_eq!(receiver(Learns::Both, 1_024), Side::Initiator);
    assert_eq!(receiver(Learns::Both, 1_152), Side::Initiator);
}

fn accept(offer_bytes: &[u8]) -> Accept {
    let document = SignedDocument { bytes: offer_bytes.to_vec(), signatures: vec![] };
    Accept {
        exchange: offer().exchange,
        offer_hash: document.hash(),
        padded_size: 2_048,
        nonce: Nonce([3; 32]),
        made: NOW,
    }
}

#[test]
fn a_good_accept_is_taken() {
    let terms = decide_accept(&Case::initiator().context(), b"offer", &accept(b"offer"));
    assert_eq!(terms, Ok(Terms { own_padded: 1_024, peer_padded: 2_048 }));
}

#[test]
fn accepts_that_are_refused() {
    let changes: [(RefusalCode, Change<Accept>); 9] = [
        (RefusalCode::Document, |a| a.exchange.0[0] ^= 1),
        (RefusalCode::Document, |a| a.offer_hash[31] ^= 1),
        (RefusalCode::Deadline, |a| a.made = Timestamp(NOW.0 + CLOCK_SKEW + 1)),
        (RefusalCode::Deadline, |a| a.made = Timestamp(0)),
        (RefusalCode::Protocol, |a| a.padded_size = 0),
        (RefusalCode::Protocol, |a| a.padded_size = 2_049),
        (RefusalCode::TooManyItems, |a| a.padded_size = 9 << 17),
        (RefusalCode::TooFewItems, |a| a.padded_size = 512),
        (RefusalCode::TooFewItems, |a| a.padded_size = 1),
    ];
    let case = Case::initiator().agreed(|a| a.min_items = 600);
    assert!(decide_accept(&case.context(), b"offer", &accept(b"offer")).is_ok());
    for (code, change) in changes {
        let mut accept = accept(b"offer");
        change(&mut accept);
        let refusal = decide_accept(&case.context(), b"offer", &accept).expect_err("a refusal");
        assert_eq!(refusal.code, code, "{refusal}");
    }
}

#[test]
fn what_is_decided_before_the_own_set_is_asked_needs_none() {
    let case = Case::responder().agreed(|a| a.min_items = 500).changed(|case| case.own_items = 0);
    assert_eq!(decide_offer(&case.context()), Ok(()));
    case.assert_refused(RefusalCode::TooFewItems);
}
