//! What happened, in the past tense.

use super::{ContractId, CreditNoteId, DeliveryId, InvoiceId, InvoiceStatus, Match, OrderId};
use crate::core::{EnterpriseId, EventKind, EventSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Date, List, text::Reference};

/// The registered enterprises among seller and buyer.
pub type Concerned = List<EnterpriseId, 2>;

/// Why an invoice's balance moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Movement {
    /// Claimed by something not concluded yet.
    Reserved,
    /// A reservation was given back.
    Released,
    /// A reservation was concluded.
    Committed,
    /// An allocation was given back: its certificate was canceled.
    Freed,
    /// An allocation was cut for a credit note, with the holder's consent.
    Reduced,
    /// An allocation was paid out.
    Settled,
}

/// Declares events: their fields, and the enterprises they concern.
macro_rules! events {
    ($($(#[$doc:meta])* $number:literal $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
            pub struct $name {
                $(pub $field: $type,)*
                /// The registered enterprises among seller and buyer.
                pub concerned: Concerned,
            }

            impl EventKind for $name {
                const MODULE: u16 = 5;
                const NUMBER: u16 = $number;
                const NAME: &'static str = stringify!($name);
                fn parties(&self) -> Vec<EnterpriseId> {
                    self.concerned.to_vec()
                }
            }
        )*

        /// Every event of this module.
        pub(in crate::document) const EVENTS: &[EventSpec] = &[$(EventSpec::new::<$name>()),*];
    };
}

events! {
    /// A contract was recorded.
    1 ContractRecorded { contract: ContractId, number: Reference, confirmed: bool }
    /// Both sides have confirmed a contract.
    2 ContractConfirmed { contract: ContractId }
    /// An order was recorded.
    3 OrderRecorded { order: OrderId, number: Reference, gross: Amount, confirmed: bool }
    /// Both sides have confirmed an order.
    4 OrderConfirmed { order: OrderId }
    /// Goods were sent off.
    5 DeliveryRecorded { delivery: DeliveryId, order: OrderId, despatched_on: Date }
    /// Goods arrived.
    6 ReceiptConfirmed { delivery: DeliveryId, order: OrderId, received_on: Date }
    /// An invoice was recorded.
    7 InvoiceRecorded { invoice: InvoiceId, number: Reference, gross: Amount, due_on: Option<Date> }
    /// The buyer confirmed that it owes an invoice.
    8 InvoiceConfirmed { invoice: InvoiceId }
    /// An invoice was compared with its order, contract and goods receipts.
    9 InvoiceMatched { invoice: InvoiceId, matched: Match }
    /// The tax authority said what an invoice is.
    10 InvoiceAttested { invoice: InvoiceId, status: InvoiceStatus }
    /// An invoice on which claims may rest was red-lettered or voided.
    11 InvoiceRevoked { invoice: InvoiceId, status: InvoiceStatus, claimed: Amount }
    /// A credit note took value back.
    12 CreditNoteRecorded { note: CreditNoteId, invoice: InvoiceId, gross: Amount, excess: Amount }
    /// A credit note's excess became a counter-claim on the seller.
    13 CreditNoteCountered { note: CreditNoteId, invoice: InvoiceId, amount: Amount }
    /// An invoice was paid directly, wholly or in part.
    14 PaymentRecorded { invoice: InvoiceId, amount: Amount, paid_on: Date, reference: Reference }
    /// Part of an invoice's value was claimed, given back or paid out.
    15 InvoiceValueMoved { invoice: InvoiceId, movement: Movement, amount: Amount, open: Amount }
}
