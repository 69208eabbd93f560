//! What one block did to one table: new rows are inserted, known ones are changed where they differ.
//!
//! Each column of a table stands in an index of its own, and an update rewrites the index of every column that it names,
//! changed or not. So the rows that are known are read first, and an update names only the columns whose value is
//! another. A transfer changes one column of an account, and its parties not at all.

use crate::{
    schema::{Insert, Mirror, placeholders},
    write::{SHAPES, Value, delete, insert, integer, with_values},
};
use api::{
    list::operand,
    operations::{ColumnKind, EnterpriseId},
};
use sqlx::{
    AssertSqlSafe, Row as _,
    sqlite::{SqliteConnection, SqliteRow},
};
use std::{collections::BTreeMap, sync::Arc};

/// What a block did to one table.
#[derive(Default)]
pub(crate) struct Changes {
    stored: Vec<Stored>,
    removed: Vec<Value>,
}

/// A row as the block leaves it.
struct Stored {
    id: String,
    height: u64,
    parties: Vec<EnterpriseId>,
    record: String,
    cells: Vec<Value>,
}

/// A row as it was: its parties in one text, and its own columns.
struct Known {
    parties: String,
    cells: Vec<Value>,
}

impl Changes {
    pub(crate) fn take(
        &mut self,
        mirror: &Mirror,
        id: &[u8],
        value: Option<&[u8]>,
        height: u64,
    ) -> Result<(), types::Rejection> {
        let Some(value) = value else {
            self.removed.push(Value::Text((mirror.spec.id)(id)?));
            return Ok(());
        };
        let row = (mirror.spec.row)(id, value)?;
        let cells = row.cells.iter().map(|cell| operand(cell).map_or(Value::Null, Value::operand)).collect();
        let record = row.record.to_string();
        self.stored.push(Stored { id: row.id, height, parties: row.parties, record, cells });
        Ok(())
    }

    pub(crate) async fn write(self, connection: &mut SqliteConnection, mirror: &Mirror) -> Result<(), sqlx::Error> {
        delete(connection, &mirror.name, &self.removed).await?;
        delete(connection, &mirror.parties, &self.removed).await?;
        let mut known = known(connection, mirror, &self.stored).await?;
        let (mut new, mut updates, mut parties, mut moved) = (Vec::new(), Updates::new(), Vec::new(), Vec::new());
        for row in self.stored {
            let text = parties_text(&row.parties);
            let before = known.remove(&row.id);
            if before.as_ref().is_none_or(|before| before.parties != text) {
                if before.is_some() {
                    moved.push(Value::Text(row.id.clone()));
                }
                for party in sorted(&row.parties) {
                    let id = || Value::Text(row.id.clone());
                    parties.extend([Value::Text(party), id(), id()]);
                }
            }
            match before {
                None => {
                    new.extend([Value::Text(row.id), integer(row.height), integer(row.height)]);
                    new.extend([Value::Text(text), Value::Text(row.record)]);
                    new.extend(row.cells);
                }
                Some(before) => updates.add(row, text, &before.cells),
            }
        }
        insert(connection, &mirror.insert, new).await?;
        updates.write(connection, mirror).await?;
        delete(connection, &mirror.parties, &moved).await?;
        insert(connection, &Insert::parties(mirror), parties).await
    }
}

/// Rows to change, by which of their own columns change.
struct Updates(BTreeMap<Vec<usize>, Vec<Value>>);

impl Updates {
    fn new() -> Self {
        Self(BTreeMap::new())
    }

    fn add(&mut self, row: Stored, parties: String, before: &[Value]) {
        let changed: Vec<usize> = (0..row.cells.len()).filter(|place| row.cells[*place] != before[*place]).collect();
        let cells: Vec<Value> = changed.iter().map(|place| row.cells[*place].clone()).collect();
        let values = self.0.entry(changed).or_default();
        values.extend([Value::Text(row.id), integer(row.height), Value::Text(parties), Value::Text(row.record)]);
        values.extend(cells);
    }

    async fn write(self, connection: &mut SqliteConnection, mirror: &Mirror) -> Result<(), sqlx::Error> {
        for (changed, values) in self.0 {
            let own = changed.iter().map(|place| format!("c_{}", mirror.spec.columns[*place].name));
            let columns: Vec<String> =
                ["height", "parties", "record"].map(String::from).into_iter().chain(own).collect();
            let set: Vec<String> =
                columns.iter().zip(2..).map(|(column, place)| format!("{column} = v.column{place}")).collect();
            let head = format!("UPDATE {} SET {} FROM (VALUES ", mirror.name, set.join(", "));
            let tail = format!(") AS v WHERE {}.id = v.column1", mirror.name);
            let width = columns.len() + 1;
            let row = format!("({})", placeholders(width));
            with_values(connection, (&head, &row, &tail), width, values).await?;
        }
        Ok(())
    }
}

/// Those of the rows that are there, by their ids.
async fn known(
    connection: &mut SqliteConnection,
    mirror: &Mirror,
    rows: &[Stored],
) -> Result<BTreeMap<String, Known>, sqlx::Error> {
    let own: Vec<String> = mirror.spec.columns.iter().map(|column| format!(", c_{}", column.name)).collect();
    let head = format!("SELECT id, parties{} FROM {} WHERE id IN ", own.concat(), mirror.name);
    let mut known = BTreeMap::new();
    let mut ids = rows.iter().map(|row| &row.id);
    for shape in SHAPES {
        if ids.len() < *shape {
            continue;
        }
        let sql: Arc<str> = format!("{head}({})", placeholders(*shape)).into();
        while ids.len() >= *shape {
            let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
            for id in ids.by_ref().take(*shape) {
                query = query.bind(id.clone());
            }
            for row in query.fetch_all(&mut *connection).await? {
                known.insert(row.try_get(0)?, read(&row, mirror)?);
            }
        }
    }
    Ok(known)
}

fn read(row: &SqliteRow, mirror: &Mirror) -> Result<Known, sqlx::Error> {
    let cells = mirror.spec.columns.iter().zip(2_usize..).map(|(column, place)| match column.kind {
        ColumnKind::Text => row.try_get::<Option<String>, _>(place).map(|text| text.map_or(Value::Null, Value::Text)),
        ColumnKind::Integer => {
            row.try_get::<Option<i64>, _>(place).map(|value| value.map_or(Value::Null, Value::Integer))
        }
    });
    Ok(Known { parties: row.try_get(1)?, cells: cells.collect::<Result<_, _>>()? })
}

/// A list of parties as one column holds it.
pub(crate) fn parties_text(parties: &[EnterpriseId]) -> String {
    let names: Vec<String> = parties.iter().map(ToString::to_string).collect();
    names.join(" ")
}

/// Each party once.
pub(crate) fn sorted(parties: &[EnterpriseId]) -> impl Iterator<Item = String> + use<> {
    let mut parties = parties.to_vec();
    parties.sort();
    parties.dedup();
    parties.into_iter().map(|party| party.to_string())
}
