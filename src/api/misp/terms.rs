//! What a filter of MISP says of a text: terms of which one, or none, or all have to match.

use serde_json::Value;

/// Terms in a filter at most: each is compared with every row that is looked at.
const MAX_TERMS: usize = 10_000;

/// Terms with `%` in a filter at most: no index serves them, so each is looked for in the text of every row.
const MAX_OPEN_TERMS: usize = 100;

/// The terms of one filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    any: Vec<Term>,
    none: Vec<Term>,
    all: Vec<Term>,
}

/// A text, with `%` at an end where anything may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    /// In lower case: MISP compares without case.
    text: String,
    open_before: bool,
    open_behind: bool,
    /// As it was written.
    written: String,
}

impl Terms {
    /// Reads a filter: a scalar, a list (one of which has to match), or `{"OR":[],"NOT":[],"AND":[]}`. In a text `&&` parts terms, and a
    /// term with `!` before it must not match. None where it says nothing that can be compared, or too much.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let mut terms = Self::default();
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let list = match name.to_ascii_uppercase().as_str() {
                        "OR" => &mut terms.any,
                        "NOT" => &mut terms.none,
                        "AND" => &mut terms.all,
                        _ => return None,
                    };
                    each(value, &mut |text| {
                        list.push(Term::new(text));
                        Some(())
                    })?;
                }
            }
            value => each(value, &mut |text| terms.take(text))?,
        }
        let count = terms.any.len() + terms.none.len() + terms.all.len();
        let all = terms.any.iter().chain(&terms.none).chain(&terms.all);
        let open = all.filter(|term| term.open_before || term.open_behind).count();
        ((1..=MAX_TERMS).contains(&count) && open <= MAX_OPEN_TERMS).then_some(terms)
    }

    fn take(&mut self, text: &str) -> Option<()> {
        for part in text.split("&&") {
            match part.strip_prefix('!') {
                Some(not) => self.none.push(Term::new(not)),
                None => self.any.push(Term::new(part)),
            }
        }
        Some(())
    }

    /// Whether what has these texts is meant.
    pub(crate) fn mean(&self, texts: &[&str]) -> bool {
        let lower: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        let matches = |term: &Term| lower.iter().any(|text| term.matches(text));
        (self.any.is_empty() || self.any.iter().any(matches))
            && !self.none.iter().any(matches)
            && self.all.iter().all(matches)
    }

    /// Whether a text is spoken of, be it to have or to leave out.
    pub(crate) fn speak_of(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.any.iter().chain(&self.none).chain(&self.all).any(|term| term.matches(&text))
    }

    /// The texts of which one has to be met exactly, where that is all that is said.
    pub(crate) fn exact(&self) -> Option<Vec<&str>> {
        let is_exact = self.none.is_empty() && self.all.is_empty();
        let closed = self.any.iter().all(|term| !term.open_before && !term.open_behind);
        (is_exact && closed).then(|| self.any.iter().map(|term| term.written.as_str()).collect())
    }

    /// A filter for what has this text in it.
    pub(crate) fn within(text: &str) -> Self {
        Self { any: vec![Term::new(&format!("%{text}%"))], ..Self::default() }
    }
}

/// The scalars of a filter's value.
fn each(value: &Value, take: &mut impl FnMut(&str) -> Option<()>) -> Option<()> {
    match value {
        Value::String(text) if !text.trim().is_empty() => take(text.trim()),
        Value::Number(number) => take(&number.to_string()),
        Value::Array(items) => {
            items.iter().filter(|item| !item.is_array()).try_for_each(|item| each(item, take))
        }
        _ => None,
    }
}

impl Term {
    fn new(text: &str) -> Self {
        let (before, rest) = text.strip_prefix('%').map_or((false, text), |rest| (true, rest));
        let (behind, rest) = rest.strip_suffix('%').map_or((false, rest), |rest| (true, rest));
        Self { text: rest.to_lowercase(), open_before: before, open_behind: behind, written: rest.to_owned() }
    }

    fn matches(&self, lower: &str) -> bool {
        match (self.open_before, self.open_behind) {
            (false, false) => lower == self.text,
            (true, false) => lower.ends_with(&self.text),
            (false, true) => lower.starts_with(&self.text),
            (true, true) => lower.contains(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn means(filter: Value, text: &str) -> bool {
        Terms::read(&filter).unwrap().mean(&[text])
    }

    #[test]
    fn terms_are_read_in_every_form() {
        for (filter, met, missed) in [
            (json!("Example.org"), "example.org", "a.example.org"),
            (json!("%example.org"), "a.example.org", "example.org.net"),
            (json!("exam%"), "Example.org", "an-example.org"),
            (json!("%ampl%"), "example.org", "exa.mple"),
            (json!("!%.org"), "example.net", "example.org"),
            (json!("a.example&&b.example"), "b.example", "c.example"),
            (json!(["a.example", "!b.example"]), "a.example", "b.example"),
            (json!({"OR": ["%.example"], "NOT": ["a.example"]}), "b.example", "a.example"),
            (json!({"AND": ["%a%", "%b%"]}), "ab", "a"),
            (json!(7), "7", "77"),
        ] {
            assert!(means(filter.clone(), met), "{filter} {met}");
            assert!(!means(filter.clone(), missed), "{filter} {missed}");
        }
    }

    #[test]
    fn a_few_terms_may_be_open_and_many_closed() {
        let many = |text: &str, count| Terms::read(&json!(vec![text; count]));
        assert!(many("a%", MAX_OPEN_TERMS).is_some() && many("a%", MAX_OPEN_TERMS + 1).is_none());
        assert!(many("a", MAX_TERMS).is_some() && many("a", MAX_TERMS + 1).is_none());
    }

    #[test]
    fn what_says_nothing_is_no_filter() {
        for filter in [
            json!(""),
            json!([]),
            json!({}),
            json!({"OR": []}),
            json!({"XOR": ["a"]}),
            json!([""]),
            json!([{}]),
            json!(true),
        ] {
            assert_eq!(Terms::read(&filter), None, "{filter}");
        }
        assert_eq!(Terms::read(&json!(vec!["a"; MAX_TERMS + 1])), None);
    }

    #[test]
    fn only_exact_texts_are_looked_up() {
        let exact = |filter: Value| Terms::read(&filter).unwrap().exact().map(|texts| texts.join(" "));
        assert_eq!(exact(json!(["A", "b"])).as_deref(), Some("A b"));
        for filter in [json!(["a", "b%"]), json!("!a"), json!({"OR": ["a"], "AND": ["a"]})] {
            assert_eq!(exact(filter.clone()), None, "{filter}");
        }
    }
}
