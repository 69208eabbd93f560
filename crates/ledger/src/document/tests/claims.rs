//! Who rests on an invoice's value: reserved, concluded, given back, cut, paid out.

use super::*;

fn traded() -> (Scenario, InvoiceId) {
    let mut scenario = Scenario::new();
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-1", cny("1000.00"));
    (scenario, invoice)
}

fn claim(invoice: InvoiceId, amount: &str) -> [Claim; 1] {
    [Claim { invoice, amount: cny(amount) }]
}

/// Reserved, allocated, settled, credited and open, in cents.
fn parts(scenario: &mut Scenario, invoice: InvoiceId) -> [u64; 5] {
    let record: Invoice = scenario.record(&invoice).unwrap();
    scenario.audit();
    let balance = &record.balance;
    [balance.reserved, balance.allocated, balance.settled, balance.credited, record.open()].map(|amount| amount.minor)
}

#[test]
fn value_is_reserved_concluded_and_paid_out_or_given_back() {
    let (mut scenario, invoice) = traded();
    assert_eq!(reserve(&mut scenario, ClaimUse::Issue, invoice, cny("600.00")), Ok(cny("600.00")));
    assert_eq!(parts(&mut scenario, invoice), [60_000, 0, 0, 0, 40_000]);
    scenario.door(|_, state| release(state, &claim(invoice, "100.00"))).unwrap();
    scenario.door(|_, state| commit(state, &claim(invoice, "500.00"))).unwrap();
    assert_eq!(parts(&mut scenario, invoice), [0, 50_000, 0, 0, 50_000]);
    scenario.door(|_, state| free(state, &claim(invoice, "100.00"))).unwrap();
    scenario.door(|_, state| settle(state, &claim(invoice, "400.00"))).unwrap();
    assert_eq!(parts(&mut scenario, invoice), [0, 0, 40_000, 0, 60_000]);
}

#[test]
fn one_cent_more_than_is_open_is_refused() {
    let (mut scenario, invoice) = traded();
    reserve(&mut scenario, ClaimUse::Issue, invoice, cny("999.99")).unwrap();
    let refused = reserve(&mut scenario, ClaimUse::Transfer, invoice, cny("0.02"));
    assert_eq!(
        refused,
        Err(reject::fingerprint_exhausted(invoice, cny("0.01"), cny("0.02"))),
        "E_FINGERPRINT_EXHAUSTED"
    );
    assert_eq!(name(scenario.act("S1.maker", &payment(invoice, cny("0.02")))), "E_FINGERPRINT_EXHAUSTED");
    scenario.act("S1.maker", &payment(invoice, cny("0.01"))).unwrap();
    assert_eq!(name(reserve(&mut scenario, ClaimUse::Issue, invoice, cny("0.01"))), "E_FINGERPRINT_EXHAUSTED");
    assert_eq!(name(reserve(&mut scenario, ClaimUse::Issue, invoice, cny("0.00"))), "E_AMOUNT_ZERO");
    scenario.audit();
}

#[test]
fn a_certificate_rests_only_on_an_invoice_between_its_parties() {
    let (mut scenario, invoice) = traded();
    for (debtor, creditor) in [("CORE2", "S1"), ("CORE", "S2"), ("S1", "CORE")] {
        let trade = Trade { debtor: Scenario::id(debtor), creditor: Scenario::id(creditor) };
        let claimant = Claimant { module: MODULE.number, notify: Vec::new() };
        let refused = scenario.door(|ctx, state| {
            super::super::reserve(ctx, state, ClaimUse::Issue, trade, &claim(invoice, "1.00"), claimant)
        });
        assert_eq!(name(refused), "E_MATCH_PARTY");
    }
}

