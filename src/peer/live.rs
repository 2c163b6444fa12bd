//! What can be replaced while the node runs: config, own certificate, CRLs and roster. One value, swapped whole, so that
//! nobody ever sees half of a reload.

use std::sync::Arc;

use overlap_coalition::{
    EngineName, MemberId, Roster, RosterError, RosterTrust, SignedDocument, SigningKey, Timestamp,
    VerifiedRoster,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::crl::{Crl, newest_first};
use crate::identity::{Judge, claimed_member, end_of};
use crate::{Identity, Partner, PeerConfig, PeerSetupError, Trust};

/// Everything that a reload replaces, checked.
pub(crate) struct Live {
    pub(crate) config: PeerConfig,
    pub(crate) certificate: Arc<CertifiedKey>,
    pub(crate) receipt_key: Arc<SigningKey>,
    pub(crate) roster: Arc<VerifiedRoster>,
    trust: Trust,
    crls: Arc<Vec<Crl>>,
}

impl Live {
    /// Checks what the daemon gave.
    ///
    /// # Errors
    /// What the operator has to mend.
    pub(crate) fn new(
        config: PeerConfig,
        identity: Identity,
        trust: Trust,
        roster: Arc<VerifiedRoster>,
        now: Timestamp,
    ) -> Result<Self, PeerSetupError> {
        let certificate = own_certificate(&config, &identity)?;
        warn_if_ended(&certificate, now);
        let crls = Arc::new(parse_crls(&trust.crls)?);
        Ok(Self {
            config,
            certificate: Arc::new(certificate),
            receipt_key: identity.receipt_key.clone(),
            roster,
            trust,
            crls,
        })
    }

    /// The same with another roster.
    pub(crate) fn with_roster(&self, roster: Arc<VerifiedRoster>) -> Self {
        Self {
            config: self.config.clone(),
            certificate: self.certificate.clone(),
            receipt_key: self.receipt_key.clone(),
            roster,
            trust: self.trust.clone(),
            crls: self.crls.clone(),
        }
    }

    /// What certificates are judged by now.
    pub(crate) fn judge(&self, now: Timestamp) -> Judge<'_> {
        Judge { coalition: &self.config.coalition, roster: self.roster.roster(), crls: &self.crls, now }
    }

    /// The configured partner of this name.
    pub(crate) fn partner(&self, id: &MemberId) -> Option<&Partner> {
        self.config.partners.iter().find(|partner| partner.id == *id)
    }

    /// The roster's content.
    pub(crate) fn roster(&self) -> &Roster {
        self.roster.roster()
    }

    /// This node's first choice of those that it runs, or the one that is named.
    pub(crate) fn engine(&self, wanted: Option<EngineName>) -> Option<EngineName> {
        wanted.or_else(|| self.config.engines.first().copied())
    }

    /// Checks a roster against this node's secretariat and the roster in force.
    ///
    /// # Errors
    /// As [`PeerSetupError::Roster`] says.
    pub(crate) fn verify_roster(
        &self,
        document: SignedDocument,
        now: Timestamp,
    ) -> Result<VerifiedRoster, PeerSetupError> {
        let highest = Some((self.roster().version, self.roster.hash()));
        let verified = verify_roster(&self.config, &self.trust, document, highest, Some(self.roster()))?;
        if verified.roster().is_expired(now) { Err(RosterError::Expired.into()) } else { Ok(verified) }
    }
}

/// Decodes a roster and checks everything but its end.
///
/// # Errors
/// As [`PeerSetupError::Roster`] says.
pub(crate) fn verify_roster(
    config: &PeerConfig,
    trust: &Trust,
    document: SignedDocument,
    highest: Option<(u64, [u8; 32])>,
    current: Option<&Roster>,
) -> Result<VerifiedRoster, PeerSetupError> {
    let roster = overlap_wire::decode_roster(&document.bytes)?;
    let trust = RosterTrust {
        coalition: config.coalition.clone(),
        secretariat: trust.secretariat.clone(),
        threshold: trust.threshold,
        highest,
    };
    VerifiedRoster::verify_even_if_expired(roster, document, &trust, current).map_err(|error| {
        if let RosterError::Equivocation { version } = error {
            metrics::counter!("overlapd_roster_equivocations_total").increment(1);
            tracing::error!(version, "two different rosters have one version: tell the secretariat at once");
        }
        error.into()
    })
}

fn own_certificate(config: &PeerConfig, identity: &Identity) -> Result<CertifiedKey, PeerSetupError> {
    let chain = CertificateDer::pem_slice_iter(&identity.certificate_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| unusable("certificate", "it is not PEM"))?;
    let leaf = chain.first().ok_or_else(|| unusable("certificate", "the file has none"))?;
    let owner = claimed_member(leaf, &config.coalition).map_err(|error| unusable("certificate", error))?;
    if owner != config.own {
        return Err(unusable("certificate", format!("it is {owner}'s, this node is {}", config.own)));
    }
    let key = PrivateKeyDer::from_pem_slice(&identity.private_key_pem)
        .map_err(|_| unusable("private key", "it is not a PEM private key"))?;
    CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider())
        .map_err(|error| unusable("private key", error))
}

/// An ended certificate does not keep a node from starting: its API has to work so that it can be mended.
fn warn_if_ended(certificate: &CertifiedKey, now: Timestamp) {
    let end = certificate.cert.first().and_then(|leaf| end_of(leaf).ok());
    if end.is_some_and(|end| end <= now) {
        tracing::warn!("own certificate has expired: partners will refuse this node until it is renewed");
    }
}

fn parse_crls(ders: &[Vec<u8>]) -> Result<Vec<Crl>, PeerSetupError> {
    let crls = ders.iter().map(|der| Crl::parse(der)).collect::<Result<Vec<_>, _>>();
    crls.map(newest_first).map_err(|why| unusable("CRL", why))
}

fn unusable(what: &'static str, why: impl ToString) -> PeerSetupError {
    PeerSetupError::Identity { what, why: why.to_string() }
}
