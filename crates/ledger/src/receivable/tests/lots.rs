use super::*;

/// A certificate of 5,000,000.00 whose only lot S1 holds.
fn world() -> (Scenario, CertificateId, LotId) {
    let mut scenario = consortium();
    let (certificate, lot) = issued(&mut scenario, "INV-1", cny("5000000.00"));
    (scenario, certificate, lot)
}

#[test]
fn split_spends_the_lot_and_its_children_cover_it() {
    let (mut scenario, id, root) = world();
    let parts = split(&mut scenario, "S1", root, &["800000.00", "1000000.00", "3200000.00"]).unwrap();
    let lots: Vec<Lot> = parts.iter().map(|part| lot(&mut scenario, *part)).collect();
    let ranges: Vec<(u64, u64)> = lots.iter().map(|lot| (lot.range.start_minor, lot.range.end_minor)).collect();
    assert_eq!(ranges, [(0, 80_000_000), (80_000_000, 180_000_000), (180_000_000, 500_000_000)]);
    assert!(lots.iter().all(|lot| lot.holder == Scenario::id("S1") && lot.depth == 0 && lot.parent == Some(root)));
    assert_eq!(lot(&mut scenario, root).status, LotStatus::Spent { first_child: 2, children: 3 });
    let certificate = certificate(&mut scenario, id);
    assert_eq!((certificate.live, certificate.lots), (cny("5000000.00"), 4));
    assert_eq!(name(split(&mut scenario, "S1", root, &["1.00", "4999999.00"])), "E_LOT_SPENT");
    scenario.audit();
}

#[test]
fn parts_sum_to_the_lot() {
    let (mut scenario, _, root) = world();
    assert_eq!(name(split(&mut scenario, "S1", root, &["2500000.00", "2500000.01"])), "E_SPLIT_SUM");
    assert_eq!(name(split(&mut scenario, "S1", root, &["2500000.00", "2499999.99"])), "E_SPLIT_SUM");
    assert_eq!(name(split(&mut scenario, "S1", root, &["5000000.00"])), "E_SPLIT_PARTS");
    assert_eq!(name(split(&mut scenario, "S1", root, &["5000000.00", "0.00"])), "E_AMOUNT_ZERO");
}

#[test]
fn one_remainder_may_be_smaller_than_the_smallest_lot() {
    let (mut scenario, _, root) = world();
    assert_eq!(name(split(&mut scenario, "S1", root, &["4998001.00", "999.50", "999.50"])), "E_LOT_TOO_SMALL");
    split(&mut scenario, "S1", root, &["4999000.50", "999.50"]).unwrap();
}

#[test]
fn number_of_lots_is_bounded_by_the_policy_of_the_issue() {
    let mut scenario = consortium();
    set_policy(&mut scenario, |policy| policy.lots_per_root_max = 5);
    let (_, root) = issued(&mut scenario, "INV-1", cny("100000.00"));
    set_policy(&mut scenario, |policy| policy.lots_per_root_max = 5_000);
    let parts = split(&mut scenario, "S1", root, &["50000.00", "50000.00"]).unwrap();
    assert_eq!(name(split(&mut scenario, "S1", parts[0], &["10000.00"; 5])), "E_TOO_MANY_LOTS");
    split(&mut scenario, "S1", parts[0], &["25000.00"; 2]).unwrap();
}

#[test]
fn parts_of_a_split_are_bounded_by_the_policy() {
    let mut scenario = consortium();
    set_policy(&mut scenario, |policy| policy.split_parts_max = 3);
    let (_, root) = issued(&mut scenario, "INV-1", cny("100000.00"));
    assert_eq!(name(split(&mut scenario, "S1", root, &["25000.00"; 4])), "E_SPLIT_PARTS");
    split(&mut scenario, "S1", root, &["50000.00", "25000.00", "25000.00"]).unwrap();
}

#[test]
fn frequent_splits_raise_an_alert_and_then_stop_for_the_day() {
    let (mut scenario, _, mut rest) = world();
    set_policy(&mut scenario, |policy| (policy.splits_per_day_alert, policy.splits_per_day_max) = (2, 3));
    let mut left = 500_000_000u64;
    let mut once = |scenario: &mut Scenario| {
        left -= 1_000_000;
        let parts = List::new(vec![cny("10000.00"), Currency::CNY.minor(left)]).unwrap();
        let children = scenario.act(&all("S1"), &Split { lot: rest, parts })?;
        rest = children[1];
        Ok(())
    };
    once(&mut scenario).unwrap();
    once(&mut scenario).unwrap();
    assert!(told::<AlertRaised>(&scenario).is_empty());
    once(&mut scenario).unwrap();
    assert_eq!(told::<AlertRaised>(&scenario)[0].rule, AlertRule::SplitVelocity);
    let refused: Done<()> = once(&mut scenario);
    assert_eq!(name(refused), "E_SPLIT_VELOCITY");
}

