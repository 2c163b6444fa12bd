//! Paths as clients of MISP write them: with `.json` behind, and with parameters among the parts, as CakePHP has them.

use axum::http::Uri;

use super::ROOT;

/// The URI that is meant: `.json` is taken off, and parts `name:value` become parameters of the query. Others' paths stay as they are.
pub(crate) fn tidy(uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix(ROOT)?;
    let (named, parts): (Vec<&str>, Vec<&str>) =
        rest.split('/').filter(|part| !part.is_empty()).partition(|part| is_named(part));
    let path = parts.join("/");
    let path = path.strip_suffix(".json").unwrap_or(&path);
    let named =
        named.iter().filter_map(|part| part.split_once(':')).map(|(name, value)| format!("{name}={value}"));
    let query: Vec<String> = uri.query().map(str::to_owned).into_iter().chain(named).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    format!("{ROOT}{path}{query}").parse().ok()
}

fn is_named(part: &str) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    part.split_once(':').is_some_and(|(name, _)| is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_among_the_parts_and_suffixes_are_taken_off() {
        let tidied = |uri: &str| tidy(&uri.parse().unwrap()).map(|uri| uri.to_string());
        for (written, meant) in [
            ("/misp/servers/getVersion", "/misp/servers/getVersion"),
            ("/misp/attributes/describeTypes.json", "/misp/attributes/describeTypes"),
            ("/misp/tags/index/limit:5/page:2", "/misp/tags/index?limit=5&page=2"),
            ("/misp/events/view/7/noSightings:1.json", "/misp/events/view/7?noSightings=1.json"),
            ("/misp/events/index.json?limit=3", "/misp/events/index?limit=3"),
            ("/misp//events/index/", "/misp/events/index"),
            ("/misp/events/view/a%3Ab", "/misp/events/view/a%3Ab"),
            ("/misp/", "/misp/"),
        ] {
            assert_eq!(tidied(written).as_deref(), Some(meant), "{written}");
        }
        assert_eq!(tidied("/api/v1/a:b.json"), None);
    }
}
