//! What a message makes its reader allocate: never more than a named limit, however it is built.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use overlap_wire::{FrameType, HEADER_SIZE, Header, decode_roster, decode_signed};

/// The most that decoding may hold at a time, beside the message: twice the longest, which a full roster takes.
const MOST: usize = 2 * FrameType::Roster.limit();

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, with a count of what this thread holds.
struct Counting;

fn count(bytes: isize) {
    // A thread that ends has no count any more, and none is needed.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        PEAK.with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// SAFETY: every call goes to the system's allocator unchanged; the count touches only two cells of this thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise on `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise on `pointer` and `layout` is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that `work` held at a time, beyond what was held before.
fn peak_of<T>(work: impl FnOnce() -> T) -> usize {
    let before = HELD.get();
    PEAK.set(before);
    drop(work());
    (PEAK.get() - before) as usize
}

/// A field of bytes or a message: key, length and content. Numbers below 16, so that the key is one byte.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(content);
    bytes
}

#[test]
fn empty_messages_in_a_roster_do_not_fill_the_memory() {
    let room = FrameType::Roster.limit() - 70_000;
    let repeated = |number| field(number, &[]).repeat(room / 2);
    let bombs = [
        ("secretariat", repeated(5)),
        ("members", repeated(7)),
        ("epochs", repeated(8)),
        ("revoked", repeated(9)),
        ("anchors", field(7, &repeated(4))),
        ("receipt keys", field(7, &repeated(5))),
        ("sealed salts", field(8, &repeated(3))),
        ("epochs full of sealed salts", field(8, &field(3, &[]).repeat(1_024)).repeat(64)),
        ("members full of keys", field(7, &field(5, &[]).repeat(32)).repeat(1_024)),
    ];
    for (name, bomb) in bombs {
        let peak = peak_of(|| assert!(decode_roster(&bomb).is_err(), "{name}"));
        assert!(peak <= MOST, "{name}: {peak}");
    }
}

#[test]
fn signatures_without_end_do_not_fill_the_memory() {
    let bomb = field(2, &[]).repeat(FrameType::Roster.limit() / 2);
    let peak = peak_of(|| assert!(decode_signed(&bomb).is_err()));
    assert!(peak <= MOST, "{peak}");
}

#[test]
fn a_header_allocates_nothing() {
    let header: [u8; HEADER_SIZE] = [6, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(peak_of(|| assert!(Header::decode(&header).is_err())), 0);
}

#[test]
fn the_count_sees_an_allocation() {
    assert!(peak_of(|| vec![1u8; 100_000]) >= 100_000);
}
