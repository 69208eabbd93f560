//! OpenAPI 3.1, made from the operation table: nothing in it is written by hand twice.
//!
//! | path | what |
//! |---|---|
//! | `POST /v1/{module}/{call}` | an act: prepared without signatures, submitted with them |
//! | `POST /v1/{module}/queries/{query}` | a question about committed state; the body holds its fields |
//! | `GET /v1/{module}/{table}` | a list; `/{id}` one record, `/{id}/proof` its proof (a `/` in an id is written `%2F`) |
//! | `/v1/chain`, `/v1/blocks`, `/v1/transactions`, `/v1/accounts`, `/v1/events`, `/v1/errors`, `/v1/import` | the chain |

use crate::{
    health::Readiness,
    message,
    problem::{ErrorRow, Problem},
};
use ledger::{
    core::{CallSpec, Module, QuerySpec, Role, TableSpec},
    modules,
};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use types::limits::{EVENTS_PER_PAGE_MAX, REQUEST_BYTES_MAX, REQUEST_TRANSACTIONS_MAX};

mod parts;

use parts::{answer, answers, content, list_parameters, narrowed, parameter, schema};

/// First segments behind `/v1/` that are the chain's: no module may have such a name.
pub const RESERVED: &[&str] = &["chain", "blocks", "transactions", "accounts", "events", "errors", "import"];

/// Media types of trade files.
pub const IMPORT_TYPES: &[&str] = &["application/xml", "text/xml", "text/csv"];

const JSON: &str = "application/json";

/// A generator whose references point into an OpenAPI document.
pub fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    settings.into_generator()
}

/// The document.
pub fn openapi() -> Value {
    let mut generator = generator();
    let mut paths = Map::new();
    chain_paths(&mut paths, &mut generator);
    transaction_paths(&mut paths, &mut generator);
    for module in modules() {
        for call in module.calls {
            add(
                &mut paths,
                &format!("/v1/{}/{}", module.name, call.name),
                "post",
                call_item(module, call, &mut generator),
            );
        }
        for query in module.queries {
            let path = format!("/v1/{}/queries/{}", module.name, query.name);
            add(&mut paths, &path, "post", query_item(module, query, &mut generator));
        }
        for table in module.tables {
            table_paths(&mut paths, module, table, &mut generator);
        }
        for event in module.events {
            // Events appear in no path of their own, but their fields belong to the contract.
            let _ = (event.schema)(&mut generator);
        }
    }
    let _ = generator.subschema_for::<Problem>();
    let tags = modules().iter().map(|module| json!({ "name": module.name, "description": module.about }));
    let chain_tag = json!({ "name": "chain", "description": "Blocks, transactions, events and errors." });
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Tributary",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Supply-chain finance on a chain that anyone can check.",
            "description": "Acts are prepared by the server, signed by their owners, and submitted; private keys never travel. \
                Amounts are text with their currency, times are RFC 3339 in UTC, ids are opaque. \
                Every refusal is a problem (RFC 9457) with a stable `code`: see `/v1/errors`.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "tags": std::iter::once(chain_tag).chain(tags).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "parameters": parts::parameters(),
            "responses": { "Refused": parts::refused() },
        },
    })
}

/// The document as it is committed and served.
pub fn openapi_text() -> String {
    let mut text = serde_json::to_string_pretty(&openapi()).expect("a document has string keys only");
    text.push('\n');
    text
}

fn add(paths: &mut Map<String, Value>, path: &str, method: &str, item: Value) {
    let entry = paths.entry(path).or_insert_with(|| json!({}));
    let taken = entry.as_object_mut().expect("a path item is an object").insert(method.to_owned(), item);
    assert!(taken.is_none(), "{method} {path} is declared once");
}

fn get(id: &str, summary: &str, parameters: Vec<Value>, reply: Value) -> Value {
    json!({
        "operationId": id,
        "tags": ["chain"],
        "summary": summary,
        "parameters": parameters,
        "responses": answers(&[("200", answer("Found.", reply))]),
    })
}

