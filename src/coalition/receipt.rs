//! Receipts: the record of one exchange, signed by both.

use crate::{AgreementHash, ExchangeId, Learns, MemberId, Mode, Timestamp};

/// What both sides sign at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Who began it.
    pub initiator: MemberId,
    /// Who answered.
    pub responder: MemberId,
    /// The agreement.
    pub agreement: AgreementHash,
    /// SHA-256 of the offer's bytes.
    pub offer_hash: [u8; 32],
    /// SHA-256 of the accept's bytes.
    pub accept_hash: [u8; 32],
    /// What it told.
    pub mode: Mode,
    /// Whom.
    pub learns: Learns,
    /// The initiator's padded size.
    pub initiator_size: u64,
    /// The responder's padded size.
    pub responder_size: u64,
    /// Matches proven; only where both learn.
    pub matches: Option<u64>,
    /// A hash over both directions' messages, from the first hello to the engine's last.
    pub transcript: [u8; 32],
    /// The offer's time.
    pub began: Timestamp,
    /// The initiator's time at its end.
    pub ended: Timestamp,
}

/// Why a partner's receipt is not countersigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It says something else than what happened.
    #[error("the partner's receipt differs from this side's record in {field}")]
    Differs {
        /// Which field.
        field: &'static str,
    },
    /// It says that the exchange ended before it began.
    #[error("the partner's receipt ends before it begins")]
    EndsEarly,
}

impl Receipt {
    /// Checks that a partner's receipt says what this side saw; `ended` may differ by `tolerance` seconds.
    ///
    /// # Errors
    /// The first field that differs, or [`ReceiptError::EndsEarly`].
    pub fn agrees_with(&self, own: &Receipt, tolerance: u64) -> Result<(), ReceiptError> {
        let fields = [
            ("exchange", self.exchange == own.exchange),
            ("initiator", self.initiator == own.initiator),
            ("responder", self.responder == own.responder),
            ("agreement", self.agreement == own.agreement),
            ("offer_hash", self.offer_hash == own.offer_hash),
            ("accept_hash", self.accept_hash == own.accept_hash),
            ("mode", self.mode == own.mode),
            ("learns", self.learns == own.learns),
            ("initiator_size", self.initiator_size == own.initiator_size),
            ("responder_size", self.responder_size == own.responder_size),
            ("matches", self.matches == own.matches),
            ("transcript", self.transcript == own.transcript),
            ("began", self.began == own.began),
            ("ended", self.ended.0.abs_diff(own.ended.0) <= tolerance),
        ];
        match fields.into_iter().find(|&(_, same)| !same) {
            Some((field, _)) => Err(ReceiptError::Differs { field }),
            None if self.ended < self.began => Err(ReceiptError::EndsEarly),
            None => Ok(()),
        }
    }
}
