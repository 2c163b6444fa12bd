//! The contrast of the style sheet's colours, computed (WCAG 2.2, success criteria 1.4.3 and 1.4.11).

use std::collections::HashMap;

const SHEET: &str = include_str!("assets/console.css");

/// What text needs of its ground, and what a control's border or a line of a chart does.
const TEXT: f64 = 4.5;
const GRAPHIC: f64 = 3.0;

/// Colours that stand on each other, and what they need.
const PAIRS: [(&str, &str, f64); 41] = [
    ("ink", "ground", TEXT),
    ("ink", "card", TEXT),
    ("ink", "accent-soft", TEXT),
    ("quiet", "ground", TEXT),
    ("quiet", "card", TEXT),
    ("quiet", "heat-0", TEXT),
    ("accent", "ground", TEXT),
    ("accent", "card", TEXT),
    ("accent", "accent-soft", TEXT),
    ("on-accent", "accent", TEXT),
    ("card", "bad", TEXT),
    ("good", "good-soft", TEXT),
    ("warn", "warn-soft", TEXT),
    ("bad", "bad-soft", TEXT),
    ("mark", "mark-soft", TEXT),
    ("accent", "bad-soft", GRAPHIC),
    ("quiet", "bad-soft", TEXT),
    ("heat-ink", "heat-0", TEXT),
    ("heat-ink", "heat-1", TEXT),
    ("heat-ink", "heat-2", TEXT),
    ("heat-ink", "heat-3", TEXT),
    ("heat-ink-dark", "heat-4", TEXT),
    ("heat-ink-dark", "heat-5", TEXT),
    ("control", "card", GRAPHIC),
    ("control", "ground", GRAPHIC),
    ("accent", "card", GRAPHIC),
    ("accent", "ground", GRAPHIC),
    ("series-1", "card", GRAPHIC),
    ("series-2", "card", GRAPHIC),
    ("series-3", "card", GRAPHIC),
    ("series-4", "card", GRAPHIC),
    ("series-5", "card", GRAPHIC),
    ("series-6", "card", GRAPHIC),
    ("ink", "bad-soft", TEXT),
    ("ink", "warn-soft", TEXT),
    ("ink", "good-soft", TEXT),
    ("ink", "mark-soft", TEXT),
    ("mark", "card", TEXT),
    ("good", "card", TEXT),
    ("warn", "card", GRAPHIC),
    ("bad", "card", TEXT),
];

/// The colours of a block of the sheet.
fn colours(block: &str) -> HashMap<&str, [f64; 3]> {
    let lines = block.lines().filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';'));
    let pairs = lines.filter_map(|line| line.split_once(": #"));
    pairs.map(|(name, hex)| (name, channels(hex))).collect()
}

fn channels(hex: &str) -> [f64; 3] {
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0)
}

/// Relative luminance and contrast, as WCAG 2.2 defines them.
fn luminance(colour: [f64; 3]) -> f64 {
    let [red, green, blue] = colour.map(|channel| match channel {
        ..=0.04045 => channel / 12.92,
        _ => ((channel + 0.055) / 1.055).powf(2.4),
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_pair_of_colours_can_be_told_apart_by_day_and_by_night() {
    let (light, rest) = SHEET.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let (dark, _) = rest.split_once("\n}\n").unwrap();
    for (scheme, block) in [("light", light), ("dark", dark)] {
        let colours = colours(block);
        for (front, ground, needed) in PAIRS {
            let found = contrast(colours[front], colours[ground]);
            assert!(found >= needed, "{scheme}: {front} on {ground} is {found:.2}, and needs {needed}");
        }
    }
}

#[test]
fn contrast_is_computed_as_the_standard_says() {
    assert!((contrast(channels("000000"), channels("ffffff")) - 21.0).abs() < 1e-9);
    assert!((contrast(channels("777777"), channels("ffffff")) - 4.48).abs() < 0.01);
}
