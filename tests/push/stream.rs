//! A reader of server-sent events of the test's own.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// An event that was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: String,
}

/// An open stream.
pub(crate) struct Stream {
    lines: BufReader<UnixStream>,
    pub(crate) status: u16,
    /// Comments that came.
    pub(crate) comments: usize,
}

impl Stream {
    /// Opens a stream at a node's socket.
    pub(crate) fn open(folder: &Path, token: &str, path: &str, last: Option<&str>) -> io::Result<Self> {
        let mut socket = UnixStream::connect(folder.join("api.sock"))?;
        socket.set_read_timeout(Some(Duration::from_secs(30)))?;
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        write!(
            socket,
            "GET {path} HTTP/1.0\r\nhost: node\r\nauthorization: Bearer {}\r\n{last}\r\n",
            token.trim()
        )?;
        let mut lines = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if lines.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        assert!(status != 200 || head.contains("content-type: text/event-stream\r\n"), "{head}");
        Ok(Self { lines, status, comments: 0 })
    }

    /// The next event; an error once the stream has ended.
    pub(crate) fn next(&mut self) -> io::Result<Event> {
        let mut event = Event::default();
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line)? == 0 || !line.ends_with('\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end_matches('\n');
            match line.split_once(": ") {
                _ if line.is_empty() && !event.data.is_empty() => return Ok(event),
                Some(("id", id)) => event.id = Some(id.to_owned()),
                Some(("event", name)) => event.name = name.to_owned(),
                Some(("data", data)) => event.data = data.to_owned(),
                _ => self.comments += usize::from(line.starts_with(':')),
            }
        }
    }
}