fn chain_paths(paths: &mut Map<String, Value>, generator: &mut SchemaGenerator) {
    let reply = schema::<message::ChainInfo>(generator);
    add(paths, "/v1/chain", "get", get("chain", "Which chain this is, and where it stands.", vec![], reply));

    let reply = schema::<message::CheckpointView>(generator);
    let item = get("checkpoint", "By what a machine joins when the validators of the genesis are gone.", vec![], reply);
    add(paths, "/v1/chain/checkpoint", "get", item);

    let height = json!({ "type": "string", "pattern": "^([0-9]+|latest)$" });
    let at = parameter("path", "height", "A height, or `latest`.", height);
    let reply = schema::<message::BlockView>(generator);
    let item = get("block", "A final block with what proves it.", vec![at, parts::shared("wait_ms")], reply);
    add(paths, "/v1/blocks/{height}", "get", item);

    let account = schema::<types::AccountId>(generator);
    let of = parameter("path", "account", "The account: `acct_` and 32 hex digits.", account);
    let reply = schema::<message::NonceView>(generator);
    let item = get("nonce", "The nonce that the account's next transaction carries.", vec![of], reply);
    add(paths, "/v1/accounts/{account}/nonce", "get", item);

    let rows = schema::<Vec<ErrorRow>>(generator);
    add(paths, "/v1/errors", "get", get("errors", "Every refusal: code, status, sentence, what to do.", vec![], rows));

    add(paths, "/readyz", "get", ready_item(generator));
    add(paths, "/v1/events", "get", events_item(generator));
    add(paths, "/v1/import", "post", import_item(generator));
}

fn ready_item(generator: &mut SchemaGenerator) -> Value {
    let readiness = || content(JSON, json!({ "$ref": "#/components/schemas/Readiness" }));
    let _ = schema::<Readiness>(generator);
    json!({
        "operationId": "ready",
        "tags": ["chain"],
        "summary": "Whether this node answers, what it answers is not old, and the chain goes on.",
        "description": "For load balancers and monitors; answered while the node starts, too. `GET /livez` says only that the \
            process lives, `GET /metrics` is in the text format of OpenMetrics. They stand outside the versioned operations.",
        "responses": {
            "200": { "description": "Ready.", "content": readiness() },
            "503": { "description": "Not ready: `reason` says what is missing.", "content": readiness() },
        },
    })
}

fn events_item(generator: &mut SchemaGenerator) -> Value {
    let text = || json!({ "type": "string" });
    let parameters = vec![
        parameter(
            "query",
            "after",
            "Begin behind this cursor; `0.0` is the beginning. When absent: what happens from now on.",
            text(),
        ),
        parameter("query", "module", "Only events of this module.", text()),
        parameter("query", "event", "Only events of this name.", text()),
        parameter("query", "party", "Only events that concern this enterprise.", text()),
        parameter("header", "Last-Event-ID", "As `after`; sent by browsers when they connect again.", text()),
    ];
    let event = schema::<message::EventView>(generator);
    let page = schema::<message::EventPage>(generator);
    json!({
        "operationId": "events",
        "tags": ["chain"],
        "summary": "Events of final blocks: the history behind the cursor, then what happens.",
        "description": format!("One page of at most {EVENTS_PER_PAGE_MAX} events, which comes at once where there are some, \
            and otherwise when a block brings one, or empty after some seconds. With `Accept: text/event-stream` a stream: \
            `id` is the cursor, `event` is `module.Event`, `data` is an EventView; a comment says every few seconds that \
            the line is alive."),
        "parameters": parameters,
        "responses": answers(&[("200", json!({
            "description": "One page, or a stream without end.",
            "content": { "text/event-stream": { "schema": event }, JSON: { "schema": page } },
        }))]),
    })
}

