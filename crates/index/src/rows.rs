//! What one block did to one table: new rows are inserted, known ones are changed where they differ.
//!
//! Each column of a table stands in an index of its own, and an update rewrites the index of every column that it names,
//! changed or not. So the rows that are known are read first, and an update names only the columns whose value is
//! another. A transfer changes one column of an account, and its parties not at all.

use crate::{
    error::Error,
    schema::{Mirror, placeholders},
    write::{SHAPES, Value, delete, insert, integer, with_values},
};
use api::operations::{Cell, EnterpriseId, Row};
use sqlx::{AssertSqlSafe, Row as _, sqlite::SqliteConnection};
use std::{collections::BTreeMap, sync::Arc};

/// What a block did to one table.
#[derive(Default)]
pub(crate) struct Changes {
    stored: Vec<Stored>,
    removed: Vec<Place>,
}

/// Where a record is: the end of its key in state, and its id as text.
struct Place {
    key: Vec<u8>,
    id: String,
}

/// A row as the block leaves it.
struct Stored {
    key: Vec<u8>,
    row: Row,
    record: Vec<u8>,
}

/// A row as it was.
struct Known {
    number: i64,
    row: Row,
}

impl Changes {
    pub(crate) fn take(&mut self, mirror: &Mirror, key: &[u8], value: Option<&[u8]>) -> Result<(), types::Rejection> {
        let key = key.to_vec();
        match value {
            Some(value) => {
                let row = (mirror.spec.row)(&key, value)?;
                self.stored.push(Stored { key, row, record: value.to_vec() });
            }
            None => {
                let id = (mirror.spec.id)(&key)?;
                self.removed.push(Place { key, id });
            }
        }
        Ok(())
    }

    /// Writes the changes of the block at `height`.
    pub(crate) async fn write(
        self,
        connection: &mut SqliteConnection,
        mirror: &Mirror,
        height: u64,
    ) -> Result<(), Error> {
        let stored = self.stored.iter().map(|stored| (stored.row.id.as_str(), stored.key.as_slice()));
        let removed = self.removed.iter().map(|place| (place.id.as_str(), place.key.as_slice()));
        let mut known = known(connection, mirror, stored.chain(removed).collect(), height).await?;
        let failed = |source| Error::Write { height, source };
        let mut last = last_number(connection, mirror).await.map_err(failed)?;
        let (mut new, mut updates, mut parties) = (Vec::new(), Updates::default(), Parties::default());
        for Stored { row, record, .. } in self.stored {
            match known.remove(&row.id) {
                None => {
                    last += 1;
                    parties.add(&row, last);
                    new.extend([Value::Integer(last), Value::Text(row.id), integer(height), integer(height)]);
                    new.push(Value::Bytes(record));
                    new.extend(row.cells.into_iter().map(cell));
                }
                Some(before) => {
                    if before.row.parties != row.parties {
                        parties.remove(&before);
                        parties.add(&row, before.number);
                    }
                    updates.add(&before, row, record, height);
                }
            }
        }
        let mut removed = Vec::new();
        for Place { id, .. } in self.removed {
            if let Some(before) = known.remove(&id) {
                parties.remove(&before);
                removed.push(Value::Integer(before.number));
            }
        }
        let written = async {
            delete(connection, &mirror.name, "number", removed).await?;
            insert(connection, &mirror.insert, new).await?;
            updates.write(connection, mirror).await?;
            parties.write(connection, mirror).await
        };
        written.await.map_err(failed)
    }
}

/// Who may see which rows, as far as that changes: in pairs of party and the row's number.
#[derive(Default)]
struct Parties {
    added: Vec<Value>,
    removed: Vec<Value>,
}

impl Parties {
    fn add(&mut self, row: &Row, number: i64) {
        self.added.extend(Self::values(row, number));
    }

    fn remove(&mut self, before: &Known) {
        self.removed.extend(Self::values(&before.row, before.number));
    }

