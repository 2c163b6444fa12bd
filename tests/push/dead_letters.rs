//! A receiver that cannot bear one event.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use overlap_tests::Lab;
use serde_json::Value;

use crate::PROGRAM;
use crate::receiver::Receiver;
use crate::webhooks::{check_ids, write_secret};
use crate::work::{append, events, ids, import, wait_until};

const POISON: &str = "shop:7";

#[test]
fn one_poisoned_event_is_put_aside_and_can_be_sent_again_or_discarded() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let deliveries = Arc::new(Mutex::new(Vec::new()));
    let mood = Arc::new(AtomicU16::new(302));
    let of_rule = mood.clone();
    let receiver = Receiver::listen(0, None, deliveries.clone(), move |delivery| {
        let is_poisoned = delivery.events().iter().any(|event| event["data"]["canonical"] == POISON);
        match of_rule.load(Ordering::Acquire) {
            302 => (302, "location: /elsewhere\r\n".to_owned()),
            422 if is_poisoned => (422, String::new()),
            _ => (200, String::new()),
        }
    });
    write_secret(&lab, "a");
    append(
        &lab,
        "a",
        &format!(
            "\n[[webhook]]\nname = \"soc\"\nurl = \"http://{}/\"\nsecret = \"webhook.secret\"\ntypes = [\"overlap.found\"]\ntries = 2\nlongest_wait = \"1s\"\n",
            receiver.address
        ),
    );
    let (a, b) = (lab.start("a"), lab.start("b"));
    import(&lab, &[&a, &b], 0, 20);
    let _ = a.command(["exchange", "b"]).expect_code(0);
    let sink = || a.api("/api/v1/webhooks")["items"][0].clone();
    wait_until("the redirect is told", || sink()["error"] == "it answers with status 302");
    assert_eq!((sink()["behind"].as_u64(), sink()["dead_letters"].as_u64()), (Some(20), Some(0)));
    mood.store(422, Ordering::Release);
    wait_until("the others pass", || sink()["behind"] == 0);
    let letters = a.api("/api/v1/webhooks/soc/dead-letters");
    let letter = &letters["items"][0];
    assert_eq!((letters["items"].as_array().unwrap().len(), &letters["next"]), (1, &Value::Null));
    assert_eq!(letter["event"]["data"]["canonical"], POISON);
    assert_eq!((&letter["reason"], &letter["tries"]), (&"it answers with status 422".into(), &2.into()));
    assert!(a.command(["status"]).stdout.contains("1 dead letters"));
    let taken = taken(&deliveries.lock().unwrap());
    let found: Vec<Value> = events(&a).into_iter().filter(|event| event["type"] == "overlap.found").collect();
    let poison = letter["id"].as_str().unwrap().to_owned();
    let expected: Vec<String> = ids(&found).into_iter().filter(|id| *id != poison).collect();
    assert_eq!(taken, expected, "in order, each once");
    check_ids(&deliveries.lock().unwrap());
    send_again_and_discard(&a, &poison, &mood, &deliveries);
    assert!(
        deliveries.lock().unwrap().iter().all(|delivery| delivery.path == "/"),
        "no redirect is followed"
    );
}

fn send_again_and_discard(
    a: &overlap_tests::Node,
    poison: &str,
    mood: &AtomicU16,
    deliveries: &Mutex<Vec<crate::receiver::Delivery>>,
) {
    let letters = || a.api("/api/v1/webhooks/soc/dead-letters")["items"].as_array().unwrap().clone();
    let path = format!("/api/v1/webhooks/soc/dead-letters/{poison}");
    // Refused again, it stays.
    assert_eq!(a.call("POST", &format!("{path}/send")), (202, "{\"queued\":1}".to_owned()));
    wait_until("it is refused again", || letters()[0]["tries"] == 3 && letters()[0]["again"] == false);
    mood.store(200, Ordering::Release);
    assert_eq!(a.call("POST", "/api/v1/webhooks/soc/dead-letters/send").0, 202);
    wait_until("it is taken", || letters().is_empty());
    assert_eq!(taken(&deliveries.lock().unwrap()).last().unwrap(), poison);
    for (method, path, status) in [
        ("POST", format!("{path}/send"), 404),
        ("DELETE", path, 404),
        ("DELETE", "/api/v1/webhooks/soc/dead-letters/x".to_owned(), 404),
        ("POST", "/api/v1/webhooks/none/dead-letters/send".to_owned(), 404),
        ("GET", "/api/v1/webhooks/soc/dead-letters?after=x".to_owned(), 400),
    ] {
        assert_eq!(a.call(method, &path).0, status, "{method} {path}");
    }
}

/// The events that were answered with 200, in the order in which they came.
fn taken(deliveries: &[crate::receiver::Delivery]) -> Vec<String> {
    let taken = deliveries.iter().filter(|delivery| delivery.status == 200);
    taken.flat_map(|delivery| ids(&delivery.events())).collect()
}
