//! The few calls of WebDriver (W3C) that the tests need, over HTTP/1.1 on loopback.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

/// The longest that a command may take: a loaded machine starts a browser slowly.
const LONGEST: Duration = Duration::from_secs(120);

/// A session of a driver.
pub(crate) struct Session {
    port: u16,
    path: String,
}

impl Session {
    /// Begins a session with these capabilities.
    pub(crate) fn begin(port: u16, capabilities: &Value) -> Self {
        let asked = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let begun = call(port, "POST", "/session", &asked).unwrap();
        let id = begun["sessionId"].as_str().unwrap();
        Self { port, path: format!("/session/{id}") }
    }

    /// Runs a command and gives its value.
    ///
    /// # Panics
    /// The browser says that it failed, such as where a dialog is open.
    #[track_caller]
    pub(crate) fn run(&self, method: &str, command: &str, body: &Value) -> Value {
        let path = format!("{}{command}", self.path);
        call(self.port, method, &path, body).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Ends the session, and the browser.
    pub(crate) fn end(&self) {
        let _ = call(self.port, "DELETE", &self.path, &Value::Null);
    }
}

/// Whether a driver answers.
pub(crate) fn is_ready(port: u16) -> bool {
    call(port, "GET", "/status", &Value::Null).is_ok_and(|status| status["ready"] == true)
}

fn call(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let answer = send(port, method, path, body).map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no head")?;
    let value: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    match head.contains(" 200 ") {
        true => Ok(value["value"].clone()),
        false => Err(format!("{}: {}", value["value"]["error"], value["value"]["message"])),
    }
}

/// An answer ends with its connection.
fn send(port: u16, method: &str, path: &str, body: &Value) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(LONGEST))?;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )?;
    read_answer(&mut stream)
}

/// Reads a head and as many bytes as it says: the driver may leave the connection open.
fn read_answer(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let mut some = [0; 65_536];
    loop {
        if let Some(end) = end_of_answer(&bytes)
            && bytes.len() >= end
        {
            break;
        }
        match stream.read(&mut some)? {
            0 => break,
            read => bytes.extend_from_slice(&some[..read]),
        }
    }
    String::from_utf8(bytes).map_err(std::io::Error::other)
}

fn end_of_answer(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(head + 4 + length.trim().parse::<usize>().ok()?)
}
