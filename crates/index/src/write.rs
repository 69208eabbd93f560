//! Final blocks into SQL: few statements for each block, one SQL transaction for each call.

use crate::{
    error::Error,
    rows::{Changes, parties_text, sorted},
    schema::{Insert, placeholders},
    store::{Index, read_height},
};
use api::{list::Operand, view};
use sqlx::{AssertSqlSafe, Connection, sqlite::SqliteConnection};
use std::{collections::BTreeMap, sync::Arc};
use types::{BlockHash, FinalBlock, Outcome};

/// Rows of one statement. Each size is one shape of statement that stays prepared.
pub(crate) const SHAPES: &[usize] = &[128, 16, 1];

/// A value of a row, or of a condition.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    pub(crate) fn operand(operand: Operand) -> Self {
        match operand {
            Operand::Text(text) => Self::Text(text),
            Operand::Integer(value) => Self::Integer(value),
        }
    }
}

/// Heights, times and counts of a chain stay far below what SQL's integers hold.
pub(crate) fn integer(value: u64) -> Value {
    Value::Integer(signed(value))
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).expect("heights and times fit 63 bits")
}

impl Index {
    /// Mirrors final blocks in their order, all in one SQL transaction. Blocks that are in already are passed over, so a
    /// caller that does not know where it stopped begins anywhere before.
    pub async fn apply(&self, blocks: &[Arc<FinalBlock>]) -> Result<(), Error> {
        let mut writer = self.writer.lock().await;
        let Some(first) = blocks.first() else { return Ok(()) };
        let failed = |height| move |source| Error::Write { height, source };
        let mut transaction = writer.begin().await.map_err(failed(first.header.height))?;
        // Asked of the file: a call that was given up may have written more than it could say.
        let height = read_height(&mut transaction).await.map_err(failed(first.header.height))?;
        let mut height = height.ok_or(Error::Corrupt("a height"))?;
        for block in blocks {
            let found = block.header.height;
            if found <= height {
                let same = holds(&mut transaction, found, block.hash).await.map_err(failed(found))?;
                if !same {
                    return Err(Error::OtherBlock { height: found, found: block.hash });
                }
                continue;
            }
            if found != height + 1 {
                return Err(Error::Gap { expected: height + 1, found });
            }
            let parent = block.header.parent;
            if height > 0 && !holds(&mut transaction, height, parent).await.map_err(failed(found))? {
                return Err(Error::OtherBlock { height, found: parent });
            }
            self.write_records(&mut transaction, block).await?;
            write_history(&mut transaction, block).await.map_err(failed(found))?;
            height = found;
        }
        let sql = "UPDATE meta SET value = $1 WHERE name = 'height'";
        sqlx::query(sql).bind(height.to_string()).execute(&mut *transaction).await.map_err(failed(height))?;
        transaction.commit().await.map_err(failed(height))?;
        self.height.send_if_modified(|have| std::mem::replace(have, height) != height);
        Ok(())
    }

    async fn write_records(&self, connection: &mut SqliteConnection, block: &FinalBlock) -> Result<(), Error> {
        let height = block.header.height;
        let mut changed: BTreeMap<(u8, u8), Changes> = BTreeMap::new();
        for (key, value) in &block.changes {
            let place = (key[0], key[1]);
            // What no module declares (nonces, the heap of due work) is not for lists.
            let Some(mirror) = self.schema.mirrors.get(&place) else {
                continue;
            };
            let changes = changed.entry(place).or_default();
            let read = changes.take(mirror, &key[2..], value.as_deref(), height);
            read.map_err(|rejection| Error::Record { table: mirror.name.clone(), height, rejection })?;
        }
        for (place, changes) in changed {
            let written = changes.write(connection, &self.schema.mirrors[&place]).await;
            written.map_err(|source| Error::Write { height, source })?;
        }
        Ok(())
    }
}

/// Whether the block at `height` is the one with this hash.
async fn holds(connection: &mut SqliteConnection, height: u64, hash: BlockHash) -> Result<bool, sqlx::Error> {
    let sql = "SELECT hash FROM blocks WHERE height = $1";
    let found = sqlx::query_scalar::<_, String>(sql).bind(signed(height)).fetch_optional(connection).await?;
    Ok(found == Some(hash.to_string()))
}

