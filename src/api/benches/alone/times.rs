//! How long each of many calls took.

use std::fmt;
use std::time::Duration;

/// At least one time, in order of length.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut taken: Vec<Duration>) -> Self {
        taken.sort_unstable();
        Self(taken)
    }

    pub(crate) fn median(&self) -> Duration {
        self.0[self.0.len() / 2]
    }

    fn slowest(&self) -> Duration {
        self.0[self.0.len() - 1]
    }
}

impl fmt::Display for Times {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        write!(out, "median {:.1} ms, slowest {:.1} ms", ms(self.median()), ms(self.slowest()))
    }
}
