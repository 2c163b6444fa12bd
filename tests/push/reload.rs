//! SIGHUP while events wait: webhooks that are added, changed and removed, and configs that are wrong.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use overlap_tests::{Lab, Node};
use ring::hmac;
use serde_json::Value;

use crate::PROGRAM;
use crate::receiver::{Delivery, Receiver};
use crate::webhooks::{free_port, write_secret};
use crate::work::{events, ids, import, wait_until};

type Deliveries = Arc<Mutex<Vec<Delivery>>>;

/// A node whose config the test writes, and which it tells to read it again.
struct Reloaded<'a> {
    lab: &'a Lab,
    node: &'a Node,
    /// The config without sinks.
    base: String,
}

impl<'a> Reloaded<'a> {
    fn new(lab: &'a Lab, node: &'a Node) -> Self {
        Self { lab, node, base: std::fs::read_to_string(lab.config("a")).unwrap() }
    }

    fn write(&self, sinks: &str) {
        std::fs::write(self.lab.config("a"), format!("{}{sinks}", self.base)).unwrap();
    }

    /// Reloads, and waits until the log says the `times`th time that it went so; the line.
    fn reload(&self, says: &str, times: usize) -> String {
        self.node.signal("HUP");
        let nth =
            || self.node.log().lines().filter(|line| line.contains(says)).nth(times - 1).map(str::to_owned);
        wait_until(says, || nth().is_some());
        nth().unwrap()
    }

    /// The webhooks that run.
    fn sinks(&self) -> Vec<Value> {
        self.node.api("/api/v1/webhooks")["items"].as_array().unwrap().clone()
    }

    /// Their names.
    fn names(&self) -> Vec<String> {
        self.sinks().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }
}

const RELOADED: &str = "\"message\":\"reloaded\"";
const NOTHING: &str = "nothing was reloaded: what was in force stays";

fn webhook(name: &str, port: u16, more: &str) -> String {
    format!(
        "\n[[webhook]]\nname = \"{name}\"\nurl = \"http://127.0.0.1:{port}/{name}\"\nsecret = \"webhook.secret\"\nbatch = 25\nlongest_wait = \"1s\"\n{more}"
    )
}

fn listen(port: u16, deliveries: &Deliveries) -> Receiver {
    Receiver::listen(port, None, deliveries.clone(), |_| (200, String::new()))
}

/// The ids that came by a path, each where it came first.
fn order(deliveries: &Deliveries, path: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let deliveries = deliveries.lock().unwrap();
    let came = deliveries.iter().filter(|delivery| delivery.path == path);
    came.flat_map(|delivery| ids(&delivery.events())).filter(|id| seen.insert(id.clone())).collect()
}

fn exchange(node: &Node, peer: &str) {
    let _ = node.command(["exchange", peer]).expect_code(0);
}

#[test]
fn webhooks_come_change_and_go_while_events_wait_and_none_is_lost() {
    let lab = Lab::create(PROGRAM, &["a", "b", "c"]);
    write_secret(&lab, "a");
    let (a, b, c) = (lab.start("a"), lab.start("b"), lab.start("c"));
    let config = Reloaded::new(&lab, &a);
    let (down, up) = (free_port(), free_port());
    let deliveries = Deliveries::default();
    // Added, with a receiver that is down.
    config.write(&webhook("first", down, ""));
    let _ = config.reload(RELOADED, 1);
    import(&lab, &[&a, &b, &c], 0, 60);
    exchange(&a, "b");
    exchange(&c, "a");
    // One more is added that wants all there is, and one that wants what is to come.
    let _receiver = listen(up, &deliveries);
    let second = webhook("second", up, "from = \"start\"\n");
    config.write(&format!("{}{second}{}", webhook("first", down, ""), webhook("third", up, "")));
    let _ = config.reload(RELOADED, 2);
    let before = ids(&events(&a));
    wait_until("the second has all", || order(&deliveries, "/second") == before);
    // What is under way at a reload would come again.
    wait_until("the second's are noted", || config.sinks()[1]["behind"] == 0);
    assert_eq!(config.names(), ["first", "second", "third"]);
    assert_eq!(order(&deliveries, "/third"), Vec::<String>::new());
    // The first is changed: what waits for it goes where it points now. The second is removed.
    config.write(&format!("{}{}", webhook("first", up, ""), webhook("third", up, "")));
    let _ = config.reload(RELOADED, 3);
    import(&lab, &[&a, &b], 60, 100);
    exchange(&b, "a");
    let all = ids(&events(&a));
    wait_until("the first has all", || order(&deliveries, "/first").len() == all.len());
    wait_until("the third has the rest", || order(&deliveries, "/third").len() == all.len() - before.len());
    assert_eq!(order(&deliveries, "/first"), all, "in order, each of them");
    assert_eq!(order(&deliveries, "/third"), all[before.len()..]);
    assert_eq!(order(&deliveries, "/second"), before, "it is removed");
    assert_eq!(config.names(), ["first", "third"]);
    assert!(behind(&a, "webhook/second").ends_with(" 0"), "{}", behind(&a, "webhook/second"));
    // Under its name it goes on where it was.
    config.write(&second);
    let _ = config.reload(RELOADED, 4);
    wait_until("the second has the rest", || order(&deliveries, "/second").len() == all.len());
    let of_second = deliveries.lock().unwrap().iter().filter(|one| one.path == "/second").cloned().collect();
    let all_of_second = ids_of(of_second);
    assert_eq!(all_of_second, all, "in order, each once");
}

