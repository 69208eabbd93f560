//! The reference pages, made from the operation table.

use crate::{
    openapi::{generator, roles},
    problem::{catalogue, handling},
};
use ledger::{
    core::{ColumnKind, Module},
    modules,
};
use serde_json::Value;
use std::fmt::Write;

/// `docs/reference/errors.md`.
pub fn errors() -> String {
    let mut page = String::from(
        "# Errors\n\n<!-- Generated from the rejections that the code declares: edit those. -->\n\n\
         Every refusal carries a stable name and number; programs match on the name.\n\
         `{field}` stands for a fact of the case, which the answer gives in `fields`.\n\
         A status of 422 means that the business said no: nothing was changed.\n\n\
         | code | number | status | what it says | what to do |\n|---|---|---|---|---|\n",
    );
    for spec in catalogue() {
        let handling = handling(spec.code);
        let (name, code) = (spec.name, spec.code);
        line(
            &mut page,
            &format!("| `{name}` | {code} | {} | {} | {} |", handling.status, cell(spec.text), handling.action),
        );
    }
    page
}

/// `docs/reference/operations.md`.
pub fn operations() -> String {
    let mut page = String::from(
        "# Operations\n\n<!-- Generated from the operation table: edit the modules. -->\n\n\
         Acts change state: `POST /v1/MODULE/ACT`, or `tributary MODULE ACT`.\n\
         Queries ask about committed state: `POST /v1/MODULE/queries/QUERY`.\n\
         Tables are lists: `GET /v1/MODULE/TABLE`.\n\
         Events are told by `GET /v1/events`.\n",
    );
    for module in modules() {
        module_page(&mut page, module);
    }
    page
}

fn module_page(page: &mut String, module: &Module) {
    line(page, &format!("\n## {}\n\n{}", module.name, module.about));
    for call in module.calls {
        let (text, fields) = fields(call.schema);
        line(page, &format!("\n### act `{}.{}`\n\n{text}", module.name, call.name));
        line(page, &format!("\nWho may ask: {}.", roles(call.roles)));
        page.push_str(&fields);
        let (text, fields) = self::fields(call.outcome_schema);
        if !fields.is_empty() {
            line(page, &format!("\nIt yields: {text}"));
            page.push_str(&fields);
        }
    }
    for query in module.queries {
        let (text, fields) = fields(query.schema);
        line(page, &format!("\n### query `{}.{}`\n\n{text}", module.name, query.name));
        page.push_str(&fields);
        let (text, fields) = self::fields(query.answer_schema);
        if !fields.is_empty() {
            line(page, &format!("\nThe answer: {text}"));
            page.push_str(&fields);
        }
    }
    for table in module.tables {
        let (text, fields) = fields(table.schema);
        line(page, &format!("\n### table `{}.{}`\n\n{text}", module.name, table.name));
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| match column.kind {
                ColumnKind::Text => format!("`{}`", column.name),
                ColumnKind::Integer => format!("`{}` (a number)", column.name),
            })
            .collect();
        if !columns.is_empty() {
            line(page, &format!("\nFilter and sort on: {}.", columns.join(", ")));
        }
        page.push_str(&fields);
    }
    for event in module.events {
        let (text, fields) = fields(event.schema);
        line(page, &format!("\n### event `{}.{}`\n\n{text}", module.name, event.name));
        page.push_str(&fields);
    }
}

/// A type's own comment, and a table of its fields.
fn fields(schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema) -> (String, String) {
    let mut generator = generator();
    let reference = schema(&mut generator).to_value();
    let resolved = resolve(&generator, &reference);
    let text = resolved.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(properties) = resolved.get("properties").and_then(Value::as_object) else {
        return (text, String::new());
    };
    let required: Vec<&str> =
        resolved.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut table = String::from("\n| field | type | |\n|---|---|---|\n");
    for (name, property) in properties {
        let own = property.get("description").and_then(Value::as_str);
        let of_type = resolve(&generator, property);
        let text = own.or_else(|| of_type.get("description").and_then(Value::as_str)).unwrap_or_default();
        let optional = if required.contains(&name.as_str()) { "" } else { ", may be absent" };
        line(&mut table, &format!("| `{name}` | {}{optional} | {} |", type_text(property), cell(text)));
    }
    (text, table)
}

fn resolve<'a>(generator: &'a schemars::SchemaGenerator, schema: &'a Value) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    name.and_then(|name| generator.definitions().get(name)).unwrap_or(schema)
}

/// A property's type in a word or two.
fn type_text(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        return name.to_owned();
    }
    if let Some(options) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
        let all: Vec<String> = options.iter().map(type_text).collect();
        return all.join(" or ");
    }
    if let Some(items) = schema.get("items") {
        return format!("list of {}", type_text(items));
    }
    match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => schema.get("const").map_or_else(|| "any".to_owned(), Value::to_string),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("writing to a string cannot fail");
}
