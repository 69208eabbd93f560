//! The three-way match, edge by edge.

use super::*;

fn exception(finding: Finding) -> MatchOutcome {
    MatchOutcome::Exception(List::new(vec![finding]).unwrap())
}

fn tolerated(finding: Finding) -> MatchOutcome {
    MatchOutcome::Tolerated(List::new(vec![finding]).unwrap())
}

/// The refusal of a certificate that is to rest on the invoice.
fn refused(world: &mut World, invoice: InvoiceId) -> &'static str {
    attest(&mut world.scenario, invoice, InvoiceStatus::Normal);
    name(world.reserve(ClaimUse::Issue, invoice, cny("1.00")))
}

#[test]
fn quantity_billed_may_exceed_the_receipt_by_one_percent_to_the_gram() {
    assert_eq!(World::compared(ALL, PRICE), MatchOutcome::Matched);
    assert_eq!(World::compared(pieces(99_999), PRICE), MatchOutcome::Matched);
    let over = |invoiced| Finding::QuantityOver { order_line: 1, invoiced, received: ALL };
    assert_eq!(World::compared(pieces(100_001), PRICE), tolerated(over(pieces(100_001))));
    assert_eq!(World::compared(pieces(101_000), PRICE), tolerated(over(pieces(101_000))));
    assert_eq!(World::compared(pieces(101_001), PRICE), exception(over(pieces(101_001))));
}

#[test]
fn unit_price_may_differ_by_half_a_percent_either_way_to_the_last_decimal() {
    let off = |units| Finding::PriceOff { line: 1, invoiced: UnitPrice(units), ordered: PRICE };
    for within in [1_000_001, 1_005_000, 999_999, 995_000] {
        assert_eq!(World::compared(ALL, UnitPrice(within)), tolerated(off(within)));
    }
    for beyond in [1_005_001, 994_999, 0] {
        assert_eq!(World::compared(ALL, UnitPrice(beyond)), exception(off(beyond)));
    }
}

#[test]
fn all_invoices_together_may_exceed_the_order_by_two_percent_to_the_cent() {
    let charged = |charges: &str| {
        let mut world = World::new(Flow::InvoiceBeforeReceipt);
        world.deliver(ALL);
        let paper = invoice(world.order, "INV-1", ALL, PRICE);
        let charges = cny(charges);
        let sum = cny("10000.00").plus(charges).unwrap();
        let sums = Totals { charges, net: sum, gross: sum, payable: sum, ..paper.totals.clone() };
        let invoice = world.scenario.act("S1.maker", &RecordInvoice { totals: sums, ..paper }).unwrap();
        (world.outcome(invoice), sum)
    };
    let ordered = cny("10000.00");
    assert_eq!(charged("0.00").0, MatchOutcome::Matched);
    let (outcome, invoiced) = charged("200.00");
    assert_eq!(outcome, tolerated(Finding::AmountOver { invoiced, ordered }));
    let (outcome, invoiced) = charged("200.01");
    assert_eq!(outcome, exception(Finding::AmountOver { invoiced, ordered }));
}

#[test]
fn each_difference_refuses_the_certificate_with_its_own_code() {
    let codes: Vec<&str> = [(pieces(101_001), PRICE), (ALL, UnitPrice(1_005_001))]
        .into_iter()
        .map(|(quantity, price)| {
            let mut world = World::new(Flow::InvoiceBeforeReceipt);
            world.deliver(ALL);
            let id = world.scenario.act("S1.maker", &invoice(world.order, "INV-1", quantity, price)).unwrap();
            refused(&mut world, id)
        })
        .collect();
    assert_eq!(codes, ["E_MATCH_QTY", "E_MATCH_PRICE"]);

    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    world.deliver(ALL);
    let mut paper = invoice(world.order, "INV-1", ALL, PRICE);
    let sum = cny("10200.01");
    paper.totals = Totals { charges: cny("200.01"), net: sum, gross: sum, payable: sum, ..paper.totals.clone() };
    let id = world.scenario.act("S1.maker", &paper).unwrap();
    assert_eq!(refused(&mut world, id), "E_MATCH_AMOUNT");
}

#[test]
fn a_line_that_was_not_ordered_or_is_in_another_unit_is_an_exception() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    world.deliver(ALL);
    let mut paper = invoice(world.order, "INV-1", ALL, PRICE);
    paper.lines = List::new(vec![InvoiceLine { order_line: None, ..paper.lines[0].clone() }]).unwrap();
    let stray = world.scenario.act("S1.maker", &paper).unwrap();
    assert_eq!(world.outcome(stray), exception(Finding::LineNotOrdered { line: 1 }));
    assert_eq!(refused(&mut world, stray), "E_MATCH_QTY");

    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    world.deliver(ALL);
    let mut paper = invoice(world.order, "INV-1", ALL, PRICE);
    paper.lines = List::new(vec![InvoiceLine { unit: text("KGM"), ..paper.lines[0].clone() }]).unwrap();
    let other = world.scenario.act("S1.maker", &paper).unwrap();
    let (invoiced, ordered) = (text("KGM"), text("EA"));
    assert_eq!(world.outcome(other), exception(Finding::UnitDiffers { line: 1, invoiced, ordered }));
    assert_eq!(refused(&mut world, other), "E_MATCH_QTY");
}

