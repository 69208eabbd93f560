use super::*;

/// A certificate of 5,000,000.00 whose only lot S1 holds.
fn world() -> (Scenario, LotId) {
    let mut scenario = consortium();
    let (_, root) = issued(&mut scenario, "INV-1", cny("5000000.00"));
    (scenario, root)
}

fn asked(scenario: &Scenario, lot: LotId) -> Apply {
    application(scenario, lot, cny("1000000.00"), FinancingKind::NonRecourse, &["BKA"])
}

const HOW: (FinancingKind, u32) = (FinancingKind::NonRecourse, 45_000);

#[test]
fn application_locks_its_part_and_leaves_the_rest() {
    let (mut scenario, root) = world();
    let id = scenario.act(&all("S1"), &asked(&scenario.clone(), root)).unwrap();
    let record = financing(&mut scenario, id);
    let locked = lot(&mut scenario, record.lot);
    assert_eq!((locked.status, locked.face), (LotStatus::InFinancing(id), cny("1000000.00")));
    assert_eq!(name(split(&mut scenario, "S1", record.lot, &["500000.00"; 2])), "E_LOT_LOCKED");
    let again = asked(&scenario, record.lot);
    assert_eq!(name(scenario.act(&all("S1"), &again)), "E_LOT_LOCKED");
    let rest = LotId::of(locked.certificate, locked.number + 1);
    assert_eq!(lot(&mut scenario, rest).face, cny("4000000.00"));
    split(&mut scenario, "S1", rest, &["2000000.00"; 2]).unwrap();
    scenario.audit();
}

#[test]
fn application_names_banks_and_dates_in_order() {
    let (mut scenario, root) = world();
    let good = asked(&scenario, root);
    let refused = |scenario: &mut Scenario, change: &dyn Fn(&mut Apply)| {
        let mut act = good.clone();
        change(&mut act);
        name(scenario.act(&all("S1"), &act))
    };
    let banks = |names: &[&str]| List::new(names.iter().map(|name| Scenario::id(name)).collect()).unwrap();
    assert_eq!(refused(&mut scenario, &|act| act.banks = banks(&[])), "E_FINANCING_BANKS");
    assert_eq!(refused(&mut scenario, &|act| act.banks = banks(&["BKA", "BKA"])), "E_FINANCING_BANKS");
    assert_eq!(refused(&mut scenario, &|act| act.banks = banks(&["S2"])), "E_PARTY_ROLE");
    let now = scenario.time;
    assert_eq!(refused(&mut scenario, &|act| act.quotes_until = now), "E_FINANCING_DATES");
    assert_eq!(refused(&mut scenario, &|act| act.reveal_until = now.plus_hours(1)), "E_FINANCING_DATES");
    let call = date("2026-08-21").at(0, 0);
    assert_eq!(refused(&mut scenario, &|act| act.reveal_until = call), "E_FINANCING_DATES");
    let no_time_to_open = |act: &mut Apply| {
        act.banks = banks(&["BKA", "BKB"]);
        act.reveal_until = act.quotes_until;
    };
    assert_eq!(refused(&mut scenario, &no_time_to_open), "E_FINANCING_DATES");
    assert_eq!(refused(&mut scenario, &|act| act.amount = cny("0.00")), "E_AMOUNT_ZERO");
    assert_eq!(refused(&mut scenario, &|act| act.amount = cny("5000000.01")), "E_SPLIT_SUM");
    assert_eq!(name(scenario.act(&all("S2"), &good)), "E_NOT_HOLDER");
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &good)), "E_THRESHOLD");
}

#[test]
fn no_financing_begins_after_maturity_is_called() {
    let (mut scenario, root) = world();
    scenario.move_to("2026-08-21", 0, 0);
    let late = asked(&scenario, root);
    assert_eq!(name(scenario.act(&all("S1"), &late)), "E_RECORD_CLOSED");
}

#[test]
fn application_that_nobody_concludes_expires_with_its_quotes() {
    let (mut scenario, root) = world();
    let id = scenario.act(&all("S1"), &asked(&scenario.clone(), root)).unwrap();
    let give = GiveQuote { financing: id, offer: Offer::Open(terms(&scenario, 45_000)) };
    scenario.act(&all("BKA"), &give).unwrap();
    scenario.move_to("2026-03-03", 13, 0);
    let record = financing(&mut scenario, id);
    assert_eq!(record.status, FinancingStatus::Expired);
    assert_eq!(lot(&mut scenario, record.lot).status, LotStatus::Held);
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    assert_eq!(name(scenario.act(&all("BKA"), &give)), "E_FINANCING_STATE");
    scenario.audit();
}

