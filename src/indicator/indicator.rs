//! An indicator: a kind and a canonical form.

use crate::{FacetKey, Kind, Reject, SecretText};

/// What the rules need to know beyond the value.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// ISO 3166 code, two capital letters, that completes telephone numbers without a country code. None: such numbers are refused.
    pub default_region: Option<String>,
}

/// One thing that a member knows, in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Indicator {
    kind: Kind,
    canonical: SecretText,
}

impl Indicator {
    /// Canonicalises `raw` as a value of `kind`.
    pub fn parse(_kind: Kind, _raw: &str, _rules: &Rules) -> Result<Indicator, Reject> {
        unimplemented!()
    }

    /// Finds the kind of a bare value, then canonicalises it.
    pub fn detect(_raw: &str, _rules: &Rules) -> Result<Indicator, Reject> {
        unimplemented!()
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The canonical form.
    pub fn canonical(&self) -> &SecretText {
        &self.canonical
    }

    /// Every facet of this indicator, default or not.
    pub fn facets(&self) -> Vec<FacetKey> {
        unimplemented!()
    }
}
