//! Lists: which rows, in which order, from where on.
//!
//! As parameters of a request: `status=Open` equals, `due.gte=2026-08-01` compares (`ne`, `lt`, `lte`, `gt`, `gte`),
//! `party=ent_..` rows that an enterprise may see, `sort=-due` descending, `limit=100`, `cursor=..` the next page,
//! `min_height=..` not before the list holds that block. Only the table's declared columns, and the three that every
//! table has, are taken.

use crate::problem::doors;
use ledger::core::{ColumnKind, EnterpriseId, Module, TableSpec};
use serde::{Deserialize, Serialize};
use types::{
    Digest, Rejection,
    limits::{FILTERS_MAX, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, PARAMETER_BYTES_MAX},
    wire,
};

/// Columns of every table beside its own: the id, the height that made the row, the height that last changed it.
pub const COMMON_COLUMNS: &[(&str, ColumnKind)] =
    &[("id", ColumnKind::Text), ("created_height", ColumnKind::Integer), ("height", ColumnKind::Integer)];

/// Parameters that are not columns.
pub const PARAMETERS: &[&str] = &["party", "sort", "limit", "cursor", "min_height"];

/// How a filter compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The comparisons by the suffix that names them.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("ne", Self::NotEqual),
        ("lt", Self::Less),
        ("lte", Self::LessOrEqual),
        ("gt", Self::Greater),
        ("gte", Self::GreaterOrEqual),
    ];
}

/// A value that a column is compared with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Operand {
    Text(String),
    Integer(i64),
}

/// A condition on one column.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Filter {
    pub column: &'static str,
    pub comparison: Comparison,
    pub operand: Operand,
}

/// An order: by one column, then in the order in which the rows came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Sort {
    pub column: &'static str,
    pub descending: bool,
}

/// The place behind the last row of a page: its value in the sorted column, and the row's number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    pub value: Option<Operand>,
    pub number: i64,
}

/// What is asked of a list.
#[derive(Clone)]
pub struct ListRequest {
    pub module: &'static Module,
    pub table: &'static TableSpec,
    pub filters: Vec<Filter>,
    pub party: Option<EnterpriseId>,
    pub sort: Sort,
    pub limit: u32,
    /// Rows behind this place.
    pub after: Option<Place>,
    /// The list must hold at least the blocks up to here.
    pub min_height: Option<u64>,
}

/// A cursor's content: a place, and a mark of the question it belongs to.
#[derive(Serialize, Deserialize)]
struct CursorContent {
    question: [u8; 8],
    place: Place,
}

impl ListRequest {
    /// The first page in the default order: the newest rows first.
    pub fn new(module: &'static Module, table: &'static TableSpec) -> Self {
        Self {
            module,
            table,
            filters: Vec::new(),
            party: None,
            sort: Sort { column: "created_height", descending: true },
            limit: PAGE_ROWS_DEFAULT,
            after: None,
            min_height: None,
        }
    }

    /// Reads the parameters of a request.
    pub fn parse(
        module: &'static Module,
        table: &'static TableSpec,
        parameters: &[(String, String)],
    ) -> Result<Self, Rejection> {
        let mut request = Self::new(module, table);
        let mut cursor = None;
        for (name, value) in parameters {
            if value.len() > PARAMETER_BYTES_MAX {
                return Err(doors::parameter(printable(name), format!("longer than {PARAMETER_BYTES_MAX} bytes")));
            }
            match name.as_str() {
                "party" => request.party = Some(value.parse().map_err(|why| doors::parameter(name, why))?),
                "sort" => request.sort = request.parse_sort(value)?,
                "limit" => request.limit = parse_limit(value)?,
                "min_height" => request.min_height = Some(number(name, value)?),
                "cursor" => cursor = Some(value),
                _ => request.add_filter(name, value)?,
            }
        }
        request.after = cursor.map(|text| request.open_cursor(text)).transpose()?;
        Ok(request)
    }

