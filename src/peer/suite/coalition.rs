//! A coalition of real parts in one process: authorities, certificates, CRLs, a signed roster, stores on disk, nodes on
//! loopback. Only the clock is a test's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use overlap_coalition::{
    Agreement, CoalitionName, DocumentKind, EngineName, Facet, Kind, Learns, Member, MemberId, MemberStatus,
    Mode, ReceiptKey, RevokedCertificate, Roster, SaltEpoch, SignedDocument, SigningKey, Timestamp,
};
use overlap_store::{SealKey, SledStore, SledStoreOptions, Store};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use tempfile::TempDir;

use crate::{Clock, Identity, Limits, Partner, PeerConfig, PeerNode, PeerSetupError, Trust};

/// 2026-06-01T00:00:00Z, when the tests take place.
pub(crate) const NOW: u64 = 1_780_272_000;
/// When rosters end: 90 days later.
pub(crate) const ROSTER_ENDS: u64 = NOW + 86_400 * 90;
/// The first second of the year in which certificates and CRLs are valid, and the year.
const YEAR: i32 = 2026;

/// A clock that stands still until it is set.
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn set(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// A member, with everything that its node needs.
pub(crate) struct TestMember {
    pub(crate) id: MemberId,
    pub(crate) authority: CertifiedIssuer<'static, KeyPair>,
    /// The one that follows it, in the roster already.
    pub(crate) next_authority: Option<CertifiedIssuer<'static, KeyPair>>,
    pub(crate) receipt_seed: [u8; 32],
    pub(crate) status: MemberStatus,
    /// Serial numbers on its authority's CRL.
    pub(crate) revoked: Vec<u64>,
}

impl TestMember {
    fn authorities(&self) -> impl Iterator<Item = &CertifiedIssuer<'static, KeyPair>> {
        std::iter::once(&self.authority).chain(&self.next_authority)
    }
}

/// The coalition, from which rosters and nodes are made.
pub(crate) struct TestCoalition {
    pub(crate) name: CoalitionName,
    pub(crate) secretariat: SigningKey,
    pub(crate) members: Vec<TestMember>,
    pub(crate) revoked: Vec<RevokedCertificate>,
    pub(crate) version: u64,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) limits: Limits,
    /// The epoch of the salt in rosters.
    pub(crate) epoch: u32,
    /// When rosters end, in seconds.
    pub(crate) roster_ends: u64,
    /// Engines that every node runs.
    pub(crate) engines: Vec<EngineName>,
    /// The year in which CRLs end.
    pub(crate) crl_end: i32,
    folder: TempDir,
    counter: u64,
}

/// A node and what is behind it.
pub(crate) struct TestNode {
    pub(crate) id: MemberId,
    pub(crate) peer: PeerNode,
    pub(crate) store: Arc<dyn Store>,
}

/// Which certificate to make.
pub(crate) struct CertificateSpec<'a> {
    pub(crate) issuer: &'a CertifiedIssuer<'static, KeyPair>,
    pub(crate) uris: Vec<String>,
    pub(crate) serial: u64,
    pub(crate) years: (i32, i32),
}

pub(crate) fn member_id(name: &str) -> MemberId {
    name.parse().unwrap()
}

/// An authority that signs certificates and CRLs.
pub(crate) fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key, in PEM.
pub(crate) fn certificate(spec: &CertificateSpec<'_>) -> (Vec<u8>, Vec<u8>) {
    let mut params = CertificateParams::default();
    params.subject_alt_names =
        spec.uris.iter().map(|uri| SanType::URI(uri.as_str().try_into().unwrap())).collect();
    params.serial_number = Some(SerialNumber::from(spec.serial.to_be_bytes()[7..].to_vec()));
    params.not_before = date_time_ymd(spec.years.0, 1, 1);
    params.not_after = date_time_ymd(spec.years.1, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, spec.issuer).unwrap();
    (certificate.pem().into_bytes(), key.serialize_pem().into_bytes())
}

