//! Pieces that several pages have.

use maud::{Markup, html};

/// One choice of a list.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) text: String,
}

impl From<(&str, &str)> for Choice {
    fn from((value, text): (&str, &str)) -> Self {
        Self { value: value.to_owned(), text: text.to_owned() }
    }
}

/// A list to choose from, with its label. Its id is its name.
pub(crate) fn select(name: &str, label: &str, choices: Vec<Choice>, chosen: Option<&str>) -> Markup {
    select_as(name, name, label, choices, chosen)
}

/// The same with an id of its own, for a page that has several.
pub(crate) fn select_as(
    id: &str,
    name: &str,
    label: &str,
    choices: Vec<Choice>,
    chosen: Option<&str>,
) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(name) {
                @for choice in &choices {
                    option value=(choice.value) selected[choice.value == chosen.unwrap_or_default()] { (choice.text) }
                }
            }
        }
    }
}

/// What leads on from a page of a list. There are no page numbers: the next page is found by the last row, not by counting.
pub(crate) fn pager(next: Option<&str>, first: Option<&str>) -> Markup {
    html! {
        @if next.is_some() || first.is_some() {
            nav.pager aria-label="Pages" {
                @if let Some(first) = first { a.button.plain href=(first) { "First page" } }
                @if let Some(next) = next { a.button.plain href=(next) rel="next" { "Next page" } }
            }
        }
    }
}
