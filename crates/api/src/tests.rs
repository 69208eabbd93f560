//! The contract as committed, and the laws that every module's declarations keep.

use crate::{
    backend::EventCursor,
    list::{COMMON_COLUMNS, ListRequest, Operand, PARAMETERS, Place},
    message::CallRequest,
    openapi::{self, RESERVED},
    prepare,
    problem::{self, Problem},
    reference,
};
use ledger::{core::Module, modules};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::Path};
use types::{Digest, List, Timestamp, rejection::tech, transaction::PublicKey};

/// Compares with the committed file; `UPDATE_EXPECT=1` writes it.
fn committed(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let line = found.lines().zip(text.lines()).position(|(old, new)| old != new);
    assert!(found == text, "{} is stale from line {line:?}: run with UPDATE_EXPECT=1", path.display());
}

#[test]
fn generated_files_are_as_committed() {
    committed("openapi/openapi.json", &openapi::openapi_text());
    committed("docs/reference/errors.md", &reference::errors());
    committed("docs/reference/operations.md", &reference::operations());
}

fn plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[test]
fn names_fit_paths_and_tables() {
    for module in modules() {
        assert!(plain(module.name), "{}", module.name);
        assert!(!RESERVED.contains(&module.name), "{} is a path of the chain", module.name);
        let calls = module.calls.iter().map(|call| call.name);
        let queries = module.queries.iter().map(|query| query.name);
        let tables = module.tables.iter().map(|table| table.name);
        for name in calls.chain(queries).chain(tables) {
            assert!(plain(name), "{}.{name} is lower case", module.name);
            assert!(name != "queries", "{}.queries is where its queries are", module.name);
        }
        for table in module.tables {
            for column in table.columns {
                let common = COMMON_COLUMNS.iter().any(|(name, _)| *name == column.name);
                assert!(plain(column.name), "{}.{}.{}", module.name, table.name, column.name);
                assert!(!common, "{} has its own {}", table.name, column.name);
                assert!(!PARAMETERS.contains(&column.name), "{} is a parameter of lists", column.name);
            }
        }
    }
}

fn once<T: Ord + std::fmt::Debug>(what: &str, items: impl Iterator<Item = T>) {
    let mut seen = BTreeSet::new();
    for item in items {
        let text = format!("{item:?}");
        assert!(seen.insert(item), "{what}: {text} is given twice");
    }
}

#[test]
fn numbers_and_names_are_given_once() {
    once("modules", modules().iter().map(|module| module.number));
    once("modules", modules().iter().map(|module| module.name));
    for module in modules() {
        once(module.name, module.calls.iter().map(|call| call.number));
        once(module.name, module.calls.iter().map(|call| call.name));
        once(module.name, module.queries.iter().map(|query| query.name));
        once(module.name, module.tables.iter().map(|table| table.number));
        once(module.name, module.tables.iter().map(|table| table.name));
        once(module.name, module.events.iter().map(|event| event.number));
        once(module.name, module.events.iter().map(|event| event.name));
    }
    once("codes", problem::catalogue().iter().map(|spec| spec.code));
    once("codes", problem::catalogue().iter().map(|spec| spec.name));
}

