//! Whether the receiver's time depends on its choices. `cargo test -p overlap-psi --release timing -- --ignored --nocapture`

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::tests::SESSION;
use super::*;
use crate::dudect::welch_t;

const RUNS: usize = 4000;

/// No choice is 1, or any are.
fn choices(class: bool, rng: &mut ChaCha20Rng) -> u128 {
    let random = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
    u128::conditional_select(&0, &random, Choice::from(u8::from(class)))
}

#[test]
#[ignore = "measures time"]
fn timing_of_the_receivers_message() {
    let [mut a, mut b] = [1, 2].map(ChaCha20Rng::seed_from_u64);
    let t = welch_t(
        RUNS,
        |class| choices(class, &mut a),
        |choices| {
            std::hint::black_box(OtReceiver::new(&SESSION, choices, &mut b));
        },
    );
    println!("base OT, receiver's message, no choices against random ones: t = {t:.1}");
}

#[test]
#[ignore = "measures time"]
fn timing_of_the_receivers_keys() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (_, first) = OtReceiver::new(&SESSION, 0, &mut rng);
    let (_, second) = send(&SESSION, &first, &mut rng).unwrap();
    let receiver = |class| {
        let choices = choices(class, &mut rng);
        OtReceiver::new(&SESSION, choices, &mut rng).0
    };
    let t = welch_t(RUNS, receiver, |receiver| {
        std::hint::black_box(receiver.finish(&second).unwrap());
    });
    println!("base OT, receiver's keys, no choices against random ones: t = {t:.1}");
}
