//! Final blocks into SQL: few statements for each block, one SQL transaction for each call.

use crate::{
    error::Error,
    rows::{Changes, once_each, party},
    schema::{Insert, Scope, hash_key, place, placeholders},
    store::{Index, read_height},
};
use api::{list::Operand, view};
use sqlx::{AssertSqlSafe, Connection, sqlite::SqliteConnection};
use std::{collections::BTreeMap, sync::Arc};
use types::{BlockHash, FinalBlock, Outcome, Receipt, TransactionHash};

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

pub(crate) fn signed(value: u64) -> i64 {
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
            self.write_history(&mut transaction, block).await.map_err(failed(found))?;
            height = found;
        }
        write_height(&mut transaction, height).await.map_err(failed(height))?;
        transaction.commit().await.map_err(failed(height))?;
        self.height.send_if_modified(|have| std::mem::replace(have, height) != height);
        Ok(())
    }

    /// Empties the mirror and begins at this block. Its changes must be every record of the state after it; what blocks
    /// before it did is in no list.
    pub async fn begin_at(&self, block: &FinalBlock) -> Result<(), Error> {
        self.clear().await?;
        let height = block.header.height;
        let failed = |source| Error::Write { height, source };
        let mut writer = self.writer.lock().await;
        let mut transaction = writer.begin().await.map_err(failed)?;
        self.write_records(&mut transaction, block).await?;
        self.write_history(&mut transaction, block).await.map_err(failed)?;
        write_height(&mut transaction, height).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        self.height.send_replace(height);
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
            let read = changes.take(mirror, &key[2..], value.as_deref());
            read.map_err(|rejection| Error::Record { table: mirror.name.clone(), height, rejection })?;
        }
        for (place, changes) in changed {
            changes.write(connection, &self.schema.mirrors[&place], height).await?;
        }
        Ok(())
    }

    /// The block itself, its transactions and its events.
    async fn write_history(&self, connection: &mut SqliteConnection, block: &FinalBlock) -> Result<(), sqlx::Error> {
        match self.schema.scope {
            Scope::Transactions => write_places(connection, block).await?,
            Scope::Lists => {
                write_transactions(connection, block).await?;
                write_events(connection, block).await?;
            }
        }
        let count = integer(block.transactions.len().try_into().expect("a block's transactions are bounded"));
        let hash = Value::Bytes(block.hash.0.to_vec());
        let row = vec![integer(block.header.height), hash, integer(block.header.time.0), count];
        insert(connection, &Insert::new("blocks", &["height", "hash", "time_ms", "transactions"]), row).await
    }
}

async fn write_height(connection: &mut SqliteConnection, height: u64) -> Result<(), sqlx::Error> {
    let sql = "UPDATE meta SET value = $1 WHERE name = 'height'";
    sqlx::query(sql).bind(height.to_string()).execute(connection).await.map(drop)
}

/// Whether the block at `height` is the one with this hash.
async fn holds(connection: &mut SqliteConnection, height: u64, hash: BlockHash) -> Result<bool, sqlx::Error> {
    let sql = "SELECT hash FROM blocks WHERE height = $1";
    let found = sqlx::query_scalar::<_, Vec<u8>>(sql).bind(signed(height)).fetch_optional(connection).await?;
    Ok(found.is_some_and(|found| found == hash.0))
}

/// In the order of their hashes, in which they lie: one after the other falls on the same page more often.
async fn write_places(connection: &mut SqliteConnection, block: &FinalBlock) -> Result<(), sqlx::Error> {
    let at = |receipt: &Receipt| (receipt.transaction, place(block.header.height, receipt.index));
    let mut places: Vec<_> = block.receipts.iter().map(at).collect();
    places.sort_unstable();
    let row = |(hash, place): (TransactionHash, i64)| [Value::Bytes(hash.0.to_vec()), Value::Integer(place)];
    insert(connection, &Insert::new("places", &["hash", "place"]), places.into_iter().flat_map(row).collect()).await
}

async fn write_transactions(connection: &mut SqliteConnection, block: &FinalBlock) -> Result<(), sqlx::Error> {
    let mut transactions = Vec::new();
    let mut first_event = block.system.events.len();
    for (checked, receipt) in block.transactions.iter().zip(&block.receipts) {
        assert_eq!(checked.hash, receipt.transaction, "receipts stand in the order of their transactions");
        let code = match &receipt.outcome {
            Outcome::Applied { .. } => Value::Null,
            Outcome::Rejected { rejection, .. } => Value::Integer(rejection.code.into()),
        };
        transactions.extend([
            Value::Integer(place(block.header.height, receipt.index)),
            Value::Integer(hash_key(&checked.hash)),
            Value::Bytes(checked.hash.0.to_vec()),
            code,
            Value::Integer(i64::try_from(first_event).expect("events of a block are bounded")),
            Value::Bytes(checked.transaction.encode()),
            Value::Bytes(types::wire::encode(receipt)),
        ]);
        first_event += receipt.events.len();
    }
    let columns = ["place", "hash_key", "hash", "code", "first_event", "bytes", "receipt"];
    insert(connection, &Insert::new("transactions", &columns), transactions).await
}

async fn write_events(connection: &mut SqliteConnection, block: &FinalBlock) -> Result<(), sqlx::Error> {
    let height = integer(block.header.height);
    let caused =
        block.receipts.iter().flat_map(|receipt| receipt.events.iter().map(move |event| (Some(receipt), event)));
    let (mut events, mut event_parties) = (Vec::new(), Vec::new());
    for ((receipt, event), position) in block.system.events.iter().map(|event| (None, event)).chain(caused).zip(1..) {
        let position = Value::Integer(position);
        for one in once_each(&view::event_parties(event)) {
            event_parties.extend([party(one), height.clone(), position.clone()]);
        }
        let transaction = receipt.map(|receipt| Value::Integer(place(receipt.height, receipt.index)));
        events.extend([
            height.clone(),
            position,
            Value::Integer(event.module.into()),
            Value::Integer(event.event.into()),
            transaction.unwrap_or(Value::Null),
            Value::Bytes(event.payload.clone()),
        ]);
    }
    let columns = ["height", "position", "module", "event", "transaction_place", "payload"];
    insert(connection, &Insert::new("events", &columns), events).await?;
    insert(connection, &Insert::new("event_parties", &["party", "height", "position"]), event_parties).await
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

/// Deletes the rows whose `key`, a column or several in parentheses, is among these values.
pub(crate) async fn delete(
    connection: &mut SqliteConnection,
    table: &str,
    key: &str,
    values: Vec<Value>,
) -> Result<(), sqlx::Error> {
    let width = key.split(',').count();
    let row = if width == 1 { "?".to_owned() } else { format!("({})", placeholders(width)) };
    let (head, tail) = match width {
        1 => (format!("DELETE FROM {table} WHERE {key} IN ("), ")"),
        _ => (format!("DELETE FROM {table} WHERE {key} IN (VALUES "), ")"),
    };
    with_values(connection, (&head, &row, tail), width, values).await
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
