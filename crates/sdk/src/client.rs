//! A node's REST door, from the other side.

use crate::{Error, Signer, proof};
use api::{
    message::{
        AnswerView, BlockView, ChainInfo, CheckpointView, EventPage, EventView, NonceView, Page, ProofView,
        ReceiptProofView, RowView, Status, Submitted, TransactionView,
    },
    problem::{Problem, doors},
};
use futures::{Stream, StreamExt};
use ledger::Call;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::{Duration, Instant};
use types::{
    AccountId, Act, Genesis, List, Timestamp, Transaction, TransactionHash, limits,
    rejection::tech,
    transaction::{Body, PublicKey},
    wire,
};

/// How long one request may take beside the time it asks the node to wait.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// How long the node is asked to wait for finality before the SDK asks again.
const WAIT_MS: u64 = 10_000;
/// How often it asks again before it gives up: five minutes in all.
const WAITS_MAX: u32 = 30;

/// How long a client keeps coming back to a node that is full, unless it is told otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node, spoken to over HTTP.
///
/// A node that has no room says when it will have some. A client comes back then, as often as its patience lets it; only
/// after that its caller hears that the node was full.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    patience: Duration,
}

impl Client {
    /// The node at this address: `http://127.0.0.1:8645`.
    pub fn new(url: &str) -> Result<Self, Error> {
        let url = url.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|source| Error::Unreachable { url: url.clone(), source })?;
        Ok(Self { http, url, patience: PATIENCE })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same node, for a caller who keeps coming back for so long when it is full.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Waits until a node that refused for want of room may have some; gives the refusal back where patience ends first.
    pub(crate) async fn pause(&self, since: Instant, refused: Box<Problem>) -> Result<(), Box<Problem>> {
        let pause = Duration::from_millis(refused.retry_ms().unwrap_or_default());
        if !is_full(&refused) || since.elapsed() + pause > self.patience {
            return Err(refused);
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Which chain the node is on, and where it stands.
    pub async fn info(&self) -> Result<ChainInfo, Error> {
        self.get("/v1/chain", &[]).await
    }

    /// The chain's genesis as the node tells it. Compare its hash with the one you were given before you trust it.
    pub async fn genesis(&self) -> Result<Genesis, Error> {
        Ok(wire::decode(&self.info().await?.genesis)?)
    }

    pub async fn nonce(&self, account: AccountId) -> Result<NonceView, Error> {
        self.get(&format!("/v1/accounts/{account}/nonce"), &[]).await
    }

    pub async fn block(&self, height: u64) -> Result<BlockView, Error> {
        self.get(&format!("/v1/blocks/{height}"), &[]).await
    }

    /// A transaction that is final, or `NotFinal`.
    pub async fn transaction(&self, hash: TransactionHash, wait_ms: u64) -> Result<TransactionView, Error> {
        let answer = self.get(&format!("/v1/transactions/{hash}"), &[("wait_ms", wait_ms.to_string())]).await;
        match answer {
            Err(Error::Problem(problem)) if problem.status == 404 => Err(Error::NotFinal(hash)),
            other => other,
        }
    }

    /// The body that `signers` sign for these acts: the sender is the first, the nonce his next free one.
    pub async fn body(&self, signers: &[PublicKey], acts: Vec<Act>) -> Result<Body, Error> {
        let info = self.info().await?;
        let sender = signers.first().map(PublicKey::account).expect("a transaction has a sender");
        let nonce = self.nonce(sender).await?.next;
        body(info.chain, nonce, info.head.time, signers, acts)
    }

    /// Signed transactions of one sender, one for each list of acts, with nonces that follow each other.
    pub async fn sign_all(&self, signers: &[&Signer], acts: Vec<Vec<Act>>) -> Result<Vec<Transaction>, Error> {
        let info = self.info().await?;
        let keys: Vec<PublicKey> = signers.iter().map(|signer| signer.public_key()).collect();
        let sender = keys.first().map(PublicKey::account).expect("a transaction has a sender");
        let first = self.nonce(sender).await?.next;
        let body = |(nonce, acts)| Ok(sign(body(info.chain, nonce, info.head.time, &keys, acts)?, signers));
        (first..).zip(acts).map(body).collect()
    }

    /// Sends a signed transaction; the answer says that it waits, not that it is final.
    pub async fn submit(&self, transaction: &Transaction) -> Result<TransactionHash, Error> {
        let request = self
            .http
            .post(format!("{}/v1/transactions", self.url))
            .timeout(REQUEST_TIME)
            .header("content-type", "application/octet-stream")
            .body(transaction.encode());
        let submitted: Submitted = self.send("/v1/transactions", request).await?;
        Ok(submitted.transaction)
    }

    /// Waits until a submitted transaction is final, and gives it with its receipt.
    pub async fn wait(&self, hash: TransactionHash) -> Result<TransactionView, Error> {
        for _ in 0..WAITS_MAX {
            match self.transaction(hash, WAIT_MS).await {
                Err(Error::NotFinal(_)) => {}
                other => return other,
            }
        }
        Err(Error::NotFinal(hash))
    }

    /// Builds, signs, submits and waits: the transaction as it became final, applied or rejected.
    pub async fn transact(&self, signers: &[&Signer], acts: Vec<Act>) -> Result<TransactionView, Error> {
        let keys: Vec<PublicKey> = signers.iter().map(|signer| signer.public_key()).collect();
        let transaction = sign(self.body(&keys, acts).await?, signers);
        let start = Instant::now();
        loop {
            let hash = self.submit(&transaction).await?;
            match self.wait(hash).await {
                // Its place was given to another organisation: the same transaction may come again.
                Err(Error::Problem(problem)) if problem.number == tech::evicted(0).code => {
                    self.pause(start, problem).await.map_err(Error::Problem)?;
                }
                other => return other,
            }
        }
    }

    /// One act; its outcome, or the rejection as an error.
    pub async fn act<C: Call>(&self, signers: &[&Signer], call: &C) -> Result<C::Outcome, Error> {
        let view = self.transact(signers, vec![ledger::act(call)?]).await?;
        let outcome = applied(view)?.outcomes.into_iter().next().unwrap_or(Value::Null);
        decode("the receipt", outcome)
    }

    /// Asks a question: `receivable.certificate`.
    pub async fn query(&self, name: &str, question: Value) -> Result<Value, Error> {
        let (module, query) = name.split_once('.').unwrap_or(("", name));
        let path = format!("/v1/{module}/queries/{query}");
        let request = self.http.post(format!("{}{path}", self.url)).timeout(REQUEST_TIME).json(&question);
        let answer: AnswerView = self.send(&path, request).await?;
        Ok(answer.answer)
    }

    /// By what a machine joins when the validators of the genesis are gone. It is not verified here.
    pub async fn checkpoint(&self) -> Result<CheckpointView, Error> {
        self.get("/v1/chain/checkpoint", &[]).await
    }

    /// A page of a list: `receivable/lots` with filters, sort, cursor and limit as the contract names them.
    pub async fn list(&self, table: &str, parameters: &[(&str, String)]) -> Result<Page, Error> {
        self.get(&format!("/v1/{table}"), parameters).await
    }

    pub async fn row(&self, table: &str, id: &str) -> Result<RowView, Error> {
        self.get(&format!("/v1/{table}/{}", segment(id)), &[]).await
    }

    /// A record with proof, believed only after the proof was verified against `genesis`.
    pub async fn proven(&self, genesis: &Genesis, table: &str, id: &str) -> Result<proof::Proven, Error> {
        let view: ProofView = self.get(&format!("/v1/{table}/{}/proof", segment(id)), &[]).await?;
        let key = proof::key_of(table, id)?;
        proof::verify(genesis, &key, &view)
    }

    /// What became of a final transaction, believed only after its receipt was verified against `genesis`.
    pub async fn proven_receipt(
        &self,
        genesis: &Genesis,
        transaction: TransactionHash,
    ) -> Result<proof::ProvenReceipt, Error> {
        let view: ReceiptProofView = self.get(&format!("/v1/transactions/{transaction}/proof"), &[]).await?;
        proof::verify_receipt(genesis, transaction, &view)
    }

    /// A final block, believed only after its certificate was verified against `genesis`.
    pub async fn proven_block(&self, genesis: &Genesis, height: u64) -> Result<BlockView, Error> {
        let view = self.block(height).await?;
        if proof::verify_block(genesis, &view)?.height != height {
            return Err(Error::Proof("the block is of another height than was asked for".to_owned()));
        }
        Ok(view)
    }

    /// Events behind a cursor, for ever: what is known first, then each as it becomes final.
    pub async fn events(&self, after: Option<String>) -> Result<impl Stream<Item = Result<EventView, Error>>, Error> {
        let mut request = self.http.get(format!("{}/v1/events", self.url)).header("accept", "text/event-stream");
        if let Some(cursor) = after {
            request = request.header("last-event-id", cursor);
        }
        let response = request.send().await.map_err(|source| self.unreachable(source))?;
        let url = self.url.clone();
        let mut buffer = Vec::new();
        let chunks = response.bytes_stream().map(Some).chain(futures::stream::once(async { None }));
        Ok(chunks.flat_map(move |chunk| {
            let found = match chunk {
                Some(Ok(bytes)) => {
                    buffer.extend_from_slice(&bytes);
                    take_events(&mut buffer).into_iter().map(|json| decode_text("/v1/events", &json)).collect()
                }
                Some(Err(source)) => vec![Err(Error::Unreachable { url: url.clone(), source })],
                None => Vec::new(),
            };
            futures::stream::iter(found)
        }))
    }

    /// A page of events behind a cursor; where there are none yet, the node waits some seconds for one.
    pub async fn event_page(&self, parameters: &[(&str, String)]) -> Result<EventPage, Error> {
        self.get("/v1/events", parameters).await
    }

    /// Any path of the contract.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, parameters: &[(&str, String)]) -> Result<T, Error> {
        let wait = parameters.iter().find(|(name, _)| *name == "wait_ms").and_then(|(_, ms)| ms.parse().ok());
        let time = REQUEST_TIME + Duration::from_millis(wait.unwrap_or(0));
        let request = self.http.get(format!("{}{path}", self.url)).query(parameters).timeout(time);
        self.send(path, request).await
    }

    /// Sends bytes to a path and reads the answer.
    pub async fn post_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, String)],
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<T, Error> {
        let request = self.http.post(format!("{}{path}", self.url)).query(parameters).timeout(REQUEST_TIME);
        self.send(path, request.header("content-type", content_type).body(bytes)).await
    }

    async fn send<T: DeserializeOwned>(&self, path: &str, request: reqwest::RequestBuilder) -> Result<T, Error> {
        let (start, mut next) = (Instant::now(), request.try_clone());
        let mut request = request;
        loop {
            match (self.send_once(path, request).await, next) {
                (Err(Error::Problem(problem)), Some(again)) if problem.number != tech::evicted(0).code => {
                    self.pause(start, problem).await.map_err(Error::Problem)?;
                    next = again.try_clone();
                    request = again;
                }
                (answer, _) => return answer,
            }
        }
    }

    async fn send_once<T: DeserializeOwned>(&self, path: &str, request: reqwest::RequestBuilder) -> Result<T, Error> {
        let response = request.send().await.map_err(|source| self.unreachable(source))?;
        let failed = !response.status().is_success();
        let bytes = response.bytes().await.map_err(|source| self.unreachable(source))?;
        let answer = |source| Error::Answer { path: path.to_owned(), source };
        if failed {
            return Err(Error::Problem(Box::new(serde_json::from_slice(&bytes).map_err(answer)?)));
        }
        serde_json::from_slice(&bytes).map_err(answer)
    }

    fn unreachable(&self, source: reqwest::Error) -> Error {
        Error::Unreachable { url: self.url.clone(), source }
    }
}

