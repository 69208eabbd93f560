//! The parts of which the document is put together, and those that many operations share.

use super::JSON;
use crate::list::{COMMON_COLUMNS, Comparison, columns};
use ledger::core::{ColumnKind, TableSpec};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};
use types::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, REQUEST_WAIT_MS_MAX};

const PROBLEM: &str = "application/problem+json";

pub(super) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

pub(super) fn content(media: &str, schema: Value) -> Value {
    json!({ media: { "schema": schema } })
}

pub(super) fn answer(text: &str, schema: Value) -> Value {
    json!({ "description": text, "content": content(JSON, schema) })
}

/// The answers of an operation: its own, and what every operation may say instead.
pub(super) fn answers(own: &[(&str, Value)]) -> Value {
    let mut all: Map<String, Value> =
        own.iter().map(|(status, answer)| ((*status).to_owned(), answer.clone())).collect();
    all.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Refused" }));
    Value::Object(all)
}

pub(super) fn parameter(place: &str, name: &str, text: &str, schema: Value) -> Value {
    json!({ "name": name, "in": place, "required": place == "path", "description": text, "schema": schema })
}

/// A type with one of its fields said more exactly.
pub(super) fn narrowed(whole: Value, field: &str, exact: Value) -> Value {
    json!({ "allOf": [whole, { "type": "object", "properties": { field: exact } }] })
}

/// What every operation may say instead of its own answer.
pub(super) fn refused() -> Value {
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    json!({ "description": "Refused: see `code`.", "content": content(PROBLEM, problem) })
}

/// A parameter that stands once in the document.
pub(super) fn shared(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

fn text() -> Value {
    json!({ "type": "string" })
}

/// The parameters that many operations have, by the names under which they are shared.
pub(super) fn parameters() -> Value {
    let wait = "Wait this long for the transaction to be final, in milliseconds.";
    let wait_ms = json!({ "type": "integer", "minimum": 0, "maximum": REQUEST_WAIT_MS_MAX });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": PAGE_ROWS_MAX, "default": PAGE_ROWS_DEFAULT });
    let height = json!({ "type": "integer", "minimum": 0 });
    let mut all = Map::new();
    let mut share = |name: &str, parameter: Value| all.insert(name.to_owned(), parameter);
    share("wait_ms", parameter("query", "wait_ms", wait, wait_ms));
    share("record_id", parameter("path", "id", "The record's id; a `/` in it is written `%2F`.", text()));
    share("limit", parameter("query", "limit", "Rows on the page.", limit));
    share("cursor", parameter("query", "cursor", "The `cursor` of the page before.", text()));
    share("party", parameter("query", "party", "Only rows that this enterprise may see.", text()));
    share("min_height", parameter("query", "min_height", "Answer once the list holds this block.", height));
    for (name, kind) in COMMON_COLUMNS {
        for (named, parameter) in comparisons(name, *kind) {
            share(&named, parameter);
        }
    }
    Value::Object(all)
}

pub(super) fn list_parameters(table: &'static TableSpec) -> Vec<Value> {
    let sorts: Vec<String> = columns(table).flat_map(|(name, _)| [name.to_owned(), format!("-{name}")]).collect();
    let order = "The order; `-` in front: descending. When absent: the newest first.";
    let mut all = vec![shared("limit"), shared("cursor")];
    all.push(parameter("query", "sort", order, json!({ "type": "string", "enum": sorts })));
    all.extend([shared("party"), shared("min_height")]);
    for (name, kind) in columns(table) {
        let common = COMMON_COLUMNS.iter().any(|(common, _)| *common == name);
        let parameters = comparisons(name, kind).into_iter();
        all.extend(parameters.map(|(named, own)| if common { shared(&named) } else { own }));
    }
    all
}

/// The filters on one column, by name.
fn comparisons(name: &str, kind: ColumnKind) -> Vec<(String, Value)> {
    let schema = match kind {
        ColumnKind::Text => text(),
        ColumnKind::Integer => json!({ "type": "integer" }),
    };
    let others = Comparison::ALL.iter().map(|(suffix, comparison)| (format!("{name}.{suffix}"), *comparison));
    let all = std::iter::once((name.to_owned(), Comparison::Equal)).chain(others);
    all.map(|(named, comparison)| {
        let filter = parameter("query", &named, compared(comparison), schema.clone());
        (named, filter)
    })
    .collect()
}

fn compared(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "Equal to this.",
        Comparison::NotEqual => "Not equal to this.",
        Comparison::Less => "Less than this.",
        Comparison::LessOrEqual => "At most this.",
        Comparison::Greater => "Greater than this.",
        Comparison::GreaterOrEqual => "At least this.",
    }
}
