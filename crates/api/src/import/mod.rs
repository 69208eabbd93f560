//! Documents in: bytes become neutral trade documents, or a refusal that says where and why.
//!
//! ```text
//!   bytes --- `<`? --> xml (bounded tree) --> ubl  --+
//!     |                                              +--> check (the figures add up) --> TradeDocument
//!     +------ else --> table (rows by number) -------+
//! ```
//!
//! It is pure and sync: no files, no clock, no network, and no input makes it panic. What it does not understand it
//! lists; the original bytes, named by their SHA-256, keep everything. It decides nothing about the business: whether
//! an invoice is a duplicate, or matches its order, is for the ledger.
//!
//! Laws, each refused with the place and the reason ([`Rule`] has the codes):
//! - The lines sum to the line total, the taxes to the tax total, and the totals lead to the payable amount
//!   (EN 16931, BR-CO-10 to BR-CO-16), to the minor unit.
//! - A tax category's tax is its rate of its base, and its base is its lines: within less than one unit of the
//!   currency, which is what EN 16931's own rules allow.
//! - A bill is not below zero. Returned items may be negative lines; a negative total is a credit note's matter.
//! - Every amount is in the document's currency and has no more decimals than it.
//! - A line amount is quantity times price with its allowances and charges, within two hundredths: refused where the
//!   document claims a Peppol profile or is a table, and a notice elsewhere, since EN 16931 itself does not ask it.
//!
//! Quantities keep the decimals they were written with ([`Decimal`]); [`Decimal::thousandths`] makes ledger quantities
//! of them by a named rule.
//!
//! # Tables
//! For those without UBL: CSV in UTF-8, comma or semicolon, one row a line, rows of one document share its number. One
//! file holds orders, deliveries or invoices: `invoice_number` makes it invoices, else `delivery_number` deliveries,
//! else `order_number` orders. The columns are documented in [`table`].

pub mod acts;
mod document;
mod error;
mod decimal;
mod ubl;
mod fields;
mod xml;
pub mod table;
pub mod scms;
mod check;

#[cfg(test)]
mod tests;

pub use decimal::{Decimal, QuantityRule, Signed, money};
pub use document::{
    Adjustment, AdjustmentKind, Answer, BankAccount, Bill, Despatch, Format, Header, Line, Measure, Notice, Order,
    OrderResponse, Party, PartyId, Preceding, Price, Source, TaxCategory, TaxSubtotal, Totals, TradeDocument,
};
pub use error::{ImportError, Place, Rule};

use types::Digest;

/// Bytes of one file: an invoice with a scanned attachment inside fits; a whole year's archive does not.
pub const FILE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Lines of one document: what fits one act's payload on the chain (`limits::PAYLOAD_BYTES_MAX`).
pub const LINES_MAX: usize = 500;
/// Documents of one table: a day's paper of a large firm; more than that comes in several files.
pub const DOCUMENTS_MAX: usize = 10_000;
/// Allowances and charges in one place, tax categories, references to invoices: real documents have a handful.
pub const ADJUSTMENTS_MAX: usize = 100;
/// Depth of nested elements: UBL's deepest profile paths have about twelve; the rest is room for extensions.
pub const DEPTH_MAX: usize = 32;
/// Elements of one document: 500 lines of 100 elements, twice over.
pub const ELEMENTS_MAX: usize = 100_000;
/// Bytes of one start tag: attributes are codes, and a schema location is the longest of them.
pub const ATTRIBUTES_BYTES_MAX: usize = 8 * 1024;
/// Namespace declarations in force at once: UBL files have about ten.
pub const NAMESPACES_MAX: usize = 64;
/// Unread paths that are listed: enough to see what kind of thing was not understood.
pub const UNREAD_MAX: usize = 256;

/// Reads a file that people send: UBL 2.1 XML or a table. `name` is what people call it.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Vec<TradeDocument>, ImportError> {
    let whole = Place { line: 1, column: 1, path: String::new() };
    if bytes.len() > FILE_BYTES_MAX {
        let reason = format!("the file has {} bytes, and {FILE_BYTES_MAX} is the limit", bytes.len());
        return Err(whole.refuse(Rule::FileBytes, reason));
    }
    let source = |format| Source { file: decimal::shorten(name), digest: Digest::of(&[bytes]), format };
    let text = utf8(bytes)?;
    let start = text.trim_ascii_start();
    if start.is_empty() {
        return Err(whole.refuse(Rule::Format, "the file is empty"));
    }
    if start.starts_with('<') {
        return ubl::read(text, source(Format::Ubl)).map(|document| vec![document]);
    }
    table::read(text, source(Format::Table))
}

/// The text without its byte order mark, or what to do about bytes that are not text.
fn utf8(bytes: &[u8]) -> Result<&str, ImportError> {
    let whole = Place { line: 1, column: 1, path: String::new() };
    let known: &[(&[u8], &str)] = &[
        (b"%PDF", "the file is a PDF: ask for the invoice as UBL XML, or enter it as a table"),
        (b"PK\x03\x04", "the file is a ZIP archive or a spreadsheet: unpack it, or save the sheet as CSV"),
        (&[0x1f, 0x8b], "the file is compressed: unpack it first"),
        (&[0xff, 0xfe], "the file is in UTF-16: save it as UTF-8"),
        (&[0xfe, 0xff], "the file is in UTF-16: save it as UTF-8"),
    ];
    if let Some((_, reason)) = known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(whole.refuse(Rule::Format, *reason));
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        let place = Place { line: number(line), column: number(column), path: String::new() };
        place.refuse(Rule::Encoding, "the file is not UTF-8 text: save it as UTF-8")
    })
}
