//! A whole job in a browser, against two real nodes: sign in, import a file, run an exchange and watch it, filter what it found, and
//! export it.

use std::fs;
use std::path::Path;

use overlap_tests::{Lab, Node};

use crate::PROGRAM;
use crate::browser::{Browser, wait_for};
use crate::drop::drop_a_list;
use crate::lab_config::{add_warning_lists, add_webhook};
use crate::metrics::policy_reports;

/// Indicators of each side; as many as make an exchange last long enough to be watched.
const ROWS: usize = 24_000;
/// Of which both have so many.
const SHARED: usize = 300;

/// Keys as WebDriver names them.
const TAB: char = '\u{e004}';

/// Every part of the menu.
const PAGES: [&str; 12] = [
    "",
    "overlaps",
    "indicators",
    "indicators/held",
    "indicators/sightings",
    "partners",
    "exchanges",
    "events",
    "events/deliveries",
    "receipts",
    "audit",
    "api",
];

#[test]
fn a_person_does_a_whole_job() {
    let Some(browser) = Browser::start() else { return };
    let lab = Lab::create(PROGRAM, &["police", "payments"]);
    add_warning_lists(&lab, Path::new(&lab.write("own.txt", "dropped7.example\ndropped9.example\n")));
    add_webhook(&lab);
    let nodes = [lab.start("police"), lab.start("payments")];
    let theirs = lab.write("theirs.csv", list(ROWS - SHARED));
    let _ = nodes[1].command(["import", &theirs, "--json"]).expect_code(0);
    let site = format!("https://127.0.0.1:{}/console/", lab.api_port("police"));

    sign_in(&browser, &site, &nodes[0]);
    import(&browser, &site, &lab.write("ours.csv", list(0) + "domain,not a domain\r\n<b>,x\r\n"));
    exchange(&browser, &site);
    drop_a_list(&browser, &site);
    override_and_sight(&browser, &site);
    filter_and_mark(&browser, &site);
    export(&browser, &site);
    look(&browser, &site);
    by_keyboard(&browser, &site);
    begin_nothing_new(&browser, &site);
    assert_eq!(policy_reports(&nodes[0]), 0, "{:?}", browser.complaints());
    provoke(&browser, &site, &nodes[0]);
    sign_out(&browser, &site);
}

/// A list that begins at a number: domains, and a URL for every third.
fn list(first: usize) -> String {
    let row = |number: usize| match number % 3 {
        0 => format!("url,https://n{number}.example.org/a?b=<i>\r\n"),
        _ => format!("domain,N{number}[.]example.org\r\n"),
    };
    ["kind,value\r\n".to_owned()].into_iter().chain((first..first + ROWS).map(row)).collect()
}

fn sign_in(browser: &Browser, site: &str, node: &Node) {
    browser.open(site);
    assert_eq!(browser.script("return location.pathname"), "/console/sign-in");
    browser.picture("sign-in");
    browser.type_into("#token", "ovl_wrong");
    browser.click("button[type=submit]");
    browser.wait_until("return document.querySelector('.alert') !== null");
    let token = fs::read_to_string(node.folder().join("api.token")).unwrap();
    browser.type_into("#token", token.trim());
    browser.click("button[type=submit]");
    browser.wait_until("return location.pathname === '/console/'");
    assert_eq!(browser.script("return document.cookie"), "", "no script can read the cookie");
}

fn import(browser: &Browser, site: &str, file: &str) {
    browser.open(&format!("{site}indicators"));
    browser.click("#importing > summary");
    browser.type_into("#file", file);
    browser.wait_until("return document.querySelector('#import select[name=format]').value === 'csv'");
    browser.click("#import button");
    browser.wait_until("return document.querySelector('#import-report #accepted') !== null");
    let told = |id: &str| browser.script(&format!("return document.querySelector('{id}').textContent"));
    assert_eq!(told("#accepted"), "24\u{202f}000");
    assert_eq!(told("#refused"), "2");
    assert_eq!(browser.script("return document.querySelectorAll('#import-report tbody tr').length"), 2);
    assert_eq!(browser.script("return document.querySelector('#import-progress progress').value > 0"), true);
    browser.wait_until("return document.querySelectorAll('#listed tbody tr').length === 100");
    browser.picture("import");
}

