//! Tables: CSV with one row a line, for those without UBL.
//!
//! | column | orders | deliveries | invoices | meaning |
//! |---|---|---|---|---|
//! | `order_number` | must | may | may | the order's number; on other documents the order they belong to |
//! | `delivery_number` | | must | may | the delivery's number; on invoices the delivery they bill |
//! | `invoice_number` | | | must | the invoice's or credit note's number |
//! | `type` | | | may | `invoice` (when empty) or `credit_note` |
//! | `credits_invoice` | | | may | the invoice that a credit note gives back |
//! | `issue_date` | must | must | must | `2026-03-02` |
//! | `due_date` | | | may | when payment is due |
//! | `shipped_date`, `delivered_date` | | may | | when the goods left and arrived |
//! | `currency` | must | | must | ISO 4217: `CNY` |
//! | `contract_number` | may | may | may | the contract behind it |
//! | `seller_name`, `buyer_name` | must | must | must | registered names |
//! | `seller_id`, `buyer_id` | may | may | may | legal registration numbers |
//! | `seller_tax_id`, `buyer_tax_id` | may | may | may | tax numbers |
//! | `account_number`, `account_holder`, `account_bank` | | | may | where to pay |
//! | `line` | must | must | must | the line's number, once in its document |
//! | `item` | must | must | must | what it is |
//! | `seller_item_id`, `buyer_item_id` | may | may | may | article numbers |
//! | `quantity`, `unit` | must | must | must | `480.000` and a unit code such as `TNE` |
//! | `outstanding` | | may | | what is still to come on this line |
//! | `unit_price` | must | | must | price of `price_per` units (one when empty) |
//! | `price_per` | may | | may | |
//! | `line_amount` | must | | must | quantity times price, without tax |
//! | `tax_percent`, `tax_amount` | | | must | the line's tax |
//! | `tax_category` | | | may | UNTDID 5305; `S` when empty, `Z` where the percent is zero |
//! | `order_line`, `delivery_line` | | may | may | the lines that this one fulfils or bills |
//! | `total_net`, `total_tax`, `total_gross` | may | | must | the document's totals |
//! | `prepaid`, `rounding`, `payable` | may | | may | |
//!
//! Columns of the whole document must say the same on each of its rows, or be empty after the first. Columns that are
//! not in this list are named as unread. The checks are those of UBL documents; line amounts must follow from prices.

use super::{
    ADJUSTMENTS_MAX, DOCUMENTS_MAX, LINES_MAX,
    check::{self, Figure, Written, same_category},
    decimal::{Decimal, Signed, shorten},
    document::{
        BankAccount, Bill, Despatch, Header, Line, Measure, Order, Party, PartyId, Preceding, Price, Source,
        TaxCategory, TaxSubtotal, TradeDocument,
    },
    error::{ImportError, Place, Rule},
};
use csv::StringRecord;
use std::collections::{BTreeMap, BTreeSet};
use types::{Currency, Date, Text};

/// Columns that speak of the whole document.
const DOCUMENT_COLUMNS: &[&str] = &[
    "order_number",
    "delivery_number",
    "invoice_number",
    "type",
    "credits_invoice",
    "issue_date",
    "due_date",
    "shipped_date",
    "delivered_date",
    "currency",
    "contract_number",
    "seller_name",
    "buyer_name",
    "seller_id",
    "buyer_id",
    "seller_tax_id",
    "buyer_tax_id",
    "account_number",
    "account_holder",
    "account_bank",
    "total_net",
    "total_tax",
    "total_gross",
    "prepaid",
    "rounding",
    "payable",
];
/// Columns that speak of one line.
const LINE_COLUMNS: &[&str] = &[
    "line",
    "item",
    "seller_item_id",
    "buyer_item_id",
    "quantity",
    "unit",
    "outstanding",
    "unit_price",
    "price_per",
    "line_amount",
    "tax_percent",
    "tax_amount",
    "tax_category",
    "order_line",
    "delivery_line",
];
const ALWAYS: &[&str] = &["issue_date", "seller_name", "buyer_name", "line", "item", "quantity", "unit"];
const PRICED: &[&str] = &["currency", "unit_price", "line_amount"];
const TAXED: &[&str] = &["tax_percent", "tax_amount", "total_net", "total_tax", "total_gross"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Orders,
    Deliveries,
    Invoices,
}

struct Table {
    kind: Kind,
    columns: BTreeMap<String, usize>,
    unread: Vec<String>,
}

struct Row {
    line: u32,
    record: StringRecord,
}

