//! `[[webhook]]` and `[[syslog]]`: where events are pushed to.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use overlap_api::Target;
use overlap_coalition::MemberId;
use overlap_store::{EventFilter, EventType};
use serde::Deserialize;

use super::{Config, Period, Text};

/// The longest name of a sink: it stands in the keys of its durable position.
const LONGEST_NAME: usize = 32;

/// Events in one request at most: each is in memory twice.
const MOST_IN_BATCH: usize = 1_000;

/// The shortest messages that receivers of syslog must take (RFC 5424, section 6.1), and the largest datagram of IPv4.
const SHORTEST_MESSAGE: usize = 480;
const LARGEST_DATAGRAM: usize = 65_507;

/// The longest message on a stream: values are far shorter.
const LONGEST_MESSAGE: usize = 1 << 20;

/// What receivers of syslog should take: of a datagram (RFC 5426, section 3.2), and on a stream (RFC 5425, section 4.3.1).
const USUAL_DATAGRAM: usize = 2_048;
const USUAL_MESSAGE: usize = 8_192;

/// The highest facility (RFC 5424, table 1).
const LAST_FACILITY: u8 = 23;

/// The longest HOSTNAME (RFC 5424, section 6).
const LONGEST_HOSTNAME: usize = 255;

/// `[[webhook]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSection {
    /// Its name.
    pub name: String,
    /// Where to post.
    pub url: Text<Target>,
    /// The secret that signs, mode 0600.
    pub secret: PathBuf,
    /// Which events; empty: all.
    #[serde(default)]
    pub types: Vec<Text<TypeName>>,
    /// About which partners; empty: all, and events about none.
    #[serde(default)]
    pub peers: Vec<Text<MemberId>>,
    /// `native` or `ecs`.
    #[serde(default)]
    pub format: WebhookFormat,
    /// PEM: authorities of the receiver's certificate, in place of the system's.
    pub ca: Option<PathBuf>,
    /// Events in a request at most.
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Time for a request.
    #[serde(default = "default_timeout")]
    pub timeout: Period,
    /// How often an event that is refused is sent.
    #[serde(default = "default_tries")]
    pub tries: u32,
    /// How long an event is sent to a receiver that answers and does not take it.
    #[serde(default = "default_give_up")]
    pub give_up: Period,
    /// The longest wait between two tries.
    #[serde(default = "default_longest_wait")]
    pub longest_wait: Period,
    /// `now` or `start`.
    #[serde(default)]
    pub from: From,
}

/// `[[syslog]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogSection {
    /// Its name.
    pub name: String,
    /// `tls`, `tcp` or `udp`.
    pub transport: TransportName,
    /// The receiver, as `host:port`.
    pub address: Text<HostPort>,
    /// `rfc5424`, `cef` or `ecs`.
    #[serde(default)]
    pub format: SyslogFormatName,
    /// Which events; empty: all.
    #[serde(default)]
    pub types: Vec<Text<TypeName>>,
    /// About which partners; empty: all, and events about none.
    #[serde(default)]
    pub peers: Vec<Text<MemberId>>,
    /// PEM: authorities of the receiver's certificate, in place of the system's.
    pub ca: Option<PathBuf>,
    /// The facility, 0 to 23.
    #[serde(default = "default_facility")]
    pub facility: u8,
    /// The enterprise number in the name of the structured data.
    #[serde(default = "default_enterprise")]
    pub enterprise: u32,
    /// The HOSTNAME of messages; the member's id where it is not said.
    pub hostname: Option<String>,
    /// Bytes in a message at most.
    pub longest: Option<usize>,
    /// The longest wait between two tries.
    #[serde(default = "default_longest_wait")]
    pub longest_wait: Period,
    /// `now` or `start`.
    #[serde(default)]
    pub from: From,
}

/// The form of a webhook's events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookFormat {
    /// This program's own.
    #[default]
    Native,
    /// The Elastic Common Schema.
    Ecs,
}

/// The form of syslog messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SyslogFormatName {
    /// Structured data and a sentence.
    #[default]
    Rfc5424,
    /// The Common Event Format.
    Cef,
    /// The Elastic Common Schema.
    Ecs,
}

/// How syslog messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportName {
    /// TLS.
    Tls,
    /// TCP.
    Tcp,
    /// Datagrams.
    Udp,
}

/// With which event a new sink begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum From {
    /// The next that happens.
    #[default]
    Now,
    /// The first there is.
    Start,
}

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeName(pub EventType);

impl FromStr for TypeName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || EventType::ALL.map(|one| one.as_str()).join(", ");
        EventType::named(name)
            .map(Self)
            .ok_or_else(|| format!("unknown type of event; there are {}", names()))
    }
}

/// A host, which may be an address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The host, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl FromStr for HostPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "an address is host:port, such as \"siem.example:6514\" or \"[2001:db8::1]:6514\"";
        let (host, port) = text.rsplit_once(':').ok_or(FORM)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_plain = |host: &str| {
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
                && !host.is_empty()
        };
        let host = match bare {
            Some(bare) if bare.parse::<std::net::Ipv6Addr>().is_ok() => bare,
            None if is_plain(host) => host,
            _ => return Err(FORM),
        };
        let port = port.parse().ok().filter(|port| *port > 0).ok_or(FORM)?;
        Ok(Self { host: host.to_owned(), port })
    }
}

