//! A set too large for one run of an engine, cut into parts.
//!
//! Both sides cut by session item, so equal items are in parts of one number. Each part is padded with random items to a bound
//! that follows from the set's padded size alone: how many items a part really has, which would tell something of the
//! set, is not seen.

use overlap_psi::{Arrangement, ItemSet, ItemSource, SessionItem};
use zeroize::Zeroizing;

use crate::fault::Fault;

/// One part of a set; its items are wiped when dropped.
pub(crate) struct Part {
    /// Its items; behind those of the set come random ones.
    items: ItemSource,
    /// The positions in the set of those that are the set's. `None` where the part is the whole set.
    positions: Option<Vec<u32>>,
}

impl Part {
    /// The positions in the set of the items at these places of the part. A random item has none.
    pub(crate) fn positions_of(positions: Option<&[u32]>, places: Vec<usize>) -> Vec<usize> {
        let Some(positions) = positions else { return places };
        places
            .into_iter()
            .filter_map(|place| positions.get(place).map(|&position| position as usize))
            .collect()
    }

    /// Takes the items out; the positions stay for when the run is over.
    pub(crate) fn split(self) -> (ItemSource, Option<Vec<u32>>) {
        (self.items, self.positions)
    }
}

/// Cuts a set into `parts` of `bound` items each. A set of one part is padded already, and made when the engine comes to it.
///
/// # Errors
/// [`Fault::Internal`] where a part overflows its bound. Items are pseudorandom, so that has the probability that the bound
/// was made for, 2^-50.
pub(crate) fn cut(
    make: impl FnOnce(Arrangement<'_>) -> ItemSet + Send + 'static,
    parts: u32,
    bound: usize,
) -> Result<Vec<Part>, Fault> {
    if parts == 1 {
        return Ok(vec![Part { items: ItemSource::later(make), positions: None }]);
    }
    let set = make(Arrangement::CALLERS);
    // With room for all from the start: a vector that grows leaves a copy behind that nobody wipes.
    let empty = || (Zeroizing::new(Vec::with_capacity(bound)), Vec::with_capacity(bound));
    let mut cut: Vec<(Zeroizing<Vec<SessionItem>>, Vec<u32>)> = (0..parts).map(|_| empty()).collect();
    for (item, position) in set.items().iter().zip(0..) {
        let (items, positions) = &mut cut[part_of(item, parts)];
        if items.len() == bound {
            return Err(Fault::internal("a part overflows its bound"));
        }
        items.push(*item);
        positions.push(position);
    }
    Ok(cut.into_iter().map(|(items, positions)| pad(items, positions, bound)).collect())
}

fn pad(mut items: Zeroizing<Vec<SessionItem>>, positions: Vec<u32>, bound: usize) -> Part {
    let missing = bound - items.len();
    let rng = &mut rand::rng();
    items.extend(std::iter::repeat_with(|| SessionItem::random(rng)).take(missing));
    Part { items: items.into(), positions: Some(positions) }
}

/// The first 32 bits of an item, scaled: they are uniform, and the engine hashes the item anew.
fn part_of(item: &SessionItem, parts: u32) -> usize {
    let [a, b, c, d, ..] = *item.as_bytes();
    ((u64::from(u32::from_be_bytes([a, b, c, d])) * u64::from(parts)) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(count: usize) -> Zeroizing<Vec<SessionItem>> {
        Zeroizing::new(std::iter::repeat_with(|| SessionItem::new(rand::random())).take(count).collect())
    }

    fn made(set: &Zeroizing<Vec<SessionItem>>) -> impl FnOnce(Arrangement<'_>) -> ItemSet + Send + use<> {
        let set = set.clone();
        move |_| set.into()
    }

    #[test]
    fn equal_items_are_in_parts_of_one_number_and_keep_their_positions() {
        let set = items(3000);
        let parts = cut(made(&set), 3, 1300).unwrap();
        let reversed = Zeroizing::new(set.iter().rev().copied().collect());
        let other = cut(made(&reversed), 3, 1200).unwrap();
        let mut seen = 0;
        for (part, other) in parts.into_iter().zip(other) {
            let (items, positions) = part.split();
            let (items, others) = (items.make(), other.items.make());
            let (items, others) = (items.items(), others.items());
            assert_eq!((items.len(), others.len()), (1300, 1200));
            let own = positions.as_ref().unwrap().len();
            seen += own;
            assert!(items[..own].iter().all(|item| others.contains(item)));
            let found = Part::positions_of(positions.as_deref(), vec![0, own - 1, own, 1299]);
            assert_eq!(found.iter().map(|&p| set[p]).collect::<Vec<_>>(), [items[0], items[own - 1]]);
        }
        assert_eq!(seen, set.len());
    }

    #[test]
    fn one_part_is_the_set() {
        let set = items(5);
        let [part] = cut(made(&set), 1, 9).unwrap().try_into().unwrap_or_else(|_| panic!("one part"));
        let (items, positions) = part.split();
        assert_eq!(items.make().items(), &set[..]);
        assert_eq!(Part::positions_of(positions.as_deref(), vec![4, 2]), [4, 2]);
    }

    #[test]
    fn a_part_that_overflows_is_refused() {
        assert!(matches!(cut(|_| items(3000).into(), 3, 900), Err(Fault::Internal(_))));
    }
}
