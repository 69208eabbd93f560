//! Whole trades on paper, for the tests of this module and of those that rest on it.

use super::types::{
    AttestInvoice, ConfirmReceipt, DeliveryLine, Flow, InvoiceId, InvoiceKind, InvoiceLine, InvoiceStatus, LineKind,
    OrderLine, Parties, Party, RecordContract, RecordCreditNote, RecordDelivery, RecordInvoice, RecordOrder, Source,
    SourceFormat, Totals, UnitPrice,
};
use crate::testing::{Scenario, text};
use types::{Amount, Date, Digest, List, Quantity};

/// One piece, in thousandths.
pub const ONE: Quantity = Quantity(1_000);

/// The two parties, by their names in the scenario.
pub fn parties(seller: &str, buyer: &str) -> Parties {
    Parties { seller: Party::Enterprise(Scenario::id(seller)), buyer: Party::Enterprise(Scenario::id(buyer)) }
}

/// The file that a document with this number was made from.
pub fn source(number: &str) -> Source {
    Source { digest: Digest::of(&[b"file for tests", number.as_bytes()]), format: SourceFormat::Ubl21 }
}

/// The sums of a document over one line without tax.
pub fn totals(amount: Amount) -> Totals {
    Totals::plain(amount, Amount::zero(amount.currency)).expect("one amount without tax is under the limit")
}

/// Line 1: one piece at `amount`.
pub fn order_line(amount: Amount, flow: Flow) -> OrderLine {
    OrderLine {
        number: 1,
        sku: None,
        item: text("machined part"),
        quantity: ONE,
        unit: text("EA"),
        price: UnitPrice(amount.minor * 100),
        net: amount,
        flow,
    }
}

/// Line 1: one piece at `amount`, billing order line 1.
pub fn invoice_line(amount: Amount) -> InvoiceLine {
    InvoiceLine {
        number: 1,
        order_line: Some(1),
        sku: None,
        item: text("machined part"),
        kind: LineKind::Sale,
        quantity: ONE,
        unit: text("EA"),
        price: UnitPrice(amount.minor * 100),
        net: amount,
    }
}

/// All pieces of order line 1.
pub fn delivery_line() -> DeliveryLine {
    DeliveryLine { order_line: 1, quantity: ONE }
}

/// A contract as both sign it.
pub fn contract(seller: &str, buyer: &str, number: &str, signed_on: Date) -> RecordContract {
    let parties = parties(seller, buyer);
    RecordContract { number: text(number), parties, signed_on, ends_on: None, value: None, source: source(number) }
}

/// An order of one piece.
pub fn order(seller: &str, buyer: &str, number: &str, date: Date, amount: Amount) -> RecordOrder {
    RecordOrder {
        number: text(number),
        parties: parties(seller, buyer),
        date,
        contract: None,
        lines: List::new(vec![order_line(amount, Flow::InvoiceBeforeReceipt)]).expect("one line"),
        totals: totals(amount),
        source: source(number),
    }
}

/// An invoice for one piece.
pub fn invoice(seller: &str, buyer: &str, number: &str, date: Date, amount: Amount) -> RecordInvoice {
    RecordInvoice {
        number: text(number),
        kind: InvoiceKind::Commercial,
        parties: parties(seller, buyer),
        date,
        due_on: None,
        order: None,
        deliveries: List::default(),
        lines: List::new(vec![invoice_line(amount)]).expect("one line"),
        totals: totals(amount),
        source: source(number),
    }
}

/// A credit note of `amount` that names no order line.
pub fn credit_note(invoice: InvoiceId, number: &str, date: Date, amount: Amount) -> RecordCreditNote {
    let line = InvoiceLine { order_line: None, ..invoice_line(amount) };
    let lines = List::new(vec![line]).expect("one line");
    RecordCreditNote { number: text(number), invoice, date, lines, totals: totals(amount), source: source(number) }
}

/// Signatures that bind both parties.
pub fn both(first: &str, second: &str) -> String {
    format!("{first}.maker+{first}.checker+{second}.maker+{second}.checker")
}

/// Plays a whole trade today - contract, order, delivery, goods receipt, invoice `number` over `gross`, tax check - and
/// gives the invoice: ready to be claimed for an issue or a transfer.
pub fn trade(scenario: &mut Scenario, seller: &str, buyer: &str, number: &str, gross: Amount) -> InvoiceId {
    let today = scenario.time.date();
    let (seller_maker, buyer_maker) = (format!("{seller}.maker"), format!("{buyer}.maker"));
    let contract = contract(seller, buyer, &format!("C-{number}"), today);
    let contract = scenario.act(&both(buyer, seller), &contract).expect("the contract is in order");
    let order = order(seller, buyer, &format!("PO-{number}"), today, gross);
    let order = RecordOrder { contract: Some(contract), ..order };
    let order = scenario.act(&both(buyer, seller), &order).expect("the order is in order");
    let lines = List::new(vec![delivery_line()]).expect("one line");
    let despatch = text(&format!("DN-{number}"));
    let source = source(number);
    let delivery = RecordDelivery { number: despatch, order, despatched_on: today, lines, source: source.clone() };
    let delivery = scenario.act(&seller_maker, &delivery).expect("the delivery is in order");
    let lines = List::new(vec![delivery_line()]).expect("one line");
    let receipt = text(&format!("GR-{number}"));
    let receipt = ConfirmReceipt { delivery, number: receipt, received_on: today, lines, source };
    scenario.act(&buyer_maker, &receipt).expect("the goods receipt is in order");
    let invoice = invoice(seller, buyer, number, today, gross);
    let invoice = RecordInvoice { order: Some(order), ..invoice };
    let invoice = scenario.act(&seller_maker, &invoice).expect("the invoice is in order");
    attest(scenario, invoice, InvoiceStatus::Normal);
    invoice
}

/// The tax authority's connector states now what an invoice is.
pub fn attest(scenario: &mut Scenario, invoice: InvoiceId, status: InvoiceStatus) {
    let query = text(&format!("Q-{invoice}"));
    let attest = AttestInvoice { invoice, status, query, checked_at: scenario.time };
    scenario.act("TAX.maker", &attest).expect("a new answer of the platform");
}
