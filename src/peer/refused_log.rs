//! Which refused handshakes are logged: enough to see what is wrong, too few for a stranger to fill a disk. All are counted
//! in the metrics.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::strangers::network_of;

/// The time for which lines are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// Lines about one network in a window: a partner that tries again every few seconds is seen, and leaves room for others.
const MOST_OF_NETWORK: u32 = 10;

/// Lines in a window in all: some 20 megabytes a day, whoever calls from however many networks.
const MOST: u32 = 100;

/// Counts the lines of the window that runs.
#[derive(Debug, Default)]
pub(crate) struct RefusedLog(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    in_all: u32,
    /// No more than [`MOST`]: a network stands here once it has a line.
    lines: HashMap<IpAddr, u32>,
    left_out: u64,
}

/// What to log of a refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether it gets a line.
    pub(crate) line: bool,
    /// How many got none in the window that has just ended.
    pub(crate) left_out_before: u64,
}

impl RefusedLog {
    /// Judges a refusal of a call from `address`.
    pub(crate) fn judge(&self, address: IpAddr, now: Instant) -> Verdict {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out_before = window.begin_anew_at(now);
        let line = window.take(network_of(address));
        window.left_out += u64::from(!line);
        Verdict { line, left_out_before }
    }
}

impl Window {
    fn begin_anew_at(&mut self, now: Instant) -> u64 {
        if self.began.is_some_and(|began| now.duration_since(began) < WINDOW) {
            return 0;
        }
        let before = std::mem::take(self);
        self.began = Some(now);
        before.left_out
    }

    fn take(&mut self, network: IpAddr) -> bool {
        let used = self.lines.get(&network).copied().unwrap_or(0);
        if used >= MOST_OF_NETWORK || self.in_all >= MOST {
            return false;
        }
        self.lines.insert(network, used + 1);
        self.in_all += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(network: u8, host: u8) -> IpAddr {
        IpAddr::from([198, 51, network, host])
    }

    fn lines(log: &RefusedLog, now: Instant, addresses: impl Iterator<Item = IpAddr>) -> usize {
        addresses.filter(|address| log.judge(*address, now).line).count()
    }

    #[test]
    fn one_network_cannot_fill_the_log_nor_hide_another() {
        let (log, now) = (RefusedLog::default(), Instant::now());
        let flood = (0..=255).map(|host| address(1, host));
        assert_eq!(lines(&log, now, flood), MOST_OF_NETWORK as usize);
        assert!(log.judge(address(2, 1), now).line);
    }

    #[test]
    fn all_networks_together_have_a_limit() {
        let (log, now) = (RefusedLog::default(), Instant::now());
        let flood = (0..=255).flat_map(|network| [address(network, 1), address(network, 2)]);
        assert_eq!(lines(&log, now, flood), MOST as usize);
        assert!(log.0.lock().unwrap().lines.len() <= MOST as usize);
    }

    #[test]
    fn the_next_window_says_how_many_were_left_out() {
        let (log, now) = (RefusedLog::default(), Instant::now());
        let flood = (0..=255).map(|host| address(1, host));
        assert_eq!(lines(&log, now, flood), 10);
        let next = log.judge(address(1, 1), now + WINDOW);
        assert_eq!(next, Verdict { line: true, left_out_before: 246 });
        assert_eq!(log.judge(address(1, 1), now + WINDOW), Verdict { line: true, left_out_before: 0 });
    }
}
