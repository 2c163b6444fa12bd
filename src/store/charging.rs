//! Charges against the ledger.

use overlap_coalition::{Charge, DayUse, MemberId, Timestamp};

use crate::database::Batch;
use crate::error::damaged;
use crate::ledger::{Calendar, PartnerUse, Spent};
use crate::sled_store::SledStore;
use crate::{ChargeLimit, ChargeRefused, StoreError, keys};

pub(crate) fn charge(
    store: &SledStore,
    charge: &Charge,
    limit: ChargeLimit,
    now: Timestamp,
) -> Result<Result<DayUse, ChargeRefused>, StoreError> {
    let mut writer = store.writer()?;
    let stored = calendar(store)?;
    let calendar = stored.at(now);
    let charged = calendar.charge(partner_use(store, &charge.partner)?, charge, limit);
    let mut batch = Batch::default();
    if calendar != stored {
        batch.put(keys::DAY.to_vec(), calendar.encode());
    }
    if let Ok(partner) = charged {
        batch.put(keys::ledger(&charge.partner), partner.encode());
    }
    store.commit(&mut writer, batch, |_| ())?;
    Ok(charged.map(|partner| partner.used))
}

pub(crate) fn day_use(store: &SledStore, partner: &MemberId, now: Timestamp) -> Result<DayUse, StoreError> {
    let mut calendar = calendar(store)?;
    if calendar.spent == Spent::FirstDay {
        calendar = begin_first_day(store, now)?;
    }
    Ok(calendar.at(now).day_use(partner_use(store, partner)?))
}

/// Notes which day is the first. A node that is told that nothing is left does not go on to charge, so without the note every
/// later day would be the first one again.
fn begin_first_day(store: &SledStore, now: Timestamp) -> Result<Calendar, StoreError> {
    let mut writer = store.writer()?;
    let calendar = calendar(store)?.at(now);
    let mut batch = Batch::default();
    batch.put(keys::DAY.to_vec(), calendar.encode());
    store.commit(&mut writer, batch, |_| ())?;
    Ok(calendar)
}

pub(crate) fn calendar(store: &SledStore) -> Result<Calendar, StoreError> {
    let plain = store.database.get(keys::DAY)?.ok_or(damaged("the ledger's calendar is missing"))?;
    Calendar::decode(&plain)
}

fn partner_use(store: &SledStore, partner: &MemberId) -> Result<PartnerUse, StoreError> {
    let plain = store.database.get(&keys::ledger(partner))?;
    plain.map_or(Ok(PartnerUse::default()), |plain| PartnerUse::decode(&plain))
}
