//! Refusals: a code for tools, a sentence for the operator.

use std::fmt;

/// Why a node refuses. The numbers are the wire's: they never change and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum RefusalCode {
    /// No wire version in common.
    WireVersion = 1,
    /// Another version of the canonicalisation rules.
    CanonVersion = 2,
    /// No engine in common, or another than the agreement fixes, or parameters that this node does not run.
    Engine = 3,
    /// No agreement with this member.
    NoAgreement = 4,
    /// The two members' agreements differ.
    AgreementHash = 5,
    /// The agreement has ended.
    AgreementExpired = 6,
    /// A kind or facet outside the agreement.
    Scope = 7,
    /// A mode, or a side that learns, outside the agreement.
    Mode = 8,
    /// A purpose that the agreement does not name.
    Purpose = 9,
    /// A set larger than the agreement allows.
    TooManyItems = 10,
    /// A set smaller than the agreement allows.
    TooFewItems = 11,
    /// As many exchanges today as the agreement allows.
    ExchangesToday = 12,
    /// As many exchanges at this moment as this node runs.
    Busy = 13,
    /// Another epoch's salt.
    SaltEpoch = 14,
    /// An exchange id that was used before.
    ExchangeIdReused = 15,
    /// The member is suspended or revoked, or in no roster.
    Member = 16,
    /// The roster has expired.
    RosterExpired = 17,
    /// A deadline in the past or too far away.
    Deadline = 18,
    /// A signature, commitment or document that does not verify.
    Document = 19,
    /// The partner must not send this now.
    Protocol = 20,
    /// This node is stopping.
    Stopping = 21,
    /// This node failed; the partner did nothing wrong.
    Internal = 22,
}

impl RefusalCode {
    /// Every code.
    pub const ALL: [RefusalCode; 22] = [
        RefusalCode::WireVersion,
        RefusalCode::CanonVersion,
        RefusalCode::Engine,
        RefusalCode::NoAgreement,
        RefusalCode::AgreementHash,
        RefusalCode::AgreementExpired,
        RefusalCode::Scope,
        RefusalCode::Mode,
        RefusalCode::Purpose,
        RefusalCode::TooManyItems,
        RefusalCode::TooFewItems,
        RefusalCode::ExchangesToday,
        RefusalCode::Busy,
        RefusalCode::SaltEpoch,
        RefusalCode::ExchangeIdReused,
        RefusalCode::Member,
        RefusalCode::RosterExpired,
        RefusalCode::Deadline,
        RefusalCode::Document,
        RefusalCode::Protocol,
        RefusalCode::Stopping,
        RefusalCode::Internal,
    ];

    /// The name that operators and tools see.
    pub const fn as_str(self) -> &'static str {
        match self {
            RefusalCode::WireVersion => "wire-version",
            RefusalCode::CanonVersion => "canon-version",
            RefusalCode::Engine => "engine",
            RefusalCode::NoAgreement => "no-agreement",
            RefusalCode::AgreementHash => "agreement-hash",
            RefusalCode::AgreementExpired => "agreement-expired",
            RefusalCode::Scope => "scope",
            RefusalCode::Mode => "mode",
            RefusalCode::Purpose => "purpose",
            RefusalCode::TooManyItems => "too-many-items",
            RefusalCode::TooFewItems => "too-few-items",
            RefusalCode::ExchangesToday => "exchanges-today",
            RefusalCode::Busy => "busy",
            RefusalCode::SaltEpoch => "salt-epoch",
            RefusalCode::ExchangeIdReused => "exchange-id-reused",
            RefusalCode::Member => "member",
            RefusalCode::RosterExpired => "roster-expired",
            RefusalCode::Deadline => "deadline",
            RefusalCode::Document => "document",
            RefusalCode::Protocol => "protocol",
            RefusalCode::Stopping => "stopping",
            RefusalCode::Internal => "internal",
        }
    }

    /// The number in the wire's messages.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code with this number.
    pub fn from_number(number: u16) -> Option<RefusalCode> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal, as it is sent and shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {sentence}")]
pub struct Refusal {
    /// The code.
    pub code: RefusalCode,
    /// What is wrong and what to do, for the operator. A partner's sentence is hostile text: it is cut and stripped when it is decoded.
    pub sentence: String,
    /// When trying again may help, in seconds from now.
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// A refusal that trying again does not change.
    pub fn new(code: RefusalCode, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into(), retry_after: None }
    }

    /// A refusal that may not stand in `seconds`.
    pub fn retry_in(code: RefusalCode, sentence: impl Into<String>, seconds: u64) -> Self {
        Self { code, sentence: sentence.into(), retry_after: Some(seconds) }
    }
}
