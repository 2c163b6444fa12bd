//! The decision on an offer, as a pure function.

use crate::agreement::is_strictly_sorted;
use crate::exchange::LONGEST_PURPOSE;
use crate::hashing::sha256;
use crate::text::is_printable;
use crate::{
    Accept, Agreement, DayUse, EngineName, Learns, MemberId, MemberStatus, Offer, Period, Refusal,
    RefusalCode, Roster, Side, Timestamp, is_step, padded_size,
};

/// How far the partners' clocks may be apart, in seconds: as much as a machine without time service drifts in months.
pub const CLOCK_SKEW: u64 = 300;

/// How long after an offer its deadline may be, in seconds: a partner holds no exchange open for longer.
pub const LONGEST_EXCHANGE: u64 = 3_600;

/// When to try again at a node whose digests are of another epoch, in seconds: it makes those of ten millions of indicators
/// in about as long.
pub const DIGESTS_MADE_ANEW: u64 = 60;

/// All that a decision depends on.
#[derive(Debug)]
pub struct OfferContext<'a> {
    /// Which end this node is: the initiator decides on its own offer before it sends it.
    pub side: Side,
    /// The offer, its signature verified.
    pub offer: &'a Offer,
    /// This node's member.
    pub own: &'a MemberId,
    /// The member at the other end, by its certificate.
    pub peer: &'a MemberId,
    /// This node's agreement with it, if any.
    pub agreement: Option<&'a Agreement>,
    /// The roster in force.
    pub roster: &'a Roster,
    /// What the partner has used today.
    pub used: DayUse,
    /// The epoch of the salt that this node's digests are made with; `None` while they are made anew under another one.
    pub salt_epoch: Option<u32>,
    /// Engines that this node runs.
    pub engines: &'a [EngineName],
    /// The time.
    pub now: Timestamp,
}

/// What both sides then do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// This side's padded size.
    pub own_padded: u64,
    /// The partner's padded size. 0 for an initiator that decides on its own set: the accept tells it ([`decide_accept`]).
    pub peer_padded: u64,
}

/// Decides on an offer, on either side, as far as that needs nothing of this side's set: the initiator asks itself before
/// it asks its partner. [`decide_own_size`] comes after, and a responder charges the partner in between: what tells of its
/// set, even a refusal, is never free.
///
/// The checks come in this order, and the first that fails is the refusal:
///
/// 1. the offer is between the two ends of this connection ([`RefusalCode::Document`]);
/// 2. the roster is in force ([`RefusalCode::RosterExpired`]), both members are active in it ([`RefusalCode::Member`]);
/// 3. the agreement is there ([`RefusalCode::NoAgreement`]), has not ended ([`RefusalCode::AgreementExpired`]), and is
///    the partner's too ([`RefusalCode::AgreementHash`]);
/// 4. the offer's times ([`RefusalCode::Deadline`]);
/// 5. mode and learner ([`RefusalCode::Mode`]), kinds and facets ([`RefusalCode::Scope`]), purpose and case reference
///    ([`RefusalCode::Purpose`]), engine, which is the agreement's where that fixes one ([`RefusalCode::Engine`]);
/// 6. the salt's epoch ([`RefusalCode::SaltEpoch`]);
/// 7. exchanges today ([`RefusalCode::ExchangesToday`]);
/// 8. the initiator's size: a step of the ladder ([`RefusalCode::Protocol`]), not over the agreement's largest
///    ([`RefusalCode::TooManyItems`]) nor surely under its smallest ([`RefusalCode::TooFewItems`]).
///
/// # Errors
/// The refusal to send and to show. Its sentence has nothing of the partner's text, and nothing of this side's set.
pub fn decide_offer(context: &OfferContext<'_>) -> Result<(), Refusal> {
    check_parties(context)?;
    check_roster(context)?;
    let agreement = check_agreement(context)?;
    check_times(context)?;
    check_content(context, agreement)?;
    check_salt_epoch(context)?;
    check_exchanges_today(context, agreement)?;
    check_offered_size(context, agreement)
}

