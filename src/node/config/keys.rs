//! Which keys the config has: asked of the structs themselves, so that there is no second list to keep.

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

use super::agreement::AgreementSection;
use super::{
    ApiSection, Config, ImportSection, KeysSection, LogSection, MispModulesSection, NodeSection,
    PartnerSection, PeerSection, RosterSection, StoreSection, SyslogSection, WarningListsSection,
    WebhookSection,
};

/// A section and its keys.
#[derive(Clone, Copy, Debug)]
pub struct SectionKeys {
    /// The section's path, empty for the top.
    pub section: &'static str,
    /// The keys in it.
    pub keys: &'static [&'static str],
}

/// Every section of the config with every key.
pub fn sections() -> Vec<SectionKeys> {
    let of = |section, keys| SectionKeys { section, keys };
    vec![
        of("", keys_of::<Config>()),
        of("node", keys_of::<NodeSection>()),
        of("peer", keys_of::<PeerSection>()),
        of("api", keys_of::<ApiSection>()),
        of("store", keys_of::<StoreSection>()),
        of("roster", keys_of::<RosterSection>()),
        of("keys", keys_of::<KeysSection>()),
        of("log", keys_of::<LogSection>()),
        of("import", keys_of::<ImportSection>()),
        of("misp_modules", keys_of::<MispModulesSection>()),
        of("warning_lists", keys_of::<WarningListsSection>()),
        of("partner", keys_of::<PartnerSection>()),
        of("partner.agreement", keys_of::<AgreementSection>()),
        of("webhook", keys_of::<WebhookSection>()),
        of("syslog", keys_of::<SyslogSection>()),
    ]
}

/// The keys that a struct reads.
fn keys_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut keys: &'static [&'static str] = &[];
    // The listener always answers with an error: it has no value to give.
    let _ = T::deserialize(Listener(&mut keys));
    keys
}

/// A deserializer that only hears which fields are asked for.
struct Listener<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Listener<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(Error::custom("only the fields were asked for"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::custom("not a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_has_keys() {
        for SectionKeys { section, keys } in sections() {
            assert!(!keys.is_empty(), "[{section}]");
        }
        assert!(sections()[1].keys.contains(&"member"));
    }
}