impl TestCoalition {
    pub(crate) fn new(names: &[&str]) -> Self {
        let members = names
            .iter()
            .enumerate()
            .map(|(index, name)| TestMember {
                id: member_id(name),
                authority: authority(&format!("{name} authority")),
                next_authority: None,
                receipt_seed: [u8::try_from(index).unwrap() + 1; 32],
                status: MemberStatus::Active,
                revoked: Vec::new(),
            })
            .collect();
        Self {
            name: "test.example".parse().unwrap(),
            secretariat: SigningKey::from_seed(&[200; 32]).unwrap(),
            members,
            revoked: Vec::new(),
            version: 1,
            clock: Arc::new(TestClock(AtomicU64::new(NOW))),
            limits: quick_limits(),
            epoch: 1,
            roster_ends: ROSTER_ENDS,
            engines: vec![EngineName::Voprf],
            crl_end: YEAR + 1,
            folder: TempDir::new().unwrap(),
            counter: 0,
        }
    }

    /// One whose exchanges all run with this engine.
    pub(crate) fn with_engine(names: &[&str], engine: EngineName) -> Self {
        Self { engines: vec![engine], ..Self::new(names) }
    }

    pub(crate) fn member(&self, name: &str) -> &TestMember {
        self.members.iter().find(|member| member.id.as_str() == name).unwrap()
    }

    pub(crate) fn member_mut(&mut self, name: &str) -> &mut TestMember {
        self.members.iter_mut().find(|member| member.id.as_str() == name).unwrap()
    }

    /// The roster as it would be now, signed.
    pub(crate) fn roster(&self) -> SignedDocument {
        let member = |member: &TestMember| Member {
            id: member.id.clone(),
            name: format!("Member {}", member.id),
            status: member.status,
            anchors: member.authorities().map(|authority| authority.der().to_vec()).collect(),
            receipt_keys: vec![ReceiptKey {
                key: SigningKey::from_seed(&member.receipt_seed).unwrap().public_key(),
                not_before: Timestamp(0),
                not_after: Timestamp(NOW * 2),
            }],
            sealing_key: [9; 32],
        };
        let roster = Roster {
            coalition: self.name.clone(),
            version: self.version,
            issued: Timestamp(NOW - 1000),
            expires: Timestamp(self.roster_ends),
            secretariat: vec![self.secretariat.public_key()],
            threshold: 1,
            members: self.members.iter().map(member).collect(),
            epochs: vec![SaltEpoch { epoch: self.epoch, salt_hash: [0; 32], sealed: Vec::new() }],
            revoked: self.revoked.clone(),
        };
        SignedDocument::new(DocumentKind::Roster, overlap_wire::encode_roster(&roster), &self.secretariat)
    }

    /// The agreement of two members: every kind, default facets, both learn.
    pub(crate) fn agreement(&self, one: &str, other: &str) -> Agreement {
        let mut members = [member_id(one), member_id(other)];
        members.sort();
        Agreement {
            coalition: self.name.clone(),
            members,
            kinds: Kind::ALL.to_vec(),
            facets: Facet::ALL.into_iter().filter(|facet| facet.is_default()).collect(),
            mode: Mode::Overlap,
            learns: Learns::Both,
            purposes: Vec::new(),
            max_items: 1 << 16,
            min_items: 0,
            exchanges_per_day: 100,
            expires: None,
            engine: None,
        }
    }

    /// A config in which every other member is a partner, nobody's address known yet.
    pub(crate) fn config(&self, name: &str) -> PeerConfig {
        let others = self.members.iter().filter(|member| member.id.as_str() != name);
        let partner = |member: &TestMember| Partner {
            id: member.id.clone(),
            address: None,
            agreement: self.agreement(name, member.id.as_str()),
            tlp_ceiling: None,
        };
        PeerConfig {
            coalition: self.name.clone(),
            own: member_id(name),
            listen: "127.0.0.1:0".parse().unwrap(),
            engines: self.engines.clone(),
            limits: self.limits,
            partners: others.map(partner).collect(),
            threads: 1,
        }
    }

    pub(crate) fn spiffe(&self, name: &str) -> String {
        member_id(name).spiffe_id(&self.name)
    }

