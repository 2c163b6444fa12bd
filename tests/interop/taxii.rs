//! Clients of TAXII 2.1 and readers of STIX 2.1.

use crate::environment::Environment;
use crate::pair::Pair;
use crate::script;

/// Objects of a collection of overlaps to which the others refer.
const FIXED: u64 = 8;

/// Runs a client's script, and checks that it read every overlap once, though some came while it read.
fn reads_every_overlap_once(name: &str, requirements: &[&str], file: &str) {
    let Some(environment) = Environment::with(name, requirements) else { return };
    let mut pair = Pair::start();
    let before = pair.overlaps();
    let read = script::run(&environment, file, &mut pair);
    let overlaps = pair.overlaps();
    assert!(overlaps > before, "none came while it read");
    assert_eq!(read["sightings"], overlaps, "{read}");
    assert_eq!(read["distinct"], read["objects"], "{read}");
    let objects = read["indicators"].as_u64().unwrap() + overlaps as u64 + FIXED;
    assert_eq!(read["objects"], objects, "{read}");
}

#[test]
fn taxii2_client_reads_overlaps() {
    reads_every_overlap_once("taxii2-client", &["taxii2-client==2.3.0"], "taxii2_client.py");
}

#[test]
fn cytaxii2_reads_overlaps() {
    reads_every_overlap_once("cytaxii2", &["cytaxii2==1.0.1"], "cytaxii2_client.py");
}

#[test]
fn stix2_reads_overlaps_from_its_taxii_source() {
    reads_every_overlap_once("stix2", &["stix2==3.0.2", "taxii2-client==2.3.0"], "stix2_source.py");
}

#[test]
fn stix2_validator_finds_nothing_wrong_in_its_strict_mode() {
    let requirements = ["stix2-validator==3.3.2", "taxii2-client==2.3.0"];
    reads_every_overlap_once("stix2-validator", &requirements, "stix2_validator.py");
}

#[test]
fn medallion_answers_as_the_node_does_for_the_same_objects() {
    let Some(environment) = Environment::with("medallion", &["medallion==3.0.0"]) else { return };
    let compared = script::run(&environment, "medallion_compare.py", &mut Pair::start());
    assert!(compared["cases"].as_u64().unwrap() > 150, "{compared}");
    assert_eq!(compared["different"], serde_json::json!([]), "{compared:#}");
}
