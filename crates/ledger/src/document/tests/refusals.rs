//! Each thing that this module refuses.

use super::*;

#[test]
fn the_same_paper_is_refused_a_second_time_however_its_number_is_typed() {
    let mut scenario = Scenario::new();
    let paper = fixtures::invoice("S1", "CORE", "INV-7a", date("2026-02-25"), cny("10.00"));
    let first = scenario.act("S1.maker", &paper).unwrap();
    for number in ["INV-7a", "inv-7A", "00INV-7a", "INV -7a", "ＩＮＶ－７ａ"] {
        let again = RecordInvoice { number: text(number), ..paper.clone() };
        let refused = scenario.act("S1.maker", &again);
        assert_eq!(refused, Err(reject::fingerprint_dup(number, first)), "E_FINGERPRINT_DUP");
    }
    let other_day = RecordInvoice { date: date("2026-02-24"), ..paper.clone() };
    scenario.act("S1.maker", &other_day).expect("another day, another invoice");
    let other_amount = fixtures::invoice("S1", "CORE", "INV-7a", date("2026-02-25"), cny("10.01"));
    scenario.act("S1.maker", &other_amount).expect("another amount, another invoice");
    scenario.audit();
}

#[test]
fn every_kind_of_paper_is_recorded_once() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let signers = both("CORE", "S1");
    assert_eq!(name(world.scenario.act(&signers, &contract())), "E_DOCUMENT_DUP");
    assert_eq!(name(world.scenario.act(&signers, &order(Flow::Services))), "E_DOCUMENT_DUP");
    world.deliver(pieces(1_000));
    let again = delivery(world.order, pieces(1_000));
    assert_eq!(name(world.scenario.act("S1.maker", &again)), "E_DOCUMENT_DUP");
    let invoice = world.bill("INV-1", ALL);
    let note = fixtures::credit_note(invoice, "CN-1", date("2026-02-26"), cny("1.00"));
    world.scenario.act("S1.maker", &note).unwrap();
    assert_eq!(name(world.scenario.act("S1.maker", &note)), "E_DOCUMENT_DUP");
    world.scenario.audit();
}

#[test]
fn a_number_that_cannot_be_compared_is_refused() {
    let mut scenario = Scenario::new();
    for number in ["INV\u{0391}1", "ⅣINV", "éclair"] {
        let paper = fixtures::invoice("S1", "CORE", number, date("2026-02-25"), cny("10.00"));
        assert_eq!(name(scenario.act("S1.maker", &paper)), "E_DOCUMENT_NUMBER");
    }
    let seller = Party::Named { name: text("Outside Mill"), legal_id: text("Ω-1") };
    let parties = Parties { seller, buyer: parties("S1", "CORE").buyer };
    let paper = RecordContract { parties, ..contract() };
    assert_eq!(name(scenario.act("CORE.maker", &paper)), "E_DOCUMENT_NUMBER");
}

#[test]
fn papers_that_name_what_is_not_there_are_refused() {
    let mut scenario = Scenario::new();
    let unknown = "E_DOCUMENT_UNKNOWN";
    let paper = RecordOrder { contract: Some(ContractId::default()), ..order(Flow::Services) };
    assert_eq!(name(scenario.act("S1.maker", &paper)), unknown);
    assert_eq!(name(scenario.act("S1.maker", &delivery(OrderId::default(), ALL))), unknown);
    assert_eq!(name(scenario.act("CORE.maker", &receipt(DeliveryId::default(), ALL))), unknown);
    assert_eq!(name(scenario.act("S1.maker", &invoice(OrderId::default(), "INV-1", ALL, PRICE))), unknown);
    let none = InvoiceId::default();
    let note = fixtures::credit_note(none, "CN-1", date("2026-02-26"), cny("1.00"));
    assert_eq!(name(scenario.act("S1.maker", &note)), unknown);
    assert_eq!(name(scenario.act("S1.maker", &payment(none, cny("1.00")))), unknown);
    assert_eq!(name(scenario.act("S1.maker", &MatchInvoice { invoice: none })), unknown);
    assert_eq!(name(scenario.act("CORE.maker+CORE.checker", &ConfirmInvoice { invoice: none })), unknown);
    let signers = "CORE.maker+CORE.checker";
    assert_eq!(name(scenario.act(signers, &ConfirmContract { contract: ContractId::default() })), unknown);
    assert_eq!(name(scenario.act(signers, &ConfirmOrder { order: OrderId::default() })), unknown);
    assert_eq!(name(scenario.door(|_, state| reduce(state, CreditNoteId::default(), cny("1.00")))), unknown);
}

