//! The public ladder of set sizes: `2^k * {8..15} / 8`, as far as these are whole numbers.
//!
//! So 1 to 16 by ones, then 18, 20, .. 32 by twos, 36, 40, .. 64 by fours, and so on: eight steps to each doubling.

/// Steps to each doubling: an eighth is the most that padding adds.
const STEPS: u64 = 8;

/// The smallest step that holds `n` items: at most an eighth more, and every power of two is a step. 0 is padded to the lowest step.
///
/// Past the highest step that fits, `15 * 2^60`, the answer is [`u64::MAX`], which is no step.
pub fn padded_size(n: u64) -> u64 {
    let n = n.max(1);
    n.checked_next_multiple_of(distance(n)).unwrap_or(u64::MAX)
}

/// Whether `n` is a step.
pub fn is_step(n: u64) -> bool {
    n > 0 && n.is_multiple_of(distance(n))
}

/// How far the steps are apart from the largest power of two within `n` up to the next; `n` is not 0.
fn distance(n: u64) -> u64 {
    let power = 1u64 << n.ilog2();
    (power / STEPS).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The largest size that has a step.
    const HIGHEST: u64 = 15 << 60;

    #[test]
    fn the_first_steps() {
        let steps: Vec<u64> = (0..=64).filter(|&n| is_step(n)).collect();
        let expected: Vec<u64> = (1..=16).chain((18..=32).step_by(2)).chain((36..=64).step_by(4)).collect();
        assert_eq!(steps, expected);
    }

    #[test]
    fn the_definition() {
        let mut defined: Vec<u64> = (0..=60u32)
            .flat_map(|k| (8..=15u64).map(move |m| (k, m)))
            .filter(|&(k, m)| (u128::from(m) << k) % 8 == 0)
            .map(|(k, m)| ((u128::from(m) << k) / 8) as u64)
            .collect();
        defined.dedup();
        for pair in defined.windows(2) {
            assert!(is_step(pair[0]));
            assert_eq!(padded_size(pair[0]), pair[0]);
            assert_eq!(padded_size(pair[0] + 1), pair[1], "after {}", pair[0]);
        }
    }

    #[test]
    fn the_ends() {
        assert_eq!(padded_size(0), 1);
        assert_eq!(padded_size(1), 1);
        assert!(!is_step(0));
        assert_eq!(padded_size(HIGHEST), HIGHEST);
        assert_eq!(padded_size(HIGHEST + 1), u64::MAX);
        assert!(!is_step(u64::MAX));
    }

    #[test]
    fn powers_of_two_are_steps() {
        for k in 0..64 {
            assert!(is_step(1 << k));
        }
    }

    proptest! {
        #[test]
        fn at_most_an_eighth_more(n in 8..=HIGHEST) {
            let padded = padded_size(n);
            prop_assert!(is_step(padded) && padded >= n);
            prop_assert!(u128::from(padded) * 8 <= u128::from(n) * 9);
        }

        #[test]
        fn never_falls(n in 0..HIGHEST, more in 0..1u64 << 40) {
            prop_assert!(padded_size(n) <= padded_size(n.saturating_add(more)));
        }

        #[test]
        fn a_step_is_its_own_padding(n in any::<u64>()) {
            prop_assert_eq!(is_step(n), n > 0 && n <= HIGHEST && padded_size(n) == n);
        }
    }
}
