//! The memory of this process, as the system counts it: for tests and benches that say how much they take.

/// Memory that is resident now, in bytes.
pub fn resident_memory() -> u64 {
    bytes_of("VmRSS:")
}

/// The most memory that was ever resident, in bytes.
pub fn peak_memory() -> u64 {
    bytes_of("VmHWM:")
}

/// A line of the process's status: kibibytes, see proc(5).
fn bytes_of(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells of this process");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it tells its memory");
    let kibibytes = line.trim().strip_suffix(" kB").and_then(|count| count.parse::<u64>().ok());
    kibibytes.expect("it counts in kibibytes") * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_taken_is_counted() {
        let before = resident_memory();
        let taken = std::hint::black_box(vec![1_u8; 64 << 20]);
        let now = resident_memory();
        assert!(now >= before + (32 << 20), "{before} to {now} bytes with {} more", taken.len());
        assert!(peak_memory() >= now - (1 << 20), "the system counts in pieces");
    }
}
