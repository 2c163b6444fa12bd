//! The nearest name to a mistyped one: a column, a kind, an event's type, and a key of the config.

/// How alike two names have to be, from 0 to 1 (Jaro-Winkler), before one is offered for the other.
const ALIKE: f64 = 0.75;

/// The known name that is most like `name`, if any is like it.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_finds_its_name_and_noise_finds_none() {
        let known = ["kind", "value", "source"];
        assert_eq!(nearest("vlaue", known), Some("value"));
        assert_eq!(nearest("soruce", known), Some("source"));
        assert_eq!(nearest("xyzzy", known), None);
    }
}
