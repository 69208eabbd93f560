use super::*;

const AMOUNT: &str = "1000000.00";
const SIGNERS: &str = "BKA.maker+BKA.checker+BKA.approver+BKB.maker+BKB.checker+REGISTRY.maker";

/// BKA has financed S1's 1,000,000.00.
fn world() -> (Scenario, LotId, FinancingId) {
    let mut scenario = consortium();
    let (_, root) = issued(&mut scenario, "INV-1", cny(AMOUNT));
    let how = (FinancingKind::NonRecourse, 45_000);
    let (id, _) = financed(&mut scenario, ("S1", "BKA"), (root, cny(AMOUNT)), how).unwrap();
    (scenario, root, id)
}

/// BKB buys for 980,000.00, which it has paid.
fn sale(scenario: &mut Scenario, financing: FinancingId) -> Refinance {
    let price = cny("980000.00");
    Refinance {
        financing,
        buyer: Scenario::id("BKB"),
        price,
        fact: paid(scenario, "BKB", ("BKB", "BKA"), price),
        amendment: text("ZD-AMENDED"),
        connector: Scenario::id("REGISTRY"),
    }
}

#[test]
fn resale_moves_lot_lines_and_registration_together() {
    let (mut scenario, root, id) = world();
    let act = sale(&mut scenario, id);
    scenario.act(SIGNERS, &act).unwrap();
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    assert_eq!(line(&mut scenario, "BKB"), (cny("0.00"), cny(AMOUNT)));
    assert_eq!(lot(&mut scenario, root).holder, Scenario::id("BKB"));
    let record = financing(&mut scenario, id);
    assert_eq!(record.bank, Some(Scenario::id("BKB")));
    assert_eq!(record.former_banks.to_vec(), [Scenario::id("BKA")]);
    assert_eq!(record.registration.unwrap().amendments.len(), 1);
    assert_eq!(name(scenario.act(SIGNERS, &act)), "E_NOT_PARTY");
    scenario.audit();
}

#[test]
fn both_financiers_and_the_registry_sign() {
    let (mut scenario, _, id) = world();
    let act = sale(&mut scenario, id);
    let without = |left_out: &str| {
        let kept = SIGNERS.split('+').filter(|signer| !signer.starts_with(left_out));
        kept.collect::<Vec<_>>().join("+")
    };
    assert_eq!(name(scenario.act(&without("BKB"), &act)), "E_THRESHOLD");
    assert_eq!(name(scenario.act(&without("REGISTRY"), &act)), "E_THRESHOLD");
    assert_eq!(name(scenario.act(&without("BKA.approver"), &act)), "E_THRESHOLD");
    assert_eq!(name(scenario.act(&without("BKA"), &act)), "E_NOT_PARTY");
}

#[test]
fn buyer_has_paid_the_price_and_has_the_line() {
    let (mut scenario, _, id) = world();
    let act = sale(&mut scenario, id);
    let other_price = Refinance { price: cny("980000.01"), ..act.clone() };
    assert_eq!(name(scenario.act(SIGNERS, &other_price)), "E_NET_MISMATCH");
    let from_core = paid(&mut scenario, "BKA", ("CORE", "BKA"), act.price);
    assert_eq!(name(scenario.act(SIGNERS, &Refinance { fact: from_core, ..act.clone() })), "E_CASH_UNATTESTED");
    let to_seller = paid(&mut scenario, "BKB", ("BKB", "S1"), act.price);
    assert_eq!(name(scenario.act(SIGNERS, &Refinance { fact: to_seller, ..act.clone() })), "E_PAYEE_NOT_OWN_NAME");
    assert_eq!(name(scenario.act(SIGNERS, &Refinance { price: cny("0.00"), ..act.clone() })), "E_AMOUNT_ZERO");
    let unamended = Refinance { amendment: text(""), ..act.clone() };
    assert_eq!(name(scenario.act(SIGNERS, &unamended)), "E_MALFORMED");
    let to_itself = Refinance { buyer: Scenario::id("BKA"), ..act.clone() };
    assert_eq!(name(scenario.act(SIGNERS, &to_itself)), "E_SELF_TRANSFER");
    let to_supplier = Refinance { buyer: Scenario::id("S2"), ..act };
    assert_eq!(name(scenario.act(SIGNERS, &to_supplier)), "E_NOT_AUTHORIZED");
    let big = {
        let (_, root) = issued(&mut scenario, "INV-2", cny("5000000.01"));
        let how = (FinancingKind::NonRecourse, 45_000);
        financed(&mut scenario, ("S1", "BKA"), (root, cny("5000000.01")), how).unwrap().0
    };
    let act = sale(&mut scenario, big);
    assert_eq!(name(scenario.act(SIGNERS, &act)), "E_LINE_INSUFFICIENT");
}

#[test]
fn resale_stops_when_maturity_is_called() {
    let (mut scenario, _, id) = world();
    scenario.move_to("2026-08-21", 0, 0);
    let act = sale(&mut scenario, id);
    assert_eq!(name(scenario.act(SIGNERS, &act)), "E_RECORD_CLOSED");
}

#[test]
fn a_claim_is_sold_on_a_bounded_number_of_times() {
    let (mut scenario, _, id) = world();
    let former = vec![Scenario::id("BKB"); FORMER_BANKS_MAX];
    let sold = Financing { former_banks: List::new(former).unwrap(), ..financing(&mut scenario, id) };
    sold.store(&mut scenario.state, &id);
    let act = sale(&mut scenario, id);
    assert_eq!(name(scenario.act(SIGNERS, &act)), "E_RESALES");
}
