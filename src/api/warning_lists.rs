//! Warning lists: values that many people know and that are no crime's, such as top sites and public resolvers.
//!
//! An indicator on a list is kept and shown but held out of exchanges until an admin overrides it: a partner that holds it too says nothing,
//! and one that sees it could only conclude that the list was not looked at. What counts is an exact match on the whole canonical value, so a list
//! of sites holds back the bare domain and no URL below it, and a network in CIDR holds back the addresses inside it.
//!
//! The lists are MISP's (`list.json`), as they are, or plain text. What memory keeps of an entry is a hash and the number of its list: 10 bytes.

mod default_set;
mod entry;
mod format;
mod network;
pub(crate) mod route;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use overlap_indicator::Kind;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use entry::EntryKey;
use format::{ListFile, Texts};
use network::Network;
use table::Table;

pub use format::{ListType, WarningListError};
pub(crate) use route::HeldCounts;

/// Lists at most: a list has a number of 16 bits, and nobody reads the names of more.
const MAX_LISTS: usize = 10_000;

/// Entries of all lists at most: ten times what MISP's project has in all its lists, and 320 MB.
const MAX_ENTRIES: usize = 1 << 25;

/// Entries that one thread reads at a time.
const ENTRIES_AT_ONCE: usize = 4_096;

/// What is known of one list, without its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningList {
    /// A name for programs, unique: that of its folder or file.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is, in its author's words.
    pub description: String,
    /// Its version, as its author counts; empty where none is given.
    pub version: String,
    /// How its entries are read.
    pub list_type: ListType,
    /// The types of MISP's attributes that its author means it for.
    pub matching_attributes: Vec<String>,
    /// Entries that can hold something back.
    pub entries: u64,
    /// Entries that are passed over: no value of any kind, or patterns, which never stand for one whole value.
    pub skipped: u64,
}

/// Lists in force. They never change: a reload makes others.
pub struct WarningLists {
    lists: Vec<WarningList>,
    hasher: RandomState,
    table: Table,
    /// The lengths of prefixes that there are, by the length of an address in bits.
    v4_prefixes: Vec<u8>,
    v6_prefixes: Vec<u8>,
}

impl WarningLists {
    /// No list.
    pub fn none() -> Self {
        WarningListsBuilder::default().finish()
    }

    /// The lists, in the order in which they were added.
    pub fn lists(&self) -> &[WarningList] {
        &self.lists
    }

    /// The lists that a value is on, in their order. `canonical` is its canonical form, whole.
    pub fn matching(&self, kind: Kind, canonical: &str) -> Vec<&WarningList> {
        let mut numbers: BTreeSet<u16> = BTreeSet::new();
        self.visit(kind, canonical, |found| {
            numbers.extend(found);
            true
        });
        numbers.into_iter().filter_map(|number| self.lists.get(usize::from(number))).collect()
    }

    /// Whether a value is on any list: [`WarningLists::matching`] without a look at which.
    pub fn holds(&self, kind: Kind, canonical: &str) -> bool {
        let mut held = false;
        self.visit(kind, canonical, |found| {
            held = !found.is_empty();
            !held
        });
        held
    }

    /// Hands on the lists' numbers of each key under which a value may stand, until `each` says no.
    fn visit<'a>(&'a self, kind: Kind, canonical: &str, mut each: impl FnMut(&'a [u16]) -> bool) {
        if self.table.is_empty() || !each(self.table.lists_of(value_key(&self.hasher, kind, canonical))) {
            return;
        }
        let address = (kind == Kind::Ip).then(|| canonical.parse::<IpAddr>().ok()).flatten();
        let Some(address) = address else { return };
        let prefixes = if address.is_ipv4() { &self.v4_prefixes } else { &self.v6_prefixes };
        for prefix in prefixes {
            let key = Network::of(address, *prefix).map(|network| network_key(&self.hasher, network));
            if key.is_some_and(|key| !each(self.table.lists_of(key))) {
                return;
            }
        }
    }
}

impl overlap_store::Warnings for WarningLists {
    fn hold(&self, kind: Kind, canonical: &str) -> bool {
        self.holds(kind, canonical)
    }
}

impl fmt::Debug for WarningLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WarningLists({} lists, {} entries)", self.lists.len(), self.table.len())
    }
}

/// Gathers lists.
#[derive(Default)]
pub struct WarningListsBuilder {
    lists: Vec<WarningList>,
    hasher: RandomState,
    keys: Vec<(u64, u16)>,
    v4_prefixes: BTreeSet<u8>,
    v6_prefixes: BTreeSet<u8>,
}

impl WarningListsBuilder {
    /// Adds the lists that this program has in it: private and reserved addresses, public resolvers, and the thousand top sites.
    ///
    /// # Errors
    /// There are too many lists.
    pub fn add_defaults(&mut self) -> Result<(), WarningListError> {
        default_set::LISTS.iter().try_for_each(|(id, json)| self.add_json(id, json.as_bytes()))
    }

