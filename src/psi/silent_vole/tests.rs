//! The correlation, from ideal rows.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{Noise, NoiseChoice, SilentReceiver, SilentSender};
use crate::field::F128;

pub(super) const SESSION: [u8; 32] = [5; 32];

/// Trees enough for `outputs` outputs.
pub(super) fn noise(outputs: usize, trees: usize) -> Noise {
    let leaves = (2 * outputs).div_ceil(trees);
    Noise { trees, leaves, depth: leaves.next_power_of_two().ilog2() as usize, outputs }
}

/// What an ideal extension gives: the receiver's rows and the sender's.
pub(super) fn rows(choice: &NoiseChoice, delta: F128, rng: &mut ChaCha20Rng) -> [Vec<F128>; 2] {
    let bits = choice.choice_bits();
    let received: Vec<_> = (0..choice.noise.rows()).map(|_| F128::random(rng)).collect();
    let chosen = |row: usize| 0u128.wrapping_sub(u128::from(bits[row / 64] >> (row % 64) & 1));
    let sent = received.iter().enumerate().map(|(i, row)| *row + F128(delta.0 & chosen(i))).collect();
    [received, sent]
}

/// A whole run: Delta, A', B and C.
fn run(outputs: usize, trees: usize, seed: u64) -> (F128, [Vec<F128>; 3]) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let delta = F128::random(&mut rng);
    let choice = NoiseChoice::random(noise(outputs, trees), &mut rng);
    let noise = choice.noise;
    let [received, sent] = rows(&choice, delta, &mut rng);
    let (sender, message) = SilentSender::new(&SESSION, noise, delta, &sent, &mut rng);
    let (receiver, challenge) = SilentReceiver::new(&SESSION, choice, &received, &message, &mut rng).unwrap();
    let (seed, masked) = challenge.message.split_at(16);
    let answer = sender.check(seed.try_into().unwrap(), F128::from_bytes(masked.try_into().unwrap()));
    challenge.verify(&answer).unwrap();
    let b = sender.expand().to_vec();
    let [a, c] = receiver.expand().map(|vector| vector.to_vec());
    (delta, [a, b, c])
}

#[test]
fn the_correlation_holds() {
    for (outputs, trees) in [(4096, 170), (4097, 200), (5001, 97), (6143, 400), (10_007, 211), (70_000, 183)]
    {
        let (delta, [a, b, c]) = run(outputs, trees, outputs as u64);
        assert_eq!([a.len(), b.len(), c.len()], [outputs; 3]);
        let holds = a.iter().zip(&b).zip(&c).all(|((a, b), c)| delta * *a + *b == *c);
        assert!(holds, "{outputs} {trees}");
    }
}
