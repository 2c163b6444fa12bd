//! Whatever a partner or a file wrote is text, in a real browser.

use std::collections::BTreeSet;

use overlap_tests::Node;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::drop::import_dropped;
use crate::hostile_partners::add_partners;
use crate::hostile_store::{hostile_lab, id};
use crate::hostile_strings::{COUNT, shown, strings};
use crate::lab_config::add_webhook;
use crate::metrics::policy_reports;
use crate::post::post;

/// What the pages themselves are made of. Anything else came from a string.
const TAGS: [&str; 48] = [
    "A", "BDI", "BODY", "BUTTON", "CAPTION", "CODE", "DD", "DETAILS", "DIV", "DL", "DT", "FOOTER", "FORM",
    "H1", "H2", "H3", "HEAD", "HEADER", "HTML", "INPUT", "LABEL", "LI", "LINK", "MAIN", "META", "METER",
    "NAV", "NOSCRIPT", "OPTION", "P", "PROGRESS", "Q", "SCRIPT", "SECTION", "SELECT", "SPAN", "STRONG",
    "SUMMARY", "TABLE", "TBODY", "TD", "TEXTAREA", "TH", "THEAD", "TIME", "TITLE", "TR", "UL",
];

/// Collects what a page has that it should not: foreign elements, handlers, links that lead away, marks that a script ran.
const FOUND: &str = "
    // What the library that draws charts makes has styles, set by script, which the policy allows.
    const all = [...document.querySelectorAll('*')].filter((element) => !element.closest('.uplot'));
    const tags = [...new Set(all.map((element) => element.tagName))];
    const handlers = all.filter((element) => [...element.attributes].some((has) => has.name.startsWith('on') || has.name === 'style'));
    const names = ['href', 'src', 'action', 'formaction'];
    const links = all.flatMap((element) => names.map((name) => element.getAttribute(name)).filter((value) => value !== null))
        .filter((value) => !value.startsWith('#') && !new URL(value, location.href).href.startsWith(location.origin + '/console/'));
    return {
        tags, links, handlers: handlers.map((element) => element.outerHTML), hit: window.hit === undefined ? null : window.hit,
        scripts: document.scripts.length, bases: document.querySelectorAll('base').length,
    }";

/// What is kept of a warning list's name and description, of an override's reason and of a sighting's source, in characters.
const LONGEST_OF_LIST: usize = 1_000;
const LONGEST_REASON: usize = 1_000;
const LONGEST_SOURCE: usize = 255;

#[test]
fn five_hundred_hostile_strings_are_text_in_every_field() {
    let Some(browser) = Browser::start() else { return };
    let strings = strings();
    assert_eq!(strings.iter().collect::<BTreeSet<_>>().len(), COUNT, "no two are the same");
    let lab = hostile_lab(&strings);
    let names = add_partners(&lab, &strings);
    add_webhook(&lab);
    let node = lab.start("police");
    let site = format!("https://127.0.0.1:{}/console/", lab.api_port("police"));
    let token = std::fs::read_to_string(node.folder().join("api.token")).unwrap();
    browser.open(&site);
    browser.type_into("#token", token.trim());
    browser.click("button[type=submit]");
    browser.wait_until("return location.pathname === '/console/'");
    check(&browser, "overview");

    let overlaps = column(&browser, &format!("{site}overlaps?order=oldest"), &[".canonical", ".written"]);
    let both: Vec<_> = strings.iter().map(|text| vec![shown(text), shown(&format!("{text} "))]).collect();
    assert_texts(&overlaps, &both);
    let indicators =
        column(&browser, &format!("{site}indicators"), &[".written", "td.note", "td.note:nth-of-type(5)"]);
    let thrice: Vec<_> = strings.iter().map(|text| vec![shown(text); 3]).collect();
    assert_texts(&indicators, &thrice);
    let cases = column(&browser, &format!("{site}exchanges"), &["td.value"]);
    let newest_first: Vec<_> = strings.iter().rev().map(|text| vec![shown(text)]).collect();
    assert_texts(&cases, &newest_first);
    each_exchange(&browser, &site, &strings);
    searched(&browser, &site, &strings);
    warned(&browser, &site, &strings, &node);
    sighted(&browser, &site, &strings);
    happened(&browser, &site, &strings);
    imported(&browser, &site, &strings);
    named(&browser, &site, &names);
    browser.open(&format!("{site}overlaps?order=oldest"));
    browser.picture("hostile-overlaps");
    assert_eq!(policy_reports(&node), 0, "{:?}", browser.complaints());
}

