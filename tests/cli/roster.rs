//! A coalition made by hand: `roster new`, `init`, `roster add`, `sign`, `import`; then a member is suspended.

use std::fs;
use std::path::Path;

use overlap_tests::{Lab, Node, Outcome, run};

use crate::PROGRAM;

fn at(folder: &Path, line: &str) -> Outcome {
    run(PROGRAM, folder, line.split(' '))
}

fn done(folder: &Path, line: &str) -> Outcome {
    at(folder, line).expect_code(0)
}

#[test]
fn members_join_by_description_and_signature() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    done(folder, "roster new --dir desk --coalition c.example --keys 3 --threshold 2");
    for member in ["a", "b"] {
        done(
            folder,
            &format!("init --dir {member} --member {member} --coalition c.example --listen 127.0.0.1:0"),
        );
        done(folder, &format!("roster add --dir desk {member}/member.toml"));
    }
    let _ = at(folder, "roster verify desk/roster.pb").expect_code(1);
    done(folder, "roster sign desk/roster.pb --key desk/key-1.key");
    let _ = at(folder, "roster verify desk/roster.pb").expect_code(1);
    done(folder, "roster sign desk/roster.pb --key desk/key-3.key");
    done(folder, "roster verify desk/roster.pb");
    let shown = done(folder, "roster show desk/roster.pb --json").json();
    assert_eq!((shown["version"].as_u64(), shown["signatures"].as_u64()), (Some(1), Some(2)));
    let keys: Vec<_> = shown["secretariat"].as_array().unwrap().iter().map(ToString::to_string).collect();
    let config = folder.join("a/node.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("secretariat = []", &format!("secretariat = [{}]", keys.join(", "))))
        .unwrap();
    done(folder, "roster import desk/roster.pb --config a/node.toml");
    done(folder, "config check --config a/node.toml");
    let node = Node::start(PROGRAM, &config);
    let status = node.command(["status", "--json"]).expect_code(0).json();
    assert_eq!((&status["member"], &status["roster_version"]), (&"a".into(), &1.into()));
}

#[test]
fn a_roster_lasts_a_day_at_least() {
    let folder = tempfile::tempdir().unwrap();
    for days in ["0", "3651"] {
        let refused =
            at(folder.path(), &format!("roster new --dir desk --coalition c.example --days {days}"));
        assert!(refused.expect_code(2).stderr.contains("1..=3650"));
    }
    done(folder.path(), "roster new --dir desk --coalition c.example --days 1");
}

#[test]
fn a_suspended_member_is_refused_by_those_who_have_the_new_roster() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let (a, b) = (lab.start("a"), lab.start("b"));
    let _ = a.command(["exchange", "b"]).expect_code(0);
    let folder = lab.folder();
    done(folder, "roster suspend --dir lab/secretariat b");
    let unsigned = at(folder, "roster import lab/secretariat/roster.pb --config lab/a/node.toml");
    assert!(unsigned.expect_code(1).stderr.contains("good signatures"));
    fs::copy(folder.join("lab/secretariat/roster.pb"), folder.join("lab/a/roster.pb")).unwrap();
    a.signal("HUP");
    a.wait_for_log("but not the roster");
    let _ = a.command(["exchange", "b"]).expect_code(0);
    done(
        folder,
        "roster sign lab/secretariat/roster.pb --key lab/secretariat/key-2.key --key lab/secretariat/key-3.key",
    );
    done(folder, "roster import lab/secretariat/roster.pb --config lab/a/node.toml");
    a.signal("HUP");
    a.wait_for_log("took a newer roster");
    assert_ne!(a.command(["exchange", "b"]).code, 0);
    assert_ne!(b.command(["exchange", "a"]).code, 0);
}

#[test]
fn a_receipt_is_verified_by_the_secretariats_roster_only() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let (a, b) = (lab.start("a"), lab.start("b"));
    let _ = a.command(["exchange", "b"]).expect_code(0);
    let receipt = lab.write("receipt.json", b.command(["receipts", "--json"]).stdout);
    let verify = || a.command(["receipts", "verify", &receipt]);
    let _ = verify().expect_code(0);
    done(lab.folder(), "roster suspend --dir lab/secretariat b");
    let (unsigned, file) = (lab.folder().join("lab/secretariat/roster.pb"), a.folder().join("roster.pb"));
    fs::copy(unsigned, file).unwrap();
    let refused = verify().expect_code(1);
    assert!(refused.stderr.contains("roster.pb is not to be trusted"), "{}", refused.stderr);
}

#[test]
fn a_new_salt_is_taken_up_without_a_restart_and_finds_the_same() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let list = lab.write("list.txt", "192.0.2.1\n192.0.2.2\n");
    let (a, b) = (lab.start("a"), lab.start("b"));
    for node in [&a, &b] {
        let _ = node.command(["import", &list]).expect_code(0);
    }
    rotate(lab.folder());
    done(lab.folder(), "roster import lab/secretariat/roster.pb --config lab/a/node.toml");
    a.signal("HUP");
    a.wait_for_log(SALT_TAKEN);
    // The hello hands the newer roster to b, which refuses until it has taken the salt too.
    let first = a.command(["exchange", "b"]);
    assert!(first.code == 0 || first.code == 3 && first.stderr.contains("salt-epoch"), "{}", first.stderr);
    b.wait_for_log(SALT_TAKEN);
    b.wait_for_log("wrote a newer roster to its file");
    assert_eq!(a.command(["exchange", "b", "--json"]).expect_code(0).json()["matches"], 2);
    b.kill();
    let b = lab.start("b");
    assert_eq!(b.command(["status", "--json"]).json()["salt_epoch"], 2);
    assert_eq!(b.command(["exchange", "a", "--json"]).expect_code(0).json()["matches"], 2);
}

const SALT_TAKEN: &str = "exchanges go on under the new salt";

fn rotate(folder: &Path) {
    done(folder, "roster rotate --dir lab/secretariat");
    done(
        folder,
        "roster sign lab/secretariat/roster.pb --key lab/secretariat/key-1.key --key lab/secretariat/key-3.key",
    );
}

#[test]
fn a_draft_in_the_rosters_place_leaves_the_digests_as_they_are() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let folder = node.folder().to_owned();
    assert!(node.stop().success());
    done(lab.folder(), "roster rotate --dir lab/secretariat");
    fs::copy(lab.folder().join("lab/secretariat/roster.pb"), folder.join("roster.pb")).unwrap();
    let refused = run(PROGRAM, &folder, ["run", "--config", "node.toml"]).expect_code(1);
    assert!(refused.stderr.contains("good signatures"), "{}", refused.stderr);
    let epochs = |epoch: u32| folder.join(format!("store/digests.{epoch}")).exists();
    assert!(epochs(1) && !epochs(2));
}
