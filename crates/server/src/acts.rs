//! Acts: prepared without signatures, submitted with them, and what became of them.

use crate::{
    Doors,
    refusal::Refusal,
    request::{Answer, accepted, bytes, json, media_type, named, ok, wait},
    vain::{Caller, REQUEST},
};
use api::{
    message::{CallRequest, PrepareRequest, SubmitRequest, Submitted, SubmittedMany, SubmittedOne},
    operations::{CallSpec, Module},
    prepare::{self, Defaults},
    problem::{Problem, doors},
    view,
};
use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri},
    routing::{MethodRouter, post},
};
use std::{sync::Arc, time::Duration};
use types::{
    Bytes, List, Rejection, Transaction, TransactionHash,
    limits::{REQUEST_TRANSACTIONS_MAX, TRANSACTION_BYTES_MAX},
    rejection::tech,
    transaction::Body as TransactionBody,
    wire,
};

type EncodedTransaction = Bytes<TRANSACTION_BYTES_MAX>;

/// `POST /v1/{module}/{call}`
pub(crate) fn call(module: &'static Module, call: &'static CallSpec) -> MethodRouter<Arc<Doors>> {
    post(
        async move |State(doors): State<Arc<Doors>>,
                    Extension(caller): Extension<Caller>,
                    uri: Uri,
                    headers: HeaderMap,
                    body: Body|
                    -> Answer {
            let wait = wait(&uri)?;
            let request: CallRequest = json(&headers, body).await?;
            let (several, signatures) = prepare::single(&format!("{}.{}", module.name, call.name), request)?;
            let body = transaction_body(&doors, several).await?;
            match signatures {
                None => ok(&prepare::prepared(body)?),
                Some(signatures) => {
                    let vain = Listening::to(&doors, caller)?;
                    vain.one(take(&doors, Transaction { body, signatures }, wait).await)
                }
            }
        },
    )
}

/// `POST /v1/transactions/prepare`
pub(crate) async fn prepare(State(doors): State<Arc<Doors>>, headers: HeaderMap, body: Body) -> Answer {
    let request: PrepareRequest = json(&headers, body).await?;
    ok(&prepare::prepared(transaction_body(&doors, request).await?)?)
}

async fn transaction_body(doors: &Doors, request: PrepareRequest) -> Result<TransactionBody, Refusal> {
    let sender = prepare::sender(&request.signers)?;
    let info = doors.backend().info().await?;
    let nonce = match request.nonce {
        Some(nonce) => nonce,
        None => doors.backend().nonce(sender).await?.next,
    };
    Ok(prepare::body(request, Defaults { chain: info.chain, nonce, time: info.head.time })?)
}

/// `POST /v1/transactions`
pub(crate) async fn submit(
    State(doors): State<Arc<Doors>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let vain = Listening::to(&doors, caller)?;
    vain.one(submit_one(&doors, &uri, &headers, body).await)
}

async fn submit_one(doors: &Doors, uri: &Uri, headers: &HeaderMap, body: Body) -> Answer {
    let wait = wait(uri)?;
    let media = media_type(headers);
    let transaction = if media.eq_ignore_ascii_case("application/octet-stream") {
        Transaction::decode(&bytes(body).await?)?
    } else if media.eq_ignore_ascii_case("application/json") {
        Transaction::decode(&json::<SubmitRequest>(headers, body).await?.transaction)?
    } else {
        return Err(doors::media_type(named(media), "application/octet-stream or application/json").into());
    };
    take(doors, transaction, wait).await
}

/// `POST /v1/transactions/batch`
pub(crate) async fn submit_many(
    State(doors): State<Arc<Doors>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let vain = Listening::to(&doors, caller)?;
    match submit_each(&doors, &headers, body).await {
        Ok(answers) => {
            let refused = answers.iter().filter(|answer| match answer {
                SubmittedOne::Refused(problem) => in_vain(problem),
                SubmittedOne::Taken(_) => false,
            });
            vain.note(u32::try_from(refused.count()).unwrap_or(u32::MAX));
            ok(&SubmittedMany { answers })
        }
        Err(refusal) => vain.one(Err(refusal)),
    }
}

