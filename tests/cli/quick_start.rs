//! The manual's job in `curl`, to the letter.

use std::path::Path;
use std::process::Command;

use overlap_tests::Lab;
use serde_json::Value;

use crate::PROGRAM;

/// What the partner holds too.
const SHARED: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

#[test]
fn the_manuals_commands_do_what_it_says() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("passed over: there is no curl");
        return;
    }
    let lab = Lab::create(PROGRAM, &["police", "payments"]);
    let (police, payments) = (lab.start("police"), lab.start("payments"));
    let _ = payments.command(["import", &lab.write("list.txt", SHARED)]).expect_code(0);
    let folder = police.folder().parent().unwrap();
    let output =
        Command::new("bash").args(["-euo", "pipefail", "-c", &script()]).current_dir(folder).output();
    let output = output.unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let answers = serde_json::Deserializer::from_str(&told).into_iter::<Value>();
    let answers: Vec<Value> = answers.map(Result::unwrap).collect();
    let [status, import, exchange, overlaps, receipt, query, events, token, problem] = &answers[..] else {
        panic!("{} answers:\n{told}", answers.len());
    };
    assert_eq!(status["member"], "police");
    assert_eq!((&import["accepted"], &import["rejected"]), (&2.into(), &Value::Array(Vec::new())));
    assert_eq!((&exchange["state"], &exchange["matches"]), (&"completed".into(), &1.into()));
    assert_eq!(overlaps["items"][0]["value"], SHARED);
    assert_eq!(receipt["exchange"], exchange["exchange"]);
    assert_eq!(query["items"][0]["canonical"], "https://shop.example/a");
    assert_eq!(query["items"][1]["overlaps"][0]["peer"], "payments");
    assert_eq!(events["items"][0]["type"], "overlap.found");
    assert!(token["token"].as_str().unwrap().starts_with("ovl_"));
    assert_eq!(problem["type"], "urn:overlapd:problem:bad-query");
}

/// All that stands in the chapter as commands of a shell.
fn script() -> String {
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("manual/curl.md");
    let chapter = std::fs::read_to_string(chapter).unwrap();
    let fences = chapter.split("```sh\n").skip(1).map(|after| after.split("```").next().unwrap());
    fences.collect()
}