#[test]
fn two_invoices_cannot_bill_one_delivery_and_the_first_stays_good() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    world.deliver(pieces(60_000));
    let first = world.bill("INV-1", pieces(60_000));
    let mut paper = invoice(world.order, "INV-2", pieces(1_000), PRICE);
    paper.lines = List::new(vec![InvoiceLine { net: cny("100.00"), ..paper.lines[0].clone() }]).unwrap();
    paper.totals = totals(cny("100.00"));
    let second = world.scenario.act("S1.maker", &paper).unwrap();
    assert_eq!(world.outcome(first), MatchOutcome::Matched);
    let over = Finding::QuantityOver { order_line: 1, invoiced: pieces(61_000), received: pieces(60_000) };
    match world.outcome(second) {
        MatchOutcome::Exception(findings) => assert_eq!(findings[0], over),
        other => panic!("{other:?}"),
    }
    assert_eq!(refused(&mut world, second), "E_MATCH_QTY");
    world.scenario.audit();
}

#[test]
fn goods_that_have_not_arrived_back_nothing_until_they_do() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let invoice = world.bill("INV-1", ALL);
    assert_eq!(world.outcome(invoice), exception(Finding::NotReceived { order_line: 1, invoiced: ALL }));
    assert_eq!(refused(&mut world, invoice), "E_FUTURE_RECEIVABLE");
    world.deliver(ALL);
    assert_eq!(world.outcome(invoice), MatchOutcome::Matched);
    world.reserve(ClaimUse::Issue, invoice, cny("10000.00")).unwrap();
    world.scenario.audit();
}

#[test]
fn an_invoice_that_should_follow_the_receipt_may_not_precede_it() {
    let mut world = World::new(Flow::InvoiceAfterReceipt);
    world.deliver(ALL);
    let early = RecordInvoice { date: date("2026-02-19"), ..invoice(world.order, "INV-1", ALL, PRICE) };
    let early = world.scenario.act("S1.maker", &early).unwrap();
    let (invoiced_on, received_on) = (date("2026-02-19"), date("2026-02-20"));
    let finding = Finding::InvoicedBeforeReceipt { order_line: 1, invoiced_on, received_on };
    assert_eq!(world.outcome(early), exception(finding));
    assert_eq!(refused(&mut world, early), "E_DATE_ORDER");

    let mut world = World::new(Flow::InvoiceAfterReceipt);
    world.deliver(ALL);
    let same_day = RecordInvoice { date: date("2026-02-20"), ..invoice(world.order, "INV-1", ALL, PRICE) };
    let same_day = world.scenario.act("S1.maker", &same_day).unwrap();
    assert_eq!(world.outcome(same_day), MatchOutcome::Matched);
}

#[test]
fn services_need_the_buyers_word_instead_of_a_receipt() {
    let mut world = World::new(Flow::Services);
    let invoice = world.bill("INV-1", ALL);
    assert_eq!(world.outcome(invoice), exception(Finding::ServiceUnconfirmed { line: 1 }));
    assert_eq!(refused(&mut world, invoice), "E_FUTURE_RECEIVABLE");
    let confirmed = world.scenario.act("CORE.maker+CORE.checker", &ConfirmInvoice { invoice }).unwrap();
    assert_eq!(confirmed.matched.outcome, MatchOutcome::Matched);
    world.reserve(ClaimUse::Issue, invoice, cny("1.00")).unwrap();
}

#[test]
fn goods_on_consignment_back_nothing() {
    let mut world = World::new(Flow::Consignment);
    world.deliver(ALL);
    let invoice = world.bill("INV-1", ALL);
    assert_eq!(world.outcome(invoice), exception(Finding::ConsignmentInvoiced { line: 1 }));
    assert_eq!(refused(&mut world, invoice), "E_FUTURE_RECEIVABLE");
}

#[test]
fn goods_shipped_before_they_were_ordered_do_not_count() {
    let mut world = World::with(|_| (), RecordOrder { date: date("2026-02-16"), ..order(Flow::InvoiceBeforeReceipt) });
    world.deliver(ALL);
    let invoice = world.bill("INV-1", ALL);
    assert_eq!(world.outcome(invoice), exception(Finding::ReceiptMisdated { order_line: 1, received: ALL }));
    assert_eq!(refused(&mut world, invoice), "E_DATE_ORDER");
    world.scenario.audit();
}

