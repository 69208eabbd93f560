//! Which SQL tables there are: made from what the modules declare.

use api::operations::{ColumnKind, Module, TableSpec, modules};
use std::collections::BTreeMap;
use types::Digest;

/// Grows when the layout below changes, so that old files are fed again.
const LAYOUT: u32 = 2;

/// What databases do not agree on.
pub(crate) struct Dialect {
    /// Keeps a table in the order of its primary key.
    pub(crate) clustered: &'static str,
    /// The type of bytes.
    pub(crate) bytes: &'static str,
}

/// A declared table and its mirror.
pub(crate) struct Mirror {
    pub(crate) spec: &'static TableSpec,
    /// The SQL table.
    pub(crate) name: String,
    /// The SQL table of its parties.
    pub(crate) parties: String,
    pub(crate) insert: Insert,
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

    /// Inserts the parties of a table's rows: party, id, and the id again, by which the row is found.
    pub(crate) fn parties(mirror: &Mirror) -> Self {
        let Mirror { name, parties, .. } = mirror;
        let insert = Self::new(parties, &["party", "id", "created_height"]);
        Self { row: format!("(?, ?, (SELECT created_height FROM {name} WHERE id = ?))"), ..insert }
    }
}

/// `?, ?, ..`: parameters in their order. SQLite takes `$1` for a name, and looks for it among all others at each bind.
pub(crate) fn placeholders(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Every mirror, by the first two bytes of its records' keys.
pub(crate) struct Schema {
    pub(crate) mirrors: BTreeMap<(u8, u8), Mirror>,
}

/// The SQL name of a declared table.
pub(crate) fn table_name(module: &Module, table: &TableSpec) -> String {
    format!("t_{}_{}", module.name, table.name)
}

/// The SQL name of a column that lists take.
pub(crate) fn column_name(table: &TableSpec, name: &str) -> String {
    let own = table.columns.iter().any(|column| column.name == name);
    if own { format!("c_{name}") } else { name.to_owned() }
}

impl Schema {
    pub(crate) fn new() -> Self {
        let mut mirrors = BTreeMap::new();
        for module in modules() {
            let number = u8::try_from(module.number).expect("a module's number is the first byte of its keys");
            for table in module.tables {
                mirrors.insert((number, table.number), mirror(module, table));
            }
        }
        Self { mirrors }
    }

    /// Names of all SQL tables but `meta`.
    pub(crate) fn tables(&self) -> Vec<String> {
        let mut names: Vec<String> = FIXED.iter().map(|(name, _)| (*name).to_owned()).collect();
        for mirror in self.mirrors.values() {
            names.push(mirror.name.clone());
            names.push(mirror.parties.clone());
        }
        names
    }

    /// The statements that make all tables but `meta`.
    pub(crate) fn statements(&self, dialect: &Dialect) -> Vec<String> {
        let mut all = Vec::new();
        for (name, columns) in FIXED {
            // Transactions are large: an index on their hashes is smaller than a table in the order of hashes.
            let clustered = if *name == "transactions" { "" } else { dialect.clustered };
            all.push(format!("CREATE TABLE {name} ({}) {clustered}", columns.replace("BYTES", dialect.bytes)));
        }
        all.push("CREATE INDEX events_kind ON events (module, event, height, position)".to_owned());
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

/// Tables that every chain has. Positions of events count from one in each block: what fell due, then the transactions'.
const FIXED: &[(&str, &str)] = &[
    ("blocks", "height BIGINT PRIMARY KEY, hash TEXT NOT NULL, time_ms BIGINT NOT NULL, transactions BIGINT NOT NULL"),
    (
        "transactions",
        "hash TEXT PRIMARY KEY, height BIGINT NOT NULL, position BIGINT NOT NULL, sender TEXT NOT NULL, code BIGINT, \
         first_event BIGINT NOT NULL, bytes BYTES NOT NULL, receipt BYTES NOT NULL",
    ),
    (
        "events",
        "height BIGINT NOT NULL, position BIGINT NOT NULL, module TEXT NOT NULL, event TEXT NOT NULL, \
         transaction_hash TEXT, parties TEXT NOT NULL, fields TEXT NOT NULL, PRIMARY KEY (height, position)",
    ),
    (
        "event_parties",
        "party TEXT NOT NULL, height BIGINT NOT NULL, position BIGINT NOT NULL, PRIMARY KEY (party, height, position)",
    ),
];

fn mirror(module: &Module, spec: &'static TableSpec) -> Mirror {
    let name = table_name(module, spec);
    let own: Vec<String> = spec.columns.iter().map(|column| format!("c_{}", column.name)).collect();
    let mut columns = vec!["id", "created_height", "height", "parties", "record"];
    columns.extend(own.iter().map(String::as_str));
    let insert = Insert::new(&name, &columns);
    Mirror { spec, parties: format!("{name}__parties"), insert, name }
}

fn mirror_statements(mirror: &Mirror, dialect: &Dialect) -> Vec<String> {
    let Mirror { spec, name, parties, .. } = mirror;
    let mut columns = "id TEXT PRIMARY KEY, created_height BIGINT NOT NULL, height BIGINT NOT NULL, \
                       parties TEXT NOT NULL, record TEXT NOT NULL"
        .to_owned();
    let mut all = Vec::new();
    for column in spec.columns {
        let kind = match column.kind {
            ColumnKind::Text => "TEXT",
            ColumnKind::Integer => "BIGINT",
        };
        columns.push_str(&format!(", c_{} {kind}", column.name));
        all.push(format!("CREATE INDEX {name}__{0} ON {name} (c_{0}, id)", column.name));
    }
    all.push(format!("CREATE INDEX {name}__created ON {name} (created_height, id)"));
    all.insert(0, format!("CREATE TABLE {name} ({columns})"));
    // In the order of lists when nothing else is asked for: an enterprise's newest rows are found without a sort.
    let party = "party TEXT NOT NULL, created_height BIGINT NOT NULL, id TEXT NOT NULL, \
                 PRIMARY KEY (party, created_height, id)";
    all.push(format!("CREATE TABLE {parties} ({party}) {}", dialect.clustered));
    all.push(format!("CREATE INDEX {parties}__id ON {parties} (id)"));
    all
}
