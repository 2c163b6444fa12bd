//! Pieces that several pages have.

use maud::{Markup, html};
use overlap_coalition::MemberId;
use overlap_indicator::Kind;
use overlap_store::{Cursor, PageRequest};

use super::fields::{Fields, link};
use crate::problem::Problem;
use crate::request::{page, query_peer};
use crate::state::ApiState;

/// A list of what there is with one partner or with all, read page by page.
pub(crate) struct PartnerList {
    path: &'static str,
    peer: Option<MemberId>,
    after: Option<String>,
}

impl PartnerList {
    /// Reads which page of the list at `path` is asked for.
    pub(crate) fn read(path: &'static str, fields: &Fields) -> Result<Self, Problem> {
        let peer = query_peer(fields.one("peer"))?;
        Ok(Self { path, peer, after: fields.one("after").map(str::to_owned) })
    }

    /// The partner, where only one is meant.
    pub(crate) fn peer(&self) -> Option<MemberId> {
        self.peer.clone()
    }

    /// The page that the store is asked for.
    pub(crate) fn request(&self, rows: u64) -> Result<PageRequest, Problem> {
        page(Some(rows), self.after.clone())
    }

    /// The form that chooses the partner; `what` is in the list.
    pub(crate) fn filters(&self, state: &ApiState, what: &str) -> Markup {
        let label = format!("Filter {what}");
        html! {
            form.filters method="get" action=(self.path) role="search" aria-label=(label) {
                (partner_choice(state, self.peer.as_ref()))
                (filter_buttons(self.path))
            }
        }
    }

    /// What leads on from the page.
    pub(crate) fn pager(&self, next: Option<&Cursor>) -> Markup {
        let peer = self.peer.as_ref().map(MemberId::as_str);
        pager(|after| link(self.path, &[("peer", peer), ("after", after)]), self.after.as_deref(), next)
    }
}

/// A choice of one of the partners, or of all.
pub(crate) fn partner_choice(state: &ApiState, peer: Option<&MemberId>) -> Markup {
    let partners = state.daemon().partners().into_iter().map(|partner| partner.id.to_string());
    let partners = partners.map(|id| Choice { value: id.clone(), text: id });
    let choices = [Choice::from(("", "All"))].into_iter().chain(partners).collect();
    select("peer", "Partner", choices, peer.map(MemberId::as_str))
}

/// A choice of a kind, or of any.
pub(crate) fn kind_choice(kind: Option<Kind>) -> Markup {
    let kinds = Kind::ALL.iter().map(|kind| Choice::from((kind.as_str(), kind.as_str())));
    let kinds = [Choice::from(("", "Any"))].into_iter().chain(kinds).collect();
    select("kind", "Kind", kinds, kind.map(Kind::as_str))
}

/// Links to the pages of one part of the console (path, name), of which `here` is shown.
pub(crate) fn tabs(label: &str, pages: &[(&str, &str)], here: &str) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            ul {
                @for (path, name) in pages {
                    li { a href=(path) aria-current=[(*path == here).then_some("page")] { (name) } }
                }
            }
        }
    }
}

/// What ends a form that filters the list at `path`.
pub(crate) fn filter_buttons(path: &str) -> Markup {
    html! { div.field.actions { button type="submit" { "Filter" } a.button.plain href=(path) { "Clear" } } }
}

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

/// What leads on from a page of a list that began after `after`: `to` makes the address of another. There are no page numbers: the next page
/// is found by the last row, not by counting.
pub(crate) fn pager(
    to: impl Fn(Option<&str>) -> String,
    after: Option<&str>,
    next: Option<&Cursor>,
) -> Markup {
    html! {
        @if next.is_some() || after.is_some() {
            nav.pager aria-label="Pages" {
                @if after.is_some() { a.button.plain href=(to(None)) { "First page" } }
                @if let Some(Cursor(next)) = next { a.button.plain href=(to(Some(next))) rel="next" { "Next page" } }
            }
        }
    }
}
