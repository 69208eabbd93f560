//! What people and programs read: tables or JSON on standard output, errors with their reason and the way out.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};
use serde_json::Value;

/// A line under the header, and nothing else: rows stand close, so that many fit on a screen.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// How to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    People,
    Programs,
}

impl Form {
    pub fn of(arguments: &clap::ArgMatches) -> Self {
        if arguments.get_flag("json") { Self::Programs } else { Self::People }
    }
}

/// Prints a value: as JSON for programs, as a two-column table of its fields for people.
pub fn value(form: Form, value: &Value) {
    match (form, value) {
        (Form::Programs, _) => println!("{}", pretty(value)),
        (Form::People, Value::Object(fields)) => {
            let mut table = empty(&["field", "value"]);
            for (name, value) in fields {
                table.add_row([name.clone(), cell(value)]);
            }
            println!("{table}");
        }
        (Form::People, other) => println!("{}", cell(other)),
    }
}

/// Prints named values for people, in this order.
pub fn fields(fields: &[(&str, Value)]) {
    let mut table = empty(&["field", "value"]);
    for (name, value) in fields {
        table.add_row([(*name).to_owned(), cell(value)]);
    }
    println!("{table}");
}

/// Prints the fields of a record for people, in this order.
pub fn named(rows: &[(String, String)]) {
    let mut table = empty(&["field", "value"]);
    for (name, value) in rows {
        table.add_row([name, value]);
    }
    println!("{table}");
}

/// Prints rows under a header.
pub fn rows(form: Form, header: &[&str], rows: &[Vec<Value>]) {
    match form {
        Form::Programs => {
            let object = |row: &Vec<Value>| -> Value {
                header.iter().zip(row).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
            };
            println!("{}", pretty(&Value::Array(rows.iter().map(object).collect())));
        }
        Form::People if rows.is_empty() => println!("nothing"),
        Form::People => {
            let mut table = empty(header);
            for row in rows {
                table.add_row(row.iter().map(cell));
            }
            println!("{table}");
        }
    }
}

/// A column of a table for people.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: ColumnKind,
}

/// How a column is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnKind {
    Text,
    /// Numbers and amounts: under each other by their last digit.
    Number,
    /// What people copy: never broken over lines.
    Id,
}

/// A table for people.
pub fn table(header: &[String], rows: &[Vec<Value>]) -> String {
    let mut table = empty(&header.iter().map(String::as_str).collect::<Vec<_>>());
    for row in rows {
        table.add_row(row.iter().map(cell));
    }
    table.to_string()
}

/// Prints rows for people; a column in which nothing stands is left out.
pub fn columns(columns: &[Column], rows: &[Vec<String>]) {
    if rows.is_empty() {
        println!("nothing");
        return;
    }
    let filled: Vec<usize> =
        (0..columns.len()).filter(|column| rows.iter().any(|row| !row[*column].is_empty())).collect();
    let mut table = empty(&filled.iter().map(|column| columns[*column].name).collect::<Vec<_>>());
    for row in rows {
        table.add_row(filled.iter().map(|column| row[*column].as_str()));
    }
    for (place, column) in filled.iter().enumerate() {
        let shown = table.column_mut(place).expect("the header has it");
        match columns[*column].kind {
            ColumnKind::Text => {}
            ColumnKind::Number => {
                shown.set_constraint(ColumnConstraint::ContentWidth);
                shown.set_cell_alignment(CellAlignment::Right);
            }
            ColumnKind::Id => {
                shown.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    println!("{table}");
}

/// An error with its causes, one line each.
pub fn error(error: &anyhow::Error) {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

fn empty(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().copied());
    table
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        other @ (Value::Array(_) | Value::Object(_)) => pretty(other),
        other @ (Value::Bool(_) | Value::Number(_)) => other.to_string(),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a JSON value prints")
}
