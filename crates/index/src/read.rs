//! Lists, records, transactions and events out of SQL.

use crate::{
    error::Error,
    rows,
    schema::{Scope, column_name, hash_key, of_place, table_name},
    store::Index,
    write::{Value, integer, signed},
};
use api::{
    backend::{EventCursor, EventFilter, Included},
    list::{COMMON_COLUMNS, Comparison, Filter, ListRequest, Operand, Place, Sort},
    message::{EventPage, EventView, Page, RowView},
    operations::{ColumnKind, Module, TableSpec, modules},
    problem::doors,
    view,
};
use sqlx::{AssertSqlSafe, Row, Sqlite, query::Query, sqlite::SqliteArguments, sqlite::SqliteRow};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use types::{
    Timestamp, TransactionHash,
    transaction::{Checked, Named},
    wire,
};

/// How long a follower waits for an event before he gets an empty page: he learns that the line is alive.
const EVENTS_WAIT: Duration = Duration::from_secs(10);
/// How long a list waits for the block that its caller names: a few blocks' time, far below what a request may take.
const HEIGHT_WAIT: Duration = Duration::from_secs(5);

/// A transaction of a final block, as far as the index has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// Itself, with its receipt.
    Whole(Included),
    /// Where it lies, without lists: the rest is in the block.
    At { height: u64, index: u32 },
}

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
        self.has_lists()?;
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
            rows.push(row_view(request.table, row)?);
        }
        let last = found.get(limit.wrapping_sub(1)).filter(|_| more);
        let cursor = last.map(|row| place(&request, row).map(|place| request.cursor(place))).transpose()?;
        Ok(Page { rows, cursor, height })
    }

    /// Refuses what this mirror does not hold.
    fn has_lists(&self) -> Result<(), Error> {
        if self.schema.scope == Scope::Lists { Ok(()) } else { Err(Error::Rejected(doors::no_lists())) }
    }

    /// Waits for a block that the caller knows of; one that does not come soon is not ours to wait for.
    async fn reached_soon(&self, height: u64) -> Result<(), Error> {
        let reached = tokio::time::timeout(HEIGHT_WAIT, self.reached(height)).await;
        let late = |_| doors::unavailable(format!("its lists hold block {}, not yet block {height}", self.seen()));
        reached.map_err(late).map_err(Error::Rejected)
    }

    /// One record.
    pub async fn row(&self, module: &Module, table: &TableSpec, id: &str) -> Result<Option<RowView>, Error> {
        self.has_lists()?;
        let mut sql = Sql::new(format!("SELECT {ROW} FROM {} t WHERE TRUE", table_name(module, table)));
        let id = sql.bind(Value::Text(id.to_owned()));
        sql.and(&format!("t.id = {id}"));
        let read = |source| Error::Read { what: "a record", source };
        let row = sql.into_query().fetch_optional(&self.readers).await.map_err(read)?;
        row.map(|row| row_view(table, &row)).transpose()
    }

    /// A transaction of a final block.
    pub async fn transaction(&self, hash: TransactionHash) -> Result<Option<Found>, Error> {
        match self.schema.scope {
            Scope::Lists => Ok(self.whole(hash).await?.map(Found::Whole)),
            Scope::Transactions => {
                let sql = "SELECT place FROM places WHERE hash = $1";
                let found = sqlx::query_scalar(sql).bind(hash.0.to_vec()).fetch_optional(&self.readers).await;
                let found: Option<i64> = found.map_err(|source| Error::Read { what: "a transaction", source })?;
                Ok(found.map(of_place).map(|(height, index)| Found::At { height, index }))
            }
        }
    }

    async fn whole(&self, hash: TransactionHash) -> Result<Option<Included>, Error> {
        let sql = "SELECT bytes, receipt, first_event, place FROM transactions WHERE hash_key = $1 AND hash = $2";
        let read = |source| Error::Read { what: "a transaction", source };
        let query = sqlx::query(sql).bind(hash_key(&hash)).bind(hash.0.to_vec());
        let row = query.fetch_optional(&self.readers).await.map_err(read)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let bytes: Vec<u8> = row.get(0);
        let transaction = Named::decode(&bytes).map_err(|_| Error::Corrupt("a transaction"))?;
        let receipt = wire::decode(row.get::<&[u8], _>(1)).map_err(|_| Error::Corrupt("a receipt"))?;
        let first_event = u32::try_from(row.get::<i64, _>(2)).map_err(|_| Error::Corrupt("a position"))?;
        let sql = "SELECT time_ms FROM blocks WHERE height = $1";
        let (height, _) = of_place(row.get(3));
        let time = sqlx::query_scalar(sql).bind(signed(height)).fetch_one(&self.readers).await.map_err(read)?;
        let time = Timestamp(unsigned(time)?);
        let transaction = Arc::new(Checked::vouch(transaction));
        Ok(Some(Included { transaction, receipt, time, first_event }))
    }

    /// Those of some transactions, at most a request's, that are in final blocks.
    pub async fn known(&self, hashes: &[TransactionHash]) -> Result<BTreeSet<TransactionHash>, Error> {
        let (table, column) = match self.schema.scope {
            Scope::Lists => ("transactions", "hash_key"),
            Scope::Transactions => ("places", "hash"),
        };
        let sought = |hash: &TransactionHash| match self.schema.scope {
            Scope::Lists => Value::Integer(hash_key(hash)),
            Scope::Transactions => Value::Bytes(hash.0.to_vec()),
        };
        let mut sql = Sql::new(String::new());
        let keys: Vec<String> = hashes.iter().map(|hash| sql.bind(sought(hash))).collect();
        sql.text = format!("SELECT hash FROM {table} WHERE {column} IN ({})", keys.join(", "));
        let read = |source| Error::Read { what: "transactions", source };
        let rows = sql.into_query().fetch_all(&self.readers).await.map_err(read)?;
        let found: BTreeSet<&[u8]> = rows.iter().map(|row| row.get(0)).collect();
        Ok(hashes.iter().filter(|hash| found.contains(&hash.0[..])).copied().collect())
    }

    /// The next events behind `after`. Where there are none it waits for blocks, and after ten seconds gives an empty page
    /// whose cursor stands behind all that was looked at.
    pub async fn events(&self, mut after: EventCursor, filter: &EventFilter, max: usize) -> Result<EventPage, Error> {
        self.has_lists()?;
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

const ROW: &str = "t.id, t.created_height, t.height, t.record, t.number";

/// A list's order: by one column, then by the rows' numbers. These rise with the heights that made the rows, and ids are
/// each row's own: there one of the two is enough.
struct Order<'a> {
    request: &'a ListRequest,
    /// The sorted column, where it is needed.
    sorted: Option<String>,
    /// The number, where it is needed.
    number: Option<&'static str>,
}

