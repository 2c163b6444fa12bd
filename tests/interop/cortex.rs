//! The analyser for Cortex in `deploy/cortex`, run as Cortex runs one.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::environment::is_needed;
use crate::pair::Pair;

/// A job of the analyser, and the folder in which it is.
struct Job<'a> {
    pair: &'a Pair,
    folder: PathBuf,
}

impl Job<'_> {
    /// Runs the analyser on an input; its exit code and its report.
    fn run(&self, input: &Value) -> (i32, Value) {
        let _ = std::fs::remove_dir_all(&self.folder);
        std::fs::create_dir_all(self.folder.join("input")).unwrap();
        std::fs::write(self.folder.join("input/input.json"), input.to_string()).unwrap();
        let analysers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/cortex");
        let descriptor = std::fs::read_to_string(analysers.join("Overlapd/Overlapd.json")).unwrap();
        let descriptor: Value = serde_json::from_str(&descriptor).unwrap();
        let command = descriptor["command"].as_str().unwrap();
        let ended = Command::new(analysers.join(command))
            .arg(&self.folder)
            .current_dir(&analysers)
            .env("REQUESTS_CA_BUNDLE", &self.pair.https.certificate)
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .output()
            .unwrap();
        let report = std::fs::read_to_string(self.folder.join("output/output.json"));
        let report = report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ended.stderr)));
        (ended.status.code().unwrap(), serde_json::from_str(&report).unwrap())
    }

    fn input(&self, data_type: &str, data: &str) -> Value {
        let config = json!({
            "url": self.pair.https.url("/misp/"), "api_key": self.pair.token(), "check_tlp": true, "max_tlp": 2,
            "check_pap": true, "max_pap": 2
        });
        json!({"dataType": data_type, "data": data, "tlp": 2, "pap": 2, "message": "", "parameters": {}, "config": config})
    }
}

/// Whether there is an interpreter; a line that says so where there is none.
#[expect(clippy::print_stdout, reason = "a test that passes over what it is for has to say so")]
fn has_python() -> bool {
    let has = Command::new("python3").arg("--version").output().is_ok();
    if !has {
        assert!(!is_needed(), "there is no python3");
        println!("passed over, there is no python3");
    }
    has
}

#[test]
fn the_analyser_tells_who_holds_an_observable_too() {
    if !has_python() {
        return;
    }
    let pair = Pair::start();
    let job = Job { pair: &pair, folder: pair.lab.folder().join("job") };
    for (data_type, data) in [
        ("domain", "bücher[.]example"),
        ("ip", "192.0.2.7"),
        ("hash", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"),
        ("mail", "o'neil@Example.org"),
        ("other", "btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ] {
        let (code, report) = job.run(&job.input(data_type, data));
        assert_eq!((code, &report["success"]), (0, &json!(true)), "{report}");
        let taxonomy = &report["summary"]["taxonomies"][0];
        assert_eq!((&taxonomy["value"], &taxonomy["level"]), (&json!("1 member"), &json!("suspicious")));
        assert_eq!(report["full"]["members"], json!(["b"]));
        assert_eq!(report["full"]["overlaps"][0]["member"], "b");
    }
    let (code, report) = job.run(&job.input("domain", "nobody.example"));
    assert_eq!((code, &report["full"]["held"]), (0, &json!(false)), "{report}");
}

#[test]
fn no_redirect_takes_the_token_along() {
    if !has_python() {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for module in ["cortex/Overlapd/overlapd.py", "misp-modules/expansion/overlapd.py"] {
        let script = root.join("tests/interop/clients/redirected.py");
        let ended =
            Command::new("python3").arg(script).arg(root.join("deploy").join(module)).output().unwrap();
        assert!(ended.status.success(), "{module}: {}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(String::from_utf8_lossy(&ended.stdout), "303, and nothing came after it\n", "{module}");
    }
}

#[test]
fn the_analyser_refuses_what_is_marked_too_narrowly_and_tells_no_secret() {
    if !has_python() {
        return;
    }
    let pair = Pair::start();
    let job = Job { pair: &pair, folder: pair.lab.folder().join("job") };
    let with = |members: Value| {
        let mut input = job.input("domain", "nobody.example");
        for (name, value) in members.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    let mut wrong = job.input("domain", "nobody.example");
    wrong["config"]["api_key"] = json!("ovl_wrong");
    for (input, says) in [
        (with(json!({"tlp": 3})), "TLP is higher than allowed"),
        (with(json!({"pap": 3})), "PAP is higher than allowed"),
        (with(json!({"tlp": "red"})), "TLP is no number"),
        (with(json!({"data": ""})), "no data"),
        (with(json!({"config": {"url": "http://127.0.0.1/misp/", "api_key": "k"}})), "begins with https://"),
        (wrong, "status 401"),
    ] {
        let (code, report) = job.run(&input);
        assert_eq!((code, &report["success"]), (1, &json!(false)), "{report}");
        assert!(report["errorMessage"].as_str().unwrap().contains(says), "{report}");
        assert_eq!(report["input"]["config"]["api_key"], "REMOVED");
        assert!(!report.to_string().contains(&pair.token()));
    }
}

/// The templates of TheHive are AngularJS: what an observable or a node says is text there, and nothing is evaluated or rendered as HTML.
#[test]
fn the_templates_render_text_and_nothing_else() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/cortex/thehive-templates/Overlapd_1_0");
    for name in ["short.html", "long.html"] {
        let template = std::fs::read_to_string(folder.join(name)).unwrap();
        for never in [
            "{{",
            "ng-bind-html",
            "trustAsHtml",
            "ng-href",
            "ng-src",
            "href=",
            "src=",
            "<script",
            "ng-include",
        ] {
            assert!(!template.contains(never), "{never} in {name}");
        }
        assert!(template.contains("ng-bind="));
    }
}
