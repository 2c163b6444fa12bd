//! Pages of the console over a million overlaps, with ten partners.
//!
//! `cargo bench -p overlap-api --bench console` fills a store, signs in, and opens each page many times, lists at places all over them.
//! On two cores of a Sapphire Rapids virtual machine that nothing else kept busy, a page of 100 rows, medians and the slowest of 100:
//!
//! | page | median | slowest |
//! |---|---|---|
//! | overview | 0.3 ms | 0.5 ms |
//! | overlaps in any order, by kind or partner, anywhere in the list | 0.3 ms | 3.0 ms |
//! | overlaps of a kind of which there are none: every row is looked at | 3.0 ms | 5.9 ms |
//! | overlaps not seen, with nine of ten marked | 0.3 ms | 1.8 ms |
//! | a search by value | 0.2 ms | 0.9 ms |
//!
//! Marking 900,000 overlaps as seen, in one commit, took 35 ms.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A bench that cannot go on may stop where it stands.

mod alone;
#[path = "alone/million.rs"]
mod million;
#[path = "alone/times.rs"]
mod times;

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use http_body_util::BodyExt;
use overlap_coalition::Timestamp;
use overlap_indicator::Facet;
use overlap_store::{By, OverlapChoice, OverlapQuery, Role, Store};
use tower::ServiceExt;

use million::{FIRST, Million, ROWS};
use times::Times;

/// One value in four a domain, the others URLs; matched by host, by ten partners in turn.
const HOSTS: Million =
    Million { value, facet: |_| Facet::Host, partner: |exchange| format!("partner-{}", exchange % 10) };
/// How often a page is opened.
const TIMES: u64 = 100;
/// Overlaps of a segment of the store, by which cursors count.
const SEGMENT: u64 = 256;

fn main() {
    let (_folder, store) = HOSTS.stored();
    let (router, token) = alone::router(store.clone(), Role::Admin);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let browser = Browser::sign_in(router, &token).await;
        browser.open("overview", |_| "/console/".to_owned()).await;
        let places = ROWS as u64 / SEGMENT;
        for (name, query, list) in [
            ("overlaps, newest first, anywhere", "order=newest", 'n'),
            ("overlaps, oldest first, anywhere", "order=oldest", 'e'),
            ("overlaps of one kind, anywhere", "kind=domain", 'n'),
            ("overlaps of one partner, anywhere", "peer=partner-3", 'n'),
        ] {
            let at = |time: u64| (time * 7_919 % places) << 8;
            browser
                .open(name, |time| format!("/console/overlaps?{query}&after={list}{:016x}", at(time)))
                .await;
        }
        browser.open("overlaps by partner", |_| "/console/overlaps?order=partner".to_owned()).await;
        browser.open("overlaps of which there are none", |_| "/console/overlaps?kind=iban".to_owned()).await;
        let begun = Instant::now();
        let all = OverlapQuery { added_until: Some((FIRST + 90) * 1_000_000 - 1), ..OverlapQuery::default() };
        let by = By::daemon(Timestamp(FIRST + 90));
        let marked = store.mark_overlaps(&OverlapChoice::Matching(all), true, &by).unwrap();
        assert_eq!(marked as usize, ROWS / 10 * 9, "overlaps of ninety of a hundred exchanges");
        println!("{marked} overlaps marked in {} ms", begun.elapsed().as_millis());
        browser.open("overlaps not seen", |_| "/console/overlaps?seen=no".to_owned()).await;
        browser
            .open("overlaps not seen, oldest first", |_| "/console/overlaps?seen=no&order=oldest".to_owned())
            .await;
        browser.open("own indicators", |_| "/console/indicators".to_owned()).await;
        let value = |time: u64| format!("/console/indicators?value=https://shop{time}.example.org/a");
        browser.open("a search by value", value).await;
    });
}

fn value(number: usize) -> String {
    match number % 4 {
        0 => format!("shop{number}.example.org"),
        _ => format!("https://shop{number}.example.org/a"),
    }
}

struct Browser {
    router: Router,
    cookie: String,
}

impl Browser {
    async fn sign_in(router: Router, token: &str) -> Self {
        let request = Request::post("/console/sign-in").header("sec-fetch-site", "same-origin");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(Body::from(format!("token={token}"))).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { router, cookie }
    }

    async fn get(&self, path: &str) -> (Duration, usize) {
        let begun = Instant::now();
        let request = Request::get(path).header(header::COOKIE, &self.cookie).body(Body::empty()).unwrap();
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let bytes = response.into_body().collect().await.unwrap().to_bytes().len();
        (begun.elapsed(), bytes)
    }

    /// Opens pages and prints what they took.
    async fn open(&self, name: &str, path: impl Fn(u64) -> String) {
        let (mut times, mut bytes) = (Vec::new(), 0);
        for time in 0..TIMES {
            let (took, has) = self.get(&path(time)).await;
            times.push(took);
            bytes = has;
        }
        println!("{name}: {}, {} kB", Times::new(times), bytes / 1_000);
    }
}
