//! Which SQL tables there are: made from what the modules declare.

use api::operations::{ColumnKind, Module, TableSpec, modules};
use std::collections::BTreeMap;
use types::{Digest, TransactionHash, limits::BLOCK_TRANSACTIONS_MAX};

/// Grows when the layout below changes, so that old files are fed again.
const LAYOUT: u32 = 4;

/// What databases do not agree on.
pub(crate) struct Dialect {
    /// Keeps a table in the order of its primary key.
    pub(crate) clustered: &'static str,
    /// The type of bytes.
    pub(crate) bytes: &'static str,
    /// The type of an integer of 64 bits that is a table's primary key.
    pub(crate) key: &'static str,
}

/// A declared table and its mirror.
pub(crate) struct Mirror {
    pub(crate) spec: &'static TableSpec,
    /// The SQL table.
    pub(crate) name: String,
    /// The SQL table of its parties.
    pub(crate) parties: String,
    pub(crate) insert: Insert,
    pub(crate) insert_parties: Insert,
}

/// The parts of an insert of many rows.
pub(crate) struct Insert {
    pub(crate) head: String,
    /// Values that a row brings.
    pub(crate) columns: usize,
    /// A row's parameters.
    pub(crate) row: String,
}

impl Insert {
    pub(crate) fn new(table: &str, columns: &[&str]) -> Self {
        let head = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
        Self { head, columns: columns.len(), row: format!("({})", placeholders(columns.len())) }
    }
}

/// `?, ?, ..`: parameters in their order. SQLite takes `$1` for a name, and looks for it among all others at each bind.
pub(crate) fn placeholders(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// How much of a chain is mirrored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Transactions, events, and every record that a list may be asked for.
    Lists,
    /// Only where each transaction lies, by its hash: it and its receipt are read from the block.
    Transactions,
}

/// Every mirror, by the first two bytes of its records' keys.
pub(crate) struct Schema {
    pub(crate) scope: Scope,
    pub(crate) mirrors: BTreeMap<(u8, u8), Mirror>,
}

/// The SQL name of a declared table.
pub(crate) fn table_name(module: &Module, table: &TableSpec) -> String {
    format!("t_{}_{}", module.name, table.name)
}

/// Bits of a transaction's place that say which of its block it is; the others are the block's height.
const PLACE_BITS: u32 = 20;
const _: () = assert!(BLOCK_TRANSACTIONS_MAX < 1 << PLACE_BITS);

/// The place of the `index`-th transaction of a block.
pub(crate) fn place(height: u64, index: u32) -> i64 {
    let place = (height << PLACE_BITS) | u64::from(index);
    i64::try_from(place).expect("a chain has fewer than 2^43 blocks")
}

/// Height and index of a place.
pub(crate) fn of_place(place: i64) -> (u64, u32) {
    let place = place.unsigned_abs();
    let index = u32::try_from(place & ((1 << PLACE_BITS) - 1)).expect("fewer than 32 bits");
    (place >> PLACE_BITS, index)
}

/// What finds a transaction, or next to nothing besides.
pub(crate) fn hash_key(hash: &TransactionHash) -> i64 {
    let (first, _) = hash.0.split_first_chunk().expect("a hash has 32 bytes");
    i64::from_be_bytes(*first)
}

/// The SQL name of a column that lists take.
pub(crate) fn column_name(table: &TableSpec, name: &str) -> String {
    let own = table.columns.iter().any(|column| column.name == name);
    if own { format!("c_{name}") } else { name.to_owned() }
}

impl Schema {
    pub(crate) fn new(scope: Scope) -> Self {
        let mut mirrors = BTreeMap::new();
        let modules = if scope == Scope::Lists { modules() } else { &[] };
        for module in modules {
            let number = u8::try_from(module.number).expect("a module's number is the first byte of its keys");
            for table in module.tables {
                mirrors.insert((number, table.number), mirror(module, table));
            }
        }
        Self { scope, mirrors }
    }

