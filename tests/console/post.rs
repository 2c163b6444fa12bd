//! A call of a node's API that has a body.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use overlap_tests::Node;
use serde_json::Value;

/// Posts JSON with the operator's token.
///
/// # Panics
/// The node does not do it.
#[track_caller]
pub(crate) fn post(node: &Node, path: &str, body: &Value) {
    let token = std::fs::read_to_string(node.folder().join("api.token")).unwrap();
    let mut socket = UnixStream::connect(node.folder().join("api.sock")).unwrap();
    let (token, body) = (token.trim(), body.to_string());
    let length = body.len();
    write!(
        socket,
        "POST {path} HTTP/1.1\r\nhost: node\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 20"), "{path}: {answer}");
}