#[test]
fn an_invoice_bills_only_deliveries_on_its_order() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let delivered = world.deliver(ALL);
    let deliveries = List::new(vec![delivered]).unwrap();
    let paper = RecordInvoice { deliveries: deliveries.clone(), ..invoice(world.order, "INV-1", ALL, PRICE) };
    world.scenario.act("S1.maker", &paper).unwrap();
    let loose = fixtures::invoice("S1", "CORE", "INV-2", date("2026-02-25"), cny("10.00"));
    let loose = RecordInvoice { deliveries, ..loose };
    assert_eq!(name(world.scenario.act("S1.maker", &loose)), "E_TRADE_DOC_MISSING");
    world.scenario.audit();
}

#[test]
fn a_document_that_does_not_add_up_is_refused() {
    let mut scenario = Scenario::new();
    let paper = fixtures::invoice("S1", "CORE", "INV-1", date("2026-02-25"), cny("10.00"));
    let cent = cny("0.01");
    let edits: [fn(&mut Totals, Amount); 9] = [
        |sums, cent| sums.lines = cent,
        |sums, cent| sums.net = cent,
        |sums, cent| sums.gross = cent,
        |sums, cent| sums.payable = cent,
        |sums, cent| sums.tax = cent,
        |sums, cent| sums.charges = cent,
        |sums, cent| sums.allowances = cent,
        |sums, cent| sums.prepaid = cent,
        |sums, cent| sums.rounding = Rounding::Down(cent),
    ];
    for edit in edits {
        let mut wrong = paper.clone();
        edit(&mut wrong.totals, cent);
        assert_eq!(name(scenario.act("S1.maker", &wrong)), "E_DOCUMENT_TOTALS");
    }
    let mut overpaid = paper.clone();
    overpaid.totals.prepaid = cny("10.01");
    assert_eq!(name(scenario.act("S1.maker", &overpaid)), "E_DOCUMENT_TOTALS");
    let mut dollars = paper.clone();
    dollars.totals.tax = "0.00 USD".parse().unwrap();
    assert_eq!(name(scenario.act("S1.maker", &dollars)), "E_CCY_MISMATCH");
    let nothing = fixtures::invoice("S1", "CORE", "INV-1", date("2026-02-25"), cny("0.00"));
    assert_eq!(name(scenario.act("S1.maker", &nothing)), "E_AMOUNT_ZERO");
    scenario.act("S1.maker", &paper).unwrap();
}

#[test]
fn lines_out_of_order_are_refused() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let lines = "E_DOCUMENT_LINES";
    let none = RecordOrder { lines: List::default(), ..order(Flow::Services) };
    assert_eq!(name(world.scenario.act("CORE.maker", &none)), lines);
    let mut twice = invoice(world.order, "INV-1", ALL, PRICE);
    twice.lines = List::new(vec![twice.lines[0].clone(), twice.lines[0].clone()]).unwrap();
    assert_eq!(name(world.scenario.act("S1.maker", &twice)), lines);
    let mut stray = invoice(world.order, "INV-1", ALL, PRICE);
    stray.lines = List::new(vec![InvoiceLine { order_line: Some(2), ..stray.lines[0].clone() }]).unwrap();
    assert_eq!(name(world.scenario.act("S1.maker", &stray)), lines);
    let line = |order_line, quantity| DeliveryLine { order_line, quantity };
    for wrong in [vec![], vec![line(1, pieces(0))], vec![line(1, ALL), line(1, ALL)], vec![line(2, ALL)]] {
        let lines_of = List::new(wrong).unwrap();
        let paper = RecordDelivery { lines: lines_of, ..delivery(world.order, ALL) };
        assert_eq!(name(world.scenario.act("S1.maker", &paper)), lines);
    }
    world.scenario.audit();
}

