//! What other objects of a file say of an object.

use std::collections::HashMap;
use std::hash::RandomState;

use overlap_indicator::Tlp;

use super::identifiers::hash_of_id;
use crate::import::marking::{Marking, RED};

/// Objects of which something is remembered: 40 bytes each in a table of 1 Mi places, 41 MiB, and half as much again while it grows. In a longer file what is said of the
/// later ones holds for the whole file.
const MAX_NAMED: usize = (1 << 20) / 8 * 7;

/// What other objects say of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Said {
    /// The markings of its observations, which are its own too: of all the narrowest holds.
    pub(crate) must: Marking,
    /// The markings of the reports that name it, for what it does not mark itself.
    pub(crate) instead: Marking,
    /// When it was seen.
    pub(crate) seen: Seen,
    /// The hash of the observed-data that says that MISP gives it as context; 0 if none does.
    context_of: u64,
    /// Of an observed-data, whether an indicator is based on it.
    is_base: bool,
}

/// A time in which something was seen, in seconds since 1970; 0 where nobody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// Who may be told, of all who say so the narrowest.
    pub(crate) tlp: Option<Tlp>,
}

impl Seen {
    fn and(self, other: Self) -> Self {
        let first = match (self.first, other.first) {
            (0, first) | (first, 0) => first,
            (one, other) => one.min(other),
        };
        Self { first, last: self.last.max(other.last), tlp: self.tlp.max(other.tlp) }
    }
}

impl Said {
    /// The markings of an object that has these of its own.
    pub(crate) fn marking(&self, own: Marking) -> Marking {
        let Marking { tlp, pap } = own;
        let own = Marking { tlp: tlp.or(self.instead.tlp), pap: pap.or(self.instead.pap) };
        own.and(self.must)
    }

    fn and(self, other: Self) -> Self {
        Self {
            must: self.must.and(other.must),
            instead: self.instead.and(other.instead),
            seen: self.seen.and(other.seen),
            context_of: if self.context_of == 0 { other.context_of } else { self.context_of },
            is_base: self.is_base || other.is_base,
        }
    }
}

/// Why an observable is no indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// MISP gives it for people, not for detection.
    ForPeople,
    /// An indicator stands beside it and says more.
    BesideIndicator,
}

/// What is said of the objects of a file, by their ids.
#[derive(Debug)]
pub(crate) struct AllSaid {
    said: HashMap<u64, Said>,
    /// What holds for every object.
    of_all: Said,
    /// The marking of what nobody marks.
    default: Tlp,
    most: usize,
    hasher: RandomState,
}

impl AllSaid {
    /// Nothing yet; what nobody marks has this marking.
    pub(crate) fn new(default: Tlp) -> Self {
        Self::of_at_most(MAX_NAMED, default)
    }

    fn of_at_most(most: usize, default: Tlp) -> Self {
        Self { said: HashMap::new(), of_all: Said::default(), default, most, hasher: RandomState::new() }
    }

    /// What is said of an object.
    pub(crate) fn of(&self, id: &str) -> Said {
        let said = self.said.get(&hash_of_id(&self.hasher, id)).copied().unwrap_or_default();
        said.and(self.of_all)
    }

    /// Whether an observable is given as context.
    pub(crate) fn context(&self, said: &Said) -> Option<Context> {
        let is_base = self.said.get(&said.context_of).is_some_and(|observed| observed.is_base);
        match said.context_of {
            0 => None,
            _ if is_base => Some(Context::BesideIndicator),
            _ => Some(Context::ForPeople),
        }
    }

    /// Whether an indicator is based on an observed-data.
    pub(crate) fn is_base(&self, observed: &str) -> bool {
        self.said.get(&hash_of_id(&self.hasher, observed)).is_some_and(|said| said.is_base)
    }

    /// An object has this marking where it has none of its own; returns whether that is new.
    pub(crate) fn mark(&mut self, id: &str, instead: Marking) -> bool {
        self.add(id, Said { instead, ..Said::default() })
    }

    /// An object is for this node alone.
    pub(crate) fn restrict(&mut self, id: &str) {
        self.add(id, Said { must: RED, ..Said::default() });
    }

    /// An object was seen.
    pub(crate) fn see(&mut self, id: &str, seen: Seen) {
        self.add(id, Said { seen, ..Said::default() });
    }