/// Whether the sender could have known: not what a full or a busy node refuses.
fn in_vain(problem: &Problem) -> bool {
    (400..500).contains(&problem.status) && problem.status != StatusCode::TOO_MANY_REQUESTS.as_u16()
}

/// Listens to what a caller submits, and notes what of it was in vain.
struct Listening<'a> {
    doors: &'a Doors,
    caller: Caller,
}

impl<'a> Listening<'a> {
    /// Refuses a caller who has sent too much in vain, before anything is read.
    fn to(doors: &'a Doors, caller: Caller) -> Result<Self, Refusal> {
        match doors.vain.put_off(caller) {
            Some(wait) => Err(doors::refused_too_often(wait.as_millis()).into()),
            None => Ok(Self { doors, caller }),
        }
    }

    fn note(&self, refused: u32) {
        self.doors.vain.note(self.caller, refused);
    }

    /// The answer to a request with one transaction, or to one that could not be read.
    fn one(&self, answer: Answer) -> Answer {
        if answer.as_ref().is_err_and(|refusal| in_vain(&refusal.problem())) {
            self.note(REQUEST);
        }
        answer
    }
}

async fn submit_each(doors: &Doors, headers: &HeaderMap, body: Body) -> Result<Vec<SubmittedOne>, Refusal> {
    let media = media_type(headers);
    if !media.eq_ignore_ascii_case("application/octet-stream") {
        return Err(doors::media_type(named(media), "application/octet-stream").into());
    }
    let encoded: List<EncodedTransaction, REQUEST_TRANSACTIONS_MAX> = wire::decode(&bytes(body).await?)?;
    let first = encoded.first().and_then(|bytes| Transaction::decode(bytes).ok());
    if let Some(retry_ms) = first.and_then(|first| doors.backend().put_off(first.body.sender()?)) {
        return Err(tech::pool_full(retry_ms).into());
    }
    let mut sound = Vec::with_capacity(encoded.len());
    let mut decode = |bytes: &EncodedTransaction| Transaction::decode(bytes).map(|transaction| sound.push(transaction));
    let decoded: Vec<Result<(), Rejection>> = encoded.iter().map(&mut decode).collect();
    let mut answers = doors.backend().submit_many(sound).await.into_iter();
    let answer = |decoded: Result<(), Rejection>| {
        let taken = match decoded {
            Ok(()) => answers.next().expect("one answer for each that decodes").map_err(Refusal::from),
            Err(rejection) => Err(rejection.into()),
        };
        taken.map_or_else(|refusal| SubmittedOne::Refused(refusal.problem()), SubmittedOne::Taken)
    };
    Ok(decoded.into_iter().map(answer).collect())
}

async fn take(doors: &Doors, transaction: Transaction, wait: Duration) -> Answer {
    transaction.check_shape()?;
    let hash = doors.backend().submit(transaction).await?;
    let receipt = match wait.is_zero() {
        true => None,
        false => match tokio::time::timeout(wait, doors.backend().wait_final(hash)).await {
            Ok(included) => Some(view::transaction(&included?)),
            Err(_) => None,
        },
    };
    accepted(&Submitted { transaction: hash, receipt })
}

/// `GET /v1/transactions/{hash}`
pub(crate) async fn transaction(State(doors): State<Arc<Doors>>, uri: Uri, Path(hash): Path<String>) -> Answer {
    let wait = wait(&uri)?;
    let hash: TransactionHash = hash.parse().map_err(|why| doors::parameter("hash", why))?;
    let included = match wait.is_zero() {
        true => doors.backend().transaction(hash).await?,
        false => tokio::time::timeout(wait, doors.backend().wait_final(hash)).await.ok().transpose()?,
    };
    match included {
        Some(included) => ok(&view::transaction(&included)),
        None => Err(doors::not_final(hash).into()),
    }
}

/// `GET /v1/transactions/{hash}/proof`
pub(crate) async fn transaction_proof(State(doors): State<Arc<Doors>>, Path(hash): Path<String>) -> Answer {
    let hash: TransactionHash = hash.parse().map_err(|why| doors::parameter("hash", why))?;
    match doors.backend().prove_transaction(hash).await? {
        Some(proof) => ok(&proof),
        None => Err(doors::not_final(hash).into()),
    }
}