    pub(crate) fn spec<'a>(&'a self, name: &str) -> CertificateSpec<'a> {
        CertificateSpec {
            issuer: &self.member(name).authority,
            uris: vec![self.spiffe(name)],
            serial: 7,
            years: (YEAR, YEAR + 1),
        }
    }

    pub(crate) fn identity(&self, name: &str) -> Identity {
        self.identity_with(name, certificate(&self.spec(name)))
    }

    pub(crate) fn identity_with(
        &self,
        name: &str,
        (certificate_pem, private_key_pem): (Vec<u8>, Vec<u8>),
    ) -> Identity {
        let receipt_key = Arc::new(SigningKey::from_seed(&self.member(name).receipt_seed).unwrap());
        Identity { certificate_pem, private_key_pem, receipt_key }
    }

    /// What every member trusts: everybody's CRLs and the secretariat's key.
    pub(crate) fn trust(&self) -> Trust {
        let crls = self.members.iter().flat_map(|member| {
            member.authorities().map(|authority| self.crl(member, authority)).collect::<Vec<_>>()
        });
        let crls = crls.collect();
        Trust { crls, secretariat: vec![self.secretariat.public_key()], threshold: 1 }
    }

    fn crl(&self, member: &TestMember, authority: &CertifiedIssuer<'static, KeyPair>) -> Vec<u8> {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(serial.to_be_bytes()[7..].to_vec()),
            revocation_time: date_time_ymd(YEAR, 2, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(YEAR, 1, 1),
            next_update: date_time_ymd(self.crl_end, 3, 1),
            crl_number: SerialNumber::from(vec![1]),
            issuing_distribution_point: None,
            revoked_certs: member.revoked.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(authority).unwrap().der().to_vec()
    }

    pub(crate) fn store(&mut self) -> Arc<dyn Store> {
        self.counter += 1;
        let path = self.folder.path().join(format!("store-{}", self.counter));
        let salt = (1, overlap_indicator::DigestSalt::new([42; 32]));
        let options = SledStoreOptions { path, seal_key: SealKey::new([1; 32]), salt };
        Arc::new(SledStore::open(options).unwrap())
    }

    /// Starts a member's node, as the coalition is now.
    pub(crate) async fn start(&mut self, name: &str) -> TestNode {
        self.start_with(name, self.config(name)).await
    }

    pub(crate) async fn start_with(&mut self, name: &str, config: PeerConfig) -> TestNode {
        let identity = self.identity(name);
        self.start_as(name, config, identity).await
    }

    pub(crate) async fn start_as(&mut self, name: &str, config: PeerConfig, identity: Identity) -> TestNode {
        let store = self.store();
        self.start_in(name, config, identity, store).await.unwrap()
    }

    /// Starts a member's node again, on the store that it had.
    pub(crate) async fn start_again(
        &self,
        name: &str,
        store: &Arc<dyn Store>,
    ) -> Result<TestNode, PeerSetupError> {
        self.start_in(name, self.config(name), self.identity(name), store.clone()).await
    }

    async fn start_in(
        &self,
        name: &str,
        config: PeerConfig,
        identity: Identity,
        store: Arc<dyn Store>,
    ) -> Result<TestNode, PeerSetupError> {
        let (trust, clock) = (self.trust(), self.clock.clone());
        let peer = PeerNode::start(config, identity, trust, self.roster(), store.clone(), clock).await?;
        Ok(TestNode { id: member_id(name), peer, store })
    }

    /// Two nodes that know each other's addresses, each with its list of domains.
    pub(crate) async fn pair(&mut self, lists: [&[String]; 2]) -> [TestNode; 2] {
        let names = [self.members[0].id.to_string(), self.members[1].id.to_string()];
        let nodes = [self.start(&names[0]).await, self.start(&names[1]).await];
        nodes[0].import(lists[0]);
        nodes[1].import(lists[1]);
        self.introduce(&nodes[0], &nodes[1]);
        self.introduce(&nodes[1], &nodes[0]);
        nodes
    }

    /// Tells a node where another listens.
    pub(crate) fn introduce(&self, node: &TestNode, other: &TestNode) {
        let mut config = node.config();
        let address = other.peer.local_address().to_string();
        let partner = config.partners.iter_mut().find(|partner| partner.id == other.id).unwrap();
        partner.address = Some(address);
        self.reconfigure(node, config);
    }

    /// Reloads a node with another config and a fresh certificate.
    pub(crate) fn reconfigure(&self, node: &TestNode, config: PeerConfig) {
        node.peer.reload(self.identity(node.id.as_str()), self.trust(), config).unwrap();
    }
}

/// Short enough for a test that waits for one to run out, long enough for a slow machine that computes.
pub(crate) fn quick_limits() -> Limits {
    Limits {
        hello: Duration::from_secs(10),
        stall: Duration::from_secs(20),
        exchange: Duration::from_secs(120),
        ..Limits::default()
    }
}