impl<'a> Order<'a> {
    fn new(request: &'a ListRequest, number: &'static str) -> Self {
        let sorted = || Some(format!("t.{}", column_name(request.table, request.sort.column)));
        match request.sort.column {
            "created_height" => Self { request, sorted: None, number: Some(number) },
            "id" => Self { request, sorted: sorted(), number: None },
            _ => Self { request, sorted: sorted(), number: Some(number) },
        }
    }

    /// Rows without a value stand first ascending and last descending, whatever a database's habit.
    fn by(&self) -> String {
        let sort = &self.request.sort;
        let (order, nulls) = if sort.descending { ("DESC", "LAST") } else { ("ASC", "FIRST") };
        let nulls = if common(sort.column) { String::new() } else { format!(" NULLS {nulls}") };
        let sorted = self.sorted.iter().map(|sorted| format!("{sorted} {order}{nulls}"));
        let all: Vec<String> = sorted.chain(self.number.iter().map(|number| format!("{number} {order}"))).collect();
        all.join(", ")
    }

    /// The rows behind a place, with rows without a value as the smallest: conditions whose rows follow each other, each of
    /// which an index answers.
    fn behind(&self, sql: &mut Sql, place: &Place) -> Vec<String> {
        let Sort { column, descending } = self.request.sort;
        let compare = if descending { "<" } else { ">" };
        let mut number = |number: &str| format!("{number} {compare} {}", sql.bind(Value::Integer(place.number)));
        let same = self.number.map(&mut number);
        let Some(sorted) = &self.sorted else { return same.into_iter().collect() };
        let Some(operand) = place.value.clone() else {
            let same = same.map(|same| format!("{sorted} IS NULL AND {same}"));
            return same.into_iter().chain((!descending).then(|| format!("{sorted} IS NOT NULL"))).collect();
        };
        let value = sql.bind(Value::operand(operand));
        let same = same.map(|same| format!("{sorted} = {value} AND {same}"));
        let further = format!("{sorted} {compare} {value}");
        let without = (descending && !common(column)).then(|| format!("{sorted} IS NULL"));
        same.into_iter().chain([further]).chain(without).collect()
    }
}

