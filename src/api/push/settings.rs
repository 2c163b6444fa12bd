//! Where events are pushed to, as the config says it.

use std::sync::Arc;
use std::time::Duration;

use overlap_store::EventFilter;
use rustls::ClientConfig;

use super::{Target, WebhookSecret};

/// One place to push to.
#[derive(Clone, Debug)]
pub enum Sink {
    /// A webhook.
    Webhook(WebhookSettings),
    /// A syslog receiver.
    Syslog(SyslogSettings),
}

/// In which form a webhook's events are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFormat {
    /// This program's own, as the API has it.
    Native,
    /// The Elastic Common Schema.
    Ecs,
}

/// A webhook.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Its name, unique among webhooks.
    pub name: String,
    /// Where it posts to.
    pub target: Target,
    /// What signs it.
    pub secret: WebhookSecret,
    /// Whom it trusts, where the target is reached by TLS.
    pub tls: Arc<ClientConfig>,
    /// Which events.
    pub filter: EventFilter,
    /// Their form.
    pub format: EventFormat,
    /// Events in a request at most.
    pub batch: usize,
    /// Time for one request, from the connection to the end of the answer.
    pub timeout: Duration,
    /// How often an event that is refused is sent before it is a dead letter.
    pub tries: u32,
    /// How long an event is sent to a receiver that answers, and does not take it.
    pub give_up: Duration,
    /// The longest wait between two tries.
    pub longest_wait: Duration,
    /// Whether a new webhook gets the events from before it was there.
    pub from_start: bool,
}

/// In which form a syslog message has an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyslogFormat {
    /// Structured data and a sentence.
    Rfc5424,
    /// The Common Event Format as the message.
    Cef,
    /// The Elastic Common Schema as the message.
    Ecs,
}

/// How syslog messages travel.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Datagrams (RFC 5426): whether they arrive, nobody says.
    Udp,
    /// A stream (RFC 6587).
    Tcp,
    /// A stream in TLS (RFC 5425).
    Tls(Arc<ClientConfig>),
}

/// A syslog receiver.
#[derive(Clone, Debug)]
pub struct SyslogSettings {
    /// Its name, unique among syslog receivers.
    pub name: String,
    /// Its host, or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The way there.
    pub transport: Transport,
    /// The form.
    pub format: SyslogFormat,
    /// Which events.
    pub filter: EventFilter,
    /// The facility (RFC 5424, table 1), 0 to 23.
    pub facility: u8,
    /// The enterprise number in the name of the structured data.
    pub enterprise: u32,
    /// The HOSTNAME of messages.
    pub hostname: String,
    /// Bytes in a message at most.
    pub longest: usize,
    /// The longest wait between two tries.
    pub longest_wait: Duration,
    /// Whether a new receiver gets the events from before it was there.
    pub from_start: bool,
}