#[test]
fn each_side_does_only_what_is_its_own_to_do() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let side = "E_DOCUMENT_SIDE";
    assert_eq!(name(world.scenario.act("S2.maker", &RecordContract { number: text("C-2"), ..contract() })), side);
    assert_eq!(name(world.scenario.act("CORE.maker", &delivery(world.order, ALL))), side);
    let sent = world.scenario.act("S1.maker", &delivery(world.order, ALL)).unwrap();
    assert_eq!(name(world.scenario.act("S1.maker", &receipt(sent, ALL))), side);
    let paper = invoice(world.order, "INV-1", ALL, PRICE);
    assert_eq!(name(world.scenario.act("CORE.maker", &paper)), side);
    let invoice = world.scenario.act("S1.maker", &paper).unwrap();
    assert_eq!(name(world.scenario.act("S1.maker+S1.checker", &ConfirmInvoice { invoice })), side);
    assert_eq!(name(world.scenario.act("S2.maker", &MatchInvoice { invoice })), side);
    assert_eq!(name(world.scenario.act("CORE.maker", &payment(invoice, cny("1.00")))), side);
    let note = fixtures::credit_note(invoice, "CN-1", date("2026-02-26"), cny("1.00"));
    assert_eq!(name(world.scenario.act("CORE.maker", &note)), side);
    let contract = RecordContract { number: text("C-2"), ..contract() };
    let contract = world.scenario.act("S1.maker", &contract).unwrap();
    assert_eq!(name(world.scenario.act("S1.maker+S1.checker", &ConfirmContract { contract })), side);
}

#[test]
fn what_is_confirmed_is_not_confirmed_again() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let confirmed = "E_DOCUMENT_CONFIRMED";
    let contract = world.contract;
    let order = world.order;
    let record: Contract = world.scenario.record(&contract).unwrap();
    let other = if record.recorded_by == Scenario::id("S1") { "CORE" } else { "S1" };
    let signers = format!("{other}.maker+{other}.checker");
    assert_eq!(name(world.scenario.act(&signers, &ConfirmContract { contract })), confirmed);
    assert_eq!(name(world.scenario.act(&signers, &ConfirmOrder { order })), confirmed);
    let delivery = world.deliver(ALL);
    assert_eq!(name(world.scenario.act("CORE.maker", &receipt(delivery, ALL))), confirmed);
    let invoice = world.bill("INV-1", ALL);
    world.scenario.act("CORE.maker+CORE.checker", &ConfirmInvoice { invoice }).unwrap();
    assert_eq!(name(world.scenario.act("CORE.maker+CORE.checker", &ConfirmInvoice { invoice })), confirmed);
}

#[test]
fn papers_are_between_the_same_two_companies() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let party = "E_MATCH_PARTY";
    let itself = RecordContract { parties: parties("S1", "S1"), ..contract() };
    assert_eq!(name(world.scenario.act("S1.maker", &itself)), party);
    let other = RecordOrder {
        contract: Some(world.contract),
        ..fixtures::order("S2", "CORE", "PO-2", date("2026-02-10"), cny("1.00"))
    };
    assert_eq!(name(world.scenario.act("CORE.maker", &other)), party);
    let paper = RecordInvoice { parties: parties("S1", "CORE2"), ..invoice(world.order, "INV-1", ALL, PRICE) };
    assert_eq!(name(world.scenario.act("S1.maker", &paper)), party);
}

