//! The nouns: parties, lines, totals, and the papers themselves.

mod acts;
mod events;
mod price;
pub mod reject;

pub use acts::*;
pub use events::*;
pub use price::UnitPrice;

use crate::core::EnterpriseId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    Amount, Date, Digest, List, Quantity, Text, Timestamp,
    text::{Name, Reference},
    typed_id,
};

typed_id!(
    /// A contract between a seller and a buyer.
    ContractId,
    "ctr"
);
typed_id!(
    /// A purchase order.
    OrderId,
    "ord"
);
typed_id!(
    /// A delivery: the seller's despatch, and the buyer's goods receipt once there is one.
    DeliveryId,
    "dlv"
);
typed_id!(
    /// An invoice.
    InvoiceId,
    "inv"
);
typed_id!(
    /// A credit note against an invoice.
    CreditNoteId,
    "crn"
);

/// Lines of one document: what a payload of 128 KiB carries.
pub const LINES_MAX: usize = 500;
/// Deliveries that one invoice may name: each is read when the invoice is recorded.
pub const INVOICE_DELIVERIES_MAX: usize = 16;
/// Findings that are kept of one match: enough to act on; the first decides the refusal.
pub const FINDINGS_MAX: usize = 32;

/// A unit of measure as the document writes it (UN/ECE Recommendation 20): `KGM`, `EA`.
pub type Unit = Text<12>;

/// A party as the sender of a document names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Party {
    /// An enterprise registered here.
    Enterprise(EnterpriseId),
    /// A company that is not registered here: its papers can be recorded, but nothing can be issued on them.
    Named {
        /// The company's name.
        name: Name,
        /// The company's tax or registration number.
        legal_id: Reference,
    },
}

/// A party as recorded, with the name and legal id it had then.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Trader {
    /// The registered enterprise; `null` for a company that is not registered here.
    pub enterprise: Option<EnterpriseId>,
    pub name: Name,
    pub legal_id: Reference,
}

/// Who sells and who buys, as the sender of a document names them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Parties {
    /// Who sells and is to be paid.
    pub seller: Party,
    /// Who buys and is to pay.
    pub buyer: Party,
}

/// Who sells and who buys, as recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Traders {
    pub seller: Trader,
    pub buyer: Trader,
}

/// One side of a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Side {
    Seller,
    Buyer,
}

/// The file a record was made from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// SHA-256 of the original file's bytes.
    pub digest: Digest,
    /// How the original is written.
    pub format: SourceFormat,
}

/// How an original document is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum SourceFormat {
    /// UBL 2.1 XML.
    Ubl21,
    /// A row or rows of a CSV file.
    Csv,
    /// A form filled in by hand.
    Form,
    /// A scan or PDF.
    Scan,
    /// A Chinese electronic invoice (OFD or XML).
    ElectronicFapiao,
}

/// A document's sums, as it states them; they are recomputed, and a document that does not add up is refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Sum of the lines' net amounts, returned goods subtracted.
    pub lines: Amount,
    /// Deductions from the whole document.
    pub allowances: Amount,
    /// Additions to the whole document, freight for example.
    pub charges: Amount,
    /// Lines less allowances plus charges, without tax.
    pub net: Amount,
    /// Tax on the whole document.
    pub tax: Amount,
    /// Net plus tax.
    pub gross: Amount,
    /// What was paid before the document was made.
    pub prepaid: Amount,
    /// Rounding of the amount to pay.
    pub rounding: Rounding,
    /// Gross less prepaid, rounded: what is to be paid.
    pub payable: Amount,
}

/// How the amount to pay was rounded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Rounding {
    /// Not at all.
    None,
    /// This much was added.
    Up(Amount),
    /// This much was taken off.
    Down(Amount),
}

/// How an order line is received and invoiced (the four flows of BPI Challenge 2019).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Flow {
    /// Goods: the invoice may come only after the goods receipt.
    InvoiceAfterReceipt,
    /// Goods: the invoice may come first and is blocked until the goods receipt.
    InvoiceBeforeReceipt,
    /// Services: no goods receipt; the buyer confirms the invoice instead.
    Services,
    /// Goods on consignment stay the seller's until used: no invoice on the order backs anything.
    Consignment,
}

/// A line of an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OrderLine {
    /// The line's number in the order, each used once.
    pub number: u32,
    /// The seller's or buyer's article number.
    pub sku: Option<Reference>,
    /// What is ordered.
    pub item: Name,
    /// How much is ordered.
    pub quantity: Quantity,
    /// The unit of the quantity.
    pub unit: Unit,
    /// The price for one unit, without tax.
    pub price: UnitPrice,
    /// The line's amount without tax.
    pub net: Amount,
    /// How the line is received and invoiced.
    pub flow: Flow,
}

