//! The delivery history of the Supply Chain Management System (USAID, 2006-2015): real order lines, one a row.
//!
//! [`Records`] streams: it holds one row at a time, so the file may be of any length. Each row becomes an order of one
//! line and the delivery that fulfilled it; rows of one purchase order share its number, and the row's id is the line's
//! number, so a loader may put them together. A row either loads or is reported with its line and the reason.
//!
//! Fields that the history left open are filled by two named rules, and each use is a notice:
//! - **order date**: the day the order went to the vendor; where that is open, the day the price quote went to the
//!   client; where that too is open, the scheduled delivery date.
//! - **open**: `Date Not Captured`, `Pre-PQ Process`, `N/A - From RDC` and the empty field.
//!
//! The buyer is the country programme that the goods were for; it is known by its project code and has no legal number.

use super::{
    check,
    decimal::{Decimal, Signed},
    document::{Despatch, Format, Header, Line, Measure, Notice, Order, Party, PartyId, Price, Source, Totals},
    error::{ImportError, Place, Rule},
};
use csv::StringRecord;
use std::io::Read;
use types::{Currency, Date, Digest, Text};

const OPEN: &[&str] = &["", "Date Not Captured", "Pre-PQ Process", "N/A - From RDC"];
/// Bytes of one row; the longest real one has about 600.
const ROW_BYTES_MAX: usize = 16 * 1024;
const COLUMNS: [&str; 15] = [
    "ID",
    "Project Code",
    "PO / SO #",
    "ASN/DN #",
    "Country",
    "PQ First Sent to Client Date",
    "PO Sent to Vendor Date",
    "Scheduled Delivery Date",
    "Delivered to Client Date",
    "Vendor",
    "Item Description",
    "Unit of Measure (Per Pack)",
    "Line Item Quantity",
    "Line Item Value",
    "Pack Price",
];

/// One order line and its delivery.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    pub order: Order,
    pub delivery: Despatch,
}

/// The rows of a history, unpacked.
pub struct Records<R> {
    reader: csv::Reader<Bounded<R>>,
    /// The source failed; there is nothing more to read.
    broken: bool,
    columns: [usize; COLUMNS.len()],
    file: String,
    unread: Vec<String>,
}

impl<R: Read> Records<R> {
    /// Reads the header.
    pub fn new(file: &str, reader: R) -> Result<Self, ImportError> {
        let mut reader = csv::ReaderBuilder::new().from_reader(Bounded { reader, since_row: 0 });
        let place = || Place { line: 1, column: 1, path: String::new() };
        let headers = reader.headers().map_err(|error| place().refuse(Rule::Table, format!("no header: {error}")))?;
        let mut columns = [0; COLUMNS.len()];
        for (column, name) in columns.iter_mut().zip(COLUMNS) {
            let found = headers.iter().position(|header| header.trim() == name);
            *column = found.ok_or_else(|| place().refuse(Rule::Header, format!("the table has no column `{name}`")))?;
        }
        let unread = headers.iter().filter(|header| !COLUMNS.contains(&header.trim()));
        let unread = unread.take(super::UNREAD_MAX).map(super::decimal::shorten).collect();
        Ok(Self { reader, broken: false, columns, file: super::decimal::shorten(file), unread })
    }

    fn record(&self, record: &StringRecord) -> Result<Record, ImportError> {
        let line = record.position().map_or(0, |position| u32::try_from(position.line()).unwrap_or(u32::MAX));
        let row = Row { record, line, columns: &self.columns };
        let mut notices = Vec::new();
        let scheduled = row.date("Scheduled Delivery Date")?;
        let ordered = order_date(&row, scheduled, &mut notices)?;
        let delivered = row.date("Delivered to Client Date")?;
        let digest = Digest::of(&[row.record.iter().collect::<Vec<_>>().join("\u{1f}").as_bytes()]);
        let source = Source { file: self.file.clone(), digest, format: Format::ScmsHistory };
        let header = |number, issued, order, notices| -> Result<Header, ImportError> {
            Ok(Header {
                number,
                issued,
                currency: Some(Currency::USD),
                profile: None,
                order,
                contract: None,
                despatch: None,
                seller: Party { name: Some(row.text("Vendor")?), ..Party::default() },
                buyer: buyer(&row)?,
                source: source.clone(),
                notices,
                unread: self.unread.clone(),
            })
        };
        let order_number: Text<_> = row.text("PO / SO #")?;
        let order_line = order_line(&row, &mut notices)?;
        let net = order_line.net.unwrap_or(Signed::zero(Currency::USD));
        let delivery_line = Line {
            price: None,
            net: None,
            order: Some(order_number.clone()),
            order_line: Some(order_line.id.clone()),
            ..order_line.clone()
        };
        let issued = delivered.or(scheduled).unwrap_or(ordered);
        Ok(Record {
            order: Order {
                header: header(order_number.clone(), ordered, None, notices)?,
                totals: Some(untaxed(net)),
                adjustments: Vec::new(),
                lines: vec![order_line],
            },
            delivery: Despatch {
                header: header(row.text("ASN/DN #")?, issued, Some(order_number), Vec::new())?,
                shipped: None,
                delivered,
                lines: vec![delivery_line],
            },
        })
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<Record, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken {
            return None;
        }
        let mut record = StringRecord::new();
        self.reader.get_mut().since_row = 0;
        match self.reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => Some(self.record(&record)),
            Err(error) => {
                self.broken = matches!(error.kind(), csv::ErrorKind::Io(_));
                let position = error.position().unwrap_or_else(|| self.reader.position());
                let line = u32::try_from(position.line()).unwrap_or(u32::MAX);
                let place = Place { line, column: 1, path: String::new() };
                Some(Err(place.refuse(Rule::Table, format!("the row cannot be read: {error}"))))
            }
        }
    }
}

