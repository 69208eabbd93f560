//! Records, answers and events as people read them: names instead of ids, times without their machine's form, fields in
//! the order in which their type declares them. Programs get JSON and never come here.

use super::names::{Names, short_id};
use api::message::EventView;
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use types::Timestamp;

/// Deeper than this a value is told in one line.
const ROWS_DEPTH_MAX: usize = 3;
/// Entries of a list that one cell tells.
const CELL_ENTRIES_MAX: usize = 3;
/// Columns that stand in the record under another name than the list's.
const OTHER_NAMES: &[(&str, &str)] = &[("match", "outcome")];
/// Currencies stand beside their amounts.
const UNSHOWN: &str = "currency";

/// The columns of a list that people read, in their order; the record's id, which is what one copies, comes last.
pub fn columns(all: &[&'static str]) -> Vec<&'static str> {
    all.iter().copied().filter(|column| *column != UNSHOWN).collect()
}

/// A column of a record in a few characters.
pub fn cell(names: &Names, record: &Value, column: &str) -> String {
    let wanted = OTHER_NAMES.iter().find(|(of, _)| *of == column).map_or(column, |(_, name)| name);
    let found = named(record, wanted).or_else(|| named(record, wanted.strip_suffix("_minor")?));
    found.map(|value| brief(names, value)).unwrap_or_default()
}

/// The field of this name: of the record itself, or else of the first of its parts that has one.
fn named<'a>(record: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = record.as_object()?;
    fields.get(name).or_else(|| fields.values().find_map(|inner| named(inner, name)))
}

/// A value in a few characters: an enterprise by its name, a status without what it carries.
fn brief(names: &Names, value: &Value) -> String {
    match value {
        Value::String(text) => match names.short(text) {
            Some(name) => name.to_owned(),
            None if is_id(text) => short_id(text),
            None => plain(text),
        },
        Value::Object(fields) => match (fields.get("enterprise"), fields.get("name"), fields.len()) {
            (Some(Value::String(id)), ..) => brief(names, &Value::String(id.clone())),
            (_, Some(name), _) => brief(names, name),
            (None, None, 1) => fields.keys().next().cloned().unwrap_or_default(),
            (None, None, _) | (Some(_), None, _) => line(names, value),
        },
        Value::Array(entries) if entries.len() > CELL_ENTRIES_MAX => format!("{} entries", entries.len()),
        Value::Array(entries) => entries.iter().map(|entry| brief(names, entry)).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A record or an answer as rows of field and value; a field within a field has both names.
pub fn rows(names: &Names, value: &Value, schema: fn(&mut SchemaGenerator) -> Schema) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    add_rows(names, value, &Order::of(schema), String::new(), &mut rows);
    rows
}

fn add_rows(names: &Names, value: &Value, order: &Order, path: String, rows: &mut Vec<(String, String)>) {
    let depth = path.matches('.').count() + usize::from(!path.is_empty());
    match value.as_object().filter(|fields| !fields.is_empty() && depth < ROWS_DEPTH_MAX) {
        Some(fields) => {
            for (name, field) in order.sorted(fields) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                add_rows(names, field, &order.of_field(name), path, rows);
            }
        }
        None => rows.push((path, whole(names, value))),
    }
}

/// A value in full: an enterprise with its name and id, each entry of a list on a line of its own.
fn whole(names: &Names, value: &Value) -> String {
    match value {
        Value::String(text) => match names.whole(text) {
            Some(name) => format!("{name} ({text})"),
            None => plain(text),
        },
        Value::Array(entries) if entries.is_empty() => "none".to_owned(),
        Value::Array(entries) => entries.iter().map(|entry| line(names, entry)).collect::<Vec<_>>().join("\n"),
        Value::Object(_) => line(names, value),
        Value::Null => "none".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Tells events, each in one line; the order of an event's fields is looked up once.
#[derive(Default)]
pub struct Events {
    names: Names,
    orders: BTreeMap<(String, String), Order>,
}

impl Events {
    pub fn new(names: Names) -> Self {
        Self { names, orders: BTreeMap::new() }
    }

    /// What happened and to what; enterprises by their names, ids whole, so that they can be asked for.
    pub fn tell(&mut self, event: &EventView) -> String {
        let name = (event.module.clone(), event.event.clone());
        let order = self.orders.entry(name).or_insert_with(|| declared(event));
        let told = match event.fields.as_object() {
            Some(fields) => order.sorted(fields).into_iter().filter(|(_, value)| !value.is_null()).collect(),
            None => Vec::new(),
        };
        let told = told.into_iter().map(|(name, value)| format!("{name}: {}", line(&self.names, value)));
        let told = told.collect::<Vec<_>>().join(", ");
        format!("{:>8}  {}.{}  {told}", event.cursor, event.module, event.event)
    }
}

fn declared(event: &EventView) -> Order {
    let module = ledger::modules().iter().find(|module| module.name == event.module);
    let spec = module.and_then(|module| module.events.iter().find(|spec| spec.name == event.event));
    // A node may be newer than this program.
    spec.map_or_else(|| Order(Value::Null), |spec| Order::of(spec.schema))
}

/// Any value in one line. Ids stay whole, so that they can be asked for.
fn line(names: &Names, value: &Value) -> String {
    match value {
        Value::String(text) => names.short(text).map_or_else(|| plain(text), str::to_owned),
        Value::Array(entries) => {
            format!("[{}]", entries.iter().map(|entry| line(names, entry)).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let told = fields.iter().filter(|(_, value)| !value.is_null());
            told.map(|(name, value)| format!("{name} {}", line(names, value))).collect::<Vec<_>>().join(", ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A text; a moment is written as the clock on the wall shows it where the ledger's business days are counted.
fn plain(text: &str) -> String {
    if text.len() != "2026-03-02T01:00:00.000Z".len() || !text.ends_with('Z') {
        return text.to_owned();
    }
    text.parse().map_or_else(|_| text.to_owned(), time)
}

/// A moment as people read it: `2026-03-02 09:00:00 +08`, in Shanghai, whose days are the ledger's.
pub fn time(time: Timestamp) -> String {
    let there = time.plus_hours(8).to_string();
    let (date, clock) = there.split_once('T').expect("a moment has a date and a time");
    format!("{date} {} +08", &clock[..8])
}

/// An id or a digest: nobody reads all of it.
fn is_id(text: &str) -> bool {
    let digits = text.rsplit('_').next().unwrap_or(text);
    let lengths = if digits.len() < text.len() { 32 } else { 64 };
    digits.len() == lengths && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The order in which a type declares its fields. JSON objects have none, but a schema lists what must be there.
struct Order(Value);

impl Order {
    fn of(schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        let mut settings = SchemaSettings::draft2020_12().for_serialize();
        settings.inline_subschemas = true;
        Self(schema(&mut settings.into_generator()).to_value())
    }

    fn of_field(&self, name: &str) -> Self {
        Self(self.0["properties"][name].clone())
    }

    /// The fields in order; those of an alternative too.
    fn sorted<'a>(&self, fields: &'a Map<String, Value>) -> Vec<(&'a String, &'a Value)> {
        let options = ["anyOf", "oneOf"].iter().filter_map(|name| self.0[*name].as_array()).flatten();
        let declared: Vec<&str> = std::iter::once(&self.0)
            .chain(options)
            .filter_map(|schema| schema["required"].as_array())
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let place = |name: &str| declared.iter().position(|declared| *declared == name).unwrap_or(declared.len());
        let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
        sorted.sort_by_key(|(name, _)| place(name));
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::{Events, Names, cell, rows, time};
    use ledger::receivable;
    use serde_json::json;

    #[test]
    fn cells_are_short_and_rows_are_whole() {
        let (lot, other) = (format!("lot_{}", "12ab".repeat(8)), format!("trf_{}", "34cd".repeat(8)));
        let record = json!({ "number": 3, "status": { "OfferedOut": other }, "face": "1.00 CNY", "issued": { "due_on": "2026-08-28" } });
        let names = Names::default();
        assert_eq!(cell(&names, &record, "status"), "OfferedOut");
        assert_eq!(cell(&names, &record, "due_on"), "2026-08-28");
        assert_eq!(cell(&names, &record, "face_minor"), "1.00 CNY");
        assert_eq!(cell(&names, &record, "absent"), "");
        assert_eq!(cell(&names, &json!({ "lot": lot }), "lot"), "lot_12ab12ab…");
        assert_eq!(cell(&names, &json!({ "at": "2026-03-02T01:00:00.000Z" }), "at"), "2026-03-02 09:00:00 +08");
        let spec = receivable::MODULE.tables.iter().find(|table| table.name == "lots").unwrap();
        let shown = rows(&names, &json!({ "status": { "OfferedOut": other }, "certificate": lot }), spec.schema);
        assert_eq!(shown, [("certificate".to_owned(), lot), ("status.OfferedOut".to_owned(), other)]);
        let event = api::message::EventView {
            cursor: "7.0".to_owned(),
            height: 7,
            transaction: None,
            module: "receivable".to_owned(),
            event: "LotSplit".to_owned(),
            parties: vec![],
            fields: json!({ "parts": ["a", "b"], "lot": "x", "reason": null }),
        };
        assert_eq!(Events::default().tell(&event), "     7.0  receivable.LotSplit  lot: x, parts: [a, b]");
        assert_eq!(time(types::Timestamp(0)), "1970-01-01 08:00:00 +08");
    }
}
