//! Who is signed in. Sessions are in memory only, so a restart of the node ends them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

/// A session that is not used for so long ends: somebody has left the desk.
pub(crate) const IDLE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// A session ends after so long whatever is done with it: a working day.
pub(crate) const WHOLE_LIMIT: Duration = Duration::from_secs(12 * 60 * 60);

/// Sessions at most; the one that was used the longest ago makes place. Far more than a member has analysts.
const MAX_SESSIONS: usize = 512;

/// Random bytes in a session's id and in its token against forged requests: neither can be guessed.
const SECRET_BYTES: usize = 32;

/// How often a session's use is kept as the last visit: each is a write to the disk.
const NOTE_EVERY: Duration = Duration::from_secs(5 * 60);

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The hash of the API token: the session ends with it.
    pub(crate) token: [u8; 32],
    /// The token's name.
    pub(crate) name: Arc<str>,
    /// What every change has to come with. Another site can neither read nor guess it.
    pub(crate) csrf: Arc<str>,
    /// When the holder of the token was here before this session, as overlaps have dates; `None`: never.
    pub(crate) last_visit: Option<u64>,
    began: Instant,
    used: Instant,
    noted: Instant,
}

/// All sessions, by the hash of their ids: what is in memory opens none.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

/// A session that was found.
#[derive(Debug)]
pub(crate) struct FoundSession {
    pub(crate) session: Session,
    /// Whether it is time to keep that its holder is here.
    pub(crate) is_to_note: bool,
}

impl Sessions {
    /// Begins a session; the id is for its holder alone.
    pub(crate) fn begin(&self, token: [u8; 32], name: &str, last_visit: Option<u64>, now: Instant) -> String {
        let id = secret();
        let session = Session {
            token,
            name: name.into(),
            csrf: secret().into(),
            last_visit,
            began: now,
            used: now,
            noted: now,
        };
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.lives(now));
        if sessions.len() >= MAX_SESSIONS {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| *id);
            oldest.and_then(|oldest| sessions.remove(&oldest));
        }
        sessions.insert(hash(&id), session);
        id
    }

    /// The session with this id, which is used now.
    pub(crate) fn find(&self, id: &str, now: Instant) -> Option<FoundSession> {
        let mut sessions = self.lock();
        let key = hash(id);
        let session = sessions.get_mut(&key)?;
        if !session.lives(now) {
            sessions.remove(&key);
            return None;
        }
        session.used = now;
        let is_to_note = now.duration_since(session.noted) >= NOTE_EVERY;
        if is_to_note {
            session.noted = now;
        }
        Some(FoundSession { session: session.clone(), is_to_note })
    }

    /// Ends the session with this id.
    pub(crate) fn end(&self, id: &str) {
        self.lock().remove(&hash(id));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        // Nothing that panics runs while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn lives(&self, now: Instant) -> bool {
        now.duration_since(self.used) < IDLE_LIMIT && now.duration_since(self.began) < WHOLE_LIMIT
    }
}

fn secret() -> String {
    let bytes: [u8; SECRET_BYTES] = rand::random();
    data_encoding::BASE64URL_NOPAD.encode(&bytes)
}

fn hash(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_secs(20 * 60);

    fn begin(sessions: &Sessions, now: Instant) -> String {
        sessions.begin([1; 32], "siem", Some(5), now)
    }

    #[test]
    fn a_session_that_is_not_used_ends() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let id = begin(&sessions, now);
        assert_eq!(id.len(), 43, "256 bits in base64");
        assert!(sessions.find(&id, now + IDLE_LIMIT - Duration::from_secs(1)).is_some());
        assert!(sessions.find(&id, now + IDLE_LIMIT + IDLE_LIMIT).is_none());
        assert!(sessions.find(&id, now).is_none(), "it does not come back");
    }

    #[test]
    fn a_session_that_is_used_ends_too() {
        let (sessions, begun) = (Sessions::default(), Instant::now());
        let id = begin(&sessions, begun);
        let mut now = begun;
        while now + STEP < begun + WHOLE_LIMIT {
            now += STEP;
            assert!(sessions.find(&id, now).is_some());
        }
        assert!(sessions.find(&id, now + STEP).is_none());
    }

    #[test]
    fn ids_and_tokens_are_drawn_anew() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (one, other) = (begin(&sessions, now), begin(&sessions, now));
        assert_ne!(one, other);
        let csrf = |id: &str| sessions.find(id, now).unwrap().session.csrf;
        assert_ne!(csrf(&one), csrf(&other));
        assert!(sessions.find(&csrf(&one), now).is_none());
    }

    #[test]
    fn a_session_ends_when_it_is_told_to() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let id = begin(&sessions, now);
        sessions.end(&id);
        assert!(sessions.find(&id, now).is_none());
    }

    #[test]
    fn the_session_that_was_used_the_longest_ago_makes_place() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let ids: Vec<_> =
            (0..MAX_SESSIONS).map(|at| begin(&sessions, now + Duration::from_millis(at as u64))).collect();
        let later = now + Duration::from_secs(2);
        assert!(sessions.find(&ids[0], later).is_some());
        let newest = begin(&sessions, later);
        assert!(sessions.find(&ids[0], later).is_some() && sessions.find(&newest, later).is_some());
        assert!(sessions.find(&ids[1], later).is_none());
    }

    #[test]
    fn a_visit_is_noted_now_and_then() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let id = begin(&sessions, now);
        assert!(!sessions.find(&id, now + Duration::from_secs(1)).unwrap().is_to_note);
        assert!(sessions.find(&id, now + NOTE_EVERY).unwrap().is_to_note);
        assert!(!sessions.find(&id, now + NOTE_EVERY).unwrap().is_to_note);
    }
}
