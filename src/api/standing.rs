//! Answers that go on for a while: they end early when the token that asked for them no longer stands.

use std::io;

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt;
use hyper::body::Body as _;
use overlap_store::Role;

use crate::access::still_has;
use crate::state::ApiState;

/// Looks at a token before each part of an answer, some hundred rows, and breaks the answer off where it was revoked or has the role no more: the
/// connection ends with an error, so that nobody takes a part for all. An answer that is whole already goes out as it is.
pub(crate) fn while_token_stands(
    response: Response,
    state: &ApiState,
    token: [u8; 32],
    role: Role,
) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let state = state.clone();
    response.map(|body| {
        Body::from_stream(body.into_data_stream().then(move |part| {
            let state = state.clone();
            async move {
                if still_has(&state, token, role).await {
                    return part.map_err(io::Error::other);
                }
                tracing::warn!("an answer was broken off: its token was revoked");
                Err(io::Error::other("the token no longer stands"))
            }
        }))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{Request, StatusCode, header};
    use http_body_util::BodyExt;
    use overlap_coalition::Timestamp;
    use overlap_store::{By, ExchangeState, IndicatorFilter, PageRequest, Store};
    use tower::ServiceExt;

    use super::*;
    use crate::testing::{NOW, TestNode, exchange};

    /// More than any answer holds in two parts.
    const ROWS: usize = 5_000;

    async fn node_with_overlaps() -> TestNode {
        let node = TestNode::new();
        let text: String = (0..ROWS).map(|row| format!("a{row}.example.org\n")).collect();
        node.import("format=txt&tlp=green", text).await;
        let all = PageRequest { limit: 10_000, after: None };
        let own = node.store.indicators(&IndicatorFilter::default(), &all).unwrap().rows;
        let found: Vec<_> = own.iter().map(|row| (row.id, row.kind.facets()[0])).collect();
        let record = exchange(1, ExchangeState::Running);
        node.store.begin_exchange(&record).unwrap();
        node.store.store_overlaps(&record, &found, Timestamp(NOW)).unwrap();
        node
    }

    /// The cookie of a session of the console.
    async fn signed_in(node: &TestNode, token: &str) -> String {
        let request = Request::post("/console/sign-in")
            .header(header::HOST, "node")
            .header(header::ORIGIN, "null")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = node.send(request.body(Body::from(format!("token={token}"))).unwrap()).await;
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// The requests of long answers, by a holder of the token of role `read`.
    async fn long(node: &TestNode) -> Vec<Request<Body>> {
        let token = &node.tokens[&Role::Read];
        let misp = |path: &str| {
            let request = Request::post(format!("/misp/{path}")).header(header::AUTHORIZATION, token);
            request.body(Body::from("{}")).unwrap()
        };
        let cookie = signed_in(node, token).await;
        let console = |format: &str| {
            let uri = format!("/console/overlaps/export?format={format}");
            let request = Request::get(uri).header(header::HOST, "node").header(header::COOKIE, &cookie);
            request.body(Body::empty()).unwrap()
        };
        vec![
            misp("attributes/restSearch"),
            misp("events/restSearch"),
            console("csv"),
            console("stix"),
            console("misp"),
        ]
    }

    async fn begun(node: &TestNode, request: Request<Body>) -> Body {
        let response = node.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body()
    }

    #[tokio::test]
    async fn long_answers_end_whole_while_the_token_stands() {
        let node = node_with_overlaps().await;
        for request in long(&node).await {
            let uri = request.uri().clone();
            let text = begun(&node, request).await.collect().await.unwrap().to_bytes();
            let text = String::from_utf8(text.to_vec()).unwrap();
            assert!(
                text.contains("a0.example.org") && text.contains(&format!("a{}.example.org", ROWS - 1)),
                "{uri}"
            );
        }
    }

    /// They went on to their end.
    #[tokio::test]
    async fn long_answers_break_off_when_the_token_is_revoked() {
        let node = node_with_overlaps().await;
        let requests = long(&node).await;
        let mut bodies = Vec::new();
        for request in requests {
            let uri = request.uri().clone();
            let mut body = begun(&node, request).await;
            assert!(body.frame().await.unwrap().is_ok(), "{uri}");
            bodies.push((uri, body));
        }
        assert!(node.store.revoke_token("read", &By::daemon(Timestamp(NOW))).unwrap());
        for (uri, mut body) in bodies {
            let next = body.frame().await.expect("it is not at its end");
            assert!(next.is_err(), "{uri}: no more comes, and no end");
        }
    }
}
