//! The answer to a search for attributes.

use overlap_store::StoreError;

use super::attribute::Attribute;
use super::filter::Form;
use super::parts::{Items, Parts, put};
use super::scope::at;
use super::search::Search;
use super::sighting::of_overlap;
use super::warninglists::Warning;
use crate::import::misp_written::written;

/// Attributes that were searched for.
pub(crate) struct AttributeParts {
    search: Search,
    items: Items,
    is_begun: bool,
    is_ended: bool,
}

impl AttributeParts {
    pub(crate) fn new(search: Search) -> Self {
        Self { search, items: Items::default(), is_begun: false, is_ended: false }
    }

    /// The media type of the answer.
    pub(crate) const fn media_type(form: Form) -> &'static str {
        match form {
            Form::Json => "application/json",
            Form::Text => "text/plain; charset=utf-8",
        }
    }

    fn put_text(&mut self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        for row in self.search.next()? {
            out.extend(written(row.kind, row.canonical.reveal()).value.bytes());
            out.push(b'\n');
        }
        Ok(())
    }

    fn put_json(&mut self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        if !self.is_begun {
            out.extend(br#"{"response":{"Attribute":["#);
        }
        let rows = self.search.next()?;
        let (scope, filter) = (&self.search.scope, &self.search.filter);
        for row in &rows {
            // Every row is of a group that was there when the search began.
            let Some(group) = at(&self.search.groups, row.added) else { continue };
            let mut attribute = Attribute::alone(row, group, scope);
            if filter.with_event_tags {
                attribute = attribute.with_event_tags(group);
            }
            if filter.with_warnings {
                let canonical = row.canonical.reveal();
                attribute.warnings = Some(Warning::all(row.kind, canonical, &attribute.value, &scope.lists));
            }
            if filter.with_sightings {
                attribute.sightings = Some(of_overlap(scope, row, group)?);
            }
            self.items.next(out);
            put(out, &attribute);
        }
        if self.search.is_done() {
            out.extend(b"]}}");
        }
        Ok(())
    }
}

impl Parts for AttributeParts {
    fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        if self.is_ended {
            return Ok(None);
        }
        let mut out = Vec::new();
        match self.search.filter.form {
            Form::Json => self.put_json(&mut out)?,
            Form::Text => self.put_text(&mut out)?,
        }
        (self.is_begun, self.is_ended) = (true, self.search.is_done());
        Ok(Some(out))
    }
}