/// The block itself, its transactions and its events.
async fn write_history(connection: &mut SqliteConnection, block: &FinalBlock) -> Result<(), sqlx::Error> {
    let height = block.header.height;
    let mut transactions = Vec::new();
    let mut first_event = block.system.events.len();
    for (checked, receipt) in block.transactions.iter().zip(&block.receipts) {
        assert_eq!(checked.hash, receipt.transaction, "receipts stand in the order of their transactions");
        let sender = checked.transaction.body.sender().map(|sender| sender.to_string()).unwrap_or_default();
        let code = match &receipt.outcome {
            Outcome::Applied { .. } => Value::Null,
            Outcome::Rejected { rejection, .. } => Value::Integer(rejection.code.into()),
        };
        transactions.extend([
            Value::Text(receipt.transaction.to_string()),
            integer(height),
            Value::Integer(receipt.index.into()),
            Value::Text(sender),
            code,
            Value::Integer(i64::try_from(first_event).expect("events of a block are bounded")),
            Value::Bytes(checked.transaction.encode()),
            Value::Bytes(types::wire::encode(receipt)),
        ]);
        first_event += receipt.events.len();
    }
    let columns = ["hash", "height", "position", "sender", "code", "first_event", "bytes", "receipt"];
    insert(connection, &Insert::new("transactions", &columns), transactions).await?;

    let mut events = Vec::new();
    let mut event_parties = Vec::new();
    for (at, transaction, event) in view::block_events(block) {
        let shown = view::event(event, at, transaction);
        for party in sorted(&shown.parties) {
            event_parties.extend([Value::Text(party), integer(height), Value::Integer(at.position.into())]);
        }
        events.extend([
            integer(height),
            Value::Integer(at.position.into()),
            Value::Text(shown.module),
            Value::Text(shown.event),
            transaction.map_or(Value::Null, |hash| Value::Text(hash.to_string())),
            Value::Text(parties_text(&shown.parties)),
            Value::Text(shown.fields.to_string()),
        ]);
    }
    let columns = ["height", "position", "module", "event", "transaction_hash", "parties", "fields"];
    insert(connection, &Insert::new("events", &columns), events).await?;
    insert(connection, &Insert::new("event_parties", &["party", "height", "position"]), event_parties).await?;

    let count = integer(block.transactions.len().try_into().expect("a block's transactions are bounded"));
    let row = vec![integer(height), Value::Text(block.hash.to_string()), integer(block.header.time.0), count];
    insert(connection, &Insert::new("blocks", &["height", "hash", "time_ms", "transactions"]), row).await
}

/// Inserts rows given one after the other, many in each statement.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    insert: &Insert,
    values: Vec<Value>,
) -> Result<(), sqlx::Error> {
    with_values(connection, (&insert.head, &insert.row, ""), insert.columns, values).await
}

/// Executes `head rows tail` for rows of so many values given one after the other, many in each statement. `row` is a
/// row's parameters.
pub(crate) async fn with_values(
    connection: &mut SqliteConnection,
    (head, row, tail): (&str, &str, &str),
    width: usize,
    values: Vec<Value>,
) -> Result<(), sqlx::Error> {
    assert!(values.len().is_multiple_of(width), "rows are whole");
    let mut values = values.into_iter();
    for shape in SHAPES {
        if values.len() < shape * width {
            continue;
        }
        let sql: Arc<str> = format!("{head}{}{tail}", vec![row; *shape].join(", ")).into();
        while values.len() >= shape * width {
            execute(connection, sql.clone(), values.by_ref().take(shape * width)).await?;
        }
    }
    Ok(())
}

/// Deletes the rows with these ids.
pub(crate) async fn delete(connection: &mut SqliteConnection, table: &str, ids: &[Value]) -> Result<(), sqlx::Error> {
    let mut ids = ids.iter().cloned();
    for shape in SHAPES {
        if ids.len() < *shape {
            continue;
        }
        let sql: Arc<str> = format!("DELETE FROM {table} WHERE id IN ({})", placeholders(*shape)).into();
        while ids.len() >= *shape {
            execute(connection, sql.clone(), ids.by_ref().take(*shape)).await?;
        }
    }
    Ok(())
}

pub(crate) async fn execute(
    connection: &mut SqliteConnection,
    sql: Arc<str>,
    values: impl Iterator<Item = Value>,
) -> Result<(), sqlx::Error> {
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in values {
        query = match value {
            Value::Null => query.bind(None::<i64>),
            Value::Integer(value) => query.bind(value),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        };
    }
    query.execute(connection).await.map(|_| ())
}
