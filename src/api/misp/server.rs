//! What clients ask before anything else: the version, who they are, and which types there are.

use axum::Json;
use axum::extract::{Extension, State};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::MispError;
use super::describe::Described;
use super::organisation::OWN;
use super::scope::Scope;
use super::tag::Tag;
use crate::access::Caller;
use crate::state::{ApiState, off_thread};
use overlap_indicator::{Facet, Kind, Tlp};

/// The version of MISP whose API this follows. Its parts have to be numbers, and clients warn where theirs is another.
const VERSION: &str = "2.5.34";

/// The version of an API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MispVersion, example = json!({"version": "2.5.34", "pymisp_recommended_version": "2.5.34", "perm_sync": false,
    "perm_sighting": true, "perm_galaxy_editor": false, "perm_analyst_data": false, "request_encoding": [], "filter_sightings": true}))]
pub(crate) struct Version {
    /// The version of MISP whose API this follows.
    version: &'static str,
    pymisp_recommended_version: &'static str,
    perm_sync: bool,
    perm_sighting: bool,
    perm_galaxy_editor: bool,
    perm_analyst_data: bool,
    #[schema(value_type = Vec<String>)]
    request_encoding: [(); 0],
    filter_sightings: bool,
}

/// Tells the version of MISP whose API this follows.
#[utoipa::path(get, path = "/misp/servers/getVersion", tag = "misp", responses((status = 200, body = Version)))]
pub(crate) async fn version() -> Json<Version> {
    Json(Version {
        version: VERSION,
        pymisp_recommended_version: VERSION,
        perm_sync: false,
        perm_sighting: true,
        perm_galaxy_editor: false,
        perm_analyst_data: false,
        request_encoding: [],
        filter_sightings: true,
    })
}

/// Tells who calls: the token, as a user of this member's organisation.
#[utoipa::path(get, path = "/misp/users/view/me", tag = "misp", responses((status = 200, body = Object)))]
pub(crate) async fn me(State(state): State<ApiState>, Extension(caller): Extension<Caller>) -> Json<Value> {
    let scope = Scope::of(&state);
    Json(json!({
        "User": {"id": "1", "org_id": OWN, "email": &*caller.0, "role_id": "1", "autoalert": false, "password": "*****"},
        "Role": {"id": "1", "name": "token", "perm_auth": true, "perm_add": false, "perm_modify": false, "perm_publish": false,
            "perm_sync": false, "perm_admin": false, "perm_site_admin": false, "perm_sighting": true, "perm_tagger": false},
        "Organisation": scope.own,
        "UserSetting": {},
    }))
}

/// Tells the types and categories of attributes that are served.
#[utoipa::path(get, path = "/misp/attributes/describeTypes", tag = "misp", responses((status = 200, body = Object)))]
pub(crate) async fn describe_types() -> Json<Described> {
    Json(Described::new())
}

/// The tags that are in use.
#[derive(Serialize)]
pub(crate) struct Tags {
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
}

/// Lists the tags that events and attributes may have.
#[utoipa::path(get, path = "/misp/tags/index", tag = "misp", responses((status = 200, body = Object)))]
pub(crate) async fn tags(State(state): State<ApiState>) -> Result<Json<Tags>, MispError> {
    Ok(Json(Tags { tags: all_tags(&state).await? }))
}

/// A tag that was found.
#[derive(Serialize)]
pub(crate) struct FoundTag {
    #[serde(rename = "Tag")]
    tag: Tag,
}

/// Finds tags by what their names have in them.
#[utoipa::path(post, path = "/misp/tags/search", tag = "misp",
    request_body(content = Option<Object>, description = "`tagname`, `name` or `tag`: a text, or a list of which one has to match."),
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn search_tags(
    State(state): State<ApiState>,
    asked: super::asked::Asked,
) -> Result<Json<Vec<FoundTag>>, MispError> {
    let members = asked.0;
    let terms = members
        .get("tagname")
        .or_else(|| members.get("name"))
        .or_else(|| members.get("tag"))
        .and_then(super::terms::Terms::read);
    let tags = all_tags(&state).await?.into_iter();
    let found = tags.filter(|tag| terms.as_ref().is_some_and(|terms| terms.mean(&[&tag.name])));
    Ok(Json(found.map(|tag| FoundTag { tag }).collect()))
}

async fn all_tags(state: &ApiState) -> Result<Vec<Tag>, MispError> {
    let scope = Scope::of(state);
    let peers = off_thread(move || scope.store.overlap_peers()).await?;
    let markings = [Tlp::AmberStrict, Tlp::Red].map(Tag::tlp);
    let tags = markings.into_iter().chain(peers.iter().map(Tag::peer));
    Ok(tags
        .chain(Kind::ALL.into_iter().map(Tag::kind))
        .chain(Facet::ALL.into_iter().map(Tag::facet))
        .collect())
}
