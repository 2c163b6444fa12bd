//! Randomness of one step, and of nothing else.

use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};

use crate::fault::Fault;

/// A generator that the system has just seeded. Those that a thread keeps go on from an old state for a while: a machine that is
/// resumed twice from one snapshot would draw the same secrets for two exchanges.
///
/// # Errors
/// The system gives no randomness.
pub(crate) fn fresh_rng() -> Result<StdRng, Fault> {
    StdRng::try_from_rng(&mut SysRng).map_err(Fault::internal)
}
