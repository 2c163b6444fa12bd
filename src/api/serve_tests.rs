//! The API over real sockets.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use overlap_coalition::ExchangeId;
use overlap_store::{ExchangeState, Role, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;

use crate::request::MAX_JSON_BYTES;
use crate::testing::{TestNode, exchange};
use crate::{serve_tls, serve_unix};

/// Longer than any test here takes, so that a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(60);

async fn client<T>(stream: T) -> SendRequest<Body>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn get(client: &mut SendRequest<Body>, uri: &str, token: &str) -> (StatusCode, Value) {
    let request = Request::get(uri).header("host", "node").header("authorization", format!("Bearer {token}"));
    let response = client.send_request(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

/// A Unix socket that a node serves.
struct Socket {
    folder: TempDir,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
}

impl Socket {
    fn serve(node: &TestNode) -> Self {
        let folder = TempDir::new().unwrap();
        let listener = UnixListener::bind(folder.path().join("api.sock")).unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve_unix(listener, node.router.clone(), async {
            let _ = stopped.await;
        }));
        Self { folder, stop, served }
    }

    async fn connect(&self) -> UnixStream {
        UnixStream::connect(self.folder.path().join("api.sock")).await.unwrap()
    }
}

#[tokio::test]
async fn a_unix_socket_serves_several_calls_on_one_connection() {
    let node = TestNode::new();
    let socket = Socket::serve(&node);
    let mut client = client(socket.connect().await).await;
    let (status, body) = get(&mut client, "/api/v1/status", &node.tokens[&Role::Read]).await;
    assert_eq!((status, &body["member"]), (StatusCode::OK, &Value::from("police")));
    assert_eq!(get(&mut client, "/api/v1/status", "nonsense").await.0, StatusCode::UNAUTHORIZED);
    socket.stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, socket.served).await.unwrap().unwrap();
}

/// The head of a POST without a token, with a body of this many bytes to come.
fn refused_post(length: usize) -> String {
    format!("POST /api/v1/query HTTP/1.1\r\nhost: node\r\ncontent-length: {length}\r\n\r\n")
}

#[tokio::test]
async fn a_connection_outlives_a_refusal_that_came_before_the_body() {
    let node = TestNode::new();
    let socket = Socket::serve(&node);
    let mut stream = socket.connect().await;
    stream.write_all(refused_post(MAX_JSON_BYTES).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stream.write_all(&vec![b'x'; MAX_JSON_BYTES]).await.unwrap();
    let next = "GET /api/v1/health HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n";
    stream.write_all(next.as_bytes()).await.unwrap();
    let mut answers = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answers)).await.unwrap().unwrap();
    assert!(answers.starts_with("HTTP/1.1 401 ") && answers.contains("HTTP/1.1 200 "), "{answers}");
}

#[tokio::test]
async fn a_refusal_does_not_wait_for_a_body_that_does_not_come() {
    let node = TestNode::new();
    let socket = Socket::serve(&node);
    let mut stream = socket.connect().await;
    stream.write_all(refused_post(1 << 40).as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[tokio::test]
async fn a_call_that_runs_at_the_stop_is_answered() {
    let node = TestNode::new();
    node.store.begin_exchange(&exchange(7, ExchangeState::Running)).unwrap();
    let socket = Socket::serve(&node);
    let (mut client, token) = (client(socket.connect().await).await, node.tokens[&Role::Read].clone());
    let uri = format!("/api/v1/exchanges/{}?wait=60", ExchangeId([7; 16]));
    let call = tokio::spawn(async move { get(&mut client, &uri, &token).await });
    while node.daemon.waiting() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    socket.stop.send(()).unwrap();
    node.store.update_exchange(&exchange(7, ExchangeState::Completed)).unwrap();
    node.daemon.ended.notify_one();
    let (status, body) = tokio::time::timeout(PATIENCE, call).await.unwrap().unwrap();
    assert_eq!((status, &body["state"]), (StatusCode::OK, &Value::from("completed")));
    tokio::time::timeout(PATIENCE, socket.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_head_that_is_no_http_or_too_large_ends_its_connection_alone() {
    let node = TestNode::new();
    let socket = Socket::serve(&node);
    let large = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(100));
    for head in ["\x16\x03\x01 nonsense\r\n\r\n", &large, &many] {
        let mut stream = socket.connect().await;
        // The node may have closed the connection before all is written.
        let _ = stream.write_all(head.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    let mut client = client(socket.connect().await).await;
    assert_eq!(get(&mut client, "/api/v1/health", "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_refused_import_is_answered_though_its_body_is_long() {
    let node = TestNode::new();
    let socket = Socket::serve(&node);
    let mut client = client(socket.connect().await).await;
    let body = Body::from("no,header\n".repeat(1_000_000));
    let request = Request::post("/api/v1/imports?format=csv")
        .header("host", "node")
        .header("authorization", format!("Bearer {}", node.tokens[&Role::Import]));
    let response = client.send_request(request.body(body).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn tls_serves_whoever_trusts_its_certificate() {
    let node = TestNode::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key.into())
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(issued.cert.der().clone()).unwrap();
    let client_config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let served =
        tokio::spawn(serve_tls(listener, Arc::new(server), node.router.clone(), std::future::pending()));

    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET /api/v1/health HTTP/1.1\r\nhost: node\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, plain.read_to_end(&mut answer)).await.unwrap();
    assert!(!answer.starts_with(b"HTTP"), "nothing is answered without TLS");

    let stream = TcpStream::connect(address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let stream = TlsConnector::from(Arc::new(client_config)).connect(name, stream).await.unwrap();
    let mut client = client(stream).await;
    assert_eq!(get(&mut client, "/api/v1/status", &node.tokens[&Role::Read]).await.0, StatusCode::OK);
    served.abort();
}
