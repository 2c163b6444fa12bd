//! What a run of the `vole` engine costs each side, step by step, in processor time of one thread.
//!
//! `cargo bench -p overlap-psi --bench vole -- [ITEMS [SENDER'S]]` runs two machines in memory, each step on one thread, and prints for each step of each side the
//! median of the runs in milliseconds of that thread's processor time, which other work on the machine disturbs less than
//! it does a clock.

#![allow(clippy::print_stdout)] // What it measures is what it is for.

mod side;

use overlap_psi::{ItemSet, ItemSource, Message, Params, vole};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rustix::time::{ClockId, clock_gettime};

use side::Side;

const ITEMS: usize = 1 << 20;

const RUNS: usize = 5;

/// One side, with the time of each of its steps.
struct Timed {
    side: Side,
    steps: Vec<(String, f64)>,
}

fn main() {
    let mut sizes = std::env::args().filter_map(|argument| argument.parse().ok());
    let items = sizes.next().unwrap_or(ITEMS);
    let sizes = [items, sizes.next().unwrap_or(items)];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread starts");
    let runs: Vec<_> = (0..RUNS).map(|_| pool.install(|| run(sizes))).collect();
    for (side, role) in ["receiver", "sender"].into_iter().enumerate() {
        println!("{role}, {} items, milliseconds of one thread", sizes[side]);
        let mut total = 0.0;
        for (step, (name, _)) in runs[0][side].iter().enumerate() {
            let mut times: Vec<f64> = runs.iter().map(|run| run[side][step].1).collect();
            times.sort_by(f64::total_cmp);
            println!("  {:8.2}  {name}", times[RUNS / 2]);
            total += times[RUNS / 2];
        }
        println!("  {total:8.2}  in all");
    }
}

/// The times of a run's steps, the receiver's first. Steps of one name that follow each other are added up.
fn run([receiver_size, sender_size]: [usize; 2]) -> [Vec<(String, f64)>; 2] {
    let params = Params { exchange: [1; 32], partition: 0, receiver_size, sender_size, prove_matches: false };
    let receiver = vole::receiver(params.clone(), set(0, receiver_size)).expect("a size of the table");
    let others = set(receiver_size / 64 * 63, sender_size);
    let sender = vole::sender(params, others).expect("a size of the table");
    let mut sides = [receiver, sender].map(|party| Timed { side: Side::new(party), steps: Vec::new() });
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    while sides.iter().any(|timed| !timed.side.has_ended()) {
        for i in 0..2 {
            let sent = sides[i].step(&mut rng);
            sides[1 - i].side.hear(sent);
        }
    }
    sides.map(|timed| timed.steps)
}

/// Session items of digests that count up, made when the machine comes to them.
fn set(from: usize, size: usize) -> ItemSource {
    ItemSource::later(move |arrangement| {
        let rng = &mut ChaCha20Rng::seed_from_u64(9);
        ItemSet::of_digests(
            &[7; 32],
            size,
            |at| ((from + at) as u128).to_be_bytes(),
            (size, rng),
            arrangement,
        )
    })
}

impl Timed {
    fn step(&mut self, rng: &mut ChaCha20Rng) -> Vec<Message> {
        let Some((machine, incoming)) = self.side.next() else { return Vec::new() };
        let took = incoming.as_ref().map_or("nothing".to_owned(), |message| format!("{:?}", message.kind()));
        let start = thread_time();
        let turn = machine.advance(incoming, rng).expect("both follow the protocol");
        let milliseconds = thread_time() - start;
        let sent = self.side.turn(turn);
        let sends = sent.first().map_or("nothing".to_owned(), |message| format!("{:?}", message.kind()));
        self.note(format!("takes {took}, sends {sends}"), milliseconds);
        sent
    }

    fn note(&mut self, name: String, milliseconds: f64) {
        match self.steps.last_mut().filter(|(last, _)| *last == name) {
            Some((_, total)) => *total += milliseconds,
            None => self.steps.push((name, milliseconds)),
        }
    }
}

fn thread_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
