//! A browser with a fresh profile, and its driver; both end when this is dropped.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::webdriver::{Session, is_ready};

/// Debian's browser and driver.
const BROWSER: &str = "/usr/bin/chromium";
const DRIVER: &str = "/usr/bin/chromedriver";

/// Says that a test without a browser must fail.
const NEEDED: &str = "OVERLAPD_BROWSER";

/// How long something may take to be there; a loaded machine needs some of it.
const PATIENCE: Duration = Duration::from_secs(90);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// The browser talks to nobody but the node, keeps nothing, and has no sandbox, which it cannot have as root.
const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
];

/// A browser.
pub(crate) struct Browser {
    session: Session,
    driver: Child,
    folder: TempDir,
}

impl Browser {
    /// Starts one; `None`, and a line that says so, where there is none.
    ///
    /// # Panics
    /// There is none and the environment says that one is needed.
    #[expect(clippy::print_stdout, reason = "a test that passes over what it is for has to say so")]
    pub(crate) fn start() -> Option<Self> {
        if !Path::new(BROWSER).exists() || !Path::new(DRIVER).exists() {
            assert!(
                std::env::var_os(NEEDED).is_none(),
                "{NEEDED} is set, and there is no {BROWSER} with its driver"
            );
            println!("passed over: there is no {BROWSER} with its driver");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("overlapd-browser-").tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new(DRIVER)
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for("the driver", || is_ready(port));
        let session = Session::begin(port, &capabilities(folder.path()));
        Some(Self { session, driver, folder })
    }

    /// Where downloads go.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    /// Opens a page and waits until it is loaded.
    #[track_caller]
    pub(crate) fn open(&self, url: &str) {
        self.session.run("POST", "/url", &json!({ "url": url }));
    }

    /// Runs a function's body in the page.
    #[track_caller]
    pub(crate) fn script(&self, body: &str) -> Value {
        self.script_with(body, &json!([]))
    }

    /// The same with arguments, which the function finds in `arguments`.
    #[track_caller]
    pub(crate) fn script_with(&self, body: &str, arguments: &Value) -> Value {
        self.session.run("POST", "/execute/sync", &json!({ "script": body, "args": arguments }))
    }

    /// Drags a file of this name and text over what a CSS selector names, and drops it there. WebDriver has no files to drag, so the browser's own
    /// events are dispatched, with a file that is made in the page. Says whether the page took each, and so kept the browser from opening the file.
    #[track_caller]
    pub(crate) fn drop_file(&self, selector: &str, name: &str, text: &str) -> Value {
        const DROP: &str = "
            const [selector, name, text] = arguments;
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], name));
            const event = (type) => new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer });
            const place = document.querySelector(selector);
            return ['dragenter', 'dragover', 'drop'].map((type) => !place.dispatchEvent(event(type)));";
        self.script_with(DROP, &json!([selector, name, text]))
    }

    /// Waits until a script gives true.
    #[track_caller]
    pub(crate) fn wait_until(&self, body: &str) {
        wait_for(body, || self.script(body) == true);
    }

    /// Clicks on what a CSS selector names, as a person does.
    #[track_caller]
    pub(crate) fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.session.run("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// Types into what a CSS selector names.
    #[track_caller]
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.session.run("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Presses a key, as WebDriver names it.
    #[track_caller]
    pub(crate) fn press(&self, key: char) {
        let strokes = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let actions = json!({ "actions": [{ "type": "key", "id": "keys", "actions": strokes }] });
        self.session.run("POST", "/actions", &actions);
    }

    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let named = json!({ "using": "css selector", "value": selector });
        let found = self.session.run("POST", "/element", &named);
        found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    /// Shows pages as on a screen of this width in CSS pixels, each of so many dots.
    #[track_caller]
    pub(crate) fn screen(&self, width: u32, dots: u32) {
        let height = 900 / dots;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": dots, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        // A picture of the whole page has no place for the bar.
        self.devtools("Emulation.setScrollbarsHidden", &json!({ "hidden": true }));
    }

    /// Prefers a colour scheme, `light` or `dark`.
    #[track_caller]
    pub(crate) fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    #[track_caller]
    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.session.run("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// Keeps a picture of the whole page under `target/tmp/console`.
    #[track_caller]
    pub(crate) fn picture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console");
        std::fs::create_dir_all(&folder).unwrap();
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let taken = self.devtools("Page.captureScreenshot", &whole);
        let bytes = data_encoding::BASE64.decode(taken["data"].as_str().unwrap().as_bytes()).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// What the page wrote to the console of the browser, such as that a policy was broken.
    #[track_caller]
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.session.run("POST", "/se/log", &json!({ "type": "browser" }));
        let lines = log.as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap().to_owned());
        lines.collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session.end();
        // It may have ended already.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn capabilities(folder: &Path) -> Value {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let arguments: Vec<String> =
        ARGUMENTS.iter().map(|argument| (*argument).to_owned()).chain([profile]).collect();
    json!({
        "acceptInsecureCerts": true,
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": {
            "binary": BROWSER,
            "args": arguments,
            "prefs": { "download.default_directory": folder.join("downloads"), "download.prompt_for_download": false },
        },
    })
}

/// Waits until something holds.
///
/// # Panics
/// It never does.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for: {what}");
        sleep(ASK_EVERY);
    }
}
