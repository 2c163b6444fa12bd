//! CRLs, and which of them speak for the certificates under one authority.
//!
//! A CRL names its issuer, and names are free: two authorities may have one name, or one authority two keys in turn. webpki
//! asks the first CRL whose issuer has the name, and fails where that is signed by another key. So it is shown only CRLs that
//! are signed by a key of the chain in question: no member's CRL can keep another member's certificates out.

use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

/// A CRL.
pub(crate) struct Crl {
    der: Vec<u8>,
    /// Its issuer's name, in DER.
    issuer: Vec<u8>,
    /// When it was made.
    made: i64,
    list: CertRevocationList<'static>,
}

impl Crl {
    /// Reads a CRL; its signature is not looked at.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, String> {
        let (_, parsed) = CertificateRevocationList::from_der(der)
            .map_err(|_| "it is not a DER certificate revocation list".to_owned())?;
        let list = OwnedCertRevocationList::from_der(der).map_err(|error| error.to_string())?;
        Ok(Self {
            issuer: parsed.issuer().as_raw().to_vec(),
            made: parsed.last_update().timestamp(),
            der: der.to_vec(),
            list: CertRevocationList::Owned(list),
        })
    }

    /// Whether the key of one of `authorities` signed it, under its own name.
    fn is_signed_by_one_of(&self, authorities: &[X509Certificate<'_>]) -> bool {
        let mut named = authorities.iter().filter(|one| one.subject().as_raw() == self.issuer).peekable();
        if named.peek().is_none() {
            return false;
        }
        let Ok((_, parsed)) = CertificateRevocationList::from_der(&self.der) else { return false };
        named.any(|authority| parsed.verify_signature(authority.public_key()).is_ok())
    }
}

/// Puts the newest first: of those that fit, the first counts.
pub(crate) fn newest_first(mut crls: Vec<Crl>) -> Vec<Crl> {
    crls.sort_by_key(|crl| std::cmp::Reverse(crl.made));
    crls
}

/// The CRLs that webpki may ask about certificates of `authorities`. One that no other shares its issuer's name with is among
/// them unverified, which spares a signature: webpki verifies the one that it asks.
pub(crate) fn speaking_for<'a>(
    crls: &'a [Crl],
    authorities: &[X509Certificate<'_>],
) -> Vec<&'a CertRevocationList<'static>> {
    let is_alone = |crl: &Crl| crls.iter().filter(|other| other.issuer == crl.issuer).count() == 1;
    let speaks = |crl: &&Crl| is_alone(crl) || crl.is_signed_by_one_of(authorities);
    crls.iter().filter(speaks).map(|crl| &crl.list).collect()
}
