//! What stands round every page.

use maud::{DOCTYPE, Markup, html};

use overlap_store::Role;

use super::guard::{CSRF_FIELD, Visitor};
use super::text::Shown;
use super::{HOME, SIGN_OUT, api_page, audit, events, exchanges, indicators, overlaps, partners, receipts};
use crate::state::ApiState;

/// The parts of the console, in the order of the menu: path, name, and who may see it.
const MENU: [(&str, &str, Role); 9] = [
    (HOME, "Overview", Role::Read),
    (overlaps::PATH, "Overlaps", Role::Read),
    (indicators::PATH, "Indicators", Role::Read),
    (partners::PATH, "Partners", Role::Read),
    (exchanges::PATH, "Exchanges", Role::Read),
    (events::PATH, "Events", Role::Read),
    (receipts::PATH, "Receipts", Role::Read),
    (audit::PATH, "Audit", Role::Admin),
    (api_page::PATH, "API", Role::Read),
];

/// A page of the console for somebody who is signed in.
pub(crate) struct Frame<'a> {
    pub(crate) state: &'a ApiState,
    pub(crate) visitor: &'a Visitor,
    /// The path of the part of the menu that this page belongs to.
    pub(crate) part: &'static str,
    /// The page's name in the window's title.
    pub(crate) title: &'a str,
}

impl Frame<'_> {
    /// The page, whole. Its one `h1` is in `body`.
    pub(crate) fn page(&self, body: Markup) -> Markup {
        let status = self.state.daemon().status();
        let member = status.member.to_string();
        html! {
            (DOCTYPE)
            html lang="en" {
                (head(&format!("{} · {member}", self.title)))
                body {
                    a.skip href="#content" { "Skip to the content" }
                    header.top {
                        div.brand { span.mark aria-hidden="true" {} strong { "overlapd" } span.member { (Shown(&member)) } }
                        (self.menu())
                        (self.account())
                    }
                    main #content tabindex="-1" { (body) }
                    footer { "overlapd " (env!("CARGO_PKG_VERSION")) " · coalition " (Shown(&status.coalition)) }
                }
            }
        }
    }

    fn menu(&self) -> Markup {
        html! {
            nav aria-label="Main" {
                ul {
                    @for (path, name, _) in MENU.iter().filter(|(.., role)| self.visitor.may(*role)) {
                        li { a href=(path) aria-current=[(*path == self.part).then_some("page")] { (name) } }
                    }
                }
            }
        }
    }

    fn account(&self) -> Markup {
        html! {
            form.account method="post" action=(SIGN_OUT) {
                (csrf(self.visitor))
                span.quiet title=(format!("roles: {}", self.visitor.roles())) {
                    span.spoken { "Signed in as " } strong { (Shown(&self.visitor.session.name)) }
                }
                button.plain type="submit" { "Sign out" }
            }
        }
    }
}

/// The hidden field that every form of a change has.
pub(crate) fn csrf(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name=(CSRF_FIELD) value=(visitor.session.csrf); }
}

/// A page without a menu: before anybody is signed in, and for what went wrong.
pub(crate) fn bare(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{title} · overlapd")))
            body.bare {
                main #content {
                    div.brand { span.mark aria-hidden="true" {} strong { "overlapd" } }
                    (body)
                }
            }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) }
            link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml";
            link rel="stylesheet" href="/console/assets/uplot.css";
            link rel="stylesheet" href="/console/assets/console.css";
            script type="module" src="/console/assets/console.js" {}
        }
    }
}
