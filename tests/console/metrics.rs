//! What a node counts.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use overlap_tests::Node;

/// How many reports of a broken policy a node has taken.
pub(crate) fn policy_reports(node: &Node) -> u64 {
    let token = std::fs::read_to_string(node.folder().join("api.token")).unwrap();
    let mut socket = UnixStream::connect(node.folder().join("api.sock")).unwrap();
    let token = token.trim();
    write!(
        socket,
        "GET /metrics HTTP/1.1\r\nhost: node\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("overlapd_http_requests_total"), "these are no metrics:\n{answer}");
    let line = answer.lines().find_map(|line| line.strip_prefix("overlapd_console_policy_reports_total "));
    line.map_or(0, |count| count.trim().parse().unwrap())
}
