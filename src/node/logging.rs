//! What the daemon writes about itself: text on a terminal, one JSON object a line elsewhere. No level writes an
//! indicator's value: values have a type that does not print.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogLevel, LogSection};

/// Ours; what libraries say below a warning is for their own developers.
const OWN_CRATES: [&str; 6] =
    ["overlap_node", "overlap_peer", "overlap_store", "overlap_api", "overlap_coalition", "overlap_psi"];

/// Begins to log to stderr. A second call changes nothing.
pub(crate) fn begin(section: &LogSection) {
    let filter = EnvFilter::new(directives(section.level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let terminal = std::io::stderr().is_terminal();
    // The only error is that a subscriber is there already.
    let _ = if wants_text(section.format, terminal) {
        builder.with_ansi(terminal).with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
}

fn wants_text(format: LogFormat, terminal: bool) -> bool {
    match format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    }
}

fn directives(level: LogLevel) -> String {
    let level = match level {
        LogLevel::Error => return "error".to_owned(),
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let own = OWN_CRATES.map(|name| format!("{name}={level}")).join(",");
    format!("warn,{own}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_stay_quiet() {
        assert_eq!(directives(LogLevel::Error), "error");
        assert!(directives(LogLevel::Trace).starts_with("warn,overlap_node=trace,"));
    }

    #[test]
    fn a_terminal_gets_text_and_a_pipe_json() {
        assert!(wants_text(LogFormat::Auto, true) && !wants_text(LogFormat::Auto, false));
        assert!(wants_text(LogFormat::Text, false) && !wants_text(LogFormat::Json, true));
    }
}
