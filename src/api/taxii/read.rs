//! What can be read: discovery, API root, collections, objects, manifest and versions.

use axum::extract::{Path, Request, State};

use super::TaxiiError;
use super::collections::Collection;
use super::filter::{Filter, next};
use super::listing::{Entry, EntryPage, Listing};
use super::media::STIX_MEDIA_TYPE;
use super::origin::api_root_url;
use super::resources::{
    ApiRoot, CollectionResource, Collections, Discovery, Envelope, Manifest, ManifestRecord, Versions,
};
use super::served::Served;
use crate::state::{ApiState, off_thread};
use crate::stix::{Coalition, microseconds};

/// Tells what this server is and where its API root is (TAXII 2.1, section 4.1).
#[utoipa::path(get, path = "/taxii2/", tag = "taxii",
    responses((status = 200, body = Discovery, content_type = "application/taxii+json;version=2.1")))]
pub(crate) async fn discovery(State(state): State<ApiState>, request: Request) -> Served<Discovery> {
    let (title, description) = titles(&state);
    let api_root = api_root_url(request.headers(), request.extensions());
    Served::whole(Discovery::new(title, description, api_root))
}

/// Describes the API root (section 4.2).
#[utoipa::path(get, path = "/taxii2/overlap/", tag = "taxii",
    responses((status = 200, body = ApiRoot, content_type = "application/taxii+json;version=2.1")))]
pub(crate) async fn api_root(State(state): State<ApiState>) -> Served<ApiRoot> {
    let (title, description) = titles(&state);
    Served::whole(ApiRoot::new(title, description))
}

fn titles(state: &ApiState) -> (String, String) {
    let status = state.daemon().status();
    let title = format!("overlapd: {}", status.member);
    let description =
        format!("Overlaps and own indicators of {} in the coalition {}.", status.member, status.coalition);
    (title, description)
}

/// Lists the collections (section 5.1).
#[utoipa::path(get, path = "/taxii2/overlap/collections/", tag = "taxii",
    responses((status = 200, body = Collections, content_type = "application/taxii+json;version=2.1")))]
pub(crate) async fn collections(State(state): State<ApiState>) -> Result<Served<Collections>, TaxiiError> {
    let (store, daemon) = (state.shared_store(), state.shared_daemon());
    let collections = off_thread(move || {
        let all = Collection::all(&*store, &*daemon);
        all.iter().map(|collection| collection.resource(&*store)).collect()
    });
    Ok(Served::whole(Collections { collections: collections.await? }))
}

/// Describes a collection (section 5.2), named by its id or its alias.
#[utoipa::path(get, path = "/taxii2/overlap/collections/{collection}/", tag = "taxii",
    params(("collection" = String, Path)),
    responses((status = 200, body = CollectionResource, content_type = "application/taxii+json;version=2.1")))]
pub(crate) async fn collection(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Served<CollectionResource>, TaxiiError> {
    let (store, daemon) = (state.shared_store(), state.shared_daemon());
    let resource = off_thread(move || {
        Collection::named(&name, &*store, &*daemon).map(|collection| collection.resource(&*store))
    });
    Ok(Served::whole(resource.await??))
}

/// Gives a page of a collection's objects (section 5.4), the one added first to begin with.
#[utoipa::path(get, path = "/taxii2/overlap/collections/{collection}/objects/", tag = "taxii",
    params(("collection" = String, Path), Page, Match, MatchVersion, MatchSpecVersion),
    responses((status = 200, body = Envelope, content_type = "application/taxii+json;version=2.1")))]
pub(crate) async fn objects(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    filter: Filter,
) -> Result<Served<Envelope>, TaxiiError> {
    let page = read(&state, name, move |listing| Ok(listing.page(&filter)?)).await?;
    Ok(envelope(page))
}

/// Gives a page of a collection's manifest (section 5.3): the same objects without their contents.
#[utoipa::path(get, path = "/taxii2/overlap/collections/{collection}/manifest/", tag = "taxii",
    params(("collection" = String, Path), Page, Match, MatchVersion, MatchSpecVersion),
    responses((status = 200, body = Manifest, content_type = "application/taxii+json;version=2.1")))]
pub(crate) async fn manifest(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    filter: Filter,
) -> Result<Served<Manifest>, TaxiiError> {
    let page = read(&state, name, move |listing| Ok(listing.page(&filter)?)).await?;
    let (dates, Tail { more, next }) = (page.dates(), tail(&page));
    let objects = page.entries.iter().map(record).collect();
    Ok(Served::page(Manifest { more, next, objects }, dates))
}

/// Gives one object (section 5.6).
#[utoipa::path(get, path = "/taxii2/overlap/collections/{collection}/objects/{object}/", tag = "taxii",
    params(("collection" = String, Path), ("object" = String, Path), Page, MatchVersion, MatchSpecVersion),
    responses((status = 200, body = Envelope, content_type = "application/taxii+json;version=2.1")))]
