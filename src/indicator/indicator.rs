//! An indicator: a kind and a canonical form.

use crate::reject::Why;
use crate::{
    Facet, FacetKey, Kind, Reject, SecretText, account, card, detect, email, file_hash, handle, host, iban,
    infohash, ip, merchant, newsgroup, onion, phone, refang, url, wallet,
};

/// What the rules need to know beyond the value.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// ISO 3166 code, two capital letters, that completes telephone numbers without a country code. None: such numbers are refused.
    pub default_region: Option<String>,
}

/// One thing that a member knows, in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Indicator {
    kind: Kind,
    canonical: SecretText,
}

impl Indicator {
    /// Canonicalises `raw` as a value of `kind`.
    ///
    /// A canonical form is its own canonical form.
    ///
    /// # Errors
    /// [`Reject::CardNumber`] comes before any rule of the kind; [`Reject::Invalid`] names the rule that the value breaks.
    pub fn parse(kind: Kind, raw: &str, rules: &Rules) -> Result<Indicator, Reject> {
        let text = refang::prepare(raw)?;
        if card::applies_to(kind) && card::is_card_number(&text) {
            return Err(Reject::CardNumber);
        }
        Self::from_prepared(kind, &text, rules)
    }

    /// Finds the kind of a bare value, then canonicalises it.
    ///
    /// # Errors
    /// As [`Indicator::parse`]; [`Reject::Ambiguous`] names the kinds that a value could be, [`Reject::Unrecognised`] says
    /// that it is none's.
    pub fn detect(raw: &str, rules: &Rules) -> Result<Indicator, Reject> {
        let text = refang::prepare(raw)?;
        if card::is_card_number(&text) {
            return Err(Reject::CardNumber);
        }
        detect::detect(&text, rules)
    }

    /// Canonicalises text that is refanged already and no card number.
    pub(crate) fn from_prepared(kind: Kind, text: &str, rules: &Rules) -> Result<Indicator, Reject> {
        let canonical = canonical(kind, text, rules).map_err(|why| Reject::Invalid { kind, why })?;
        Ok(Indicator { kind, canonical: SecretText::new(canonical) })
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The canonical form.
    pub fn canonical(&self) -> &SecretText {
        &self.canonical
    }

    /// Every facet of this indicator, default or not.
    pub fn facets(&self) -> Vec<FacetKey> {
        let text = self.canonical.reveal();
        match self.kind {
            Kind::Url => url::facets(text),
            Kind::Domain => host::facets(text),
            Kind::Onion => whole(Facet::Onion, text),
            Kind::Ip => whole(Facet::Ip, text),
            Kind::Email => email::facets(text),
            Kind::Phone => whole(Facet::Phone, text),
            Kind::Wallet => wallet::facets(text),
            Kind::Merchant => merchant::facets(text),
            Kind::Iban => whole(Facet::Iban, text),
            Kind::Account => whole(Facet::Account, text),
            Kind::Handle => whole(Facet::Handle, text),
            Kind::Infohash => whole(Facet::Infohash, text),
            Kind::FileHash => whole(Facet::FileHash, text),
            Kind::Newsgroup => whole(Facet::Newsgroup, text),
        }
    }
}

fn canonical(kind: Kind, text: &str, rules: &Rules) -> Result<String, Why> {
    match kind {
        Kind::Url => url::canonical(text),
        Kind::Domain => host::domain(text),
        Kind::Onion => onion::canonical(text),
        Kind::Ip => ip::canonical(text),
        Kind::Email => email::canonical(text),
        Kind::Phone => phone::canonical(text, rules.default_region.as_deref()),
        Kind::Wallet => wallet::canonical(text),
        Kind::Merchant => merchant::canonical(text),
        Kind::Iban => iban::canonical(text),
        Kind::Account => account::canonical(text),
        Kind::Handle => handle::canonical(text),
        Kind::Infohash => infohash::canonical(text),
        Kind::FileHash => file_hash::canonical(text),
        Kind::Newsgroup => newsgroup::canonical(text),
    }
}

/// The single facet of a kind whose canonical form is its key.
fn whole(facet: Facet, text: &str) -> Vec<FacetKey> {
    vec![FacetKey::new(facet, text)]
}
