//! `[misp_modules]`: a listener for MISP's enrichment, which sends no credentials.

use std::net::SocketAddr;

use serde::Deserialize;

/// `[misp_modules]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MispModulesSection {
    /// A TCP address on which to answer what MISP asks an enrichment service; none: not at all.
    pub listen: Option<SocketAddr>,
    /// Whether the address may be another than the loopback, and requests may name any host.
    #[serde(default)]
    pub beyond_loopback: bool,
}

impl MispModulesSection {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        let listen = self.listen?;
        (!listen.ip().is_loopback() && !self.beyond_loopback).then(|| {
            "[misp_modules] listen is not on the loopback: whoever reaches it may ask without a token; beyond_loopback = true allows it".to_owned()
        })
    }
}
