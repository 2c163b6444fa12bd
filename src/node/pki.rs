//! Certificates of a member's own authority: made for `lab`, `demo` and `init`, and read by the daemon.
//!
//! A member's certificate serves on both sides of a connection and has one name: the URI SAN
//! `spiffe://COALITION/member/ID` (SPIFFE X.509-SVID, 2). Keys are ECDSA on P-256.

use overlap_coalition::{CoalitionName, MemberId, Timestamp};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer, X509Certificate};

/// How long an authority and its CRL are good for: a member renews its certificates under them many times.
const AUTHORITY_DAYS: i64 = 3_650;

/// How long a member's certificate is good for.
const CERTIFICATE_DAYS: i64 = 730;

/// How far certificates begin in the past: clocks of members differ.
const CLOCK_TOLERANCE: Duration = Duration::hours(1);

/// What can go wrong with certificates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PkiError {
    /// Making one.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// Reading one.
    #[error("{0} has no certificate that can be read")]
    Unreadable(String),
    /// Reading CRLs.
    #[error("{0} is no CRL, in PEM or DER")]
    NoCrl(String),
}

/// A member's own certificate authority.
pub struct Authority {
    certificate_pem: String,
    certificate_der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its private key, both PEM.
pub struct Issued {
    /// The certificate.
    pub certificate_pem: String,
    /// The private key, PKCS #8.
    pub key_pem: String,
}

impl Authority {
    /// Makes an authority that may issue a member's certificates, and none below it.
    ///
    /// # Errors
    /// [`PkiError::Make`].
    pub fn new(coalition: &CoalitionName, member: &MemberId, now: Timestamp) -> Result<Self, PkiError> {
        let key = KeyPair::generate()?;
        let mut params = lasting(now, AUTHORITY_DAYS);
        params.distinguished_name.push(DnType::CommonName, format!("{member} authority"));
        params.distinguished_name.push(DnType::OrganizationName, coalition.as_str());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            certificate_der: certificate.der().to_vec(),
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority's certificate, PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The authority's certificate, DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// The authority's private key, PEM.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Issues a member's certificate with a new key.
    ///
    /// # Errors
    /// [`PkiError::Make`].
    pub fn issue(
        &self,
        coalition: &CoalitionName,
        member: &MemberId,
        now: Timestamp,
    ) -> Result<Issued, PkiError> {
        let key = KeyPair::generate()?;
        let mut params = member_params(coalition, member, now)?;
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Issued { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }

    /// A CRL that revokes nothing, PEM.
    ///
    /// # Errors
    /// [`PkiError::Make`].
    pub fn empty_crl_pem(&self, now: Timestamp) -> Result<String, PkiError> {
        let begin = moment(now) - CLOCK_TOLERANCE;
        let params = CertificateRevocationListParams {
            this_update: begin,
            next_update: begin + Duration::days(AUTHORITY_DAYS),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(&self.issuer)?.pem()?)
    }
}

/// A request for a member's certificate, PEM, with its new key: for a member whose authority is elsewhere.
///
/// # Errors
/// [`PkiError::Make`].
pub fn request(coalition: &CoalitionName, member: &MemberId, now: Timestamp) -> Result<Issued, PkiError> {
    let key = KeyPair::generate()?;
    let mut params = member_params(coalition, member, now)?;
    // A request has no validity and names no authority; those fields must be unset.
    params.use_authority_key_identifier_extension = false;
    let request = params.serialize_request(&key)?;
    Ok(Issued { certificate_pem: request.pem()?, key_pem: key.serialize_pem() })
}

/// A certificate for the API's TLS on this machine, self-signed.
///
/// # Errors
/// [`PkiError::Make`].
pub(crate) fn loopback(now: Timestamp) -> Result<Issued, PkiError> {
    let key = KeyPair::generate()?;
    let mut params = lasting(now, CERTIFICATE_DAYS);
    params.distinguished_name.push(DnType::CommonName, "overlapd on this machine");
    params.subject_alt_names =
        vec![SanType::IpAddress([127, 0, 0, 1].into()), SanType::DnsName(Ia5String::try_from("localhost")?)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(Issued { certificate_pem: params.self_signed(&key)?.pem(), key_pem: key.serialize_pem() })
}

fn member_params(
    coalition: &CoalitionName,
    member: &MemberId,
    now: Timestamp,
) -> Result<CertificateParams, PkiError> {
    let mut params = lasting(now, CERTIFICATE_DAYS);
    params.distinguished_name.push(DnType::CommonName, member.as_str());
    params.subject_alt_names = vec![SanType::URI(Ia5String::try_from(member.spiffe_id(coalition))?)];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn lasting(now: Timestamp, days: i64) -> CertificateParams {
    let begin = moment(now) - CLOCK_TOLERANCE;
    let mut params = CertificateParams::default();
    params.not_before = begin;
    params.not_after = begin + Duration::days(days);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
}

fn moment(now: Timestamp) -> OffsetDateTime {
    let seconds = i64::try_from(now.0).unwrap_or(i64::MAX);
    // A clock past the year 9999 is wrong; certificates from 1970 then say so by being expired.
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The DER of the first certificate in a PEM text.
///
/// # Errors
/// There is none.
pub fn certificate_der(pem: &[u8], named: &str) -> Result<Vec<u8>, PkiError> {
    CertificateDer::from_pem_slice(pem)
        .map(|der| der.to_vec())
        .map_err(|_| PkiError::Unreadable(named.to_owned()))
}

/// When the first certificate in a PEM text ends.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn certificate_end(pem: &[u8], named: &str) -> Result<Timestamp, PkiError> {
    let der = certificate_der(pem, named)?;
    let (_, certificate) =
        X509Certificate::from_der(&der).map_err(|_| PkiError::Unreadable(named.to_owned()))?;
    Ok(Timestamp(u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0)))
}

/// The CRLs in a file, PEM or DER, as DER.
///
/// # Errors
/// There is none.
pub fn crls_der(bytes: &[u8], named: &str) -> Result<Vec<Vec<u8>>, PkiError> {
    let no_crl = || PkiError::NoCrl(named.to_owned());
    // DER of a CRL begins with a SEQUENCE (X.690, 8.9); PEM is text.
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes.to_vec()]);
    }
    let crls: Result<Vec<_>, _> =
        CertificateRevocationListDer::pem_slice_iter(bytes).map(|crl| crl.map(|crl| crl.to_vec())).collect();
    crls.ok().filter(|crls| !crls.is_empty()).ok_or_else(no_crl)
}

#[cfg(test)]
mod tests {
    use x509_parser::extensions::GeneralName;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn names() -> (CoalitionName, MemberId) {
        ("example.org".parse().unwrap(), "police".parse().unwrap())
    }

