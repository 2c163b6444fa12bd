//! What an entry of a list stands for: whole canonical values, or a network.

use overlap_indicator::{Indicator, Kind, Reject, Rules, SecretText};

use super::ListType;
use super::network::Network;

/// What an entry holds back.
pub(crate) enum EntryKey {
    /// The one value of a kind.
    Value(Kind, SecretText),
    /// The addresses inside.
    Network(Network),
}

/// What an entry stands for; nothing where it is no value.
pub(crate) fn keys(list_type: ListType, entry: &str) -> Vec<EntryKey> {
    let entry = entry.trim();
    match list_type {
        ListType::Hostname => hostname(entry),
        ListType::Cidr => network_or_address(entry),
        ListType::String | ListType::Substring => value(entry),
        ListType::Regex => literal(entry).map(|text| value(&text)).unwrap_or_default(),
        ListType::Text if entry.contains('/') && Network::parse(entry).is_some() => network_or_address(entry),
        ListType::Text => value(entry),
    }
}

/// A host's name. MISP's lists write many with a leading dot.
fn hostname(entry: &str) -> Vec<EntryKey> {
    let name = entry.trim_start_matches('.');
    let kinds = [Kind::Onion, Kind::Domain, Kind::Ip];
    // A name below an onion service is no domain, and the service itself is not the name below it.
    let kinds = if is_onion(name) { &kinds[..1] } else { &kinds[1..] };
    kinds.iter().find_map(|kind| parse(*kind, name)).into_iter().collect()
}

fn is_onion(name: &str) -> bool {
    name.trim_end_matches('.').to_ascii_lowercase().ends_with(".onion")
}

/// A network, or an address without a length, which is a network of one.
fn network_or_address(entry: &str) -> Vec<EntryKey> {
    let network = Network::parse(entry);
    let address = match (network, entry.split_once('/')) {
        (Some(network), Some((address, _))) if is_single(network) => Some(address),
        (Some(network), _) => return vec![EntryKey::Network(network)],
        (None, None) => Some(entry),
        (None, Some(_)) => None,
    };
    address.and_then(|address| parse(Kind::Ip, address)).into_iter().collect()
}

fn is_single(network: Network) -> bool {
    network.prefix() == if network.is_v4() { 32 } else { 128 }
}

/// A value of every kind that it can be of. A name is a domain whatever its end: lists name ends that are nobody's.
fn value(entry: &str) -> Vec<EntryKey> {
    let rules = Rules::default();
    let mut kinds = match Indicator::detect(entry, &rules) {
        Ok(indicator) => vec![indicator.kind()],
        Err(Reject::Ambiguous { candidates }) => candidates,
        Err(_) => Vec::new(),
    };
    let name = entry.trim_start_matches('.');
    if kinds.is_empty() && !name.contains(['/', ':', '@', ' ']) && !is_onion(name) {
        return parse(Kind::Domain, name).into_iter().collect();
    }
    kinds.dedup();
    kinds.into_iter().filter_map(|kind| parse(kind, entry)).collect()
}

fn parse(kind: Kind, text: &str) -> Option<EntryKey> {
    let indicator = Indicator::parse(kind, text, &Rules::default()).ok()?;
    Some(EntryKey::Value(kind, indicator.canonical().clone()))
}

/// The one text that a pattern in PHP's style matches: `^`, letters, escaped signs, `$`. Any other matches many or parts, and stands for none.
fn literal(pattern: &str) -> Option<String> {
    let bare = match pattern.strip_prefix('/') {
        Some(rest) => rest.rsplit_once('/')?.0,
        None => pattern,
    };
    let body = bare.strip_prefix('^')?.strip_suffix('$')?;
    let (mut text, mut letters) = (String::with_capacity(body.len()), body.chars());
    while let Some(letter) = letters.next() {
        match letter {
            // An escaped letter or digit is a class or a reference; an escaped sign is itself.
            '\\' => text.push(letters.next().filter(|sign| !sign.is_alphanumeric())?),
            letter if letter.is_alphanumeric() || "-_@:/ ".contains(letter) => text.push(letter),
            _ => return None,
        }
    }
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(list_type: ListType, entry: &str) -> Vec<String> {
        let shown = |key: EntryKey| match key {
            EntryKey::Value(kind, canonical) => format!("{kind} {}", canonical.reveal()),
            EntryKey::Network(network) => format!("network /{}", network.prefix()),
        };
        keys(list_type, entry).into_iter().map(shown).collect()
    }

    #[test]
    fn each_type_has_its_own_reading() {
        use ListType::{Cidr, Hostname, Regex, String, Substring, Text};
        let onion = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad";
        for (list_type, entry, expected) in [
            (Hostname, ".Google.AD", &["domain google.ad"][..]),
            (Hostname, "bücher.example", &["domain xn--bcher-kva.example"]),
            (Hostname, "a.example/path", &[]),
            (Hostname, "two words", &[]),
            (Hostname, "back\\slash.example", &[]),
            (Hostname, "8.8.8.8", &["ip 8.8.8.8"]),
            (Hostname, &format!("{onion}.onion"), &[&format!("onion {onion}")]),
            (String, ".bmw.de", &["domain bmw.de"]),
            (String, "printer.internal-lan", &["domain printer.internal-lan"]),
            (String, "AAA", &[]),
            (String, "D41D8CD98F00B204E9800998ECF8427E", &["file-hash md5:d41d8cd98f00b204e9800998ecf8427e"]),
            (String, "https://EXAMPLE.org:443/a#b", &["url https://example.org/a"]),
            (String, "10.0.0.0/8", &[]),
            (String, "4111 1111 1111 1111", &[]),
            (Substring, "0-mail.com", &["domain 0-mail.com"]),
            (Cidr, "FE80::/10", &["network /10"]),
            (Cidr, "1.0.0.1", &["ip 1.0.0.1"]),
            (Cidr, "1.0.0.1/32", &["ip 1.0.0.1"]),
            (Cidr, "2001:DB8::1/128", &["ip 2001:db8::1"]),
            (Cidr, "3::", &["ip 3::"]),
            (Cidr, "10.0.0.0/99", &[]),
            (Cidr, "example.org", &[]),
            (Regex, "/^(security|noc)\\@.*$/i", &[]),
            (Regex, "/example\\.org/", &[]),
            (Regex, "/^noc\\@example\\.org$/i", &["email noc@example.org"]),
            (Regex, "^\\d+$", &[]),
            (Text, "10.0.0.0/8", &["network /8"]),
            (Text, "a.example", &["domain a.example"]),
            (Text, "", &[]),
        ] {
            assert_eq!(shown(list_type, entry), expected, "{list_type:?} {entry}");
        }
    }

    #[test]
    fn a_value_of_two_kinds_is_held_back_as_both() {
        let sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert_eq!(shown(ListType::String, sha1).len(), 2, "an infohash or a file's hash");
    }
}
