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
    let sent = received.iter().enumerate().map(|(i, row)| *row + F128(delta.0 & bits.mask(i))).collect();
    [received, sent]
}

/// What was sent in a whole run, and what came of it.
pub(super) struct Run {
    pub(super) message: Vec<u8>,
    pub(super) challenge: [u8; 32],
    pub(super) answer: [u8; 32],
    pub(super) delta: F128,
    pub(super) a: Vec<F128>,
    pub(super) b: Vec<F128>,
    pub(super) c: Vec<F128>,
}

pub(super) fn run(outputs: usize, trees: usize, seed: u64) -> Run {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let delta = F128::random(&mut rng);
    let choice = NoiseChoice::random(noise(outputs, trees), &mut rng);
    let noise = choice.noise;
    let [received, sent] = rows(&choice, delta, &mut rng);
    let (sender, message) = SilentSender::new(&SESSION, noise, delta, &sent, &mut rng);
    let (receiver, challenge) = SilentReceiver::new(&SESSION, choice, &received, &message, &mut rng).unwrap();
    let answer = sender.answer(&challenge.message);
    let verified = challenge.verify(&answer).unwrap();
    let b = sender.expand().to_vec();
    let (a, c) = receiver.expand().accept(verified).iter().map(|pair| (pair.0[0], pair.0[1])).unzip();
    Run { message, challenge: challenge.message, answer, delta, a, b, c }
}

/// The chi-square statistic of the bytes of elements, with 255 degrees of freedom.
fn chi_square(elements: &[F128]) -> f64 {
    let mut counts = [0u64; 256];
    elements
        .iter()
        .for_each(|element| element.to_bytes().iter().for_each(|byte| counts[*byte as usize] += 1));
    let expected = elements.len() as f64 * 16.0 / 256.0;
    counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum()
}

#[test]
fn the_correlation_holds() {
    for (outputs, trees) in [(4096, 170), (4097, 200), (5001, 97), (6143, 400), (10_007, 211), (70_000, 183)]
    {
        let run = run(outputs, trees, outputs as u64);
        assert_eq!([run.a.len(), run.b.len(), run.c.len()], [outputs; 3]);
        let holds = |((a, b), c): ((&F128, &F128), &F128)| run.delta * *a + *b == *c;
        assert!(run.a.iter().zip(&run.b).zip(&run.c).all(holds), "{outputs} {trees}");
    }
}

/// Mean 255, standard deviation 22.6: the seeds are fixed, so a value six deviations away is a fault.
#[test]
fn each_part_looks_uniform() {
    for seed in 1..=3 {
        let run = run(50_000, 200, seed);
        for part in [&run.a, &run.b, &run.c] {
            let statistic = chi_square(part);
            assert!((120.0..390.0).contains(&statistic), "{seed}: {statistic}");
        }
    }
}

#[test]
fn threads_do_not_change_a_run() {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(150_001, 190, 9))
    };
    let (one, two) = (on(1), on(2));
    assert!((one.message, one.answer) == (two.message, two.answer));
    assert!((one.a, one.b, one.c) == (two.a, two.b, two.c));
}

#[test]
fn noise_is_regular_and_never_zero() {
    let noise = noise(10_000, 300);
    let choice = NoiseChoice::random(noise, &mut ChaCha20Rng::seed_from_u64(1));
    assert_eq!([choice.positions.len(), choice.values.len()], [300; 2]);
    assert!(choice.positions.iter().all(|position| (*position as usize) < noise.leaves));
    assert!(choice.values.iter().all(|value| *value != F128::ZERO));
}
