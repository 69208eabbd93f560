//! The neutral trade document: what orders, deliveries, invoices and credit notes say, whatever format they came in.

use super::decimal::{Decimal, Signed};
use serde::Serialize;
use types::{
    Amount, Currency, Date, Digest,
    text::{Name, Reference, Remark},
};

/// One document as it came in.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum TradeDocument {
    Order(Order),
    /// The seller's answer to an order.
    OrderResponse(OrderResponse),
    /// What was sent: a despatch advice, a delivery.
    Despatch(Despatch),
    Invoice(Bill),
    /// What the seller gives back; its figures are positive and reduce what the buyer owes.
    CreditNote(Bill),
}

impl TradeDocument {
    pub fn header(&self) -> &Header {
        match self {
            Self::Order(order) => &order.header,
            Self::OrderResponse(response) => &response.header,
            Self::Despatch(despatch) => &despatch.header,
            Self::Invoice(bill) | Self::CreditNote(bill) => &bill.header,
        }
    }

    pub fn lines(&self) -> &[Line] {
        match self {
            Self::Order(order) => &order.lines,
            Self::OrderResponse(response) => &response.lines,
            Self::Despatch(despatch) => &despatch.lines,
            Self::Invoice(bill) | Self::CreditNote(bill) => &bill.lines,
        }
    }

    /// The word for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Order(_) => "order",
            Self::OrderResponse(_) => "order response",
            Self::Despatch(_) => "despatch advice",
            Self::Invoice(_) => "invoice",
            Self::CreditNote(_) => "credit note",
        }
    }
}

/// How the document was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Format {
    Ubl,
    Table,
    ScmsHistory,
}

/// The original: its name, and the digest by which anyone recognises it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Source {
    pub file: String,
    /// SHA-256 of the original bytes; of the row's fields for a row of the SCMS history.
    pub digest: Digest,
    pub format: Format,
}

/// Something that was taken in but that a person should see.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Notice {
    /// The line of the file, from 1.
    pub line: u32,
    pub text: String,
}

/// What every document has.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Header {
    /// The number that its issuer gave it.
    pub number: Reference,
    pub issued: Date,
    pub currency: Option<Currency>,
    /// The profile it claims to follow.
    pub profile: Option<Remark>,
    pub order: Option<Reference>,
    pub contract: Option<Reference>,
    pub despatch: Option<Reference>,
    pub seller: Party,
    pub buyer: Party,
    pub source: Source,
    pub notices: Vec<Notice>,
    /// Paths of elements (or table columns) that the importer did not read; the original keeps them.
    pub unread: Vec<String>,
}

/// A company as the document names it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Party {
    /// The registered name, or the trading name where no other is given.
    pub name: Option<Name>,
    /// The legal registration number: a USCC, a company number.
    pub legal_id: Option<PartyId>,
    pub tax_id: Option<Reference>,
    /// Its electronic address.
    pub endpoint: Option<PartyId>,
    /// Other identifiers, such as a GLN.
    pub ids: Vec<PartyId>,
    /// ISO 3166 country code.
    pub country: Option<Reference>,
}

/// An identifier and the scheme it belongs to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PartyId {
    pub scheme: Option<Reference>,
    pub value: Reference,
}

/// Where to pay: an IBAN or a national account number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BankAccount {
    pub number: Reference,
    pub holder: Option<Name>,
    /// BIC or branch code.
    pub bank: Option<Reference>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Order {
    pub header: Header,
    pub totals: Option<Totals>,
    pub adjustments: Vec<Adjustment>,
    pub lines: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Answer {
    /// Received, not yet decided (`AB`).
    Acknowledged,
    /// Accepted as ordered (`AP`).
    Accepted,
    /// Accepted with changes in the lines (`CA`).
    Amended,
    /// Refused (`RE`).
    Rejected,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OrderResponse {
    pub header: Header,
    pub answer: Answer,
    pub lines: Vec<Line>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Despatch {
    pub header: Header,
    /// When the goods left, or arrived, where the document says so.
    pub shipped: Option<Date>,
    pub delivered: Option<Date>,
    pub lines: Vec<Line>,
}

/// An invoice or a credit note.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Bill {
    pub header: Header,
    /// UNTDID 1001: 380 invoice, 384 corrected invoice, 381 credit note.
    pub type_code: Reference,
    pub due: Option<Date>,
    /// The invoices that this one corrects or credits.
    pub preceding: Vec<Preceding>,
    /// Who is to be paid when it is not the seller.
    pub payee: Option<Party>,
    pub pay_to: Option<BankAccount>,
    pub totals: Totals,
    pub taxes: Vec<TaxSubtotal>,
    pub adjustments: Vec<Adjustment>,
    pub lines: Vec<Line>,
}

impl Bill {
    /// The total with tax: never below zero, or the bill was refused.
    pub fn gross(&self) -> Amount {
        self.totals.tax_inclusive.amount
    }

    /// What is still to be paid; `None` when more than the total was paid before.
    pub fn payable(&self) -> Option<Amount> {
        self.totals.payable.amount()
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Preceding {
    pub number: Reference,
    pub issued: Option<Date>,
}

/// The document's own figures; those it leaves out are derived from the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Totals {
    pub line_extension: Signed,
    pub allowance: Signed,
    pub charge: Signed,
    pub tax_exclusive: Signed,
    pub tax: Signed,
    pub tax_inclusive: Signed,
    pub prepaid: Signed,
    pub rounding: Signed,
    pub payable: Signed,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TaxSubtotal {
    pub category: TaxCategory,
    pub taxable: Signed,
    pub tax: Signed,
}

/// UNTDID 5305 category with its percentage: `S` at 13.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TaxCategory {
    pub code: Reference,
    pub percent: Option<Decimal>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum AdjustmentKind {
    /// Lowers what is due.
    Allowance,
    /// Raises it.
    Charge,
}

/// An allowance or a charge on a line or on the whole document.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Adjustment {
    pub kind: AdjustmentKind,
    pub reason: Option<Remark>,
    pub amount: Signed,
    pub tax: Option<TaxCategory>,
}

/// A quantity as written, with its unit.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Measure {
    /// [`Decimal::thousandths`] makes a ledger quantity of it, by a named rule.
    pub exact: Decimal,
    /// UN/ECE Recommendation 20 code, as written.
    pub unit: Option<Reference>,
}

/// A unit price: `amount` for each `per` units.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Price {
    pub amount: Decimal,
    pub per: Decimal,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    pub id: Reference,
    pub item: Option<Remark>,
    pub seller_item: Option<Reference>,
    pub buyer_item: Option<Reference>,
    /// Ordered, sent, invoiced or credited.
    pub quantity: Option<Measure>,
    /// Not sent yet, on a despatch line that says so.
    pub outstanding: Option<Measure>,
    pub price: Option<Price>,
    pub net: Option<Signed>,
    pub tax: Option<TaxCategory>,
    pub order: Option<Reference>,
    pub order_line: Option<Reference>,
    pub despatch: Option<Reference>,
    pub despatch_line: Option<Reference>,
    pub adjustments: Vec<Adjustment>,
    /// The seller's answer on an order response's line (UNTDID 1229).
    pub status: Option<Reference>,
    /// Where the line stands in the file.
    pub file_line: u32,
}
