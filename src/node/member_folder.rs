//! A new member's folder: keys, certificate, first config, and the description that it hands to the secretariat.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use overlap_coalition::{CoalitionName, MemberId, PublicKey, SealingKey, SigningKey, Timestamp};

use crate::exit::CommandError;
use crate::files::{self, FileError};
use crate::key_file::{self, KeyUse};
use crate::pki::{self, Authority};
use crate::secretariat::Description;

/// The config's name in a member's folder.
pub(crate) const CONFIG: &str = "node.toml";

/// Who is to have a folder.
pub(crate) struct NewMember<'a> {
    /// The coalition.
    pub coalition: &'a CoalitionName,
    /// The member.
    pub id: &'a MemberId,
    /// Its name, for people.
    pub name: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// Where a member's certificates come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorityChoice {
    /// An authority of its own, made with it.
    Own,
    /// One elsewhere: a certificate request is written for it.
    Elsewhere,
}

/// What the config of a new member says beside the names of its files.
pub(crate) struct ConfigText<'a> {
    /// Where partners reach it.
    pub listen: SocketAddr,
    /// Where its API is served over TLS, beside the socket; then a certificate for this machine is made too.
    pub api: Option<SocketAddr>,
    /// The secretariat's keys and how many must sign, where they are known yet.
    pub secretariat: Option<(&'a [PublicKey], u32)>,
    /// Sections that follow: `[[partner]]` and what else its maker wants.
    pub more: String,
}

/// A member's folder with keys and certificate.
pub(crate) struct MemberFolder {
    path: PathBuf,
}

impl MemberFolder {
    /// Makes keys and certificate in a new or empty folder.
    ///
    /// # Errors
    /// The folder is not empty, or a file cannot be written.
    pub(crate) fn create(
        path: &Path,
        member: &NewMember<'_>,
        authority: AuthorityChoice,
    ) -> Result<(MemberFolder, Option<Description>), CommandError> {
        files::make_empty_folder(path)?;
        let folder = MemberFolder { path: path.to_owned() };
        fs::create_dir(folder.file("crls")).map_err(FileError::io("make", &folder.file("crls")))?;
        folder.write_api_token()?;
        key_file::write(&folder.file("store.key"), KeyUse::Store, &key_file::random())?;
        let receipt_key = folder.write_receipt_key()?;
        let sealing_key = folder.write_sealing_key()?;
        let certificate_of_authority = match authority {
            AuthorityChoice::Own => Some(folder.write_authority(member)?),
            AuthorityChoice::Elsewhere => folder.write_request(member)?,
        };
        let description = Description {
            member: member.id.to_string(),
            name: member.name.to_owned(),
            coalition: member.coalition.to_string(),
            receipt_key: HEXLOWER.encode(&receipt_key.0),
            sealing_key: HEXLOWER.encode(&sealing_key),
            authority: certificate_of_authority.clone().unwrap_or_default(),
        };
        folder.write_description(&description)?;
        Ok((folder, certificate_of_authority.map(|_| description)))
    }

