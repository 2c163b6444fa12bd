//! What an item costs each side of the `voprf` engine, on one thread, beside its curve operations alone.
//!
//! `machine/ROLE` is all the time that a side's machine takes in an exchange of [`ITEMS`] by [`ITEMS`] items;
//! `curve/ROLE` is the same side's group operations and nothing else, through the curve library's fastest calls.
//! Their ratio is what the engine adds. `operation/NAME` are the single operations. All times are for [`ITEMS`] of
//! them: divide by it.
//!
//! Microseconds an item of processor time, medians of nine runs on a shared two-core virtual machine of the Sapphire
//! Rapids class under load, where a multiplication took 30 instead of the 22 that it takes when nothing else runs:
//!
//! | | machine | curve | ratio |
//! |---|---|---|---|
//! | sender, both jobs: an evaluation with its share of the proof, and a tag of its own | 79.7 | 76.4 | 1.05 |
//! | receiver | 81.8 | 77.6 | 1.06 |

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use overlap_psi::{Message, Params, Party, SessionItem, Turn, voprf};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const ITEMS: usize = 10_000;

/// The engine's share of an inversion and of a multi-scalar multiplication.
const BATCH: usize = 256;
const MULTISCALAR: usize = 8192;

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = whole, operations
}

/// One of the curve operations, on all inputs.
type Operation = fn(&Curve);

/// Inputs of the curve operations.
struct Curve {
    uniform: Vec<[u8; 64]>,
    points: Vec<RistrettoPoint>,
    encoded: Vec<CompressedRistretto>,
    scalars: Vec<Scalar>,
    coefficients: Vec<Scalar>,
}

impl Curve {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let mut uniform = vec![[0; 64]; ITEMS];
        uniform.iter_mut().for_each(|bytes| rng.fill_bytes(bytes));
        let points: Vec<_> = uniform.iter().map(RistrettoPoint::from_uniform_bytes).collect();
        Self {
            encoded: points.iter().map(RistrettoPoint::compress).collect(),
            scalars: (0..ITEMS).map(|_| Scalar::random(&mut rng)).collect(),
            coefficients: (0..ITEMS).map(|_| Scalar::from(u128::from(rng.next_u64()) << 64)).collect(),
            uniform,
            points,
        }
    }

    fn hash_to_group(&self) {
        self.uniform.iter().for_each(|bytes| discard(RistrettoPoint::from_uniform_bytes(bytes)));
    }

    fn multiply(&self) {
        self.points.iter().zip(&self.scalars).for_each(|(p, k)| discard(p * k));
    }

    fn decompress(&self) {
        self.encoded.iter().for_each(|bytes| discard(bytes.decompress()));
    }

    fn compress(&self) {
        self.points.chunks(BATCH).for_each(|p| discard(RistrettoPoint::double_and_compress_batch(p)));
    }

    fn invert(&self) {
        let mut scalars = self.scalars.clone();
        scalars.chunks_mut(BATCH).for_each(|k| discard(Scalar::invert_batch_alloc(k)));
    }

    fn multiscalar(&self) {
        for (k, p) in self.coefficients.chunks(MULTISCALAR).zip(self.points.chunks(MULTISCALAR)) {
            discard(RistrettoPoint::vartime_multiscalar_mul(k, p));
        }
    }

    fn sender(&self) {
        self.decompress();
        self.multiply();
        self.compress();
        self.multiscalar();
        self.own_items();
    }

    fn own_items(&self) {
        self.hash_to_group();
        self.multiply();
        self.compress();
    }

    fn receiver(&self) {
        self.own_items();
        self.decompress();
        self.multiscalar();
        self.multiscalar();
        self.invert();
        self.multiply();
        self.compress();
    }
}

/// Keeps the compiler from leaving out what made this.
fn discard<T>(value: T) {
    black_box(value);
}

/// The time that each machine took, the receiver's first.
fn exchange() -> [Duration; 2] {
    let params = Params {
        exchange: [1; 32],
        partition: 0,
        receiver_size: ITEMS,
        sender_size: ITEMS,
        prove_matches: true,
    };
    let items = |from: u64| (from..from + ITEMS as u64).map(item).collect::<Vec<_>>();
    let receiver = voprf::receiver(params.clone(), items(0)).expect("the set is good");
    let sender = voprf::sender(params, items(ITEMS as u64 / 64 * 63)).expect("the set is good");
    let mut times = [Duration::ZERO; 2];
    let mut sides = [(Some((receiver, false)), VecDeque::new()), (Some((sender, false)), VecDeque::new())];
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    while sides.iter().any(|(party, _)| party.is_some()) {
        for i in 0..2 {
            let start = Instant::now();
            let sent = step(&mut sides[i], &mut rng);
            times[i] += start.elapsed();
            sides[1 - i].1.extend(sent);
        }
    }
    times
}

fn item(n: u64) -> SessionItem {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    SessionItem::new(bytes)
}

/// A machine, whether it waits for a message, and what it has not yet read.
type Side = (Option<(Box<dyn Party>, bool)>, VecDeque<Message>);

fn step((party, inbox): &mut Side, rng: &mut ChaCha20Rng) -> Vec<Message> {
    let Some((machine, waits)) = party.take() else { return Vec::new() };
    if waits && inbox.is_empty() {
        *party = Some((machine, waits));
        return Vec::new();
    }
    let incoming = if waits { inbox.pop_front() } else { None };
    match machine.advance(incoming, rng).expect("both follow the protocol") {
        Turn::Send(next, messages, _) => {
            *party = Some((next, false));
            messages
        }
        Turn::Receive(next) | Turn::AwaitProofs(next) => {
            *party = Some((next, true));
            Vec::new()
        }
        Turn::Done(outcome, messages) => {
            black_box(outcome);
            messages
        }
    }
}

fn whole(criterion: &mut Criterion) {
    let curve = Curve::new();
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread starts");
    for (i, role) in ["receiver", "sender"].into_iter().enumerate() {
        criterion.bench_function(&format!("machine/{role}"), |b| {
            let total = |n| (0..n).map(|_| exchange()[i]).sum();
            b.iter_custom(|n| one_thread.install(|| total(n)));
        });
        criterion.bench_function(&format!("curve/{role}"), |b| {
            b.iter(|| if role == "sender" { curve.sender() } else { curve.receiver() });
        });
    }
}

fn operations(criterion: &mut Criterion) {
    let curve = Curve::new();
    let operations: [(&str, Operation); 6] = [
        ("hash to group", Curve::hash_to_group),
        ("multiply", Curve::multiply),
        ("decompress", Curve::decompress),
        ("compress in batches", Curve::compress),
        ("invert in batches", Curve::invert),
        ("multi-scalar", Curve::multiscalar),
    ];
    for (name, operation) in operations {
        criterion.bench_function(&format!("operation/{name}"), |b| b.iter(|| operation(&curve)));
    }
}
