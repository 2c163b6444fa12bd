//! The steps of the oblivious key-value store, on one thread, and what they wipe at their end.
//!
//! `group` is rows and grouping, `solve` all that an encoding takes before values are known, `encode` the rest.
//!
//! Milliseconds at 2^20 items in 21 bins, criterion's medians on a quiet two-core virtual machine of the Sapphire Rapids
//! class with vector instructions for the field, beside the paper's (table 1, "w = 3, cluster", an
//! i7-9750H, bins of 2^14 items):
//!
//! | group | solve | encode | decode | paper's encode | paper's decode |
//! |---|---|---|---|---|---|
//! | 9 | 24 | 11 | 7 | 143 | 42 |
//!
//! The paper's encoding is the first three together, and its decoding has the rows in it.
//!
//! By the number of bins, with columns for each item. More bins are hardly faster, since a bin's columns fit the
//! second cache anyway, and cost columns:
//!
//! | bins | columns | group | solve | encode | decode |
//! |---|---|---|---|---|---|
//! | 21 | 1.291 | 9 | 24 | 11 | 7 |
//! | 32 | 1.309 | 10 | 22 | 9 | 7 |
//! | 64 | 1.349 | 10 | 22 | 8 | 7 |
//! | 128 | 1.409 | 12 | 22 | 8 | 6 |

use criterion::{Criterion, criterion_group, criterion_main};
use overlap_psi::SessionItem;
use overlap_psi::bench_access::okvs::{Elements, Items, Sizes};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const SEED: [u8; 16] = [7; 16];

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = steps
}

/// Every step at 2^20 items, in as few bins as fit and in more, and at 2^16.
fn steps(criterion: &mut Criterion) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let counts =
        [(1 << 20, None), (1 << 20, Some(32)), (1 << 20, Some(64)), (1 << 20, Some(128)), (1 << 16, None)];
    for (count, bins) in counts {
        measure(criterion, &Sizes::new(count, bins), &items(count, &mut rng), &mut rng);
    }
}

fn measure(criterion: &mut Criterion, sizes: &Sizes, items: &[SessionItem], rng: &mut ChaCha20Rng) {
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread starts");
    let id = |step| format!("{step}/{} items in {} bins", items.len(), sizes.bins());
    criterion.bench_function(&id("group"), |b| {
        b.iter(|| one_thread.install(|| Items::new(sizes, &SEED, items)));
    });
    let grouped = Items::new(sizes, &SEED, items);
    criterion.bench_function(&id("solve"), |b| b.iter(|| one_thread.install(|| grouped.solve(rng))));
    let solved = grouped.solve(rng);
    let values = Elements::random(items.len(), rng);
    let mut columns = Elements::random(sizes.columns(), rng);
    criterion.bench_function(&id("encode"), |b| {
        b.iter(|| one_thread.install(|| solved.encode(&grouped, &values, &mut columns)));
    });
    let mut out = values.clone();
    criterion.bench_function(&id("decode"), |b| {
        b.iter(|| one_thread.install(|| grouped.decode(&columns, &mut out)));
    });
}

fn items(count: usize, rng: &mut ChaCha20Rng) -> Vec<SessionItem> {
    let mut item = || {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        SessionItem::new(bytes)
    };
    (0..count).map(|_| item()).collect()
}
