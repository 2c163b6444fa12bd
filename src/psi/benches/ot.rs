//! Base transfers and their extension, each side on one thread.
//!
//! `base/STEP` is a batch of 128 transfers; `extend/ROLE/ROWS` is the extension to so many rows, with the check.
//!
//! Milliseconds, criterion's medians on a quiet two-core virtual machine of the Sapphire Rapids class: the receiver's message of
//! 128 transfers 3.3, the sender's part 11.5, the receiver's keys 4.2; the extension to 30,000 rows 1.1 at the receiver and 0.9
//! at the sender. A batch is 768 multiplications in the group, half of them of its
//! generator. The paper's (Masny and Rindal, CCS 2019) own times stand in a table that was not at hand, so there is none beside these.

use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use overlap_psi::bench_access::ot::{self, ChosenKeys, KeyPairs};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const CHOICES: u128 = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3211;

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(3));
    targets = on_one_thread
}

fn on_one_thread(criterion: &mut Criterion) {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("no pool was started before");
    base(criterion);
    [3_000, 30_000, 60_000].into_iter().for_each(|rows| extend(criterion, rows));
}

fn base(criterion: &mut Criterion) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (_, first) = ot::receive(CHOICES, &mut rng);
    let (_, second) = ot::send(&first, &mut rng);
    let mut group = criterion.benchmark_group("base");
    group.bench_function("receiver's message", |b| b.iter(|| ot::receive(CHOICES, &mut rng)));
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    group.bench_function("sender", |b| b.iter(|| ot::send(&first, &mut rng)));
    group.bench_function("receiver's keys", |b| {
        let start = || ot::receive(CHOICES, &mut rng).0;
        b.iter_batched(start, |receiver| receiver.finish(&second), BatchSize::SmallInput);
    });
}

fn keys(rng: &mut ChaCha20Rng) -> (ChosenKeys, KeyPairs) {
    let (receiver, first) = ot::receive(CHOICES, rng);
    let (pairs, second) = ot::send(&first, rng);
    (receiver.finish(&second), pairs)
}

fn extend(criterion: &mut Criterion, rows: usize) {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let start = || keys(&mut ChaCha20Rng::seed_from_u64(4));
    let message = start().1.extend(rows, &mut rng);
    let mut group = criterion.benchmark_group("extend");
    group.bench_function(format!("receiver/{rows}"), |b| {
        b.iter_batched(|| start().1, |pairs| pairs.extend(rows, &mut rng), BatchSize::PerIteration);
    });
    group.bench_function(format!("sender/{rows}"), |b| {
        b.iter_batched(|| start().0, |chosen| chosen.extend(rows, &message), BatchSize::PerIteration);
    });
}