/// Whether a node refused because it had no room, and not because of what was sent.
pub(crate) fn is_full(problem: &Problem) -> bool {
    [tech::pool_full(0).code, tech::evicted(0).code, doors::too_many(0).code].contains(&problem.number)
}

fn body(
    chain: types::ChainId,
    nonce: u64,
    now: Timestamp,
    signers: &[PublicKey],
    acts: Vec<Act>,
) -> Result<Body, Error> {
    Ok(Body {
        chain,
        nonce,
        valid_until: now.plus_ms(limits::VALIDITY_MS_DEFAULT),
        signers: List::new(signers.to_vec()).map_err(|message| wire::malformed(&message))?,
        acts: List::new(acts).map_err(|message| wire::malformed(&message))?,
    })
}

/// An id as one segment of a path: the parts of a composite id are joined with `/`.
fn segment(id: &str) -> String {
    id.replace('/', "%2F")
}

/// A body with the signatures of its signers, in their order.
pub fn sign(body: Body, signers: &[&Signer]) -> Transaction {
    let signatures = signers.iter().map(|signer| signer.sign_transaction(&body)).collect();
    let signatures = List::new(signatures).expect("as many as the body has signers");
    Transaction { body, signatures }
}

/// The transaction if it was applied; its rejection as an error otherwise.
pub fn applied(view: TransactionView) -> Result<TransactionView, Error> {
    match (view.status, &view.rejection) {
        (Status::Applied, _) => Ok(view),
        (Status::Rejected, Some(refused)) => Err(Error::Problem(Box::new(refused.problem.clone()))),
        (Status::Rejected, None) => Err(Error::Proof("a rejected transaction without a rejection".to_owned())),
    }
}

fn decode<T: DeserializeOwned>(path: &str, value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|source| Error::Answer { path: path.to_owned(), source })
}

fn decode_text<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|source| Error::Answer { path: path.to_owned(), source })
}

/// Takes the complete events off a server-sent stream: their `data`, joined; comments and other fields are passed over.
fn take_events(buffer: &mut Vec<u8>) -> Vec<String> {
    let mut events = Vec::new();
    while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
        let block: Vec<u8> = buffer.drain(..end + 2).collect();
        let text = String::from_utf8_lossy(&block);
        let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim_start).collect();
        if !data.is_empty() {
            events.push(data.join("\n"));
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::take_events;

    #[test]
    fn events_come_whole_however_the_stream_is_cut() {
        let stream = b": hello\n\nid: 1.1\ndata: {\"a\":1}\n\nid: 1.2\ndata: {\"a\":\ndata: 2}\n\ndata: {\"cut";
        for cut in 0..stream.len() {
            let mut buffer = stream[..cut].to_vec();
            let mut events = take_events(&mut buffer);
            buffer.extend_from_slice(&stream[cut..]);
            events.extend(take_events(&mut buffer));
            assert_eq!(events, ["{\"a\":1}", "{\"a\":\n2}"]);
        }
    }
}