#[test]
fn the_document_refers_only_to_what_it_holds() {
    fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    found.push(reference);
                }
                fields.values().for_each(|inner| walk(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| walk(inner, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
        }
    }
    let document = openapi::openapi();
    let mut references = Vec::new();
    walk(&document, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("references stay in the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    once("operations", operations.map(|operation| operation["operationId"].as_str().unwrap().to_owned()));
}

#[test]
fn no_two_types_share_a_name() {
    let document = openapi::openapi();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        // The generator puts a number behind a name that is taken: clients' type names would depend on the order.
        let plain = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let taken = plain != name && schemas.contains_key(plain);
        assert!(!taken, "two types are called {plain}: give one `#[schemars(rename = ..)]`");
    }
}

#[test]
fn every_operation_has_a_path() {
    let document = openapi::openapi();
    for module in modules() {
        for call in module.calls {
            let pointer = format!("/paths/~1v1~1{}~1{}/post", module.name, call.name);
            assert!(document.pointer(&pointer).is_some(), "{pointer}");
        }
        for table in module.tables {
            let pointer = format!("/paths/~1v1~1{}~1{}/get", module.name, table.name);
            assert!(document.pointer(&pointer).is_some(), "{pointer}");
        }
    }
}

#[test]
fn a_problem_names_code_status_and_facts() {
    let problem = Problem::from(&tech::nonce(4, 9));
    expect_test::expect![[r#"
        {
          "type": "urn:tributary:error:E_NONCE",
          "title": "the sender's next nonce is {expected}, the transaction has {found}",
          "status": 409,
          "detail": "the sender's next nonce is 4, the transaction has 9",
          "code": "E_NONCE",
          "number": 6,
          "fields": {
            "expected": "4",
            "found": "9"
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&problem).unwrap());
}

#[test]
fn every_row_of_the_handling_table_is_for_a_declared_code() {
    let declared: BTreeSet<u16> = problem::catalogue().iter().map(|spec| spec.code).collect();
    for code in 0..100 {
        let handled = problem::handling(code).status != 422;
        assert!(!handled || declared.contains(&code), "code {code} is handled but not declared");
    }
}

#[test]
fn a_full_pool_says_when_to_come_back() {
    let full = Problem::from(&tech::pool_full(1_500));
    assert_eq!((full.code.as_str(), full.status, full.retry_ms()), ("E_POOL_FULL", 429, Some(1_500)));
    let taken = Problem::from(&tech::idempotency_conflict(3, "another"));
    assert_eq!((taken.code.as_str(), taken.status, taken.retry_ms()), ("E_IDEMPOTENCY_CONFLICT", 409, None));
}

fn key(seed: u8) -> PublicKey {
    PublicKey { suite: types::Suite::ED25519, bytes: types::Bytes::new([seed; 32]).unwrap() }
}

fn first_act() -> (&'static Module, String, Value) {
    let module = modules().iter().find(|module| module.name == "clock").unwrap();
    (module, "clock.advance".to_owned(), json!({ "to": "2026-08-27T01:00:00.000Z" }))
}

#[test]
fn fields_become_the_transaction_that_its_signers_see() {
    let (_, name, payload) = first_act();
    let request = CallRequest {
        payload: payload.clone(),
        signers: List::new(vec![key(1), key(2)]).unwrap(),
        nonce: None,
        valid_until: None,
        signatures: None,
    };
    let (several, signatures) = prepare::single(&name, request).unwrap();
    assert!(signatures.is_none());
    let defaults = prepare::Defaults { chain: Digest::of(&[b"chain"]), nonce: 7, time: Timestamp(1_000_000) };
    let body = prepare::body(several, defaults).unwrap();
    let prepared = prepare::prepared(body.clone()).unwrap();
    assert_eq!(prepared.hash, body.hash());
    assert_eq!(types::wire::decode::<types::transaction::Body>(&prepared.bytes).unwrap(), body);
    assert_eq!((prepared.acts[0].act.as_str(), &prepared.acts[0].fields["to"]), (name.as_str(), &payload["to"]));
    assert_eq!((body.nonce, body.valid_until), (7, Timestamp(1_000_000 + 3_600_000)));
}

#[test]
fn an_act_that_nobody_knows_is_refused_by_name() {
    assert_eq!(prepare::act("clock.rewind", json!({})).unwrap_err(), tech::unknown_act("clock", "rewind"));
    assert_eq!(prepare::act("nothing", json!({})).unwrap_err(), tech::unknown_act("", "nothing"));
    assert_eq!(prepare::act("clock.advance", json!({ "to": 5 })).unwrap_err().code, 1);
}

fn a_list() -> ListRequest {
    let tables = || modules().iter().flat_map(|module| module.tables.iter().map(move |table| (*module, table)));
    let (module, table) = tables().next().expect("some module has a table");
    ListRequest::new(module, table)
}

fn parsed(parameters: &[(&str, &str)]) -> Result<ListRequest, types::Rejection> {
    let list = a_list();
    let owned: Vec<(String, String)> = parameters.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    ListRequest::parse(list.module, list.table, &owned)
}

#[test]
fn a_list_takes_its_columns_and_nothing_else() {
    let request = parsed(&[("height.gte", "5"), ("sort", "-id"), ("limit", "7")]).unwrap();
    assert_eq!(
        (request.filters.len(), request.sort.column, request.sort.descending, request.limit),
        (1, "id", true, 7)
    );
    let code = |parameters: &[(&str, &str)]| parsed(parameters).err().map(|rejection| rejection.code);
    assert_eq!(code(&[("record", "x")]), Some(63), "E_UNKNOWN_PARAMETER");
    assert_eq!(code(&[("id; DROP TABLE x", "x")]), Some(63), "E_UNKNOWN_PARAMETER");
    assert_eq!(code(&[("height.like", "5")]), Some(63), "E_UNKNOWN_PARAMETER");
    assert_eq!(code(&[("height", "five")]), Some(64), "E_PARAMETER");
    assert_eq!(code(&[("limit", "0")]), Some(64), "E_PARAMETER");
    assert_eq!(code(&[("limit", "501")]), Some(64), "E_PARAMETER");
    assert_eq!(code(&[("party", "acme")]), Some(64), "E_PARAMETER");
    assert_eq!(code(&[("id", &"x".repeat(2_000))]), Some(64), "E_PARAMETER");
    assert_eq!(code(&[("height", "1"); 17]), Some(64), "E_PARAMETER");
}

#[test]
fn a_cursor_belongs_to_its_question() {
    let place = Place { value: Some(Operand::Integer(3)), number: 7 };
    let cursor = a_list().cursor(place.clone());
    assert_eq!(parsed(&[("cursor", &cursor), ("limit", "2")]).unwrap().after, Some(place));
    let code = |parameters: &[(&str, &str)]| parsed(parameters).err().map(|rejection| rejection.code);
    assert_eq!(code(&[("cursor", &cursor), ("sort", "id")]), Some(65), "E_CURSOR");
    assert_eq!(code(&[("cursor", &cursor), ("height", "1")]), Some(65), "E_CURSOR");
    assert_eq!(code(&[("cursor", "zz")]), Some(65), "E_CURSOR");
    assert_eq!(code(&[("cursor", &cursor[2..])]), Some(65), "E_CURSOR");
}

#[test]
fn an_event_cursor_reads_back_and_refuses_the_rest() {
    let cursor = EventCursor { height: 12, position: 3 };
    assert_eq!(cursor.to_string().parse::<EventCursor>().unwrap(), cursor);
    for bad in ["", "12", "12.x", "-1.0", "1.-1", "99999999999999999999.0", "9999999999999999999.0"] {
        assert_eq!(bad.parse::<EventCursor>().unwrap_err().code, 65, "E_CURSOR for {bad}");
    }
}