    #[test]
    fn a_members_certificate_has_its_one_name_and_both_uses() {
        let (coalition, member) = names();
        let issued =
            Authority::new(&coalition, &member, NOW).unwrap().issue(&coalition, &member, NOW).unwrap();
        let der = certificate_der(issued.certificate_pem.as_bytes(), "it").unwrap();
        let (_, certificate) = X509Certificate::from_der(&der).unwrap();
        let san = certificate.subject_alternative_name().unwrap().unwrap();
        assert_eq!(san.value.general_names, [GeneralName::URI("spiffe://example.org/member/police")]);
        let usage = certificate.extended_key_usage().unwrap().unwrap();
        assert!(usage.value.server_auth && usage.value.client_auth);
        let end = certificate_end(issued.certificate_pem.as_bytes(), "it").unwrap();
        assert_eq!(end.0, NOW.0 - 3_600 + 730 * 86_400);
    }

    #[test]
    fn crls_are_read_from_pem_and_der() {
        let (coalition, member) = names();
        let pem = Authority::new(&coalition, &member, NOW).unwrap().empty_crl_pem(NOW).unwrap();
        let from_pem = crls_der(pem.as_bytes(), "crl").unwrap();
        assert_eq!(from_pem.len(), 1);
        assert_eq!(crls_der(&from_pem[0], "crl").unwrap(), from_pem);
        assert!(crls_der(b"nothing", "crl").is_err());
    }

    #[test]
    fn a_request_carries_the_name() {
        let (coalition, member) = names();
        let request = request(&coalition, &member, NOW).unwrap();
        assert!(request.certificate_pem.starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
        assert!(KeyPair::from_pem(&request.key_pem).is_ok());
    }
}
