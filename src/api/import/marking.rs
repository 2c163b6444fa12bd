//! Markings: who may be told (TLP), and what may be done (PAP).

use overlap_indicator::{Pap, Tlp};

/// What a file says of an indicator's markings. Of several the narrowest holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Marking {
    pub(crate) tlp: Option<Tlp>,
    pub(crate) pap: Option<Pap>,
}

/// What a marking is that is there and cannot be read: it may be any, so it is the narrowest.
pub(crate) const RED: Marking = Marking { tlp: Some(Tlp::Red), pap: None };

impl Marking {
    /// The markings that a text names: `tlp:amber+strict`, `PAP:RED`, in any case; neither for any other text.
    ///
    /// MISP writes tags so, and its converter to STIX writes PAP into `labels`. `tlp:ex:chr` and other words behind `tlp:`
    /// that TLP does not have are read as red: they restrict, and nobody here knows how far.
    pub(crate) fn of_tag(tag: &str) -> Self {
        let lower = tag.trim().to_ascii_lowercase();
        // `misp-galaxy`-like namespaces: the converter's `statement:PAP:AMBER`.
        let lower = lower.strip_prefix("statement:").unwrap_or(&lower);
        let tlp = lower.starts_with("tlp:").then(|| lower.parse().unwrap_or(Tlp::Red));
        let pap = lower.starts_with("pap:").then(|| lower.parse().unwrap_or(Pap::Red));
        Self { tlp, pap }
    }

    /// Both: the narrower of each.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self { tlp: self.tlp.max(other.tlp), pap: self.pap.max(other.pap) }
    }

    /// The markings that any of the texts names.
    pub(crate) fn of_tags<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        tags.into_iter().map(Self::of_tag).fold(Self::default(), Self::and)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_in_any_case_and_the_narrowest_holds() {
        let tags = ["tlp:white", "TLP:Amber+Strict", "PAP:WHITE", "pap:green", "tlp:green", "type:OSINT"];
        let expected = Marking { tlp: Some(Tlp::AmberStrict), pap: Some(Pap::Green) };
        assert_eq!(Marking::of_tags(tags), expected);
        assert_eq!(Marking::of_tags(["osint", "tlpx:red"]), Marking::default());
        assert_eq!(Marking::of_tag("tlp:ex:chr").tlp, Some(Tlp::Red));
        assert_eq!(Marking::of_tag("statement:PAP:AMBER").pap, Some(Pap::Amber));
    }
}