    fn add_filter(&mut self, name: &str, value: &str) -> Result<(), Rejection> {
        if self.filters.len() == FILTERS_MAX {
            return Err(doors::parameter(printable(name), format!("more than {FILTERS_MAX} filters")));
        }
        let (column, suffix) = name.split_once('.').map_or((name, None), |(column, suffix)| (column, Some(suffix)));
        let (column, kind) = self.column(column).ok_or_else(|| self.unknown(name))?;
        let comparison = match suffix {
            None => Comparison::Equal,
            Some(suffix) => {
                let named = Comparison::ALL.iter().find(|(of, _)| *of == suffix);
                named.ok_or_else(|| self.unknown(name))?.1
            }
        };
        let operand = match kind {
            ColumnKind::Text => Operand::Text(value.to_owned()),
            ColumnKind::Integer => Operand::Integer(
                value.parse().map_err(|_| doors::parameter(name, format!("`{}` is no integer", printable(value))))?,
            ),
        };
        self.filters.push(Filter { column, comparison, operand });
        Ok(())
    }

    fn parse_sort(&self, value: &str) -> Result<Sort, Rejection> {
        let (name, descending) = value.strip_prefix('-').map_or((value, false), |name| (name, true));
        let (column, _) = self.column(name).ok_or_else(|| self.unknown(name))?;
        Ok(Sort { column, descending })
    }

    /// A column that may be filtered and sorted on.
    pub fn column(&self, name: &str) -> Option<(&'static str, ColumnKind)> {
        columns(self.table).find(|(column, _)| *column == name)
    }

    fn unknown(&self, name: &str) -> Rejection {
        let names: Vec<&str> = columns(self.table).map(|(name, _)| name).chain(PARAMETERS.iter().copied()).collect();
        doors::unknown_parameter(printable(name), names.join(", "))
    }

    /// The cursor for the page behind `place`.
    pub fn cursor(&self, place: Place) -> String {
        wire::hex_encode(&wire::encode(&CursorContent { question: self.question(), place }))
    }

    fn open_cursor(&self, text: &str) -> Result<Place, Rejection> {
        let bytes = hex::decode(text).map_err(|_| doors::cursor())?;
        let content: CursorContent = wire::decode(&bytes).map_err(|_| doors::cursor())?;
        let kind = self.column(self.sort.column).map(|(_, kind)| kind);
        let fits = match &content.place.value {
            None => true,
            Some(Operand::Text(_)) => kind == Some(ColumnKind::Text),
            Some(Operand::Integer(_)) => kind == Some(ColumnKind::Integer),
        };
        if content.question != self.question() || !fits {
            return Err(doors::cursor());
        }
        Ok(content.place)
    }

    /// What a cursor belongs to: the same table, filters and order. The page's size may change on the way.
    fn question(&self) -> [u8; 8] {
        let question = (self.module.number, self.table.number, &self.filters, &self.party.map(|id| id.0), &self.sort);
        let digest = Digest::of(&[&wire::encode(&question)]).0;
        digest[..8].try_into().expect("a digest has more than eight bytes")
    }
}

/// Every column of a table that lists take.
pub fn columns(table: &'static TableSpec) -> impl Iterator<Item = (&'static str, ColumnKind)> {
    let own = table.columns.iter().map(|column| (column.name, column.kind));
    COMMON_COLUMNS.iter().copied().chain(own)
}

fn parse_limit(value: &str) -> Result<u32, Rejection> {
    let limit = value.parse().ok().filter(|limit| (1..=PAGE_ROWS_MAX).contains(limit));
    limit.ok_or_else(|| doors::parameter("limit", format!("it is a number from 1 to {PAGE_ROWS_MAX}")))
}

/// A whole number in a parameter.
pub fn number(name: &str, value: &str) -> Result<u64, Rejection> {
    // The bound of what SQL's integers hold.
    let number = value.parse().ok().filter(|number: &u64| i64::try_from(*number).is_ok());
    number.ok_or_else(|| doors::parameter(name, "it is a whole number"))
}

/// Foreign text as it may stand in an answer: short, and without what people cannot see.
pub fn printable(text: &str) -> String {
    text.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
