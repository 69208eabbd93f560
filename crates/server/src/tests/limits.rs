//! What strangers can make the server hold is bounded, and whoever behaves is served.

use super::support::Fixture;
use crate::Config;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SOON: Duration = Duration::from_millis(200);

async fn connect(server: &Fixture) -> TcpStream {
    TcpStream::connect(server.address).await.unwrap()
}

/// Everything that comes until the server ends the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is reset ended too.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

async fn served(server: &Fixture) {
    assert_eq!(server.get("/v1/chain").await.0, 200);
}

#[tokio::test]
async fn a_client_that_never_finishes_its_head_is_cut_off() {
    let server = Fixture::within(Config { client_time_max: SOON, ..Config::default() }).await;
    let mut slow = connect(&server).await;
    slow.write_all(b"GET /v1/chain HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    assert!(!rest(&mut slow).await.contains("200"), "no answer without a request");
    served(&server).await;
}

#[tokio::test]
async fn a_client_that_never_finishes_its_body_is_told_so() {
    let server = Fixture::within(Config { request_time_max: SOON, ..Config::default() }).await;
    let mut slow = connect(&server).await;
    let head = "POST /v1/transactions HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 100\r\n\r\n";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let length = slow.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("E_TIMEOUT"), "{answer}");
    served(&server).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let server = Fixture::within(Config { client_time_max: SOON, ..Config::default() }).await;
    let mut deaf = connect(&server).await;
    // Large answers, one behind the other, that nobody takes: the first that does not fit ends the connection.
    let request = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(500);
    deaf.write_all(request.as_bytes()).await.unwrap();
    let begun = Instant::now();
    // The client's side learns of it when it writes on.
    while deaf.write_all(request.as_bytes()).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the connection was never ended");
    }
    served(&server).await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let config = Config { connections_max: 2, client_time_max: Duration::from_secs(5), ..Config::default() };
    let server = Fixture::within(config).await;
    let (one, two) = (connect(&server).await, connect(&server).await);
    let mut third = connect(&server).await;
    third.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut byte = [0; 1];
    let waited = tokio::time::timeout(SOON, third.read(&mut byte)).await;
    assert!(waited.is_err(), "there was no place for it");
    drop((one, two));
    assert!(rest(&mut third).await.starts_with("HTTP/1.1 200"), "a place came free");
}

