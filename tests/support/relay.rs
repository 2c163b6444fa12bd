//! A road between two nodes that a test can close: datagrams pass with a delay, until none pass any more.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// More than a datagram of QUIC's has.
const LONGEST_DATAGRAM: usize = 65_536;

/// How often a thread of a relay looks whether the test has ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A relay of UDP between one caller and one node, on loopback.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    road: Arc<Road>,
}

#[derive(Debug, Default)]
struct Road {
    closed: AtomicBool,
    gone: AtomicBool,
}

impl Relay {
    /// A relay to `node`, on which a datagram takes `delay` each way. Whoever called last gets what comes back.
    ///
    /// # Panics
    /// No socket can be had.
    pub fn to(node: SocketAddr, delay: Duration) -> Self {
        let bound = || UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let (front, back) = (Arc::new(bound()), Arc::new(bound()));
        for socket in [&front, &back] {
            socket.set_read_timeout(Some(LOOK_EVERY)).expect("a timeout is set");
        }
        let address = front.local_addr().expect("a bound socket has an address");
        let (road, caller) = (Arc::new(Road::default()), Arc::new(Mutex::new(None)));
        let note = {
            let caller = caller.clone();
            move |from| *caller.lock().expect("no thread panics") = Some(from)
        };
        carry(road.clone(), front.clone(), delay, note, {
            let back = back.clone();
            move |bytes: &[u8]| drop(back.send_to(bytes, node))
        });
        carry(
            road.clone(),
            back,
            delay,
            |_| (),
            move |bytes: &[u8]| {
                if let Some(caller) = *caller.lock().expect("no thread panics") {
                    // What cannot be sent is lost, as on any road.
                    drop(front.send_to(bytes, caller));
                }
            },
        );
        Self { address, road }
    }

    /// Where to call.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing passes, nor what is under way.
    pub fn close(&self) {
        self.road.closed.store(true, Ordering::Release);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.road.gone.store(true, Ordering::Release);
    }
}

/// Carries datagrams one way: one thread takes them in, another lets them out when they are due.
fn carry(
    road: Arc<Road>,
    from: Arc<UdpSocket>,
    delay: Duration,
    note: impl Fn(SocketAddr) + Send + 'static,
    send: impl Fn(&[u8]) + Send + 'static,
) {
    let (queue, due) = mpsc::channel::<(Instant, Vec<u8>)>();
    let closed = road.clone();
    thread::spawn(move || {
        let mut bytes = vec![0; LONGEST_DATAGRAM];
        while !road.gone.load(Ordering::Acquire) {
            if let Ok((length, sender)) = from.recv_from(&mut bytes) {
                note(sender);
                drop(queue.send((Instant::now() + delay, bytes[..length].to_vec())));
            }
        }
    });
    thread::spawn(move || {
        for (at, bytes) in due {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if !closed.closed.load(Ordering::Acquire) {
                send(&bytes);
            }
        }
    });
}