fn import_item(generator: &mut SchemaGenerator) -> Value {
    let imported = schema::<message::Imported>(generator);
    let name = parameter("query", "name", "The file's name, for messages.", json!({ "type": "string" }));
    let text = || json!({ "schema": { "type": "string" } });
    let body: Map<String, Value> = IMPORT_TYPES.iter().map(|media| ((*media).to_owned(), text())).collect();
    json!({
        "operationId": "import",
        "tags": ["chain"],
        "summary": "Reads a trade file (UBL 2.1 or CSV) and answers with the acts that record it. Nothing is submitted.",
        "description": "A file that breaks a rule is refused whole, with the line and the reason (`E_IMPORT`). \
            Companies and papers that the file names are looked up on the chain; a document whose papers are missing comes \
            with a problem in place of an act, and a file of which no document can be recorded is refused.",
        "parameters": [name],
        "requestBody": { "required": true, "content": body },
        "responses": answers(&[("200", answer("The acts, ready to be prepared and signed.", imported))]),
    })
}

fn transaction_paths(paths: &mut Map<String, Value>, generator: &mut SchemaGenerator) {
    let submit = schema::<message::SubmitRequest>(generator);
    let submitted = schema::<message::Submitted>(generator);
    let item = json!({
        "operationId": "submit",
        "tags": ["chain"],
        "summary": "Submits a signed transaction. Sending it again is harmless.",
        "parameters": [parts::shared("wait_ms")],
        "requestBody": { "required": true, "content": {
            JSON: { "schema": submit },
            "application/octet-stream": { "schema": { "type": "string", "contentEncoding": "binary" } },
        } },
        "responses": answers(&[("202", answer("Taken; with `receipt` when it is final already.", submitted))]),
    });
    add(paths, "/v1/transactions", "post", item);

    let item = submit_many_item(schema::<message::SubmittedMany>(generator));
    add(paths, "/v1/transactions/batch", "post", item);

    let prepare = schema::<message::PrepareRequest>(generator);
    let prepared = schema::<message::Prepared>(generator);
    let item = json!({
        "operationId": "prepare",
        "tags": ["chain"],
        "summary": "Prepares a transaction of several acts: all of them happen, or none.",
        "requestBody": { "required": true, "content": content(JSON, prepare) },
        "responses": answers(&[("200", answer("The transaction to sign.", prepared))]),
    });
    add(paths, "/v1/transactions/prepare", "post", item);

    let hash = schema::<types::TransactionHash>(generator);
    let of = parameter("path", "hash", "The transaction's name, in hex.", hash);
    let reply = schema::<message::TransactionView>(generator);
    let item = get("transaction", "A final transaction with its receipt.", vec![of, parts::shared("wait_ms")], reply);
    add(paths, "/v1/transactions/{hash}", "get", item);

    let hash = schema::<types::TransactionHash>(generator);
    let of = parameter("path", "hash", "The transaction's name, in hex.", hash);
    let reply = schema::<message::ReceiptProofView>(generator);
    let item = get("transaction_proof", "Proof of what became of a final transaction.", vec![of], reply);
    add(paths, "/v1/transactions/{hash}/proof", "get", item);
}

fn submit_many_item(reply: Value) -> Value {
    json!({
        "operationId": "submitMany",
        "tags": ["chain"],
        "summary": "Submits many signed transactions, each on its own. Sending them again is harmless.",
        "description": format!("The body is a BCS list of byte strings, each a signed transaction: their number, then for \
            each its length and its bytes, with numbers in ULEB128; at most {REQUEST_TRANSACTIONS_MAX} in {REQUEST_BYTES_MAX} bytes."),
        "requestBody": { "required": true, "content": {
            "application/octet-stream": { "schema": { "type": "string", "contentEncoding": "binary" } },
        } },
        "responses": answers(&[("200", answer("One answer for each transaction, in order.", reply))]),
    })
}

