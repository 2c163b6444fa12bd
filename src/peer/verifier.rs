//! The certificate verifier of one handshake.
//!
//! Each connection has a verifier of its own, so that what it decided, and why, can be read beside the connection when
//! the handshake has ended.

use std::fmt;
use std::sync::{Arc, OnceLock};

use overlap_coalition::MemberId;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use crate::Clock;
use crate::identity::{CertificateUse, IdentityError, VerifiedMember};
use crate::live::Live;

/// Judges the other side's certificate in one handshake, and keeps the verdict.
pub(crate) struct HandshakeVerifier {
    live: Arc<Live>,
    clock: Arc<dyn Clock>,
    /// The member that is called; `None` where this node is called.
    expected: Option<MemberId>,
    verdict: OnceLock<Result<VerifiedMember, IdentityError>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl HandshakeVerifier {
    pub(crate) fn new(live: Arc<Live>, clock: Arc<dyn Clock>, expected: Option<MemberId>) -> Arc<Self> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        Arc::new(Self { live, clock, expected, verdict: OnceLock::new(), algorithms })
    }

    /// What was decided; `None` where no certificate was judged.
    pub(crate) fn verdict(&self) -> Option<&Result<VerifiedMember, IdentityError>> {
        self.verdict.get()
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: CertificateUse,
    ) -> Result<(), Error> {
        let judge = self.live.judge(self.clock.now());
        let verdict = judge.judge(leaf, intermediates, usage, self.expected.as_ref());
        let result = verdict.as_ref().map(|_| ()).map_err(|error| Error::from(alert_for(error)));
        // A handshake judges one certificate; were there a second, the first verdict would stand for the member's id.
        self.verdict.set(verdict).map_err(|_| Error::General("a second certificate".into()))?;
        result
    }
}

/// What the other side is told: the kind of refusal, and nothing of what this node knows.
fn alert_for(error: &IdentityError) -> CertificateError {
    match error {
        IdentityError::Encoding => CertificateError::BadEncoding,
        IdentityError::Expired(_) | IdentityError::NotYetValid(_) => CertificateError::Expired,
        IdentityError::RevokedByAuthority(_) | IdentityError::RevokedByRoster(_) => CertificateError::Revoked,
        IdentityError::UnknownAuthority(_) => CertificateError::UnknownIssuer,
        IdentityError::NoCrl(_) | IdentityError::CrlExpired(_) => CertificateError::UnknownRevocationStatus,
        IdentityError::WrongUse(_) => CertificateError::InvalidPurpose,
        _ => CertificateError::ApplicationVerificationFailure,
    }
}

impl ServerCertVerifier for HandshakeVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge(end_entity, intermediates, CertificateUse::Server)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for HandshakeVerifier {
    /// None: the names of the authorities would tell strangers who the members are.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge(end_entity, intermediates, CertificateUse::Client)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for HandshakeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandshakeVerifier").field("expected", &self.expected).finish_non_exhaustive()
    }
}
