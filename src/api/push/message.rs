//! What a webhook posts: a body with events, and the id that a receiver knows it by.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use overlap_store::EventId;
use sha2::{Digest, Sha256};

/// Bytes of the body's hash in an id: two bodies with one id are not to be met by chance.
const HASH_LEN: usize = 16;

/// Events as one request has them.
pub(crate) struct Message {
    /// The value of `webhook-id`: the last event's id, `-`, and the begin of the body's SHA-256. It says what is in the message, as the scheme wants it:
    /// a message keeps it over all tries and restarts, and another choice of events, or another form of them, has another one. There is no full
    /// stop in it, as those part what is signed.
    pub(crate) id: String,
    /// JSON.
    pub(crate) body: Bytes,
}

impl Message {
    /// A message of a node with these events, which are JSON already; none without events.
    pub(crate) fn new(node: &str, events: &[(EventId, String)]) -> Option<Self> {
        let (last, _) = events.last()?;
        let texts: Vec<&str> = events.iter().map(|(_, json)| json.as_str()).collect();
        // A member's id needs no escapes.
        let body = format!("{{\"node\":\"{node}\",\"events\":[{}]}}", texts.join(","));
        let hash = Sha256::digest(body.as_bytes());
        let id = format!("{last}-{}", HEXLOWER.encode(&hash[..HASH_LEN]));
        Some(Self { id, body: body.into() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn events(ids: &[u64]) -> Vec<(EventId, String)> {
        ids.iter().map(|id| (EventId(*id), format!("{{\"id\":\"{}\"}}", EventId(*id)))).collect()
    }

    fn id(node: &str, ids: &[u64]) -> String {
        Message::new(node, &events(ids)).unwrap().id
    }

    #[test]
    fn a_message_keeps_its_id_and_no_other_has_it() {
        assert_eq!(id("police", &[1, 2, 3]), id("police", &[1, 2, 3]));
        let ids = [
            id("police", &[1, 2, 3]),
            id("police", &[2, 3]),
            id("police", &[3]),
            id("police", &[1, 2]),
            id("payments", &[3]),
            Message::new("police", &[(EventId(3), "{}".to_owned())]).unwrap().id,
        ];
        assert_eq!(BTreeSet::from(ids.clone()).len(), ids.len(), "{ids:?}");
    }

    /// Receivers may have it from a node that was started before: it is not to change with the program.
    #[test]
    fn an_id_is_the_last_event_and_the_hash_of_the_body() {
        let message = Message::new("police", &events(&[1, 2])).unwrap();
        assert_eq!(
            message.body,
            "{\"node\":\"police\",\"events\":[{\"id\":\"0000000000000001\"},{\"id\":\"0000000000000002\"}]}"
        );
        assert_eq!(message.id, "0000000000000002-90e95ee2a40478171353bfc748921915");
        assert!(Message::new("police", &[]).is_none());
    }
}
