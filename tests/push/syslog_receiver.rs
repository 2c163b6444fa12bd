//! Receivers of syslog, and a reader of RFC 5424 that takes nothing but what its grammar has (section 6).

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// An element of structured data: its name, and its parameters with their values.
pub(crate) type Element = (String, Vec<(String, String)>);

/// A message, read.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) priority: u16,
    pub(crate) hostname: String,
    pub(crate) application: String,
    pub(crate) id: String,
    /// Elements of the structured data, each with its parameters.
    pub(crate) elements: Vec<Element>,
    pub(crate) text: Vec<u8>,
}

impl Message {
    /// The value of a parameter of the first element.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, parameters) = self.elements.first()?;
        parameters.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// Reads a message, whole.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        reader.literal(b"<")?;
        let digits = reader.until(b'>')?;
        let priority: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        if priority > 191 || (digits.len() > 1 && digits[0] == b'0') {
            return None;
        }
        reader.literal(b"1 ")?;
        let time = reader.word(32)?;
        let is_time = time.len() >= 20 && time.as_bytes()[10] == b'T' && time.ends_with('Z');
        let (hostname, application) = (reader.word(255)?, reader.word(48)?);
        let _process = reader.word(128)?;
        let id = reader.word(32)?;
        let elements = reader.elements()?;
        let text = match reader.0 {
            [] => Vec::new(),
            [b' ', text @ ..] => text.to_vec(),
            _ => return None,
        };
        is_time.then_some(Self { priority, hostname, application, id, elements, text })
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = self.0.iter().position(|byte| *byte == end)?;
        let found = &self.0[..at];
        self.0 = &self.0[at + 1..];
        Some(found)
    }

    /// PRINTUSASCII, and the space after it.
    fn word(&mut self, most: usize) -> Option<String> {
        let word = self.until(b' ')?;
        let is_word = (1..=most).contains(&word.len()) && word.iter().all(|byte| (33..=126).contains(byte));
        is_word.then(|| String::from_utf8(word.to_vec()).ok())?
    }

    fn elements(&mut self) -> Option<Vec<Element>> {
        if self.literal(b"-").is_some() {
            return Some(Vec::new());
        }
        let mut elements = Vec::new();
        while self.literal(b"[").is_some() {
            let name = self.name()?;
            let mut parameters = Vec::new();
            while self.literal(b" ").is_some() {
                let of = self.name()?;
                self.literal(b"=\"")?;
                parameters.push((of, self.value()?));
            }
            self.literal(b"]")?;
            elements.push((name, parameters));
        }
        (!elements.is_empty()).then_some(elements)
    }

    /// SD-NAME.
    fn name(&mut self) -> Option<String> {
        let is_part = |byte: &u8| (33..=126).contains(byte) && !b"=]\"".contains(byte);
        let end = self.0.iter().position(|byte| !is_part(byte))?;
        let name = &self.0[..end];
        self.0 = &self.0[end..];
        (1..=32).contains(&name.len()).then(|| String::from_utf8(name.to_vec()).ok())?
    }

    /// PARAM-VALUE and the quote after it.
    fn value(&mut self) -> Option<String> {
        let mut value = Vec::new();
        loop {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            match first {
                b'"' => return String::from_utf8(value).ok(),
                b']' => return None,
                b'\\' => {
                    let (escaped, rest) = self.0.split_first()?;
                    if !b"\"\\]".contains(escaped) {
                        return None;
                    }
                    value.push(*escaped);
                    self.0 = rest;
                }
                byte => value.push(*byte),
            }
        }
    }
}

/// What came, message by message.
pub(crate) type Messages = Arc<Mutex<Vec<Vec<u8>>>>;

/// A receiver that listens until it is dropped.
pub(crate) struct SyslogReceiver {
    pub(crate) port: u16,
    gone: Arc<AtomicBool>,
    listening: Option<thread::JoinHandle<()>>,
}

