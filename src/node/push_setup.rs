//! From the config to where events are pushed to. Read again on every reload.

use std::sync::Arc;

use overlap_api::{
    EventFormat, Sink, Sinks, SyslogFormat, SyslogSettings, Transport, WebhookSecret, WebhookSettings,
    client_tls,
};
use rustls::ClientConfig;

use crate::config::{Config, SyslogSection, WebhookSection, push};
use crate::daemon::off_thread;
use crate::exit::CommandError;
use crate::files;

/// Begins to push; every new sink has a position when this returns.
///
/// # Errors
/// As [`read`], or the store fails.
pub(crate) async fn begin(sinks: &Sinks, config: &Arc<Config>) -> Result<(), CommandError> {
    let config = config.clone();
    let read = off_thread(move || read(&config)).await?;
    Ok(sinks.configure(read).await?)
}

/// Reads secrets and authorities.
///
/// # Errors
/// A file cannot be read, or holds something else. Nothing is connected to: a receiver may be down.
pub(crate) fn read(config: &Config) -> Result<Vec<Sink>, CommandError> {
    let webhooks = config.webhook.iter().map(|webhook| Ok(Sink::Webhook(webhook_settings(webhook)?)));
    let syslogs = config.syslog.iter().map(|syslog| Ok(Sink::Syslog(syslog_settings(syslog, config)?)));
    webhooks.chain(syslogs).collect()
}

fn webhook_settings(section: &WebhookSection) -> Result<WebhookSettings, CommandError> {
    let secret = files::read_secret(&section.secret)?;
    let secret = std::str::from_utf8(&secret).ok().and_then(WebhookSecret::parse).ok_or_else(|| {
        CommandError::failed(format!(
            "[[webhook]] {}: secret: {} is not `whsec_` and 24 to 64 bytes in base64: make one with `echo whsec_$(openssl rand -base64 32)`",
            section.name,
            section.secret.display()
        ))
    })?;
    Ok(WebhookSettings {
        name: section.name.clone(),
        target: section.url.0.clone(),
        secret,
        tls: tls("webhook", &section.name, section.ca.as_deref())?,
        filter: push::filter(&section.types, &section.peers),
        format: match section.format {
            push::WebhookFormat::Native => EventFormat::Native,
            push::WebhookFormat::Ecs => EventFormat::Ecs,
        },
        batch: section.batch,
        timeout: section.timeout.0,
        tries: section.tries,
        give_up: section.give_up.0,
        longest_wait: section.longest_wait.0,
        from_start: section.from == push::From::Start,
    })
}

fn syslog_settings(section: &SyslogSection, config: &Config) -> Result<SyslogSettings, CommandError> {
    let transport = match section.transport {
        push::TransportName::Udp => Transport::Udp,
        push::TransportName::Tcp => Transport::Tcp,
        push::TransportName::Tls => Transport::Tls(tls("syslog", &section.name, section.ca.as_deref())?),
    };
    Ok(SyslogSettings {
        name: section.name.clone(),
        host: section.address.host.clone(),
        port: section.address.port,
        transport,
        format: match section.format {
            push::SyslogFormatName::Rfc5424 => SyslogFormat::Rfc5424,
            push::SyslogFormatName::Cef => SyslogFormat::Cef,
            push::SyslogFormatName::Ecs => SyslogFormat::Ecs,
        },
        filter: push::filter(&section.types, &section.peers),
        facility: section.facility,
        enterprise: section.enterprise,
        hostname: section.hostname.clone().unwrap_or_else(|| config.node.member.to_string()),
        longest: section.longest(),
        longest_wait: section.longest_wait.0,
        from_start: section.from == push::From::Start,
    })
}

fn tls(section: &str, name: &str, ca: Option<&std::path::Path>) -> Result<Arc<ClientConfig>, CommandError> {
    let pem = ca.map(files::read).transpose()?;
    client_tls(pem.as_deref()).map_err(|what| {
        let ca = ca.map(|ca| ca.display().to_string()).unwrap_or_default();
        CommandError::failed(format!("[[{section}]] {name}: ca: {ca}: {what}"))
    })
}
