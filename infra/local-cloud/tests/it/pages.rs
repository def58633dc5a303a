use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use local_cloud::{Event, Page, PagePolicy, PageSource, Site};
use serde_json::json;

use crate::support::Cloud;

/// A page that shows how often it was created.
fn page(policy: PagePolicy) -> PageSource {
    let created = AtomicU32::new(0);
    Arc::new(move || Page {
        status: StatusCode::OK,
        content_type: HeaderValue::from_static("text/html; charset=utf-8"),
        policy: policy.clone(),
        headers: HeaderMap::new(),
        body: format!("<p>page {}", created.fetch_add(1, Ordering::Relaxed) + 1).into(),
    })
}

/// `http.yaml`, whose routes take every path but `/`, with pages at these paths.
async fn cloud(paths: &[&str]) -> Cloud {
    Cloud::start_with("http.yaml", |options| {
        options.pages = paths.iter().map(|path| ((*path).to_owned(), page(PagePolicy::Static))).collect();
    })
    .await
}

fn warnings(cloud: &Cloud) -> Vec<String> {
    let warning = |event| if let Event::Warning(text) = event { Some(text) } else { None };
    cloud.events().into_iter().filter_map(warning).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn page_is_created_for_each_request_and_runs_no_script() {
    let cloud = cloud(&["/"]).await;
    for count in 1..=2 {
        let answer = cloud.get("/?any=1").await;
        assert_eq!((answer.status, answer.body), (StatusCode::OK, format!("<p>page {count}").into()));
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
        assert_eq!(answer.headers["cross-origin-resource-policy"], "same-origin");
        assert!(!answer.headers.contains_key("apigw-requestid"));
    }
    let head = cloud.request("HEAD", "/", &[], Body::empty()).await;
    assert_eq!((head.status, head.headers["content-length"].as_bytes()), (StatusCode::OK, &b"9"[..]));
    assert!(head.body.is_empty());
    assert_eq!(warnings(&cloud), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn page_with_scripts_loads_nothing_from_another_origin() {
    let cloud = Cloud::start_with("http.yaml", |options| {
        options.pages = [("/".to_owned(), page(PagePolicy::OwnOrigin))].into();
    })
    .await;
    let answer = cloud.get("/").await;
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    let sources: Vec<_> = policy.split("; ").flat_map(|directive| directive.split(' ').skip(1)).collect();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("script-src 'self';"), "{policy}");
    assert!(policy.contains("connect-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let allowed = ["'none'", "'self'", "'unsafe-inline'", "data:"];
    assert!(sources.iter().all(|source| allowed.contains(source)), "{policy}");
    assert_eq!(policy.matches("'unsafe-inline'").count(), 1, "only styles: {policy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_paths_belong_to_the_template() {
    let cloud = cloud(&["/"]).await;
    for method in ["POST", "PUT", "DELETE"] {
        let answer = cloud.request(method, "/", &[], Body::empty()).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::NOT_FOUND, json!({"message": "Not Found"})));
    }
    assert_eq!(cloud.get("/plain").await.json(), json!({"plain": true}));
}

#[tokio::test(flavor = "multi_thread")]
async fn page_is_only_for_this_machine() {
    let cloud = cloud(&["/"]).await;
    let answer = cloud.request("GET", "/", &[("host", "evil.example")], Body::empty()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(!String::from_utf8_lossy(&answer.body).contains("page"));
}

#[tokio::test(flavor = "multi_thread")]
async fn page_does_not_hide_a_route() {
    let cloud = cloud(&["/", "/plain"]).await;
    assert_eq!(cloud.get("/plain").await.json(), json!({"plain": true}));
    assert_eq!(
        warnings(&cloud),
        ["the page /plain is not served, because it would hide the template's route ANY /{proxy+}"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn page_without_an_http_api_is_not_served() {
    let cloud =
        Cloud::start_with("tables.yaml", |options| options.pages = [("/".to_owned(), page(PagePolicy::Static))].into())
            .await;
    assert_eq!(warnings(&cloud), ["the page / is not served, because the template has no HTTP API"]);
}

/// A site with a page at every path of these, which shows the path and the addresses that it was given.
fn site(paths: &'static [&'static str]) -> Option<Site> {
    Some(Arc::new(move |addresses, path| {
        paths.contains(&path).then(|| Page {
            status: StatusCode::OK,
            content_type: HeaderValue::from_static("text/plain"),
            policy: PagePolicy::Custom(HeaderValue::from_static("default-src 'self'")),
            headers: HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))]),
            body: format!("{path} {} {} {}", addresses.http_url, addresses.websocket_url, addresses.s3_endpoint).into(),
        })
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn site_knows_the_addresses_and_sets_its_own_headers() {
    let cloud = Cloud::start_with("http.yaml", |options| options.site = site(&["/"])).await;
    let answer = cloud.get("/?as=alice").await;
    let local = cloud.cloud();
    let addresses = format!("/ {} {} {}", local.http_url(), local.websocket_url(), local.s3_endpoint());
    assert_eq!(String::from_utf8_lossy(&answer.body), addresses);
    assert_eq!(answer.headers["content-security-policy"], "default-src 'self'");
    assert_eq!(answer.headers.get_all("cache-control").iter().collect::<Vec<_>>(), ["no-cache"]);
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    let post = cloud.request("POST", "/", &[], Body::empty()).await;
    assert_eq!(post.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn site_is_asked_last_and_hides_no_route() {
    let cloud = Cloud::start_with("http.yaml", |options| {
        options.pages = [("/".to_owned(), page(PagePolicy::Static))].into();
        options.site = site(&["/", "/plain"]);
    })
    .await;
    assert_eq!(cloud.get("/").await.body, "<p>page 1");
    assert_eq!(cloud.get("/plain").await.json(), json!({"plain": true}));
    assert_eq!(warnings(&cloud), Vec::<String>::new());
}
