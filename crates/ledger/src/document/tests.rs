mod claims;
mod laws;
mod matching;
mod refusals;

use super::*;
use crate::{
    core::{EventKind, Query, QueryContext, Record},
    testing::{Scenario, cny, text},
};
use ::types::{Amount, Date, List, Quantity, Rejection, wire};
use fixtures::{attest, both, order_line, parties, source, totals, trade};

type Done<T> = Result<T, Rejection>;

/// The name under which the catalogue has what was refused.
fn name<T: std::fmt::Debug>(refused: Done<T>) -> &'static str {
    crate::explain(&refused.unwrap_err()).0
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn pieces(thousandths: u64) -> Quantity {
    Quantity(thousandths)
}

/// The papers of S1's sale of 100 pieces at 100.00 to CORE, as they come in ordinary times. All are of February; the
/// scenario's day is 2026-03-02.
fn contract() -> RecordContract {
    fixtures::contract("S1", "CORE", "C-1", date("2026-02-01"))
}

fn order(flow: Flow) -> RecordOrder {
    let net = cny("10000.00");
    let (price, quantity) = (UnitPrice(1_000_000), pieces(100_000));
    let line = OrderLine { quantity, price, net, ..order_line(net, flow) };
    let lines = List::new(vec![line]).unwrap();
    RecordOrder { lines, ..fixtures::order("S1", "CORE", "PO-1", date("2026-02-10"), net) }
}

fn delivery(order: OrderId, quantity: Quantity) -> RecordDelivery {
    let lines = List::new(vec![DeliveryLine { order_line: 1, quantity }]).unwrap();
    RecordDelivery { number: text("DN-1"), order, despatched_on: date("2026-02-15"), lines, source: source("DN-1") }
}

fn receipt(delivery: DeliveryId, quantity: Quantity) -> ConfirmReceipt {
    let lines = List::new(vec![DeliveryLine { order_line: 1, quantity }]).unwrap();
    ConfirmReceipt { delivery, number: text("GR-1"), received_on: date("2026-02-20"), lines, source: source("GR-1") }
}

/// An invoice of `quantity` pieces at `price`, over 10,000.00 unless changed.
fn invoice(order: OrderId, number: &str, quantity: Quantity, price: UnitPrice) -> RecordInvoice {
    let net = cny("10000.00");
    let line = InvoiceLine { quantity, price, ..fixtures::invoice_line(net) };
    let lines = List::new(vec![line]).unwrap();
    let order = Some(order);
    RecordInvoice { lines, order, ..fixtures::invoice("S1", "CORE", number, date("2026-02-25"), net) }
}

const PRICE: UnitPrice = UnitPrice(1_000_000);
const ALL: Quantity = Quantity(100_000);

/// A scenario in which CORE ordered under a contract, and S1 delivered all of it.
struct World {
    scenario: Scenario,
    contract: ContractId,
    order: OrderId,
}

impl World {
    fn new(flow: Flow) -> Self {
        Self::with(|_| (), order(flow))
    }

    fn with(edit: impl FnOnce(&mut RecordContract), order: RecordOrder) -> Self {
        let mut scenario = Scenario::new();
        let mut paper = contract();
        edit(&mut paper);
        let contract = scenario.act(&both("CORE", "S1"), &paper).unwrap();
        let order = RecordOrder { contract: Some(contract), ..order };
        let order = scenario.act(&both("CORE", "S1"), &order).unwrap();
        Self { scenario, contract, order }
    }

    /// S1 sends `quantity`, and CORE receives it.
    fn deliver(&mut self, quantity: Quantity) -> DeliveryId {
        let delivery = self.scenario.act("S1.maker", &delivery(self.order, quantity)).unwrap();
        self.scenario.act("CORE.maker", &receipt(delivery, quantity)).unwrap();
        delivery
    }

    fn bill(&mut self, number: &str, quantity: Quantity) -> InvoiceId {
        self.scenario.act("S1.maker", &invoice(self.order, number, quantity, PRICE)).unwrap()
    }

    fn outcome(&mut self, invoice: InvoiceId) -> MatchOutcome {
        self.scenario.act("S1.maker", &MatchInvoice { invoice }).unwrap().matched.outcome
    }

    /// What comparing an invoice of `quantity` at `price` gives once all 100 pieces have arrived.
    fn compared(quantity: Quantity, price: UnitPrice) -> MatchOutcome {
        let mut world = Self::new(Flow::InvoiceBeforeReceipt);
        world.deliver(ALL);
        let invoice = world.scenario.act("S1.maker", &invoice(world.order, "INV-1", quantity, price)).unwrap();
        let outcome = world.outcome(invoice);
        world.scenario.audit();
        outcome
    }

    /// Reserves `amount` of the invoice for an issue by CORE to S1.
    fn reserve(&mut self, use_: ClaimUse, invoice: InvoiceId, amount: Amount) -> Done<Amount> {
        reserve(&mut self.scenario, use_, invoice, amount)
    }
}

fn reserve(scenario: &mut Scenario, use_: ClaimUse, invoice: InvoiceId, amount: Amount) -> Done<Amount> {
    let trade = Trade { debtor: Scenario::id("CORE"), creditor: Scenario::id("S1") };
    let claimant = Claimant { module: MODULE.number, notify: Vec::new() };
    scenario.door(|ctx, state| super::reserve(ctx, state, use_, trade, &[Claim { invoice, amount }], claimant))
}