#[test]
fn a_check_is_good_for_a_day_and_not_a_millisecond_longer() {
    let mut scenario = Scenario::new();
    let loose = fixtures::invoice("S1", "CORE", "INV-0", date("2026-02-25"), cny("10.00"));
    let loose = scenario.act("S1.maker", &loose).unwrap();
    assert_eq!(name(reserve(&mut scenario, ClaimUse::Issue, loose, cny("1.00"))), "E_INVOICE_STALE_CHECK");
    reserve(&mut scenario, ClaimUse::Transfer, loose, cny("1.00")).expect("a transfer rests on valid papers");

    let invoice = trade(&mut scenario, "S1", "CORE", "INV-1", cny("1000.00"));
    scenario.time = scenario.time.plus_hours(24);
    reserve(&mut scenario, ClaimUse::Issue, invoice, cny("1.00")).unwrap();
    scenario.door(|ctx, state| require_fresh(ctx, state, &claim(invoice, "1.00"))).unwrap();
    scenario.time = scenario.time.plus_ms(1);
    assert_eq!(name(reserve(&mut scenario, ClaimUse::Issue, invoice, cny("1.00"))), "E_INVOICE_STALE_CHECK");
    let stale = scenario.door(|ctx, state| require_fresh(ctx, state, &claim(invoice, "1.00")));
    assert_eq!(name(stale), "E_INVOICE_STALE_CHECK");
    attest(&mut scenario, invoice, InvoiceStatus::Normal);
    reserve(&mut scenario, ClaimUse::Issue, invoice, cny("1.00")).unwrap();
}

#[test]
fn an_invoice_that_is_reversed_or_void_backs_nothing_more_and_those_on_it_are_told() {
    for status in [InvoiceStatus::RedLettered, InvoiceStatus::Void] {
        let (mut scenario, invoice) = traded();
        reserve(&mut scenario, ClaimUse::Issue, invoice, cny("600.00")).unwrap();
        scenario.door(|_, state| commit(state, &claim(invoice, "600.00"))).unwrap();
        scenario.time = scenario.time.plus_ms(1);
        attest(&mut scenario, invoice, status);
        let told: Vec<InvoiceRevoked> = told(&scenario);
        assert_eq!((told[0].status, told[0].claimed), (status, cny("600.00")));
        assert_eq!(
            crate::core::due::next(&mut scenario.state),
            Ok(Some(scenario.time)),
            "the claimant's notice is due"
        );
        for use_ in [ClaimUse::Issue, ClaimUse::Transfer] {
            assert_eq!(name(reserve(&mut scenario, use_, invoice, cny("1.00"))), "E_INVOICE_STATUS");
        }
        let stale = scenario.door(|ctx, state| require_fresh(ctx, state, &claim(invoice, "1.00")));
        assert_eq!(name(stale), "E_INVOICE_STATUS");
        assert_eq!(parts(&mut scenario, invoice), [0, 60_000, 0, 0, 40_000], "those on it lose nothing");
        scenario.time = scenario.time.plus_ms(1);
        let query = text("Q-2");
        let again = AttestInvoice { invoice, status: InvoiceStatus::Normal, query, checked_at: scenario.time };
        assert_eq!(name(scenario.act("TAX.maker", &again)), "E_INVOICE_STATUS");
        attest(&mut scenario, invoice, status);
    }
}

#[test]
fn forty_claimants_are_all_told() {
    let (mut scenario, invoice) = traded();
    let trade = Trade { debtor: Scenario::id("CORE"), creditor: Scenario::id("S1") };
    for _ in 0..40 {
        // The notice is one that this module understands and that has nothing left to do.
        let notify = wire::encode(&(0_u8, InvoiceId::default(), 0_u64));
        let claimant = Claimant { module: MODULE.number, notify };
        let claims = claim(invoice, "1.00");
        scenario
            .door(|ctx, state| super::super::reserve(ctx, state, ClaimUse::Issue, trade, &claims, claimant))
            .unwrap();
    }
    scenario.time = scenario.time.plus_ms(1);
    attest(&mut scenario, invoice, InvoiceStatus::Void);
    let due = |scenario: &Scenario| {
        let prefix = [0_u8, 1];
        scenario.state.records.keys().filter(|key| key.starts_with(&prefix)).count()
    };
    assert_eq!(due(&scenario), 33, "32 notices and one item for the rest");
    scenario.run_due();
    assert_eq!(due(&scenario), 0);
    scenario.audit();
}