/// The texts of a list's cells, page by page to the last.
fn column(browser: &Browser, first: &str, selectors: &[&str]) -> Vec<Value> {
    browser.open(first);
    let mut rows = Vec::new();
    loop {
        check(browser, first);
        let selectors = json!(selectors);
        let read = browser.script(&format!(
            "return [...document.querySelectorAll('table.rows tbody tr')].map((row) =>
                {selectors}.map((selector) => row.querySelector(selector)?.textContent))"
        ));
        rows.extend(read.as_array().unwrap().clone());
        let next = browser.script("return document.querySelector('a[rel=next]')?.href ?? null");
        let Some(next) = next.as_str() else { return rows };
        browser.open(next);
    }
}

#[track_caller]
fn assert_texts(found: &[Value], wanted: &[Vec<String>]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert_eq!(*found, json!(wanted));
    }
}

/// Every exchange's own page: purpose, case, the partner's sentence, and a phase's name.
fn each_exchange(browser: &Browser, site: &str, strings: &[String]) {
    for (number, text) in strings.iter().enumerate() {
        browser.open(&format!("{site}exchanges/{}", id(number)));
        check(browser, text);
        let told = browser.script(
            "const of = (name) => [...document.querySelectorAll('dt')].find((dt) => dt.textContent === name).nextElementSibling.textContent;
             return [of('Purpose'), of('Case'), document.querySelector('q').textContent, document.querySelector('.phases li:last-child bdi').textContent]",
        );
        assert_eq!(told, json!(vec![shown(text); 4]));
    }
}

/// What somebody types comes back in its field, as it was typed.
fn searched(browser: &Browser, site: &str, strings: &[String]) {
    for text in strings.iter().step_by(7).filter(|text| text.len() < 500) {
        let query: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        browser.open(&format!("{site}indicators?value={query}"));
        check(browser, text);
        // A field of one line has no line breaks (HTML, section 4.10.5.1.2).
        let typed: String = text.chars().filter(|point| !"\r\n".contains(*point)).collect();
        let expected = json!(typed.replace('\0', "\u{fffd}"));
        assert_eq!(browser.script("return document.querySelector('#value').value"), expected);
    }
}

