//! Lists, records, transactions and events out of SQL.

use crate::{
    error::Error,
    schema::{column_name, table_name},
    store::Index,
    write::{Value, integer},
};
use api::{
    backend::{EventCursor, EventFilter, Included},
    list::{COMMON_COLUMNS, Comparison, ListRequest, Operand, Place},
    message::{EventPage, EventView, Page, RowView},
    operations::{ColumnKind, EnterpriseId, Module, TableSpec},
    problem::doors,
};
use sqlx::{AssertSqlSafe, Row, Sqlite, query::Query, sqlite::SqliteArguments, sqlite::SqliteRow};
use std::{sync::Arc, time::Duration};
use types::{Timestamp, Transaction, TransactionHash, transaction::Checked, wire};

/// How long a follower waits for an event before he gets an empty page: he learns that the line is alive.
const EVENTS_WAIT: Duration = Duration::from_secs(10);
/// How long a list waits for the block that its caller names: a few blocks' time, far below what a request may take.
const HEIGHT_WAIT: Duration = Duration::from_secs(5);

/// A statement under construction, and the values of its parameters.
struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn new(text: String) -> Self {
        Self { text, values: Vec::new() }
    }

    /// The next parameter's name.
    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    fn into_query<'q>(self) -> Query<'q, Sqlite, SqliteArguments> {
        let mut query = sqlx::query(AssertSqlSafe(self.text));
        for value in self.values {
            query = match value {
                Value::Null => query.bind(None::<i64>),
                Value::Integer(value) => query.bind(value),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }
}

impl Index {
    /// A page of a list.
    pub async fn list(&self, request: ListRequest) -> Result<Page, Error> {
        if let Some(height) = request.min_height {
            self.reached_soon(height).await?;
        }
        // Read before the rows: they hold at least what the page claims.
        let height = self.seen();
        let read = |source| Error::Read { what: "a list", source };
        let found = list_sql(&request).into_query().fetch_all(&self.readers).await.map_err(read)?;
        let limit = usize::try_from(request.limit).expect("a page is small");
        let more = found.len() > limit;
        let mut rows = Vec::with_capacity(found.len().min(limit));
        for row in found.iter().take(limit) {
            rows.push(row_view(row)?);
        }
        let last = found.get(limit.wrapping_sub(1)).filter(|_| more);
        let cursor = last.map(|row| place(&request, row).map(|place| request.cursor(place))).transpose()?;
        Ok(Page { rows, cursor, height })
    }

    /// Waits for a block that the caller knows of; one that does not come soon is not ours to wait for.
    async fn reached_soon(&self, height: u64) -> Result<(), Error> {
        let reached = tokio::time::timeout(HEIGHT_WAIT, self.reached(height)).await;
        let late = |_| doors::unavailable(format!("its lists hold block {}, not yet block {height}", self.seen()));
        reached.map_err(late).map_err(Error::Rejected)
    }

    /// One record.
    pub async fn row(&self, module: &Module, table: &TableSpec, id: &str) -> Result<Option<RowView>, Error> {
        let mut sql = Sql::new(format!("SELECT {ROW} FROM {} t WHERE TRUE", table_name(module, table)));
        let id = sql.bind(Value::Text(id.to_owned()));
        sql.and(&format!("t.id = {id}"));
        let read = |source| Error::Read { what: "a record", source };
        let row = sql.into_query().fetch_optional(&self.readers).await.map_err(read)?;
        row.as_ref().map(row_view).transpose()
    }

    /// A transaction of a final block, with its receipt.
    pub async fn transaction(&self, hash: TransactionHash) -> Result<Option<Included>, Error> {
        let sql = "SELECT t.bytes, t.receipt, t.first_event, b.time_ms FROM transactions t \
                   JOIN blocks b ON b.height = t.height WHERE t.hash = $1";
        let read = |source| Error::Read { what: "a transaction", source };
        let row = sqlx::query(sql).bind(hash.to_string()).fetch_optional(&self.readers).await.map_err(read)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let bytes: Vec<u8> = row.get(0);
        let transaction = Transaction::decode(&bytes).map_err(|_| Error::Corrupt("a transaction"))?;
        let receipt = wire::decode(row.get::<&[u8], _>(1)).map_err(|_| Error::Corrupt("a receipt"))?;
        let first_event = u32::try_from(row.get::<i64, _>(2)).map_err(|_| Error::Corrupt("a position"))?;
        let time = Timestamp(unsigned(row.get(3))?);
        let transaction = Arc::new(Checked { hash, transaction, size: bytes.len() });
        Ok(Some(Included { transaction, receipt, time, first_event }))
    }

    /// The next events behind `after`. Where there are none it waits for blocks, and after ten seconds gives an empty page
    /// whose cursor stands behind all that was looked at.
    pub async fn events(&self, mut after: EventCursor, filter: &EventFilter, max: usize) -> Result<EventPage, Error> {
        let mut heights = self.height.subscribe();
        let wait = tokio::time::sleep(EVENTS_WAIT);
        tokio::pin!(wait);
        loop {
            let height = *heights.borrow_and_update();
            let events = self.events_now(after, height, filter, max).await?;
            // A full page may have cut the block off; a page with room has seen all of it.
            let behind = match events.last() {
                Some(last) if events.len() == max => last.cursor.parse().map_err(|_| Error::Corrupt("a cursor"))?,
                _ => after.max(EventCursor::behind(height)),
            };
            if !events.is_empty() {
                return Ok(EventPage { events, cursor: behind.to_string() });
            }
            after = behind;
            tokio::select! {
                changed = heights.changed() => changed.expect("the sender lives as long as `self`"),
                () = &mut wait => return Ok(EventPage { events, cursor: after.to_string() }),
            }
        }
    }

    async fn events_now(
        &self,
        after: EventCursor,
        height: u64,
        filter: &EventFilter,
        max: usize,
    ) -> Result<Vec<EventView>, Error> {
        if after >= EventCursor::behind(height) {
            return Ok(Vec::new());
        }
        let read = |source| Error::Read { what: "events", source };
        let rows = events_sql(after, height, filter, max).into_query().fetch_all(&self.readers).await.map_err(read)?;
        rows.iter().map(event_view).collect()
    }
}

const ROW: &str = "t.id, t.created_height, t.height, t.parties, t.record";

fn list_sql(request: &ListRequest) -> Sql {
    let table = table_name(request.module, request.table);
    // What an enterprise may see is kept in the order of the default list.
    let of_party = request.party.is_some() && matches!(request.sort.column, "id" | "created_height");
    let own = |column: &str| format!("t.{}", column_name(request.table, column));
    let (sorted, id) = match of_party {
        true => (format!("p.{}", request.sort.column), "p.id"),
        false => (own(request.sort.column), "t.id"),
    };
    let mut sql = Sql::new(format!("SELECT {id} FROM {table} t"));
    match request.party {
        Some(party) => {
            let party = sql.bind(Value::Text(party.to_string()));
            sql.text.push_str(&format!(" JOIN {table}__parties p ON p.id = t.id WHERE p.party = {party}"));
        }
        None => sql.text.push_str(" WHERE TRUE"),
    }
    for filter in &request.filters {
        let value = sql.bind(Value::operand(filter.operand.clone()));
        sql.and(&format!("{} {} {value}", own(filter.column), operator(filter.comparison)));
    }
    if let Some(place) = &request.after {
        let condition = behind(&mut sql, (&sorted, id), request, place);
        sql.and(&condition);
    }
    let limit = sql.bind(integer(u64::from(request.limit) + 1));
    sql.text.push_str(&format!(" ORDER BY {} LIMIT {limit}", ordered(&sorted, id, request)));
    // The rows themselves are read only for the page: a sort would carry all of them.
    let page = std::mem::take(&mut sql.text);
    let sorted = own(request.sort.column);
    let order = ordered(&sorted, "t.id", request);
    sql.text = format!("SELECT {ROW}, {sorted} FROM {table} t WHERE t.id IN ({page}) ORDER BY {order}");
    sql
}

/// Whether it is a column of every table: these have a value in every row.
fn common(column: &str) -> bool {
    COMMON_COLUMNS.iter().any(|(common, _)| *common == column)
}

/// Rows without a value stand first ascending and last descending, whatever a database's habit.
fn ordered(sorted: &str, id: &str, request: &ListRequest) -> String {
    let (order, nulls) = if request.sort.descending { ("DESC", "LAST") } else { ("ASC", "FIRST") };
    match request.sort.column {
        "id" => format!("{id} {order}"),
        column if common(column) => format!("{sorted} {order}, {id} {order}"),
        _ => format!("{sorted} {order} NULLS {nulls}, {id} {order}"),
    }
}

/// The rows behind a place in the order of (column, id), with rows without a value as the smallest.
fn behind(sql: &mut Sql, (sorted, id): (&str, &str), request: &ListRequest, place: &Place) -> String {
    let descending = request.sort.descending;
    let compare = if descending { "<" } else { ">" };
    let last = sql.bind(Value::Text(place.id.clone()));
    let Some(operand) = place.value.clone() else {
        let same = format!("({sorted} IS NULL AND {id} {compare} {last})");
        return if descending { same } else { format!("({same} OR {sorted} IS NOT NULL)") };
    };
    let value = sql.bind(Value::operand(operand));
    let valued = format!("({sorted}, {id}) {compare} ({value}, {last})");
    if descending && !common(request.sort.column) { format!("({valued} OR {sorted} IS NULL)") } else { valued }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn place(request: &ListRequest, row: &SqliteRow) -> Result<Place, Error> {
    let (_, kind) = request.column(request.sort.column).expect("a request sorts by a column of its table");
    let value = match kind {
        ColumnKind::Text => row.get::<Option<String>, _>(5).map(Operand::Text),
        ColumnKind::Integer => row.get::<Option<i64>, _>(5).map(Operand::Integer),
    };
    Ok(Place { value, id: row.get(0) })
}

fn row_view(row: &SqliteRow) -> Result<RowView, Error> {
    Ok(RowView {
        id: row.get(0),
        created_height: unsigned(row.get(1))?,
        height: unsigned(row.get(2))?,
        parties: parties(row.get(3))?,
        record: serde_json::from_str(row.get(4)).map_err(|_| Error::Corrupt("a record"))?,
    })
}

fn events_sql(after: EventCursor, height: u64, filter: &EventFilter, max: usize) -> Sql {
    let columns = "e.height, e.position, e.module, e.event, e.transaction_hash, e.parties, e.fields";
    let mut sql = Sql::new(format!("SELECT {columns} FROM events e"));
    match filter.party {
        Some(party) => {
            let party = sql.bind(Value::Text(party.to_string()));
            let join = "JOIN event_parties p ON p.height = e.height AND p.position = e.position";
            sql.text.push_str(&format!(" {join} WHERE p.party = {party}"));
        }
        None => sql.text.push_str(" WHERE TRUE"),
    }
    let from = sql.bind(integer(after.height));
    let position = sql.bind(Value::Integer(after.position.into()));
    let to = sql.bind(integer(height));
    let of = if filter.party.is_some() { "p" } else { "e" };
    sql.and(&format!("({of}.height, {of}.position) > ({from}, {position}) AND {of}.height <= {to}"));
    if let Some(module) = &filter.module {
        let module = sql.bind(Value::Text(module.clone()));
        sql.and(&format!("e.module = {module}"));
    }
    if let Some(event) = &filter.event {
        let event = sql.bind(Value::Text(event.clone()));
        sql.and(&format!("e.event = {event}"));
    }
    let limit = sql.bind(integer(max.try_into().expect("a page is small")));
    sql.text.push_str(&format!(" ORDER BY {of}.height, {of}.position LIMIT {limit}"));
    sql
}

fn event_view(row: &SqliteRow) -> Result<EventView, Error> {
    let height = unsigned(row.get(0))?;
    let position = u32::try_from(row.get::<i64, _>(1)).map_err(|_| Error::Corrupt("a position"))?;
    let transaction = row.get::<Option<String>, _>(4).map(|hash| hash.parse()).transpose();
    Ok(EventView {
        cursor: EventCursor { height, position }.to_string(),
        height,
        transaction: transaction.map_err(|_| Error::Corrupt("a hash"))?,
        module: row.get(2),
        event: row.get(3),
        parties: parties(row.get(5))?,
        fields: serde_json::from_str(row.get(6)).map_err(|_| Error::Corrupt("an event"))?,
    })
}

fn parties(text: &str) -> Result<Vec<EnterpriseId>, Error> {
    text.split_whitespace().map(|party| party.parse().map_err(|_| Error::Corrupt("a party"))).collect()
}

fn unsigned(value: i64) -> Result<u64, Error> {
    u64::try_from(value).map_err(|_| Error::Corrupt("a number"))
}
