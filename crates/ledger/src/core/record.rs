//! Records: what a module keeps, by id, and what a list of them may be filtered and sorted on.

use crate::core::{
    EnterpriseId,
    call::{json, to_json},
};
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;
use std::sync::Arc;
use types::{Amount, Date, Decoded, Key, Miss, Rejection, State, Timestamp, Wire, wire};

/// Module, table, and an id of 32 bytes.
const USUAL_KEY_BYTES: usize = 34;

/// A record of a table. Only its own module reads and writes it. It must be read as it was written, for a run may keep
/// what was written in place of what would be read: debug builds compare the two.
pub trait Record: Wire + Clone + PartialEq + Send + Sync + 'static {
    /// What the record is found by.
    type Id: Wire;
    /// The module's number.
    const MODULE: u8;
    /// The table's number in the module: never reused.
    const TABLE: u8;
    /// The table's name in lists: `lots`.
    const NAME: &'static str;
    /// What lists filter and sort on, in the order of `cells`.
    const COLUMNS: &'static [Column] = &[];

    /// The record's values for its columns.
    fn cells(&self) -> Vec<Cell> {
        Vec::new()
    }

    /// The enterprises that may see the record.
    fn parties(&self) -> Vec<EnterpriseId> {
        Vec::new()
    }

    fn key(id: &Self::Id) -> Key {
        let mut key = Vec::with_capacity(USUAL_KEY_BYTES);
        Self::write_key(&mut key, id);
        key
    }

    fn write_key(key: &mut Key, id: &Self::Id) {
        key.extend([Self::MODULE, Self::TABLE]);
        wire::encode_into(key, id);
    }

    /// The record, to be changed.
    fn load(state: &mut dyn State, id: &Self::Id) -> Result<Option<Self>, Miss> {
        Ok(Self::read(state, id)?.map(Arc::unwrap_or_clone))
    }

    /// The record, to be looked at: decoded once, however many look.
    fn read(state: &mut dyn State, id: &Self::Id) -> Result<Option<Arc<Self>>, Miss> {
        let decode = |value: &[u8]| -> Decoded {
            Arc::new(wire::decode::<Self>(value).expect("state holds only what `store` encoded"))
        };
        let decoded = wire::drafted(|key| {
            Self::write_key(key, id);
            state.get_decoded(key, decode)
        });
        Ok(decoded?.map(|record| record.downcast().expect("a key is that of one table's record")))
    }

    fn store(&self, state: &mut dyn State, id: &Self::Id) {
        let value = wire::encode_exactly(self);
        let reads_back = || wire::decode::<Self>(&value).is_ok_and(|same| same == *self);
        debug_assert!(reads_back(), "{} are read as they were written", Self::NAME);
        state.put_decoded(Self::key(id), value, Arc::new(self.clone()));
    }

    fn remove(state: &mut dyn State, id: &Self::Id) {
        state.put(Self::key(id), None);
    }
}

/// Asks for records that will surely be read: those that are not in memory are loaded together, not one by one.
pub fn look_ahead(state: &mut dyn State, keys: impl IntoIterator<Item = Key>) -> Result<(), Miss> {
    let mut first = None;
    for key in keys {
        if let Err(miss) = state.get(&key) {
            first.get_or_insert(miss);
        }
    }
    match first {
        Some(miss) => Err(miss),
        None => Ok(()),
    }
}

/// A column that lists filter and sort on.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: ColumnKind,
}

/// How a column compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnKind {
    Text,
    Integer,
}

impl Column {
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Text }
    }

    pub const fn integer(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Integer }
    }
}

/// A column's value in one record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    Null,
    Text(String),
    Integer(i64),
}

impl Cell {
    /// The value as people and JSON write it: ids, dates, statuses.
    pub fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    /// A status or another enum without fields: its variant's name.
    pub fn variant<T: Wire>(value: &T) -> Self {
        match json(value) {
            Value::String(name) => Self::Text(name),
            Value::Object(fields) => fields.keys().next().map_or(Self::Null, |name| Self::Text(name.clone())),
            _ => Self::Null,
        }
    }

    /// Minor units; amounts of one column are compared in one currency only.
    pub fn amount(amount: Amount) -> Self {
        Self::integer(amount.minor)
    }

    pub fn date(date: Date) -> Self {
        Self::text(date)
    }

    pub fn time(time: Timestamp) -> Self {
        Self::text(time)
    }

    pub fn integer(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Null, Self::Integer)
    }

    pub fn optional<T>(value: Option<T>, cell: impl Fn(T) -> Self) -> Self {
        value.map_or(Self::Null, cell)
    }
}

/// What the read model finds a record by.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// The id as JSON writes it; composite ids are joined with `/`.
    pub id: String,
    pub cells: Vec<Cell>,
    pub parties: Vec<EnterpriseId>,
}

/// A table that is mirrored into the read model.
#[derive(Clone, Copy)]
pub struct TableSpec {
    pub number: u8,
    pub name: &'static str,
    pub columns: &'static [Column],
    /// A row from the key's tail (after module and table) and the value.
    pub row: fn(&[u8], &[u8]) -> Result<Row, Rejection>,
    /// The record as JSON, from its value.
    pub to_json: fn(&[u8]) -> Result<Value, Rejection>,
    /// The id alone, for a deleted record.
    pub id: fn(&[u8]) -> Result<String, Rejection>,
    /// The whole key of the record with this id.
    pub key: fn(&str) -> Result<Key, Rejection>,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl TableSpec {
    pub const fn new<R: Record>() -> Self {
        Self {
            number: R::TABLE,
            name: R::NAME,
            columns: R::COLUMNS,
            row: |tail, value| {
                let record: R = wire::decode(value)?;
                let cells = record.cells();
                assert!(cells.len() == R::COLUMNS.len(), "a record has one cell for each of its table's columns");
                Ok(Row { id: id_text::<R>(tail)?, cells, parties: record.parties() })
            },
            to_json: to_json::<R>,
            id: id_text::<R>,
            key: |text| Ok(R::key(&id_of::<R>(text)?)),
            schema: |generator| generator.subschema_for::<R>(),
        }
    }
}

/// The id that `id_text` wrote: a text or a number, or several of them.
fn id_of<R: Record>(text: &str) -> Result<R::Id, Rejection> {
    let plain = |part: &str| Value::String(part.to_owned());
    let number = |part: &str| part.parse::<u64>().map_or_else(|_| plain(part), Value::from);
    let parts = |value: &dyn Fn(&str) -> Value| Value::Array(text.split('/').map(value).collect());
    let others = [number(text), parts(&plain), parts(&number)];
    wire::decode_json(plain(text))
        .or_else(|refused| others.into_iter().find_map(|id| wire::decode_json(id).ok()).ok_or(refused))
}

fn id_text<R: Record>(tail: &[u8]) -> Result<String, Rejection> {
    fn plain(value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts.iter().map(plain).collect::<Vec<_>>().join("/"),
            other => other.to_string(),
        }
    }
    Ok(plain(&json(&wire::decode::<R::Id>(tail)?)))
}
