//! What the sources of a pure crate may not say.

/// Words by which a source touches the world.
const IMPURE_WORDS: [&str; 20] = [
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::env",
    "std::process",
    "std::os",
    "thread::sleep",
    "io::stdin",
    "io::stdout",
    "io::stderr",
    "SystemTime",
    "Instant::",
    "UNIX_EPOCH",
    "SystemRandom",
    "OsRng",
    "SysRng",
    "rand::rng()",
    "getrandom",
];

/// Modules of `std` that may not be imported in a group either.
const IMPURE_MODULES: [&str; 4] = ["fs", "env", "process", "os"];

/// Lines of shipped code that touch the world, each as `path:line says word`.
pub(crate) fn impure_lines(path: &str, text: &str) -> Vec<String> {
    shipped_lines(text)
        .filter_map(|(number, line)| impure_word(line).map(|word| format!("{path}:{number} touches {word}")))
        .collect()
}

/// A crate's root without the attribute that forbids unsafe code.
pub(crate) fn lacks_forbid(path: &str, text: &str) -> Option<String> {
    let is_root = path.matches('/').count() == 2 && (path.ends_with("/lib.rs") || path.ends_with("/main.rs"));
    let forbids = text.lines().any(|line| line == "#![forbid(unsafe_code)]");
    (is_root && !forbids).then(|| format!("{path} must begin with #![forbid(unsafe_code)]"))
}

/// The lines before the file's own tests, without comments.
fn shipped_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    code.enumerate().map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default()))
}

fn impure_word(line: &str) -> Option<&'static str> {
    let word = IMPURE_WORDS.into_iter().find(|word| line.contains(word));
    word.or_else(|| grouped_module(line))
}

/// Finds `use std::{.., fs, ..}`.
fn grouped_module(line: &str) -> Option<&'static str> {
    let group = line.trim_start().strip_prefix("use std::{")?;
    let names: Vec<&str> = group.split([',', '}', ':']).map(str::trim).collect();
    IMPURE_MODULES.into_iter().find(|module| names.contains(module))
}
