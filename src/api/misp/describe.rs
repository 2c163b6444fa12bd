//! The types and categories that are served, as `describeTypes` tells them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::import::misp_written::TYPES;

/// What `describeTypes` answers.
#[derive(Serialize)]
pub(crate) struct Described {
    result: Types,
}

#[derive(Serialize)]
struct Types {
    sane_defaults: BTreeMap<&'static str, Default>,
    types: Vec<&'static str>,
    categories: BTreeSet<&'static str>,
    category_type_mappings: BTreeMap<&'static str, Vec<&'static str>>,
}

#[derive(Serialize)]
struct Default {
    default_category: &'static str,
    to_ids: u8,
}

impl Described {
    pub(crate) fn new() -> Self {
        let mut category_type_mappings: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, category) in TYPES {
            category_type_mappings.entry(category).or_default().push(name);
        }
        let sane_defaults =
            TYPES.iter().map(|(name, category)| (*name, Default { default_category: category, to_ids: 1 }));
        Self {
            result: Types {
                sane_defaults: sane_defaults.collect(),
                types: TYPES.iter().map(|(name, _)| *name).collect(),
                categories: TYPES.iter().map(|(_, category)| *category).collect(),
                category_type_mappings,
            },
        }
    }
}