impl SyslogReceiver {
    /// A stream of counted messages, with or without TLS.
    pub(crate) fn stream(port: u16, tls: Option<Arc<ServerConfig>>, messages: Messages) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        Self::begin(port, move |gone| {
            let mut threads = Vec::new();
            while !gone.load(Ordering::Acquire) {
                let Ok((stream, _)) = listener.accept() else {
                    thread::sleep(LOOK_EVERY);
                    continue;
                };
                let (tls, messages, gone) = (tls.clone(), messages.clone(), gone.clone());
                threads.push(thread::spawn(move || drop(serve(stream, tls, &messages, &gone))));
            }
            threads.into_iter().for_each(|thread| drop(thread.join()));
        })
    }

    /// Datagrams.
    pub(crate) fn datagrams(messages: Messages) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(LOOK_EVERY)).unwrap();
        let port = socket.local_addr().unwrap().port();
        Self::begin(port, move |gone| {
            let mut bytes = vec![0; 70_000];
            while !gone.load(Ordering::Acquire) {
                if let Ok(length) = socket.recv(&mut bytes) {
                    messages.lock().unwrap().push(bytes[..length].to_vec());
                }
            }
        })
    }

    fn begin(port: u16, run: impl FnOnce(&Arc<AtomicBool>) + Send + 'static) -> Self {
        let gone = Arc::new(AtomicBool::new(false));
        let of_thread = gone.clone();
        let listening = thread::spawn(move || run(&of_thread));
        Self { port, gone, listening: Some(listening) }
    }
}

impl Drop for SyslogReceiver {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Release);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    messages: &Messages,
    gone: &AtomicBool,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(LOOK_EVERY))?;
    match tls {
        None => read_counted(stream, messages, gone),
        Some(tls) => {
            let connection = ServerConnection::new(tls).map_err(io::Error::other)?;
            read_counted(StreamOwned::new(connection, stream), messages, gone)
        }
    }
}

/// Octet counting: a number without leading zeros, a space, so many bytes.
fn read_counted(mut stream: impl Read, messages: &Messages, gone: &AtomicBool) -> io::Result<()> {
    let mut waiting: Vec<u8> = Vec::new();
    loop {
        while let Some(space) = waiting.iter().position(|byte| *byte == b' ') {
            let digits = std::str::from_utf8(&waiting[..space]).unwrap();
            assert!(!digits.starts_with('0'), "a length is {digits:?}");
            let length: usize = digits.parse().unwrap_or_else(|_| panic!("a length is {digits:?}"));
            if waiting.len() < space + 1 + length {
                break;
            }
            messages.lock().unwrap().push(waiting[space + 1..space + 1 + length].to_vec());
            waiting.drain(..space + 1 + length);
        }
        let mut bytes = [0; 16_384];
        match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(read) => waiting.extend_from_slice(&bytes[..read]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                if gone.load(Ordering::Acquire) {
                    return Ok(());
                }
            }
            Err(error) => return Err(error),
        }
    }
}

#[test]
fn the_reader_takes_what_the_grammar_has_and_nothing_else() {
    let good = b"<133>1 2026-11-18T11:06:40Z h a 1 m [x@1 a=\"1\\]\"][y@2] \xef\xbb\xbft";
    let message = Message::read(good).unwrap();
    assert_eq!((message.priority, message.parameter("a"), message.elements.len()), (133, Some("1]"), 2));
    for bad in [
        &b"<0133>1 2026-11-18T11:06:40Z h a 1 m - t"[..],
        b"<133>1 2026-11-18T11:06:40Z h a 1 m t",
        b"<133>1 2026-11-18T11:06:40Z h a 1 m [x@1 a=\"1]\"]",
        b"<133>1 2026-11-18T11:06:40Z h a 1 m [x@1 a=\"1\\n\"]",
        b"<133>1 2026-11-18T11:06:40Z h a 1 m [x@1] [y@2]x[",
        b"<133>1 2026-11-18T11:06:40Z h\xc3\xa9 a 1 m -",
        b"<192>1 2026-11-18T11:06:40Z h a 1 m -",
    ] {
        let read = Message::read(bad);
        assert!(read.is_none() || read.unwrap().elements.len() == 1, "{}", String::from_utf8_lossy(bad));
    }
}
