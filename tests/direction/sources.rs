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

/// Paths of the files that are modules of tests alone: `#[cfg(test)]` stands before the `mod` that names them.
pub(crate) fn test_modules(sources: &[(String, String)]) -> Vec<String> {
    sources.iter().flat_map(|(path, text)| named_for_tests(path, text)).collect()
}

fn named_for_tests(path: &str, text: &str) -> Vec<String> {
    let stem = path.trim_end_matches(".rs");
    let is_root = stem.ends_with("/lib") || stem.ends_with("/main") || stem.ends_with("/mod");
    let folder = if is_root { stem.rsplit_once('/').map_or("", |(folder, _)| folder) } else { stem };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let marked =
        lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]").filter_map(|pair| module_name(pair[1]));
    marked.map(|name| format!("{folder}/{name}.rs")).collect()
}

/// The name in `mod name;`, whatever its visibility.
fn module_name(line: &str) -> Option<&str> {
    let (_, name) = line.split_once("mod ")?;
    name.strip_suffix(';')
}

/// The lines before the file's own tests, without comments.
fn shipped_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let opens_tests = |pair: &[&str]| pair[0].trim() == "#[cfg(test)]" && pair[1].trim_end().ends_with('{');
    let end = lines.windows(2).position(opens_tests).unwrap_or(lines.len());
    lines
        .into_iter()
        .take(end)
        .enumerate()
        .map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default()))
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
