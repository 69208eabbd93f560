//! The database: opening, the writer, the readers. What is SQLite's own stands here.

use crate::{
    error::Error,
    schema::{Dialect, Schema},
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::str::FromStr;
use tokio::sync::{Mutex, watch};

const SQLITE: Dialect = Dialect { clustered: "WITHOUT ROWID", bytes: "BLOB" };
/// Readers at a time: a handful of cores, and each keeps its own page cache.
const READERS: u32 = 4;
/// Statements that a connection keeps prepared: a few shapes for each table.
const STATEMENTS: usize = 512;

/// The mirror of one chain.
pub struct Index {
    pub(crate) schema: Schema,
    pub(crate) writer: Mutex<SqliteConnection>,
    pub(crate) readers: SqlitePool,
    /// Height of the last block that is in.
    pub(crate) height: watch::Sender<u64>,
}

impl Index {
    /// Opens the mirror at `url` (`sqlite:///data/index.sqlite`), and makes it when there is none. A mirror whose declared
    /// columns have changed since is emptied: its height is then zero, and it is fed again from the first block.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let open = |source| Error::Open { url: url.to_owned(), source };
        // The mirror can be made again from the chain, so a power cut may cost its last blocks, but never its shape.
        let options = SqliteConnectOptions::from_str(url)
            .map_err(open)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .statement_cache_capacity(STATEMENTS)
            .pragma("temp_store", "memory");
        let mut writer = options.clone().pragma("cache_size", "-32768").connect().await.map_err(open)?;
        let schema = Schema::new();
        let height = prepare(&mut writer, &schema).await?;
        let readers = SqlitePoolOptions::new().max_connections(READERS);
        let readers = readers.connect_with(options.read_only(true)).await.map_err(open)?;
        Ok(Self { schema, writer: Mutex::new(writer), readers, height: watch::Sender::new(height) })
    }

    /// Height of the last block that is in; zero: none.
    pub async fn height(&self) -> Result<u64, Error> {
        Ok(self.seen())
    }

    pub(crate) fn seen(&self) -> u64 {
        *self.height.borrow()
    }

    /// Resolves once the block at `height` is in.
    pub async fn reached(&self, height: u64) {
        let mut seen = self.height.subscribe();
        seen.wait_for(|have| *have >= height).await.expect("the sender lives as long as `self`");
    }

    /// Empties the mirror, to be fed again from the first block.
    pub async fn clear(&self) -> Result<(), Error> {
        let mut writer = self.writer.lock().await;
        make(&mut writer, &self.schema).await.map_err(Error::Schema)?;
        self.height.send_replace(0);
        Ok(())
    }

    /// Waits for readers and writer to end, and folds the log into the file.
    pub async fn close(self) -> Result<(), Error> {
        self.readers.close().await;
        let closed = self.writer.into_inner().close().await;
        closed.map_err(|source| Error::Read { what: "the last pages", source })
    }

    /// Everything, as text: two mirrors of the same blocks give the same.
    pub async fn dump(&self) -> Result<String, Error> {
        let mut text = String::new();
        let read = |source| Error::Read { what: "all", source };
        let mut reader = self.readers.acquire().await.map_err(read)?;
        for table in self.schema.tables() {
            let names = sqlx::query_scalar("SELECT name FROM pragma_table_info($1) ORDER BY cid").bind(table.clone());
            let names: Vec<String> = names.fetch_all(&mut *reader).await.map_err(read)?;
            let quoted: Vec<String> = names.iter().map(|name| format!("quote({name})")).collect();
            let sql = format!("SELECT {} FROM {table} ORDER BY 1", quoted.join(" || ' ' || "));
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *reader).await;
            for row in rows.map_err(read)? {
                text.push_str(&format!("{table} {}\n", row.get::<String, _>(0)));
            }
        }
        Ok(text)
    }
}

/// Makes the tables where they are missing or of another shape, and says up to which height they hold.
async fn prepare(writer: &mut SqliteConnection, schema: &Schema) -> Result<u64, Error> {
    let meta = "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)";
    sqlx::query(meta).execute(&mut *writer).await.map_err(Error::Schema)?;
    let shape = read_meta(writer, "schema").await.map_err(Error::Schema)?;
    if shape.as_deref() != Some(schema.fingerprint(&SQLITE).to_string().as_str()) {
        make(writer, schema).await.map_err(Error::Schema)?;
        return Ok(0);
    }
    let height = read_height(writer).await.map_err(Error::Schema)?;
    height.ok_or(Error::Corrupt("a height"))
}

/// Height of the last block that is in, as the file says.
pub(crate) async fn read_height(connection: &mut SqliteConnection) -> Result<Option<u64>, sqlx::Error> {
    Ok(read_meta(connection, "height").await?.and_then(|height| height.parse().ok()))
}

async fn read_meta(connection: &mut SqliteConnection, name: &str) -> Result<Option<String>, sqlx::Error> {
    let sql = "SELECT value FROM meta WHERE name = $1";
    sqlx::query_scalar(sql).bind(name.to_owned()).fetch_optional(connection).await
}

/// Drops whatever tables the file says it has, and makes those of `schema`; all or nothing.
async fn make(writer: &mut SqliteConnection, schema: &Schema) -> Result<(), sqlx::Error> {
    let old = read_meta(writer, "tables").await?.unwrap_or_default();
    let mut transaction = writer.begin().await?;
    for table in old.split_whitespace() {
        sqlx::query(AssertSqlSafe(format!("DROP TABLE {table}"))).execute(&mut *transaction).await?;
    }
    for statement in schema.statements(&SQLITE) {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
    }
    let fingerprint = schema.fingerprint(&SQLITE).to_string();
    let tables = schema.tables().join(" ");
    for (name, value) in [("schema", fingerprint), ("tables", tables), ("height", "0".to_owned())] {
        let sql =
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(sql).bind(name.to_owned()).bind(value).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}