fn list_sql(request: &ListRequest) -> Sql {
    let table = table_name(request.module, request.table);
    let mut sql = Sql::new(String::new());
    let (mut from, number) = match request.party {
        Some(party) => {
            let party = sql.bind(rows::party(party));
            let join = format!("{table} t JOIN {table}__parties p ON p.number = t.number WHERE p.party = {party}");
            (join, "p.number")
        }
        None => (format!("{table} t WHERE TRUE"), "t.number"),
    };
    for Filter { column, comparison, operand } in &request.filters {
        let value = sql.bind(Value::operand(operand.clone()));
        from.push_str(&format!(" AND t.{} {} {value}", column_name(request.table, column), operator(*comparison)));
    }
    let order = Order::new(request, number);
    let behind = request.after.as_ref().map(|place| order.behind(&mut sql, place));
    let limit = sql.bind(integer(u64::from(request.limit) + 1));
    // The rows themselves are read only for the page: a sort would carry all of them.
    let pages = behind.unwrap_or_else(|| vec!["TRUE".to_owned()]).into_iter().map(|behind| {
        let by = order.by();
        format!("SELECT * FROM (SELECT {number} FROM {from} AND {behind} ORDER BY {by} LIMIT {limit})")
    });
    let pages = pages.collect::<Vec<_>>().join(" UNION ALL ");
    let sorted = column_name(request.table, request.sort.column);
    let by = Order::new(request, "t.number").by();
    sql.text =
        format!("SELECT {ROW}, t.{sorted} FROM {table} t WHERE t.number IN ({pages}) ORDER BY {by} LIMIT {limit}");
    sql
}

/// Whether it is a column of every table: these have a value in every row.
fn common(column: &str) -> bool {
    COMMON_COLUMNS.iter().any(|(common, _)| *common == column)
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
    Ok(Place { value, number: row.get(4) })
}

fn row_view(table: &TableSpec, row: &SqliteRow) -> Result<RowView, Error> {
    let corrupt = |_| Error::Corrupt("a record");
    let (id, record): (String, &[u8]) = (row.get(0), row.get(3));
    let key = (table.key)(&id).map_err(corrupt)?;
    Ok(RowView {
        created_height: unsigned(row.get(1))?,
        height: unsigned(row.get(2))?,
        // Behind the numbers of module and table.
        parties: (table.row)(&key[2..], record).map_err(corrupt)?.parties,
        record: (table.to_json)(record).map_err(corrupt)?,
        id,
    })
}

fn events_sql(after: EventCursor, height: u64, filter: &EventFilter, max: usize) -> Sql {
    let columns = "e.height, e.position, e.module, e.event, e.payload, t.hash";
    let caused = "LEFT JOIN transactions t ON t.place = e.transaction_place";
    let mut sql = Sql::new(format!("SELECT {columns} FROM events e {caused}"));
    match filter.party {
        Some(party) => {
            let party = sql.bind(rows::party(party));
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
    if let Some(kinds) = kinds(filter) {
        sql.and(&kinds);
    }
    let limit = sql.bind(integer(max.try_into().expect("a page is small")));
    sql.text.push_str(&format!(" ORDER BY {of}.height, {of}.position LIMIT {limit}"));
    sql
}

/// The kinds of events that a filter names, as a condition. What no module declares is named by its numbers.
fn kinds(filter: &EventFilter) -> Option<String> {
    let among = |mut kinds: Vec<(u16, u16)>, number: Option<(u16, u16)>| {
        kinds.extend(number);
        let kinds: Vec<String> =
            kinds.iter().map(|(module, event)| format!("(e.module = {module} AND e.event = {event})")).collect();
        if kinds.is_empty() { "FALSE".to_owned() } else { format!("({})", kinds.join(" OR ")) }
    };
    let number = |name: &String| name.parse::<u16>().ok();
    let module = |module: &&Module| filter.module.as_ref().is_none_or(|name| module.name == name.as_str());
    let event = filter.event.as_ref().map(|event| {
        let named = |module: &'static Module| {
            let events = module.events.iter().filter(|spec| spec.name == event.as_str());
            events.map(move |spec| (module.number, spec.number))
        };
        let kinds = modules().iter().copied().filter(module).flat_map(named).collect();
        among(kinds, filter.module.as_ref().and_then(number).zip(number(event)))
    });
    event.or_else(|| {
        let name = filter.module.as_ref()?;
        let known = modules().iter().find(|module| module.name == name.as_str()).map(|module| module.number);
        Some(known.or(number(name)).map_or("FALSE".to_owned(), |number| format!("e.module = {number}")))
    })
}

fn event_view(row: &SqliteRow) -> Result<EventView, Error> {
    let number = |value: i64| u16::try_from(value).map_err(|_| Error::Corrupt("a kind of event"));
    let position = u32::try_from(row.get::<i64, _>(1)).map_err(|_| Error::Corrupt("a position"))?;
    let at = EventCursor { height: unsigned(row.get(0))?, position };
    let (module, event, payload) = (number(row.get(2))?, number(row.get(3))?, row.get(4));
    let hash = row.get::<Option<&[u8]>, _>(5).map(|hash| hash.try_into().map(TransactionHash));
    let transaction = hash.transpose().map_err(|_| Error::Corrupt("a hash"))?;
    Ok(view::event(&types::Event { module, event, payload }, at, transaction))
}

fn unsigned(value: i64) -> Result<u64, Error> {
    u64::try_from(value).map_err(|_| Error::Corrupt("a number"))
}
