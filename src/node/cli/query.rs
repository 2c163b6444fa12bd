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

/// Said where the answer is of the values themselves alone.
const NOT_COMPARED: &str = "values were not compared by their facets: digests are being made under another salt; ask again when that is done";

/// Shown where a value meets more own indicators than are listed.
const MORE: &str = " +";

/// Ask this node what it knows of values: whether it holds them, and who overlaps on them
///
/// Values are read as in an import, in any spelling. No partner is asked. A value also meets own indicators on its
/// facets, as a URL does on its host; a + says that it meets more of them than are listed. Exits with 4 where a value is none.
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
    let (mut rows, mut number, mut exit, mut compared) = (Vec::new(), 0_u64, Exit::Done, true);
    for some in values.chunks(ASKED_AT_ONCE) {
        let values: Vec<Value> = some.iter().map(|value| asked(args.kind, value)).collect();
        let answer: Value = client.post("/api/v1/query", &json!({ "values": values })).await?;
        let facets = answer["facets_compared"] == true;
        compared &= facets;
        for item in answer["items"].as_array().into_iter().flatten() {
            number += 1;
            if !item["error"].is_null() {
                exit = Exit::DoneWithRejects;
            }
            if context.output.is_json() {
                context.output.json(&numbered(item, number, facets))?;
            } else {
                rows.push(row(item, number));
            }
        }
    }
    if !compared {
        context.output.warn(NOT_COMPARED)?;
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

/// The answer with the place of its value among those that were asked for, from 1: the value itself is not repeated. Each line says for itself
/// whether facets were compared.
fn numbered(item: &Value, number: u64, facets_compared: bool) -> Value {
    let mut item = item.clone();
    if let Some(members) = item.as_object_mut() {
        members.insert("number".to_owned(), number.into());
        members.insert("facets_compared".to_owned(), facets_compared.into());
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
    let (overlaps, mut meets) = (of("overlaps", &["peer", "facet"]), of("meets", &["facet", "kind"]));
    if item["meets_more"] == true {
        meets.push_str(MORE);
    }
    vec![number.to_string(), text(&item["kind"]), text(&item["canonical"]), own.to_owned(), overlaps, meets]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_not_whole_says_so() {
        let item = |more: bool| {
            json!({"kind": "url", "canonical": "https://a.example/", "error": null, "indicator": null,
            "overlaps": [], "meets": [{"facet": "host", "kind": "domain"}], "meets_more": more})
        };
        assert_eq!(row(&item(true), 1).last().map(String::as_str), Some("host domain +"));
        assert_eq!(row(&item(false), 1).last().map(String::as_str), Some("host domain"));
        for compared in [true, false] {
            assert_eq!(numbered(&item(false), 7, compared)["facets_compared"], compared);
            assert_eq!(numbered(&item(false), 7, compared)["number"], 7);
        }
    }
}