/// Stops a row that never ends, such as one with an open quotation mark, before it fills the memory.
struct Bounded<R> {
    reader: R,
    since_row: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.since_row > ROW_BYTES_MAX {
            return Err(std::io::Error::other(format!("the row is longer than {ROW_BYTES_MAX} bytes")));
        }
        let count = self.reader.read(buffer)?;
        self.since_row += count;
        Ok(count)
    }
}

struct Row<'r> {
    record: &'r StringRecord,
    line: u32,
    columns: &'r [usize; COLUMNS.len()],
}

impl Row<'_> {
    fn index(&self, column: &str) -> usize {
        let position = COLUMNS.iter().position(|name| *name == column);
        self.columns[position.expect("only listed columns are asked for")]
    }

    fn cell(&self, column: &str) -> &str {
        self.record.get(self.index(column)).unwrap_or("").trim()
    }

    fn place(&self, column: &str) -> Place {
        let index = u32::try_from(self.index(column) + 1).unwrap_or(u32::MAX);
        Place { line: self.line, column: index, path: column.to_owned() }
    }

    fn text<const MAX: usize>(&self, column: &str) -> Result<Text<MAX>, ImportError> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return Err(self.place(column).refuse(Rule::Missing, format!("column `{column}` is empty")));
        }
        Text::new(cell).map_err(|reason| {
            let reason = reason.split_once(": ").map_or(reason.as_str(), |(_, words)| words);
            self.place(column).refuse(Rule::Text, format!("column `{column}`: {reason}"))
        })
    }

    fn date(&self, column: &str) -> Result<Option<Date>, ImportError> {
        let cell = self.cell(column);
        if OPEN.contains(&cell) {
            return Ok(None);
        }
        let refused = |_| self.place(column).refuse(Rule::Date, format!("column `{column}` does not hold a date"));
        cell.parse().map(Some).map_err(refused)
    }

    fn decimal(&self, column: &str) -> Result<Decimal, ImportError> {
        let number = Decimal::parse(self.cell(column)).ok().filter(|number| !number.is_negative());
        number.ok_or_else(|| {
            self.place(column).refuse(Rule::Number, format!("column `{column}` does not hold a number from 0 up"))
        })
    }
}

fn order_date(row: &Row<'_>, scheduled: Option<Date>, notices: &mut Vec<Notice>) -> Result<Date, ImportError> {
    if let Some(sent) = row.date("PO Sent to Vendor Date")? {
        return Ok(sent);
    }
    let open = row.cell("PO Sent to Vendor Date");
    let (date, used) = match row.date("PQ First Sent to Client Date")? {
        Some(quoted) => (Some(quoted), "the day of the price quote"),
        None => (scheduled, "the scheduled delivery date"),
    };
    let place = || row.place("PO Sent to Vendor Date");
    let date = date.ok_or_else(|| place().refuse(Rule::Missing, "the row has no date for its order"))?;
    notices.push(Notice { line: row.line, text: format!("order date: `{open}`, so {used} {date} stands for it") });
    Ok(date)
}

fn buyer(row: &Row<'_>) -> Result<Party, ImportError> {
    let name = format!("SCMS programme, {}", row.text::<{ types::limits::REFERENCE_BYTES_MAX }>("Country")?);
    let name = Text::new(name).map_err(|reason| row.place("Country").refuse(Rule::Text, reason))?;
    let scheme = Text::new("SCMS project").expect("a short text is a reference");
    let project = PartyId { scheme: Some(scheme), value: row.text("Project Code")? };
    Ok(Party { name: Some(name), ids: vec![project], ..Party::default() })
}

fn order_line(row: &Row<'_>, notices: &mut Vec<Notice>) -> Result<Line, ImportError> {
    let value = row.decimal("Line Item Value")?;
    let net = value.units(2).and_then(|minor| Signed::from_minor(minor, Currency::USD)).ok_or_else(|| {
        row.place("Line Item Value").refuse(Rule::Scale, format!("line value {value} is not an amount in cents"))
    })?;
    let quantity = row.decimal("Line Item Quantity")?;
    let pack: Text<{ types::limits::REFERENCE_BYTES_MAX }> = row.text("Unit of Measure (Per Pack)")?;
    let unit = Text::new(format!("pack of {pack}"));
    let unit = unit.map_err(|reason| row.place("Unit of Measure (Per Pack)").refuse(Rule::Text, reason))?;
    let line = Line {
        id: row.text("ID")?,
        item: Some(row.text("Item Description")?),
        seller_item: None,
        buyer_item: None,
        quantity: Some(Measure { exact: quantity, unit: Some(unit) }),
        outstanding: None,
        price: Some(Price { amount: row.decimal("Pack Price")?, per: Decimal::ONE }),
        net: Some(net),
        tax: None,
        order: None,
        order_line: None,
        despatch: None,
        despatch_line: None,
        adjustments: Vec::new(),
        status: None,
        file_line: row.line,
    };
    if let Err(text) = check::line_net(&line, Currency::USD) {
        notices.push(Notice { line: row.line, text });
    }
    Ok(line)
}

/// The history's values have no tax: the line is the total.
fn untaxed(net: Signed) -> Totals {
    let zero = Signed::zero(Currency::USD);
    Totals {
        line_extension: net,
        allowance: zero,
        charge: zero,
        tax_exclusive: net,
        tax: zero,
        tax_inclusive: net,
        prepaid: zero,
        rounding: zero,
        payable: net,
    }
}