fn call_item(module: &Module, call: &CallSpec, generator: &mut SchemaGenerator) -> Value {
    let payload = (call.schema)(generator).to_value();
    let outcome = (call.outcome_schema)(generator).to_value();
    let text = description(generator, &payload);
    let request = narrowed(schema::<message::CallRequest>(generator), "payload", payload);
    let prepared = schema::<message::Prepared>(generator);
    let submitted = schema::<message::Submitted>(generator);
    json!({
        "operationId": format!("{}_{}", module.name, call.name),
        "tags": [module.name],
        "summary": first_sentence(&text),
        "description": format!("{text}\n\nWho may ask: {}.", roles(call.roles)),
        "x-act": { "module": module.number, "call": call.number, "outcome": outcome },
        "parameters": [parts::shared("wait_ms")],
        "requestBody": { "required": true, "content": content(JSON, request) },
        "responses": answers(&[
            ("200", answer("Without signatures: the transaction to sign.", prepared)),
            ("202", answer("With signatures: taken.", submitted)),
        ]),
    })
}

fn query_item(module: &Module, query: &QuerySpec, generator: &mut SchemaGenerator) -> Value {
    let question = (query.schema)(generator).to_value();
    let reply = (query.answer_schema)(generator).to_value();
    let text = description(generator, &question);
    let reply = narrowed(schema::<message::AnswerView>(generator), "answer", reply);
    json!({
        "operationId": format!("{}_query_{}", module.name, query.name),
        "tags": [module.name],
        "summary": first_sentence(&text),
        "description": text,
        "requestBody": { "required": true, "content": content(JSON, question) },
        "responses": answers(&[("200", answer("Answered.", reply))]),
    })
}

fn table_paths(
    paths: &mut Map<String, Value>,
    module: &Module,
    table: &'static TableSpec,
    generator: &mut SchemaGenerator,
) {
    let record = (table.schema)(generator).to_value();
    let text = description(generator, &record);
    let row = narrowed(schema::<message::RowView>(generator), "record", record);
    let page = narrowed(schema::<message::Page>(generator), "rows", json!({ "items": row }));
    let path = format!("/v1/{}/{}", module.name, table.name);
    let item = |id: String, summary: String, parameters: Vec<Value>, reply: Value| {
        json!({
            "operationId": id,
            "tags": [module.name],
            "summary": summary,
            "description": text,
            "parameters": parameters,
            "responses": answers(&[("200", answer("Found.", reply))]),
        })
    };
    let operation = format!("{}_{}", module.name, table.name);
    let records = table.name.replace('_', " ");
    let summary = format!("Lists {records}, a page at a time.");
    let list = item(format!("{operation}_list"), summary, list_parameters(table), page);
    add(paths, &path, "get", list);

    let summary = format!("One of the {records}, by its id.");
    let one = item(format!("{operation}_get"), summary, vec![parts::shared("record_id")], row);
    add(paths, &format!("{path}/{{id}}"), "get", one);
    let proof = schema::<message::ProofView>(generator);
    let summary = format!("Proof of what one of the {records} is, or that there is none.");
    let proof = item(format!("{operation}_proof"), summary, vec![parts::shared("record_id")], proof);
    add(paths, &format!("{path}/{{id}}/proof"), "get", proof);
}

/// What a type's own comment says, found behind its reference.
pub fn description(generator: &SchemaGenerator, schema: &Value) -> String {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    let resolved = name.and_then(|name| generator.definitions().get(name)).unwrap_or(schema);
    resolved.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn first_sentence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.split_once(". ").map_or_else(|| line.to_owned(), |(first, _)| format!("{first}."))
}

/// Who may ask, in words.
pub fn roles(roles: &[Role]) -> String {
    let one = |role: &Role| {
        let entity = role.entity.map_or_else(|| "any enterprise".to_owned(), |entity| format!("{entity:?}"));
        let functions: Vec<String> = role.functions.iter().map(|function| format!("{function:?}")).collect();
        if functions.is_empty() { entity } else { format!("{entity} by its {}", functions.join(" and ")) }
    };
    match roles {
        [] => "nobody".to_owned(),
        roles => roles.iter().map(one).collect::<Vec<_>>().join("; or "),
    }
}
