//! An API that clients of MISP speak to: overlaps as events and attributes, sightings, and what such clients ask beside.
//!
//! An event is what one exchange found at one time, and its attributes are the overlaps. Both have a number and a UUID that never change: an
//! attribute's number is the date at which its overlap was added, in microseconds, and an event's counts events. New ones come after all
//! that there are, so pages by number neither skip nor repeat while some arrive.
//!
//! Own indicators are not served here: what a member imports comes from such tools, and a second copy of it would only correlate with the
//! first. TAXII and `/api/v1/indicators` tell them.

mod asked;
mod attribute;
mod attribute_parts;
mod describe;
mod error;
mod event;
mod event_parts;
mod filter;
mod gate;
mod organisation;
mod parts;
mod path;
pub(crate) mod read;
mod scope;
mod search;
pub(crate) mod server;
mod sighting;
mod sighting_parts;
pub(crate) mod sighting_search;
pub(crate) mod sightings;
mod tag;
mod terms;
#[cfg(test)]
mod tests;
mod time;
pub(crate) mod warninglists;

pub(crate) use self::attribute::Attribute;
pub(crate) use self::error::{MispError, MispErrorDocument};
pub(crate) use self::event::Event;
pub(crate) use self::gate::pass;
pub(crate) use self::path::tidy;
pub(crate) use self::scope::{Scope, at};

/// Where it is: a client is given the URL of this.
const ROOT: &str = "/misp/";

/// Whether a path is this API's to answer.
pub(crate) fn is_of_misp(path: &str) -> bool {
    path.starts_with(ROOT) || path == ROOT.trim_end_matches('/')
}
