//! What silent VOLE costs on one thread, and its parts, for the outputs that 2^20 items need.
//!
//! Milliseconds, criterion's medians on a quiet two-core virtual machine of the Sapphire Rapids class, beside what others
//! report for theirs at 2^20 outputs, three quarters as many. The papers' machines were others.
//!
//! | | here, 1.38 * 10^6 | theirs, 2^20 |
//! |---|---|---|
//! | trees, 2.77 * 10^6 leaves | 14 | 37, with its check (libOTe, measured on a machine of this kind) |
//! | code, one vector | 61 | 113 (libOTe at weight 21, memory 24, as above) |
//! | code, two vectors | 118 | 226, twice that |
//! | sender, with trees, check and code | 94 | 150 (libOTe, as above) |
//! | receiver, likewise | 224 | 260 (libOTe, as above) |

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use overlap_psi::bench_access::silent_vole::{Code, Trees, Vole};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// Outputs for 2^20 items.
const OUTPUTS: usize = 1_384_120;

const TREES: usize = 256;

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = parts, whole
}

fn parts(criterion: &mut Criterion) {
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread starts");
    let mut trees = Trees::new(TREES, (2 * OUTPUTS).div_ceil(TREES));
    criterion.bench_function("trees", |b| one_thread.install(|| b.iter(|| trees.expand())));
    let mut code = Code::new(OUTPUTS);
    criterion.bench_function("code/one vector", |b| one_thread.install(|| b.iter(|| code.encode())));
    criterion.bench_function("code/two vectors", |b| one_thread.install(|| b.iter(|| code.encode_two())));
}

fn whole(criterion: &mut Criterion) {
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread starts");
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let vole = Vole::new(OUTPUTS, TREES, &mut rng);
    let message = vole.send(&mut rng);
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    criterion.bench_function("sender", |b| {
        one_thread.install(|| b.iter(|| black_box(vole.send(&mut rng))));
    });
    criterion.bench_function("receiver", |b| {
        one_thread.install(|| b.iter(|| vole.receive(&message, &mut rng)));
    });
}
