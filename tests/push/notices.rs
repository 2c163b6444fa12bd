//! What an operator should hear of: certificates that end, partners whose standing changes, rosters of one version. Each once, at a webhook and in
//! a stream, whatever is restarted.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use overlap_tests::{Lab, Node, run};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::PROGRAM;
use crate::receiver::{Delivery, Receiver};
use crate::stream::Stream;
use crate::webhooks::write_secret;
use crate::work::{append, events, import, wait_until};

/// A lab whose member `a` has a webhook for everything but overlaps and ends of exchanges.
struct Watched {
    lab: Lab,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    _receiver: Receiver,
}

const NOTICES: &str =
    "roster.alarm,partner.suspended,partner.revoked,partner.reinstated,certificate.expiring";

impl Watched {
    fn new(members: &[&str]) -> Self {
        let lab = Lab::create(PROGRAM, members);
        let deliveries = Arc::new(Mutex::new(Vec::new()));
        let receiver = Receiver::listen(0, None, deliveries.clone(), |_| (200, String::new()));
        write_secret(&lab, "a");
        let types: Vec<String> = NOTICES.split(',').map(|name| format!("\"{name}\"")).collect();
        append(
            &lab,
            "a",
            &format!(
                "\n[[webhook]]\nname = \"soc\"\nurl = \"http://{}/\"\nsecret = \"webhook.secret\"\ntypes = [{}]\nlongest_wait = \"1s\"\n",
                receiver.address,
                types.join(", ")
            ),
        );
        Self { lab, deliveries, _receiver: receiver }
    }

    /// What came at the webhook, in short. What a reload or a crash finds under way comes again, with its id.
    fn delivered(&self) -> Vec<Value> {
        let deliveries = self.deliveries.lock().unwrap();
        assert!(deliveries.iter().all(Delivery::is_signed));
        let mut seen = HashSet::new();
        let events = deliveries.iter().flat_map(Delivery::events);
        events.filter(|event| seen.insert(event["id"].to_string())).map(|event| short(&event)).collect()
    }

    /// Waits until the webhook has this many, and checks that they are the node's and those that are expected.
    #[track_caller]
    fn expect(&self, node: &Node, expected: &[Value]) {
        wait_until("the webhook has them", || self.delivered().len() >= expected.len());
        assert_eq!(self.delivered(), expected);
        let listed: Vec<Value> = events(node).iter().filter(|event| is_notice(event)).map(short).collect();
        assert_eq!(listed, expected);
    }

    fn folder(&self, member: &str) -> PathBuf {
        self.lab.config(member).parent().unwrap().to_owned()
    }
}

fn is_notice(event: &Value) -> bool {
    NOTICES.split(',').any(|name| event["type"] == name)
}

fn short(event: &Value) -> Value {
    json!([event["type"], event["peer"], event["data"]])
}

/// What a stream of notices, from the first on, says next.
fn stream(node: &Node) -> impl FnMut() -> Value + use<> {
    let token = fs::read_to_string(node.folder().join("api.token")).unwrap();
    let path = format!("/api/v1/events?heartbeat=1&after=0000000000000000&types={NOTICES}");
    let mut stream = Stream::open(node.folder(), &token, &path, None).unwrap();
    assert_eq!(stream.status, 200);
    move || {
        let event = stream.next().unwrap();
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert!(event.id.as_deref() == data["id"].as_str() && data["type"] == *event.name);
        short(&data)
    }
}

fn exchange(node: &Node, peer: &str) {
    let _ = node.command(["exchange", peer]).expect_code(0);
}

/// Gives a member a certificate from its own authority that ends in so many days, as it says itself.
fn certify(folder: &Path, member: &str, days: i64) -> String {
    let name = |common: &str| {
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, common);
        name
    };
    let mut authority = CertificateParams::default();
    authority.distinguished_name = name(&format!("{member} authority"));
    authority.distinguished_name.push(DnType::OrganizationName, coalition(folder));
    let key = fs::read_to_string(folder.join("authority.key")).unwrap();
    let issuer = Issuer::new(authority, KeyPair::from_pem(&key).unwrap());
    let now = OffsetDateTime::now_utc();
    let mut params = CertificateParams::default();
    params.not_before = now - Duration::hours(1);
    params.not_after = (now + Duration::days(days)).replace_nanosecond(0).unwrap();
    params.distinguished_name = name(member);
    let uri = format!("spiffe://{}/member/{member}", coalition(folder));
    params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    // The key's file is there, with mode 0600.
    fs::write(folder.join("certificate.key"), key.serialize_pem()).unwrap();
    let rfc3339 = time::format_description::well_known::Rfc3339;
    params.not_after.format(&rfc3339).unwrap()
}

fn coalition(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("node.toml")).unwrap();
    let (_, after) = text.split_once("coalition = \"").unwrap();
    after.split_once('"').unwrap().0.to_owned()
}