#[test]
fn accepted_quote_expires_after_its_day_of_disbursement() {
    let (mut scenario, root) = world();
    let id = accepted(&mut scenario, ("S1", "BKA"), (root, cny("5000000.00")), HOW).unwrap();
    scenario.move_to("2026-03-02", 23, 59);
    assert_eq!(financing(&mut scenario, id).status, FinancingStatus::Accepted);
    scenario.move_to("2026-03-03", 0, 0);
    assert_eq!(financing(&mut scenario, id).status, FinancingStatus::Expired);
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    assert_eq!(lot(&mut scenario, root).status, LotStatus::Held);
    scenario.audit();
}

#[test]
fn bank_rejects_or_fails_and_the_lot_is_free_again() {
    let (mut scenario, root) = world();
    let reason = || text("the obligor's rating fell");
    let whole = (root, cny("5000000.00"));
    let id = accepted(&mut scenario, ("S1", "BKA"), whole, HOW).unwrap();
    let reject = RejectFinancing { financing: id, reason: reason() };
    assert_eq!(name(scenario.act("BKB.risk", &reject)), "E_NOT_PARTY");
    scenario.act("BKA.risk", &reject).unwrap();
    assert_eq!(financing(&mut scenario, id).status, FinancingStatus::Rejected);
    assert_eq!(name(scenario.act("BKA.risk", &reject)), "E_FINANCING_STATE");

    let id = accepted(&mut scenario, ("S1", "BKA"), whole, HOW).unwrap();
    approved(&mut scenario, "BKA", id).unwrap();
    let fail = FailFinancing { financing: id, reason: reason() };
    assert_eq!(name(scenario.act("BKB.maker+BKB.checker", &fail)), "E_NOT_PARTY");
    assert_eq!(
        name(scenario.act("BKA.risk", &RejectFinancing { financing: id, reason: reason() })),
        "E_FINANCING_STATE"
    );
    scenario.act("BKA.maker+BKA.checker", &fail).unwrap();
    assert_eq!(financing(&mut scenario, id).status, FinancingStatus::Failed);
    assert_eq!(lot(&mut scenario, root).status, LotStatus::Held);
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    scenario.audit();
}

#[test]
fn seller_cancels_alone_until_the_money_may_be_on_its_way() {
    let (mut scenario, root) = world();
    let whole = (root, cny("5000000.00"));
    let cancel = |id| CancelFinancing { financing: id, reason: text("paid otherwise") };
    let id = scenario.act(&all("S1"), &asked(&scenario.clone(), root)).unwrap();
    assert_eq!(name(scenario.act("S2.maker+S2.checker", &cancel(id))), "E_NOT_PARTY");
    scenario.act("S1.maker+S1.checker", &cancel(id)).unwrap();
    assert_eq!(financing(&mut scenario, id).status, FinancingStatus::Cancelled);
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &cancel(id))), "E_FINANCING_STATE");

    let (mut scenario, _) = (scenario, whole);
    let root = financing(&mut scenario, id).lot;
    let id = accepted(&mut scenario, ("S1", "BKA"), (root, cny("1000000.00")), HOW).unwrap();
    approved(&mut scenario, "BKA", id).unwrap();
    registered(&mut scenario, "BKA", id).unwrap();
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &cancel(id))), "E_THRESHOLD");
    scenario.act("S1.maker+S1.checker+BKA.maker+BKA.checker", &cancel(id)).unwrap();
    assert_eq!(financing(&mut scenario, id).status, FinancingStatus::Cancelled);
    assert_eq!(lot(&mut scenario, root).status, LotStatus::Held);
    scenario.audit();
}

#[test]
fn closed_financing_is_taken_out_of_the_registry_in_time() {
    let (mut scenario, root) = world();
    let id = accepted(&mut scenario, ("S1", "BKA"), (root, cny("5000000.00")), HOW).unwrap();
    let deregister = Deregister { financing: id, connector: Scenario::id("REGISTRY") };
    assert_eq!(name(scenario.act("BKA.maker+REGISTRY.maker", &deregister)), "E_FINANCING_STATE");
    approved(&mut scenario, "BKA", id).unwrap();
    registered(&mut scenario, "BKA", id).unwrap();
    scenario.act("BKA.maker+BKA.checker", &FailFinancing { financing: id, reason: text("no money") }).unwrap();
    let mut forgotten = scenario.clone();
    assert_eq!(name(scenario.act("BKA.maker", &deregister)), "E_THRESHOLD");
    assert_eq!(name(scenario.act("BKB.maker+REGISTRY.maker", &deregister)), "E_NOT_PARTY");
    scenario.act("BKA.maker+REGISTRY.maker", &deregister).unwrap();
    assert_eq!(name(scenario.act("BKA.maker+REGISTRY.maker", &deregister)), "E_REGISTRATION_MISSING");
    scenario.move_to("2026-03-05", 0, 0);
    assert!(told::<AlertRaised>(&scenario).is_empty());
    forgotten.move_to("2026-03-04", 0, 0);
    assert_eq!(told::<AlertRaised>(&forgotten)[0].rule, AlertRule::DeregistrationLate);
}