/// Decides, for an offer that [`decide_offer`] let pass, whether this side's set may take part. `own_items` is its size for
/// the offer's kinds and facets, before padding.
///
/// # Errors
/// [`RefusalCode::TooManyItems`] and [`RefusalCode::TooFewItems`], which tell of the set only that it is over or under a
/// limit of the agreement; [`RefusalCode::Internal`] for an initiator that offered another size than its set has.
pub fn decide_own_size(context: &OfferContext<'_>, own_items: u64) -> Result<Terms, Refusal> {
    let agreement = check_agreement(context)?;
    let own_padded = padded_size(own_items);
    ensure(own_padded <= agreement.max_items, || too_many(context.own, agreement))?;
    ensure(own_items >= agreement.min_items, || too_few(context.own, agreement))?;
    let peer_padded = match context.side {
        Side::Responder => context.offer.padded_size,
        Side::Initiator => 0,
    };
    let consistent = context.side == Side::Responder || context.offer.padded_size == own_padded;
    ensure(consistent, || {
        Refusal::new(RefusalCode::Internal, "The offer names another size than this node's set has.")
    })?;
    Ok(Terms { own_padded, peer_padded })
}

/// Decides, as the initiator, on the accept of an offer that [`decide_offer`] let pass; the accept's signature is verified.
///
/// # Errors
/// [`RefusalCode::Document`] for an accept of something else, [`RefusalCode::Deadline`] for its time,
/// [`RefusalCode::Protocol`], [`RefusalCode::TooManyItems`] and [`RefusalCode::TooFewItems`] for its size.
pub fn decide_accept(
    context: &OfferContext<'_>,
    offer_bytes: &[u8],
    accept: &Accept,
) -> Result<Terms, Refusal> {
    let peer = context.peer;
    let answers = accept.exchange == context.offer.exchange && accept.offer_hash == sha256(offer_bytes);
    ensure(answers, || {
        Refusal::new(
            RefusalCode::Document,
            format!("{peer} accepted something else than what it was offered."),
        )
    })?;
    let timely = accept.made.0.abs_diff(context.now.0) <= CLOCK_SKEW;
    ensure(timely, || clocks_differ(peer, context.own))?;
    let agreement = check_agreement(context)?;
    check_size(peer, accept.padded_size, agreement)?;
    Ok(Terms { own_padded: context.offer.padded_size, peer_padded: accept.padded_size })
}

/// Who is the engine's receiver: the one who learns, or, where both do, the one with the smaller padded set; a tie goes to the initiator.
pub fn receiver_of(offer: &Offer, responder_padded: u64) -> Side {
    let initiator_receives = match &offer.learns {
        Learns::Only(member) => *member == offer.initiator,
        Learns::Both => offer.padded_size <= responder_padded,
    };
    if initiator_receives { Side::Initiator } else { Side::Responder }
}

fn check_parties(context: &OfferContext<'_>) -> Result<(), Refusal> {
    let (initiator, responder) = match context.side {
        Side::Initiator => (context.own, context.peer),
        Side::Responder => (context.peer, context.own),
    };
    let holds = context.offer.initiator == *initiator && context.offer.responder == *responder;
    ensure(holds && initiator != responder, || {
        let sentence =
            format!("The offer must be from {initiator} to {responder}, whose connection this is.");
        Refusal::new(RefusalCode::Document, sentence)
    })
}

fn check_roster(context: &OfferContext<'_>) -> Result<(), Refusal> {
    let own = context.own;
    ensure(!context.roster.is_expired(context.now), || {
        let sentence =
            format!("The roster that {own} holds has expired: import the secretariat's new one there.");
        Refusal::new(RefusalCode::RosterExpired, sentence)
    })?;
    check_active(context.roster, own)?;
    check_active(context.roster, context.peer)
}

fn check_active(roster: &Roster, member: &MemberId) -> Result<(), Refusal> {
    let why = match roster.member(member).map(|member| member.status) {
        Some(MemberStatus::Active) => return Ok(()),
        Some(MemberStatus::Suspended) => "is suspended",
        Some(MemberStatus::Revoked) => "is revoked",
        None => "is not listed",
    };
    let sentence = format!("{member} {why} in roster version {}: ask the secretariat.", roster.version);
    Err(Refusal::new(RefusalCode::Member, sentence))
}

