//! `[partner.agreement]`: what two members have agreed, as each has it in its config.

use overlap_coalition::{Agreement, CoalitionName, EngineName, Learns, MemberId, Mode, Timestamp};
use overlap_indicator::{Facet, Kind};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Text;

/// `[partner.agreement]`: both members must have the same, to the last value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgreementSection {
    /// Which kinds are compared; all, if not said.
    pub kinds: Option<Vec<Text<Kind>>>,
    /// On which facets; the default ones, if not said.
    pub facets: Option<Vec<Text<Facet>>>,
    /// What an exchange tells: `overlap`.
    pub mode: ModeName,
    /// Who learns it: `both`, or a member's id.
    pub learns: LearnsName,
    /// Purposes that an exchange may name; any, if none are named.
    pub purposes: Vec<String>,
    /// The largest set that either may bring, in items after padding.
    pub max_items: u64,
    /// The smallest, before padding.
    pub min_items: u64,
    /// Exchanges in a day (UTC) between the two, whoever begins.
    pub exchanges_per_day: u32,
    /// When it ends, as RFC 3339; never, if not said.
    pub expires: Option<Moment>,
    /// The engine of every exchange; the initiator chooses, if not said.
    pub engine: Option<Text<EngineName>>,
}

/// What an exchange tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModeName {
    /// Which indicators overlap.
    #[default]
    Overlap,
}

/// Who learns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum LearnsName {
    /// Both.
    #[default]
    Both,
    /// This member.
    Only(MemberId),
}

/// A moment, written as RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Moment(pub Timestamp);

/// Items in the largest set, where the agreement does not say: 2^24.
const DEFAULT_MAX_ITEMS: u64 = 1 << 24;

/// Exchanges in a day, where the agreement does not say: one an hour.
const DEFAULT_EXCHANGES_PER_DAY: u32 = 24;

impl Default for AgreementSection {
    fn default() -> Self {
        Self {
            kinds: None,
            facets: None,
            mode: ModeName::Overlap,
            learns: LearnsName::Both,
            purposes: Vec::new(),
            max_items: DEFAULT_MAX_ITEMS,
            min_items: 0,
            exchanges_per_day: DEFAULT_EXCHANGES_PER_DAY,
            expires: None,
            engine: None,
        }
    }
}

impl AgreementSection {
    /// The agreement between two members.
    pub fn between(&self, coalition: &CoalitionName, own: &MemberId, partner: &MemberId) -> Agreement {
        let mut members = [own.clone(), partner.clone()];
        members.sort();
        Agreement {
            coalition: coalition.clone(),
            members,
            kinds: self.kinds.as_ref().map_or(Kind::ALL.to_vec(), |kinds| sorted(kinds)),
            facets: self.facets.as_ref().map_or_else(default_facets, |facets| sorted(facets)),
            mode: match self.mode {
                ModeName::Overlap => Mode::Overlap,
            },
            learns: match &self.learns {
                LearnsName::Both => Learns::Both,
                LearnsName::Only(member) => Learns::Only(member.clone()),
            },
            purposes: sorted_texts(&self.purposes),
            max_items: self.max_items,
            min_items: self.min_items,
            exchanges_per_day: self.exchanges_per_day,
            expires: self.expires.map(|moment| moment.0),
            engine: self.engine.as_ref().map(|engine| engine.0),
        }
    }

    /// What is wrong with the agreement between two members, if anything.
    pub(super) fn fault(&self, own: &MemberId, partner: &MemberId) -> Option<String> {
        match &self.learns {
            LearnsName::Only(member) if member != own && member != partner => {
                Some(format!("learns: \"{member}\" is neither \"both\" nor one of the two members"))
            }
            _ if self.kinds.as_ref().is_some_and(Vec::is_empty) => Some("kinds: at least one".to_owned()),
            _ if self.facets.as_ref().is_some_and(Vec::is_empty) => Some("facets: at least one".to_owned()),
            _ if self.min_items > self.max_items => Some("min_items is larger than max_items".to_owned()),
            _ => None,
        }
    }
}

fn default_facets() -> Vec<Facet> {
    Facet::ALL.into_iter().filter(|facet| facet.is_default()).collect()
}

fn sorted<T: Copy + Ord>(items: &[Text<T>]) -> Vec<T> {
    let mut items: Vec<T> = items.iter().map(|item| item.0).collect();
    items.sort_unstable();
    items.dedup();
    items
}

fn sorted_texts(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort_unstable();
    texts.dedup();
    texts
}

impl TryFrom<String> for LearnsName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "both" => Ok(Self::Both),
            id => id.parse().map(Self::Only).map_err(|error| format!("\"both\" or a member's id: {error}")),
        }
    }
}

impl TryFrom<String> for Moment {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const FORM: &str = "a moment is written as RFC 3339, such as \"2027-01-31T00:00:00Z\"";
        let moment = OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| FORM)?;
        u64::try_from(moment.unix_timestamp()).map(|seconds| Self(Timestamp(seconds))).map_err(|_| FORM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(toml: &str) -> AgreementSection {
        toml::from_str(toml).unwrap()
    }

    fn members() -> (CoalitionName, MemberId, MemberId) {
        ("lab".parse().unwrap(), "police".parse().unwrap(), "hotline".parse().unwrap())
    }

    #[test]
    fn both_sides_make_the_same_agreement() {
        let (coalition, police, hotline) = members();
        let one = section(r#"kinds = ["url", "domain", "url"]"#).between(&coalition, &police, &hotline);
        let other = section(r#"kinds = ["domain", "url"]"#).between(&coalition, &hotline, &police);
        assert_eq!(one, other);
        assert_eq!(one.kinds, [Kind::Url, Kind::Domain]);
    }

    #[test]
    fn what_is_not_said_is_everything_usual() {
        let (coalition, police, hotline) = members();
        let agreement = AgreementSection::default().between(&coalition, &police, &hotline);
        assert_eq!(agreement.kinds, Kind::ALL);
        assert!(agreement.facets.contains(&Facet::Host) && !agreement.facets.contains(&Facet::Site));
        assert_eq!(agreement.learns, Learns::Both);
    }

    #[test]
    fn an_engine_may_be_fixed() {
        let (coalition, police, hotline) = members();
        let engine = |toml| section(toml).between(&coalition, &police, &hotline).engine;
        assert_eq!(engine(""), None);
        assert_eq!(engine(r#"engine = "vole""#), Some(EngineName::Vole));
        let unknown = toml::from_str::<AgreementSection>(r#"engine = "gc""#).unwrap_err();
        assert!(unknown.to_string().contains("`voprf` and `vole` are known"), "{unknown}");
    }

    #[test]
    fn a_stranger_cannot_be_the_one_who_learns() {
        let (_, police, hotline) = members();
        assert!(section(r#"learns = "hotline""#).fault(&police, &hotline).is_none());
        assert!(section(r#"learns = "payments""#).fault(&police, &hotline).is_some());
    }
}
