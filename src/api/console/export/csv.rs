//! Overlaps as CSV (RFC 4180), for people's spreadsheets.
//!
//! A spreadsheet runs what begins with `=`, `+`, `-` or `@` as a formula, and what a partner or a file wrote may begin so. Such a text gets an
//! apostrophe before it, which spreadsheets take for "this is text"; inside a cell too, where one that splits lines at semicolons or
//! tabs would begin another. Whoever needs values to the byte takes the API or STIX.

use overlap_indicator::Pap;
use overlap_store::FoundOverlap;

use super::ExportFile;
use crate::rfc3339::rfc3339;

/// The columns.
const HEAD: &str = "found,peer,kind,facet,value,canonical,tlp,pap,exchange,seen\r\n";

/// What a spreadsheet may take for the beginning of a formula, the wide forms too; and what it may strip before one.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// At what a spreadsheet may begin another cell, whatever the quotes say.
const SPLITS: [char; 4] = [';', '\t', '\r', '\n'];

/// A file of CSV.
pub(super) struct CsvFile;

impl ExportFile for CsvFile {
    fn begin(&mut self) -> String {
        HEAD.to_owned()
    }

    fn rows(&mut self, rows: &[FoundOverlap]) -> String {
        rows.iter().map(line).collect()
    }

    fn end(&mut self) -> String {
        String::new()
    }
}

fn line(found: &FoundOverlap) -> String {
    let row = &found.row;
    let (when, exchange) = (rfc3339(row.found), row.exchange.to_string());
    let cells = [
        when.as_str(),
        row.peer.as_str(),
        row.kind.as_str(),
        row.facet.as_str(),
        row.raw.reveal(),
        row.canonical.reveal(),
        row.tlp.as_str(),
        row.pap.map_or("", Pap::as_str),
        exchange.as_str(),
        if found.seen { "yes" } else { "no" },
    ];
    let line: Vec<String> = cells.into_iter().map(cell).collect();
    line.join(",") + "\r\n"
}

/// A cell in quotes, that no spreadsheet runs.
fn cell(text: &str) -> String {
    let safe: String = text.split_inclusive(SPLITS).map(not_a_formula).collect();
    format!("\"{}\"", safe.replace('"', "\"\""))
}

fn not_a_formula(part: &str) -> String {
    let is_formula = part.trim_start_matches([' ', '"']).starts_with(FORMULA);
    format!("{}{part}", if is_formula { "'" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=cmd|'/c calc'!A1", "+1", "-2", "@SUM(1)", " =1", "＝1"] {
            assert_eq!(cell(text), format!("\"'{text}\""), "{text}");
        }
        assert_eq!(cell("\t=1"), "\"'\t'=1\"");
        assert_eq!(cell("https://a.example/;=1+1;\"=2\t-3"), "\"https://a.example/;'=1+1;'\"\"=2\t'-3\"");
        assert_eq!(cell("a;b"), "\"a;b\"");
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(cell("example.org"), "\"example.org\"");
    }
}