/// A line of an invoice or a credit note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InvoiceLine {
    /// The line's number in the document, each used once.
    pub number: u32,
    /// The order line that it bills.
    pub order_line: Option<u32>,
    /// The seller's or buyer's article number.
    pub sku: Option<Reference>,
    /// What is billed.
    pub item: Name,
    /// Whether the line adds to the document or takes off.
    pub kind: LineKind,
    /// How much is billed.
    pub quantity: Quantity,
    /// The unit of the quantity.
    pub unit: Unit,
    /// The price for one unit, without tax.
    pub price: UnitPrice,
    /// The line's amount without tax.
    pub net: Amount,
}

/// Whether a line adds to its document or takes off (UBL writes the second as a negative quantity).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum LineKind {
    /// Adds.
    Sale,
    /// Takes off: returned goods, a corrected earlier line.
    Return,
}

/// A contract. It binds once both sides have confirmed it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Contract {
    pub number: Reference,
    pub traders: Traders,
    pub signed_on: Date,
    /// Last day on which orders may be placed under it; `null`: open-ended.
    pub ends_on: Option<Date>,
    /// The value agreed, where one is.
    pub value: Option<Amount>,
    pub source: Source,
    pub recorded_by: EnterpriseId,
    pub recorded_at: Timestamp,
    pub confirmed_at: Option<Timestamp>,
}

/// A purchase order; its lines are kept apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Order {
    pub number: Reference,
    pub traders: Traders,
    pub date: Date,
    pub contract: Option<ContractId>,
    pub totals: Totals,
    pub source: Source,
    pub recorded_by: EnterpriseId,
    pub recorded_at: Timestamp,
    pub confirmed_at: Option<Timestamp>,
}

/// The lines of an order.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct OrderLines {
    pub lines: List<OrderLine, LINES_MAX>,
}

/// How far an order has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OrderProgress {
    /// In the order of the order's lines.
    pub lines: List<LineProgress, LINES_MAX>,
    /// Net amount of all invoices on the order, less those void or red-lettered and credit notes.
    pub invoiced: Amount,
}

/// How far an order line has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LineProgress {
    pub number: u32,
    pub ordered: Quantity,
    pub despatched: Quantity,
    /// Received, with the dates in order.
    pub received: Quantity,
    /// Received, but shipped before ordered or received before shipped: does not count for finance.
    pub received_misdated: Quantity,
    /// Date of the first goods receipt.
    pub first_receipt: Option<Date>,
    /// Billed by invoices that stand, less what credit notes took back.
    pub invoiced: Quantity,
}

/// A delivery: despatched by the seller, received by the buyer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Delivery {
    pub number: Reference,
    pub order: OrderId,
    pub traders: Traders,
    pub despatched_on: Date,
    pub lines: List<DeliveryLine, LINES_MAX>,
    pub source: Source,
    pub recorded_by: EnterpriseId,
    pub recorded_at: Timestamp,
    pub receipt: Option<Receipt>,
}

/// A quantity of an order line on its way or arrived.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryLine {
    /// The order's line.
    pub order_line: u32,
    /// How much, in the order line's unit.
    pub quantity: Quantity,
}

/// A goods receipt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    pub number: Reference,
    pub received_on: Date,
    pub lines: List<DeliveryLine, LINES_MAX>,
    pub source: Source,
    pub confirmed_at: Timestamp,
}

/// What an invoice is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum InvoiceKind {
    /// Goods delivered or services rendered.
    Commercial,
    /// An advance on goods or services to come: backs nothing.
    Prepayment,
}

/// What the tax authority says of an invoice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum InvoiceStatus {
    /// Not asked yet.
    Unchecked,
    /// Known and in force.
    Normal,
    /// Reversed by a red-letter invoice.
    RedLettered,
    /// Void.
    Void,
}

/// One answer of the tax authority's invoice platform.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TaxCheck {
    /// The platform's number of the query.
    pub query: Reference,
    pub checked_at: Timestamp,
    /// The connector that attested it.
    pub connector: EnterpriseId,
}

/// Where an invoice's value went. The parts never exceed its gross amount.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Balance {
    /// Paid directly, prepayments and rounding off included.
    pub paid: Amount,
    /// Taken back by credit notes, as far as they found value.
    pub credited: Amount,
    /// Claimed by something not concluded yet.
    pub reserved: Amount,
    /// Claimed by something concluded: a certificate, a transfer.
    pub allocated: Amount,
    /// Claimed and paid out.
    pub settled: Amount,
    /// Gross amount of all credit notes, whether or not they found value.
    pub noted: Amount,
}

