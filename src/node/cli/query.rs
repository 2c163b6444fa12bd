//! `overlapd query`

use std::path::PathBuf;

use clap::Args;
use overlap_indicator::Kind;
use serde_json::{Value, json};

use super::Context;
use crate::exit::{CommandError, Exit};
use crate::files;
use crate::output::printable;

/// Values in one call: the API takes ten thousand, and four megabytes.
const ASKED_AT_ONCE: usize = 1_000;

/// Ask this node what it knows of values: whether it holds them, and who overlaps on them
///
/// Values are read as in an import, in any spelling. No partner is asked. A value also meets own indicators on its
/// facets, as a URL does on its host. Exits with 4 where a value is none.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd query \"hxxps://shop[.]example/a\" 198.51.100.7
  overlapd query --file suspects.txt
  overlapd query --file suspects.txt --json | jq -r 'select(.overlaps != []) | .canonical'")]
pub(crate) struct QueryArgs {
    /// Values
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    value: Vec<String>,
    /// A file with a value a line; blank lines and those that begin with # are passed over
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The values' kind; detected if not given
    #[arg(long, value_parser = super::parse_kind)]
    kind: Option<Kind>,
}

pub(crate) async fn run(context: &Context, args: QueryArgs) -> Result<Exit, CommandError> {
    let client = context.client()?;
    let values = match &args.file {
        Some(file) => lines(&files::read_text(file)?),
        None => args.value,
    };
    let (mut rows, mut number, mut exit) = (Vec::new(), 0_u64, Exit::Done);
    for some in values.chunks(ASKED_AT_ONCE) {
        let values: Vec<Value> = some.iter().map(|value| asked(args.kind, value)).collect();
        let answer: Value = client.post("/api/v1/query", &json!({ "values": values })).await?;
        for item in answer["items"].as_array().into_iter().flatten() {
            number += 1;
            if !item["error"].is_null() {
                exit = Exit::DoneWithRejects;
            }
            if context.output.is_json() {
                context.output.json(&numbered(item, number))?;
            } else {
                rows.push(row(item, number));
            }
        }
    }
    if !context.output.is_json() {
        context.output.table(&["NO", "KIND", "CANONICAL", "OWN", "OVERLAPS", "MEETS"], &rows)?;
    }
    Ok(exit)
}

fn lines(text: &str) -> Vec<String> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn asked(kind: Option<Kind>, value: &str) -> Value {
    kind.map_or_else(|| json!(value), |kind| json!({ "kind": kind.as_str(), "value": value }))
}

/// The answer with the place of its value among those that were asked for, from 1: the value itself is not repeated.
fn numbered(item: &Value, number: u64) -> Value {
    let mut item = item.clone();
    if let Some(members) = item.as_object_mut() {
        members.insert("number".to_owned(), number.into());
    }
    item
}

fn row(item: &Value, number: u64) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| "-".to_owned(), printable);
    if !item["error"].is_null() {
        let dash = "-".to_owned();
        return vec![
            number.to_string(),
            dash.clone(),
            text(&item["error"]),
            dash.clone(),
            dash.clone(),
            dash,
        ];
    }
    let own = match &item["indicator"] {
        Value::Null => "no",
        own if own["held"].is_null() => "yes",
        _ => "held out",
    };
    let of = |key: &str, names: &[&str]| {
        let pairs = item[key].as_array().into_iter().flatten();
        let mut pairs: Vec<_> =
            pairs.map(|of| names.iter().map(|name| text(&of[*name])).collect::<Vec<_>>().join(" ")).collect();
        pairs.dedup();
        if pairs.is_empty() { "-".to_owned() } else { pairs.join(", ") }
    };
    let (overlaps, meets) = (of("overlaps", &["peer", "facet"]), of("meets", &["facet", "kind"]));
    vec![number.to_string(), text(&item["kind"]), text(&item["canonical"]), own.to_owned(), overlaps, meets]
}
