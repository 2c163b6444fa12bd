//! A row of CSV: our own fields, and what tables of MISP and OpenCTI have beside them.

use std::borrow::Cow;
use std::sync::Arc;

use overlap_indicator::{Kind, Pap, Tlp};

use super::finding::{Finding, Found, card, read_all};
use super::marking::Marking;
use super::misp::{NOT_COMPARED, NOT_FOR_DETECTION, taken_without_to_ids, type_findings};
use super::row::{RawRow, ReadRow, RowNotes, RowReject, filled, shown_kind};
use super::source::RowRules;
use super::stix::pattern_findings;
use crate::request::kind;

/// A row, as it was written.
#[derive(Default)]
pub(crate) struct CsvRow<'a> {
    pub(crate) raw: RawRow<'a>,
    /// MISP's: whether it is for detection.
    pub(crate) to_ids: Option<Cow<'a, str>>,
    /// Tags, with commas between them; markings are read.
    pub(crate) tags: Option<Cow<'a, str>>,
}

impl CsvRow<'_> {
    /// Canonicalises the row: one indicator or reason, or those of a composite value or a pattern.
    pub(crate) fn read(mut self, rules: &RowRules) -> Vec<Result<ReadRow, RowReject>> {
        self.mark();
        let type_name = filled(&self.raw.kind).unwrap_or_default().to_ascii_lowercase();
        if let Err(reason) = self.is_for_detection(&type_name) {
            return vec![Err(RowReject { kind: shown_kind(&type_name), reason })];
        }
        let foreign = Some(&type_name).filter(|name| !name.is_empty() && kind(name).is_err());
        let Some(findings) = foreign.and_then(|name| foreign_findings(name, &self.raw.value, rules)) else {
            return vec![self.raw.parse(&rules.defaults, &rules.rules)];
        };
        let context = self.raw.context.read(&rules.defaults);
        let context = context.map(|context| (Arc::new(context), RowNotes::default()));
        read_all(findings, &context, rules, |reason| RowReject { kind: shown_kind(&type_name), reason })
    }

    /// Puts the tags' markings to those of the row's own columns; the narrowest holds.
    fn mark(&mut self) {
        let tags = Marking::of_tags(self.tags.as_deref().unwrap_or_default().split(','));
        let context = &mut self.raw.context;
        // A column that cannot be read stays as it is: it refuses the row.
        if let Some(tlp) = tags.tlp
            && let Ok(own) = filled(&context.tlp).map(str::parse::<Tlp>).transpose()
        {
            context.tlp = Some(own.map_or(tlp, |own| tlp.max(own)).as_str().into());
        }
        if let Some(pap) = tags.pap
            && let Ok(own) = filled(&context.pap).map(str::parse::<Pap>).transpose()
        {
            context.pap = Some(own.map_or(pap, |own| pap.max(own)).as_str().into());
        }
    }

    fn is_for_detection(&self, type_name: &str) -> Result<(), String> {
        match filled(&self.to_ids).map(str::to_ascii_lowercase).as_deref() {
            None | Some("1" | "true" | "yes") => Ok(()),
            Some("0" | "false" | "no") if taken_without_to_ids(type_name) => Ok(()),
            Some("0" | "false" | "no") => Err(NOT_FOR_DETECTION.to_owned()),
            Some(_) => Err("to_ids: 1 or 0, true or false, yes or no".to_owned()),
        }
    }
}

/// What a value of another program's type says; none if no program's type is known by that name.
fn foreign_findings(type_name: &str, value: &str, rules: &RowRules) -> Option<Vec<Finding>> {
    if let Some(findings) = opencti(type_name, value, rules) {
        return Some(findings);
    }
    let findings = type_findings(type_name, value, rules);
    let is_unknown = |finding: &Finding| finding.as_ref().is_err_and(|reason| reason == NOT_COMPARED);
    (!findings.iter().all(is_unknown)).then_some(findings)
}

/// OpenCTI's names of observables and indicators (`entity_type` in its tables), in lower case.
fn opencti(entity_type: &str, value: &str, rules: &RowRules) -> Option<Vec<Finding>> {
    let found = match entity_type {
        "indicator" => return Some(pattern_findings(value, rules)),
        "payment-card" => return Some(vec![card()]),
        "domain-name" | "hostname" => Found::host(value),
        "ipv4-addr" | "ipv6-addr" => Found::new(Kind::Ip, value),
        "email-addr" => Found::new(Kind::Email, value),
        "stixfile" | "artifact" => Found::new(Kind::FileHash, value),
        "cryptocurrency-wallet" => Found::new(Kind::Wallet, value),
        "phone-number" => Found::phone(value, rules),
        "bank-account" => Found::new(Kind::Iban, value),
        "media-content" => Found::new(Kind::Url, value),
        _ => return None,
    };
    Some(vec![Ok(found)])
}