fn told<E: EventKind>(scenario: &Scenario) -> Vec<E> {
    let of_kind = |event: &&::types::Event| (event.module, event.event) == (E::MODULE, E::NUMBER);
    scenario.state.events.iter().filter(of_kind).map(|event| wire::decode(&event.payload).unwrap()).collect()
}

fn ask<Q: Query>(scenario: &mut Scenario, question: &Q) -> Q::Answer {
    let ctx = QueryContext { height: scenario.height, time: scenario.time };
    question.answer(&ctx, &mut scenario.state).unwrap()
}

#[test]
fn a_whole_trade_gives_an_invoice_that_matches_and_is_open_in_full() {
    let mut scenario = Scenario::new();
    let id = trade(&mut scenario, "S1", "CORE", "INV-1", cny("3600000.00"));
    let view = ask(&mut scenario, &InvoiceOf { invoice: id });
    assert_eq!((view.open, view.claimed), (cny("3600000.00"), cny("0.00")));
    assert_eq!(view.lines.len(), 1);
    assert_eq!(ask(&mut scenario, &MatchOf { invoice: id }).outcome, MatchOutcome::Matched);
    let order = ask(&mut scenario, &OrderOf { order: view.invoice.order.unwrap() });
    assert_eq!(order.invoiced, cny("3600000.00"));
    assert_eq!((order.progress[0].received, order.progress[0].invoiced), (fixtures::ONE, fixtures::ONE));
    assert_eq!(order.contract.unwrap().number.as_str(), "C-INV-1");
    scenario.audit();
}

#[test]
fn a_paper_of_one_side_binds_when_the_other_confirms_it() {
    let mut scenario = Scenario::new();
    let contract = scenario.act("S1.maker", &contract()).unwrap();
    let paper = RecordOrder { contract: Some(contract), ..order(Flow::InvoiceBeforeReceipt) };
    let order = scenario.act("CORE.maker", &paper).unwrap();
    assert_eq!(scenario.record::<Contract>(&contract).unwrap().confirmed_at, None);
    scenario.act("CORE.maker+CORE.checker", &ConfirmContract { contract }).unwrap();
    scenario.act("S1.maker+S1.checker", &ConfirmOrder { order }).unwrap();
    let now = Some(scenario.time);
    assert_eq!(scenario.record::<Contract>(&contract).unwrap().confirmed_at, now);
    assert_eq!(scenario.record::<Order>(&order).unwrap().confirmed_at, now);
    scenario.audit();
}

#[test]
fn papers_with_a_company_that_is_not_registered_are_recorded_by_the_one_that_is() {
    let mut scenario = Scenario::new();
    let outsider = Party::Named { name: text("Outside Mill"), legal_id: text("LEGAL-OUTSIDE") };
    let parties = Parties { seller: outsider, buyer: parties("S1", "CORE").buyer };
    let paper = RecordInvoice { parties, ..fixtures::invoice("S1", "CORE", "X-1", date("2026-02-25"), cny("5.00")) };
    let invoice = scenario.act("CORE.maker", &paper).unwrap();
    assert_eq!(scenario.record::<Invoice>(&invoice).unwrap().traders.seller.enterprise, None);
    assert_eq!(name(reserve(&mut scenario, ClaimUse::Transfer, invoice, cny("1.00"))), "E_MATCH_PARTY");
    scenario.act("CORE.maker", &RecordPayment { invoice, ..payment(invoice, cny("5.00")) }).unwrap();
    scenario.audit();
}

fn payment(invoice: InvoiceId, amount: Amount) -> RecordPayment {
    RecordPayment { invoice, amount, paid_on: date("2026-03-01"), reference: text("TT-1") }
}

#[test]
fn what_was_paid_before_and_rounded_off_is_not_open() {
    let mut scenario = Scenario::new();
    let paper = fixtures::invoice("S1", "CORE", "INV-1", date("2026-02-25"), cny("100.37"));
    let (prepaid, rounding, payable) = (cny("40.00"), Rounding::Down(cny("0.37")), cny("60.00"));
    let sums = Totals { prepaid, rounding, payable, ..paper.totals.clone() };
    let invoice = scenario.act("S1.maker", &RecordInvoice { totals: sums, ..paper.clone() }).unwrap();
    assert_eq!(scenario.record::<Invoice>(&invoice).unwrap().open(), cny("60.00"));
    let (rounding, payable) = (Rounding::Up(cny("0.63")), cny("0.63"));
    let sums = Totals { prepaid: cny("100.37"), rounding, payable, ..paper.totals.clone() };
    let number = text("INV-2");
    let invoice = scenario.act("S1.maker", &RecordInvoice { number, totals: sums, ..paper }).unwrap();
    assert_eq!(scenario.record::<Invoice>(&invoice).unwrap().open(), cny("0.00"));
    scenario.audit();
}

#[test]
fn seller_and_buyer_are_told_of_each_step_and_nobody_else() {
    let mut scenario = Scenario::new();
    let before = scenario.state.events.len();
    trade(&mut scenario, "S1", "CORE", "INV-1", cny("10.00"));
    let concerned = [Scenario::id("S1"), Scenario::id("CORE")];
    let events = &scenario.state.events[before..];
    let names: Vec<&str> = events
        .iter()
        .map(|event| {
            let spec = MODULE.events.iter().find(|spec| spec.number == event.event).unwrap();
            assert_eq!((spec.parties)(&event.payload).unwrap(), concerned);
            spec.name
        })
        .collect();
    let expected = [
        "ContractRecorded",
        "OrderRecorded",
        "DeliveryRecorded",
        "ReceiptConfirmed",
        "InvoiceRecorded",
        "InvoiceAttested",
    ];
    assert_eq!(names, expected);
}
