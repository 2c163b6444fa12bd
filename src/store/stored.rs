//! Records as JSON: sealed on the disk, plain in an export.

use data_encoding::{BASE64, HEXLOWER};
use overlap_coalition::{EngineName, ExchangeId, MemberId, Mode, PublicKey, Side, Signature, SignedDocument};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::damaged;
use crate::{ExchangeFailure, ExchangeRecord, ExchangeState, FailureCode, Role, StoreError, TokenRecord};

/// An exchange.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredExchange {
    /// Its place in the order in which exchanges began, from 0.
    pub(crate) sequence: u64,
    id: String,
    peer: String,
    side: String,
    state: String,
    purpose: String,
    case_reference: String,
    engine: String,
    mode: String,
    own_size: u64,
    peer_size: u64,
    matches: Option<u64>,
    bytes_sent: u64,
    bytes_received: u64,
    /// Not in the records of the first version.
    #[serde(default)]
    disclosed: bool,
    /// As text, which keeps every bit.
    seconds: Vec<(String, String)>,
    began: u64,
    pub(crate) ended: Option<u64>,
    failure: Option<StoredFailure>,
    offer: Option<StoredDocument>,
    accept: Option<StoredDocument>,
    receipt: Option<StoredDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFailure {
    code: u16,
    by: String,
    sentence: String,
    retry_after: Option<u64>,
}

/// A signed document.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredDocument {
    bytes: String,
    signatures: Vec<(String, String)>,
}

/// The roster in force.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredRoster {
    pub(crate) version: u64,
    hash: String,
    document: StoredDocument,
}

/// A token.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredToken {
    pub(crate) name: String,
    hash: String,
    roles: Vec<String>,
    made: u64,
}

pub(crate) fn to_json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|_| std::io::Error::other("a record cannot be encoded").into())
}

pub(crate) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|_| damaged("a record"))
}

impl StoredExchange {
    pub(crate) fn has_receipt(&self) -> bool {
        self.receipt.is_some()
    }

    pub(crate) fn new(record: &ExchangeRecord, sequence: u64) -> Self {
        Self {
            sequence,
            id: HEXLOWER.encode(&record.id.0),
            peer: record.peer.to_string(),
            side: record.side.as_str().to_owned(),
            state: record.state.as_str().to_owned(),
            purpose: record.purpose.clone(),
            case_reference: record.case_reference.clone(),
            engine: record.engine.as_str().to_owned(),
            mode: record.mode.as_str().to_owned(),
            own_size: record.own_size,
            peer_size: record.peer_size,
            matches: record.matches,
            bytes_sent: record.bytes_sent,
            bytes_received: record.bytes_received,
            disclosed: record.disclosed,
            seconds: record.seconds.iter().map(|(phase, time)| (phase.clone(), time.to_string())).collect(),
            began: record.began,
            ended: record.ended,
            failure: record.failure.as_ref().map(StoredFailure::new),
            offer: record.offer.as_ref().map(StoredDocument::new),
            accept: record.accept.as_ref().map(StoredDocument::new),
            receipt: record.receipt.as_ref().map(StoredDocument::new),
        }
    }

    pub(crate) fn id(&self) -> Result<ExchangeId, StoreError> {
        unhex(&self.id).map(ExchangeId)
    }

    pub(crate) fn peer(&self) -> Result<MemberId, StoreError> {
        self.peer.parse().map_err(|_| damaged("a member's id"))
    }

    pub(crate) fn into_record(self) -> Result<ExchangeRecord, StoreError> {
        let seconds = self.seconds.iter().map(|(phase, time)| {
            time.parse().map(|time| (phase.clone(), time)).map_err(|_| damaged("a phase's time"))
        });
        Ok(ExchangeRecord {
            id: self.id()?,
            peer: self.peer()?,
            side: named(&self.side, &Side::ALL, Side::as_str)?,
            state: named(&self.state, &ExchangeState::ALL, ExchangeState::as_str)?,
            engine: named(&self.engine, &EngineName::ALL, EngineName::as_str)?,
            mode: named(&self.mode, &Mode::ALL, Mode::as_str)?,
            seconds: seconds.collect::<Result<_, _>>()?,
            failure: self.failure.map(StoredFailure::into_failure).transpose()?,
            offer: self.offer.map(|document| document.to_document()).transpose()?,
            accept: self.accept.map(|document| document.to_document()).transpose()?,
            receipt: self.receipt.map(|document| document.to_document()).transpose()?,
            purpose: self.purpose,
            case_reference: self.case_reference,
            own_size: self.own_size,
            peer_size: self.peer_size,
            matches: self.matches,
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
            disclosed: self.disclosed,
            began: self.began,
            ended: self.ended,
        })
    }
}

impl StoredFailure {
    fn new(failure: &ExchangeFailure) -> Self {
        Self {
            code: failure.code.number(),
            by: failure.by.to_owned(),
            sentence: failure.sentence.clone(),
            retry_after: failure.retry_after,
        }
    }

