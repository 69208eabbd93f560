//! Whatever a stranger sends to a node's door: a clear problem with a stable code, and nothing else happens.

#![allow(clippy::unwrap_used)]

mod process;
mod support;

use api::{Problem, message::Status};
use ledger::evidence::{Kind, RecordEvidence};
use process::Random;
use reqwest::{Method, RequestBuilder};
use sdk::{Client, Signer, client};
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr};
use support::Stage;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use types::{
    Act, Bytes, Digest, List, Signature, Suite, Text, Timestamp, Transaction,
    limits::{ACTS_PER_TRANSACTION_MAX, REQUEST_BYTES_MAX, TRANSACTION_BYTES_MAX, VALIDITY_MS_MAX},
    transaction::Body,
};

const BYTES: &str = "application/octet-stream";

/// A node, and one person who signs.
struct Door {
    stage: Stage,
    http: reqwest::Client,
    url: String,
}

impl Door {
    async fn open() -> Self {
        let mut stage = Stage::new().await;
        stage.actors.register().await.unwrap();
        let url = format!("http://{}", stage.node.address());
        Self { stage, http: reqwest::Client::new(), url }
    }

    fn client(&self) -> &Client {
        self.stage.actors.client()
    }

    fn signer(&self) -> &Signer {
        self.stage.actors.signers("CORE.maker")[0]
    }

