//! Every way a request can be refused: one catalogue, one table from code to HTTP status, one shape of answer.
//!
//! The business refuses with its own rejections (`ledger`), the envelope with those of `types`; here are the doors'.
//! An answer is a problem of RFC 9457 with our stable code beside it.

use ledger::modules;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};
use types::{
    Rejection,
    rejection::{RejectionSpec, amount, tech},
};

/// Refusals of the doors.
pub mod doors {
    types::rejections! {
        60 not_found(what) "E_NOT_FOUND" "there is no {what}";
        61 method(method, allowed) "E_METHOD" "this path does not answer {method}: it answers {allowed}";
        62 media_type(found, expected) "E_MEDIA_TYPE" "the body is {found}: send {expected}";
        63 unknown_parameter(parameter, allowed) "E_UNKNOWN_PARAMETER" "there is no parameter {parameter} here: there are {allowed}";
        64 parameter(parameter, detail) "E_PARAMETER" "parameter {parameter} is not valid: {detail}";
        65 cursor() "E_CURSOR" "the cursor is not one that this list gave for these filters and this order: begin again without it";
        66 not_final(transaction) "E_NOT_FINAL" "transaction {transaction} is in no final block: ask again, or send it again";
        67 too_many(retry_ms) "E_TOO_MANY_REQUESTS" "the server is answering as many requests as it can: try again in {retry_ms} ms";
        68 timeout(limit_ms) "E_TIMEOUT" "the answer took longer than {limit_ms} ms: ask again";
        69 unavailable(detail) "E_UNAVAILABLE" "the node cannot answer now: {detail}";
        70 internal() "E_INTERNAL" "the node failed to answer: its log says why";
        72 import_refused(line, column, place, rule, reason) "E_IMPORT" "line {line}: {reason} ({rule})";
        73 starting(detail, retry_ms) "E_STARTING" "the node is starting, {detail}: try again in {retry_ms} ms";
        74 not_kept(first) "E_NOT_KEPT" "this node has the blocks from height {first} on: ask a node that has older ones";
        75 refused_too_often(retry_ms) "E_REFUSED_TOO_OFTEN" "too much of what this address sent was refused: nothing more is read from it for {retry_ms} ms";
        76 no_lists() "E_NO_LISTS" "this node keeps no lists, records or events (`--no-lists`): ask another node of the chain";
    }
}

/// What a refusal means to HTTP and to people.
#[derive(Clone, Copy, Debug)]
pub struct Handling {
    pub status: u16,
    /// What the caller does next.
    pub action: &'static str,
}

const CORRECT: &str = "Correct the request; nothing was changed.";
const SIGN_AGAIN: &str = "Prepare the transaction again, and sign what comes back.";
const LATER: &str = "Send the same request again after the time in `Retry-After`.";
const OPERATOR: &str = "Ask again later; the operator finds the cause in the node's log.";

/// The one table from code to HTTP status. What does not stand here is the business saying no: 422.
const HANDLING: &[(u16, u16, &str)] = &[
    (1, 400, CORRECT),
    (2, 404, "Look the act up in the reference of operations."),
    (4, 422, SIGN_AGAIN),
    (6, 409, SIGN_AGAIN),
    (12, 413, "Send less at once: several transactions, smaller pages, the digest in place of the file."),
    (14, 409, "Wait for the transaction that has the nonce, then prepare again."),
    (16, 429, LATER),
    (20, 409, "Ask for the transaction that the message names. Either may become final, never both."),
    (21, 429, "Send the same transaction again after the time in `Retry-After`."),
    (60, 404, "Check the path and the id."),
    (61, 405, "Use a method that `Allow` names."),
    (62, 415, CORRECT),
    (63, 400, CORRECT),
    (64, 400, CORRECT),
    (65, 400, "Ask for the first page again."),
    (66, 404, "Ask again; sending the same transaction again is harmless."),
    (67, 429, LATER),
    (68, 503, LATER),
    (69, 503, LATER),
    (70, 500, OPERATOR),
    (72, 422, "Correct the file at the place that the message names."),
    (73, 503, LATER),
    (74, 410, "Ask another node; `first_height` in `GET /v1/chain` says what a node has."),
    (75, 429, "Send what is sound: signed for this chain, with the account's next numbers."),
    (76, 501, "Ask a node that keeps them. Transactions, queries and proofs are answered here too."),
];

const REFUSED: Handling =
    Handling { status: 422, action: "Nothing was changed. Do what the sentence says, then sign a new transaction." };

static ALL: LazyLock<Vec<&RejectionSpec>> = LazyLock::new(|| {
    let own = modules().iter().flat_map(|module| module.rejections.iter());
    let mut all: Vec<_> = tech::CATALOGUE.iter().chain(doors::CATALOGUE).chain(amount::CATALOGUE).chain(own).collect();
    all.sort_by_key(|spec| spec.code);
    all
});

/// Every rejection that a caller can meet, in the order of codes.
pub fn catalogue() -> &'static [&'static RejectionSpec] {
    &ALL
}

/// The catalogue's row for a code.
pub fn spec(code: u16) -> Option<&'static RejectionSpec> {
    let place = ALL.binary_search_by_key(&code, |spec| spec.code);
    place.ok().map(|place| ALL[place])
}

/// How a code is handled.
pub fn handling(code: u16) -> Handling {
    let row = HANDLING.iter().find(|(of, _, _)| *of == code);
    row.map_or(REFUSED, |(_, status, action)| Handling { status: *status, action })
}

/// The body of every refused request (RFC 9457), with our stable code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:tributary:error:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The law, with `{field}` where a fact of the case goes.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The sentence for people, with the facts of the case.
    pub detail: String,
    /// The stable name: programs match on it.
    pub code: String,
    /// The stable number.
    pub number: u16,
    /// The facts of the case, by name.
    pub fields: BTreeMap<String, String>,
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let (code, title, detail) = match spec(rejection.code) {
            Some(spec) => (spec.name, spec.text, rejection.text(spec)),
            None => ("E_UNKNOWN", "a rejection that this version does not know", rejection.to_string()),
        };
        Self {
            kind: format!("urn:tributary:error:{code}"),
            title: title.to_owned(),
            status: handling(rejection.code).status,
            detail,
            code: code.to_owned(),
            number: rejection.code,
            fields: rejection.fields.iter().cloned().collect(),
        }
    }
}

impl Problem {
    /// Milliseconds after which the same request may succeed.
    pub fn retry_ms(&self) -> Option<u64> {
        let named = self.fields.get("retry_ms").and_then(|text| text.parse().ok());
        named.or_else(|| matches!(self.status, 429 | 503).then_some(types::limits::POOL_RETRY_MS))
    }
}

/// A row of `GET /v1/errors`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ErrorRow {
    /// The stable name.
    pub code: String,
    /// The stable number.
    pub number: u16,
    /// The HTTP status it comes with.
    pub status: u16,
    /// The law and the way out, with `{field}` where a fact goes.
    pub text: String,
    /// What the caller does next.
    pub action: String,
}

/// The catalogue as `GET /v1/errors` gives it.
pub fn error_rows() -> Vec<ErrorRow> {
    let row = |spec: &RejectionSpec| {
        let handling = handling(spec.code);
        ErrorRow {
            code: spec.name.to_owned(),
            number: spec.code,
            status: handling.status,
            text: spec.text.to_owned(),
            action: handling.action.to_owned(),
        }
    };
    catalogue().iter().map(|spec| row(spec)).collect()
}
