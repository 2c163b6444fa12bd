//! A whole coalition on this machine: members' folders, a secretariat of three keys of which two sign, a signed roster.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use overlap_coalition::{CoalitionName, MemberId, PublicKey, SignedDocument, SigningKey, Timestamp};
use overlap_indicator::DigestSalt;

use crate::config::LearnsName;
use crate::exit::CommandError;
use crate::files::{self, FileError};
use crate::key_file::{self, KeyUse};
use crate::member_folder::{AuthorityChoice, CONFIG, ConfigText, MemberFolder, NewMember, crl_name};
use crate::secretariat::{self, Description};

/// Keys of a lab's secretariat, and how many of them sign.
const SECRETARIAT_KEYS: usize = 3;
const THRESHOLD: u32 = 2;

/// Exchanges in a day between two members of a lab: more than anybody tries by hand or in a test.
const EXCHANGES_PER_DAY: u32 = 100_000;

/// The largest set in a lab: 2^24 items.
const MAX_ITEMS: u64 = 1 << 24;

/// The most members of a lab: each is a process.
const MOST_MEMBERS: usize = 64;

/// A lab's values are made up, and often from the blocks that are reserved for documentation, which the default lists would hold out of exchanges.
const NO_DEFAULT_LISTS: &str = "\n[warning_lists]\n# Values in a lab are made up, often from addresses reserved for that: none is held out of exchanges.\ndefaults = false\n";

/// A lab to make.
#[derive(Clone, Debug)]
pub struct LabPlan {
    /// Where: a new or empty folder.
    pub folder: PathBuf,
    /// The coalition's name.
    pub coalition: CoalitionName,
    /// Its members.
    pub members: Vec<MemberId>,
    /// Who learns, in every agreement.
    pub learns: LearnsName,
}

/// A member of a lab.
#[derive(Clone, Debug)]
pub struct LabMember {
    /// Who.
    pub id: MemberId,
    /// Its config.
    pub config: PathBuf,
    /// Where its node will listen.
    pub listen: SocketAddr,
    /// Where its API, and the console, will be served over TLS.
    pub api: SocketAddr,
}

/// Makes a lab.
///
/// # Errors
/// The folder is not empty, the members are fewer than two or named twice, or a file cannot be written.
pub fn create(plan: &LabPlan, now: Timestamp) -> Result<Vec<LabMember>, CommandError> {
    check_members(&plan.members)?;
    files::make_empty_folder(&plan.folder)?;
    let addresses = free_addresses(plan.members.len())?;
    let apis = free_api_addresses(plan.members.len())?;
    let mut folders = Vec::new();
    let mut descriptions = Vec::new();
    for id in &plan.members {
        let (folder, description) = MemberFolder::create(
            &plan.folder.join(id.as_str()),
            &new_member(plan, id, now),
            AuthorityChoice::Own,
        )?;
        folders.push(folder);
        descriptions.extend(description);
    }
    let (roster, keys) = sign_roster(plan, &descriptions, now)?;
    for (index, (id, folder)) in plan.members.iter().zip(&folders).enumerate() {
        secretariat::write(&folder.file("roster.pb"), &roster)?;
        hand_crl_to_others(id, folder, &folders)?;
        folder.write_api_certificate(now)?;
        let text = ConfigText {
            listen: addresses[index],
            api: Some(apis[index]),
            secretariat: Some((&keys, THRESHOLD)),
            more: format!("{NO_DEFAULT_LISTS}{}", partners_text(plan, id, &addresses)),
        };
        folder.write_config(&new_member(plan, id, now), &text)?;
    }
    let members = plan.members.iter().zip(&folders).zip(addresses).zip(apis);
    Ok(members
        .map(|(((id, folder), listen), api)| LabMember {
            id: id.clone(),
            config: folder.file(CONFIG),
            listen,
            api,
        })
        .collect())
}

fn new_member<'a>(plan: &'a LabPlan, id: &'a MemberId, now: Timestamp) -> NewMember<'a> {
    NewMember { coalition: &plan.coalition, id, name: id.as_str(), now }
}

fn check_members(members: &[MemberId]) -> Result<(), CommandError> {
    let distinct: BTreeSet<_> = members.iter().collect();
    if distinct.len() != members.len() {
        return Err(CommandError::Usage("a member is named twice".into()));
    }
    if !(2..=MOST_MEMBERS).contains(&members.len()) {
        return Err(CommandError::Usage(format!("a lab has 2 to {MOST_MEMBERS} members")));
    }
    if members.iter().any(|member| member.as_str() == "secretariat") {
        return Err(CommandError::Usage("`secretariat` is the folder of the secretariat's keys".into()));
    }
    Ok(())
}

/// Free loopback ports: all sockets are held until each has one, so that none is handed out twice.
fn free_addresses(count: usize) -> Result<Vec<SocketAddr>, CommandError> {
    let bind = |_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
    let sockets: Result<Vec<_>, _> = (0..count).map(bind).collect();
    let addresses = sockets.and_then(|sockets| sockets.iter().map(UdpSocket::local_addr).collect());
    addresses.map_err(|error| CommandError::failed(format!("no free loopback port: {error}")))
}

/// The same for the APIs.
fn free_api_addresses(count: usize) -> Result<Vec<SocketAddr>, CommandError> {
    let bind = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let sockets: Result<Vec<_>, _> = (0..count).map(bind).collect();
    let addresses = sockets.and_then(|sockets| sockets.iter().map(TcpListener::local_addr).collect());
    addresses.map_err(|error| CommandError::failed(format!("no free loopback port: {error}")))
}