#[test]
fn no_paper_is_of_tomorrow_and_dates_follow_one_another() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let dates = "E_DATE_ORDER";
    let tomorrow = date("2026-03-03");
    let number = text("N-2");
    let paper = RecordContract { number: number.clone(), signed_on: tomorrow, ..contract() };
    assert_eq!(name(world.scenario.act("S1.maker", &paper)), dates);
    let paper = RecordContract { number: number.clone(), ends_on: Some(date("2026-01-31")), ..contract() };
    assert_eq!(name(world.scenario.act("S1.maker", &paper)), dates);
    let paper = RecordOrder { number, date: tomorrow, ..order(Flow::Services) };
    assert_eq!(name(world.scenario.act("S1.maker", &paper)), dates);
    let paper = RecordDelivery { despatched_on: tomorrow, ..delivery(world.order, ALL) };
    assert_eq!(name(world.scenario.act("S1.maker", &paper)), dates);
    let sent = world.scenario.act("S1.maker", &delivery(world.order, ALL)).unwrap();
    let paper = ConfirmReceipt { received_on: tomorrow, ..receipt(sent, ALL) };
    assert_eq!(name(world.scenario.act("CORE.maker", &paper)), dates);
    let paper = RecordInvoice { date: tomorrow, ..invoice(world.order, "INV-1", ALL, PRICE) };
    assert_eq!(name(world.scenario.act("S1.maker", &paper)), dates);
    let paper = RecordInvoice { due_on: Some(date("2026-02-24")), ..invoice(world.order, "INV-1", ALL, PRICE) };
    assert_eq!(name(world.scenario.act("S1.maker", &paper)), dates);
    let invoice = world.bill("INV-1", ALL);
    for day in ["2026-02-24", "2026-03-03"] {
        let note = fixtures::credit_note(invoice, "CN-1", date(day), cny("1.00"));
        assert_eq!(name(world.scenario.act("S1.maker", &note)), dates);
    }
    let paper = RecordPayment { paid_on: tomorrow, ..payment(invoice, cny("1.00")) };
    assert_eq!(name(world.scenario.act("S1.maker", &paper)), dates);
    world.scenario.audit();
}

#[test]
fn credit_notes_stay_within_their_invoice() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let invoice = world.bill("INV-1", ALL);
    let note = |number, amount| fixtures::credit_note(invoice, number, date("2026-02-26"), cny(amount));
    world.scenario.act("S1.maker", &note("CN-1", "9999.99")).unwrap();
    assert_eq!(name(world.scenario.act("S1.maker", &note("CN-2", "0.02"))), "E_CREDIT_NOTE_OVER");
    world.scenario.act("S1.maker", &note("CN-2", "0.01")).unwrap();
    world.scenario.audit();
}

#[test]
fn the_tax_authoritys_answers_come_in_order_and_from_the_connector() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let invoice = world.bill("INV-1", ALL);
    let now = world.scenario.time;
    let answer = |checked_at| AttestInvoice { invoice, status: InvoiceStatus::Normal, query: text("Q"), checked_at };
    assert_eq!(name(world.scenario.act("S1.maker", &answer(now))), "E_NOT_AUTHORIZED");
    assert_eq!(name(world.scenario.act("TAX.maker", &answer(now.plus_ms(1)))), "E_INVOICE_CHECK_TIME");
    world.scenario.act("TAX.maker", &answer(now)).unwrap();
    assert_eq!(name(world.scenario.act("TAX.maker", &answer(now))), "E_INVOICE_CHECK_TIME");
}

#[test]
fn nobody_receives_more_than_was_sent() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let sent = world.scenario.act("S1.maker", &delivery(world.order, pieces(10_000))).unwrap();
    assert_eq!(name(world.scenario.act("CORE.maker", &receipt(sent, pieces(10_001)))), "E_RECEIPT_OVER");
    world.scenario.act("CORE.maker", &receipt(sent, pieces(9_000))).unwrap();
    world.scenario.audit();
}