    fn values(row: &Row, number: i64) -> impl Iterator<Item = Value> {
        once_each(&row.parties).into_iter().flat_map(move |one| [party(one), Value::Integer(number)])
    }

    async fn write(self, connection: &mut SqliteConnection, mirror: &Mirror) -> Result<(), sqlx::Error> {
        delete(connection, &mirror.parties, "(party, number)", self.removed).await?;
        insert(connection, &mirror.insert_parties, self.added).await
    }
}

/// Rows to change, by which of their own columns change.
#[derive(Default)]
struct Updates(BTreeMap<Vec<usize>, Vec<Value>>);

impl Updates {
    fn add(&mut self, before: &Known, row: Row, record: Vec<u8>, height: u64) {
        let differs = |(place, (new, old)): (usize, (&Cell, &Cell))| (new != old).then_some(place);
        let changed: Vec<usize> = row.cells.iter().zip(&before.row.cells).enumerate().filter_map(differs).collect();
        let cells: Vec<Value> = changed.iter().map(|place| cell(row.cells[*place].clone())).collect();
        let values = self.0.entry(changed).or_default();
        values.extend([Value::Integer(before.number), integer(height), Value::Bytes(record)]);
        values.extend(cells);
    }

    async fn write(self, connection: &mut SqliteConnection, mirror: &Mirror) -> Result<(), sqlx::Error> {
        for (changed, values) in self.0 {
            let own = changed.iter().map(|place| format!("c_{}", mirror.spec.columns[*place].name));
            let columns: Vec<String> = ["height", "record"].map(String::from).into_iter().chain(own).collect();
            let set: Vec<String> =
                columns.iter().zip(2..).map(|(column, place)| format!("{column} = v.column{place}")).collect();
            let head = format!("UPDATE {} SET {} FROM (VALUES ", mirror.name, set.join(", "));
            let tail = format!(") AS v WHERE {}.number = v.column1", mirror.name);
            let width = columns.len() + 1;
            let row = format!("({})", placeholders(width));
            with_values(connection, (&head, &row, &tail), width, values).await?;
        }
        Ok(())
    }
}

/// The highest number of a row.
async fn last_number(connection: &mut SqliteConnection, mirror: &Mirror) -> Result<i64, sqlx::Error> {
    let sql = format!("SELECT COALESCE(MAX(number), 0) FROM {}", mirror.name);
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await
}

/// Those of the rows that are there, by their ids.
async fn known(
    connection: &mut SqliteConnection,
    mirror: &Mirror,
    places: BTreeMap<&str, &[u8]>,
    height: u64,
) -> Result<BTreeMap<String, Known>, Error> {
    let head = format!("SELECT id, number, record FROM {} WHERE id IN ", mirror.name);
    let mut known = BTreeMap::new();
    let mut ids = places.keys();
    for shape in SHAPES {
        if ids.len() < *shape {
            continue;
        }
        let sql: Arc<str> = format!("{head}({})", placeholders(*shape)).into();
        while ids.len() >= *shape {
            let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
            for id in ids.by_ref().take(*shape) {
                query = query.bind((*id).to_owned());
            }
            let rows = query.fetch_all(&mut *connection).await.map_err(|source| Error::Write { height, source })?;
            for row in rows {
                let (id, number, record): (String, i64, &[u8]) = (row.get(0), row.get(1), row.get(2));
                let row = (mirror.spec.row)(places[id.as_str()], record).map_err(|_| Error::Corrupt("a record"))?;
                known.insert(id, Known { number, row });
            }
        }
    }
    Ok(known)
}

fn cell(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => Value::Text(text),
        Cell::Integer(value) => Value::Integer(value),
    }
}

/// A party as columns hold it.
pub(crate) fn party(party: EnterpriseId) -> Value {
    Value::Bytes(party.0.to_vec())
}

/// Each party once.
pub(crate) fn once_each(parties: &[EnterpriseId]) -> Vec<EnterpriseId> {
    let mut parties = parties.to_vec();
    parties.sort();
    parties.dedup();
    parties
}