fn check_agreement<'a>(context: &OfferContext<'a>) -> Result<&'a Agreement, Refusal> {
    let (own, peer) = (context.own, context.peer);
    let agreement =
        context.agreement.filter(|agreement| is_between(agreement, context)).ok_or_else(|| {
            let sentence = format!("{own} has no agreement with {peer}: add one to the config there.");
            Refusal::new(RefusalCode::NoAgreement, sentence)
        })?;
    let in_force = agreement.expires.is_none_or(|end| context.now < end);
    ensure(in_force, || {
        let sentence =
            format!("The agreement that {own} has with {peer} has ended: renew it in both members' configs.");
        Refusal::new(RefusalCode::AgreementExpired, sentence)
    })?;
    ensure(agreement.hash() == context.offer.agreement, || {
        let sentence = format!(
            "The agreements that {own} and {peer} have in their configs differ: compare them, every field counts."
        );
        Refusal::new(RefusalCode::AgreementHash, sentence)
    })?;
    Ok(agreement)
}

fn is_between(agreement: &Agreement, context: &OfferContext<'_>) -> bool {
    agreement.coalition == context.roster.coalition
        && agreement.members.contains(context.own)
        && agreement.members.contains(context.peer)
}

fn check_times(context: &OfferContext<'_>) -> Result<(), Refusal> {
    let (offer, now) = (context.offer, context.now);
    ensure(offer.made.0.abs_diff(now.0) <= CLOCK_SKEW, || clocks_differ(context.peer, context.own))?;
    let in_time = now < offer.deadline && offer.deadline <= offer.made.plus_seconds(LONGEST_EXCHANGE);
    ensure(in_time, || {
        let sentence = format!(
            "The offer's deadline must lie ahead, and {LONGEST_EXCHANGE} seconds after the offer at most: \
             set both nodes' clocks and the initiator's time limit for exchanges."
        );
        Refusal::new(RefusalCode::Deadline, sentence)
    })
}

fn clocks_differ(peer: &MemberId, own: &MemberId) -> Refusal {
    let sentence = format!("The clocks of {own} and {peer} differ by over {CLOCK_SKEW} seconds: set them.");
    Refusal::new(RefusalCode::Deadline, sentence)
}

fn check_content(context: &OfferContext<'_>, agreement: &Agreement) -> Result<(), Refusal> {
    let offer = context.offer;
    ensure(offer.mode == agreement.mode && offer.learns == agreement.learns, || {
        let sentence = "The offer's mode, or who learns its result, is not what the agreement says.";
        Refusal::new(RefusalCode::Mode, sentence)
    })?;
    let in_scope = is_part(&offer.kinds, &agreement.kinds) && is_part(&offer.facets, &agreement.facets);
    ensure(in_scope, || {
        let sentence = "The offer names no kinds or facets, or some that the agreement does not have.";
        Refusal::new(RefusalCode::Scope, sentence)
    })?;
    check_purpose(offer, agreement)?;
    check_engine(context, agreement)
}

fn check_engine(context: &OfferContext<'_>, agreement: &Agreement) -> Result<(), Refusal> {
    let offer = context.offer;
    let fixed = agreement.engine.unwrap_or(offer.engine);
    ensure(offer.engine == fixed, || {
        let sentence = format!(
            "The agreement of {} and {} fixes the engine {fixed}, not {}: ask for that one, or name none.",
            context.own, context.peer, offer.engine
        );
        Refusal::new(RefusalCode::Engine, sentence)
    })?;
    ensure(context.engines.contains(&offer.engine), || {
        let sentence = format!("{} does not run the engine {}: choose another.", context.own, offer.engine);
        Refusal::new(RefusalCode::Engine, sentence)
    })
}

fn is_part<T: PartialOrd>(offered: &[T], agreed: &[T]) -> bool {
    !offered.is_empty() && is_strictly_sorted(offered) && offered.iter().all(|item| agreed.contains(item))
}

