//! The fields of a form or of a page's query.

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use url::form_urlencoded;

use super::fault::Fault;

/// The largest form, in bytes: some ten thousand values that are pasted. A file has no limit.
pub(crate) const MAX_FORM_BYTES: usize = 4 * 1024 * 1024;

/// Fields in the order in which they were sent; a name may come more than once. Any bytes are some fields, so none is refused.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// Reads the query of a page.
    pub(crate) fn of_query(uri: &Uri) -> Self {
        Self::read(uri.query().unwrap_or_default().as_bytes())
    }

    /// The first value of a name, unless it is empty: an input that was left blank says nothing.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    /// Every value of a name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(has, _)| has == name).map(|(_, value)| value.as_str())
    }
}

/// A path with a query, encoded; pairs without a value are left out.
pub(crate) fn link(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Fields {
    type Rejection = Fault;

    /// The form of a change, which the door has read, or else the query.
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        let read = parts.extensions.get::<Fields>().cloned();
        Ok(read.unwrap_or_else(|| Self::of_query(&parts.uri)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_may_repeat() {
        let fields = Fields::read(b"a=1&b=%3Cx%3E+y&a=2&c=");
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((fields.one("b"), fields.one("c"), fields.one("d")), (Some("<x> y"), None, None));
    }

    #[test]
    fn links_are_encoded() {
        assert_eq!(link("/a", &[("x", Some("1 &\"<")), ("y", None)]), "/a?x=1+%26%22%3C");
        assert_eq!(link("/a", &[("y", None)]), "/a");
    }
}
