//! A file that is dropped on the page of indicators.

use serde_json::json;

use crate::browser::Browser;

/// Notes every text that the progress of an import shows.
const NOTE_PROGRESS: &str = "
    window.told = [];
    const say = document.querySelector('#import-progress p');
    new MutationObserver(() => window.told.push(say.textContent)).observe(say, { childList: true });";

/// Drops a file and imports it, as a person does, and waits for the report.
#[track_caller]
pub(crate) fn import_dropped(browser: &Browser, site: &str, name: &str, text: &str) {
    browser.open(&format!("{site}indicators"));
    browser.click("#importing > summary");
    browser.script("document.querySelector('.drop').addEventListener('dragover', (event) => { window.over = event.currentTarget.className; })");
    assert_eq!(
        browser.drop_file(".drop", name, text),
        json!([true, true, true]),
        "the page takes what is dropped"
    );
    assert_eq!(browser.script("return window.over"), "drop over", "where it may be dropped is seen");
    assert_eq!(browser.script("return document.querySelector('.drop').className"), "drop");
    assert_eq!(browser.script("return document.querySelector('#file').files[0].name"), json!(name));
    browser.script(NOTE_PROGRESS);
    browser.click("#import button");
    browser.wait_until("return document.querySelector('#import-report [role=status]') !== null && document.querySelector('#import-progress p').textContent === 'Done.'");
}

/// A list is dropped, its progress is shown, and so is each row that was refused.
pub(crate) fn drop_a_list(browser: &Browser, site: &str) {
    let rows: String = (0..2_000).map(|row| format!("dropped{row}.example\n")).collect();
    import_dropped(
        browser,
        site,
        "dropped.CSV",
        &format!(
            "kind,value\ndomain,{}nonsense,x\n",
            rows.replace('\n', "\ndomain,").trim_end_matches("domain,")
        ),
    );
    assert_eq!(browser.script("return document.querySelector('#import select[name=format]').value"), "csv");
    let told = |id: &str| browser.script(&format!("return document.querySelector('{id}').textContent"));
    assert_eq!((told("#accepted"), told("#refused")), (json!("2\u{202f}000"), json!("1")));
    let seen = browser.script("const bar = document.querySelector('#import-progress progress'); return [bar.checkVisibility(), bar.value === bar.max, window.told.length >= 2]");
    assert_eq!(seen, json!([true, true, true]), "{}", browser.script("return window.told"));
    let reject = browser.script(
        "return [...document.querySelector('#import-report tbody tr').cells].map((cell) => cell.textContent)",
    );
    assert_eq!((&reject[0], &reject[2]), (&json!("2\u{202f}002"), &json!("nonsense")), "{reject}");
    assert_eq!(
        browser.script("return document.activeElement.id"),
        "import-report",
        "the report has the focus"
    );
    browser.wait_until("return document.querySelectorAll('#listed tbody tr').length > 0");
    browser.picture("import-dropped");
}
