//! Partners whose names try to be more than text. A roster takes what can be printed, of up to 128 bytes.

use std::fs;

use overlap_tests::{Lab, run};

use crate::PROGRAM;
use crate::hostile_strings::shown;

/// Partners with such a name.
const COUNT: usize = 12;

/// The longest name that a roster takes, in bytes.
const LONGEST: usize = 128;

/// Adds members with hostile names to the lab's roster, and makes them partners of `police`. Returns the names, in the order of the config.
pub(crate) fn add_partners(lab: &Lab, strings: &[String]) -> Vec<String> {
    let can_be_name = |text: &&String| text.len() <= LONGEST && shown(text) == **text;
    let names: Vec<String> = strings.iter().filter(can_be_name).step_by(3).take(COUNT).cloned().collect();
    assert_eq!(names.len(), COUNT);
    let config = lab.config("police");
    let text = fs::read_to_string(&config).unwrap();
    let (_, partner) = text.split_once("[[partner]]").unwrap();
    let ids = (0..COUNT).map(|number| format!("x{number}"));
    let partners = ids.zip(&names).map(|(id, name)| {
        add_member(lab, &id, name);
        format!("[[partner]]{}", partner.replace("\"payments\"", &format!("{id:?}")))
    });
    let partners = partners.collect::<String>();
    fs::write(&config, format!("{text}\n{partners}")).unwrap();
    for key in 1..=2 {
        at_desk(
            lab,
            &["sign", "lab/secretariat/roster.pb", "--key", &format!("lab/secretariat/key-{key}.key")],
        );
    }
    fs::copy(lab.folder().join("lab/secretariat/roster.pb"), config.with_file_name("roster.pb")).unwrap();
    names
}

fn add_member(lab: &Lab, id: &str, name: &str) {
    let args = ["init", "--dir", id, "--member", id, "--coalition", "lab.example", "--listen", "127.0.0.1:0"];
    let _ = run(PROGRAM, lab.folder(), args).expect_code(0);
    let file = lab.folder().join(id).join("member.toml");
    let text = fs::read_to_string(&file).unwrap();
    // What can be printed is written alike in JSON and in TOML.
    let name = serde_json::to_string(name).unwrap();
    fs::write(&file, text.replacen(&format!("name = {id:?}"), &format!("name = {name}"), 1)).unwrap();
    at_desk(lab, &["add", "--dir", "lab/secretariat", &format!("{id}/member.toml")]);
}

fn at_desk(lab: &Lab, args: &[&str]) {
    let _ = run(PROGRAM, lab.folder(), ["roster"].iter().chain(args)).expect_code(0);
}
