//! Reading the config file, with errors that name the line and the nearest name.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use overlap_api::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::sections;
use super::{Config, SectionKeys, push};
use crate::files::{self, FileError};

/// The fewest exchanges at once with one member: with one, two nodes that call each other at the same time have each taken
/// it, and refuse each other as busy.
const LEAST_PER_MEMBER: usize = 2;

/// Why a config cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("the config cannot be used: {0}")]
    File(#[from] FileError),
    /// A key that no section has, or not this one.
    #[error("{path}, line {line}: {what}")]
    UnknownKey {
        /// The config.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, its section and the nearest name.
        what: String,
    },
    /// It is no TOML, or a value is missing or of the wrong form.
    #[error("{path}, line {line}: {what}")]
    Value {
        /// The config.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// Values that do not go together.
    #[error("{path}: {what}")]
    Rule {
        /// The config.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// No config was named.
    #[error("no config: name it with --config FILE or OVERLAPD_CONFIG")]
    NotNamed,
}

pub(super) fn load(path: &Path) -> Result<Config, ConfigError> {
    let text = files::read_text(path)?;
    let mut config = parse(&text, path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for named in config.paths() {
        *named = folder.join(&*named);
    }
    Ok(config)
}

fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let value_error = |error: &toml::de::Error| ConfigError::Value {
        path: path.to_owned(),
        line: line_of(text, error.span()),
        what: error.message().to_owned(),
    };
    let table = DeTable::parse(text).map_err(|error| value_error(&error))?;
    if let Some(unknown) = first_unknown(table.get_ref(), "", &sections()) {
        let line = line_of(text, Some(unknown.span));
        return Err(ConfigError::UnknownKey { path: path.to_owned(), line, what: unknown.sentence });
    }
    let config: Config = toml::from_str(text).map_err(|error| value_error(&error))?;
    match fault(&config) {
        None => Ok(config),
        Some(what) => Err(ConfigError::Rule { path: path.to_owned(), what }),
    }
}

struct Unknown {
    span: Range<usize>,
    sentence: String,
}

/// The first key, in the order of the file, that its section does not have.
fn first_unknown(table: &DeTable<'_>, section: &str, sections: &[SectionKeys]) -> Option<Unknown> {
    let keys = sections.iter().find(|known| known.section == section)?.keys;
    let found = table.iter().filter_map(|(key, value)| {
        if keys.contains(&key.get_ref().as_ref()) {
            unknown_within(value, &joined(section, key.get_ref()), sections)
        } else {
            Some(Unknown { span: key.span(), sentence: sentence(key.get_ref(), section, keys) })
        }
    });
    found.min_by_key(|unknown| unknown.span.start)
}

fn unknown_within(value: &Spanned<DeValue<'_>>, section: &str, sections: &[SectionKeys]) -> Option<Unknown> {
    match value.get_ref() {
        DeValue::Table(table) => first_unknown(table, section, sections),
        DeValue::Array(items) => items.iter().find_map(|item| unknown_within(item, section, sections)),
        _ => None,
    }
}

fn joined(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

fn sentence(key: &str, section: &str, keys: &[&str]) -> String {
    let place = match section {
        "" => "at the top".to_owned(),
        "partner" | "webhook" | "syslog" => format!("in [[{section}]]"),
        section => format!("in [{section}]"),
    };
    match nearest(key, keys.iter().copied()) {
        Some(near) => format!("unknown key `{key}` {place}; did you mean `{near}`?"),
        None => format!("unknown key `{key}` {place}; it has {}", listed(keys)),
    }
}

fn listed(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start).min(text.len());
    1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count()
}

/// A rule across values that the config breaks.
fn fault(config: &Config) -> Option<String> {
    if config.api.listen.is_some() && (config.api.certificate.is_none() || config.api.key.is_none()) {
        return Some(
            "[api] listen needs certificate and key: the API is served over TCP with TLS only".into(),
        );
    }
    if config.roster.threshold == 0 || config.roster.threshold as usize > config.roster.secretariat.len() {
        return Some("[roster] threshold is from 1 to the number of secretariat keys".into());
    }
    if config.peer.exchanges == 0 || config.node.threads == Some(0) {
        return Some("exchanges and threads are at least 1".into());
    }
    if config.peer.exchanges_per_member < LEAST_PER_MEMBER {
        return Some("[peer] exchanges_per_member is at least 2: one for each of the two to begin".into());
    }
    if let Some(fault) = config.misp_modules.fault() {
        return Some(fault);
    }
    push::fault(config).or_else(|| partner_fault(config))
}

fn partner_fault(config: &Config) -> Option<String> {
    let own = &config.node.member;
    let mut seen = BTreeSet::new();
    config.partner.iter().find_map(|partner| {
        let id = &partner.id;
        if **id == **own {
            return Some(format!("[[partner]] {}: a node is no partner of its own", **id));
        }
        if !seen.insert(id.as_str()) {
            return Some(format!("[[partner]] {}: named twice", **id));
        }
        if partner.every.is_some() && partner.address.is_none() {
            return Some(format!("[[partner]] {}: every needs an address to call", **id));
        }
        let fault = partner.agreement.fault(own, id)?;
        Some(format!("[[partner]] {}: {fault}", **id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = include_str!("../../../node-config/minimal.toml");
    const COMPLETE: &str = include_str!("../../../node-config/complete.toml");

    fn refusal(text: &str) -> String {
        parse(text, Path::new("node.toml")).unwrap_err().to_string()
    }

    #[test]
    fn both_example_configs_load() {
        parse(MINIMAL, Path::new("minimal.toml")).unwrap();
        let complete = parse(COMPLETE, Path::new("complete.toml")).unwrap();
        assert!(!complete.partner.is_empty());
    }

    #[test]
    fn the_complete_config_names_every_key() {
        let table = DeTable::parse(COMPLETE).unwrap();
        for SectionKeys { section, keys } in sections() {
            let named = keys_in(table.get_ref(), section);
            for key in keys {
                assert!(named.contains(*key), "complete.toml does not name {key} of [{section}]");
            }
        }
    }

    fn keys_in(table: &DeTable<'_>, section: &str) -> BTreeSet<String> {
        let Some((first, rest)) = section.split_once('.').or((!section.is_empty()).then_some((section, "")))
        else {
            return table.keys().map(|key| key.get_ref().to_string()).collect();
        };
        let (_, value) = table.iter().find(|(key, _)| key.get_ref() == first).expect("the section is there");
        let tables: Vec<_> = match value.get_ref() {
            DeValue::Table(table) => vec![table],
            DeValue::Array(items) => items.iter().filter_map(|item| item.get_ref().as_table()).collect(),
            _ => vec![],
        };
        tables.into_iter().flat_map(|table| keys_in(table, rest)).collect()
    }

    #[test]
    fn a_mistyped_key_is_named_with_its_line_and_the_nearest() {
        let text = MINIMAL.replace("listen =", "listn =");
        let line = 1 + text.lines().position(|line| line.starts_with("listn")).unwrap();
        let expected =
            format!("node.toml, line {line}: unknown key `listn` in [peer]; did you mean `listen`?");
        assert_eq!(refusal(&text), expected);
    }

    #[test]
    fn a_key_like_none_gets_the_list() {
        let text = format!("{MINIMAL}\n[log]\nzzz = 1\n");
        assert!(refusal(&text).ends_with("unknown key `zzz` in [log]; it has `level`, `format`"));
    }

    #[test]
    fn mistyped_keys_deep_inside_are_found() {
        let text = format!("{MINIMAL}\n[[partner]]\nid = \"a\"\n[partner.agreement]\nmax_item = 1\n");
        assert!(
            refusal(&text)
                .ends_with("unknown key `max_item` in [partner.agreement]; did you mean `max_items`?")
        );
    }

    #[test]
    fn wrong_values_are_named_with_their_line() {
        let text = MINIMAL.replace("listen = \"", "listen = \"nowhere ");
        let line = 1 + text.lines().position(|line| line.starts_with("listen")).unwrap();
        assert!(refusal(&text).starts_with(&format!("node.toml, line {line}: ")), "{}", refusal(&text));
        assert!(refusal("node = [").starts_with("node.toml, line 1: "));
    }

    #[test]
    fn values_that_do_not_go_together_are_refused() {
        let partner = |more: &str| format!("{MINIMAL}\n[[partner]]\nid = \"other\"\n{more}");
        assert!(refusal(&partner("every = \"6h\"\n")).contains("every needs an address"));
        assert!(refusal(&partner("agreement.learns = \"third\"\n")).contains("neither"));
        assert!(refusal(&partner("[[partner]]\nid = \"other\"\n")).contains("named twice"));
        let one = COMPLETE.replace("exchanges_per_member = 2", "exchanges_per_member = 1");
        assert!(refusal(&one).contains("exchanges_per_member is at least 2"));
        let beyond = format!("{MINIMAL}\n[misp_modules]\nlisten = \"0.0.0.0:6666\"\n");
        assert!(refusal(&beyond).contains("not on the loopback"));
        parse(&format!("{beyond}beyond_loopback = true\n"), Path::new("node.toml")).unwrap();
        assert!(refusal(&MINIMAL.replace("threshold = 2", "threshold = 9")).contains("threshold"));
    }
}
