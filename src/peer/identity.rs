//! Who a certificate speaks for, and whether to believe it.
//!
//! The SPIFFE id in the certificate selects the member, the roster in force names that member's trust anchors, and the
//! chain has to end at one of those: an authority of one member cannot vouch for another.

use overlap_coalition::{
    CoalitionName, Member, MemberId, MemberStatus, RevokedCertificate, Roster, Timestamp,
};
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, RevocationCheckDepth, RevocationOptions,
    RevocationOptionsBuilder, UnknownStatusPolicy, VerifiedPath,
};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::crl::{Crl, speaking_for};
use crate::exchange::sha256;

/// Why a certificate is not believed. Carries nothing that a stranger wrote but names that follow the rule for names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("its certificate cannot be read")]
    Encoding,
    #[error("its certificate does not have exactly one URI name that is a member's SPIFFE id")]
    NotOneId,
    #[error("its certificate is of another coalition")]
    OtherCoalition,
    #[error("{0} is in no roster")]
    UnknownMember(MemberId),
    #[error("{0} is suspended")]
    Suspended(MemberId),
    #[error("{0} is revoked")]
    RevokedMember(MemberId),
    #[error("the certificate is {claimed}'s, not {expected}'s")]
    OtherMember { claimed: MemberId, expected: MemberId },
    #[error(
        "the certificate that claims to be {0}'s is not issued by an authority that the roster names for it"
    )]
    UnknownAuthority(MemberId),
    #[error("{0}'s certificate has expired")]
    Expired(MemberId),
    #[error("{0}'s certificate is not valid yet")]
    NotYetValid(MemberId),
    #[error("{0}'s certificate is revoked by its authority")]
    RevokedByAuthority(MemberId),
    #[error("{0}'s certificate is revoked by the roster")]
    RevokedByRoster(MemberId),
    #[error("no CRL of the authority that issued {0}'s certificate is here")]
    NoCrl(MemberId),
    #[error("the CRL of the authority that issued {0}'s certificate has expired")]
    CrlExpired(MemberId),
    #[error("{0}'s certificate is not for this use")]
    WrongUse(MemberId),
    #[error("{0}'s certificate chain breaks a rule of X.509")]
    Chain(MemberId),
}

/// At which end of the connection the certificate's owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificateUse {
    Server,
    Client,
}

/// A member whose certificate was judged good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VerifiedMember {
    pub(crate) id: MemberId,
    /// When its certificate ends.
    pub(crate) certificate_ends: Timestamp,
}

/// Intermediate authorities that a partner presents and whose CRLs are looked for: no member has a longer chain, and each
/// may cost a signature.
const MOST_INTERMEDIATES: usize = 8;

/// What certificates are judged by.
pub(crate) struct Judge<'a> {
    pub(crate) coalition: &'a CoalitionName,
    pub(crate) roster: &'a Roster,
    pub(crate) crls: &'a [Crl],
    pub(crate) now: Timestamp,
}

impl Judge<'_> {
    /// Judges the certificates that a partner presented.
    ///
    /// # Errors
    /// The first rule that they break.
    pub(crate) fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: CertificateUse,
        expected: Option<&MemberId>,
    ) -> Result<VerifiedMember, IdentityError> {
        let claimed = claimed_member(leaf, self.coalition)?;
        if let Some(expected) = expected.filter(|expected| **expected != claimed) {
            return Err(IdentityError::OtherMember { claimed, expected: expected.clone() });
        }
        let member = self.active_member(&claimed)?;
        self.check_chain(member, leaf, intermediates, usage)?;
        Ok(VerifiedMember { certificate_ends: end_of(leaf)?, id: claimed })
    }

    fn active_member(&self, id: &MemberId) -> Result<&Member, IdentityError> {
        let member = self.roster.members.iter().find(|member| member.id == *id);
        let member = member.ok_or_else(|| IdentityError::UnknownMember(id.clone()))?;
        match member.status {
            MemberStatus::Active => Ok(member),
            MemberStatus::Suspended => Err(IdentityError::Suspended(id.clone())),
            MemberStatus::Revoked => Err(IdentityError::RevokedMember(id.clone())),
        }
    }

    fn check_chain(
        &self,
        member: &Member,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: CertificateUse,
    ) -> Result<(), IdentityError> {
        let unknown = Err(IdentityError::UnknownAuthority(member.id.clone()));
        // Each by itself: a member that changes its authority's key has two of one name, with a CRL each.
        member.anchors.iter().fold(unknown, |before, anchor| match before {
            Err(IdentityError::UnknownAuthority(_)) => {
                self.check_path(member, &CertificateDer::from(anchor.as_slice()), leaf, intermediates, usage)
            }
            Err(why) => self
                .check_path(member, &CertificateDer::from(anchor.as_slice()), leaf, intermediates, usage)
                .map_err(|_| why),
            Ok(()) => Ok(()),
        })
    }

    /// Checks the paths to one anchor.
    fn check_path(
        &self,
        member: &Member,
        anchor: &CertificateDer<'_>,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: CertificateUse,
    ) -> Result<(), IdentityError> {
        let anchors = [anchor.clone()];
        let authorities = std::iter::once(anchor).chain(intermediates.iter().take(MOST_INTERMEDIATES));
        let authorities: Vec<_> = authorities.filter_map(|authority| parse(authority).ok()).collect();
        let crls = speaking_for(self.crls, &authorities);
        let anchors = trust_anchors(&anchors);
        let end_entity = EndEntityCert::try_from(leaf).map_err(|_| IdentityError::Encoding)?;
        // A path through a revoked certificate must not hide one that is good, nor be hidden by it: every path is asked.
        let unrevoked = |path: &VerifiedPath<'_>| self.check_roster_revocations(&member.id, leaf, path);
        end_entity
            .verify_for_usage(
                rustls::crypto::ring::default_provider().signature_verification_algorithms.all,
                &anchors,
                intermediates,
                UnixTime::since_unix_epoch(std::time::Duration::from_secs(self.now.0)),
                key_usage(usage),
                Some(revocation(&crls).ok_or_else(|| IdentityError::NoCrl(member.id.clone()))?),
                Some(&unrevoked),
            )
            .map(|_| ())
            .map_err(|error| chain_error(&error, member.id.clone()))
    }

    fn check_roster_revocations(
        &self,
        member: &MemberId,
        leaf: &CertificateDer<'_>,
        path: &VerifiedPath<'_>,
    ) -> Result<(), webpki::Error> {
        let intermediates = path.intermediate_certificates().map(|certificate| certificate.der());
        let anchor_key = webpki::spki_for_anchor(path.anchor());
        let revoked = self.is_key_revoked(anchor_key.as_ref())
            || std::iter::once(leaf.clone())
                .chain(intermediates)
                .any(|certificate| self.is_revoked(member, &certificate));
        if revoked { Err(webpki::Error::CertDistrusted) } else { Ok(()) }
    }

    /// Whether the roster revokes a certificate; one that cannot be read counts as revoked.
    fn is_revoked(&self, member: &MemberId, certificate: &CertificateDer<'_>) -> bool {
        let Ok(parsed) = parse(certificate) else { return true };
        self.roster.is_revoked(member, parsed.raw_serial(), &sha256(parsed.public_key().raw))
    }

    fn is_key_revoked(&self, subject_public_key_info: &[u8]) -> bool {
        self.roster.revoked.contains(&RevokedCertificate::Key(sha256(subject_public_key_info)))
    }
}

