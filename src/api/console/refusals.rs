//! Why exchanges are refused or fail, in words for people. The partner's own sentence stands beside them.

use overlap_coalition::RefusalCode;
use overlap_store::FailureCode;

/// What a code means.
pub(crate) const fn in_words(code: FailureCode) -> &'static str {
    match code {
        FailureCode::Network => "The partner could not be reached, or vanished",
        FailureCode::Interrupted => "This node stopped in the middle of it",
        FailureCode::Refusal(code) => refusal(code),
    }
}

const fn refusal(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::WireVersion => "The two nodes speak no common version: one must be upgraded",
        RefusalCode::CanonVersion => {
            "The two nodes write indicators by different rules: one must be upgraded"
        }
        RefusalCode::Engine => "The two nodes have no common engine, or not the one that is agreed",
        RefusalCode::NoAgreement => "There is no agreement with this member",
        RefusalCode::AgreementHash => "The two members' agreements differ",
        RefusalCode::AgreementExpired => "The agreement has ended",
        RefusalCode::Scope => "A kind or facet outside the agreement was asked for",
        RefusalCode::Mode => "What was asked for is outside the agreement",
        RefusalCode::Purpose => "The agreement does not name this purpose",
        RefusalCode::TooManyItems => "A set is larger than the agreement allows",
        RefusalCode::TooFewItems => "A set is smaller than the agreement allows",
        RefusalCode::ExchangesToday => "Today's exchanges are used up",
        RefusalCode::Busy => "Too many exchanges run at this moment",
        RefusalCode::SaltEpoch => "The two nodes have different salts: one has an older roster",
        RefusalCode::ExchangeIdReused => "The exchange's id was used before",
        RefusalCode::Member => "The member is suspended, revoked, or in no roster",
        RefusalCode::RosterExpired => "The roster has expired: the secretariat must sign a new one",
        RefusalCode::Deadline => "The deadline is in the past or too far away: check the clocks",
        RefusalCode::Document => "A signature or document does not verify",
        RefusalCode::Protocol => "The other node sent what it must not send",
        RefusalCode::Stopping => "The node is stopping",
        RefusalCode::Internal => "A node failed; its log says why",
    }
}