#[test]
fn goods_received_before_they_were_shipped_do_not_count() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    let delivery = world.scenario.act("S1.maker", &delivery(world.order, ALL)).unwrap();
    let early = ConfirmReceipt { received_on: date("2026-02-14"), ..receipt(delivery, ALL) };
    world.scenario.act("CORE.maker", &early).unwrap();
    let invoice = world.bill("INV-1", ALL);
    assert_eq!(world.outcome(invoice), exception(Finding::ReceiptMisdated { order_line: 1, received: ALL }));
    assert_eq!(refused(&mut world, invoice), "E_DATE_ORDER");
    world.scenario.audit();
}

#[test]
fn an_order_outside_its_contracts_term_backs_nothing() {
    for (signed_on, ends_on) in [("2026-02-11", "2026-12-31"), ("2026-02-01", "2026-02-09")] {
        let edit = |paper: &mut RecordContract| {
            (paper.signed_on, paper.ends_on) = (date(signed_on), Some(date(ends_on)));
        };
        let mut world = World::with(edit, order(Flow::InvoiceBeforeReceipt));
        world.deliver(ALL);
        let invoice = world.bill("INV-1", ALL);
        let (ordered_on, contract) = (date("2026-02-10"), world.contract);
        assert_eq!(world.outcome(invoice), exception(Finding::OrderOutsideContract { ordered_on, contract }));
        assert_eq!(refused(&mut world, invoice), "E_DATE_ORDER");
    }
    for (signed_on, ends_on) in [("2026-02-10", "2026-02-10"), ("2026-02-01", "2026-02-10")] {
        let edit = |paper: &mut RecordContract| {
            (paper.signed_on, paper.ends_on) = (date(signed_on), Some(date(ends_on)));
        };
        let mut world = World::with(edit, order(Flow::InvoiceBeforeReceipt));
        world.deliver(ALL);
        let invoice = world.bill("INV-1", ALL);
        assert_eq!(world.outcome(invoice), MatchOutcome::Matched);
    }
}

#[test]
fn papers_that_are_missing_or_not_confirmed_back_nothing() {
    let mut scenario = Scenario::new();
    let loose = fixtures::invoice("S1", "CORE", "INV-1", date("2026-02-25"), cny("10.00"));
    let loose = scenario.act("S1.maker", &loose).unwrap();
    assert_eq!(ask(&mut scenario, &MatchOf { invoice: loose }).outcome, exception(Finding::OrderMissing));

    let order = scenario.act("CORE.maker", &order(Flow::Services)).unwrap();
    let paper = scenario.act("S1.maker", &invoice(order, "INV-2", ALL, PRICE)).unwrap();
    let found = ask(&mut scenario, &MatchOf { invoice: paper }).outcome;
    let expected = [
        Finding::OrderUnconfirmed { order },
        Finding::ContractMissing { order },
        Finding::ServiceUnconfirmed { line: 1 },
    ];
    assert_eq!(found.findings(), expected);

    attest(&mut scenario, loose, InvoiceStatus::Normal);
    attest(&mut scenario, paper, InvoiceStatus::Normal);
    for invoice in [loose, paper] {
        assert_eq!(name(reserve(&mut scenario, ClaimUse::Issue, invoice, cny("1.00"))), "E_TRADE_DOC_MISSING");
    }
    assert_eq!(
        name(scenario.door(|ctx, state| {
            let trade = Trade { debtor: Scenario::id("CORE"), creditor: Scenario::id("S1") };
            super::super::reserve(ctx, state, ClaimUse::Issue, trade, &[], Claimant { module: 5, notify: Vec::new() })
        })),
        "E_TRADE_DOC_MISSING"
    );
}

#[test]
fn a_contract_that_one_side_has_not_confirmed_backs_nothing() {
    let mut scenario = Scenario::new();
    let contract = scenario.act("S1.maker", &contract()).unwrap();
    let paper = RecordOrder { contract: Some(contract), ..order(Flow::InvoiceBeforeReceipt) };
    let order = scenario.act(&both("CORE", "S1"), &paper).unwrap();
    let mut world = World { scenario, contract, order };
    world.deliver(ALL);
    let invoice = world.bill("INV-1", ALL);
    assert_eq!(world.outcome(invoice), exception(Finding::ContractUnconfirmed { contract }));
    assert_eq!(refused(&mut world, invoice), "E_TRADE_DOC_MISSING");
}

#[test]
fn an_advance_backs_nothing() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    world.deliver(ALL);
    let paper = RecordInvoice { kind: InvoiceKind::Prepayment, ..invoice(world.order, "INV-1", ALL, PRICE) };
    let advance = world.scenario.act("S1.maker", &paper).unwrap();
    assert_eq!(world.outcome(advance), exception(Finding::Prepayment));
    assert_eq!(refused(&mut world, advance), "E_PREPAYMENT_BASIS");
    assert_eq!(name(world.reserve(ClaimUse::Transfer, advance, cny("1.00"))), "E_PREPAYMENT_BASIS");
}