    /// The tables that are not a mirror's.
    fn fixed(&self) -> impl Iterator<Item = &'static Fixed> {
        let scoped = if self.scope == Scope::Lists { HISTORY } else { PLACES };
        BLOCKS.iter().chain(scoped)
    }

    /// Names of all SQL tables but `meta`.
    pub(crate) fn tables(&self) -> Vec<String> {
        let mut names: Vec<String> = self.fixed().map(|(name, ..)| (*name).to_owned()).collect();
        for mirror in self.mirrors.values() {
            names.push(mirror.name.clone());
            names.push(mirror.parties.clone());
        }
        names
    }

    /// The statements that make all tables but `meta`.
    pub(crate) fn statements(&self, dialect: &Dialect) -> Vec<String> {
        let mut all = Vec::new();
        for (name, columns, order) in self.fixed() {
            let clustered = if *order == Order::Key { dialect.clustered } else { "" };
            let columns = columns.replace("BYTES", dialect.bytes).replace("KEY64", dialect.key);
            all.push(format!("CREATE TABLE {name} ({columns}) {clustered}"));
        }
        if self.scope == Scope::Lists {
            all.push("CREATE INDEX transactions_hash ON transactions (hash_key)".to_owned());
            all.push("CREATE INDEX events_kind ON events (module, event, height, position)".to_owned());
        }
        for mirror in self.mirrors.values() {
            all.extend(mirror_statements(mirror, dialect));
        }
        all
    }

    /// What the content's shape depends on.
    pub(crate) fn fingerprint(&self, dialect: &Dialect) -> Digest {
        Digest::of(&[&LAYOUT.to_le_bytes(), self.statements(dialect).join(";").as_bytes()])
    }
}

/// In what order a table's rows lie in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// As they came.
    Arrival,
    /// Of the primary key.
    Key,
}

/// Name, columns and order of a table that every chain has.
type Fixed = (&'static str, &'static str, Order);

/// The blocks that are in.
const BLOCKS: &[Fixed] = &[(
    "blocks",
    "height KEY64 PRIMARY KEY, hash BYTES NOT NULL, time_ms BIGINT NOT NULL, transactions BIGINT NOT NULL",
    Order::Arrival,
)];

/// Where each transaction lies, and nothing else of it ([`Scope::Transactions`]).
const PLACES: &[Fixed] = &[("places", "hash BYTES PRIMARY KEY, place BIGINT NOT NULL", Order::Key)];

/// Transactions, what happened, and whom it concerned ([`Scope::Lists`]).
///
/// What is only shown is kept as the chain has it, in bytes, and read when it is asked for: most of it never is. A
/// transaction's place is one number, `place`, and it is found by eight bytes of its hash: an index on whole hashes would
/// be the largest thing in the file, and each insert would write another page of it. Positions count from one in each
/// block: what fell due, then the transactions'.
const HISTORY: &[Fixed] = &[
    (
        "transactions",
        "place KEY64 PRIMARY KEY, hash_key BIGINT NOT NULL, hash BYTES NOT NULL, code BIGINT, \
         first_event BIGINT NOT NULL, bytes BYTES NOT NULL, receipt BYTES NOT NULL",
        Order::Arrival,
    ),
    (
        "events",
        "height BIGINT NOT NULL, position BIGINT NOT NULL, module BIGINT NOT NULL, event BIGINT NOT NULL, \
         transaction_place BIGINT, payload BYTES NOT NULL, PRIMARY KEY (height, position)",
        Order::Key,
    ),
    (
        "event_parties",
        "party BYTES NOT NULL, height BIGINT NOT NULL, position BIGINT NOT NULL, PRIMARY KEY (party, height, position)",
        Order::Key,
    ),
];

fn mirror(module: &Module, spec: &'static TableSpec) -> Mirror {
    let name = table_name(module, spec);
    let own: Vec<String> = spec.columns.iter().map(|column| format!("c_{}", column.name)).collect();
    let mut columns = vec!["number", "id", "created_height", "height", "record"];
    columns.extend(own.iter().map(String::as_str));
    let insert = Insert::new(&name, &columns);
    let parties = format!("{name}__parties");
    let insert_parties = Insert::new(&parties, &["party", "number"]);
    Mirror { spec, parties, insert, insert_parties, name }
}

/// A row is known by its number, and only one index holds ids: they are long, and in no order that a list has. Numbers rise
/// with the heights that made the rows, so the newest rows, of all or of an enterprise, are found without a sort.
fn mirror_statements(mirror: &Mirror, dialect: &Dialect) -> Vec<String> {
    let Mirror { spec, name, parties, .. } = mirror;
    let Dialect { clustered, bytes, key } = dialect;
    let mut columns = format!(
        "number {key} PRIMARY KEY, id TEXT NOT NULL UNIQUE, created_height BIGINT NOT NULL, height BIGINT NOT NULL, \
         record {bytes} NOT NULL"
    );
    let mut all = Vec::new();
    for column in spec.columns {
        let kind = match column.kind {
            ColumnKind::Text => "TEXT",
            ColumnKind::Integer => "BIGINT",
        };
        columns.push_str(&format!(", c_{} {kind}", column.name));
        all.push(format!("CREATE INDEX {name}__{0} ON {name} (c_{0})", column.name));
    }
    all.push(format!("CREATE INDEX {name}__created ON {name} (created_height)"));
    all.insert(0, format!("CREATE TABLE {name} ({columns})"));
    let party = format!("party {bytes} NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (party, number)");
    all.push(format!("CREATE TABLE {parties} ({party}) {clustered}"));
    all
}
