//! Trade documents: what a certificate rests on.
//!
//! **Parties.** Seller and buyer record their papers: contract, order, delivery and goods receipt, invoice, credit note,
//! payment. What binds both is confirmed by the side that did not record it; a transaction that both sign does it at once.
//! A company that is not registered here can be named, and its papers recorded by its counterparty, but nothing can rest
//! on them. A connector states what the tax authority's invoice platform answered.
//!
//! ```text
//! contract, order   recorded -> confirmed
//! delivery          despatched -> received
//! invoice           unchecked -> normal -> red-lettered | void
//! a cent of it      open -> paid                            (directly)
//!                   open -> credited                        (credit note)
//!                   open -> reserved -> allocated -> settled
//!                           reserved -> open                (refused, expired)
//!                                       allocated -> open   (canceled before anybody else held it)
//!                                       allocated -> credited (reduced, with the holder's consent)
//! ```
//!
//! **Match.** An invoice is compared with its order, contract and goods receipts, line by line, when it is asked for and
//! whenever a certificate is to rest on it: quantity billed within 1% of what was received, unit price within 0.5% of the
//! order, all invoices within 2% of the order (the policy's tolerances), contract before order before despatch before
//! receipt. The answer is matched, tolerated, or an exception, and an exception backs nothing. Services need no receipt
//! but the buyer's confirmation; advances and goods on consignment back nothing (I7).
//!
//! **Doors.** Later modules claim an invoice's value in amounts: [`reserve`], [`commit`] or [`release`], then [`settle`] or
//! [`free`]. Whoever claims is told when the tax authority reverses or voids the invoice. A credit note takes back what is
//! open; its excess touches no holder: it waits until a certificate is reduced ([`reduce`]) or it becomes a counter-claim
//! on the seller ([`counter`]).
//!
//! **Laws** (`audit`): paid + credited + reserved + allocated + settled is within the invoice's gross amount (I5); credit
//! notes are within their invoice; an order's progress is the sum of its deliveries, receipts and invoices; a paper is
//! recorded once, under its fingerprint; what a paper names exists.
//!
//! **Example.** S1 and CORE sign contract C-1 and order PO-1 for 36 parts at 100,000.00. S1 sends 36, CORE receives 36, S1
//! invoices INV-1 over 3,600,000.00, and the tax authority knows it: the match is clean and 3,600,000.00 are open. A
//! certificate reserves 3,000,000.00 and is accepted: allocated 3,000,000.00, open 600,000.00. S1 takes 700,000.00 back by
//! credit note: 600,000.00 of it find open value, 100,000.00 are excess. The certificate stays what it is, unless its
//! holder agrees to hold 100,000.00 less.

mod allocation;
mod audit;
#[cfg(any(test, feature = "testing"))]
pub mod fixtures;
mod fingerprint;
mod matching;
mod queries;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod types;

pub use allocation::{
    Trade, commit, counter, credit_note, first_received_on, free, invoice, reduce, release, require_fresh, reserve,
    settle,
};
pub use queries::{InvoiceOf, InvoiceView, MatchOf, OrderOf, OrderView};
pub use types::*;

use crate::core::{CallSpec, Module, QuerySpec, TableSpec};

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
    queries: &[QuerySpec::new::<InvoiceOf>(), QuerySpec::new::<OrderOf>(), QuerySpec::new::<MatchOf>()],
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
    audit: audit::audit,
};
