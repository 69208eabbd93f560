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
use std::{collections::BTreeSet, fmt::Write};

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
    types_page(&mut page);
    page
}

/// The types that fields have, as far as they are not acts, answers, records or events themselves.
fn types_page(page: &mut String) {
    let mut generator = generator();
    let mut told = BTreeSet::new();
    for module in modules() {
        let calls = module.calls.iter().flat_map(|call| [call.schema, call.outcome_schema]);
        let queries = module.queries.iter().flat_map(|query| [query.schema, query.answer_schema]);
        let tables = module.tables.iter().map(|table| table.schema);
        let events = module.events.iter().map(|event| event.schema);
        for schema in calls.chain(queries).chain(tables).chain(events) {
            let root = schema(&mut generator).to_value();
            let has_fields = resolve(&generator, &root).get("properties").is_some();
            told.extend(name_of(&root).filter(|_| has_fields).map(str::to_owned));
        }
    }
    line(page, "\n## Types\n\nWhat the fields above are made of.");
    for (name, schema) in generator.definitions() {
        if told.contains(name) {
            continue;
        }
        let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        line(page, &format!("\n### type `{name}`"));
        if !text.is_empty() {
            line(page, &format!("\n{text}"));
        }
        page.push_str(&field_table(&generator, schema));
        page.push_str(&variants(schema));
    }
}

/// What a type that has no fields may be.
fn variants(schema: &Value) -> String {
    let options = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    if let Some(options) = options {
        let mut table = String::from("\n| one of | |\n|---|---|\n");
        for option in options {
            let text = option.get("description").and_then(Value::as_str).unwrap_or_default();
            line(&mut table, &format!("| {} | {} |", variant(option), cell(text)));
        }
        return table;
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        return format!("\nOne of {}.\n", values.join(", "));
    }
    match (schema.get("pattern").and_then(Value::as_str), schema.get("properties")) {
        (_, Some(_)) => String::new(),
        (Some(pattern), None) => format!("\nText that matches `{pattern}`.\n"),
        (None, None) => format!("\nIn JSON: {}.\n", type_text(schema)),
    }
}

/// One way in which a value is written: its name, or an object with its name and what belongs to it.
fn variant(option: &Value) -> String {
    match option.get("properties").and_then(Value::as_object) {
        Some(properties) => {
            let shown =
                properties.iter().map(|(name, inner)| match inner.get("properties").and_then(Value::as_object) {
                    Some(fields) => {
                        let fields: Vec<String> =
                            fields.iter().map(|(name, field)| format!("`{name}`: {}", type_text(field))).collect();
                        format!("`{name}` with {}", fields.join(", "))
                    }
                    None => format!("`{name}` with {}", type_text(inner)),
                });
            shown.collect::<Vec<_>>().join("; ")
        }
        None => match option.get("enum").and_then(Value::as_array) {
            Some(values) => values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "),
            None => option.get("const").map_or_else(|| type_text(option), |value| format!("`{value}`")),
        },
    }
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
    (text, field_table(&generator, resolved))
}

/// A table of an object's fields; nothing where there are none.
fn field_table(generator: &schemars::SchemaGenerator, schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return String::new();
    };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut table = String::from("\n| field | type | |\n|---|---|---|\n");
    for (name, property) in properties {
        let own = property.get("description").and_then(Value::as_str);
        let of_type = resolve(generator, property);
        let text = own.or_else(|| of_type.get("description").and_then(Value::as_str)).unwrap_or_default();
        let optional = if required.contains(&name.as_str()) { "" } else { ", may be absent" };
        line(&mut table, &format!("| `{name}` | {}{optional} | {} |", type_text(property), cell(text)));
    }
    table
}

fn resolve<'a>(generator: &'a schemars::SchemaGenerator, schema: &'a Value) -> &'a Value {
    name_of(schema).and_then(|name| generator.definitions().get(name)).unwrap_or(schema)
}

/// The name of the type that a schema refers to.
fn name_of(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next())
}

/// A property's type in a word or two.
fn type_text(schema: &Value) -> String {
    if let Some(name) = name_of(schema) {
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
