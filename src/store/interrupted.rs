//! Exchanges that were under way when the store was last closed without a word, as by a crash or a power cut.

use overlap_coalition::{ExchangeId, Timestamp};

use crate::database::Batch;
use crate::error::damaged;
use crate::records::{Told, exchange, put_exchange};
use crate::sled_store::SledStore;
use crate::{ExchangeFailure, ExchangeRecord, ExchangeState, FailureCode, StoreError};

/// Ends the records that stood open when the store was opened. Those that began since are left alone.
pub(crate) fn close(store: &SledStore, now: Timestamp) -> Result<Vec<ExchangeId>, StoreError> {
    let mut writer = store.writer()?;
    let (mut batch, mut closed) = (Batch::default(), Vec::new());
    let mut told = Told::after(&store.state());
    for id in store.state().unended.clone() {
        let record = exchange(store, id)?.ok_or(damaged("an exchange is missing"))?;
        if record.ended.is_none() {
            put_exchange(store, &mut batch, &ended(record, now), &mut told)?;
            closed.push(id);
        }
    }
    store.commit(&mut writer, batch, |state| {
        state.unended.clear();
        told.take_into(state);
    })?;
    Ok(closed)
}

/// A result that stands stays; what was disclosed, and what was signed, stays in any case.
fn ended(record: ExchangeRecord, now: Timestamp) -> ExchangeRecord {
    let state = match record.state {
        ExchangeState::Offered | ExchangeState::Running => ExchangeState::Failed,
        stands => stands,
    };
    let failure = ExchangeFailure {
        code: FailureCode::Interrupted,
        by: "own",
        sentence: "the node stopped in the middle".to_owned(),
        retry_after: None,
    };
    // A clock that was set back meanwhile.
    let ended = now.0.max(record.began);
    ExchangeRecord { state, ended: Some(ended), failure: Some(failure), ..record }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, Place, exchange};
    use crate::{Page, PageRequest, Store};

    const LATER: Timestamp = Timestamp(NOW.0 + 600);

    fn records(store: &SledStore) -> Vec<ExchangeRecord> {
        let Page { mut rows, .. } = store.exchanges(None, &PageRequest { limit: 100, after: None }).unwrap();
        rows.reverse();
        rows
    }

    /// Three that are open, and two that have ended.
    fn some_records() -> Vec<ExchangeRecord> {
        use ExchangeState::{Completed, Learned, Offered, Running};
        let states =
            [(Offered, None), (Running, None), (Learned, None), (Learned, Some(1)), (Completed, Some(2))];
        let record = |(at, (state, ended)): (usize, (ExchangeState, Option<u64>))| ExchangeRecord {
            state,
            ended: ended.map(|after| NOW.0 + after),
            disclosed: state != Offered,
            ..exchange(at as u8 + 1, "police")
        };
        states.into_iter().enumerate().map(record).collect()
    }

    #[test]
    fn records_that_a_crash_left_open_are_ended_at_the_next_start() {
        let (place, before) = (Place::new(), some_records());
        let store = place.open();
        before.iter().for_each(|record| store.begin_exchange(record).unwrap());
        drop(store);
        let store = place.open();
        let fresh = exchange(9, "police");
        store.begin_exchange(&fresh).unwrap();
        let open: Vec<_> = before[..3].iter().map(|record| record.id).collect();
        let mut closed = store.close_interrupted(LATER).unwrap();
        closed.sort_unstable();
        assert_eq!(closed, open);
        drop(store);
        let after = records(&place.open());
        let expected = [ExchangeState::Failed, ExchangeState::Failed, ExchangeState::Learned];
        for ((before, after), state) in before.iter().zip(&after).zip(expected) {
            let failure = after.failure.clone().unwrap();
            assert_eq!((failure.code, failure.by), (FailureCode::Interrupted, "own"));
            assert_eq!((after.state, after.ended), (state, Some(LATER.0)));
            assert_eq!((after.disclosed, &after.offer), (before.disclosed, &before.offer));
        }
        assert_eq!(after[3..5], before[3..]);
        assert_eq!(after[5..], [fresh]);
    }

    #[test]
    fn only_what_stood_open_at_the_start_is_ended() {
        let place = Place::new();
        let record = exchange(1, "police");
        place.open().begin_exchange(&record).unwrap();
        let store = place.open();
        let ended = ExchangeRecord { state: ExchangeState::Failed, ended: Some(NOW.0), ..record };
        store.update_exchange(&ended).unwrap();
        assert_eq!(store.close_interrupted(LATER).unwrap(), []);
        assert_eq!(records(&store), [ended]);
    }
}