/// The member that a certificate names.
///
/// "An X.509 SVID MUST contain exactly one URI SAN" (SPIFFE X509-SVID, 2).
pub(crate) fn claimed_member(
    leaf: &CertificateDer<'_>,
    coalition: &CoalitionName,
) -> Result<MemberId, IdentityError> {
    let parsed = parse(leaf)?;
    let names = parsed.subject_alternative_name().map_err(|_| IdentityError::Encoding)?;
    let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    let mut ids = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(Ok(*uri)),
        GeneralName::Invalid(..) => Some(Err(IdentityError::NotOneId)),
        _ => None,
    });
    match (ids.next(), ids.next()) {
        (Some(Ok(uri)), None) => member_of(uri, coalition),
        _ => Err(IdentityError::NotOneId),
    }
}

fn member_of(uri: &str, coalition: &CoalitionName) -> Result<MemberId, IdentityError> {
    let path = uri.strip_prefix("spiffe://").ok_or(IdentityError::NotOneId)?;
    let (domain, member) = path.split_once("/member/").ok_or(IdentityError::NotOneId)?;
    if domain != coalition.as_str() {
        return Err(IdentityError::OtherCoalition);
    }
    member.parse().map_err(|_| IdentityError::NotOneId)
}

/// When a certificate ends.
pub(crate) fn end_of(certificate: &CertificateDer<'_>) -> Result<Timestamp, IdentityError> {
    let end = parse(certificate)?.validity().not_after.timestamp();
    Ok(Timestamp(u64::try_from(end).unwrap_or(0)))
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, IdentityError> {
    match X509Certificate::from_der(certificate.as_ref()) {
        Ok(([], parsed)) => Ok(parsed),
        _ => Err(IdentityError::Encoding),
    }
}

/// Anchors that cannot be read are left out: the roster's signers vouch for them, and one bad entry must not let a
/// chain pass nor keep the others from working.
fn trust_anchors<'a>(certificates: &'a [CertificateDer<'a>]) -> Vec<TrustAnchor<'a>> {
    certificates.iter().filter_map(|certificate| webpki::anchor_from_trusted_cert(certificate).ok()).collect()
}

fn key_usage(usage: CertificateUse) -> KeyUsage {
    match usage {
        CertificateUse::Server => KeyUsage::server_auth(),
        CertificateUse::Client => KeyUsage::client_auth(),
    }
}

/// Unknown means no, and an expired CRL means no. `None` where there is no CRL at all.
fn revocation<'a>(crls: &'a [&'a CertRevocationList<'a>]) -> Option<RevocationOptions<'a>> {
    let options = RevocationOptionsBuilder::new(crls).ok()?;
    Some(
        options
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build(),
    )
}

fn chain_error(error: &webpki::Error, member: MemberId) -> IdentityError {
    match error {
        webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey => {
            IdentityError::UnknownAuthority(member)
        }
        webpki::Error::CertExpired { .. } => IdentityError::Expired(member),
        webpki::Error::CertNotValidYet { .. } => IdentityError::NotYetValid(member),
        webpki::Error::CertRevoked => IdentityError::RevokedByAuthority(member),
        webpki::Error::CertDistrusted => IdentityError::RevokedByRoster(member),
        webpki::Error::UnknownRevocationStatus | webpki::Error::InvalidCrlSignatureForPublicKey => {
            IdentityError::NoCrl(member)
        }
        webpki::Error::CrlExpired { .. } => IdentityError::CrlExpired(member),
        webpki::Error::RequiredEkuNotFoundContext(_) => IdentityError::WrongUse(member),
        _ => IdentityError::Chain(member),
    }
}
