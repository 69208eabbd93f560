//! Trade documents.

mod allocation;
#[cfg(any(test, feature = "testing"))]
pub mod fixtures;
mod fingerprint;
mod matching;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod types;

pub use allocation::{
    Trade, commit, counter, credit_note, free, invoice, reduce, release, require_fresh, reserve, settle,
};
pub use types::*;

use crate::core::{CallSpec, Module, TableSpec};

pub const MODULE: Module = Module {
    number: 5,
    name: "document",
    about: "Contracts, orders, deliveries, invoices and credit notes, and who rests on an invoice's value.",
    calls: &[
        CallSpec::new::<RecordContract>(1),
        CallSpec::new::<ConfirmContract>(2),
        CallSpec::new::<RecordOrder>(3),
        CallSpec::new::<ConfirmOrder>(4),
        CallSpec::new::<RecordDelivery>(5),
        CallSpec::new::<ConfirmReceipt>(6),
        CallSpec::new::<RecordInvoice>(7),
        CallSpec::new::<ConfirmInvoice>(8),
        CallSpec::new::<MatchInvoice>(9),
        CallSpec::new::<AttestInvoice>(10),
        CallSpec::new::<RecordCreditNote>(11),
        CallSpec::new::<RecordPayment>(12),
    ],
    queries: &[],
    tables: &[
        TableSpec::new::<Contract>(),
        TableSpec::new::<Order>(),
        TableSpec::new::<OrderLines>(),
        TableSpec::new::<OrderProgress>(),
        TableSpec::new::<Delivery>(),
        TableSpec::new::<Invoice>(),
        TableSpec::new::<InvoiceLines>(),
        TableSpec::new::<CreditNote>(),
        TableSpec::new::<CreditNoteLines>(),
    ],
    events: EVENTS,
    rejections: reject::CATALOGUE,
    due: Some(|ctx, payload, state| allocation::run_due(ctx, payload, state)),
    genesis: None,
    audit: |_| (),
};
