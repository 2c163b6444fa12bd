//! Whatever a partner or a file wrote is text, in a real browser.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::hostile_store::{hostile_lab, id};
use crate::hostile_strings::{COUNT, shown, strings};
use crate::metrics::policy_reports;

/// What the pages themselves are made of. Anything else came from a string.
const TAGS: [&str; 47] = [
    "A", "BDI", "BODY", "BUTTON", "CAPTION", "CODE", "DD", "DETAILS", "DIV", "DL", "DT", "FOOTER", "FORM",
    "H1", "H2", "H3", "HEAD", "HEADER", "HTML", "INPUT", "LABEL", "LI", "LINK", "MAIN", "META", "NAV",
    "NOSCRIPT", "OPTION", "P", "PROGRESS", "Q", "SCRIPT", "SECTION", "SELECT", "SPAN", "STRONG", "SUMMARY",
    "TABLE", "TBODY", "TD", "TEXTAREA", "TH", "THEAD", "TIME", "TITLE", "TR", "UL",
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

#[test]
fn five_hundred_hostile_strings_are_text_in_every_field() {
    let Some(browser) = Browser::start() else { return };
    let strings = strings();
    assert_eq!(strings.iter().collect::<BTreeSet<_>>().len(), COUNT, "no two are the same");
    let lab = hostile_lab(&strings);
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
