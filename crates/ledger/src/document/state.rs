//! Tables and keys, private to the module.

use super::types::{
    Balance, Claimant, Contract, ContractId, CreditNote, CreditNoteId, CreditNoteLines, Delivery, DeliveryId, Finding,
    Invoice, InvoiceId, InvoiceLine, InvoiceLines, LINES_MAX, MatchOutcome, Order, OrderId, OrderLines, OrderProgress,
    Rounding, Totals, Trader, Traders, reject,
};
use crate::core::{Cell, Column, EnterpriseId, Record};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Digest, List, Rejection, State, Stop};

/// What a document's number stands for: no second document may carry it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) enum Known {
    Contract(ContractId),
    Order(OrderId),
    Delivery(DeliveryId),
    Invoice(InvoiceId),
    CreditNote(CreditNoteId),
}

/// Declares a record of this module.
macro_rules! record {
    ($record:ty, $id:ty, $table:literal, $name:literal) => {
        impl Record for $record {
            type Id = $id;
            const MODULE: u8 = 5;
            const TABLE: u8 = $table;
            const NAME: &'static str = $name;
        }
    };
}

record!(OrderLines, OrderId, 2, "order_lines");
record!(OrderProgress, OrderId, 3, "order_progress");
record!(InvoiceLines, InvoiceId, 6, "invoice_lines");
record!(CreditNoteLines, CreditNoteId, 8, "credit_note_lines");
record!(Known, Digest, 9, "fingerprints");
record!(Claimant, (InvoiceId, u64), 10, "claimants");

const PARTIES: [Column; 3] = [Column::text("number"), Column::text("seller"), Column::text("buyer")];

fn party_cells(number: &str, traders: &Traders) -> Vec<Cell> {
    vec![Cell::text(number), Cell::text(&traders.seller.name), Cell::text(&traders.buyer.name)]
}

impl Record for Contract {
    type Id = ContractId;
    const MODULE: u8 = 5;
    const TABLE: u8 = 0;
    const NAME: &'static str = "contracts";
    const COLUMNS: &'static [Column] =
        &[PARTIES[0], PARTIES[1], PARTIES[2], Column::text("signed_on"), Column::text("confirmed_at")];
    fn cells(&self) -> Vec<Cell> {
        let mut cells = party_cells(&self.number, &self.traders);
        cells.extend([Cell::date(self.signed_on), Cell::optional(self.confirmed_at, Cell::time)]);
        cells
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        self.traders.concerned().into_vec()
    }
}

impl Record for Order {
    type Id = OrderId;
    const MODULE: u8 = 5;
    const TABLE: u8 = 1;
    const NAME: &'static str = "orders";
    const COLUMNS: &'static [Column] = &[
        PARTIES[0],
        PARTIES[1],
        PARTIES[2],
        Column::text("date"),
        Column::text("currency"),
        Column::integer("gross"),
        Column::text("confirmed_at"),
    ];
    fn cells(&self) -> Vec<Cell> {
        let mut cells = party_cells(&self.number, &self.traders);
        let gross = self.totals.gross;
        cells.extend([Cell::date(self.date), Cell::text(gross.currency), Cell::amount(gross)]);
        cells.push(Cell::optional(self.confirmed_at, Cell::time));
        cells
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        self.traders.concerned().into_vec()
    }
}

impl Record for Delivery {
    type Id = DeliveryId;
    const MODULE: u8 = 5;
    const TABLE: u8 = 4;
    const NAME: &'static str = "deliveries";
    const COLUMNS: &'static [Column] = &[
        PARTIES[0],
        PARTIES[1],
        PARTIES[2],
        Column::text("order"),
        Column::text("despatched_on"),
        Column::text("received_on"),
    ];
    fn cells(&self) -> Vec<Cell> {
        let mut cells = party_cells(&self.number, &self.traders);
        let received_on = self.receipt.as_ref().map(|receipt| receipt.received_on);
        cells.extend([Cell::text(self.order), Cell::date(self.despatched_on)]);
        cells.push(Cell::optional(received_on, Cell::date));
        cells
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        self.traders.concerned().into_vec()
    }
}

impl Record for Invoice {
    type Id = InvoiceId;
    const MODULE: u8 = 5;
    const TABLE: u8 = 5;
    const NAME: &'static str = "invoices";
    const COLUMNS: &'static [Column] = &[
        PARTIES[0],
        PARTIES[1],
        PARTIES[2],
        Column::text("order"),
        Column::text("date"),
        Column::text("due_on"),
        Column::text("currency"),
        Column::integer("gross"),
        Column::integer("open"),
        Column::text("status"),
        Column::text("match"),
    ];
    fn cells(&self) -> Vec<Cell> {
        let mut cells = party_cells(&self.number, &self.traders);
        let gross = self.totals.gross;
        cells.extend([Cell::optional(self.order, Cell::text), Cell::date(self.date)]);
        cells.extend([Cell::optional(self.due_on, Cell::date), Cell::text(gross.currency), Cell::amount(gross)]);
        cells.extend([Cell::amount(self.open()), Cell::variant(&self.status)]);
        cells.push(Cell::optional(self.matched.as_ref(), |matched| Cell::variant(&matched.outcome)));
        cells
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        self.traders.concerned().into_vec()
    }
}

