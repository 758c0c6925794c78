//! The console: a page for browsers that navigate, and nothing in the way of the API.
//!
//! Whether it was built is up to who builds these tests, so they hold either way.

use http::Method;
use serde_json::Value;

use crate::harness::{Answer, TestApi};

const NAVIGATION: (&str, &str) = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

async fn navigate(api: &TestApi, path: &str) -> Answer {
    api.send(Method::GET, path, &[NAVIGATION], Value::Null)
        .await
}

#[tokio::test]
async fn a_browser_gets_the_page_wherever_it_goes() {
    let api = TestApi::new().await;
    for path in ["/", "/services/default/com.shop%2Fpay", "/made/up"] {
        let page = navigate(&api, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.text.contains("<title>Merak</title>"), "{}", page.text);
    }
}

#[tokio::test]
async fn the_page_may_load_from_this_origin_alone_and_nothing_inline() {
    let page = navigate(&TestApi::new().await, "/").await;
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
    assert!(policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert!(!page.text.contains("<script>"), "{}", page.text);
}

#[tokio::test]
async fn a_page_that_the_browser_holds_is_not_sent_again() {
    let api = TestApi::new().await;
    let page = navigate(&api, "/").await;
    assert_eq!(page.header("cache-control"), "no-cache");
    let held = [NAVIGATION, ("if-none-match", page.header("etag"))];
    let again = api.send(Method::GET, "/", &held, Value::Null).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    assert_eq!(again.header("etag"), page.header("etag"));
}

#[tokio::test]
async fn what_is_no_navigation_gets_a_problem() {
    let api = TestApi::new().await;
    let missing = (404, "no_such_path", "");
    assert_eq!(api.get("/services").await.problem(), missing);
    for path in [
        "/api/v1/nothing",
        "/api",
        "/metrics/more",
        "/assets/gone-0.js",
    ] {
        assert_eq!(navigate(&api, path).await.problem(), missing, "{path}");
    }
    let posted = api
        .send(Method::POST, "/services", &[NAVIGATION], Value::Null)
        .await;
    assert_eq!(posted.problem(), missing);
}
