//! misp-modules, with the module in `deploy/misp-modules`; and the node's own listener, asked the same.

use std::net::TcpListener;

use crate::environment::Environment;
use crate::pair::Pair;
use crate::script;

#[test]
fn misp_modules_and_the_nodes_own_listener_answer_alike() {
    let Some(environment) = Environment::with("misp-modules", &["misp-modules==3.1.1"]) else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let section = format!("[misp_modules]\nlisten = \"127.0.0.1:{port}\"\n");
    let mut pair = Pair::start_with(|lab| lab.edit_config("a", "[api]\n", &format!("{section}\n[api]\n")));
    let told = script::run_at(&environment, "misp_modules_ask.py", &format!("/misp/?{port}"), &mut pair);
    assert!(told["asked"].as_u64().unwrap() >= 8, "{told}");
    assert_eq!(told["different"], serde_json::json!([]), "{told:#}");
}
