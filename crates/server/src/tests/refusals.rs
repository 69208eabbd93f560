//! Bad input at every door: a clear problem with a stable code, and nothing lost.

use super::support::{Fixture, evidence, evidence_fields};
use api::problem::{self, Problem};
use execution::testing::{key, keys, sign};
use serde_json::{Value, json};
use types::{Bytes, ChainId, Digest, List, Timestamp, Transaction, limits, transaction::Body};

/// The answer is a problem with this code, as the catalogue says; then the chain is as it was, and the server serves.
async fn check(server: &Fixture, what: &str, answer: (u16, Value), code: &str) {
    let problem: Problem = serde_json::from_value(answer.1).unwrap();
    assert_eq!(problem.code, code, "{what}: {}", problem.detail);
    let row = problem::error_rows().into_iter().find(|row| row.code == code).unwrap();
    assert_eq!((answer.0, problem.status, problem.number), (row.status, row.status, row.number), "{what}");
    assert_eq!(problem.kind, format!("urn:tributary:error:{code}"));
    assert!(!problem.detail.contains('{'), "{what}: every fact is filled in: {}", problem.detail);
    let records = ledger::modules().iter().find(|module| module.name == "evidence").unwrap();
    let first = [u8::try_from(records.number).unwrap(), 0];
    let kept = server.backend.chain().state.records.keys().filter(|key| key.starts_with(&first)).count();
    assert_eq!(kept, 0, "{what}: nothing was recorded");
}

async fn serves_still(server: &Fixture) {
    let (status, submitted) = server.submit(&server.record("S1.checker", 77)).await;
    assert_eq!((status, submitted["receipt"]["status"].as_str()), (202, Some("applied")));
}

fn with(server: &Fixture, edit: impl FnOnce(&mut Body)) -> Transaction {
    let mut body = server.backend.chain().body("S1.maker", &[evidence(1)]);
    body.nonce = 0;
    edit(&mut body);
    sign(body, "S1.maker")
}

#[tokio::test]
async fn transactions_that_may_not_enter_are_refused() {
    let server = Fixture::new().await;
    let time = server.backend.chain().time;
    let other = Transaction { signatures: with(&server, |body| body.nonce = 9).signatures, ..with(&server, |_| ()) };
    let unsigned = Transaction { signatures: List::default(), ..with(&server, |_| ()) };
    let stolen = Transaction {
        body: with(&server, |_| ()).body,
        signatures: List::new(vec![key("CORE.maker").sign(&with(&server, |_| ()).body.hash().0)]).unwrap(),
    };
    let unknown_suite = with(&server, |body| {
        let mut signer = key("S1.maker").public_key();
        signer.suite = types::Suite(9);
        body.signers = List::new(vec![signer]).unwrap();
    });
    let twice = with(&server, |body| {
        body.signers = List::new(vec![key("S1.maker").public_key(), key("S1.maker").public_key()]).unwrap();
    });
    let twice = Transaction { signatures: List::new(vec![Bytes::default(); 2]).unwrap(), ..twice };
    let cases: Vec<(&str, Transaction, &str)> = vec![
        ("a signature of another body", other, "E_SIG_INVALID"),
        ("another person's signature", stolen, "E_SIG_INVALID"),
        ("no signature", unsigned, "E_SIG_COUNT"),
        ("one signer twice", twice, "E_SIGNER_TWICE"),
        ("a suite that nobody knows", unknown_suite, "E_UNKNOWN_SUITE"),
        ("another chain", with(&server, |body| body.chain = ChainId::of(&[b"other"])), "E_WRONG_CHAIN"),
        ("too late", with(&server, |body| body.valid_until = Timestamp(time.0 - 1)), "E_EXPIRED"),
        ("for too long", with(&server, |body| body.valid_until = time.plus_hours(30)), "E_VALIDITY_TOO_LONG"),
        ("a nonce ahead", with(&server, |body| body.nonce = 5), "E_NONCE"),
        ("nothing asked for", with(&server, |body| body.acts = List::default()), "E_NO_ACTS"),
    ];
    for (what, transaction, code) in cases {
        let answer = server.submit(&transaction).await;
        check(&server, what, answer, code).await;
    }
    serves_still(&server).await;
}

#[tokio::test]
async fn a_used_nonce_is_refused_and_a_replay_changes_nothing() {
    let server = Fixture::new().await;
    let first = with(&server, |_| ());
    let (status, once) = server.submit(&first).await;
    assert_eq!(status, 202);
    let height = server.backend.chain().height();
    let (status, again) = server.submit(&first).await;
    assert_eq!((status, again), (202, once), "the same receipt, however often it is sent");
    assert_eq!(server.backend.chain().height(), height);
    let second = with(&server, |body| body.acts = List::new(vec![evidence(2)]).unwrap());
    let (status, problem) = server.submit(&second).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("E_NONCE")));
    assert_eq!(problem["fields"], json!({ "expected": "1", "found": "0" }));
    serves_still(&server).await;
}

