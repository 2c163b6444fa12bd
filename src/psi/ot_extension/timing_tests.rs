//! Whether time depends on choice bits or Delta. `cargo test -p overlap-psi --release timing -- --ignored --nocapture`

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::tests::{DELTA, choices};
use super::*;
use crate::base_ot::tests::{SESSION, batch};
use crate::dudect::welch_t;

const RUNS: usize = 20_000;
const ROWS: usize = 1000;

/// Copies of one batch's keys.
fn keys(delta: u128) -> (impl Fn() -> ChosenKeys, impl Fn() -> KeyPairs) {
    let (chosen, pairs) = batch(delta, 1);
    let chosen = move || ChosenKeys { keys: chosen.keys.clone(), ..chosen };
    let pairs = move || KeyPairs { keys: pairs.keys.clone(), ..pairs };
    (chosen, pairs)
}

#[test]
#[ignore = "measures time"]
fn timing_of_the_receivers_extension() {
    let (_, pairs) = keys(DELTA);
    let [mut a, mut b] = [1, 2].map(ChaCha20Rng::seed_from_u64);
    let bits = |class: bool| {
        let mut bits = ChoiceBits::with_capacity(ROWS);
        (0..ROWS).for_each(|_| bits.push(class & (a.next_u32() & 1 == 1)));
        (pairs(), bits)
    };
    let t = welch_t(RUNS, bits, |(pairs, bits)| {
        std::hint::black_box(extend_receiver(&SESSION, pairs, &bits, &mut b));
    });
    println!("OT extension, receiver, no choices against random ones: t = {t:.1}");
}

#[test]
#[ignore = "measures time"]
fn timing_of_the_senders_extension() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let bits = choices(ROWS, &mut rng);
    let sides = [0, DELTA].map(|delta| {
        let (chosen, pairs) = keys(delta);
        let message = extend_receiver(&SESSION, pairs(), &bits, &mut rng).1;
        (chosen, message)
    });
    // The same work and the same memory for both classes: the other's keys and message are copied, and written over.
    let input = |class: bool| {
        let [other, own] = [!class, class].map(|class| &sides[usize::from(class)]);
        let (mut chosen, mut message) = (other.0(), other.1.clone());
        let copy = own.0();
        chosen.keys.copy_from_slice(&copy.keys);
        (chosen.choices, chosen.transcript) = (copy.choices, copy.transcript);
        message.copy_from_slice(&own.1);
        (chosen, message)
    };
    let t = welch_t(RUNS, input, |(chosen, message)| {
        std::hint::black_box(extend_sender(&SESSION, chosen, ROWS, &message).unwrap());
    });
    println!("OT extension, sender, Delta 0 against another: t = {t:.1}");
}

#[test]
#[ignore = "measures time"]
fn timing_of_pushed_choices() {
    let t = welch_t(
        RUNS,
        |class| F128(u128::from(class).wrapping_neg()),
        |element| {
            let mut bits = ChoiceBits::with_capacity(ROWS);
            (0..7).for_each(|_| bits.push_element(element));
            std::hint::black_box(bits);
        },
    );
    println!("OT extension, pushing zeros against ones: t = {t:.1}");
}
