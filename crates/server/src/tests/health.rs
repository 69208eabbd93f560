//! The door before there is a chain, and what it counts.

use super::support::{Fixture, Health};
use crate::{Config, Meters, serve, serve_probes};
use prometheus_client::{encoding::text::encode, registry::Registry};
use serde_json::Value;
use std::sync::Arc;
use tokio::net::TcpListener;

#[tokio::test]
async fn a_door_without_a_chain_says_how_far_the_node_is_and_refuses_the_rest() {
    let health = Arc::new(Health::default());
    health.miss(Some("it opens its stores"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let handle = serve(listener, health, Config::default());
    let get = async |path: &str| reqwest::get(format!("{url}{path}")).await.unwrap();
    assert_eq!(get("/livez").await.status(), 200);
    assert_eq!(get("/readyz").await.status(), 503);
    assert_eq!(get("/openapi.json").await.status(), 200, "the contract needs no chain");
    for path in ["/v1/chain", "/v1/money/accounts", "/v1/events", "/v1/blocks/latest"] {
        let refused = get(path).await;
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["retry-after"]),
            (503, &"2".parse().unwrap()),
            "{path}"
        );
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["code"], "E_STARTING");
        assert!(problem["detail"].as_str().unwrap().contains("it opens its stores"), "{problem}");
    }
    let fixture = Fixture::new().await;
    handle.answer_from(fixture.backend.clone());
    assert_eq!(get("/v1/chain").await.status(), 200);
    handle.stop().await;
}

#[tokio::test]
async fn a_door_for_those_who_watch_has_health_and_metrics_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let handle = serve_probes(listener, Arc::new(Health::default()));
    let metrics = reqwest::get(format!("{url}/metrics")).await.unwrap();
    assert_eq!(metrics.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_eq!(reqwest::get(format!("{url}/readyz")).await.unwrap().status(), 200);
    assert_eq!(reqwest::get(format!("{url}/v1/chain")).await.unwrap().status(), 404);
    handle.stop().await;
    let silent = Fixture::within(Config { metrics: false, ..Config::default() }).await;
    assert_eq!(silent.get("/metrics").await.0, 404, "another door tells them");
}

#[tokio::test]
async fn requests_are_counted_by_operation_and_status_and_strangers_make_up_no_labels() {
    let meters = Meters::default();
    let mut registry = Registry::default();
    meters.register(&mut registry);
    let server = Fixture::within(Config { meters, ..Config::default() }).await;
    server.get("/v1/chain").await;
    server.get("/v1/chain").await;
    server.get("/v1/blocks/77").await;
    server.get("/v1/made/up/path").await;
    let method = reqwest::Method::from_bytes(b"FROB").unwrap();
    server.http.request(method, server.url("/v1/chain")).send().await.unwrap();
    let follow = server.http.get(server.url("/v1/events?after=0.0")).header("accept", "text/event-stream");
    let following = follow.send().await.unwrap();
    let told = || {
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    };
    let text = told();
    for line in [
        r#"requests_total{operation="GET /v1/chain",status="200"} 2"#,
        r#"requests_total{operation="GET /v1/blocks/{height}",status="404"} 1"#,
        r#"requests_total{operation="unknown",status="404"} 1"#,
        r#"requests_total{operation="unknown",status="405"} 1"#,
        r#"request_seconds_count{operation="GET /v1/chain"} 2"#,
        "event_followers 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    drop(following);
    server.handle.stop().await;
    assert!(told().contains("event_followers 0"), "who is gone follows no more");
}
