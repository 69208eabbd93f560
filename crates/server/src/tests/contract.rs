//! What is served is what the contract says, and the page that shows it needs nobody else.

use super::support::Fixture;
use serde_json::{Value, json};

#[tokio::test]
async fn every_path_of_the_contract_is_answered() {
    let server = Fixture::new().await;
    let served = server.http.get(server.url("/openapi.json")).send().await.unwrap().text().await.unwrap();
    assert_eq!(served, api::openapi::openapi_text());
    let document: Value = serde_json::from_str(&served).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 40);
    for (path, methods) in paths {
        let filled = path.replace("{height}", "latest").replace("{id}", "x").replace("{hash}", "x");
        let url = server.url(&filled.replace("{account}", "x"));
        for method in methods.as_object().unwrap().keys() {
            // An empty request shows whether somebody is there: what he says of it is another test's.
            let verb = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let request = server.http.request(verb, &url).timeout(std::time::Duration::from_secs(15));
            let request = if path == "/v1/events" { request.query(&[("after", "0.0")]) } else { request };
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let body = response.text().await.unwrap();
            let nobody = ["E_METHOD", "E_UNKNOWN_ACT", "there is no path"].iter().any(|sign| body.contains(sign));
            assert!(status < 400 || !nobody, "{method} {path}: {status} {body}");
            assert!(status < 500 || body.contains("E_UNAVAILABLE"), "{method} {path}: {status} {body}");
        }
    }
}

#[tokio::test]
async fn the_page_for_people_comes_whole_from_this_server() {
    let server = Fixture::new().await;
    let home = server.http.get(server.url("/")).send().await.unwrap();
    assert_eq!((home.status().as_u16(), home.url().path()), (200, "/docs"));
    let mut shown = Vec::new();
    for (path, media) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/docs.css", "text/css; charset=utf-8"),
        ("/docs/docs.js", "text/javascript; charset=utf-8"),
        ("/openapi.json", "application/json"),
    ] {
        let response = server.http.get(server.url(path)).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], media, "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
        if path == "/docs" {
            let policy = response.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("http"), "{policy}");
        }
        let text = response.text().await.unwrap();
        if path != "/openapi.json" {
            assert!(!text.contains("//cdn") && !text.contains("http:") && !text.contains("https:"), "{path}");
        }
        shown.push(text);
    }
    // What the page loads is what is served beside it.
    let page = &shown[0];
    for part in page.split(['"', '\'']).filter(|part| part.starts_with('/')) {
        assert!(["/docs/docs.css", "/docs/docs.js", "/openapi.json"].contains(&part), "{part}");
    }
    assert!(page.contains("/docs/docs.css") && page.contains("/docs/docs.js") && shown[2].contains("/openapi.json"));
    assert!(!page.contains("<script>") && !page.contains("onclick"), "the policy allows files only");
}

#[tokio::test]
async fn the_node_says_who_it_is_and_whether_it_is_well() {
    let server = Fixture::new().await;
    let (status, info) = server.get("/v1/chain").await;
    assert_eq!((status, info["head"]["height"].as_u64(), info["indexed_height"].as_u64()), (200, Some(2), Some(2)));
    assert_eq!(info["chain"], server.backend.chain().genesis.chain().to_string());
    let live = server.http.get(server.url("/livez")).send().await.unwrap();
    assert_eq!((live.status().as_u16(), live.text().await.unwrap().as_str()), (200, "ok\n"));
    let ready = async || {
        let response = server.http.get(server.url("/readyz")).send().await.unwrap();
        (response.status().as_u16(), response.json::<serde_json::Value>().await.unwrap())
    };
    assert_eq!(ready().await.0, 200);
    server.health.miss(Some("its lists are 101 blocks behind the chain"));
    let (status, readiness) = ready().await;
    assert_eq!((status, &readiness["ready"], &readiness["height"]), (503, &json!(false), &json!(7)));
    assert_eq!(readiness["reason"], "its lists are 101 blocks behind the chain");
    let (_, errors) = server.get("/v1/errors").await;
    assert_eq!(errors, serde_json::to_value(api::problem::error_rows()).unwrap());
}
