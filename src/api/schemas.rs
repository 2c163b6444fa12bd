//! What texts in queries and bodies may be, as the OpenAPI document says it: a client that keeps to these is not refused for its spelling.

use overlap_indicator::Kind;
use overlap_store::{AuditAction, Role};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Array, Object};

/// A kind of indicators.
pub(crate) fn kind() -> Object {
    one_of(Kind::ALL.iter().map(|kind| kind.as_str()))
}

/// A kind, or none.
pub(crate) fn kind_or_none() -> Object {
    or_none(Kind::ALL.iter().map(|kind| kind.as_str()))
}

/// A form of files to import.
pub(crate) fn import_format() -> Object {
    one_of(["csv", "ndjson", "txt", "stix", "misp"])
}

/// A TLP marking.
pub(crate) fn tlp() -> Object {
    one_of(["clear", "green", "amber", "amber+strict", "red"])
}

/// A number of rows, of which there may be fewer.
pub(crate) fn at_least_one() -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build()
}

/// A member's id.
pub(crate) fn member() -> Object {
    text().pattern(Some("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")).build()
}

/// What an exchange tells, or nothing.
pub(crate) fn mode_or_none() -> Object {
    or_none(["overlap"])
}

/// The engine of an exchange, or none.
pub(crate) fn engine_or_none() -> Object {
    or_none(["auto", "voprf", "vole"])
}

/// A purpose or a case reference, or none: 256 bytes at most, and so 64 of the longest characters.
pub(crate) fn purpose_or_none() -> Object {
    ObjectBuilder::new().schema_type(optional()).max_length(Some(64)).build()
}

/// Roles.
pub(crate) fn roles() -> Array {
    ArrayBuilder::new().items(one_of(Role::ALL.map(|role| role.as_str()))).min_items(Some(1)).build()
}

/// A token's name.
pub(crate) fn token_name() -> Object {
    text().pattern(Some("^[A-Za-z0-9._-]{1,64}$")).build()
}

/// An action of the audit chain.
pub(crate) fn audit_action() -> Object {
    one_of(AuditAction::ALL.iter().map(|action| action.as_str()))
}

/// An order of the audit chain.
pub(crate) fn audit_order() -> Object {
    one_of(["newest", "oldest"])
}

/// A time of TAXII 2.1 (section 2, "timestamp"): in UTC, to the microsecond. Days that not every month has are left out.
const TIME: &str =
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z";

/// A time of TAXII.
pub(crate) fn taxii_time() -> Object {
    text().pattern(Some(format!("^{TIME}$"))).build()
}

/// Versions of objects, for TAXII's `match[version]`.
pub(crate) fn versions() -> Object {
    text().pattern(Some(format!("^(all|first|last|first,last|{TIME})$"))).build()
}

fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    text().enum_values(Some(words)).build()
}

fn or_none<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    let words = words.into_iter().map(|word| Some(word.to_owned())).chain([None]);
    ObjectBuilder::new().schema_type(optional()).enum_values(Some(words)).build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn optional() -> SchemaType {
    SchemaType::Array(vec![Type::String, Type::Null])
}