pub(crate) async fn object(
    State(state): State<ApiState>,
    Path((name, id)): Path<(String, String)>,
    filter: Filter,
) -> Result<Served<Envelope>, TaxiiError> {
    Ok(envelope(one(&state, name, id, filter.of_one_object()).await?))
}

/// Lists the versions of an object (section 5.8). Every object here has one.
#[utoipa::path(get, path = "/taxii2/overlap/collections/{collection}/objects/{object}/versions/", tag = "taxii",
    params(("collection" = String, Path), ("object" = String, Path), Page, MatchSpecVersion),
    responses((status = 200, body = Versions, content_type = "application/taxii+json;version=2.1")))]
pub(crate) async fn versions(
    State(state): State<ApiState>,
    Path((name, id)): Path<(String, String)>,
    filter: Filter,
) -> Result<Served<Versions>, TaxiiError> {
    let page = one(&state, name, id, filter.of_its_versions()).await?;
    let (dates, Tail { more, .. }) = (page.dates(), tail(&page));
    let versions = page.entries.iter().map(|entry| entry.object.version().to_owned()).collect();
    Ok(Served::page(Versions { more, versions }, dates))
}

/// Reads a collection, off the async threads.
async fn read<T: Send + 'static>(
    state: &ApiState,
    name: String,
    read: impl FnOnce(&Listing<'_>) -> Result<T, TaxiiError> + Send + 'static,
) -> Result<T, TaxiiError> {
    let status = state.daemon().status();
    let coalition = Coalition { name: status.coalition, own: status.member };
    let (store, daemon) = (state.shared_store(), state.shared_daemon());
    let result = off_thread(move || {
        let collection = Collection::named(&name, &*store, &*daemon)?;
        read(&Listing { store: &*store, coalition: &coalition, collection: &collection })
    });
    result.await?
}

/// The versions of one object that match: 404 where there is no such object, and none where it does not match.
async fn one(state: &ApiState, name: String, id: String, filter: Filter) -> Result<EntryPage, TaxiiError> {
    read(state, name, move |listing| {
        let mut entries = listing.named([id.as_str()].into_iter())?;
        if entries.is_empty() {
            return Err(TaxiiError::not_found("object"));
        }
        entries.retain(|entry| entry.added > filter.after && filter.takes(&entry.object));
        Ok(EntryPage { entries, more: false })
    })
    .await
}

/// The end of a page.
struct Tail {
    more: Option<bool>,
    next: Option<String>,
}

/// An empty page says nothing, as the standard has it. `next` comes with every `more`: a client that is told of more and not how to get it may
/// ask for the first page again and again.
fn tail(page: &EntryPage) -> Tail {
    let last = page.dates().map(|(_, last)| last);
    Tail { more: last.map(|_| page.more), next: last.filter(|_| page.more).map(next) }
}

fn envelope(page: EntryPage) -> Served<Envelope> {
    let (dates, Tail { more, next }) = (page.dates(), tail(&page));
    let objects = page.entries.into_iter().map(|entry| entry.object).collect();
    Served::page(Envelope { more, next, objects }, dates)
}

fn record(entry: &Entry) -> ManifestRecord {
    ManifestRecord {
        id: entry.object.id().to_owned(),
        date_added: microseconds(entry.added),
        version: entry.object.version().to_owned(),
        media_type: STIX_MEDIA_TYPE,
    }
}

/// Which page: for the description alone, [`Filter`] reads it.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes")]
pub(crate) struct Page {
    /// Only objects that were added after this time.
    #[param(schema_with = crate::schemas::taxii_time)]
    added_after: Option<String>,
    /// How many at most; 1,000 if not said, and where it is more.
    #[param(schema_with = crate::schemas::at_least_one)]
    limit: Option<u64>,
    /// The `next` of the page before, with the same filters.
    #[param(pattern = "^t[0-9a-f]{16}$")]
    next: Option<String>,
}

/// Which objects.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes")]
pub(crate) struct Match {
    /// Only these ids, separated by commas.
    #[param(rename = "match[id]", pattern = "^[^,]+(,[^,]+)*$")]
    match_id: Option<String>,
    /// Only these types, separated by commas.
    #[param(rename = "match[type]", pattern = "^[^,]+(,[^,]+)*$")]
    match_type: Option<String>,
}

/// Which versions of one object.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes")]
pub(crate) struct MatchVersion {
    /// Only these versions, separated by commas: `last` (which is meant if none is named), `first`, `modified` of an object, or `all` alone.
    #[param(rename = "match[version]", schema_with = crate::schemas::versions)]
    match_version: Option<String>,
}

/// Which versions of STIX.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes")]
pub(crate) struct MatchSpecVersion {
    /// Only objects of these versions of STIX, separated by commas.
    #[param(rename = "match[spec_version]", pattern = "^[^,]+(,[^,]+)*$")]
    match_spec_version: Option<String>,
}