    fn into_failure(self) -> Result<ExchangeFailure, StoreError> {
        Ok(ExchangeFailure {
            code: FailureCode::from_number(self.code).ok_or(damaged("a failure's code"))?,
            by: named(&self.by, &["own", "peer", "network"], |by| by)?,
            sentence: self.sentence,
            retry_after: self.retry_after,
        })
    }
}

impl StoredDocument {
    fn new(document: &SignedDocument) -> Self {
        let signatures = document.signatures.iter();
        Self {
            bytes: BASE64.encode(&document.bytes),
            signatures: signatures
                .map(|signature| (HEXLOWER.encode(&signature.key.0), HEXLOWER.encode(&signature.bytes)))
                .collect(),
        }
    }

    fn to_document(&self) -> Result<SignedDocument, StoreError> {
        let signatures = self.signatures.iter().map(|(key, bytes)| {
            Ok::<_, StoreError>(Signature { key: PublicKey(unhex(key)?), bytes: unhex(bytes)? })
        });
        Ok(SignedDocument {
            bytes: BASE64.decode(self.bytes.as_bytes()).map_err(|_| damaged("a document"))?,
            signatures: signatures.collect::<Result<_, _>>()?,
        })
    }
}

impl StoredRoster {
    pub(crate) fn new(document: &SignedDocument, version: u64, hash: [u8; 32]) -> Self {
        Self { version, hash: HEXLOWER.encode(&hash), document: StoredDocument::new(document) }
    }

    pub(crate) fn hash(&self) -> Result<[u8; 32], StoreError> {
        unhex(&self.hash)
    }

    pub(crate) fn document(&self) -> Result<SignedDocument, StoreError> {
        self.document.to_document()
    }
}

impl StoredToken {
    pub(crate) fn new(token: &TokenRecord) -> Self {
        Self {
            name: token.name.clone(),
            hash: HEXLOWER.encode(&token.hash),
            roles: token.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            made: token.made,
        }
    }

    pub(crate) fn into_record(self) -> Result<TokenRecord, StoreError> {
        let roles = self.roles.iter().map(|role| named(role, &Role::ALL, Role::as_str));
        Ok(TokenRecord {
            hash: unhex(&self.hash)?,
            roles: roles.collect::<Result<_, _>>()?,
            name: self.name,
            made: self.made,
        })
    }
}

fn named<T: Copy>(name: &str, all: &[T], name_of: impl Fn(T) -> &'static str) -> Result<T, StoreError> {
    all.iter().copied().find(|one| name_of(*one) == name).ok_or(damaged("a name in a record"))
}

pub(crate) fn unhex<const N: usize>(text: &str) -> Result<[u8; N], StoreError> {
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| damaged("a hex value in a record"))?;
    bytes.try_into().map_err(|_| damaged("a hex value in a record"))
}

#[cfg(test)]
mod tests {
    use overlap_coalition::RefusalCode;
    use serde_json::json;

    use super::*;
    use crate::testing::exchange;

    #[test]
    fn every_code_of_a_failure_comes_back() {
        let own = [FailureCode::Network, FailureCode::Interrupted];
        for code in RefusalCode::ALL.map(FailureCode::Refusal).into_iter().chain(own) {
            let failure = ExchangeFailure { code, by: "network", sentence: "x".into(), retry_after: None };
            assert_eq!(StoredFailure::new(&failure).into_failure().unwrap(), failure);
        }
    }

    #[test]
    fn sides_states_and_modes_are_stored_by_words_that_come_back() {
        let sides = [(Side::Initiator, "initiator"), (Side::Responder, "responder")];
        let states = [
            (ExchangeState::Offered, "offered"),
            (ExchangeState::Running, "running"),
            (ExchangeState::Learned, "learned"),
            (ExchangeState::Completed, "completed"),
            (ExchangeState::Refused, "refused"),
            (ExchangeState::Failed, "failed"),
        ];
        let pairs = sides.into_iter().flat_map(|side| states.map(|state| (side, state)));
        for ((side, side_word), (state, state_word)) in pairs {
            let record = ExchangeRecord { side, state, ..exchange(1, "police") };
            let stored = serde_json::to_value(StoredExchange::new(&record, 0)).unwrap();
            assert_eq!((&stored["side"], &stored["state"]), (&json!(side_word), &json!(state_word)));
            assert_eq!(stored["mode"], "overlap");
            assert_eq!(
                from_json::<StoredExchange>(stored.to_string().as_bytes()).unwrap().into_record().unwrap(),
                record
            );
            let other = stored.to_string().replace(state_word, &state_word.to_uppercase());
            assert!(from_json::<StoredExchange>(other.as_bytes()).unwrap().into_record().is_err());
        }
    }

    #[test]
    fn a_record_without_the_mark_of_disclosure_has_none() {
        let record = exchange(1, "police");
        let whole = String::from_utf8(to_json(&StoredExchange::new(&record, 0)).unwrap()).unwrap();
        let older = whole.replace("\"disclosed\":true,", "");
        assert!(record.disclosed && older.len() < whole.len());
        let read = |text: &str| from_json::<StoredExchange>(text.as_bytes()).unwrap().into_record().unwrap();
        assert_eq!(read(&whole), record);
        assert_eq!(read(&older), ExchangeRecord { disclosed: false, ..record });
    }
}
