//! What an operation of the field and a hash cost on each way to compute them that this processor has.
//!
//! `cargo bench -p overlap-psi --features bench-access --bench field`
//!
//! Criterion reports throughput in elements: one multiplication, or one hash, is one element, and one power of
//! `add_powers` is one.
//!
//! Nanoseconds each on one thread of a two-core virtual machine of the Sapphire Rapids class, compiled for any x86-64.
//! The machine was shared, so these are not criterion's medians, which were up to four times as long under that load, but
//! the least of 3000 runs over 1024 elements, timed by a loop around the same functions of `bench_access`.
//!
//! | | portable | clmul | vclmul |
//! |---|---|---|---|
//! | multiply in turn | 27.8 | 5.2 | 5.2 |
//! | multiply apart | 27.7 | 2.6 | 2.6 |
//! | add scaled | 24.2 | 1.2 | 0.38 |
//! | inner product | 32.5 | 0.97 | 0.26 |
//! | add powers, of 5 terms, each | 25.8 | 1.4 | 0.39 |
//!
//! | | portable | avx2 | avx512 |
//! |---|---|---|---|
//! | hash of 16 bytes | 40.8 | 14.7 | 7.4 |
//! | hash of 16 bytes, cut to 16 | 40.4 | 14.2 | 6.8 |
//! | hash of 32 bytes | 55.1 | 16.0 | 8.5 |
//! | hash of pairs | 55.1 | 15.9 | 8.4 |

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use overlap_psi::bench_access::{Field, Hash};

/// Vectors of this length stay in the second cache.
const ELEMENTS: usize = 4096;

/// Terms of the polynomial, as many as an encoding's dense columns.
const TERMS: usize = 5;

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = field, hash
}

fn field(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("field");
    for mut field in Field::all(ELEMENTS) {
        let name = field.name();
        group.throughput(Throughput::Elements(ELEMENTS as u64));
        bench(&mut group, "multiply in turn", &name, || black_box(field.multiply_in_turn()));
        bench(&mut group, "multiply apart", &name, || field.multiply_apart());
        bench(&mut group, "add scaled", &name, || field.add_scaled());
        bench(&mut group, "inner product", &name, || black_box(field.inner_product()));
        group.throughput(Throughput::Elements((ELEMENTS * TERMS) as u64));
        bench(&mut group, "add powers", &name, || field.add_powers(TERMS));
    }
    group.throughput(Throughput::Elements(ELEMENTS as u64));
    if let Some(mut field) = Field::all(ELEMENTS).pop() {
        bench(&mut group, "multiply apart", "operator", || field.operator());
    }
    group.finish();
}

fn hash(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hash");
    group.throughput(Throughput::Elements(ELEMENTS as u64));
    for mut hash in Hash::all(ELEMENTS) {
        let name = hash.name();
        bench(&mut group, "16", &name, || hash.hash16());
        bench(&mut group, "elements", &name, || hash.hash_elements());
        bench(&mut group, "32", &name, || hash.hash32());
        bench(&mut group, "pairs", &name, || hash.hash_pairs());
    }
    group.finish();
}

fn bench<T>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    operation: &str,
    way: &str,
    mut run: impl FnMut() -> T,
) {
    group.bench_function(BenchmarkId::new(operation, way), |b| b.iter(&mut run));
}
