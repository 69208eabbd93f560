//! One struct per act; each field is a sentence for a treasurer.

use super::{
    ContractId, DeliveryId, DeliveryLine, INVOICE_DELIVERIES_MAX, InvoiceId, InvoiceKind, InvoiceLine, InvoiceStatus,
    LINES_MAX, Match, OrderId, OrderLine, Parties, Source, Totals,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Date, List, Timestamp, text::Reference};

/// Records a contract. When the other side signs too, it is confirmed at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordContract {
    /// The contract's number.
    pub number: Reference,
    /// Who sells and who buys; one of them is you.
    pub parties: Parties,
    /// The day it was signed.
    pub signed_on: Date,
    /// The last day on which orders may be placed under it; leave out for an open-ended contract.
    pub ends_on: Option<Date>,
    /// The value agreed, where one is.
    pub value: Option<Amount>,
    /// The original file.
    pub source: Source,
}

/// Confirms a contract that the other side recorded.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ConfirmContract {
    /// The contract.
    pub contract: ContractId,
}

/// Records a purchase order. When the other side signs too, it is confirmed at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordOrder {
    /// The order's number.
    pub number: Reference,
    /// Who sells and who buys; one of them is you.
    pub parties: Parties,
    /// The day it was placed.
    pub date: Date,
    /// The contract it is placed under.
    pub contract: Option<ContractId>,
    /// What is ordered.
    pub lines: List<OrderLine, LINES_MAX>,
    /// The sums as the order states them.
    pub totals: Totals,
    /// The original file.
    pub source: Source,
}

/// Confirms an order that the other side recorded.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ConfirmOrder {
    /// The order.
    pub order: OrderId,
}

/// Records what the seller sent off.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordDelivery {
    /// The despatch advice's or delivery note's number.
    pub number: Reference,
    /// The order that it fulfils, wholly or in part.
    pub order: OrderId,
    /// The day it was sent off.
    pub despatched_on: Date,
    /// How much of each order line was sent.
    pub lines: List<DeliveryLine, LINES_MAX>,
    /// The original file.
    pub source: Source,
}

/// Confirms what the buyer received of a delivery (goods receipt).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ConfirmReceipt {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The goods receipt's number.
    pub number: Reference,
    /// The day the goods arrived.
    pub received_on: Date,
    /// How much of each order line arrived; at most what was sent.
    pub lines: List<DeliveryLine, LINES_MAX>,
    /// The original file.
    pub source: Source,
}

/// Records an invoice. The same invoice is refused a second time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordInvoice {
    /// The invoice's number.
    pub number: Reference,
    /// Whether it bills what was delivered or asks for an advance.
    pub kind: InvoiceKind,
    /// Who sells and who buys; the seller is you, or you are the buyer of a seller who is not registered here.
    pub parties: Parties,
    /// The day it was issued.
    pub date: Date,
    /// The day it is to be paid.
    pub due_on: Option<Date>,
    /// The order that it bills.
    pub order: Option<OrderId>,
    /// The deliveries that it bills, where it names them.
    pub deliveries: List<DeliveryId, INVOICE_DELIVERIES_MAX>,
    /// What is billed.
    pub lines: List<InvoiceLine, LINES_MAX>,
    /// The sums as the invoice states them.
    pub totals: Totals,
    /// The original file.
    pub source: Source,
}

/// Confirms that you, the buyer, owe an invoice.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ConfirmInvoice {
    /// The invoice.
    pub invoice: InvoiceId,
}

/// Compares an invoice with its order, contract and goods receipts, and keeps the result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MatchInvoice {
    /// The invoice.
    pub invoice: InvoiceId,
}

/// States what the tax authority's invoice platform answered about an invoice.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttestInvoice {
    /// The invoice.
    pub invoice: InvoiceId,
    /// What the platform says; red-lettered and void are final.
    pub status: InvoiceStatus,
    /// The platform's number of the query.
    pub query: Reference,
    /// When the platform answered.
    pub checked_at: Timestamp,
}

/// Records a credit note. It takes back what is still open; what others already hold claims on stays theirs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordCreditNote {
    /// The credit note's number.
    pub number: Reference,
    /// The invoice that it corrects; its seller is you.
    pub invoice: InvoiceId,
    /// The day it was issued.
    pub date: Date,
    /// What is credited; order lines may be left out.
    pub lines: List<InvoiceLine, LINES_MAX>,
    /// The sums as the credit note states them.
    pub totals: Totals,
    /// The original file.
    pub source: Source,
}

/// Records that you, the seller, were paid directly on an invoice.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordPayment {
    /// The invoice.
    pub invoice: InvoiceId,
    /// How much was paid; at most what nothing else claims.
    pub amount: Amount,
    /// The day it was paid.
    pub paid_on: Date,
    /// The payment's reference at the bank.
    pub reference: Reference,
}

/// What recording an invoice or comparing it gave.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MatchedInvoice {
    /// The invoice.
    pub invoice: InvoiceId,
    /// How it compares with its order, contract and goods receipts.
    pub matched: Match,
}