#[test]
fn split_counts_begin_anew_each_day() {
    let (mut scenario, _, root) = world();
    set_policy(&mut scenario, |policy| (policy.splits_per_day_alert, policy.splits_per_day_max) = (1, 1));
    let parts = split(&mut scenario, "S1", root, &["2500000.00", "2500000.00"]).unwrap();
    assert_eq!(name(split(&mut scenario, "S1", parts[0], &["1250000.00"; 2])), "E_SPLIT_VELOCITY");
    scenario.move_to("2026-03-03", 0, 0);
    split(&mut scenario, "S1", parts[0], &["1250000.00"; 2]).unwrap();
}

#[test]
fn part_near_the_smallest_lot_raises_an_alert() {
    let (mut scenario, _, root) = world();
    split(&mut scenario, "S1", root, &["2000.00", "4998000.00"]).unwrap();
    assert!(told::<AlertRaised>(&scenario).is_empty());
    let second = LotId::of(lot(&mut scenario, root).certificate, 3);
    split(&mut scenario, "S1", second, &["1999.99", "4996000.01"]).unwrap();
    assert_eq!(told::<AlertRaised>(&scenario)[0].rule, AlertRule::SplitIntoSmallest);
}

#[test]
fn only_the_holder_splits_and_a_large_lot_takes_two_people() {
    let (mut scenario, _, root) = world();
    let parts = List::new(vec![cny("2500000.00"); 2]).unwrap();
    let act = Split { lot: root, parts };
    assert_eq!(name(scenario.act("S2.maker", &act)), "E_NOT_HOLDER");
    assert_eq!(name(scenario.act("S1.maker", &act)), "E_THRESHOLD");
    scenario.act("S1.maker+S1.checker", &act).unwrap();
    assert_eq!(name(scenario.act("S1.maker", &Split { lot: LotId::default(), parts: act.parts })), "E_RECORD_UNKNOWN");
}

#[test]
fn small_lot_takes_one_person() {
    let mut scenario = consortium();
    let (_, root) = issued(&mut scenario, "INV-1", cny("100000.00"));
    let act = Split { lot: root, parts: List::new(vec![cny("50000.00"); 2]).unwrap() };
    scenario.act("S1.maker", &act).unwrap();
}

#[test]
fn a_lot_under_order_dispute_or_lock_stays_where_it_is() {
    let (mut scenario, _, root) = world();
    let parts = ["2500000.00", "2500000.00"];
    let clean = lot(&mut scenario, root);
    Lot { freeze: Some(FreezeId([1; 16])), ..clean.clone() }.store(&mut scenario.state, &root);
    assert_eq!(name(split(&mut scenario, "S1", root, &parts)), "E_LOT_FROZEN");
    Lot { dispute: Some(DisputeId([1; 16])), ..clean.clone() }.store(&mut scenario.state, &root);
    assert_eq!(name(split(&mut scenario, "S1", root, &parts)), "E_LOT_DISPUTED");
    Lot { lock: Some(InvoiceId([1; 16])), ..clean.clone() }.store(&mut scenario.state, &root);
    assert_eq!(name(split(&mut scenario, "S1", root, &parts)), "E_LOT_LOCKED");
    Lot { status: LotStatus::Financed(FinancingId([1; 16])), ..clean.clone() }.store(&mut scenario.state, &root);
    assert_eq!(name(split(&mut scenario, "S1", root, &parts)), "E_ALREADY_FINANCED");
    clean.store(&mut scenario.state, &root);
    split(&mut scenario, "S1", root, &parts).unwrap();
}

#[test]
fn lots_no_longer_move_once_maturity_is_called() {
    let (mut scenario, _, root) = world();
    scenario.move_to("2026-08-20", 23, 59);
    let parts = split(&mut scenario, "S1", root, &["2500000.00", "2500000.00"]).unwrap();
    scenario.move_to("2026-08-21", 0, 0);
    assert_eq!(name(split(&mut scenario, "S1", parts[0], &["1250000.00"; 2])), "E_RECORD_CLOSED");
}
