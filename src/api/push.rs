//! Push: events as they happen, to whoever listens (server-sent events) and to where the config says (webhooks, syslog).
//!
//! Every way reads events from the store, page by page, after a position, and waits for the store's word that there are more. Nothing is queued in
//! memory, so a slow listener costs one page, and a receiver that is down costs nothing.

mod backoff;
mod cef;
mod connect;
mod ecs;
mod feed;
mod frame;
mod http;
mod list;
mod message;
mod native;
mod rfc5424;
mod settings;
mod shown;
mod signature;
mod sinks;
mod sse;
mod state;
mod syslog;
mod webhook;
mod webhooks;

#[cfg(test)]
mod format_tests;

pub use connect::{Target, client_tls};
pub use settings::{EventFormat, Sink, SyslogFormat, SyslogSettings, Transport, WebhookSettings};
pub use signature::WebhookSecret;
pub use sinks::Sinks;

pub(crate) use feed::Feed;
pub(crate) use list::{__path_list, list};
pub(crate) use shown::{WHOLE, sentence, severity, title};
pub(crate) use sse::{__path_stream, MAX_STREAMS, stream};
pub(crate) use state::SinkItem;
pub(crate) use webhooks::{
    __path_dead_letters, __path_discard, __path_send_again, __path_send_all_again, __path_webhooks, Letters,
    dead_letters, discard, discard_for, letters_of, send_again, send_all_again, send_all_for, send_for,
    webhooks,
};
