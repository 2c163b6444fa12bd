//! Whether a function's time depends on a secret, measured (Reparaz, Balasch and Verbauwhede, "Dude, is my code constant
//! time?", DATE 2017). Never asserted in the tests that always run: a loaded machine can say anything.

use std::time::Instant;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The share of the slowest runs that is left out: those in which the machine did something else.
const CROPPED: usize = 10;

/// Welch's t between two classes of inputs, in random order: `prepare(class)` makes an input, and `run` is measured.
///
/// The paper takes 4.5 and above for a difference.
pub(crate) fn welch_t<T>(runs: usize, mut prepare: impl FnMut(bool) -> T, mut run: impl FnMut(T)) -> f64 {
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..runs {
        let class = rng.next_u32() & 1 == 1;
        let input = prepare(class);
        let start = Instant::now();
        run(input);
        times[usize::from(class)].push(start.elapsed().as_nanos() as f64);
    }
    crop(&mut times);
    let [a, b] = times.map(|times| moments(&times));
    (a.mean - b.mean) / (a.variance / a.count + b.variance / b.count).sqrt()
}

/// Leaves out whatever takes longer than most runs of both classes together.
fn crop(times: &mut [Vec<f64>; 2]) {
    let mut all = times.concat();
    all.sort_by(f64::total_cmp);
    let limit = all[all.len() - 1 - all.len() / CROPPED];
    times.iter_mut().for_each(|times| times.retain(|time| *time <= limit));
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

fn moments(times: &[f64]) -> Moments {
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
    Moments { count, mean, variance }
}

/// The measurement sees a difference where there is one.
#[test]
#[ignore = "measures time"]
fn a_loop_that_depends_on_the_secret_is_seen() {
    let spin =
        |class: bool| (0..if class { 2000 } else { 1800 }).fold(1_u64, |a, b| std::hint::black_box(a ^ b));
    let t = welch_t(
        20_000,
        |class| class,
        |class| {
            std::hint::black_box(spin(class));
        },
    );
    println!("a loop of two lengths: t = {t:.1}");
    assert!(t.abs() > 4.5);
}