fn exchange(browser: &Browser, site: &str) {
    browser.open(&format!("{site}partners"));
    browser.type_into("#purpose-payments", "tracing <b>a sale</b>");
    browser.type_into("#case-payments", "C-17 \"quoted\"");
    browser.script("document.querySelector('#engine-payments').value = 'voprf'");
    browser.click("form[action='/console/exchanges'] button");
    browser.wait_until("return /^.console.exchanges.[0-9a-f]{32}$/.test(location.pathname)");
    // Its progress is seen to move, without the page being loaded again.
    browser.script("window.stays = true");
    browser.wait_until("return document.querySelector('#live[data-live] progress#phase')?.value > 1");
    let bytes = "return [...document.querySelectorAll('#live dt')].filter((dt) => /Sent|Received/.test(dt.textContent)).map((dt) => dt.nextElementSibling.textContent).join()";
    let first = browser.script(bytes);
    assert_ne!(first, "0 B,0 B", "bytes are told while it runs");
    browser.picture("exchange-running");
    browser.wait_until("return document.querySelector('#live:not([data-live])') !== null");
    assert_eq!(browser.script("return window.stays"), true);
    let live = browser.script("return document.querySelector('#live').textContent").to_string();
    assert!(live.contains("done") && live.contains("facets"), "{live}");
    browser.open(browser.script("return location.href").as_str().unwrap());
    let facts =
        browser.script("return document.querySelector('[aria-labelledby=facts]').textContent").to_string();
    assert!(facts.contains("tracing <b>a sale</b>") && facts.contains("C-17"), "{facts}");
    browser.picture("exchange-done");
}

/// A held indicator is let into exchanges with a reason, and taken out again; then it is sighted.
fn override_and_sight(browser: &Browser, site: &str) {
    let notice = || browser.script("return document.querySelector('.notice')?.textContent ?? ''").to_string();
    browser.open(&format!("{site}indicators/held"));
    assert_eq!(browser.script("return document.querySelectorAll('table.rows tbody tr').length"), 2);
    browser.picture("held");
    browser.click("table.rows tbody tr:first-child a");
    browser.wait_until("return document.querySelector('#reason') !== null");
    browser.type_into("#reason", "run by the <suspects>");
    browser.picture("held-indicator");
    browser.click("form[action$=override] button");
    browser.wait_until("return location.search === '?done=overridden'");
    assert!(notice().contains("overridden"), "{}", notice());
    browser.picture("overridden-indicator");
    browser.click("form[action$=hold] button");
    browser.wait_until("return location.search === '?done=held'");
    browser.click("#sightings ~ details > summary");
    browser.type_into("#source", "mail gateway");
    browser.click("form[action$=sighting] button");
    browser.wait_until("return location.search === '?done=sighted'");
    let seen = browser.script("return document.querySelector('[aria-labelledby=sightings] li').textContent");
    assert!(seen.to_string().contains("Seen by mail gateway"), "{seen}");
    browser.open(&format!("{site}events?type=exchange.completed"));
    let told = browser.script("return document.querySelector('table.rows tbody').textContent").to_string();
    assert!(told.contains("Exchange completed with payments"), "{told}");
}

fn filter_and_mark(browser: &Browser, site: &str) {
    browser.open(&format!("{site}overlaps"));
    browser.script(
        "document.querySelector('#kind').value = 'url'; document.querySelector('#seen').value = 'no'",
    );
    browser.click(".filters button");
    browser.wait_until("return location.search.includes('kind=url')");
    let rows = "[...document.querySelectorAll('table.rows tbody tr')]";
    let kinds =
        browser.script(&format!("return [...new Set({rows}.map((row) => row.cells[3].textContent))]"));
    assert_eq!(kinds, serde_json::json!(["url"]));
    let before = browser.script(&format!("return {rows}.length")).as_u64().unwrap();
    assert!(before > 50, "{before} rows");
    browser.click("table.rows tbody tr:first-child input");
    browser.click("button[value=see]");
    browser.wait_until("return document.querySelector('.notice') !== null");
    assert!(
        browser
            .script("return document.querySelector('.notice').textContent")
            .to_string()
            .contains("1 overlap")
    );
    browser.click("#all");
    browser.click("button[value=see]");
    browser.wait_until("return document.querySelector('.notice').textContent.startsWith('100 ')");
    browser.picture("overlaps");
}