#[tokio::test]
async fn requests_beyond_the_limit_are_told_to_come_back() {
    let server = Fixture::within(Config { requests_max: 1, ..Config::default() }).await;
    let waiting = server.http.get(server.url("/v1/events?after=2.4294967295")).send();
    let refused = async {
        loop {
            let response = server.http.get(server.url("/v1/chain")).send().await.unwrap();
            if response.status().as_u16() != 200 {
                break response;
            }
            tokio::task::yield_now().await;
        }
    };
    let refused = tokio::select! {
        refused = refused => refused,
        _ = waiting => panic!("nothing happened that the first request could be told of"),
    };
    assert_eq!(refused.status().as_u16(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert!(refused.text().await.unwrap().contains("E_TOO_MANY_REQUESTS"));
}

#[tokio::test]
async fn followers_beyond_the_limit_are_told_to_come_back() {
    let server = Fixture::within(Config { streams_max: 1, ..Config::default() }).await;
    let follow = || server.http.get(server.url("/v1/events")).header("accept", "text/event-stream").send();
    let first = follow().await.unwrap();
    assert_eq!(first.status().as_u16(), 200);
    let second = follow().await.unwrap();
    assert_eq!((second.status().as_u16(), second.headers()["retry-after"].to_str().unwrap()), (429, "5"));
    drop(first);
    let begun = Instant::now();
    while follow().await.unwrap().status().as_u16() != 200 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the place of a follower who left comes free");
    }
}

#[tokio::test]
async fn heads_are_bounded() {
    let server = Fixture::new().await;
    let mut large = connect(&server).await;
    let head = format!("GET /v1/chain HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "x".repeat(1_000_000));
    // The server may end the connection while the head is on its way.
    let _ = large.write_all(head.as_bytes()).await;
    assert!(!rest(&mut large).await.contains("200 OK"));
    served(&server).await;
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_it_began() {
    let server = Fixture::new().await;
    server.backend.hold();
    let transaction = server.record("S1.maker", 1);
    let hash = transaction.body.hash();
    let path = "/v1/transactions";
    assert_eq!(server.post_bytes(path, "application/octet-stream", transaction.encode()).await.0, 202);
    let Fixture { backend, handle, address, http, .. } = server;
    let url = format!("http://{address}/v1/transactions/{hash}?wait_ms=20000");
    let request = tokio::spawn(http.get(url).send());
    while backend.waits() == 0 {
        tokio::task::yield_now().await;
    }
    let stop = tokio::spawn(handle.stop());
    tokio::task::yield_now().await;
    backend.release().await;
    assert_eq!(request.await.unwrap().unwrap().status().as_u16(), 200);
    stop.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "the door is closed");
}

#[tokio::test]
async fn what_breaks_inside_is_told_as_that_and_no_more() {
    let server = Fixture::new().await;
    server.backend.break_down(true);
    let question = serde_json::json!({ "digest": types::Digest::default() });
    for (status, problem) in
        [server.get("/v1/chain").await, server.post("/v1/evidence/queries/verify", &question).await]
    {
        assert_eq!((status, problem["code"].as_str()), (500, Some("E_INTERNAL")), "an error, and a panic");
        assert!(!problem.to_string().contains("rack 3"), "what failed is for the log: {problem}");
    }
    server.backend.break_down(false);
    served(&server).await;
    assert_eq!(server.post("/v1/evidence/queries/verify", &question).await.0, 200);
}

/// A request with bytes that are no transactions; the status, the code of the problem, and when to come again.
async fn rubbish(server: &Fixture, forwarded: &str) -> (u16, String, Option<String>) {
    let request = server.http.post(server.url("/v1/transactions/batch")).header("x-forwarded-for", forwarded);
    let answer = request.header("content-type", "application/octet-stream").body("rubbish").send().await.unwrap();
    let status = answer.status().as_u16();
    let retry = answer.headers().get("retry-after").map(|time| time.to_str().unwrap().to_owned());
    let problem: serde_json::Value = answer.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned(), retry)
}

#[tokio::test]
async fn an_address_that_sends_rubbish_without_end_is_not_read_and_may_still_ask() {
    let server = Fixture::within(Config::default()).await;
    let mut sent = 0;
    while rubbish(&server, "192.0.2.1").await.1 == "E_MALFORMED" {
        sent += 1;
        assert!(sent < 5_000, "rubbish is read without end");
    }
    assert!(sent >= 512, "the allowance is whole at the beginning: {sent}");
    // What a client writes of itself does not help it.
    let (status, code, retry) = rubbish(&server, "192.0.2.2").await;
    assert_eq!((status, code.as_str(), retry.as_deref()), (429, "E_REFUSED_TOO_OFTEN", Some("1")));
    served(&server).await;
}

#[tokio::test]
async fn behind_a_proxy_callers_are_told_apart_by_what_the_proxy_says() {
    let server = Fixture::within(Config { behind_proxy: true, ..Config::default() }).await;
    let mut sent = 0;
    while rubbish(&server, "198.51.100.7, 192.0.2.1").await.0 == 400 {
        sent += 1;
        assert!(sent < 5_000, "rubbish is read without end");
    }
    assert_eq!(rubbish(&server, "198.51.100.8, 192.0.2.1").await.0, 429, "the last is what the proxy saw");
    assert_eq!(rubbish(&server, "198.51.100.7, 192.0.2.2").await.0, 400);
    served(&server).await;
}
