//! The database: opening, the writer, the readers. What is SQLite's own stands here.

use crate::{
    error::Error,
    schema::{Dialect, Schema, Scope},
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fs, io, path::Path, str::FromStr};
use tokio::sync::{Mutex, watch};

const SQLITE: Dialect = Dialect { clustered: "WITHOUT ROWID", bytes: "BLOB", key: "INTEGER" };
/// Readers at a time: a handful of cores, and each keeps its own page cache.
const READERS: u32 = 4;
/// Statements that a connection keeps prepared: a few shapes for each table.
const STATEMENTS: usize = 512;
/// Pages of the log before they are folded into the file: a page that many blocks change is then written there once.
const LOG_PAGES: &str = "8192";

/// The mirror of one chain.
pub struct Index {
    pub(crate) schema: Schema,
    pub(crate) writer: Mutex<SqliteConnection>,
    pub(crate) readers: SqlitePool,
    /// Height of the last block that is in.
    pub(crate) height: watch::Sender<u64>,
}

impl Index {
    /// Opens the mirror at `url` (`sqlite:///data/index.sqlite`), and makes it when there is none. A mirror of another scope,
    /// or whose declared columns have changed since, is emptied, and one whose file is damaged is made anew: its height is then zero, and it
    /// is fed again from the first block. The whole file is read to see that it is sound.
    pub async fn open(url: &str, scope: Scope) -> Result<Self, Error> {
        let open = |source| Error::Open { url: url.to_owned(), source };
        // The mirror can be made again from the chain, so a power cut may cost its last blocks, but never its shape.
        let options = SqliteConnectOptions::from_str(url)
            .map_err(open)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .statement_cache_capacity(STATEMENTS)
            .pragma("temp_store", "memory");
        let schema = Schema::new(scope);
        let (writer, height) = match open_writer(&options, &schema).await {
            Err(damage) if is_damaged(&damage) => {
                tracing::warn!(%url, %damage, "the index is damaged and is made again");
                remove(options.get_filename()).map_err(|source| Error::Remove { url: url.to_owned(), source })?;
                open_writer(&options, &schema).await
            }
            opened => opened,
        }
        .map_err(open)?;
        let readers = SqlitePoolOptions::new().max_connections(READERS);
        let readers = readers.connect_with(options.read_only(true)).await.map_err(open)?;
        Ok(Self { schema, writer: Mutex::new(writer), readers, height: watch::Sender::new(height) })
    }

    /// Height of the last block that is in; zero: none.
    pub async fn height(&self) -> Result<u64, Error> {
        Ok(self.seen())
    }

    /// The same, from memory.
    pub fn seen(&self) -> u64 {
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
    pub async fn close(&self) -> Result<(), Error> {
        self.readers.close().await;
        let mut writer = self.writer.lock().await;
        let folded = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await;
        folded.map(drop).map_err(|source| Error::Read { what: "the last pages", source })
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

/// Opens the file for writing, sees that it is sound, and says up to which height it holds.
async fn open_writer(options: &SqliteConnectOptions, schema: &Schema) -> Result<(SqliteConnection, u64), sqlx::Error> {
    let mut writer =
        options.clone().pragma("cache_size", "-32768").pragma("wal_autocheckpoint", LOG_PAGES).connect().await?;
    let findings: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_all(&mut writer).await?;
    if findings != ["ok"] {
        return Err(sqlx::Error::Protocol(format!("{DAMAGED}{}", findings.join("; "))));
    }
    let height = prepare(&mut writer, schema).await?;
    Ok((writer, height))
}

/// Marks what this file found out about the other.
const DAMAGED: &str = "the file is damaged: ";

/// Whether the file holds something else than a sound database.
fn is_damaged(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Protocol(found) => found.starts_with(DAMAGED),
        // SQLITE_CORRUPT with its kinds in the upper bytes, and SQLITE_NOTADB.
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse::<u32>().ok());
            code.is_some_and(|code| matches!(code & 0xff, 11 | 26))
        }
        _ => false,
    }
}

/// Deletes the file and its logs.
fn remove(file: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Makes the tables where they are missing or of another shape, and says up to which height they hold.
async fn prepare(writer: &mut SqliteConnection, schema: &Schema) -> Result<u64, sqlx::Error> {
    let meta = "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)";
    sqlx::query(meta).execute(&mut *writer).await?;
    let shape = read_meta(writer, "schema").await?;
    if shape.as_deref() != Some(schema.fingerprint(&SQLITE).to_string().as_str()) {
        make(writer, schema).await?;
        return Ok(0);
    }
    let height = read_height(writer).await?;
    height.ok_or_else(|| sqlx::Error::Protocol(format!("{DAMAGED}it names no height")))
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