#[tokio::test]
async fn bytes_that_are_no_transaction_are_refused() {
    let server = Fixture::new().await;
    let media = "application/octet-stream";
    let sound = with(&server, |_| ()).encode();
    for cut in [0, 1, 31, sound.len() / 2, sound.len() - 1] {
        let answer = server.post_bytes("/v1/transactions", media, sound[..cut].to_vec()).await;
        check(&server, &format!("cut at {cut}"), answer, "E_MALFORMED").await;
    }
    let answer = server.post_bytes("/v1/transactions", media, [&sound[..], &[0]].concat()).await;
    check(&server, "a byte too many", answer, "E_MALFORMED").await;
    let answer = server.post_bytes("/v1/transactions", media, vec![0xff; 4_096]).await;
    check(&server, "noise", answer, "E_MALFORMED").await;
    let answer = server.post_bytes("/v1/transactions", media, vec![0; limits::TRANSACTION_BYTES_MAX + 1]).await;
    check(&server, "a large one", answer, "E_PAYLOAD_TOO_BIG").await;
    let answer = server.post("/v1/transactions", &json!({ "transaction": "00" })).await;
    check(&server, "hex of nothing", answer, "E_MALFORMED").await;
    serves_still(&server).await;
}

#[tokio::test]
async fn requests_that_cannot_be_read_are_refused() {
    let server = Fixture::new().await;
    let (path, json_type) = ("/v1/evidence/record", "application/json");
    for (what, body) in [
        ("nothing", &b""[..]),
        ("half", b"{\"payload\": {"),
        ("a list", b"[]"),
        ("not UTF-8", b"{\"payload\": \"\xff\"}"),
        ("deep", &b"[".repeat(100_000)),
        ("a field that nobody knows", b"{\"payload\": {}, \"signers\": [], \"private_key\": \"00\"}"),
    ] {
        let answer = server.post_bytes(path, json_type, body).await;
        check(&server, what, answer, "E_MALFORMED").await;
    }
    let large = vec![b' '; limits::REQUEST_BYTES_MAX + 1];
    let answer = server.post_bytes(path, json_type, large.clone()).await;
    check(&server, "a large body", answer, "E_PAYLOAD_TOO_BIG").await;
    // Without a length the server finds out while it reads.
    let chunks = futures::stream::iter(
        large.chunks(64 * 1024).map(|part| Ok::<_, std::io::Error>(part.to_vec())).collect::<Vec<_>>(),
    );
    let body = reqwest::Body::wrap_stream(chunks);
    let request = server.http.post(server.url(path)).header("content-type", json_type).body(body);
    let answer = super::support::read_json(request.send().await.unwrap()).await;
    check(&server, "a large body in pieces", answer, "E_PAYLOAD_TOO_BIG").await;
    for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let answer = server.post_bytes(path, media, "{}").await;
        check(&server, media, answer, "E_MEDIA_TYPE").await;
        let answer = server.post_bytes("/v1/transactions", media, "{}").await;
        check(&server, media, answer, "E_MEDIA_TYPE").await;
    }
    serves_still(&server).await;
}

#[tokio::test]
async fn fields_that_break_their_type_are_refused_before_anybody_signs() {
    let server = Fixture::new().await;
    let signers = json!([key("S1.maker").public_key()]);
    let edited = |name: &str, value: Value| {
        let mut fields = evidence_fields(1);
        fields[name] = value;
        fields
    };
    for (what, fields, code) in [
        ("a control character", edited("title", json!("Inv\u{0007}oice")), "E_TEXT_CONTROL"),
        ("a line break", edited("title", json!("Inv\noice")), "E_TEXT_CONTROL"),
        ("a mark that turns text around", edited("remark", json!("\u{202E}000,1")), "E_TEXT_CONTROL"),
        ("a zero-width character", edited("title", json!("CORE\u{200B}")), "E_TEXT_CONTROL"),
        ("a long text", edited("title", json!("x".repeat(5_000))), "E_PAYLOAD_TOO_BIG"),
        ("a short digest", edited("digest", json!("ab")), "E_MALFORMED"),
        ("a kind that nobody knows", edited("kind", json!("Rumour")), "E_MALFORMED"),
        ("a number for a text", edited("title", json!(5)), "E_MALFORMED"),
    ] {
        let answer = server.post("/v1/evidence/record", &json!({ "payload": fields, "signers": signers })).await;
        check(&server, what, answer, code).await;
    }
    let contract = |value: &str| {
        let party = json!({ "Enterprise": server.parties[0] });
        let source = json!({ "digest": Digest::default(), "format": "Form" });
        json!({ "number": "C-1", "parties": { "seller": party, "buyer": party }, "signed_on": "2026-03-02",
            "ends_on": null, "value": value, "source": source })
    };
    for (what, value, code) in [
        ("half a fen", "1.005 CNY", "E_AMOUNT_SCALE"),
        ("more money than there is", "99999999999999999999.00 CNY", "E_AMOUNT_OVERFLOW"),
        ("an amount without its currency", "1.00", "E_MALFORMED"),
    ] {
        let request = json!({ "payload": contract(value), "signers": signers });
        check(&server, what, server.post("/v1/document/record_contract", &request).await, code).await;
    }
    let nobody = json!({ "payload": evidence_fields(1), "signers": [] });
    let answer = server.post("/v1/evidence/record", &nobody).await;
    check(&server, "no signer", answer, "E_SIG_COUNT").await;
    let signatures = json!([key("S1.maker").sign(&[0; 32])]);
    let request = json!({ "payload": evidence_fields(1), "signers": signers, "signatures": signatures });
    let answer = server.post("/v1/evidence/record", &request).await;
    check(&server, "signatures of who knows what", answer, "E_PARAMETER").await;
    let request = json!({ "acts": [{ "act": "evidence.forge", "payload": {} }], "signers": signers });
    let answer = server.post("/v1/transactions/prepare", &request).await;
    check(&server, "an act that nobody knows", answer, "E_UNKNOWN_ACT").await;
    serves_still(&server).await;
}

