//! Importing: a file that is chosen or dropped, with its progress, or values that are pasted.

use axum::body::Body;
use axum::extract::{Request, State};
use maud::{Markup, html};
use overlap_indicator::{Kind, Tlp};

use super::fault::Fault;
use super::fields::Fields;
use super::guard::Visitor;
use super::layout::{Frame, csrf};
use super::parts::{Choice, select, select_as};
use super::text::{Shown, or_none};
use super::units::{counted, number};
use super::{held, indicators};
use crate::import::{self, ImportParams, ImportReport, RejectItem};
use crate::problem::Problem;
use crate::request::Params;
use crate::state::ApiState;

/// Rejects that a page shows; the rest is counted, and told in full by the command line.
const SHOWN_REJECTS: usize = 1_000;

/// What each format is called.
const FORMATS: [(&str, &str); 5] = [
    ("csv", "CSV"),
    ("ndjson", "NDJSON"),
    ("txt", "Text, a value a line"),
    ("stix", "STIX 2.1"),
    ("misp", "MISP JSON"),
];

/// Where a file is sent to.
const FILES: &str = "/console/indicators/import";

/// The two ways to import.
pub(crate) fn import_forms(visitor: &Visitor) -> Markup {
    html! {
        details.card #importing {
            summary { "Import" }
            div.columns {
                section.card aria-labelledby="file-heading" { h2 #file-heading { "A file" } (file_form(visitor)) }
                section.card aria-labelledby="paste-heading" { h2 #paste-heading { "Values that you paste" } (paste_form(visitor)) }
            }
        }
    }
}

fn file_form(visitor: &Visitor) -> Markup {
    html! {
        form #import.stack data-to=(FILES) {
            (csrf(visitor))
            label.drop for="file" { "Choose a file, or drop it here" input #file type="file"; }
            (select("format", "Format", FORMATS.map(Choice::from).into(), None))
            (select_as("file-kind", "kind", "Kind of values that name none", kinds(), None))
            (select("tlp", "TLP of rows that name none", tlps(), None))
            div.field { label for="source" { "Source of rows that name none" } input #source name="source" autocomplete="off"; }
            div.field {
                label for="map" { "Columns of a CSV file that has its own names" }
                input #map name="map" placeholder="value=ioc,kind=type" autocomplete="off" spellcheck="false";
            }
            div { button type="submit" disabled { "Import" } }
            noscript { p.quiet { "Sending a file needs scripts: paste values, or use " code { "overlapd import" } "." } }
        }
        div #import-progress hidden { label { "Sent" progress max="1" value="0" {} } p role="status" {} }
    }
}

fn paste_form(visitor: &Visitor) -> Markup {
    html! {
        form.stack method="post" action="/console/indicators/paste" {
            (csrf(visitor))
            div.field { label for="values" { "Values, one a line" } textarea #values name="values" rows="8" required spellcheck="false" {} }
            (select_as("paste-kind", "kind", "Kind", kinds(), None))
            div.field { label for="paste-source" { "Source" } input #paste-source name="source" autocomplete="off"; }
            div { button type="submit" { "Import" } }
        }
    }
}

fn kinds() -> Vec<Choice> {
    let named = Kind::ALL.iter().map(|kind| Choice::from((kind.as_str(), kind.as_str())));
    [Choice::from(("", "Detect it"))].into_iter().chain(named).collect()
}

fn tlps() -> Vec<Choice> {
    let named = Tlp::ALL.iter().map(|tlp| Choice::from((tlp.as_str(), tlp.as_str())));
    [Choice::from(("", "amber, if nothing is chosen"))].into_iter().chain(named).collect()
}

/// Where the report of a file will stand.
pub(crate) fn no_report() -> Markup {
    html! { section #import-report tabindex="-1" aria-label="Report of the import" {} }
}

/// Imports a file: the body is the file itself.
pub(crate) async fn file(
    State(state): State<ApiState>,
    visitor: Visitor,
    params: Result<Params<ImportParams>, Problem>,
    request: Request,
) -> Result<Markup, Fault> {
    let Params(params) = params?;
    let (parts, body) = request.into_parts();
    let report = import::run(&state, visitor.actor(), &params, &parts.headers, body).await?;
    Ok(done(&state, &visitor, &report))
}

/// Imports values that were pasted.
pub(crate) async fn paste(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Markup, Fault> {
    let params = ImportParams::of_text(fields.one("kind"), fields.one("source"));
    let body = Body::from(fields.one("values").unwrap_or_default().to_owned());
    let report = import::run(&state, visitor.actor(), &params, &Default::default(), body).await?;
    Ok(done(&state, &visitor, &report))
}

fn done(state: &ApiState, visitor: &Visitor, report: &ImportReport) -> Markup {
    let body = html! {
        h1 { "Import" }
        (report_of(report))
        p { a.button href=(indicators::PATH) { "To the indicators" } }
    };
    Frame { state, visitor, part: indicators::PATH, title: "Import" }.page(body)
}

/// What became of an import.
fn report_of(report: &ImportReport) -> Markup {
    let refused = report.refused();
    let class = if refused == 0 { "notice" } else { "empty" };
    html! {
        section.card #import-report tabindex="-1" aria-label="Report of the import" {
            p class=(class) role="status" {
                strong #accepted { (number(report.accepted)) } " new, "
                strong { (number(report.duplicates)) } " there already, "
                strong #refused { (number(refused)) } " refused"
            }
            (remarks(report))
            @if refused > 0 { (rejects(report)) }
        }
    }
}

/// What is to be known of rows that were taken.
fn remarks(report: &ImportReport) -> Markup {
    let rows = |count| counted(count, "row", "rows");
    html! {
        @if report.held > 0 {
            p { (rows(report.held)) " held out of exchanges by a warning list: " a href=(held::PATH) { "see which" } "." }
        }
        @if report.unmarked > 0 {
            p { (rows(report.unmarked)) " came without event and marking, and have the marking that was asked for, or amber." }
        }
        @if report.left_out > 0 {
            p { (counted(report.left_out, "row was", "rows were")) " taken without a time of sight or a confidence that could not be read." }
        }
        @if !report.unknown_markings.is_empty() {
            p { "Taken as red, since nobody defines their markings, or not in words that are known here:" }
            ul.plain {
                @for unknown in &report.unknown_markings {
                    li { code { (unknown.id) } ": " (counted(unknown.objects, "object", "objects")) }
                }
            }
        }
    }
}

fn rejects(report: &ImportReport) -> Markup {
    let shown = report.rejected.iter().take(SHOWN_REJECTS);
    let more = report.refused().saturating_sub(SHOWN_REJECTS as u64);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Refused rows" {
            table.rows {
                caption { "Refused rows; a refused value is never shown" }
                thead { tr { th.number scope="col" { "Line" } th scope="col" { "Id" } th scope="col" { "Kind" } th scope="col" { "Why" } } }
                tbody { @for reject in shown { (reject_line(reject)) } }
            }
        }
        @if more > 0 { p.quiet { (counted(more, "more row is", "more rows are")) " not shown." } }
    }
}

fn reject_line(reject: &RejectItem) -> Markup {
    html! {
        tr {
            td.number { (number(reject.line)) }
            td.value { (or_none(reject.id.as_deref().unwrap_or_default())) }
            td { (or_none(reject.kind.as_deref().unwrap_or_default())) }
            td.value { (Shown(&reject.reason)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::UnknownMarking;

    #[test]
    fn a_report_says_in_words_what_is_to_be_known_of_rows_that_were_taken() {
        let plain = report_of(&ImportReport { accepted: 9, ..ImportReport::default() }).into_string();
        assert!(!plain.contains("marking") && !plain.contains("warning list"), "{plain}");
        let one =
            report_of(&ImportReport { unmarked: 1, left_out: 1, ..ImportReport::default() }).into_string();
        for words in ["<p>1 row came without event", "<p>1 row was taken without a time of sight"] {
            assert!(one.contains(words), "{words} in {one}");
        }
        let unknown = UnknownMarking { id: "marking-definition--x".into(), objects: 4 };
        let report = ImportReport {
            held: 1,
            unmarked: 2,
            left_out: 3,
            unknown_markings: vec![unknown],
            ..ImportReport::default()
        };
        let page = report_of(&report).into_string();
        for words in [
            "1 row held out of exchanges by a warning list",
            "2 rows came without event and marking",
            "3 rows were taken without a time of sight",
            "<code>marking-definition--x</code>: 4 objects",
        ] {
            assert!(page.contains(words), "{words} in {page}");
        }
    }
}