/// The filter that two lists of the config are.
pub(crate) fn filter(types: &[Text<TypeName>], peers: &[Text<MemberId>]) -> EventFilter {
    let types: BTreeSet<EventType> = types.iter().map(|one| one.0.0).collect();
    let peers: BTreeSet<MemberId> = peers.iter().map(|peer| peer.0.clone()).collect();
    EventFilter { types: (!types.is_empty()).then_some(types), peers: (!peers.is_empty()).then_some(peers) }
}

impl SyslogSection {
    /// Bytes in a message at most.
    pub(crate) fn longest(&self) -> usize {
        self.longest.unwrap_or(match self.transport {
            TransportName::Udp => USUAL_DATAGRAM,
            TransportName::Tcp | TransportName::Tls => USUAL_MESSAGE,
        })
    }
}

/// A rule that a webhook or a syslog receiver breaks.
pub(super) fn fault(config: &Config) -> Option<String> {
    let webhooks = config.webhook.iter().map(|webhook| webhook.name.as_str());
    let syslogs = config.syslog.iter().map(|syslog| syslog.name.as_str());
    names_fault("webhook", webhooks)
        .or_else(|| names_fault("syslog", syslogs))
        .or_else(|| config.webhook.iter().find_map(|webhook| webhook_fault(webhook, config)))
        .or_else(|| config.syslog.iter().find_map(|syslog| syslog_fault(syslog, config)))
}

fn names_fault<'a>(section: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let mut seen = BTreeSet::new();
    for name in names {
        if !(1..=LONGEST_NAME).contains(&name.len()) || !name.bytes().all(allowed) {
            return Some(format!("[[{section}]] name is 1 to {LONGEST_NAME} of a-z, 0-9 and -"));
        }
        if !seen.insert(name) {
            return Some(format!("[[{section}]] {name}: named twice"));
        }
    }
    None
}

fn webhook_fault(webhook: &WebhookSection, config: &Config) -> Option<String> {
    let name = &webhook.name;
    let say = |what: &dyn Display| Some(format!("[[webhook]] {name}: {what}"));
    if !(1..=MOST_IN_BATCH).contains(&webhook.batch) {
        return say(&format_args!("batch is 1 to {MOST_IN_BATCH}"));
    }
    if webhook.tries == 0 {
        return say(&"tries is at least 1");
    }
    peers_fault(&webhook.peers, config).and_then(|what| say(&what))
}

fn syslog_fault(syslog: &SyslogSection, config: &Config) -> Option<String> {
    let name = &syslog.name;
    let say = |what: &dyn Display| Some(format!("[[syslog]] {name}: {what}"));
    let most = if syslog.transport == TransportName::Udp { LARGEST_DATAGRAM } else { LONGEST_MESSAGE };
    if !(SHORTEST_MESSAGE..=most).contains(&syslog.longest()) {
        return say(&format_args!("longest is {SHORTEST_MESSAGE} to {most}"));
    }
    if syslog.facility > LAST_FACILITY {
        return say(&format_args!("facility is 0 to {LAST_FACILITY}"));
    }
    let is_name = |host: &String| {
        (1..=LONGEST_HOSTNAME).contains(&host.len()) && host.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !syslog.hostname.as_ref().is_none_or(is_name) {
        return say(&format_args!("hostname is 1 to {LONGEST_HOSTNAME} printable ASCII characters"));
    }
    if syslog.ca.is_some() && syslog.transport != TransportName::Tls {
        return say(&"ca is for transport = \"tls\"");
    }
    peers_fault(&syslog.peers, config).and_then(|what| say(&what))
}

fn peers_fault(peers: &[Text<MemberId>], config: &Config) -> Option<String> {
    let unknown = peers.iter().find(|peer| config.partner(peer).is_none())?;
    Some(format!("peers: no [[partner]] is {}", **unknown))
}

// A receiver takes some hundred events in one request as easily as one.
const fn default_batch() -> usize {
    100
}

// Receivers that need longer queue what they get.
const fn default_timeout() -> Period {
    Period::seconds(10)
}

// With the waits between them, some 15 seconds: a receiver that was only just misconfigured has no more time than that.
const fn default_tries() -> u32 {
    5
}

// Long enough for somebody to look at it on a working day.
const fn default_give_up() -> Period {
    Period::seconds(86_400)
}

// A receiver that comes back is found within minutes.
const fn default_longest_wait() -> Period {
    Period::seconds(300)
}

// local0.
const fn default_facility() -> u8 {
    16
}

// The number that is kept for documentation (RFC 5612).
const fn default_enterprise() -> u32 {
    32_473
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_a_host_and_a_port() {
        let address = |text: &str| text.parse::<HostPort>().ok().map(|found| (found.host, found.port));
        assert_eq!(address("siem.example:6514"), Some(("siem.example".into(), 6514)));
        assert_eq!(address("[::1]:514"), Some(("::1".into(), 514)));
        for bad in ["siem", "siem:", ":514", "siem:0", "siem:70000", "::1:514", "[x]:514", "a b:514", "é:514"]
        {
            assert_eq!(address(bad), None, "{bad}");
        }
    }
}
