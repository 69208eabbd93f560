//! Lists over HTTP: every row once, in order, and only those asked for.

use super::support::{Fixture, PARTIES, evidence};
use crate::Config;
use execution::testing::TestChain;
use serde_json::Value;
use std::collections::BTreeSet;

/// A chain with `count` records of each of two enterprises.
async fn papers(count: u32) -> Fixture {
    let mut chain = TestChain::new();
    let parties = chain.register(PARTIES);
    for (signer, from) in [("CORE.maker", 0), ("S1.maker", count)] {
        let acts: Vec<_> = (from..from + count).map(evidence).collect();
        let transactions = acts.chunks(50).map(|acts| chain.transaction(signer, acts)).collect();
        chain.block(transactions);
    }
    Fixture::over(chain, parties, Config::default()).await
}

async fn all(server: &Fixture, question: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut path = format!("/v1/evidence/evidence?{question}");
    loop {
        let (status, page) = server.get(&path).await;
        assert_eq!(status, 200, "{page}");
        rows.extend(page["rows"].as_array().unwrap().clone());
        let Some(cursor) = page["cursor"].as_str() else { return rows };
        path = format!("/v1/evidence/evidence?{question}&cursor={cursor}");
    }
}

#[tokio::test]
async fn a_thousand_rows_come_once_each_and_in_order() {
    let server = papers(520).await;
    let rows = all(&server, "sort=index&limit=83").await;
    let indexes: Vec<u64> = rows.iter().map(|row| row["record"]["index"].as_u64().unwrap()).collect();
    assert_eq!(indexes, (0..1_040).collect::<Vec<_>>());
    let backwards = all(&server, "sort=-title&limit=500").await;
    let titles: Vec<&str> = backwards.iter().map(|row| row["record"]["title"].as_str().unwrap()).collect();
    assert!(titles.is_sorted_by(|one, next| one > next));
    let ids: BTreeSet<&str> = backwards.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1_040);
    assert_eq!(all(&server, "limit=500").await.len(), 1_040, "the default order has an end too");
}

#[tokio::test]
async fn filters_leave_what_they_say() {
    let server = papers(60).await;
    let (core, supplier) = (server.parties[0], server.parties[1]);
    assert_eq!(all(&server, &format!("party={supplier}&limit=7")).await.len(), 60);
    assert_eq!(all(&server, &format!("owner={core}&index.lt=10")).await.len(), 10);
    assert_eq!(all(&server, &format!("owner.ne={core}&index.gte=70&index.lte=79")).await.len(), 10);
    assert_eq!(all(&server, "title=paper%2061").await.len(), 1);
    assert_eq!(all(&server, "title=paper+61").await.len(), 1);
    assert_eq!(all(&server, "title=%27%20OR%201%3D1%20--").await.len(), 0);
    assert_eq!(all(&server, "created_height=4&limit=500").await.len(), 60);
}

#[tokio::test]
async fn a_cursor_belongs_to_the_question_it_came_from() {
    let server = papers(60).await;
    let (_, page) = server.get("/v1/evidence/evidence?sort=index&limit=5").await;
    let cursor = page["cursor"].as_str().unwrap();
    let (status, next) = server.get(&format!("/v1/evidence/evidence?sort=index&limit=9&cursor={cursor}")).await;
    assert_eq!((status, next["rows"][0]["record"]["index"].as_u64()), (200, Some(5)), "the page's size may change");
    for other in ["sort=-index", "sort=title", "sort=index&kind=Reading"] {
        let (status, problem) = server.get(&format!("/v1/evidence/evidence?{other}&cursor={cursor}")).await;
        assert_eq!((status, problem["code"].as_str()), (400, Some("E_CURSOR")), "{other}");
    }
    let (status, problem) = server.get(&format!("/v1/enterprise/members?cursor={cursor}")).await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("E_CURSOR")));
}

#[tokio::test]
async fn what_cannot_be_answered_now_says_when_to_come_back() {
    let server = papers(1).await;
    let (status, page) = server.get("/v1/evidence/evidence?min_height=4").await;
    assert_eq!((status, page["height"].as_u64()), (200, Some(4)), "the list holds the block that was named");
    let id = page["rows"][0]["id"].as_str().unwrap();
    let response = server.http.get(server.url(&format!("/v1/evidence/evidence/{id}/proof"))).send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    let (status, problem) = super::support::read_json(response).await;
    assert_eq!((status, problem["code"].as_str()), (503, Some("E_UNAVAILABLE")));
}