/// Names and descriptions of warning lists; then reasons of overrides and sources of sightings, as long as the API takes them.
fn warned(browser: &Browser, site: &str, strings: &[String], node: &Node) {
    let lists = column(browser, &format!("{site}indicators/held"), &["td.note"]);
    let names = cut(strings, LONGEST_OF_LIST);
    assert_texts(&lists, &names);
    let choices = browser.script(
        "return [...document.querySelectorAll('#list option')].slice(1).map((option) => option.text)",
    );
    let collapsed = |text: &str| {
        text.split([' ', '\t', '\n', '\u{c}', '\r'])
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(choices, json!(names.iter().map(|name| collapsed(&name[0])).collect::<Vec<_>>()));
    let all = node.api("/api/v1/indicators?limit=500");
    for ((item, text), name) in all["items"].as_array().unwrap().iter().zip(strings).zip(&names) {
        let id = item["id"].as_str().unwrap();
        browser.open(&format!("{site}indicators/{id}"));
        check(browser, text);
        assert_eq!(told(browser, &["Warning list", "What it is"]), json!([name[0], name[0]]));
        let first = |most: usize| text.chars().take(most).collect::<String>();
        post(node, &format!("/api/v1/indicators/{id}/override"), &json!({ "reason": first(LONGEST_REASON) }));
        let sighting = json!({ "says": "false-positive", "source": first(LONGEST_SOURCE) });
        post(node, &format!("/api/v1/indicators/{id}/sightings"), &sighting);
    }
    let reasons = column(browser, &format!("{site}indicators/held?state=overridden"), &["td.note"]);
    assert_texts(&reasons, &cut(strings, LONGEST_REASON));
    browser.picture("hostile-overrides");
}

/// What is told under these names on a page.
fn told(browser: &Browser, names: &[&str]) -> Value {
    let told = "return arguments[0].map((name) => [...document.querySelectorAll('dt')].find((dt) => dt.textContent === name).nextElementSibling.textContent)";
    browser.script_with(told, &json!([names]))
}

fn cut(strings: &[String], most: usize) -> Vec<Vec<String>> {
    strings.iter().map(|text| vec![shown(&text.chars().take(most).collect::<String>())]).collect()
}

fn sighted(browser: &Browser, site: &str, strings: &[String]) {
    let sources = column(browser, &format!("{site}indicators/sightings"), &["td.note"]);
    let newest_first: Vec<_> = cut(strings, LONGEST_SOURCE).into_iter().rev().collect();
    assert_texts(&sources, &newest_first);
}

/// Texts of partners and of files in events.
fn happened(browser: &Browser, site: &str, strings: &[String]) {
    let refused = column(browser, &format!("{site}events?type=exchange.refused"), &["td.sentence"]);
    let found = column(browser, &format!("{site}events?type=overlap.found"), &["td.sentence"]);
    assert_eq!((refused.len(), found.len()), (strings.len(), strings.len()));
    let sentences =
        |rows: &[Value]| rows.iter().rev().map(|row| row[0].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    for ((refused, found), text) in sentences(&refused).iter().zip(sentences(&found)).zip(strings) {
        let text = shown(text);
        assert!(refused.ends_with(&format!(": {text}")), "{refused}");
        assert!(found.contains(&format!(" {text} too")), "{found}");
    }
    browser.open(&format!("{site}events"));
    browser.picture("hostile-events");
    let reasons =
        column(browser, &format!("{site}events/deliveries?webhook=soc"), &["td.value:nth-of-type(5)"]);
    // The receivers stand in a table of their own.
    let reasons: Vec<Value> = reasons.into_iter().filter(|row| !row[0].is_null()).collect();
    let once: Vec<_> = strings.iter().map(|text| vec![shown(text)]).collect();
    assert_texts(&reasons, &once);
    browser.picture("hostile-letters");
}

/// Refused rows of a file: what it says a kind is, the ids of its objects, and reasons.
fn imported(browser: &Browser, site: &str, strings: &[String]) {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let rows = strings.iter().map(|text| format!("{0},{0},{0}\n", quoted(text)));
    let csv = ["kind,value,source\n".to_owned()].into_iter().chain(rows).collect::<String>();
    let objects = strings.iter().map(|text| json!({ "type": text, "id": text, "spec_version": "2.1", "pattern_type": text, "pattern": text, "value": text, "name": text }));
    let patterns = strings.iter().map(|text| json!({ "type": "indicator", "id": text, "spec_version": "2.1", "pattern_type": "stix", "pattern": text, "name": text }));
    let bundle = json!({ "type": "bundle", "id": "bundle--0b7c1f4e-2b5e-4c7b-9a37-0d0f3a8f5a11", "objects": objects.chain(patterns).collect::<Vec<_>>() });
    for (name, text) in [("<img src=x onerror=alert(1)>.csv", csv), ("hostile.stix", bundle.to_string())] {
        import_dropped(browser, site, name, &text);
        check(browser, name);
        let refused = browser.script("return document.querySelectorAll('#import-report tbody tr').length");
        assert!(refused.as_u64().unwrap() >= strings.len() as u64, "{name}: {refused}");
        browser.picture(&format!("hostile-{}", if name.ends_with("csv") { "csv" } else { "stix" }));
    }
}

/// Partners' names, in the roster's words.
fn named(browser: &Browser, site: &str, names: &[String]) {
    browser.open(&format!("{site}partners"));
    check(browser, "partners");
    let found =
        browser.script("return [...document.querySelectorAll('h2 > bdi')].map((name) => name.textContent)");
    let expected: Vec<&str> = ["payments"].into_iter().chain(names.iter().map(String::as_str)).collect();
    assert_eq!(found, json!(expected));
    browser.picture("hostile-partners");
}

#[track_caller]
fn check(browser: &Browser, what: &str) {
    let found = browser.script(FOUND);
    for tag in found["tags"].as_array().unwrap() {
        assert!(TAGS.contains(&tag.as_str().unwrap()), "{tag} in {what}");
    }
    for field in ["links", "handlers"] {
        assert_eq!(found[field], json!([]), "{field} in {what}");
    }
    let rest = [&found["hit"], &found["scripts"], &found["bases"]];
    assert_eq!(rest, [&Value::Null, &json!(1), &json!(0)], "{what}");
}