#[test]
fn certificates_that_end_soon_are_told_of_once_each() {
    let watched = Watched::new(&["a", "b"]);
    let ends = certify(&watched.folder("b"), "b", 13);
    let (a, mut b) = (watched.lab.start("a"), watched.lab.start("b"));
    import(&watched.lab, &[&a, &b], 0, 5);
    let mut next = stream(&a);
    // A partner's is known once it was seen.
    exchange(&a, "b");
    let mut expected = vec![json!(["certificate.expiring", "b", {"own": false, "ends": ends}])];
    watched.expect(&a, &expected);
    // This node's own, taken up by a reload.
    let own = certify(&watched.folder("a"), "a", 5);
    a.signal("HUP");
    expected.push(json!(["certificate.expiring", null, {"own": true, "ends": own}]));
    watched.expect(&a, &expected);
    assert_eq!([next(), next()], expected[..]);
    assert!(a.log().contains("reloaded"));
    // Neither a crash nor another look at the same certificates tells them again.
    a.kill();
    let a = watched.lab.start("a");
    exchange(&b, "a");
    // A renewed one is not told of, and one that was renewed for too short a time is.
    certify(&watched.folder("a"), "a", 700);
    a.signal("HUP");
    a.wait_for_log("reloaded");
    b.kill();
    let ends = certify(&watched.folder("b"), "b", 2);
    b = watched.lab.start("b");
    exchange(&b, "a");
    expected.push(json!(["certificate.expiring", "b", {"own": false, "ends": ends}]));
    watched.expect(&a, &expected);
    let mut next = stream(&a);
    assert_eq!([next(), next(), next()], expected[..]);
}

/// A desk of the secretariat's, and what it does.
struct Desk(PathBuf);

impl Desk {
    fn does(&self, args: &[&str]) {
        let args = [&["roster", args[0], "--dir", self.0.to_str().unwrap()], &args[1..]].concat();
        let _ = run(PROGRAM, Path::new("/"), args).expect_code(0);
        let file = |name: &str| self.0.join(name).to_str().unwrap().to_owned();
        let (roster, first, second) = (file("roster.pb"), file("key-1.key"), file("key-2.key"));
        let sign = ["roster", "sign", &roster, "--key", &first, "--key", &second];
        let _ = run(PROGRAM, Path::new("/"), sign).expect_code(0);
    }

    /// Puts its roster where a node has its own.
    fn hand_to(&self, folder: &Path) {
        fs::copy(self.0.join("roster.pb"), folder.join("roster.pb")).unwrap();
    }

    /// Another desk with the same keys and the same roster.
    fn copy(&self, to: PathBuf) -> Desk {
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(&self.0).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        Desk(to)
    }
}

#[test]
fn changes_of_the_roster_are_told_once_each_and_so_is_its_alarm() {
    let watched = Watched::new(&["a", "b", "c"]);
    let desk = Desk(watched.lab.folder().join("lab/secretariat"));
    let folder = watched.folder("a");
    let mut a = watched.lab.start("a");
    let mut next = stream(&a);
    let mut expected = Vec::new();
    for (change, peer, event) in [
        (vec!["suspend", "b"], "b", "partner.suspended"),
        (vec!["suspend", "c"], "c", "partner.suspended"),
        (vec!["suspend", "b", "--lift"], "b", "partner.reinstated"),
        (vec!["suspend", "c", "--revoke"], "c", "partner.revoked"),
    ] {
        desk.does(&change);
        desk.hand_to(&folder);
        a.signal("HUP");
        expected.push(json!([event, peer, {}]));
        watched.expect(&a, &expected);
        assert_eq!(next(), expected[expected.len() - 1]);
    }
    // Two desks sign a next version each.
    let other = desk.copy(watched.lab.folder().join("lab/other"));
    desk.does(&["rotate"]);
    other.does(&["suspend", "b"]);
    let version = 2 + expected.len();
    desk.hand_to(&folder);
    a.signal("HUP");
    wait_until("it is taken", || a.api("/api/v1/status")["roster_version"] == version);
    other.hand_to(&folder);
    expected.push(json!(["roster.alarm", null, {"version": version}]));
    for times in 1..3 {
        a.signal("HUP");
        wait_until("it is refused", || a.log().matches("but not the roster").count() == times);
        watched.expect(&a, &expected);
    }
    assert_eq!(next(), expected[expected.len() - 1]);
    a.kill();
    // With the other roster in its place the node does not start; with its own it does, and meets the other again.
    let refused = run(PROGRAM, &folder, ["run", "--config", "node.toml"]).expect_code(1);
    assert!(refused.stderr.contains("two different rosters"), "{}", refused.stderr);
    desk.hand_to(&folder);
    a = watched.lab.start("a");
    other.hand_to(&folder);
    a.signal("HUP");
    wait_until("it is refused again", || a.log().matches("but not the roster").count() == 3);
    // What comes next comes after whatever would have been told again.
    desk.does(&["suspend", "b"]);
    desk.hand_to(&folder);
    a.signal("HUP");
    expected.push(json!(["partner.suspended", "b", {}]));
    watched.expect(&a, &expected);
    thread::sleep(std::time::Duration::from_secs(3));
    watched.expect(&a, &expected);
}