#[tokio::test]
async fn paths_and_parameters_that_nobody_knows_are_refused() {
    let server = Fixture::new().await;
    let hash = Digest::of(&[b"nothing"]);
    let account = keys("S1.maker")[0].public_key().account();
    for (path, code) in [
        ("/v1/nothing".to_owned(), "E_NOT_FOUND"),
        ("/v2/chain".to_owned(), "E_NOT_FOUND"),
        ("/v1/blocks/999".to_owned(), "E_NOT_FOUND"),
        ("/v1/blocks/0".to_owned(), "E_NOT_FOUND"),
        ("/v1/blocks/-1".to_owned(), "E_PARAMETER"),
        ("/v1/blocks/99999999999999999999".to_owned(), "E_PARAMETER"),
        (format!("/v1/transactions/{hash}"), "E_NOT_FINAL"),
        ("/v1/transactions/xyz".to_owned(), "E_PARAMETER"),
        (format!("/v1/transactions/{hash}?wait_ms=x"), "E_PARAMETER"),
        (format!("/v1/transactions/{hash}?wait_ms=30001"), "E_PARAMETER"),
        (format!("/v1/transactions/{hash}?wait=1"), "E_UNKNOWN_PARAMETER"),
        ("/v1/accounts/S1/nonce".to_owned(), "E_PARAMETER"),
        (format!("/v1/accounts/{account}"), "E_NOT_FOUND"),
        ("/v1/evidence/evidence/evd_0".to_owned(), "E_NOT_FOUND"),
        ("/v1/evidence/evidence/evd_0/proof".to_owned(), "E_MALFORMED"),
        ("/v1/evidence/evidence?sort=remark".to_owned(), "E_UNKNOWN_PARAMETER"),
        ("/v1/evidence/evidence?%ff=1".to_owned(), "E_UNKNOWN_PARAMETER"),
        ("/v1/evidence/evidence?limit=0".to_owned(), "E_PARAMETER"),
        ("/v1/evidence/evidence?cursor=00".to_owned(), "E_CURSOR"),
        ("/v1/evidence/evidence?party=ent_x".to_owned(), "E_PARAMETER"),
        ("/v1/evidence/record".to_owned(), "E_METHOD"),
        ("/v1/events?after=zzz".to_owned(), "E_CURSOR"),
        ("/v1/events?module=nothing".to_owned(), "E_PARAMETER"),
        ("/v1/events?event=Nothing".to_owned(), "E_PARAMETER"),
        ("/v1/events?since=1".to_owned(), "E_UNKNOWN_PARAMETER"),
    ] {
        let answer = server.get(&path).await;
        check(&server, &path, answer, code).await;
    }
    let answer = server.post("/v1/evidence/forge", &json!({})).await;
    check(&server, "an act that nobody knows", answer, "E_UNKNOWN_ACT").await;
    let answer = server.post("/v1/chain", &json!({})).await;
    check(&server, "the wrong method", answer, "E_METHOD").await;
    let answer = server.post("/v1/evidence/queries/verify", &json!({ "digest": "no" })).await;
    check(&server, "a question that cannot be read", answer, "E_MALFORMED").await;
    let allowed = server.http.delete(server.url("/v1/chain")).send().await.unwrap();
    assert_eq!((allowed.status().as_u16(), allowed.headers()["allow"].to_str().unwrap()), (405, "GET,HEAD"));
    serves_still(&server).await;
}

#[tokio::test]
async fn an_act_of_no_module_is_final_and_refused() {
    let server = Fixture::new().await;
    let act = types::Act { module: 999, call: 1, payload: Bytes::default() };
    let transaction = server.backend.chain().transaction("S1.maker", &[act]);
    let (status, submitted) = server.submit(&transaction).await;
    assert_eq!(status, 202);
    let problem = &submitted["receipt"]["rejection"]["problem"];
    assert_eq!((problem["code"].as_str(), problem["status"].as_u64()), (Some("E_UNKNOWN_ACT"), Some(404)));
}