fn export(browser: &Browser, site: &str) {
    browser.open(&format!("{site}overlaps?kind=domain"));
    browser.click(".exports a:first-of-type");
    let file = browser.downloads().join("overlaps.csv");
    wait_for("the download", || file.exists());
    let text = fs::read_to_string(file).unwrap();
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect();
    let shared_domains = (ROWS - SHARED..ROWS).filter(|number| number % 3 != 0).count();
    assert_eq!(rows.len(), shared_domains);
    assert!(rows.iter().all(|row| &row[1] == "payments" && &row[2] == "domain"), "{text}");
}

/// Pictures of every page as people see it, none wider than its screen.
fn look(browser: &Browser, site: &str) {
    for (name, scheme, width, dots) in [
        ("light", "light", 1_280, 1),
        ("dark", "dark", 1_280, 1),
        ("zoom-200", "light", 640, 2),
        ("320", "light", 320, 1),
    ] {
        browser.prefer(scheme);
        browser.screen(width, dots);
        for page in PAGES {
            browser.open(&format!("{site}{page}"));
            let wide = browser.script("return document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(wide <= u64::from(width), "{page} is {wide} wide on {width}");
            assert_eq!(small_targets(browser), serde_json::json!([]), "{page} at {width}");
            browser.picture(&format!(
                "{name}-{}",
                if page.is_empty() { "overview".to_owned() } else { page.replace('/', "-") }
            ));
        }
    }
    browser.prefer("light");
    browser.screen(1_280, 1);
    browser.open(site);
    assert_eq!(browser.script("return document.querySelectorAll('.chart canvas').length"), 1);
    browser.picture("overview");
}

/// Controls smaller than 24 by 24 CSS pixels (WCAG 2.2, 2.5.8); links within a sentence need not be.
fn small_targets(browser: &Browser) -> serde_json::Value {
    browser.script(
        "return [...document.querySelectorAll('button, input, select, textarea, summary, nav a, a.button')]
            .map((control) => [control, control.getBoundingClientRect()])
            .filter(([control, box]) => control.type !== 'hidden' && box.width > 0 && (box.width < 24 || box.height < 24))
            .map(([control]) => control.outerHTML)",
    )
}

/// Everything is reached with Tab, in order, and seen to be; the first stop leads past the menu.
fn by_keyboard(browser: &Browser, site: &str) {
    browser.open(&format!("{site}overlaps"));
    let mut stops = Vec::new();
    for _ in 0..29 {
        browser.press(TAB);
        let stop = browser.script(
            "const at = document.activeElement; const look = getComputedStyle(at);
             return [at.tagName + ' ' + (at.textContent || at.name).trim().slice(0, 20) + ' ' + (at.name || at.id || ''), look.outlineStyle]",
        );
        assert_ne!(stop[1], "none", "the focus is seen on {stop}");
        stops.push(stop[0].as_str().unwrap().to_owned());
    }
    assert!(stops[0].starts_with("A Skip to"), "{stops:?}");
    let place = |text: &str| {
        stops.iter().position(|stop| stop.contains(text)).unwrap_or_else(|| panic!("no {text} in {stops:?}"))
    };
    assert!(place("Overview") < place("Receipts") && place("Receipts") < place("Sign out"), "{stops:?}");
    assert!(place("Sign out") < place("peer") && place("peer") < place("BUTTON Filter"), "{stops:?}");
}

/// A partner that does not answer is told in words.
fn begin_nothing_new(browser: &Browser, site: &str) {
    browser.open(&format!("{site}exchanges/00000000000000000000000000000000"));
    assert_eq!(browser.script("return document.querySelector('h1').textContent"), "There is no such thing");
}

/// The policy is at work, and what breaks it is told: else the checks above would say nothing.
fn provoke(browser: &Browser, site: &str, node: &Node) {
    browser.open(site);
    browser.script("document.body.setAttribute('style', 'color: red')");
    browser.script("try { document.body.innerHTML = '<b>x</b>' } catch { window.stopped = true }");
    assert_eq!(browser.script("return window.stopped"), true, "text cannot become markup");
    wait_for("a report", || policy_reports(node) >= 1);
}

fn sign_out(browser: &Browser, site: &str) {
    browser.open(site);
    browser.click(".account button");
    browser.wait_until("return location.pathname === '/console/sign-in'");
    browser.open(&format!("{site}overlaps"));
    assert_eq!(browser.script("return location.pathname"), "/console/sign-in");
}