fn check_purpose(offer: &Offer, agreement: &Agreement) -> Result<(), Refusal> {
    let sane = |text: &str| text.len() <= LONGEST_PURPOSE && is_printable(text);
    ensure(sane(&offer.purpose) && sane(&offer.case_reference), || {
        let sentence =
            format!("Purpose and case reference must be printable, {LONGEST_PURPOSE} bytes each at most.");
        Refusal::new(RefusalCode::Purpose, sentence)
    })?;
    let allowed = agreement.purposes.is_empty() || agreement.purposes.contains(&offer.purpose);
    ensure(allowed, || {
        let sentence = "The agreement does not name the offer's purpose: give one of its purposes.";
        Refusal::new(RefusalCode::Purpose, sentence)
    })
}

fn check_salt_epoch(context: &OfferContext<'_>) -> Result<(), Refusal> {
    let (own, peer, offered) = (context.own, context.peer, context.offer.salt_epoch);
    let epoch = context.salt_epoch.ok_or_else(|| digests_made_anew(own))?;
    let current = context.roster.current_epoch().map(|epoch| epoch.epoch);
    ensure(current == Some(epoch), || {
        let sentence = format!(
            "{own} has digests of salt epoch {epoch}, which its roster does not have as the current one: \
             it takes the current salt by itself; its log says so if it cannot."
        );
        Refusal::retry_in(RefusalCode::SaltEpoch, sentence, DIGESTS_MADE_ANEW)
    })?;
    ensure(offered == epoch, || {
        let sentence = format!(
            "{own} has digests of salt epoch {epoch}, {peer} of {offered}: \
             each takes the newest roster and its salt by itself."
        );
        Refusal::retry_in(RefusalCode::SaltEpoch, sentence, DIGESTS_MADE_ANEW)
    })
}

/// The refusal of a node whose digests are made anew under the salt of a new epoch.
pub fn digests_made_anew(own: &MemberId) -> Refusal {
    let sentence = format!("{own} makes its digests anew under the coalition's new salt: try again later.");
    Refusal::retry_in(RefusalCode::SaltEpoch, sentence, DIGESTS_MADE_ANEW)
}

fn check_exchanges_today(context: &OfferContext<'_>, agreement: &Agreement) -> Result<(), Refusal> {
    let limit = agreement.exchanges_per_day;
    ensure(context.used.exchanges < limit, || {
        let sentence = format!(
            "The {limit} exchanges that {} and {} may run on a day (UTC) are used up: try again tomorrow.",
            context.own, context.peer
        );
        Refusal::retry_in(RefusalCode::ExchangesToday, sentence, Period::seconds_left(context.now))
    })
}

fn check_offered_size(context: &OfferContext<'_>, agreement: &Agreement) -> Result<(), Refusal> {
    check_size(&context.offer.initiator, context.offer.padded_size, agreement)
}

/// Checks the padded size that `member` names.
fn check_size(member: &MemberId, padded: u64, agreement: &Agreement) -> Result<(), Refusal> {
    ensure(is_step(padded), || {
        let sentence = format!("The size that {member} names is no step of the ladder of padded sizes.");
        Refusal::new(RefusalCode::Protocol, sentence)
    })?;
    ensure(padded <= agreement.max_items, || too_many(member, agreement))?;
    // Padding only adds: a padded size under the smallest set means a set under it.
    ensure(padded >= agreement.min_items, || too_few(member, agreement))
}

fn too_many(member: &MemberId, agreement: &Agreement) -> Refusal {
    let sentence = format!(
        "The set that {member} brings is larger, padded, than the agreement's {} items: \
         name fewer kinds or facets, or agree on more.",
        agreement.max_items
    );
    Refusal::new(RefusalCode::TooManyItems, sentence)
}

fn too_few(member: &MemberId, agreement: &Agreement) -> Refusal {
    let sentence = format!(
        "The set that {member} brings is smaller than the agreement's {} items: \
         name more kinds or facets, or agree on fewer.",
        agreement.min_items
    );
    Refusal::new(RefusalCode::TooFewItems, sentence)
}

fn ensure(holds: bool, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal()) }
}
