//! Which engine an exchange runs with.

use overlap_coalition::{EngineName, RefusalCode};
use overlap_store::{ExchangeRecord, ExchangeState, PageRequest};

use crate::Partner;
use crate::engine::runs_at;
use crate::fault::Fault;
use crate::inner::{Inner, off_thread};

/// Records of a partner's newest exchanges that are searched for one that tells its size: where a day's exchanges have
/// all failed, the last that did not is no measure any more.
const RECORDS: usize = 32;

/// The engine to offer, of those that may run: the one that is named, by the caller or the agreement, or else the fastest
/// for two sets of about these padded sizes. `None` where it is not among them.
pub(crate) fn choose(
    engines: &[EngineName],
    named: Option<EngineName>,
    (own, theirs): (u64, u64),
) -> Option<EngineName> {
    match named {
        Some(engine) => engines.contains(&engine).then_some(engine),
        None => fastest(engines, own, theirs),
    }
}

/// One that does not run at the own size comes last: policy then says why.
fn fastest(engines: &[EngineName], own: u64, theirs: u64) -> Option<EngineName> {
    let cost = |engine: EngineName| (!runs_at(engine, own), seconds(engine, own, theirs));
    engines.iter().copied().min_by(|one, other| {
        let ((one_unfit, one_time), (other_unfit, other_time)) = (cost(*one), cost(*other));
        one_unfit.cmp(&other_unfit).then(one_time.total_cmp(&other_time))
    })
}

/// Seconds that an exchange takes with an engine, about: what the benches measured on two cores of a server of 2023. Only
/// how the engines compare matters.
fn seconds(engine: EngineName, own: u64, theirs: u64) -> f64 {
    let items = own.saturating_add(theirs) as f64;
    match engine {
        // An item costs its multiplications on the curve, whoever has it.
        EngineName::Voprf => 80e-6 * items,
        // The correlation is set up at any size; after it an item costs little.
        EngineName::Vole => 0.025 + 0.35e-6 * items,
    }
}

/// The partner's padded size, as far as it is known before it answers: that of the last exchange with it, or, without
/// one, the largest that the agreement allows. So a partner that is not known never makes a node run for minutes what
/// takes seconds with another engine.
///
/// # Errors
/// The store's.
pub(crate) async fn expected_size(inner: &Inner, partner: &Partner) -> Result<u64, Fault> {
    let (store, id) = (inner.store.clone(), partner.id.clone());
    let newest = PageRequest { limit: RECORDS, after: None };
    let newest = off_thread(move || store.exchanges(Some(&id), &newest)).await??;
    Ok(size_told(&newest.rows).unwrap_or(partner.agreement.max_items))
}

/// What records, the newest first, tell of a partner's size.
fn size_told(records: &[ExchangeRecord]) -> Option<u64> {
    let too_many = |record: &ExchangeRecord| {
        record.failure.as_ref().is_some_and(|failure| failure.code == RefusalCode::TooManyItems.into())
    };
    let completed = |record: &ExchangeRecord| record.state == ExchangeState::Completed;
    // Where a set has outgrown an engine since, the size of before would choose that engine again and again.
    let telling = records.iter().find(|record| completed(record) || too_many(record))?;
    completed(telling).then_some(telling.peer_size)
}

#[cfg(test)]
mod tests {
    use overlap_coalition::Timestamp;
    use overlap_store::ExchangeFailure;

    use super::*;
    use crate::book::unborn_record;

    const BOTH: [EngineName; 2] = EngineName::ALL;

    #[test]
    fn small_sets_run_with_voprf_and_large_ones_with_vole() {
        for (own, theirs) in [(1, 1), (32, 32), (1, 256), (256, 1), (128, 128)] {
            assert_eq!(choose(&BOTH, None, (own, theirs)), Some(EngineName::Voprf), "{own} {theirs}");
        }
        for (own, theirs) in [(1, 512), (512, 1), (1 << 20, 1 << 20), (1, 1 << 24), (u64::MAX, u64::MAX)] {
            assert_eq!(choose(&BOTH, None, (own, theirs)), Some(EngineName::Vole), "{own} {theirs}");
        }
    }

    #[test]
    fn a_name_decides_and_only_what_both_run_is_chosen() {
        for engine in BOTH {
            assert_eq!(choose(&BOTH, Some(engine), (1 << 20, 1)), Some(engine));
            assert_eq!(choose(&[engine], None, (1 << 16, 1)), Some(engine));
        }
        assert_eq!(choose(&[EngineName::Voprf], Some(EngineName::Vole), (1, 1)), None);
        assert_eq!(choose(&[], None, (1, 1)), None);
    }

    #[test]
    fn an_engine_that_does_not_run_at_the_own_size_comes_last() {
        let over = 1 << 27;
        assert_eq!(choose(&[EngineName::Voprf], None, (over, 1)), Some(EngineName::Voprf));
        assert_eq!(choose(&BOTH, None, (1 << 21, 1)), Some(EngineName::Vole));
    }

    fn record(state: ExchangeState, peer_size: u64, failure: Option<RefusalCode>) -> ExchangeRecord {
        let sentence = String::new();
        let failure = failure.map(|code| ExchangeFailure {
            code: code.into(),
            by: "peer",
            sentence,
            retry_after: None,
        });
        let unborn = unborn_record(&"beta".parse().unwrap(), EngineName::Voprf, Timestamp(1));
        ExchangeRecord { state, peer_size, failure, ..unborn }
    }

    #[test]
    fn the_newest_completed_exchange_tells_the_size() {
        let completed = |size| record(ExchangeState::Completed, size, None);
        let failed = |size, code| record(ExchangeState::Failed, size, Some(code));
        assert_eq!(size_told(&[]), None);
        assert_eq!(size_told(&[completed(10), completed(20)]), Some(10));
        assert_eq!(size_told(&[failed(30, RefusalCode::Protocol), completed(20)]), Some(20));
        assert_eq!(size_told(&[failed(30, RefusalCode::Protocol)]), None);
    }

    #[test]
    fn a_set_that_has_outgrown_its_engine_is_of_unknown_size() {
        let refused = record(ExchangeState::Refused, 0, Some(RefusalCode::TooManyItems));
        assert_eq!(size_told(&[refused, record(ExchangeState::Completed, 10, None)]), None);
    }
}
