//! The door, the forms and the headers, over every page.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use overlap_coalition::{ExchangeId, Timestamp};
use overlap_indicator::{Facet, Kind};
use overlap_store::{
    Actor, AuditAction, AuditStore, By, EventStore, ExchangeState, IndicatorFilter, IndicatorId, NewAudit,
    NewSighting, Notice, OverlapQuery, PageRequest, Role, SightingKind, Store,
};

use super::guard::COOKIE;
use crate::access::Access;
use crate::audit_tests::entries;
use crate::state::ApiState;
use crate::testing::{Answer, TestNode, exchange, imports::imported};

const HOST: &str = "node.example:7780";

/// Somebody's browser.
pub(super) struct Browser<'a> {
    node: &'a TestNode,
    cookie: String,
    csrf: String,
}

/// A request of a browser's, from a page of the console.
async fn ask(node: &TestNode, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
    if method == "POST" {
        request = request.header("sec-fetch-site", "same-origin").header(header::ORIGIN, "null");
    }
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    node.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn sign_in(node: &TestNode, token: &str) -> Answer {
    ask(node, "POST", "/console/sign-in", &[FORM], &format!("token={token}")).await
}

fn cookie_of(headers: &HeaderMap) -> &str {
    headers[header::SET_COOKIE].to_str().unwrap()
}

impl<'a> Browser<'a> {
    pub(super) async fn sign_in(node: &'a TestNode, role: Role) -> Browser<'a> {
        let answer = sign_in(node, &node.tokens[&role]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let cookie = cookie_of(&answer.headers).split(';').next().unwrap().to_owned();
        let mut browser = Browser { node, cookie, csrf: String::new() };
        let page = browser.get("/console/").await.text();
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        browser.csrf = rest.split('"').next().unwrap().to_owned();
        browser
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        ask(self.node, "GET", path, &[("cookie", &self.cookie)], "").await
    }

    pub(super) async fn post(&self, path: &str, fields: &str) -> Answer {
        let fields = format!("csrf={}&{fields}", self.csrf);
        ask(self.node, "POST", path, &[("cookie", &self.cookie), FORM], &fields).await
    }

    /// A list's pages, from one to the last.
    pub(super) async fn pages(&self, first: &str) -> Vec<String> {
        let (mut path, mut pages) = (Some(first.to_owned()), Vec::new());
        while let Some(at) = path {
            let answer = self.get(&at).await;
            assert_eq!(answer.status, StatusCode::OK, "{at}");
            let page = answer.text();
            path = tags(&page, "a")
                .into_iter()
                .find(|link| attribute(link, "rel") == Some("next"))
                .and_then(|link| attribute(link, "href"))
                .map(|link| link.replace("&amp;", "&"));
            pages.push(page);
        }
        pages
    }
}

/// A node that has some of everything.
async fn filled() -> TestNode {
    let node = TestNode::new();
    imported(
        &node,
        "format=csv",
        "kind,value,source,note\ndomain,a.example,<b>,\"x\"\nurl,https://b.example/,s,\n",
    )
    .await;
    let states = [ExchangeState::Completed, ExchangeState::Refused, ExchangeState::Running];
    for (number, state) in (1..).zip(states) {
        node.store.begin_exchange(&exchange(number, state)).unwrap();
    }
    let own =
        node.store.indicators(&Default::default(), &PageRequest { limit: 10, after: None }).unwrap().rows;
    let found: Vec<_> = own.iter().map(|row| (row.id, Facet::Host)).collect();
    node.store
        .store_overlaps(&exchange(1, ExchangeState::Completed), &found, Timestamp(crate::testing::NOW))
        .unwrap();
    node.warn("8.8.8.8\n9.9.9.9\n");
    imported(&node, "format=csv", "kind,value\nip,8.8.8.8\nip,9.9.9.9\n").await;
    let ids = held(&node);
    let admin = By { actor: Actor::Console("admin".into()), at: Timestamp(crate::testing::NOW) };
    node.store.begin_override(ids[1], "<i>a case</i>", &admin).unwrap();
    for kind in SightingKind::ALL {
        let new = NewSighting { indicator: ids[0], kind, at: crate::testing::NOW, source: "<b>".into() };
        node.store.add_sightings(vec![new], &By::daemon(Timestamp(crate::testing::NOW))).unwrap();
    }
    node.store.tell(&Notice::RosterAlarm { version: 7 }, Timestamp(crate::testing::NOW)).unwrap();
    node
}

/// The node's indicators of the kind that [`filled`] has held out.
fn held(node: &TestNode) -> Vec<IndicatorId> {
    let ips = IndicatorFilter { kind: Some(Kind::Ip), ..IndicatorFilter::default() };
    let found = node.store.indicators(&ips, &PageRequest { limit: 10, after: None }).unwrap();
    found.rows.iter().map(|row| row.id).collect()
}

/// Every page that is shown, with what it needs in its path.
fn pages(node: &TestNode) -> Vec<String> {
    let indicator = node.store.indicators(&Default::default(), &PageRequest { limit: 1, after: None });
    let indicator = indicator.unwrap().rows[0].id;
    let exchanges = [1, 2, 3].map(|id| format!("/console/exchanges/{}", ExchangeId([id; 16])));
    let fixed = [
        "/console/",
        "/console/overlaps",
        "/console/overlaps?seen=no&order=partner&peer=payments",
        "/console/overlaps?kind=ip",
        "/console/indicators",
        "/console/indicators?value=A.example.",
        "/console/indicators?value=%3Cnothing%3E",
        "/console/partners",
        "/console/exchanges",
        "/console/receipts",
        "/console/indicators/held",
        "/console/indicators/held?list=own&kind=ip",
        "/console/indicators/held?state=overridden",
        "/console/indicators/held?kind=url",
        "/console/indicators/sightings",
        "/console/indicators/sightings?says=seen",
        "/console/events",
        "/console/events?type=roster.alarm",
        "/console/events?type=partner.revoked&peer=payments",
        "/console/events/deliveries",
        "/console/api",
    ];
    let fixed = fixed.map(str::to_owned).into_iter();
    let indicators = held(node).into_iter().chain([indicator]).map(|id| format!("/console/indicators/{id}"));
    fixed.chain(exchanges).chain(indicators).collect()
}

fn assert_headers(answer: &Answer, what: &str) {
    let of = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
    let policy = of("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}");
    assert_eq!(of("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(of("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(of("cross-origin-opener-policy"), "same-origin", "{what}");
    assert!(!of("cache-control").is_empty(), "{what}");
}

#[tokio::test]
async fn every_page_opens_for_a_reader_and_for_nobody_else() {
    let node = filled().await;
    let browser = Browser::sign_in(&node, Role::Read).await;
    for page in pages(&node) {
        let answer = browser.get(&page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        assert_headers(&answer, &page);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let stranger = ask(&node, "GET", &page, &[], "").await;
        assert_eq!(stranger.status, StatusCode::SEE_OTHER, "{page}");
        assert_eq!(stranger.headers["location"], "/console/sign-in");
        assert_headers(&stranger, &page);
        let forged = ask(&node, "GET", &page, &[("cookie", &format!("{COOKIE}=x"))], "").await;
        assert_eq!(forged.status, StatusCode::SEE_OTHER, "{page}");
        let bearer = format!("Bearer {}", node.tokens[&Role::Admin]);
        let by_token = ask(&node, "GET", &page, &[("authorization", &bearer)], "").await;
        assert_eq!(by_token.status, StatusCode::SEE_OTHER, "a page takes no token: {page}");
    }
}

/// Each change with the role that it needs and a body that it takes.
const CHANGES: [(&str, Role, &str); 10] = [
    ("/console/overlaps/mark", Role::Import, "action=see"),
    ("/console/indicators/paste", Role::Import, "values=c.example"),
    ("/console/indicators/withdraw", Role::Import, "sure=1&id=00"),
    ("/console/indicators/override", Role::Admin, "reason=x&id=00"),
    ("/console/indicators/hold", Role::Admin, "id=00"),
    ("/console/indicators/sighting", Role::Import, "says=seen&id=00"),
    ("/console/events/deliveries", Role::Admin, "action=send-all&webhook=none"),
    ("/console/exchanges", Role::Exchange, "peer=payments"),
    ("/console/audit/verify", Role::Admin, ""),
    ("/console/sign-out", Role::Read, ""),
];

#[tokio::test]
async fn each_change_needs_its_role() {
    let node = filled().await;
    for (path, needed, fields) in CHANGES {
        for role in Role::ALL {
            let browser = Browser::sign_in(&node, role).await;
            let answer = browser.post(path, fields).await;
            let may = role == needed || role == Role::Admin || needed == Role::Read;
            assert_eq!(answer.status != StatusCode::FORBIDDEN, may, "{path} with {}", role.as_str());
            assert_headers(&answer, path);
        }
        let stranger = ask(&node, "POST", path, &[FORM], fields).await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_headers(&stranger, path);
    }
}

#[tokio::test]
async fn the_table_of_pages_has_every_change_of_these_tests() {
    let node = TestNode::new();
    let state = ApiState::new(node.store.clone(), node.daemon.clone(), crate::testing::recorder().clone());
    let (_, table) = super::router(state);
    let open = |path: &str| ["/console/sign-in", "/console/csp-report"].contains(&path);
    for page in table.iter().filter(|page| page.method == "POST" && !open(&page.path)) {
        let change = CHANGES.iter().find(|(path, ..)| *path == page.path);
        let needed = change
            .map(|(_, role, _)| *role)
            .or((page.path == "/console/indicators/import").then_some(Role::Import));
        assert_eq!(Some(page.access), needed.map(Access::Role), "{}", page.path);
    }
    assert!(table.iter().filter(|page| page.method == "GET").count() > 8);
}

#[tokio::test]
async fn a_change_needs_the_token_of_its_own_session() {
    let node = filled().await;
    let (mine, other) =
        (Browser::sign_in(&node, Role::Admin).await, Browser::sign_in(&node, Role::Admin).await);
    for (path, _, fields) in CHANGES {
        for csrf in ["", "csrf=", "csrf=x", &format!("csrf={}", other.csrf), &format!("csrf={}x", mine.csrf)]
        {
            let body = format!("{csrf}&{fields}");
            let answer = ask(&node, "POST", path, &[("cookie", &mine.cookie), FORM], &body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} with {csrf}");
        }
    }
    assert_eq!(node.daemon.asked.lock().unwrap().len(), 0);
    let import = "/console/indicators/import?format=txt";
    let octets = ("content-type", "application/octet-stream");
    for csrf in [&other.csrf, "", "x"] {
        let headers = [("cookie", mine.cookie.as_str()), octets, ("x-csrf-token", csrf)];
        assert_eq!(ask(&node, "POST", import, &headers, "z.example").await.status, StatusCode::FORBIDDEN);
    }
    let headers = [("cookie", mine.cookie.as_str()), octets, ("x-csrf-token", mine.csrf.as_str())];
    let answer = ask(&node, "POST", import, &headers, "https://z.example/\nnot one\n").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text().contains("<strong id=\"refused\">1</strong> refused"), "{}", answer.text());
}

#[tokio::test]
async fn another_site_changes_nothing() {
    let node = filled().await;
    let browser = Browser::sign_in(&node, Role::Admin).await;
    let fields = format!("csrf={}&peer=payments", browser.csrf);
    for site in ["cross-site", "same-site", "none"] {
        let request = Request::builder().method("POST").uri("/console/exchanges").header("host", HOST);
        let request = request.header("cookie", &browser.cookie).header("sec-fetch-site", site);
        let request = request.header(FORM.0, FORM.1).body(Body::from(fields.clone())).unwrap();
        assert_eq!(node.send(request).await.status, StatusCode::FORBIDDEN, "{site}");
    }
    let request = Request::builder().method("POST").uri("/console/sign-in").header("host", HOST);
    let token = format!("token={}", node.tokens[&Role::Read]);
    let request = request.header("origin", "https://evil.example").header(FORM.0, FORM.1);
    let answer = node.send(request.body(Body::from(token)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "nobody is signed in from elsewhere");
    assert!(!answer.headers.contains_key("set-cookie"));
    assert_eq!(node.daemon.asked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn the_cookie_is_bound_to_this_host_and_hidden_from_scripts() {
    let node = TestNode::new();
    let answer = sign_in(&node, &node.tokens[&Role::Read]).await;
    let cookie = cookie_of(&answer.headers);
    assert!(cookie.starts_with("__Host-overlapd="), "{cookie}");
    for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.to_ascii_lowercase().contains("domain"));
}

#[tokio::test]
async fn a_session_ends_with_a_sign_out_and_with_its_token() {
    let node = TestNode::new();
    let browser = Browser::sign_in(&node, Role::Read).await;
    let answer = browser.post("/console/sign-out", "").await;
    assert!(cookie_of(&answer.headers).contains("Max-Age=0"));
    assert_eq!(browser.get("/console/").await.status, StatusCode::SEE_OTHER);
    let browser = Browser::sign_in(&node, Role::Import).await;
    let revoked = node.call(Role::Admin, "DELETE", "/api/v1/tokens/import", Body::empty()).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(browser.get("/console/").await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        browser.post("/console/indicators/paste", "values=c.example").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn failed_sign_ins_run_out() {
    let node = TestNode::new();
    for _ in 0..super::attempts::MOST_AT_ONCE {
        let answer = sign_in(&node, "ovl_no").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let answer = sign_in(&node, "ovl_no").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers.contains_key("retry-after"));
    assert_headers(&answer, "too many");
    assert_eq!(
        node.get("/api/v1/status").await.status,
        StatusCode::OK,
        "callers of the API are not kept out"
    );
}

#[tokio::test]
async fn what_goes_wrong_is_a_page_with_the_same_headers() {
    let node = filled().await;
    let browser = Browser::sign_in(&node, Role::Admin).await;
    let missing = format!("/console/exchanges/{}", ExchangeId([9; 16]));
    let wrong = [
        ("GET", "/console/nowhere", 404),
        ("GET", "/console/assets/nothing.js", 404),
        ("GET", "/console/assets/..%2Fconsole.rs", 404),
        ("GET", missing.as_str(), 404),
        ("GET", "/console/indicators/zz", 404),
        ("GET", "/console/indicators/%FF", 404),
        ("GET", "/console/overlaps?kind=%3Cscript%3E", 400),
        ("GET", "/console/overlaps?after=zzz", 400),
        ("GET", "/console/indicators/held?state=both", 400),
        ("GET", "/console/indicators/held?after=zzz", 400),
        ("GET", "/console/indicators/sightings?says=%3Cscript%3E", 400),
        ("GET", "/console/indicators/sightings?indicator=zz", 404),
        ("GET", "/console/events?type=%3Cscript%3E", 400),
        ("GET", "/console/events?after=v", 400),
        ("GET", "/console/events/deliveries?webhook=%3Cscript%3E", 404),
        ("GET", "/console/overlaps/export?format=exe", 400),
        ("POST", "/console/receipts", 405),
        ("DELETE", "/console/overlaps", 405),
    ];
    for (method, path, status) in wrong {
        let answer = ask(&node, method, path, &[("cookie", &browser.cookie)], "").await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_headers(&answer, path);
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{path}");
        assert!(answer.text().contains("<h1>") && !answer.text().contains("<script>"), "{path}");
    }
}

#[tokio::test]
async fn a_reader_sees_no_button_that_would_be_refused() {
    let node = filled().await;
    let reader = Browser::sign_in(&node, Role::Read).await;
    let admin = Browser::sign_in(&node, Role::Admin).await;
    let buttons = [
        ("/console/indicators", "id=\"import\""),
        ("/console/overlaps", "name=\"seat\""),
        ("/console/partners", "action=\"/console/exchanges\""),
    ];
    for (page, button) in buttons {
        assert!(admin.get(page).await.text().contains(button), "{page}");
        assert!(!reader.get(page).await.text().contains(button), "{page}");
    }
}

#[tokio::test]
async fn the_audit_chain_is_for_admins_and_shown_as_text() {
    let node = filled().await;
    let reader = Browser::sign_in(&node, Role::Read).await;
    assert_eq!(reader.get("/console/audit").await.status, StatusCode::FORBIDDEN);
    assert!(!reader.get("/console/").await.text().contains("/console/audit"));
    let hostile = NewAudit::of(AuditAction::RosterTaken).on("<script>1</script>").with("<b>\u{202e}x=1");
    node.store.note(&By::daemon(Timestamp(crate::testing::NOW)), &hostile).unwrap();
    let admin = Browser::sign_in(&node, Role::Admin).await;
    assert!(admin.get("/console/").await.text().contains("href=\"/console/audit\""));
    let page = admin.get("/console/audit").await;
    assert_headers(&page, "audit");
    let text = page.text();
    assert!(text.contains("&lt;script&gt;1&lt;/script&gt;") && !text.contains("<b>\u{202e}"), "{text}");
    assert!(text.contains(&node.store.audit_head().to_string()));
    assert!(text.contains("not since this node started") && text.contains("console:admin"));
    let refused = admin.get("/console/audit?action=console.signed-in&actor=console%3Aread").await.text();
    assert!(refused.contains("1 entry on this page"), "{refused}");
    assert_eq!(admin.get("/console/audit?action=nothing").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(admin.get("/console/audit?after=zzz").await.status, StatusCode::BAD_REQUEST);
    assert!(admin.get("/console/audit?actor=%3Cb%3E").await.text().contains("No entry."));
}

#[tokio::test]
async fn the_audit_chain_is_paged_and_verified_when_somebody_asks() {
    let node = filled().await;
    for number in 0..150 {
        let new = NewAudit::of(AuditAction::RosterTaken).on(format!("version-{number}."));
        node.store.note(&By::daemon(Timestamp(crate::testing::NOW)), &new).unwrap();
    }
    let admin = Browser::sign_in(&node, Role::Admin).await;
    let first = admin.get("/console/audit?action=roster.taken").await.text();
    assert!(
        first.contains("version-149.") && first.contains("version-50.") && !first.contains("version-49.")
    );
    let (_, rest) =
        first.split_once("rel=\"next\"").map(|(before, _)| before.rsplit_once("href=\"").unwrap()).unwrap();
    let next = rest.split('"').next().unwrap().replace("&amp;", "&");
    let second = admin.get(&next).await.text();
    assert!(
        second.contains("version-49.") && second.contains("version-0.") && !second.contains("version-50.")
    );
    let before = node.store.audit_head().number;
    let answer = admin.post("/console/audit/verify", "").await;
    assert_eq!(
        (answer.status, &answer.headers["location"]),
        (StatusCode::SEE_OTHER, &"/console/audit".parse().unwrap())
    );
    let text = admin.get("/console/audit").await.text();
    assert!(text.contains("intact") && text.contains(&format!("up to entry {before}")), "{text}");
}

#[tokio::test]
async fn who_signs_in_and_who_is_refused_stands_in_the_audit_chain() {
    let node = TestNode::new();
    let before = node.store.audit_head().number;
    for _ in 0..5 {
        sign_in(&node, "ovl_no").await;
    }
    let browser = Browser::sign_in(&node, Role::Read).await;
    browser.post("/console/sign-out", "").await;
    let said: Vec<_> = entries(&node)
        .iter()
        .skip(before as usize)
        .map(|entry| format!("{} {} {}", entry.actor, entry.action, entry.detail))
        .collect();
    let expected = [
        "stranger console.refused tries=1",
        "stranger console.refused tries=4",
        "console:read console.signed-in ",
        "console:read console.signed-out ",
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn overlaps_are_marked_and_an_exchange_is_begun() {
    let node = filled().await;
    let browser = Browser::sign_in(&node, Role::Admin).await;
    let unseen = || {
        let query = OverlapQuery { seen: Some(false), ..OverlapQuery::default() };
        node.store.find_overlaps(&query, &PageRequest { limit: 10, after: None }).unwrap().rows.len()
    };
    let before = unseen();
    assert!(before >= 2);
    let answer = browser.post("/console/overlaps/mark", "action=see&seat=0&kind=domain").await;
    assert_eq!(answer.headers["location"], "/console/overlaps?kind=domain&marked=1");
    assert_eq!(unseen(), before - 1);
    let newest = u64::MAX.to_string();
    browser.post("/console/overlaps/mark", &format!("action=see-all&newest={newest}")).await;
    assert_eq!(unseen(), 0);
    browser.post("/console/overlaps/mark", "action=unsee&seat=0&seat=1").await;
    assert_eq!(unseen(), 2);
    let answer = browser.post("/console/exchanges", "peer=payments&purpose=p&case=C-1").await;
    assert_eq!(answer.headers["location"], format!("/console/exchanges/{}", ExchangeId([7; 16])).as_str());
    let asked = node.daemon.asked.lock().unwrap();
    assert_eq!((asked[0].purpose.as_deref(), asked[0].case_reference.as_str()), (Some("p"), "C-1"));
}

#[tokio::test]
async fn bytes_of_an_exchange_that_runs_are_those_that_moved_until_now() {
    let node = filled().await;
    let browser = Browser::sign_in(&node, Role::Read).await;
    let page = |id: u8| {
        let path = format!("/console/exchanges/{}", ExchangeId([id; 16]));
        let browser = &browser;
        async move { browser.get(&path).await.text() }
    };
    let running = page(3).await;
    assert!(running.contains("<dd>1.0 kB</dd>") && running.contains("<dd>2.0 kB</dd>"), "{running}");
    let done = page(1).await;
    assert!(done.contains("<dd>10 B</dd>") && done.contains("<dd>20 B</dd>"), "{done}");
    assert!(browser.get("/console/exchanges").await.text().contains("3.0 kB"));
}

/// It was shown as running for ever.
#[tokio::test]
async fn an_exchange_whose_end_could_not_be_stored_is_not_shown_as_running() {
    let node = filled().await;
    let browser = Browser::sign_in(&node, Role::Read).await;
    let own = format!("/console/exchanges/{}", ExchangeId([3; 16]));
    let pages = ["/console/", "/console/exchanges", "/console/partners", &own];
    for path in pages {
        let page = browser.get(path).await.text();
        assert!(page.contains(">running</span>") && !page.contains("its end is not known"), "{path}");
    }
    node.daemon.run_nothing();
    for path in pages {
        let page = browser.get(path).await.text();
        assert!(!page.contains(">running</span>") && page.contains("its end is not known"), "{path}: {page}");
    }
    let page = browser.get(&own).await.text();
    assert!(!page.contains("data-live") && page.contains("<dd>not known</dd>"), "{page}");
}

#[tokio::test]
async fn what_is_new_is_what_came_since_the_last_visit() {
    let node = filled().await;
    let first = Browser::sign_in(&node, Role::Read).await.get("/console/").await.text();
    assert!(first.contains("This is your first visit"), "{first}");
    let again = Browser::sign_in(&node, Role::Read).await.get("/console/").await.text();
    assert!(again.contains("You were here at"), "{again}");
    let other = Browser::sign_in(&node, Role::Import).await.get("/console/").await.text();
    assert!(other.contains("This is your first visit"), "visits are of each token");
}

#[tokio::test]
async fn exports_are_of_what_matches() {
    let node = filled().await;
    let browser = Browser::sign_in(&node, Role::Read).await;
    let csv = browser.get("/console/overlaps/export?format=csv&kind=domain").await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert!(csv.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let lines: Vec<String> = csv.text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].contains("\"a.example\""), "{lines:?}");
    let stix = browser.get("/console/overlaps/export?format=stix").await.json();
    let objects = stix["objects"].as_array().unwrap();
    let count = |kind: &str| objects.iter().filter(|object| object["type"] == kind).count();
    assert_eq!((count("sighting"), count("indicator"), count("identity")), (2, 2, 2));
    let misp = browser.get("/console/overlaps/export?format=misp&order=partner").await.json();
    let events = misp["response"].as_array().unwrap();
    assert_eq!((events.len(), events[0]["Event"]["Attribute"].as_array().unwrap().len()), (1, 2));
    assert_eq!(events[0]["Event"]["info"], "Overlaps with payments");
    let none = browser.get("/console/overlaps/export?format=misp&kind=ip").await.json();
    assert_eq!(none["response"], serde_json::json!([]));
    let empty = browser.get("/console/overlaps/export?format=stix&kind=ip").await.json();
    assert!(empty["objects"].as_array().unwrap().len() > 3);
}

#[tokio::test]
async fn a_report_of_a_broken_policy_is_counted_and_not_kept() {
    let node = TestNode::new();
    let answer = ask(&node, "POST", "/console/csp-report", &[], "{\"csp-report\":{}}").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(node.get("/metrics").await.text().contains("overlapd_console_policy_reports_total"));
}

/// What every page owes to whoever does not see it, or uses no mouse.
#[tokio::test]
async fn pages_have_what_assistive_technology_needs() {
    let node = filled().await;
    let browser = Browser::sign_in(&node, Role::Admin).await;
    let mut all: Vec<(String, String)> = Vec::new();
    for page in pages(&node) {
        all.push((page.clone(), browser.get(&page).await.text()));
    }
    all.push(("sign-in".into(), ask(&node, "GET", "/console/sign-in", &[], "").await.text()));
    all.push(("error".into(), browser.get("/console/nowhere").await.text()));
    for (page, html) in &all {
        assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{page}");
        assert_eq!(html.matches("<h1").count(), 1, "{page} has one h1");
        assert_eq!(html.matches("<main ").count(), 1, "{page}");
        assert!(html.contains("<title>") && html.contains("name=\"viewport\""), "{page}");
        check_tables(page, html);
        check_labels(page, html);
        check_ids(page, html);
        for forbidden in [
            " style=",
            "<style",
            " onclick",
            " onload",
            "javascript:",
            "<script>",
            "http://",
            "tabindex=\"1\"",
        ] {
            let html = html.replace("http://node/api", "");
            assert!(!html.contains(forbidden), "{page} has {forbidden}");
        }
    }
}

pub(super) fn tags<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    let begin = format!("<{name}");
    let starts = html.match_indices(&begin).map(|(at, _)| &html[at..]);
    let is_tag = |text: &&str| text[begin.len()..].starts_with([' ', '>']);
    starts.filter(is_tag).map(|text| &text[..text.find('>').unwrap()]).collect()
}

pub(super) fn attribute<'h>(tag: &'h str, name: &str) -> Option<&'h str> {
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

fn check_tables(page: &str, html: &str) {
    assert_eq!(html.matches("<table").count(), html.matches("<caption>").count(), "{page}: a caption each");
    for head in tags(html, "th") {
        assert!(attribute(head, "scope").is_some(), "{page}: {head}");
    }
}

/// Every control has a name: a label of its own or around it, or an `aria-label`.
fn check_labels(page: &str, html: &str) {
    let labels: Vec<&str> =
        tags(html, "label").into_iter().filter_map(|label| attribute(label, "for")).collect();
    for kind in ["input", "select", "textarea", "progress", "meter"] {
        for (at, _) in html.match_indices(&format!("<{kind} ")) {
            let tag = &html[at..at + html[at..].find('>').unwrap()];
            let is_hidden = attribute(tag, "type") == Some("hidden");
            let is_named = attribute(tag, "aria-label").is_some()
                || attribute(tag, "id").is_some_and(|id| labels.contains(&id))
                || html[..at].rfind("<label").is_some_and(|label| !html[label..at].contains("</label>"));
            assert!(is_hidden || is_named, "{page}: {tag}");
        }
    }
    for button in html.match_indices("<button").map(|(at, _)| &html[at..]) {
        let text = &button[button.find('>').unwrap() + 1..button.find("</button>").unwrap()];
        assert!(!text.trim().is_empty(), "{page}: a button without a name");
    }
}

fn check_ids(page: &str, html: &str) {
    let body = &html[html.find("<body").unwrap()..];
    let ids: Vec<&str> = body
        .match_indices(" id=\"")
        .map(|(at, mark)| body[at + mark.len()..].split('"').next().unwrap())
        .collect();
    for id in &ids {
        assert_eq!(ids.iter().filter(|other| other == &id).count(), 1, "{page}: the id {id} is there twice");
    }
    for (at, mark) in body.match_indices("aria-labelledby=\"") {
        let id = body[at + mark.len()..].split('"').next().unwrap();
        assert!(ids.contains(&id), "{page}: no {id}");
    }
}

#[tokio::test]
async fn what_partners_wrote_is_text() {
    let node = filled().await;
    let browser = Browser::sign_in(&node, Role::Read).await;
    let partners = browser.get("/console/partners").await.text();
    assert!(partners.contains("<bdi>Payments &lt;b&gt;Ltd&lt;/b&gt;</bdi>"), "{partners}");
    let refused = browser.get(&format!("/console/exchanges/{}", ExchangeId([2; 16]))).await.text();
    assert!(refused.contains("&lt;script&gt;no more today&lt;/script&gt;"), "{refused}");
    assert!(refused.contains("Today's exchanges are used up"), "{refused}");
    let indicators = browser.get("/console/indicators").await.text();
    assert!(indicators.contains("<bdi>&lt;b&gt;</bdi>"), "{indicators}");
}