    /// A file in the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the config.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write_config(
        &self,
        member: &NewMember<'_>,
        text: &ConfigText<'_>,
    ) -> Result<(), FileError> {
        files::write_new(&self.file(CONFIG), config_text(member, text).as_bytes())
    }

    /// Makes the certificate that a browser on this machine is shown. Its authority is itself.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn write_api_certificate(&self, now: Timestamp) -> Result<(), CommandError> {
        let issued = pki::loopback(now)?;
        files::write_new(&self.file("api.pem"), issued.certificate_pem.as_bytes())?;
        Ok(files::write_new_secret(&self.file("api.key"), issued.key_pem.as_bytes())?)
    }

    fn write_api_token(&self) -> Result<(), FileError> {
        let (token, _) = overlap_api::new_token(&mut rand::rng());
        files::write_new_secret(&self.file("api.token"), format!("{token}\n").as_bytes())
    }

    fn write_receipt_key(&self) -> Result<PublicKey, CommandError> {
        let seed = key_file::random();
        key_file::write(&self.file("receipt.key"), KeyUse::Receipt, &seed)?;
        let key = SigningKey::from_seed(&seed).map_err(|error| CommandError::failed(error.to_string()))?;
        Ok(key.public_key())
    }

    fn write_sealing_key(&self) -> Result<[u8; 32], FileError> {
        let bytes = key_file::random();
        key_file::write(&self.file("sealing.key"), KeyUse::Sealing, &bytes)?;
        Ok(SealingKey::from_bytes(*bytes).public_key())
    }

    fn write_authority(&self, member: &NewMember<'_>) -> Result<String, CommandError> {
        let authority = Authority::new(member.coalition, member.id, member.now)?;
        let issued = authority.issue(member.coalition, member.id, member.now)?;
        files::write_new(&self.file("authority.pem"), authority.certificate_pem().as_bytes())?;
        files::write_new_secret(&self.file("authority.key"), authority.key_pem().as_bytes())?;
        files::write_new(&self.file("certificate.pem"), issued.certificate_pem.as_bytes())?;
        files::write_new_secret(&self.file("certificate.key"), issued.key_pem.as_bytes())?;
        let crl = authority.empty_crl_pem(member.now)?;
        files::write_new(&self.file(&crl_name(member.id)), crl.as_bytes())?;
        Ok(authority.certificate_pem().to_owned())
    }

    fn write_request(&self, member: &NewMember<'_>) -> Result<Option<String>, CommandError> {
        let request = pki::request(member.coalition, member.id, member.now)?;
        files::write_new(&self.file("request.pem"), request.certificate_pem.as_bytes())?;
        files::write_new_secret(&self.file("certificate.key"), request.key_pem.as_bytes())?;
        Ok(None)
    }

    fn write_description(&self, description: &Description) -> Result<(), CommandError> {
        let text = toml::to_string(description).map_err(|error| CommandError::failed(error.to_string()))?;
        let head = "# What the secretariat needs to add this member (`overlapd roster add`). Nothing here is secret.\n";
        Ok(files::write_new(&self.file("member.toml"), format!("{head}{text}").as_bytes())?)
    }
}

/// Where a member's folder has the CRL of a member's authority.
pub(crate) fn crl_name(member: &MemberId) -> String {
    format!("crls/{member}.pem")
}

fn config_text(member: &NewMember<'_>, text: &ConfigText<'_>) -> String {
    let mut config = format!(
        r#"# The node of {name}. Every key is explained in node-config/complete.toml. Paths are relative to this file.

[node]
member = "{id}"
coalition = "{coalition}"

[peer]
listen = "{listen}"
certificate = "certificate.pem"
key = "certificate.key"
crls = ["crls"]

[api]
socket = "api.sock"
token = "api.token"
{api}
[store]
path = "store"
key = "store.key"

[roster]
file = "roster.pb"
"#,
        name = member.id,
        id = member.id,
        coalition = member.coalition,
        listen = text.listen,
        api = text.api.map(api_text).unwrap_or_default(),
    );
    write_secretariat(&mut config, text.secretariat);
    config.push_str("\n[keys]\nreceipt = \"receipt.key\"\nsealing = \"sealing.key\"\n");
    config.push_str(&text.more);
    config
}

fn api_text(listen: SocketAddr) -> String {
    format!("listen = \"{listen}\"\ncertificate = \"api.pem\"\nkey = \"api.key\"\n")
}

fn write_secretariat(config: &mut String, secretariat: Option<(&[PublicKey], u32)>) {
    let Some((keys, threshold)) = secretariat else {
        config.push_str(
            "# Fill in the secretariat's public keys (64 hex digits each) and how many must sign.\n",
        );
        config.push_str("secretariat = []\nthreshold = 2\n");
        return;
    };
    config.push_str("secretariat = [\n");
    for key in keys {
        // Writing to a String cannot fail.
        let _ = writeln!(config, "    \"{}\",", HEXLOWER.encode(&key.0));
    }
    let _ = write!(config, "]\nthreshold = {threshold}\n");
}