/// An invoice; its lines are kept apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Invoice {
    pub number: Reference,
    pub kind: InvoiceKind,
    pub traders: Traders,
    pub date: Date,
    pub due_on: Option<Date>,
    pub order: Option<OrderId>,
    pub deliveries: List<DeliveryId, INVOICE_DELIVERIES_MAX>,
    pub totals: Totals,
    pub source: Source,
    /// Digest of what makes the invoice this one and no other.
    pub fingerprint: Digest,
    pub recorded_by: EnterpriseId,
    pub recorded_at: Timestamp,
    /// When the buyer confirmed that it owes the amount.
    pub confirmed_at: Option<Timestamp>,
    pub status: InvoiceStatus,
    pub check: Option<TaxCheck>,
    pub balance: Balance,
    /// Net amount of the invoices recorded earlier on the same order.
    pub invoiced_before: Amount,
    /// The last match against order and goods receipt.
    pub matched: Option<Match>,
    /// Number of claims ever made; each is told when the invoice stops being valid.
    pub claims: u64,
}

/// The lines of an invoice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InvoiceLines {
    pub lines: List<InvoiceLine, LINES_MAX>,
    /// Per order line, what invoices recorded earlier had billed.
    pub invoiced_before: List<DeliveryLine, LINES_MAX>,
    /// Per order line, what this invoice bills still: credit notes take it back, and all of it once it is void.
    pub billed: List<DeliveryLine, LINES_MAX>,
    /// Net amount that this invoice bills still on its order; zero without one.
    pub billed_net: Amount,
}

/// A credit note against an invoice; its lines are kept apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CreditNote {
    pub number: Reference,
    pub invoice: InvoiceId,
    pub traders: Traders,
    pub date: Date,
    pub totals: Totals,
    pub source: Source,
    pub recorded_by: EnterpriseId,
    pub recorded_at: Timestamp,
    /// Gross amount that found no open value: it is already claimed by others, who lose nothing.
    pub excess: Amount,
    /// Part of the excess by which certificates were reduced with their holders' consent.
    pub reduced: Amount,
    /// Part of the excess that became a counter-claim on the seller.
    pub countered: Amount,
}

/// The lines of a credit note.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct CreditNoteLines {
    pub lines: List<InvoiceLine, LINES_MAX>,
}

/// Part of an invoice's value that something is to rest on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// The invoice.
    pub invoice: InvoiceId,
    /// How much of its value.
    pub amount: Amount,
}

/// What a claim is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimUse {
    /// A new certificate: the invoice must be matched, delivered and freshly checked.
    Issue,
    /// A transfer of a certificate: the invoice must be valid and between the two parties.
    Transfer,
}

/// Who must be told when an invoice stops being valid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Claimant {
    /// The module whose due handler gets the notice.
    pub module: u16,
    /// The notice, in that module's own encoding.
    pub notify: Vec<u8>,
}

/// What comparing an invoice with its order and goods receipts gave.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    pub outcome: MatchOutcome,
    /// Version of the policy whose tolerances were used.
    pub policy_version: u32,
    pub at: Timestamp,
}

/// Whether an invoice agrees with its order and goods receipts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum MatchOutcome {
    /// It agrees.
    Matched,
    /// It differs within the tolerances.
    Tolerated(List<Finding, FINDINGS_MAX>),
    /// It differs: nothing can be issued on it until that is put right.
    Exception(List<Finding, FINDINGS_MAX>),
}

/// One difference between an invoice and its order, contract or goods receipts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Finding {
    /// The invoice is an advance.
    Prepayment,
    /// The invoice names no order.
    OrderMissing,
    /// One side has not confirmed the order.
    OrderUnconfirmed { order: OrderId },
    /// The order names no contract.
    ContractMissing { order: OrderId },
    /// One side has not confirmed the contract.
    ContractUnconfirmed { contract: ContractId },
    /// The order was placed before its contract was signed or after it ended.
    OrderOutsideContract { ordered_on: Date, contract: ContractId },
    /// A line bills something that no order line asked for.
    LineNotOrdered { line: u32 },
    /// A line is billed in another unit than it was ordered in.
    UnitDiffers { line: u32, invoiced: Unit, ordered: Unit },
    /// Nothing of the order line was received.
    NotReceived { order_line: u32, invoiced: Quantity },
    /// What was received was shipped before it was ordered, or received before it was shipped.
    ReceiptMisdated { order_line: u32, received: Quantity },
    /// The invoice is older than the first goods receipt, on a line that is to be invoiced after it.
    InvoicedBeforeReceipt { order_line: u32, invoiced_on: Date, received_on: Date },
    /// More was billed than received.
    QuantityOver { order_line: u32, invoiced: Quantity, received: Quantity },
    /// The price is not the ordered price.
    PriceOff { line: u32, invoiced: UnitPrice, ordered: UnitPrice },
    /// All invoices on the order together exceed it.
    AmountOver { invoiced: Amount, ordered: Amount },
    /// Goods on consignment were billed on their order.
    ConsignmentInvoiced { line: u32 },
    /// The buyer has not confirmed an invoice for services.
    ServiceUnconfirmed { line: u32 },
}