fn ids_of(deliveries: Vec<Delivery>) -> Vec<String> {
    deliveries.iter().flat_map(|delivery| ids(&delivery.events())).collect()
}

/// The line of the metrics that says how much waits for a sink.
fn behind(node: &Node, sink: &str) -> String {
    let (status, text) = node.call("GET", "/metrics");
    assert_eq!(status, 200);
    let line =
        text.lines().find(|line| line.starts_with(&format!("overlapd_sink_behind{{sink=\"{sink}\"}}")));
    line.unwrap_or_else(|| panic!("not measured: {sink}\n{text}")).to_owned()
}

#[test]
fn reloads_in_the_middle_of_deliveries_keep_the_order() {
    let lab = Lab::create(PROGRAM, &["a", "b", "c"]);
    write_secret(&lab, "a");
    let (a, b, c) = (lab.start("a"), lab.start("b"), lab.start("c"));
    let config = Reloaded::new(&lab, &a);
    let deliveries = Deliveries::default();
    // Slow, so that a reload mostly finds a request that is not answered yet.
    let receiver = Receiver::listen(0, None, deliveries.clone(), |_| {
        thread::sleep(Duration::from_millis(40));
        (200, String::new())
    });
    import(&lab, &[&a, &b, &c], 0, 300);
    exchange(&a, "b");
    let port = receiver.address.port();
    for times in 1..9 {
        config.write(&webhook("soc", port, &format!("from = \"start\"\ntries = {times}\n")));
        let _ = config.reload(RELOADED, times);
        if times == 4 {
            exchange(&a, "c");
        }
    }
    let all = ids(&events(&a));
    assert!(all.len() > 600, "{}", all.len());
    wait_until("all arrive", || order(&deliveries, "/soc").len() == all.len());
    assert_eq!(order(&deliveries, "/soc"), all);
}

#[test]
fn a_config_that_is_wrong_is_refused_whole_and_the_old_one_stays() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    write_secret(&lab, "a");
    let (a, b) = (lab.start("a"), lab.start("b"));
    let config = Reloaded::new(&lab, &a);
    let deliveries = Deliveries::default();
    let receiver = listen(0, &deliveries);
    let port = receiver.address.port();
    config.write(&webhook("first", port, ""));
    let _ = config.reload(RELOADED, 1);
    let other = webhook("other", port, "from = \"start\"\n");
    let no_secret = webhook("third", port, "").replace("webhook.secret", "nowhere.secret");
    let wrong = [
        (format!("{other}{}", webhook("third", port, "tris = 1\n")), "did you mean `tries`?"),
        (format!("{other}{no_secret}"), "nowhere.secret"),
        (format!("{other}{}", webhook("third", port, "ca = \"webhook.secret\"\n")), "no certificates in PEM"),
        (format!("{other}{other}"), "named twice"),
        (
            format!(
                "{other}\n[[syslog]]\nname = \"siem\"\ntransport = \"pigeon\"\naddress = \"localhost:514\"\n"
            ),
            "pigeon",
        ),
    ];
    for (at, (sinks, why)) in wrong.iter().enumerate() {
        config.write(sinks);
        let said = config.reload(NOTHING, at + 1);
        assert!(said.contains(why), "{why}: {said}");
        assert_eq!(config.names(), ["first"]);
    }
    // The commands read it too.
    config.write(&webhook("first", port, ""));
    import(&lab, &[&a, &b], 0, 10);
    exchange(&a, "b");
    let all = ids(&events(&a));
    wait_until("the first goes on", || order(&deliveries, "/first").len() == all.len());
    assert_eq!(order(&deliveries, "/other"), Vec::<String>::new());
    // A secret that is renewed signs what comes next.
    let renewed = b"another secret of thirty-two byte";
    let path = lab.config("a").with_file_name("webhook.secret");
    std::fs::write(&path, format!("whsec_{}\n", BASE64.encode(renewed))).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let _ = config.reload(RELOADED, 2);
    exchange(&a, "b");
    wait_until("the next arrives", || order(&deliveries, "/first").len() > all.len());
    let deliveries = deliveries.lock().unwrap();
    assert!(deliveries[0].is_signed() && !deliveries.last().unwrap().is_signed());
    assert!(is_signed_by(renewed, deliveries.last().unwrap()));
}

fn is_signed_by(secret: &[u8], delivery: &Delivery) -> bool {
    let headers = &delivery.headers;
    let head = format!("{}.{}.", headers["webhook-id"], headers["webhook-timestamp"]);
    let tag = BASE64.decode(headers["webhook-signature"].trim_start_matches("v1,").as_bytes()).unwrap();
    let signed = [head.as_bytes(), &delivery.body].concat();
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), &signed, &tag).is_ok()
}
