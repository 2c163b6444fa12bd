//! Seconds by phase, in the order in which the phases ran.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The phases of an exchange with their seconds; `total` is first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Phases(Vec<(String, f64)>);

impl Phases {
    /// All of it, in seconds.
    pub(crate) fn total(&self) -> f64 {
        self.0.iter().find(|(phase, _)| phase == "total").map_or(0.0, |(_, seconds)| *seconds)
    }
}

impl Serialize for Phases {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(phase, seconds)| (phase, seconds)))
    }
}

impl<'de> Deserialize<'de> for Phases {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Phases;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds by phase")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Phases, A::Error> {
        let mut phases = Vec::new();
        while let Some(entry) = map.next_entry()? {
            phases.push(entry);
        }
        Ok(Phases(phases))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_survives() {
        let json = r#"{"total":1.5,"hello":0.25,"engine":1.0}"#;
        let phases: Phases = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&phases).unwrap(), json);
        assert!((phases.total() - 1.5).abs() < f64::EPSILON);
    }
}
