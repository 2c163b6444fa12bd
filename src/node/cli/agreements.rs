//! `overlapd agreements`

use clap::Args;
use data_encoding::HEXLOWER;
use overlap_coalition::{Agreement, EngineName, Facet, Kind, Learns};
use serde::Serialize;

use super::Context;
use crate::clock;
use crate::config::{Config, PartnerSection};
use crate::exit::{CommandError, Exit};
use crate::output::number_text;

/// List agreements, as the config has them
///
/// Two members can only compare when both have the same agreement: the same hash.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd agreements --config node.toml")]
pub(crate) struct AgreementsArgs {}

#[derive(Serialize)]
struct AgreementLine {
    peer: String,
    hash: String,
    kinds: Vec<&'static str>,
    facets: Vec<&'static str>,
    mode: &'static str,
    learns: String,
    purposes: Vec<String>,
    max_items: u64,
    min_items: u64,
    exchanges_per_day: u32,
    expires: Option<String>,
    engine: Option<&'static str>,
    tlp_ceiling: Option<&'static str>,
    every: Option<String>,
}

pub(crate) fn run(context: &Context, _args: &AgreementsArgs) -> Result<Exit, CommandError> {
    let config = context.config()?;
    let lines: Vec<_> = config.partner.iter().map(|partner| line(&config, partner)).collect();
    if context.output.is_json() {
        lines.iter().try_for_each(|line| context.output.json(line))?;
    } else {
        let rows: Vec<_> = lines.iter().map(row).collect();
        let head =
            ["PEER", "HASH", "KINDS", "FACETS", "LEARNS", "MAX ITEMS", "ENGINE", "A DAY", "UNTIL", "EVERY"];
        context.output.table(&head, &rows)?;
    }
    Ok(Exit::Done)
}

fn line(config: &Config, partner: &PartnerSection) -> AgreementLine {
    let agreement = partner.agreement.between(&config.node.coalition, &config.node.member, &partner.id);
    AgreementLine {
        peer: partner.id.to_string(),
        hash: HEXLOWER.encode(&agreement.hash().0),
        kinds: agreement.kinds.iter().map(|kind| kind.as_str()).collect(),
        facets: agreement.facets.iter().map(|facet| facet.as_str()).collect(),
        mode: agreement.mode.as_str(),
        learns: learns(&agreement),
        max_items: agreement.max_items,
        min_items: agreement.min_items,
        exchanges_per_day: agreement.exchanges_per_day,
        expires: agreement.expires.map(clock::rfc3339),
        engine: agreement.engine.map(EngineName::as_str),
        purposes: agreement.purposes,
        tlp_ceiling: partner.tlp_ceiling.as_ref().map(|tlp| tlp.as_str()),
        every: partner.every.map(|every| every.to_string()),
    }
}

fn learns(agreement: &Agreement) -> String {
    match &agreement.learns {
        Learns::Both => "both".to_owned(),
        Learns::Only(member) => member.to_string(),
    }
}

fn row(line: &AgreementLine) -> Vec<String> {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        line.peer.clone(),
        line.hash[..16].to_owned(),
        if line.kinds.len() == Kind::ALL.len() { "all".to_owned() } else { line.kinds.len().to_string() },
        facets_text(&line.facets),
        line.learns.clone(),
        number_text(line.max_items),
        line.engine.unwrap_or("any").to_owned(),
        number_text(u64::from(line.exchanges_per_day)),
        or_dash(&line.expires),
        or_dash(&line.every),
    ]
}

fn facets_text(facets: &[&str]) -> String {
    let names = |default_only: bool| {
        let facets = Facet::ALL.into_iter().filter(move |facet| !default_only || facet.is_default());
        facets.map(Facet::as_str)
    };
    if names(false).eq(facets.iter().copied()) {
        "all".to_owned()
    } else if names(true).eq(facets.iter().copied()) {
        "default".to_owned()
    } else {
        facets.len().to_string()
    }
}