    fn address(&self) -> SocketAddr {
        self.stage.node.address()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    fn post(&self, media: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.request(Method::POST, "/v1/transactions").header("content-type", media).body(body)
    }

    /// The request is refused with this status and code, and the node serves on.
    async fn refused(&self, request: RequestBuilder, status: u16, code: &str) -> Problem {
        let response = request.send().await.unwrap();
        let found = response.status().as_u16();
        let media = response.headers()["content-type"].to_str().unwrap().to_owned();
        let text = response.text().await.unwrap();
        assert_eq!((found, media.as_str()), (status, "application/problem+json"), "{code} expected: {text}");
        let problem: Problem = serde_json::from_str(&text).unwrap();
        assert_eq!((problem.code.as_str(), problem.status), (code, status), "{text}");
        assert_eq!(problem.kind, format!("urn:tributary:error:{code}"));
        assert!(!problem.detail.is_empty() && !problem.detail.contains('{'), "{text}");
        assert!(self.client().info().await.is_ok(), "the node serves on");
        problem
    }

    async fn refused_transaction(&self, transaction: &Transaction, status: u16, code: &str) {
        self.refused(self.post(BYTES, transaction.encode()), status, code).await;
        let hash = transaction.body.hash();
        let get = self.request(Method::GET, &format!("/v1/transactions/{hash}"));
        self.refused(get, 404, "E_NOT_FINAL").await;
    }

    /// What the signer would sign next.
    async fn body(&self, acts: Vec<Act>) -> Body {
        self.client().body(&[self.signer().public_key()], acts).await.unwrap()
    }

    fn sign(&self, body: Body) -> Transaction {
        client::sign(body, &[self.signer()])
    }

    async fn next(&self, number: u32) -> Transaction {
        self.sign(self.body(vec![record(number)]).await)
    }

    /// The whole state.
    async fn records(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.stage.node.chain().scan().await.unwrap().records.into_iter().collect()
    }
}

/// An act that anybody who is registered may ask for.
fn record(number: u32) -> Act {
    let record = RecordEvidence {
        digest: Digest::of(&[b"paper", &number.to_le_bytes()]),
        kind: Kind::Reading,
        title: Text::new(format!("paper {number}")).unwrap(),
        remark: Text::default(),
        previous: None,
    };
    ledger::act(&record).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_stranger_sends_is_refused_by_name_and_changes_nothing() {
    let door = Door::open().await;
    let before = door.records().await;
    let held = slow_bodies(&door).await;
    bytes_that_are_no_transaction(&door).await;
    json_that_is_no_request(&door).await;
    transactions_that_do_not_fit(&door).await;
    signatures_that_do_not_hold(&door).await;
    doors_that_are_not_there(&door).await;
    fields_that_no_act_takes(&door).await;
    assert!(door.records().await == before, "what was refused changed nothing");
    assert_eq!(door.client().info().await.unwrap().waiting, 0, "nothing of it waits");
    drop(held);
    door.stage.audit().await;
    door.stage.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_has_one_effect_however_often_and_in_whichever_order_it_comes() {
    let door = Door::open().await;
    replayed(&door).await;
    nonces(&door).await;
    an_act_that_no_module_knows(&door).await;
    door.stage.audit().await;
    door.stage.node.stop().await;
}

async fn bytes_that_are_no_transaction(door: &Door) {
    let good = door.next(1).await.encode();
    door.refused(door.post(BYTES, Vec::new()), 400, "E_MALFORMED").await;
    for end in (0..good.len()).step_by(7) {
        door.refused(door.post(BYTES, good[..end].to_vec()), 400, "E_MALFORMED").await;
    }
    door.refused(door.post(BYTES, [good.as_slice(), &[0]].concat()), 400, "E_MALFORMED").await;
    let mut random = Random::new(11);
    for length in [1, 2, 31, 32, 33, 200, 4_096] {
        let noise: Vec<u8> = (0..length).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
        let response = door.post(BYTES, noise).send().await.unwrap();
        assert!(response.status().is_client_error());
    }
    // One that is over its limit, and one that nobody reads to its end.
    let fat = vec![0; TRANSACTION_BYTES_MAX + 1];
    door.refused(door.post(BYTES, fat), 413, "E_PAYLOAD_TOO_BIG").await;
    let head = format!(
        "POST /v1/transactions HTTP/1.1\r\nhost: x\r\ncontent-type: {BYTES}\r\ncontent-length: {}\r\n\r\n",
        REQUEST_BYTES_MAX + 1
    );
    let mut stream = TcpStream::connect(door.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 16 * 1024];
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("E_PAYLOAD_TOO_BIG"), "{answer}");
}

async fn json_that_is_no_request(door: &Door) {
    let hex = hex::encode(door.next(1).await.encode());
    let deep = "[".repeat(100_000);
    let number = format!("{{\"transaction\":{}}}", "9".repeat(400));
    for text in ["", "{", "null", "[]", "\"\"", "{}", "{\"transaction\":1e999}", &deep, &number, "\u{feff}{}"] {
        door.refused(door.post("application/json", text.to_owned()), 400, "E_MALFORMED").await;
    }
    for body in [
        json!({ "transaction": hex, "urgent": true }),
        json!({ "transaction": &hex[1..] }),
        json!({ "transaction": "zz" }),
        json!({ "transaction": [hex] }),
    ] {
        door.refused(door.post("application/json", body.to_string()), 400, "E_MALFORMED").await;
    }
    door.refused(door.post("application/json", vec![0xff, 0xfe]), 400, "E_MALFORMED").await;
    for media in ["text/plain", "application/xml", "application/jsonp"] {
        door.refused(door.post(media, "{}"), 415, "E_MEDIA_TYPE").await;
    }
    door.refused(door.request(Method::POST, "/v1/transactions").body("{}"), 415, "E_MEDIA_TYPE").await;
}

async fn transactions_that_do_not_fit(door: &Door) {
    let body = door.body(vec![record(1)]).await;
    let now = door.client().info().await.unwrap().head.time;
    let changed = |change: &dyn Fn(&mut Body)| {
        let mut body = body.clone();
        change(&mut body);
        door.sign(body)
    };
    let old = changed(&|body| body.valid_until = Timestamp(now.0 - 1));
    door.refused_transaction(&old, 422, "E_EXPIRED").await;
    let far = changed(&|body| body.valid_until = now.plus_ms(2 * VALIDITY_MS_MAX));
    door.refused_transaction(&far, 422, "E_VALIDITY_TOO_LONG").await;
    let other = changed(&|body| body.chain = Digest::of(&[b"another chain"]));
    door.refused_transaction(&other, 422, "E_WRONG_CHAIN").await;
    let empty = changed(&|body| body.acts = List::default());
    door.refused_transaction(&empty, 422, "E_NO_ACTS").await;
}

async fn signatures_that_do_not_hold(door: &Door) {
    let good = door.next(1).await;
    let signed = |signatures: Vec<Signature>| Transaction {
        body: good.body.clone(),
        signatures: List::new(signatures).unwrap(),
    };
    let own = good.signatures[0].to_vec();
    for position in [0, 31, 32, 63] {
        let mut bytes = own.clone();
        bytes[position] ^= 1;
        let wrong = signed(vec![Bytes::new(bytes).unwrap()]);
        door.refused_transaction(&wrong, 422, "E_SIG_INVALID").await;
    }
    let short = signed(vec![Bytes::new(own[..63].to_vec()).unwrap()]);
    door.refused_transaction(&short, 422, "E_SIG_INVALID").await;
    door.refused_transaction(&signed(Vec::new()), 422, "E_SIG_COUNT").await;
    door.refused_transaction(&signed(vec![good.signatures[0].clone(); 2]), 422, "E_SIG_COUNT").await;
    let mut twice = good.body.clone();
    let key = twice.signers[0].clone();
    twice.signers = List::new(vec![key.clone(), key.clone()]).unwrap();
    let twice = client::sign(twice, &[door.signer(), door.signer()]);
    door.refused_transaction(&twice, 422, "E_SIGNER_TWICE").await;
    let mut foreign = good.body.clone();
    foreign.signers = List::new(vec![types::transaction::PublicKey { suite: Suite(99), ..key }]).unwrap();
    door.refused_transaction(&door.sign(foreign), 422, "E_UNKNOWN_SUITE").await;
    // What another signed is not his who sends it.
    let mut stolen = good.body.clone();
    stolen.signers = List::new(vec![door.stage.actors.public_key("S1.maker")]).unwrap();
    door.refused_transaction(&door.sign(stolen), 422, "E_SIG_INVALID").await;
}

async fn doors_that_are_not_there(door: &Door) {
    for path in
        ["/v2/chain", "/v1/money/steal", "/v1/../etc/passwd", "/v1/transactions/prepare/x", "/%00", "/v1/chain/"]
    {
        door.refused(door.request(Method::GET, path), 404, "E_NOT_FOUND").await;
    }
    for (method, path) in [
        (Method::DELETE, "/v1/chain"),
        (Method::PUT, "/v1/transactions"),
        (Method::GET, "/v1/transactions/prepare"),
        (Method::POST, "/v1/blocks/1"),
        (Method::PATCH, "/v1/money/transfer"),
    ] {
        door.refused(door.request(method, path), 405, "E_METHOD").await;
    }
    let list = |parameters: &str| door.request(Method::GET, &format!("/v1/evidence/evidence?{parameters}"));
    let listed = door.request(Method::GET, "/v1/money/accounts?limit=99999999999999999999");
    door.refused(listed, 400, "E_PARAMETER").await;
    assert!(list("limit=1").send().await.unwrap().status().is_success());
    door.refused(list("colour=red"), 400, "E_UNKNOWN_PARAMETER").await;
    door.refused(door.request(Method::GET, "/v1/money/accounts?cursor=00"), 400, "E_CURSOR").await;
    door.refused(door.request(Method::GET, "/v1/blocks/18446744073709551616"), 400, "E_PARAMETER").await;
    door.refused(door.request(Method::GET, "/v1/blocks/9999999"), 404, "E_NOT_FOUND").await;
    door.refused(door.request(Method::GET, "/v1/transactions/abc"), 400, "E_PARAMETER").await;
    door.refused(door.request(Method::GET, "/v1/accounts/nobody/nonce"), 400, "E_PARAMETER").await;
}

async fn fields_that_no_act_takes(door: &Door) {
    let signers = json!([door.signer().public_key()]);
    let fields =
        |title: &str| json!({ "digest": Digest::of(&[b"x"]), "kind": "Reading", "title": title, "remark": "" });
    let prepare = |acts: Value| {
        let body = json!({ "acts": acts, "signers": signers });
        door.request(Method::POST, "/v1/transactions/prepare").json(&body)
    };
    let one = |act: &str, payload: Value| prepare(json!([{ "act": act, "payload": payload }]));
    assert!(one("evidence.record", fields("a title")).send().await.unwrap().status().is_success());
    door.refused(one("money.steal", json!({})), 404, "E_UNKNOWN_ACT").await;
    door.refused(one("steal", json!({})), 404, "E_UNKNOWN_ACT").await;
    for title in ["a\u{7}b", "a\u{0}", "\u{202e}a", "a\nb", " a"] {
        door.refused(one("evidence.record", fields(title)), 422, "E_TEXT_CONTROL").await;
    }
    door.refused(one("evidence.record", fields(&"a".repeat(100_000))), 413, "E_PAYLOAD_TOO_BIG").await;
    let mut unknown = fields("a title");
    unknown["colour"] = json!("red");
    door.refused(one("evidence.record", unknown), 400, "E_MALFORMED").await;
    door.refused(one("evidence.record", json!({ "title": "a" })), 400, "E_MALFORMED").await;
    door.refused(one("evidence.record", json!(7)), 400, "E_MALFORMED").await;
    let act = json!({ "act": "evidence.record", "payload": fields("a title") });
    let many = vec![act; ACTS_PER_TRANSACTION_MAX + 1];
    door.refused(prepare(json!(many)), 413, "E_PAYLOAD_TOO_BIG").await;
    let amount = |amount: &str| {
        let [source, target] = ["0", "1"].map(|digit| format!("cash_{}", digit.repeat(32)));
        let fields = json!({ "source": source, "target": target, "amount": amount, "reference": "R" });
        one("money.transfer", fields).send()
    };
    assert!(amount("1.00 CNY").await.unwrap().status().is_success());
    for wrong in ["1e30 CNY", "-1.00 CNY", "1.001 CNY", "99999999999999999999999999.00 CNY", "1.00", "NaN CNY"] {
        let response = amount(wrong).await.unwrap();
        assert!(response.status().is_client_error(), "{wrong}");
        let problem: Problem = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert!(problem.number > 0 && problem.status < 500, "{wrong}: {problem:?}");
    }
}

/// Bodies that never come to their end, held open while everything else goes on.
async fn slow_bodies(door: &Door) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..64 {
        let mut stream = TcpStream::connect(door.address()).await.unwrap();
        let head = format!(
            "POST /v1/transactions HTTP/1.1\r\nhost: x\r\ncontent-type: {BYTES}\r\ncontent-length: 500\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&[1; 10]).await.unwrap();
        held.push(stream);
    }
    held
}

async fn replayed(door: &Door) {
    let transaction = door.next(1).await;
    let hash = transaction.body.hash();
    for _ in 0..3 {
        assert_eq!(door.client().submit(&transaction).await.unwrap(), hash);
    }
    let first = door.client().wait(hash).await.unwrap();
    assert_eq!(first.status, Status::Applied);
    let (records, nonce) = (door.records().await, door.client().nonce(first.sender).await.unwrap());
    for _ in 0..3 {
        assert_eq!(door.client().submit(&transaction).await.unwrap(), hash);
        assert_eq!(door.client().wait(hash).await.unwrap(), first);
    }
    let json = json!({ "transaction": hex::encode(transaction.encode()) });
    let again = door.post("application/json", json.to_string()).send().await.unwrap();
    assert_eq!(again.status(), 202);
    assert!(door.records().await == records, "sent again, it does nothing");
    assert_eq!(door.client().nonce(first.sender).await.unwrap(), nonce);
}

async fn nonces(door: &Door) {
    let used = {
        let mut body = door.body(vec![record(2)]).await;
        body.nonce = 0;
        door.sign(body)
    };
    door.refused_transaction(&used, 409, "E_NONCE").await;
    // Behind a gap it waits; another with its nonce is refused; when the gap is filled both are final.
    let body = door.body(vec![record(3)]).await;
    let first = door.sign(body.clone());
    let second = door.sign(Body { nonce: body.nonce + 1, acts: List::new(vec![record(4)]).unwrap(), ..body.clone() });
    let rival = door.sign(Body { nonce: body.nonce + 1, acts: List::new(vec![record(5)]).unwrap(), ..body });
    door.client().submit(&second).await.unwrap();
    door.refused_transaction(&rival, 409, "E_IDEMPOTENCY_CONFLICT").await;
    let waits = door.request(Method::GET, &format!("/v1/transactions/{}", second.body.hash()));
    door.refused(waits, 404, "E_NOT_FINAL").await;
    door.client().submit(&first).await.unwrap();
    for transaction in [&first, &second] {
        let view = door.client().wait(transaction.body.hash()).await.unwrap();
        assert_eq!((view.status, view.nonce), (Status::Applied, transaction.body.nonce));
    }
    door.refused_transaction(&rival, 409, "E_NONCE").await;
}

async fn an_act_that_no_module_knows(door: &Door) {
    let unknown = Act { module: 999, call: 9, payload: Bytes::default() };
    let garbage = Act { payload: Bytes::new(vec![0xff; 9]).unwrap(), ..record(6) };
    for (act, code) in [(unknown, "E_UNKNOWN_ACT"), (garbage, "E_MALFORMED")] {
        let transaction = door.sign(door.body(vec![record(7), act]).await);
        let before = door.records().await;
        let hash = door.client().submit(&transaction).await.unwrap();
        let view = door.client().wait(hash).await.unwrap();
        assert_eq!(view.status, Status::Rejected);
        assert_eq!(view.rejection.unwrap().problem.code, code);
        let after = door.records().await;
        let changed: Vec<_> = after.iter().filter(|(key, value)| before.get(*key) != Some(*value)).collect();
        assert_eq!((changed.len(), after.len()), (1, before.len()), "its sender's nonce and nothing else");
    }
}
