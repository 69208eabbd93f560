//! Writes where fuzzing of acts begins: for each act, payloads made from its schema. `scripts/fuzz` runs it.
//!
//! A seed has the form that `fuzz/fuzz_targets/act.rs` reads: the module's place, the call's place, the payload.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use std::{env, fs, path::PathBuf};

/// Seeds of each act: they differ in which variants they choose.
const VARIANTS: usize = 4;

fn main() {
    let folder = PathBuf::from(env::args().nth(1).expect("name the folder to write to"));
    fs::create_dir_all(&folder).expect("the folder can be made");
    for (place, module) in (0u8..).zip(ledger::modules()) {
        for (number, call) in (0u8..).zip(module.calls) {
            let mut settings = SchemaSettings::draft2020_12();
            settings.inline_subschemas = true;
            let schema = (call.schema)(&mut settings.into_generator());
            for variant in 0..VARIANTS {
                let name = format!("{}.{}", module.name, call.name);
                let fields = sample(schema.as_value(), variant);
                // Whether the act's own check takes it does not matter: refusals are fuzzed too.
                let payload = (call.from_json)(fields.clone())
                    .unwrap_or_else(|refused| panic!("{name} does not take {fields}: {refused}"));
                let seed = [&[place, number], &payload[..]].concat();
                fs::write(folder.join(format!("{name}-{variant}")), seed).expect("the seed can be written");
            }
        }
    }
}

/// A value that a schema takes; where it has variants, the one that is told, counted round.
fn sample(schema: &Value, variant: usize) -> Value {
    if let Some(fixed) = schema.get("const") {
        return fixed.clone();
    }
    if let Some(schemas) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return sample(&schemas[variant % schemas.len()], variant);
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[variant % values.len()].clone();
    }
    if let Some(items) = schema["prefixItems"].as_array() {
        return items.iter().map(|item| sample(item, variant)).collect();
    }
    if let Some(properties) = schema["properties"].as_object() {
        let fields = properties.iter().map(|(name, field)| (name.clone(), sample(field, variant)));
        return Value::Object(fields.collect::<Map<_, _>>());
    }
    // What may be absent is so in every other seed.
    let kind = match &schema["type"] {
        Value::Array(kinds) => &kinds[variant % kinds.len()],
        kind => kind,
    };
    match kind.as_str() {
        Some("array") => (0..variant.min(2)).map(|at| sample(&schema["items"], at)).collect(),
        Some("integer") => schema["minimum"].as_u64().unwrap_or(1).max(1).into(),
        Some("boolean") => variant.is_multiple_of(2).into(),
        Some("string") => text(schema).into(),
        _ => Value::Null,
    }
}

/// A text of the pattern that the contract names.
fn text(schema: &Value) -> String {
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    let digits = |count: usize| "5f".repeat(count / 2);
    match (pattern, schema["format"].as_str()) {
        (_, Some("date")) => "2026-03-02".to_owned(),
        (_, Some("date-time")) => "2026-03-02T01:00:00.000Z".to_owned(),
        ("^[0-9a-f]{64}$" | "^([0-9a-f]{2})*$", _) => digits(64),
        ("^[A-Z]{3}$", _) => "CNY".to_owned(),
        (amount, _) if amount.ends_with(" [A-Z]{3}$") => "1000.00 CNY".to_owned(),
        (decimal, _) if decimal.starts_with("^[0-9]+") => "1.5".to_owned(),
        (id, _) if id.ends_with("_[0-9a-f]{32}$") => {
            format!("{}{}", id.trim_start_matches('^').trim_end_matches("[0-9a-f]{32}$"), digits(32))
        }
        _ => "A-1".to_owned(),
    }
}