/// Reads all documents of a table; one bad row refuses the file.
pub(super) fn read(text: &str, source: Source) -> Result<Vec<TradeDocument>, ImportError> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| refuse_csv(&error))?.clone();
    let table = Table::new(&headers)?;
    let mut documents: Vec<Vec<Row>> = Vec::new();
    let mut index_of = BTreeMap::new();
    for record in reader.into_records() {
        let record = record.map_err(|error| refuse_csv(&error))?;
        let line = record.position().map_or(0, |position| u32::try_from(position.line()).unwrap_or(u32::MAX));
        let row = Row { line, record };
        let number: String =
            table.need::<{ types::limits::REFERENCE_BYTES_MAX }>(&row, table.number_column())?.to_string();
        let index = *index_of.entry(number).or_insert(documents.len());
        if index == DOCUMENTS_MAX {
            let reason = format!("the table has more than {DOCUMENTS_MAX} documents: split it");
            return Err(table.place(&row, table.number_column()).refuse(Rule::Documents, reason));
        }
        if index == documents.len() {
            documents.push(Vec::new());
        }
        if documents[index].len() == LINES_MAX {
            let reason = format!("the document has more than {LINES_MAX} lines: split it");
            return Err(table.place(&row, "line").refuse(Rule::Lines, reason));
        }
        documents[index].push(row);
    }
    if documents.is_empty() {
        let place = Place { line: 2, column: 1, path: String::new() };
        return Err(place.refuse(Rule::Missing, "the table has a header and no rows"));
    }
    documents.iter().map(|rows| table.document(rows, &source)).collect()
}

fn refuse_csv(error: &csv::Error) -> ImportError {
    let line = error.position().map_or(1, |position| u32::try_from(position.line()).unwrap_or(u32::MAX));
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} fields, and the header {expected_len}")
        }
        _ => format!("the row cannot be read: {error}"),
    };
    Place { line, column: 1, path: String::new() }.refuse(Rule::Table, reason)
}

impl Table {
    fn new(headers: &StringRecord) -> Result<Self, ImportError> {
        let mut columns = BTreeMap::new();
        let mut unread = Vec::new();
        let place = |column: usize, path: &str| Place {
            line: 1,
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
            path: path.to_owned(),
        };
        for (index, header) in headers.iter().enumerate() {
            let name = header.trim().to_ascii_lowercase();
            if !DOCUMENT_COLUMNS.contains(&name.as_str()) && !LINE_COLUMNS.contains(&name.as_str()) {
                if unread.len() < super::UNREAD_MAX {
                    unread.push(shorten(header.trim()));
                }
                continue;
            }
            if columns.contains_key(&name) {
                return Err(place(index, &name).refuse(Rule::Header, format!("column `{name}` is there twice")));
            }
            columns.insert(name, index);
        }
        let kind =
            [("invoice_number", Kind::Invoices), ("delivery_number", Kind::Deliveries), ("order_number", Kind::Orders)];
        let kind = kind.into_iter().find(|(column, _)| columns.contains_key(*column)).map(|(_, kind)| kind);
        let kind = kind.ok_or_else(|| {
            let reason = "the file is neither XML nor a table with a column `order_number`, `delivery_number` or \
                          `invoice_number` in its first row";
            place(0, "").refuse(Rule::Header, reason)
        })?;
        let table = Self { kind, columns, unread };
        let wanted: &[&[&str]] = match kind {
            Kind::Orders => &[ALWAYS, PRICED],
            Kind::Deliveries => &[ALWAYS],
            Kind::Invoices => &[ALWAYS, PRICED, TAXED],
        };
        match wanted.iter().flat_map(|list| list.iter()).find(|column| !table.columns.contains_key(**column)) {
            Some(column) => Err(place(0, column).refuse(Rule::Header, format!("the table has no column `{column}`"))),
            None => Ok(table),
        }
    }

