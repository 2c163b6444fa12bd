//! Webhooks whose receiver is down while the node is killed.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use overlap_tests::{Lab, Node, run};

use crate::PROGRAM;
use crate::receiver::{Delivery, Receiver, SECRET, certificate, is_signed, secret_text};
use crate::work::{append, events, ids, import, wait_until};

/// Writes the secret beside a member's config.
pub(crate) fn write_secret(lab: &Lab, member: &str) {
    let path = lab.config(member).with_file_name("webhook.secret");
    std::fs::write(&path, secret_text()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A port on which nobody listens.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn delivered(deliveries: &Arc<Mutex<Vec<Delivery>>>) -> HashSet<String> {
    let deliveries = deliveries.lock().unwrap();
    deliveries.iter().flat_map(|delivery| ids(&delivery.events())).collect()
}

fn exchange(node: &Node, peer: &str) {
    let _ = node.command(["exchange", peer]).expect_code(0);
}

#[test]
fn a_receiver_that_is_down_and_a_node_that_is_killed_lose_no_event() {
    let lab = Lab::create(PROGRAM, &["a", "b", "c"]);
    let (tls, pem) = certificate();
    let (port, deliveries) = (free_port(), Arc::new(Mutex::new(Vec::new())));
    write_secret(&lab, "a");
    std::fs::write(lab.config("a").with_file_name("soc.pem"), pem).unwrap();
    append(
        &lab,
        "a",
        &format!(
            "\n[[webhook]]\nname = \"soc\"\nurl = \"https://localhost:{port}/hook?key=1\"\nsecret = \"webhook.secret\"\nca = \"soc.pem\"\nbatch = 25\nlongest_wait = \"1s\"\n"
        ),
    );
    // Down at the start.
    let (mut a, b, c) = (lab.start("a"), lab.start("b"), lab.start("c"));
    import(&lab, &[&a, &b, &c], 0, 40);
    exchange(&a, "b");
    let listen = || Receiver::listen(port, Some(tls.clone()), deliveries.clone(), |_| (204, String::new()));
    let receiver = listen();
    wait_until("the first events arrive", || delivered(&deliveries).len() == events(&a).len());
    exchange(&c, "a");
    drop(receiver);
    // Down again, and the node killed in the middle of an exchange.
    import(&lab, &[&a, &b, &c], 40, 80);
    exchange(&b, "a");
    import(&lab, &[&a, &c], 80, 1_000);
    let config = lab.config("a");
    let exchanging = thread::spawn(move || {
        let args = ["exchange", "c", "--config", config.to_str().unwrap()];
        run(PROGRAM, std::path::Path::new("/"), args)
    });
    thread::sleep(Duration::from_millis(300));
    a.kill();
    let _ = exchanging.join().unwrap();
    a = lab.start("a");
    exchange(&a, "c");
    let status = a.command(["status"]).expect_code(0).stdout;
    assert!(status.contains("webhook soc to https://localhost") && status.contains(" behind"), "{status}");
    assert!(!status.contains("key=1") && !a.log().contains("key=1"), "the URL's query is a secret");
    let receiver = listen();
    let all = ids(&events(&a));
    wait_until("every event arrives", || {
        // Once for all ids: for each it would be a minute of reading JSON.
        let delivered = delivered(&deliveries);
        all.iter().all(|id| delivered.contains(id))
    });
    check(&deliveries.lock().unwrap(), &all);
    assert!(all.len() >= 3 * 40 + 920, "{}", all.len());
    drop(receiver);
}

/// Every delivery is signed, and the first time that an event comes is after those before it.
fn check(deliveries: &[Delivery], all: &[String]) {
    let (mut seen, mut order) = (HashSet::new(), Vec::new());
    check_ids(deliveries);
    for delivery in deliveries {
        assert!(delivery.is_signed() && delivery.path == "/hook?key=1");
        let ids = ids(&delivery.events());
        assert!(ids.len() <= 25 && ids.is_sorted());
        order.extend(ids.into_iter().filter(|id| seen.insert(id.clone())));
    }
    assert_eq!(order, all, "in order, each of them");
    // The test's own check sees a byte that was changed, wherever it is.
    let Delivery { headers, body, .. } = &deliveries[0];
    for at in 0..body.len() {
        let mut changed = body.clone();
        changed[at] ^= 1;
        assert!(!is_signed(headers, &changed), "byte {at}");
    }
    let late: BTreeMap<String, String> =
        headers.iter().map(|(name, value)| (name.clone(), value.replace("17", "18"))).collect();
    assert!(late["webhook-timestamp"] == headers["webhook-timestamp"] || !is_signed(&late, body));
    check_with_python(headers, body);
}

/// One id is one body, and one body has one id, whichever try it was and whichever run of the node.
pub(crate) fn check_ids(deliveries: &[Delivery]) {
    let (mut of_id, mut of_body) = (BTreeMap::new(), BTreeMap::new());
    for Delivery { headers, body, .. } in deliveries {
        let id = &headers["webhook-id"];
        assert_eq!(*of_id.entry(id).or_insert(body), body, "{id}");
        assert_eq!(*of_body.entry(body).or_insert(id), id);
    }
}

/// The lines of Python in the manual say the same.
fn check_with_python(headers: &BTreeMap<String, String>, body: &[u8]) {
    let manual = include_str!("../../src/node/manual/push.md");
    let code = manual.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let changed = [body, b" "].concat();
    for (body, expected) in [(body, "True"), (changed.as_slice(), "False")] {
        let text = serde_json::to_string(&(headers, String::from_utf8(body.to_vec()).unwrap())).unwrap();
        let secret = format!("whsec_{}", data_encoding::BASE64.encode(SECRET));
        let program = format!(
            "{code}\nimport json, sys\nheaders, body = json.load(sys.stdin)\nprint(verify('{secret}', headers, body.encode()))\n"
        );
        let mut python = Command::new("python3")
            .args(["-c", &program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let said = python.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), expected);
    }
}