impl Record for CreditNote {
    type Id = CreditNoteId;
    const MODULE: u8 = 5;
    const TABLE: u8 = 7;
    const NAME: &'static str = "credit_notes";
    const COLUMNS: &'static [Column] = &[
        PARTIES[0],
        PARTIES[1],
        PARTIES[2],
        Column::text("invoice"),
        Column::text("date"),
        Column::text("currency"),
        Column::integer("gross"),
        Column::integer("excess"),
    ];
    fn cells(&self) -> Vec<Cell> {
        let mut cells = party_cells(&self.number, &self.traders);
        let gross = self.totals.gross;
        cells.extend([Cell::text(self.invoice), Cell::date(self.date), Cell::text(gross.currency)]);
        cells.extend([Cell::amount(gross), Cell::amount(self.excess)]);
        cells
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        self.traders.concerned().into_vec()
    }
}

impl Traders {
    /// The registered enterprises among the two.
    pub(super) fn concerned(&self) -> List<EnterpriseId, 2> {
        let enterprises = [&self.seller, &self.buyer].into_iter().filter_map(|trader| trader.enterprise).collect();
        List::new(enterprises).expect("at most two")
    }

    /// Whether the same two companies trade the same way, by legal id.
    pub(super) fn same(&self, other: &Self) -> bool {
        let id = |trader: &Trader| super::fingerprint::folded(&trader.legal_id);
        id(&self.seller) == id(&other.seller) && id(&self.buyer) == id(&other.buyer)
    }
}

impl Balance {
    /// Nothing claimed; `paid` is what was paid before the invoice was made.
    pub(super) fn new(paid: Amount) -> Self {
        let zero = Amount::zero(paid.currency);
        Self { paid, credited: zero, reserved: zero, allocated: zero, settled: zero, noted: zero }
    }

    /// All that lowers the open amount. Each part is at most the gross amount, so five of them fit a `u64`.
    pub(super) fn used(&self) -> u64 {
        [self.paid, self.credited, self.reserved, self.allocated, self.settled].iter().map(|part| part.minor).sum()
    }

    /// What others hold claims on.
    pub fn claimed(&self) -> Amount {
        Amount { minor: self.reserved.minor + self.allocated.minor, ..self.paid }
    }
}

impl Invoice {
    /// What nothing claims yet: gross less payments, credit notes, reservations and allocations.
    pub fn open(&self) -> Amount {
        let open = self.totals.gross.minor.checked_sub(self.balance.used());
        self.totals.gross.currency.minor(open.expect("no act lets the parts exceed the gross amount"))
    }
}

impl InvoiceLines {
    /// The lines of an invoice that is on no order.
    pub(super) fn unbilled(lines: List<InvoiceLine, LINES_MAX>, zero: Amount) -> Self {
        Self { lines, invoiced_before: List::default(), billed: List::default(), billed_net: zero }
    }
}

impl CreditNote {
    /// What is credited in all.
    pub fn amount(&self) -> Amount {
        self.totals.gross
    }

    /// The excess for which neither a certificate was reduced nor a counter-claim made.
    pub fn outstanding(&self) -> Amount {
        let dealt_with = self.reduced.minor + self.countered.minor;
        let outstanding = self.excess.minor.checked_sub(dealt_with);
        Amount { minor: outstanding.expect("no act deals with more than the excess"), ..self.excess }
    }
}

impl Totals {
    /// Sums of a document with these lines' sum and tax and nothing else.
    pub fn plain(lines: Amount, tax: Amount) -> Result<Self, Rejection> {
        let zero = Amount::zero(lines.currency);
        let gross = lines.plus(tax)?;
        let (net, rounding) = (lines, Rounding::None);
        let (allowances, charges, prepaid, payable) = (zero, zero, zero, gross);
        Ok(Self { lines, allowances, charges, net, tax, gross, prepaid, rounding, payable })
    }
}

impl MatchOutcome {
    /// The differences found, within the tolerances or not.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Matched => &[],
            Self::Tolerated(findings) | Self::Exception(findings) => findings,
        }
    }
}

/// The record with this id, or a refusal that names it.
pub(super) fn need<R: Record>(state: &mut dyn State, id: &R::Id) -> Result<R, Stop>
where
    R::Id: std::fmt::Display,
{
    Ok(R::load(state, id)?.ok_or_else(|| reject::unknown_document(id))?)
}
