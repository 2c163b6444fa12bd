//! What a run leaves behind in memory that it gives back: never Delta, with which whoever reads it and has the receiver's view
//! could test any item against the sender's set.

#[path = "../benches/side/mod.rs"]
mod side;

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use overlap_psi::{Message, Params, SessionItem, vole};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use side::Side;

/// What is looked for, in two halves; nothing while both are zero.
static SOUGHT: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
/// Blocks of memory that were given back with it.
static FOUND: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which looks at what it is given back. Growing a block is left to the trait, so that its old place is
/// given back too.
struct Looking;

// SAFETY: every call goes to the system's allocator unchanged, and a block is read only within its bounds.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise on `layout` is passed on. Zeroed, so that all that is read later was written.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let sought = [0, 1].map(|half: usize| SOUGHT[half].load(SeqCst));
        if sought != [0; 2] {
            let last = (layout.size() / 8).saturating_sub(1);
            // The system's blocks are aligned to 16 bytes.
            let words = pointer.cast::<u64>();
            // SAFETY: both words are within the block, and aligned.
            let is_there = |at: usize| unsafe {
                [words.add(at).read_volatile(), words.add(at + 1).read_volatile()] == sought
            };
            if (0..last).any(is_there) {
                FOUND.fetch_add(1, SeqCst);
            }
        }
        // SAFETY: the caller's promise on `pointer` and `layout` is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Looking = Looking;

/// Looks for 16 bytes while `work` runs; says in how many blocks they were.
fn found(sought: [u8; 16], work: impl FnOnce()) -> usize {
    FOUND.store(0, SeqCst);
    let (halves, _) = sought.as_chunks();
    SOUGHT.iter().zip(halves).for_each(|(to, half)| to.store(u64::from_ne_bytes(*half), SeqCst));
    work();
    SOUGHT.iter().for_each(|half| half.store(0, SeqCst));
    FOUND.load(SeqCst)
}

fn items(from: u64, count: u64) -> Vec<SessionItem> {
    let item = |n: u64| SessionItem::new((u128::from(n) + 1).to_le_bytes());
    (from..from + count).map(item).collect()
}

/// Moves a side on by one step, if it can; says what it sends.
fn step(side: &mut Side, rng: &mut ChaCha20Rng) -> Vec<Message> {
    let Some((machine, incoming)) = side.next() else { return Vec::new() };
    side.turn(machine.advance(incoming, rng).expect("both follow the protocol"))
}

/// One test, since the allocator is the whole process's.
#[test]
fn delta_is_in_no_memory_that_a_run_gives_back() {
    const SEED: u64 = 21;
    // The first 16 bytes that a sender draws.
    let mut delta = [0; 16];
    ChaCha20Rng::seed_from_u64(SEED).fill_bytes(&mut delta);
    let noticed = found(delta, || drop(black_box(Box::new(delta))));
    assert_eq!(noticed, 1, "what a box leaves behind is found");

    let params =
        Params { exchange: [1; 32], partition: 0, receiver_size: 320, sender_size: 768, prove_matches: true };
    let receiver = vole::receiver(params.clone(), items(0, 320)).expect("a size of the table");
    let sender = vole::sender(params, items(200, 768)).expect("a size of the table");
    let mut sides = [receiver, sender].map(Side::new);
    let mut rngs = [5, SEED].map(ChaCha20Rng::seed_from_u64);
    let left = found(delta, || {
        while sides.iter().any(|side| !side.has_ended()) {
            for i in 0..2 {
                let sent = step(&mut sides[i], &mut rngs[i]);
                sides[1 - i].hear(sent);
            }
        }
    });
    assert_eq!(left, 0, "blocks with Delta were given back");
}
