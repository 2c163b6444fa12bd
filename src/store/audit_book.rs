//! The audit chain in memory: its head, and who did what in each entry, so that lists read from the disk only what they show.

use std::collections::HashMap;

use crate::audit::{AuditFilter, AuditHead};
use crate::audits::unpack;
use crate::error::damaged;
use crate::{AuditEntry, AuditOrder, StoreError};

/// All entries, without their texts.
#[derive(Default)]
pub(crate) struct AuditBook {
    head: AuditHead,
    rows: Vec<Row>,
    actors: Names,
    actions: Names,
}

/// An entry. Whoever has the seal key can remove one, so their numbers stand here.
#[derive(Clone, Copy)]
struct Row {
    number: u64,
    actor: u32,
    action: u32,
}

/// Names, each once. There are as many as tokens ever were.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn known(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

impl AuditBook {
    /// The last entry.
    pub(crate) fn head(&self) -> AuditHead {
        self.head
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes an entry that is stored now.
    pub(crate) fn push(&mut self, entry: &AuditEntry) {
        let (actor, action) = (self.actors.number(&entry.actor), self.actions.number(&entry.action));
        self.rows.push(Row { number: entry.number, actor, action });
        self.head = entry.head();
    }

    /// Takes the entry that comes next from the disk. Whether the chain is right is not asked here: a node whose chain somebody broke still has to
    /// open, so that the break can be told.
    pub(crate) fn load(&mut self, number: Option<u64>, plain: &[u8]) -> Result<(), StoreError> {
        let number = number.ok_or(damaged("a key"))?;
        self.push(&unpack(number, plain)?);
        Ok(())
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The actors, by the alphabet.
    pub(crate) fn actors(&self) -> Vec<String> {
        let mut actors = self.actors.names.clone();
        actors.sort();
        actors
    }

    /// The numbers of those that are meant, `most` at most, beginning with the entry `begin` or what follows it in the order.
    pub(crate) fn numbers(
        &self,
        filter: &AuditFilter,
        order: AuditOrder,
        begin: Option<u64>,
        most: usize,
    ) -> Vec<u64> {
        let actor = filter.actor.as_deref().map(|actor| self.actors.known(actor));
        let action = filter.action.map(|action| self.actions.known(action.as_str()));
        if actor == Some(None) || action == Some(None) {
            return Vec::new();
        }
        let (actor, action) = (actor.flatten(), action.flatten());
        let is_meant = |row: &&Row| {
            actor.is_none_or(|actor| actor == row.actor) && action.is_none_or(|action| action == row.action)
        };
        let number = |row: &Row| row.number;
        match order {
            AuditOrder::Oldest => {
                let first = begin.unwrap_or(0);
                let from = self.rows.partition_point(|row| row.number < first);
                self.rows.iter().skip(from).filter(is_meant).map(number).take(most).collect()
            }
            AuditOrder::Newest => {
                let last = begin.unwrap_or(u64::MAX);
                let upto = self.rows.partition_point(|row| row.number <= last);
                self.rows.iter().take(upto).rev().filter(is_meant).map(number).take(most).collect()
            }
        }
    }
}