fn sign_roster(
    plan: &LabPlan,
    descriptions: &[Description],
    now: Timestamp,
) -> Result<(SignedDocument, Vec<PublicKey>), CommandError> {
    let folder = plan.folder.join("secretariat");
    let keys = new_desk(&folder, SECRETARIAT_KEYS)?;
    let public: Vec<PublicKey> = keys.iter().map(SigningKey::public_key).collect();
    let salt = new_salt(&folder, 1)?;
    let mut roster = secretariat::first_draft(
        plan.coalition.clone(),
        public.clone(),
        THRESHOLD,
        &salt,
        now,
        secretariat::ROSTER_DAYS,
    )?;
    for description in descriptions {
        secretariat::add_member(&mut roster, description, &salt, now)?;
    }
    let mut document = secretariat::unsigned(&roster);
    for key in &keys[..THRESHOLD as usize] {
        secretariat::sign(&mut document, key)?;
    }
    secretariat::write(&folder.join("roster.pb"), &document)?;
    Ok((document, public))
}

/// Makes a secretariat's folder with its keys, `key-1.key` and so on.
///
/// # Errors
/// The folder is not empty, or a file cannot be written.
pub fn new_desk(folder: &Path, keys: usize) -> Result<Vec<SigningKey>, CommandError> {
    files::make_empty_folder(folder)?;
    let new_key = |number: usize| {
        let seed = key_file::random();
        key_file::write(&folder.join(format!("key-{number}.key")), KeyUse::Secretariat, &seed)?;
        SigningKey::from_seed(&seed).map_err(|error| CommandError::failed(error.to_string()))
    };
    (1..=keys).map(new_key).collect()
}

/// Makes an epoch's salt and keeps it in the secretariat's folder.
///
/// # Errors
/// The file cannot be written.
pub fn new_salt(folder: &Path, epoch: u32) -> Result<DigestSalt, FileError> {
    let salt = key_file::random();
    key_file::write(&salt_file(folder, epoch), KeyUse::Salt, &salt)?;
    Ok(DigestSalt::new(*salt))
}

/// Where the secretariat's folder has an epoch's salt.
pub fn salt_file(folder: &Path, epoch: u32) -> PathBuf {
    folder.join(format!("epoch-{epoch}.salt"))
}

fn hand_crl_to_others(
    id: &MemberId,
    folder: &MemberFolder,
    folders: &[MemberFolder],
) -> Result<(), FileError> {
    let own = folder.file(&crl_name(id));
    for other in folders {
        let copy = other.file(&crl_name(id));
        if copy != own {
            fs::copy(&own, &copy).map_err(FileError::io("write", &copy))?;
        }
    }
    Ok(())
}

fn partners_text(plan: &LabPlan, own: &MemberId, addresses: &[SocketAddr]) -> String {
    let learns = match &plan.learns {
        LearnsName::Both => "both",
        LearnsName::Only(member) => member.as_str(),
    };
    let mut text = String::new();
    for (id, address) in plan.members.iter().zip(addresses).filter(|(id, _)| *id != own) {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            r#"
[[partner]]
id = "{id}"
address = "{address}"
# every = "6h"

[partner.agreement]
mode = "overlap"
learns = "{learns}"
max_items = {MAX_ITEMS}
exchanges_per_day = {EXCHANGES_PER_DAY}
"#
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use overlap_coalition::{SealingKey, open_salt};

    use super::*;
    use crate::clock::now;
    use crate::config::Config;

    fn plan(folder: &Path, members: &[&str]) -> LabPlan {
        LabPlan {
            folder: folder.join("lab"),
            coalition: "lab".parse().unwrap(),
            members: members.iter().map(|id| id.parse().unwrap()).collect(),
            learns: LearnsName::Both,
        }
    }

    #[test]
    fn every_pair_has_the_same_agreement() {
        let folder = tempfile::tempdir().unwrap();
        let members = create(&plan(folder.path(), &["a", "b", "c"]), now()).unwrap();
        let configs: Vec<_> = members.iter().map(|member| Config::load(&member.config).unwrap()).collect();
        for own in &configs {
            assert_eq!(own.partner.len(), 2);
            for other in configs.iter().filter(|other| *other.node.member != *own.node.member) {
                let hash = |from: &Config, to: &Config| {
                    let section = &from.partner(&to.node.member).unwrap().agreement;
                    section.between(&from.node.coalition, &from.node.member, &to.node.member).hash()
                };
                assert!(hash(own, other) == hash(other, own));
            }
        }
    }

    #[test]
    fn the_roster_is_signed_and_its_salt_opens_for_each() {
        let folder = tempfile::tempdir().unwrap();
        for member in create(&plan(folder.path(), &["a", "b"]), now()).unwrap() {
            let config = Config::load(&member.config).unwrap();
            let document = secretariat::read(&config.roster.file).unwrap();
            let trusted = (config.secretariat(), config.roster.threshold);
            let roster = secretariat::verify(&document, Some(trusted), now()).unwrap();
            let key = SealingKey::from_bytes(*key_file::read(&config.keys.sealing, KeyUse::Sealing).unwrap());
            let epoch = roster.roster().current_epoch().unwrap();
            open_salt(epoch, &config.node.coalition, &config.node.member, &key).unwrap();
        }
    }

    #[test]
    fn a_lab_is_not_made_over_another() {
        let folder = tempfile::tempdir().unwrap();
        create(&plan(folder.path(), &["a", "b"]), now()).unwrap();
        assert!(create(&plan(folder.path(), &["a", "b"]), now()).is_err());
    }

    #[test]
    fn members_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        for members in [&["a"][..], &["a", "a"], &["a", "secretariat"]] {
            assert!(create(&plan(folder.path(), members), now()).is_err(), "{members:?}");
        }
    }
}