    /// Adds a list in MISP's format. Entries that stand for nothing are passed over and counted.
    ///
    /// # Errors
    /// It is not of this format, or there is too much.
    pub fn add_json(&mut self, id: &str, json: &[u8]) -> Result<(), WarningListError> {
        self.add(id, ListFile::from_json(json)?)
    }

    /// Adds a list in plain text: a value or network a line. Blank lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// It is no text, or there is too much.
    pub fn add_text(&mut self, id: &str, text: &[u8]) -> Result<(), WarningListError> {
        self.add(id, ListFile::from_text(id, text)?)
    }

    fn add(&mut self, id: &str, file: ListFile) -> Result<(), WarningListError> {
        let number = u16::try_from(self.lists.len()).ok().filter(|number| usize::from(*number) < MAX_LISTS);
        let number = number.ok_or(WarningListError::TooMany("lists"))?;
        if self.keys.len().saturating_add(file.list.len()) > MAX_ENTRIES {
            return Err(WarningListError::TooMany("entries"));
        }
        let (entries, skipped) = self.add_entries(number, file.list_type, &file.list);
        self.lists.push(WarningList {
            id: self.free_id(id),
            name: file.name.unwrap_or_else(|| id.to_owned()),
            description: file.description,
            version: file.version,
            list_type: file.list_type,
            matching_attributes: file.matching_attributes,
            entries,
            skipped,
        });
        Ok(())
    }

    /// An id that no list has: two files of one name are told apart by a number.
    fn free_id(&self, id: &str) -> String {
        let taken = |id: &str| self.lists.iter().any(|list| list.id == id);
        let numbered = (2..).map(|number| format!("{id}-{number}"));
        std::iter::once(id.to_owned()).chain(numbered).find(|id| !taken(id)).unwrap_or_default()
    }

    /// Takes entries, and says how many stand for something and how many do not.
    fn add_entries(&mut self, number: u16, list_type: ListType, texts: &Texts) -> (u64, u64) {
        let parts = (0..texts.len()).step_by(ENTRIES_AT_ONCE).collect::<Vec<_>>().into_par_iter();
        let read = parts.map(|from| {
            let texts = (from..texts.len().min(from + ENTRIES_AT_ONCE)).filter_map(|at| texts.get(at));
            self.read_entries(list_type, texts)
        });
        let (mut entries, mut skipped) = (0, 0);
        for part in read.collect::<Vec<_>>() {
            (entries, skipped) = (entries + part.entries, skipped + part.skipped);
            self.keys.extend(part.keys.into_iter().map(|key| (key, number)));
            self.v4_prefixes.extend(part.networks.iter().filter(|net| net.is_v4()).map(|net| net.prefix()));
            self.v6_prefixes.extend(part.networks.iter().filter(|net| !net.is_v4()).map(|net| net.prefix()));
        }
        (entries, skipped)
    }

    fn read_entries<'a>(&self, list_type: ListType, texts: impl Iterator<Item = &'a str>) -> Part {
        let mut part = Part::default();
        for text in texts {
            let keys = entry::keys(list_type, text);
            if keys.is_empty() {
                part.skipped += 1
            } else {
                part.entries += 1
            }
            for key in keys {
                part.keys.push(match &key {
                    EntryKey::Value(kind, canonical) => value_key(&self.hasher, *kind, canonical.reveal()),
                    EntryKey::Network(network) => network_key(&self.hasher, *network),
                });
                if let EntryKey::Network(network) = key {
                    part.networks.push(network);
                }
            }
        }
        part
    }

    /// The lists, ready to be asked.
    pub fn finish(self) -> WarningLists {
        WarningLists {
            lists: self.lists,
            hasher: self.hasher,
            table: Table::new(self.keys),
            v4_prefixes: self.v4_prefixes.into_iter().collect(),
            v6_prefixes: self.v6_prefixes.into_iter().collect(),
        }
    }
}

impl fmt::Debug for WarningListsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WarningListsBuilder({} lists, {} entries)", self.lists.len(), self.keys.len())
    }
}

/// What some entries stand for.
#[derive(Default)]
struct Part {
    keys: Vec<u64>,
    networks: Vec<Network>,
    entries: u64,
    skipped: u64,
}

/// What a value hashes to. The hash is keyed at random (SipHash), so nobody can write a value that hashes as another does; by chance
/// one of a million indicators meets one of two million entries once in ten million times, and is then held out though it is on no list.
fn value_key(hasher: &RandomState, kind: Kind, canonical: &str) -> u64 {
    hasher.hash_one((kind.number(), canonical))
}

/// No kind has the number 0, so no network hashes as a value does.
fn network_key(hasher: &RandomState, network: Network) -> u64 {
    hasher.hash_one((0_u8, network))
}
