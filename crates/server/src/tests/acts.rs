//! From fields to a final transaction, with keys that never travel.

use super::support::{Fixture, evidence_fields};
use execution::testing::{key, sign};
use serde_json::{Value, json};
use types::{TransactionHash, transaction::Body, wire};

fn public_key(signer: &str) -> Value {
    serde_json::to_value(key(signer).public_key()).unwrap()
}

#[tokio::test]
async fn an_act_is_prepared_signed_elsewhere_and_submitted() {
    let server = Fixture::new().await;
    let mut request = json!({ "payload": evidence_fields(1), "signers": [public_key("S1.maker")] });
    let (status, prepared) = server.post("/v1/evidence/record", &request).await;
    assert_eq!(status, 200, "{prepared}");
    assert_eq!(prepared["acts"][0]["act"], "evidence.record");
    assert_eq!(prepared["acts"][0]["fields"], evidence_fields(1));
    let hash: TransactionHash = prepared["hash"].as_str().unwrap().parse().unwrap();
    // The signer needs nothing but the 32 bytes; the body lets him see what they stand for.
    let bytes = wire::encode(&serde_json::from_value::<Body>(prepared["body"].clone()).unwrap());
    assert_eq!(prepared["bytes"], wire::hex_encode(&bytes));
    request["nonce"] = prepared["body"]["nonce"].clone();
    request["valid_until"] = prepared["body"]["valid_until"].clone();
    request["signatures"] = json!([key("S1.maker").sign(&hash.0)]);
    let (status, submitted) = server.post("/v1/evidence/record?wait_ms=10000", &request).await;
    assert_eq!(status, 202, "{submitted}");
    assert_eq!(submitted["transaction"], hash.to_string());
    assert_eq!(submitted["receipt"]["status"], "applied");
    assert_eq!(submitted["receipt"]["events"][0]["event"], "EvidenceRecorded");

    let (status, again) = server.post("/v1/evidence/record?wait_ms=10000", &request).await;
    assert_eq!((status, again), (202, submitted.clone()), "sending it again is harmless");
    let (status, found) = server.get(&format!("/v1/transactions/{hash}")).await;
    assert_eq!((status, &found), (200, &submitted["receipt"]));
    let id = submitted["receipt"]["outcomes"][0].as_str().unwrap();
    let height = submitted["receipt"]["height"].as_u64().unwrap();
    let (status, row) = server.get(&format!("/v1/evidence/evidence/{id}")).await;
    assert_eq!((status, &row["record"]["title"], row["height"].as_u64()), (200, &json!("paper 1"), Some(height)));
    let (_, block) = server.get(&format!("/v1/blocks/{height}")).await;
    assert_eq!(block["transactions"], json!([hash]));
    let (_, latest) = server.get("/v1/blocks/latest").await;
    assert_eq!(block, latest);
    let account = key("S1.maker").public_key().account();
    let (_, nonce) = server.get(&format!("/v1/accounts/{account}/nonce")).await;
    assert_eq!((nonce["committed"].as_u64(), nonce["next"].as_u64()), (Some(1), Some(1)));
    let question = json!({ "digest": evidence_fields(1)["digest"] });
    let (status, answer) = server.post("/v1/evidence/queries/verify", &question).await;
    assert_eq!((status, answer["height"].as_u64()), (200, Some(height)));
    assert!(answer["answer"].to_string().contains(id), "{answer}");
}

#[tokio::test]
async fn several_acts_are_one_transaction() {
    let server = Fixture::new().await;
    let acts: Vec<Value> =
        (0..3).map(|number| json!({ "act": "evidence.record", "payload": evidence_fields(number) })).collect();
    let request = json!({ "acts": acts, "signers": [public_key("CORE.checker")] });
    let (status, prepared) = server.post("/v1/transactions/prepare", &request).await;
    assert_eq!(status, 200, "{prepared}");
    let body: Body = serde_json::from_value(prepared["body"].clone()).unwrap();
    let transaction = wire::hex_encode(&sign(body, "CORE.checker").encode());
    let (status, submitted) =
        server.post("/v1/transactions?wait_ms=10000", &json!({ "transaction": transaction })).await;
    assert_eq!(status, 202, "{submitted}");
    assert_eq!(submitted["receipt"]["outcomes"].as_array().unwrap().len(), 3);
}

/// A batch as its door reads it: a BCS list of byte strings.
fn batch(transactions: &[Vec<u8>]) -> Vec<u8> {
    wire::encode(&transactions)
}

