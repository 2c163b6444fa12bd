//! A receiver of webhooks: HTTP/1.1 with or without TLS, that answers as the test says and can go away.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use ring::hmac;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

/// How often a thread looks whether the receiver is gone.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The key of the receiver and its sender.
pub(crate) const SECRET: &[u8] = b"thirty-two bytes of test secret!";

/// The secret as a config's file has it.
pub(crate) fn secret_text() -> String {
    format!("whsec_{}\n", BASE64.encode(SECRET))
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// What it was answered with.
    pub(crate) status: u16,
}

impl Delivery {
    /// Its events.
    pub(crate) fn events(&self) -> Vec<Value> {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["events"].as_array().unwrap().clone()
    }

    /// Whether it is signed by the secret, body and time and all.
    pub(crate) fn is_signed(&self) -> bool {
        is_signed(&self.headers, &self.body)
    }
}

pub(crate) fn is_signed(headers: &BTreeMap<String, String>, body: &[u8]) -> bool {
    let signed =
        [format!("{}.{}.", headers["webhook-id"], headers["webhook-timestamp"]).as_bytes(), body].concat();
    let Some(tag) = headers["webhook-signature"].strip_prefix("v1,") else { return false };
    let tag = BASE64.decode(tag.as_bytes()).unwrap();
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), &signed, &tag).is_ok()
}

type Rule = Box<dyn FnMut(&Delivery) -> (u16, String) + Send>;

/// A receiver that listens until it is dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<thread::JoinHandle<()>>,
}

struct Shared {
    gone: AtomicBool,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    rule: Mutex<Rule>,
    tls: Option<Arc<ServerConfig>>,
}

impl Receiver {
    /// Listens; what comes is added to `deliveries`, and `rule` gives the status and more headers.
    pub(crate) fn listen(
        port: u16,
        tls: Option<Arc<ServerConfig>>,
        deliveries: Arc<Mutex<Vec<Delivery>>>,
        rule: impl FnMut(&Delivery) -> (u16, String) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let shared = Arc::new(Shared {
            gone: AtomicBool::new(false),
            deliveries,
            rule: Mutex::new(Box::new(rule)),
            tls,
        });
        let of_thread = shared.clone();
        let listening = thread::spawn(move || accept(&listener, &of_thread));
        Self { address, shared, listening: Some(listening) }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::Release);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    while !shared.gone.load(Ordering::Acquire) {
        match listener.accept() {
            Ok((stream, _)) => {
                let shared = shared.clone();
                threads.push(thread::spawn(move || drop(serve(stream, &shared))));
            }
            Err(_) => thread::sleep(LOOK_EVERY),
        }
    }
    threads.into_iter().for_each(|thread| drop(thread.join()));
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(LOOK_EVERY))?;
    match &shared.tls {
        None => requests(stream, shared),
        Some(tls) => {
            let connection = ServerConnection::new(tls.clone()).map_err(io::Error::other)?;
            requests(StreamOwned::new(connection, stream), shared)
        }
    }
}

fn requests(mut stream: impl Read + Write, shared: &Shared) -> io::Result<()> {
    let mut waiting = Vec::new();
    loop {
        let head_end = loop {
            match waiting.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => read_more(&mut stream, &mut waiting, shared)?,
            }
        };
        let head = String::from_utf8(waiting[..head_end].to_vec()).unwrap();
        let headers: BTreeMap<String, String> = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers["content-length"].parse().unwrap();
        while waiting.len() < head_end + length {
            read_more(&mut stream, &mut waiting, shared)?;
        }
        let body = waiting[head_end..head_end + length].to_vec();
        waiting.drain(..head_end + length);
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let mut delivery = Delivery { path, headers, body, status: 0 };
        let (status, more) = (shared.rule.lock().unwrap())(&delivery);
        delivery.status = status;
        shared.deliveries.lock().unwrap().push(delivery);
        write!(stream, "HTTP/1.1 {status} So\r\ncontent-length: 2\r\n{more}\r\nok")?;
        stream.flush()?;
    }
}

fn read_more(stream: &mut impl Read, waiting: &mut Vec<u8>, shared: &Shared) -> io::Result<()> {
    let mut bytes = [0; 16_384];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                waiting.extend_from_slice(&bytes[..read]);
                return Ok(());
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                if shared.gone.load(Ordering::Acquire) {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// A certificate for `localhost`: what a server needs, and the PEM that a client trusts.
pub(crate) fn certificate() -> (Arc<ServerConfig>, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (Arc::new(config), pem)
}