#[test]
fn a_credit_note_takes_what_is_open_and_its_excess_waits_for_consent() {
    let (mut scenario, invoice) = traded();
    reserve(&mut scenario, ClaimUse::Issue, invoice, cny("900.00")).unwrap();
    scenario.door(|_, state| commit(state, &claim(invoice, "900.00"))).unwrap();
    let today = scenario.time.date();
    let paper = fixtures::credit_note(invoice, "CN-1", today, cny("300.00"));
    let note = scenario.act("S1.maker", &paper).unwrap();
    assert_eq!(parts(&mut scenario, invoice), [0, 90_000, 0, 10_000, 0]);
    let record: CreditNote = scenario.record(&note).unwrap();
    assert_eq!((record.excess, record.outstanding()), (cny("200.00"), cny("200.00")));

    scenario.door(|_, state| reduce(state, note, cny("120.00"))).unwrap();
    assert_eq!(parts(&mut scenario, invoice), [0, 78_000, 0, 22_000, 0]);
    scenario.door(|_, state| counter(state, note, cny("80.00"))).unwrap();
    assert_eq!(told::<CreditNoteCountered>(&scenario)[0].amount, cny("80.00"));
    for door in [reduce, counter] {
        let refused = scenario.door(|_, state| door(state, note, cny("0.01")));
        assert_eq!(refused, Err(reject::credit_note_spent(note, cny("0.00"), cny("0.01"))), "E_CREDIT_NOTE_SPENT");
    }
    scenario.audit();
}

#[test]
fn a_certificate_cannot_be_cut_below_nothing() {
    let (mut scenario, invoice) = traded();
    reserve(&mut scenario, ClaimUse::Issue, invoice, cny("900.00")).unwrap();
    let today = scenario.time.date();
    let note = scenario.act("S1.maker", &fixtures::credit_note(invoice, "CN-1", today, cny("300.00"))).unwrap();
    let refused = scenario.door(|_, state| reduce(state, note, cny("200.00")));
    assert_eq!(name(refused), "E_CREDIT_NOTE_SPENT");
    scenario.audit();
}

#[test]
fn a_credited_quantity_can_be_billed_again_and_a_voided_invoice_takes_back_only_the_rest() {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    world.deliver(ALL);
    let first = world.bill("INV-1", pieces(50_000));
    world.bill("INV-2", pieces(50_000));
    let mut paper = fixtures::credit_note(first, "CN-1", date("2026-02-26"), cny("4000.00"));
    let line = InvoiceLine { order_line: Some(1), quantity: pieces(20_000), ..paper.lines[0].clone() };
    paper.lines = List::new(vec![line]).unwrap();
    world.scenario.act("S1.maker", &paper).unwrap();
    let progress = |world: &mut World| {
        world.scenario.audit();
        let view = ask(&mut world.scenario, &OrderOf { order: world.order });
        (view.progress[0].invoiced, view.invoiced)
    };
    assert_eq!(progress(&mut world), (pieces(80_000), cny("16000.00")));
    attest(&mut world.scenario, first, InvoiceStatus::Void);
    assert_eq!(progress(&mut world), (pieces(50_000), cny("10000.00")), "the second invoice stands whole");
    let note = fixtures::credit_note(first, "CN-2", date("2026-02-26"), cny("1.00"));
    world.scenario.act("S1.maker", &note).unwrap();
    assert_eq!(progress(&mut world), (pieces(50_000), cny("10000.00")), "a void invoice bills nothing to take back");
}