#[tokio::test]
async fn each_transaction_of_a_batch_has_its_own_answer() {
    let server = Fixture::new().await;
    let (path, media) = ("/v1/transactions/batch", "application/octet-stream");
    let good: Vec<_> = (0..3).map(|number| server.record("S1.maker", number)).collect();
    let stranger = sign(good[1].body.clone(), "CORE.maker");
    let sent = [good[0].encode(), stranger.encode(), vec![1, 2, 3], good[1].encode(), good[0].encode()];
    let (status, answer) = server.post_bytes(path, media, batch(&sent)).await;
    assert_eq!(status, 200, "{answer}");
    let taken = |position: usize| answer["answers"][position]["taken"].as_str().map(str::to_owned);
    let code = |position: usize| answer["answers"][position]["refused"]["code"].as_str().map(str::to_owned);
    let hash = |position: usize| Some(good[position].body.hash().to_string());
    assert_eq!([taken(0), taken(3), taken(4)], [hash(0), hash(1), hash(0)], "the same one twice is the same answer");
    assert_eq!([code(1).as_deref(), code(2).as_deref()], [Some("E_SIG_INVALID"), Some("E_MALFORMED")]);
    let (_, list) = server.get("/v1/evidence/evidence").await;
    assert_eq!(list["rows"].as_array().unwrap().len(), 2);

    let many = vec![good[2].encode(); types::limits::REQUEST_TRANSACTIONS_MAX + 1];
    for (what, body, status, code) in [
        ("too many", batch(&many), 413, "E_PAYLOAD_TOO_BIG"),
        ("too large a one", batch(&[vec![0; types::limits::TRANSACTION_BYTES_MAX + 1]]), 413, "E_PAYLOAD_TOO_BIG"),
        ("half a list", batch(&sent)[..100].to_vec(), 400, "E_MALFORMED"),
        ("a list that claims to be endless", vec![0xff, 0xff, 0xff, 0xff, 0x0f], 400, "E_MALFORMED"),
    ] {
        let (found, problem) = server.post_bytes(path, media, body).await;
        assert_eq!((found, problem["code"].as_str()), (status, Some(code)), "{what}: {problem}");
    }
    let (status, problem) = server.post_bytes(path, "application/json", "[]").await;
    assert_eq!((status, problem["code"].as_str()), (415, Some("E_MEDIA_TYPE")));
    let (status, answer) = server.post_bytes(path, media, batch(&[])).await;
    assert_eq!((status, answer), (200, json!({ "answers": [] })));
}

#[tokio::test]
async fn a_batch_of_a_sender_that_floods_is_put_off_whole() {
    let server = Fixture::new().await;
    server.backend.hold();
    let (path, media) = ("/v1/transactions/batch", "application/octet-stream");
    let send = async |from: u32, sender| {
        let sent: Vec<_> = (from..from + 4).map(|number| server.record(sender, number).encode()).collect();
        server.post_bytes(path, media, batch(&sent)).await
    };
    assert_eq!(send(0, "S1.maker").await.0, 200);
    let (status, problem) = send(4, "S1.maker").await;
    assert_eq!((status, problem["code"].as_str()), (429, Some("E_POOL_FULL")), "{problem}");
    assert_eq!(problem["fields"]["retry_ms"], "700");
    assert_eq!(send(0, "CORE.maker").await.0, 200, "others are not");
}

#[tokio::test]
async fn a_block_that_is_not_there_yet_can_be_waited_for() {
    let server = Fixture::new().await;
    let height = server.backend.chain().height() + 1;
    let path = format!("/v1/blocks/{height}");
    assert_eq!(server.get(&format!("{path}?wait_ms=10")).await.0, 404);
    let transaction = server.record("S1.maker", 1);
    let waiting = format!("{path}?wait_ms=20000");
    let ((status, block), _) = tokio::join!(server.get(&waiting), server.submit(&transaction));
    assert_eq!((status, &block["transactions"]), (200, &json!([transaction.body.hash()])));
}

#[tokio::test]
async fn a_refused_act_is_final_with_its_reason() {
    let server = Fixture::new().await;
    let twice = [super::support::evidence(1), super::support::evidence(1)];
    let transaction = server.backend.chain().transaction("S1.maker", &twice);
    let (status, submitted) = server.submit(&transaction).await;
    assert_eq!(status, 202);
    let receipt = &submitted["receipt"];
    assert_eq!((receipt["status"].as_str(), receipt["rejection"]["act"].as_u64()), (Some("rejected"), Some(1)));
    assert_eq!(receipt["rejection"]["problem"]["status"], 422);
    assert!(receipt["rejection"]["problem"]["code"].as_str().unwrap().starts_with("E_"));
    let (_, list) = server.get("/v1/evidence/evidence").await;
    assert_eq!(list["rows"], json!([]));
}

#[tokio::test]
async fn a_request_waits_as_long_as_it_says_and_no_longer() {
    let server = Fixture::new().await;
    server.backend.hold();
    let transaction = server.record("S1.maker", 1);
    let hash = transaction.body.hash();
    let bytes = transaction.encode();
    let (status, taken) = server.post_bytes("/v1/transactions", "application/octet-stream", bytes.clone()).await;
    assert_eq!((status, taken), (202, json!({ "transaction": hash, "receipt": null })));
    let path = "/v1/transactions?wait_ms=20";
    let (status, waited) = server.post_bytes(path, "application/octet-stream", bytes).await;
    assert_eq!((status, &waited["receipt"]), (202, &Value::Null));
    for wait in ["", "?wait_ms=20"] {
        let (status, problem) = server.get(&format!("/v1/transactions/{hash}{wait}")).await;
        assert_eq!((status, problem["code"].as_str()), (404, Some("E_NOT_FINAL")));
    }
    let path = format!("/v1/transactions/{hash}?wait_ms=30000");
    let ((status, found), ()) = tokio::join!(server.get(&path), server.backend.release());
    assert_eq!((status, found["status"].as_str()), (200, Some("applied")));
    // What a client has seen final, he sees in the lists.
    let path = format!("/v1/evidence/evidence?min_height={}", found["height"]);
    assert_eq!(server.get(&path).await.1["rows"].as_array().unwrap().len(), 1);
}