    /// An object is among those that were observed.
    pub(crate) fn observe(&mut self, id: &str, observed: Said) {
        self.add(id, observed);
    }

    /// What an observed-data says of each of its observables; `context_of` is its own id if MISP gives them as context.
    pub(crate) fn observation(
        &self,
        must: Marking,
        instead: Marking,
        seen: Seen,
        context_of: Option<&str>,
    ) -> Said {
        // No id hashes to 0 but one in 2^64.
        let context_of = context_of.map_or(0, |id| hash_of_id(&self.hasher, id).max(1));
        Said { must, instead, seen, context_of, is_base: false }
    }

    /// An indicator is based on an observed-data.
    pub(crate) fn base_on(&mut self, observed: &str) {
        self.add(observed, Said { is_base: true, ..Said::default() });
    }

    /// Every object of the file has this marking: where `must` is not set, only those that have none of their own. It was not meant for all, so that
    /// nothing gets freer by it than it is where nobody marks it.
    pub(crate) fn mark_all(&mut self, must: Marking, instead: Marking) {
        let Marking { tlp, pap } = instead.and(must);
        let instead = Marking { tlp: tlp.map(|tlp| tlp.max(self.default)), pap };
        self.of_all = self.of_all.and(Said { must, instead, ..Said::default() });
    }

    fn add(&mut self, id: &str, new: Said) -> bool {
        let hash = hash_of_id(&self.hasher, id);
        if let Some(said) = self.said.get_mut(&hash) {
            let before = std::mem::replace(said, said.and(new));
            return before.instead != said.instead;
        }
        if self.said.len() < self.most {
            self.said.insert(hash, new);
            return new.instead != Marking::default();
        }
        // Whether it is context cannot be told any more, so nobody is told of it.
        let red = Marking { tlp: (new.context_of != 0).then_some(Tlp::Red), pap: None };
        self.mark_all(new.must.and(red), new.instead);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREEN: Marking = Marking { tlp: Some(Tlp::Green), pap: None };
    const AMBER: Marking = Marking { tlp: Some(Tlp::Amber), pap: None };

    #[test]
    fn own_markings_hold_against_a_reports_and_not_against_an_observations() {
        let none = Marking::default();
        let mut all = AllSaid::new(Tlp::Clear);
        assert!(all.mark("a", AMBER));
        assert!(!all.mark("a", GREEN), "nothing is new of it");
        assert_eq!((all.of("a").marking(none), all.of("a").marking(GREEN)), (AMBER, GREEN));
        let observed = all.observation(AMBER, none, Seen::default(), None);
        all.observe("b", observed);
        assert_eq!((all.of("b").marking(none), all.of("b").marking(GREEN)), (AMBER, AMBER));
        assert_eq!(all.of("c"), Said::default());
    }

    #[test]
    fn what_cannot_be_remembered_holds_for_all() {
        let mut all = AllSaid::of_at_most(2, Tlp::Clear);
        for id in ["a", "b", "c"] {
            all.mark(id, if id == "c" { AMBER } else { GREEN });
        }
        let none = Marking::default();
        assert!(["a", "b", "c", "d"].into_iter().all(|id| all.of(id).marking(none) == AMBER));
        assert_eq!(all.of("d").marking(GREEN), GREEN);
        let observed = all.observation(none, none, Seen::default(), Some("o"));
        all.observe("e", observed);
        assert_eq!(all.of("d").marking(GREEN).tlp, Some(Tlp::Red), "it may be context");
        assert!(std::mem::size_of::<(u64, Said)>() <= 40);
    }

    #[test]
    fn times_span_all_that_is_said() {
        let seen = |first, last| Seen { first, last, tlp: None };
        assert_eq!(seen(5, 6).and(seen(0, 9)).and(seen(3, 0)), seen(3, 9));
    }

    #[test]
    fn context_is_what_no_indicator_is_based_on() {
        let mut all = AllSaid::new(Tlp::Clear);
        let none = Marking::default();
        let observed = all.observation(none, none, Seen::default(), Some("o"));
        all.observe("a", observed);
        assert_eq!(all.context(&all.of("a")), Some(Context::ForPeople));
        all.base_on("o");
        assert_eq!((all.context(&all.of("a")), all.is_base("o")), (Some(Context::BesideIndicator), true));
        assert_eq!(all.context(&all.of("b")), None);
    }
}
