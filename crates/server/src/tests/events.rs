//! Events: a stream that breaks off and goes on without a hole or a repetition.

use super::support::Fixture;
use crate::Config;
use futures::StreamExt;
use serde_json::Value;
use std::time::Duration;

/// A stream of server-sent events, read as it comes.
struct Stream {
    response: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: String,
}

impl Stream {
    async fn open(server: &Fixture, path: &str, last: Option<&str>) -> Self {
        let mut request = server.http.get(server.url(path)).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response: response.bytes_stream().boxed(), buffer: String::new() }
    }

    /// The next event's id, name and data; `None` at the end.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            while let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let field = |name: &str| {
                    let prefix = format!("{name}: ");
                    block.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().to_owned()
                };
                let found = (field("id"), field("event"), field("data"));
                self.buffer = rest.to_owned();
                if !found.2.is_empty() {
                    return Some((found.0, found.1, serde_json::from_str(&found.2).unwrap()));
                }
            }
            let chunk = self.response.next().await?.unwrap();
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn a_stream_goes_on_where_it_broke_off() {
    let server = Fixture::new().await;
    for number in 0..20 {
        assert_eq!(server.submit(&server.record("S1.maker", number)).await.0, 202);
    }
    let path = "/v1/events?module=evidence&after=0.0";
    let mut seen = Vec::new();
    let mut last: Option<String> = None;
    while seen.len() < 20 {
        // Each connection reads three events and is gone.
        let mut stream = Stream::open(&server, path, last.as_deref()).await;
        for _ in 0..3.min(20 - seen.len()) {
            let (id, name, data) = stream.next().await.unwrap();
            assert_eq!((name.as_str(), data["cursor"].as_str()), ("evidence.EvidenceRecorded", Some(id.as_str())));
            seen.push(data["fields"]["evidence"].clone());
            last = Some(id);
        }
    }
    let (_, list) = server.get("/v1/evidence/evidence?sort=index").await;
    let recorded: Vec<Value> = list["rows"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(seen, recorded, "every event once, in order");
}

#[tokio::test]
async fn a_follower_hears_what_happens_from_now_on() {
    let server = Fixture::new().await;
    assert_eq!(server.submit(&server.record("S1.maker", 0)).await.0, 202);
    let mut all = Stream::open(&server, "/v1/events", None).await;
    let party = format!("/v1/events?party={}", server.parties[0]);
    let mut core = Stream::open(&server, &party, None).await;
    assert_eq!(server.submit(&server.record("S1.maker", 1)).await.0, 202);
    assert_eq!(server.submit(&server.record("CORE.maker", 2)).await.0, 202);
    let first = all.next().await.unwrap().2;
    assert_eq!(first["parties"][0], server.parties[1].to_string());
    let second = all.next().await.unwrap().2;
    assert_eq!(core.next().await.unwrap().2, second, "the other enterprise's event passed this follower by");
    server.handle.stop().await;
    assert_eq!(all.next().await, None, "a server that stops ends its streams");
}

#[tokio::test]
async fn a_silent_stream_says_that_it_lives() {
    let config = Config { heartbeat: Duration::from_millis(20), ..Config::default() };
    let server = Fixture::within(config).await;
    let mut stream = Stream::open(&server, "/v1/events", None).await;
    let mut text = String::new();
    while text.matches(": alive").count() < 3 {
        text.push_str(std::str::from_utf8(&stream.response.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(!text.contains("data:"), "nothing happened");
}

#[tokio::test]
async fn a_cursor_that_nobody_gave_is_refused_and_one_from_ahead_waits() {
    let server = Fixture::new().await;
    let request = server.http.get(server.url("/v1/events")).header("accept", "text/event-stream");
    let refused = request.header("last-event-id", "yesterday").send().await.unwrap();
    let (status, problem) = super::support::read_json(refused).await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("E_CURSOR")));
    let mut ahead = Stream::open(&server, "/v1/events", Some("3.4294967295")).await;
    assert_eq!(server.submit(&server.record("S1.maker", 1)).await.0, 202);
    assert_eq!(server.submit(&server.record("S1.maker", 2)).await.0, 202);
    assert_eq!(ahead.next().await.unwrap().2["height"], 4, "the block before was told already");
}

#[tokio::test]
async fn pages_of_events_are_the_same_events() {
    let server = Fixture::new().await;
    for number in 0..3 {
        assert_eq!(server.submit(&server.record("S1.maker", number)).await.0, 202);
    }
    let (status, page) = server.get("/v1/events?module=evidence&after=0.0").await;
    assert_eq!((status, page["events"].as_array().unwrap().len()), (200, 3));
    let middle = page["events"][1]["cursor"].as_str().unwrap();
    let (_, rest) = server.get(&format!("/v1/events?after={middle}")).await;
    assert_eq!(rest["events"], serde_json::json!([page["events"][2]]));
    let behind = rest["cursor"].as_str().unwrap().to_owned();
    let path = format!("/v1/events?after={behind}");
    let fourth = server.record("S1.maker", 3);
    let ((_, page), (status, _)) = tokio::join!(server.get(&path), server.submit(&fourth));
    assert_eq!((status, page["events"].as_array().unwrap().len()), (202, 1), "the page came with the block");
}
