//! The memory of this process, as the system counts it.

/// Memory that is resident now, in MiB.
pub(crate) fn resident() -> u64 {
    of_line("VmRSS:") / 1024
}

/// A line of the process's status, in KiB.
pub(crate) fn of_line(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