    fn number_column(&self) -> &'static str {
        match self.kind {
            Kind::Orders => "order_number",
            Kind::Deliveries => "delivery_number",
            Kind::Invoices => "invoice_number",
        }
    }

    fn place(&self, row: &Row, column: &str) -> Place {
        let index = self.columns.get(column).copied().unwrap_or(0);
        Place { line: row.line, column: u32::try_from(index + 1).unwrap_or(u32::MAX), path: column.to_owned() }
    }

    fn cell<'r>(&self, row: &'r Row, column: &str) -> Option<&'r str> {
        let index = self.columns.get(column)?;
        row.record.get(*index).map(str::trim).filter(|cell| !cell.is_empty())
    }

    fn text<const MAX: usize>(&self, row: &Row, column: &str) -> Result<Option<Text<MAX>>, ImportError> {
        let text = self.cell(row, column).map(Text::new).transpose();
        text.map_err(|reason| {
            let reason = reason.split_once(": ").map_or(reason.as_str(), |(_, words)| words);
            self.place(row, column).refuse(Rule::Text, format!("column `{column}`: {reason}"))
        })
    }

    fn need<const MAX: usize>(&self, row: &Row, column: &str) -> Result<Text<MAX>, ImportError> {
        let missing = || self.place(row, column).refuse(Rule::Missing, format!("column `{column}` is empty"));
        self.text(row, column)?.ok_or_else(missing)
    }

    fn date(&self, row: &Row, column: &str) -> Result<Option<Date>, ImportError> {
        let Some(cell) = self.cell(row, column) else { return Ok(None) };
        cell.parse().map(Some).map_err(|_| {
            let reason = format!("column `{column}`: `{}` is not a date: write it as 2026-03-02", shorten(cell));
            self.place(row, column).refuse(Rule::Date, reason)
        })
    }

    fn decimal(&self, row: &Row, column: &str) -> Result<Option<Decimal>, ImportError> {
        let number = self.cell(row, column).map(Decimal::parse).transpose();
        number.map_err(|reason| self.place(row, column).refuse(Rule::Number, format!("column `{column}`: {reason}")))
    }

    fn need_decimal(&self, row: &Row, column: &str) -> Result<Decimal, ImportError> {
        let missing = || self.place(row, column).refuse(Rule::Missing, format!("column `{column}` is empty"));
        self.decimal(row, column)?.ok_or_else(missing)
    }

    fn amount(&self, row: &Row, column: &str, currency: Currency) -> Result<Option<Signed>, ImportError> {
        let Some(exact) = self.decimal(row, column)? else { return Ok(None) };
        let refuse = |rule, reason| Err(self.place(row, column).refuse(rule, reason));
        let Some(minor) = exact.units(u32::from(currency.decimals())) else {
            let reason =
                format!("column `{column}`: {exact} has more than the {} decimals of {currency}", currency.decimals());
            return refuse(Rule::Scale, reason);
        };
        match Signed::from_minor(minor, currency) {
            Some(amount) => Ok(Some(amount)),
            None => refuse(Rule::Number, format!("column `{column}`: {exact} is over the largest amount")),
        }
    }

    fn need_amount(&self, row: &Row, column: &str, currency: Currency) -> Result<Signed, ImportError> {
        let missing = || self.place(row, column).refuse(Rule::Missing, format!("column `{column}` is empty"));
        self.amount(row, column, currency)?.ok_or_else(missing)
    }

    fn document(&self, rows: &[Row], source: &Source) -> Result<TradeDocument, ImportError> {
        let first = rows.first().expect("a document is made when its first row is");
        self.check_agreement(first, rows)?;
        let currency = match self.cell(first, "currency") {
            None => None,
            Some(code) => Some(code.parse::<Currency>().map_err(|_| {
                let reason =
                    format!("column `currency`: `{}` is not a currency code that the ledger knows", shorten(code));
                self.place(first, "currency").refuse(Rule::Currency, reason)
            })?),
        };
        let header = self.header(first, currency, source)?;
        match (self.kind, currency) {
            (Kind::Deliveries, _) => Ok(TradeDocument::Despatch(Despatch {
                header,
                shipped: self.date(first, "shipped_date")?,
                delivered: self.date(first, "delivered_date")?,
                lines: self.lines(rows, None)?,
            })),
            (Kind::Orders, Some(currency)) => {
                let lines = self.lines(rows, Some(currency))?;
                let places = |figure| self.place_of(rows, figure);
                let totals = check::totals(self.written(first, currency)?, currency, &lines, &[], &places)?;
                Ok(TradeDocument::Order(Order { header, totals: Some(totals), adjustments: Vec::new(), lines }))
            }
            (Kind::Invoices, Some(currency)) => self.bill(rows, header, currency),
            (Kind::Orders | Kind::Invoices, None) => {
                Err(self.place(first, "currency").refuse(Rule::Missing, "column `currency` is empty"))
            }
        }
    }

    fn bill(&self, rows: &[Row], header: Header, currency: Currency) -> Result<TradeDocument, ImportError> {
        let first = rows.first().expect("a document is made when its first row is");
        let credit = match self.cell(first, "type") {
            None | Some("invoice") => false,
            Some("credit_note") => true,
            Some(other) => {
                let reason = format!("column `type`: `{}` is neither `invoice` nor `credit_note`", shorten(other));
                return Err(self.place(first, "type").refuse(Rule::TypeCode, reason));
            }
        };
        let lines = self.lines(rows, Some(currency))?;
        let places = |figure| self.place_of(rows, figure);
        for column in ["total_net", "total_tax", "total_gross"] {
            self.need_amount(first, column, currency)?;
        }
        let totals = check::totals(self.written(first, currency)?, currency, &lines, &[], &places)?;
        let taxes = self.taxes(rows, &lines, currency)?;
        check::taxes(&taxes, &totals, &lines, &[], &places)?;
        check::not_negative(&totals, credit, &places)?;
        let number = self.text(first, "account_number")?;
        let bill = Bill {
            header,
            type_code: Text::new(if credit { "381" } else { "380" }).expect("three digits are a reference"),
            due: self.date(first, "due_date")?,
            preceding: match self.text(first, "credits_invoice")? {
                Some(number) => vec![Preceding { number, issued: None }],
                None => Vec::new(),
            },
            payee: None,
            pay_to: match number {
                None => None,
                Some(number) => {
                    let (holder, bank) = (self.text(first, "account_holder")?, self.text(first, "account_bank")?);
                    Some(BankAccount { number, holder, bank })
                }
            },
            totals,
            taxes,
            adjustments: Vec::new(),
            lines,
        };
        Ok(if credit { TradeDocument::CreditNote(bill) } else { TradeDocument::Invoice(bill) })
    }

    fn header(&self, row: &Row, currency: Option<Currency>, source: &Source) -> Result<Header, ImportError> {
        let missing = || self.place(row, "issue_date").refuse(Rule::Missing, "column `issue_date` is empty");
        let other = |column: &str| if column == self.number_column() { Ok(None) } else { self.text(row, column) };
        Ok(Header {
            number: self.need(row, self.number_column())?,
            issued: self.date(row, "issue_date")?.ok_or_else(missing)?,
            currency,
            profile: None,
            order: other("order_number")?,
            contract: self.text(row, "contract_number")?,
            despatch: other("delivery_number")?,
            seller: self.party(row, ["seller_name", "seller_id", "seller_tax_id"])?,
            buyer: self.party(row, ["buyer_name", "buyer_id", "buyer_tax_id"])?,
            source: source.clone(),
            notices: Vec::new(),
            unread: self.unread.clone(),
        })
    }

    fn party(&self, row: &Row, [name, id, tax_id]: [&str; 3]) -> Result<Party, ImportError> {
        let legal_id = self.text(row, id)?.map(|value| PartyId { scheme: None, value });
        Ok(Party { name: Some(self.need(row, name)?), legal_id, tax_id: self.text(row, tax_id)?, ..Party::default() })
    }

    fn check_agreement(&self, first: &Row, rows: &[Row]) -> Result<(), ImportError> {
        let present = DOCUMENT_COLUMNS.iter().filter(|column| self.columns.contains_key(**column));
        for column in present {
            let said = self.cell(first, column);
            let differs = |row: &&Row| self.cell(row, column).is_some_and(|cell| Some(cell) != said);
            if let Some(row) = rows.iter().find(differs) {
                let (here, there) = (self.cell(row, column).unwrap_or(""), said.unwrap_or(""));
                let reason = format!(
                    "column `{column}` says `{}` here and `{}` on line {} of the same document",
                    shorten(here),
                    shorten(there),
                    first.line
                );
                return Err(self.place(row, column).refuse(Rule::Disagree, reason));
            }
        }
        Ok(())
    }

    fn lines(&self, rows: &[Row], currency: Option<Currency>) -> Result<Vec<Line>, ImportError> {
        let mut ids = BTreeSet::new();
        let mut lines = Vec::new();
        for row in rows {
            let line = self.line(row, currency)?;
            if !ids.insert(line.id.clone()) {
                return Err(self.place(row, "line").refuse(Rule::Twice, format!("line {} is there twice", line.id)));
            }
            if let Some(Err(reason)) = currency.map(|currency| check::line_net(&line, currency)) {
                return Err(self.place(row, "line_amount").refuse(Rule::LineNet, reason));
            }
            lines.push(line);
        }
        Ok(lines)
    }

    fn line(&self, row: &Row, currency: Option<Currency>) -> Result<Line, ImportError> {
        let unit: Text<{ types::limits::REFERENCE_BYTES_MAX }> = self.need(row, "unit")?;
        let quantity = self.need_decimal(row, "quantity")?;
        if quantity.units(3).is_none() {
            let reason = format!("column `quantity`: {quantity} has more than three decimals");
            return Err(self.place(row, "quantity").refuse(Rule::Scale, reason));
        }
        let per = self.decimal(row, "price_per")?.unwrap_or(Decimal::ONE);
        if per.is_zero() || per.is_negative() {
            let reason = format!("column `price_per`: a price per {per} units means nothing");
            return Err(self.place(row, "price_per").refuse(Rule::Negative, reason));
        }
        let (price, net) = match currency {
            None => (None, None),
            Some(currency) => {
                let amount = self.need_decimal(row, "unit_price")?;
                if amount.is_negative() {
                    let reason = format!("column `unit_price`: {amount} is negative; make the quantity negative");
                    return Err(self.place(row, "unit_price").refuse(Rule::Negative, reason));
                }
                (Some(Price { amount, per }), Some(self.need_amount(row, "line_amount", currency)?))
            }
        };
        Ok(Line {
            id: self.need(row, "line")?,
            item: Some(self.need(row, "item")?),
            seller_item: self.text(row, "seller_item_id")?,
            buyer_item: self.text(row, "buyer_item_id")?,
            outstanding: self.decimal(row, "outstanding")?.map(|exact| Measure { exact, unit: Some(unit.clone()) }),
            quantity: Some(Measure { exact: quantity, unit: Some(unit) }),
            price,
            net,
            tax: if self.kind == Kind::Invoices { Some(self.tax_category(row)?) } else { None },
            order: None,
            order_line: self.text(row, "order_line")?,
            despatch: None,
            despatch_line: self.text(row, "delivery_line")?,
            adjustments: Vec::new(),
            status: None,
            file_line: row.line,
        })
    }

    fn tax_category(&self, row: &Row) -> Result<TaxCategory, ImportError> {
        let percent = self.need_decimal(row, "tax_percent")?;
        let usual = if percent.is_zero() { "Z" } else { "S" };
        let code = self.text(row, "tax_category")?;
        let code = code.unwrap_or_else(|| Text::new(usual).expect("a letter is a reference"));
        Ok(TaxCategory { code, percent: Some(percent) })
    }

    /// One subtotal for each category, from the lines' own tax amounts.
    fn taxes(&self, rows: &[Row], lines: &[Line], currency: Currency) -> Result<Vec<TaxSubtotal>, ImportError> {
        let mut sums: Vec<(TaxCategory, i128, i128)> = Vec::new();
        for (row, line) in rows.iter().zip(lines) {
            let category = line.tax.clone().expect("an invoice's line has a category");
            let net = line.net.map_or(0, Signed::minor);
            let tax = self.need_amount(row, "tax_amount", currency)?.minor();
            match sums.iter().position(|(known, ..)| same_category(known, &category)) {
                Some(index) => {
                    sums[index].1 += net;
                    sums[index].2 += tax;
                }
                None if sums.len() == ADJUSTMENTS_MAX => {
                    let reason = format!("there are more than {ADJUSTMENTS_MAX} tax categories");
                    return Err(self.place(row, "tax_percent").refuse(Rule::Adjustments, reason));
                }
                None => sums.push((category, net, tax)),
            }
        }
        let first = rows.first().expect("a document is made when its first row is");
        let signed = |minor| {
            let large = || self.place(first, "tax_amount").refuse(Rule::Number, "a sum is over the largest amount");
            Signed::from_minor(minor, currency).ok_or_else(large)
        };
        let subtotal = |(category, net, tax)| Ok(TaxSubtotal { category, taxable: signed(net)?, tax: signed(tax)? });
        sums.into_iter().map(subtotal).collect()
    }

    fn written(&self, row: &Row, currency: Currency) -> Result<Written, ImportError> {
        let figure = |column| self.amount(row, column, currency);
        Ok(Written {
            line_extension: figure("total_net")?,
            tax: figure("total_tax")?,
            tax_inclusive: figure("total_gross")?,
            prepaid: figure("prepaid")?,
            rounding: figure("rounding")?,
            payable: figure("payable")?,
            ..Written::default()
        })
    }

    fn place_of(&self, rows: &[Row], figure: Figure) -> Place {
        let first = rows.first().expect("a document is made when its first row is");
        let line = |index: usize| rows.get(index).unwrap_or(first);
        match figure {
            Figure::Allowance | Figure::Charge => self.place(first, self.number_column()),
            Figure::LineExtension | Figure::TaxExclusive => self.place(first, "total_net"),
            Figure::Tax | Figure::Subtotal(_) => self.place(first, "total_tax"),
            Figure::TaxInclusive => self.place(first, "total_gross"),
            Figure::Payable => self.place(first, "payable"),
            Figure::Line(index) => self.place(line(index), "tax_amount"),
        }
    }
}
