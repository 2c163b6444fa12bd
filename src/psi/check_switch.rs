//! Tests only: a check is switched off on this thread while something runs, to show what it is needed for.

use std::cell::Cell;

thread_local! {
    static OFF: Cell<&'static [Check]> = const { Cell::new(&[]) };
}

/// A check that can be switched off. Each is made on the thread that calls the machine, not on rayon's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// That the sender's mask opens its commitment.
    Mask,
    /// That the sender's trees are consistent.
    Correlation,
    /// That tags ascend strictly.
    TagOrder,
    /// That no tag matches an item that another has matched.
    RepeatedTag,
    /// That a proof of a match is the tag's other half.
    MatchProof,
}

impl Check {
    pub(crate) fn is_off(self) -> bool {
        OFF.get().contains(&self)
    }
}

/// Runs something without these checks.
pub(crate) fn without<T>(checks: &'static [Check], run: impl FnOnce() -> T) -> T {
    OFF.set(checks);
    let result = run();
    OFF.set(&[]);
    result
}
