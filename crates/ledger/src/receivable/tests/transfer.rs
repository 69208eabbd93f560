use super::*;

/// A certificate of 3,200,000.00 whose only lot S1 holds.
fn world() -> (Scenario, CertificateId, LotId) {
    let mut scenario = consortium();
    let (certificate, lot) = issued(&mut scenario, "INV-1", cny("3200000.00"));
    (scenario, certificate, lot)
}

#[test]
fn receiver_signs_to_receive_and_the_invoice_is_paid() {
    let (mut scenario, id, root) = world();
    let invoice = trade(&mut scenario, "S2", "S1", "INV-S2", cny("3200000.00"));
    let offer = transfer(root, "S2", cny("3200000.00"), invoice);
    let transfer = scenario.act(&all("S1"), &offer).unwrap();
    assert_eq!(lot(&mut scenario, root).status, LotStatus::OfferedOut(transfer));
    let zero = cny("0.00");
    assert_eq!(balance(&mut scenario, invoice), [cny("3200000.00"), zero, zero]);
    assert_eq!(scenario.record::<Transfer>(&transfer).unwrap().expires, date("2026-03-10").at(0, 0));
    let received = scenario.act("S2.maker+S2.checker", &AcceptTransfer { transfer }).unwrap();
    let child = lot(&mut scenario, received);
    assert_eq!((child.holder, child.depth, child.face), (Scenario::id("S2"), 1, cny("3200000.00")));
    assert_eq!(child.received.unwrap().from, Scenario::id("S1"));
    assert_eq!(balance(&mut scenario, invoice), [zero, zero, cny("3200000.00")]);
    assert_eq!(quota(&mut scenario), (zero, cny("3200000.00")), "passing on uses no limit");
    assert_eq!(certificate(&mut scenario, id).live, cny("3200000.00"));
    assert_eq!(name(scenario.act("S2.maker+S2.checker", &AcceptTransfer { transfer })), "E_TRANSFER_STATE");
    assert_eq!(name(split(&mut scenario, "S1", root, &["1.00", "3199999.00"])), "E_LOT_SPENT");
    scenario.audit();
}

#[test]
fn what_is_not_offered_stays_with_the_holder() {
    let (mut scenario, _, root) = world();
    let received = pass_on(&mut scenario, ("S1", "S2"), root, cny("800000.50")).unwrap();
    assert_eq!(lot(&mut scenario, received).face, cny("800000.50"));
    let LotStatus::Spent { first_child, children: 2 } = lot(&mut scenario, root).status else {
        panic!("the lot was cut in two");
    };
    let rest = LotId::of(lot(&mut scenario, root).certificate, first_child + 1);
    let rest = lot(&mut scenario, rest);
    assert_eq!((rest.holder, rest.face, rest.status), (Scenario::id("S1"), cny("2399999.50"), LotStatus::Held));
    scenario.audit();
}

#[test]
fn trade_documents_prove_exactly_what_is_passed_on() {
    let (mut scenario, _, root) = world();
    let short = trade(&mut scenario, "S2", "S1", "INV-S2", cny("3000000.00"));
    let mut offer = transfer(root, "S2", cny("3200000.00"), short);
    offer.claims = claims(&[(short, cny("3000000.00"))]);
    assert_eq!(name(scenario.act(&all("S1"), &offer)), "E_TRADE_DOC_SHORT");
    offer.claims = claims(&[(short, cny("3000000.01"))]);
    assert_eq!(name(scenario.act(&all("S1"), &offer)), "E_FINGERPRINT_EXHAUSTED");
    offer.claims = claims(&[]);
    assert_eq!(name(scenario.act(&all("S1"), &offer)), "E_TRADE_DOC_MISSING");
    offer.amount = cny("2999999.99");
    offer.claims = claims(&[(short, cny("3000000.00"))]);
    assert_eq!(name(scenario.act(&all("S1"), &offer)), "E_CLAIMS_OVER");
    offer.claims = claims(&[(short, cny("2999999.99"))]);
    offer.target = Scenario::id("S3");
    assert_eq!(name(scenario.act(&all("S1"), &offer)), "E_MATCH_PARTY");
    offer.target = Scenario::id("S2");
    scenario.act(&all("S1"), &offer).unwrap();
}

#[test]
fn receiver_is_another_active_enterprise_that_may_hold() {
    let (mut scenario, _, root) = world();
    let invoice = trade(&mut scenario, "S2", "S1", "INV-S2", cny("3200000.00"));
    let to = |target: &str| transfer(root, target, cny("3200000.00"), invoice);
    assert_eq!(name(scenario.act(&all("S1"), &to("S1"))), "E_SELF_TRANSFER");
    assert_eq!(name(scenario.act(&all("S1"), &to("CORE"))), "E_TO_OBLIGOR");
    assert_eq!(name(scenario.act(&all("S1"), &to("OP"))), "E_OPERATOR_ACCOUNT");
    set_standing(&mut scenario, "S2", Standing::Suspended);
    assert_eq!(name(scenario.act(&all("S1"), &to("S2"))), "E_KYC_INACTIVE");
    set_standing(&mut scenario, "S2", Standing::Active);
    set_policy(&mut scenario, |policy| {
        policy.holder_types = List::new(vec![policy::HolderType::FinancialInstitution]).unwrap();
    });
    assert_eq!(name(scenario.act(&all("S1"), &to("S2"))), "E_HOLDER_TYPE");
}

#[test]
fn related_parties_name_their_relation_and_raise_an_alert() {
    let (mut scenario, _, root) = world();
    relate(&mut scenario, "S2", "S1");
    let invoice = trade(&mut scenario, "S2", "S1", "INV-S2", cny("3200000.00"));
    let mut offer = transfer(root, "S2", cny("3200000.00"), invoice);
    assert_eq!(name(scenario.act(&all("S1"), &offer)), "E_RELATED_PARTY_UNDECLARED");
    offer.relation = Some(text("sister companies"));
    scenario.act(&all("S1"), &offer).unwrap();
    assert_eq!(told::<AlertRaised>(&scenario)[0].rule, AlertRule::RelatedParties);
}

#[test]
fn chain_of_transfers_is_as_deep_as_the_policy_of_the_issue_allows() {
    let mut scenario = consortium();
    set_policy(&mut scenario, |policy| policy.depth_max = 2);
    let (_, root) = issued(&mut scenario, "INV-1", cny("10000.00"));
    set_policy(&mut scenario, |policy| policy.depth_max = 10);
    let first = pass_on(&mut scenario, ("S1", "S2"), root, cny("10000.00")).unwrap();
    let second = pass_on(&mut scenario, ("S2", "S3"), first, cny("10000.00")).unwrap();
    assert_eq!(name(offer(&mut scenario, ("S3", "S1"), second, cny("10000.00"))), "E_DEPTH");
}

#[test]
fn lot_that_goes_back_on_the_same_day_raises_an_alert() {
    let (mut scenario, _, root) = world();
    let there = pass_on(&mut scenario, ("S1", "S2"), root, cny("3200000.00")).unwrap();
    assert!(told::<AlertRaised>(&scenario).is_empty());
    pass_on(&mut scenario, ("S2", "S1"), there, cny("3200000.00")).unwrap();
    assert_eq!(told::<AlertRaised>(&scenario)[0].rule, AlertRule::PingPongTransfer);
}

#[test]
fn lot_that_goes_back_on_the_same_day_rests_on_trade_that_is_newer() {
    let (mut scenario, _, root) = world();
    let old = trade(&mut scenario, "S1", "S2", "INV-OLD", cny("3200000.00"));
    scenario.time = scenario.time.plus_hours(1);
    let there = pass_on(&mut scenario, ("S1", "S2"), root, cny("3200000.00")).unwrap();
    let back = |invoice| transfer(there, "S1", cny("3200000.00"), invoice);
    assert_eq!(name(scenario.act(&all("S2"), &back(old))), "E_TRANSFER_LOOP");
    let part = OfferTransfer { amount: cny("3199000.00"), ..back(old) };
    let part = OfferTransfer { claims: claims(&[(old, cny("3199000.00"))]), ..part };
    scenario.clone().act(&all("S2"), &part).expect("another amount is another payment");
    let new = trade(&mut scenario, "S1", "S2", "INV-NEW", cny("3200000.00"));
    scenario.act(&all("S2"), &back(new)).unwrap();
    scenario.audit();
}

#[test]
fn lot_that_goes_back_on_another_day_raises_none() {
    let (mut scenario, _, root) = world();
    let there = pass_on(&mut scenario, ("S1", "S2"), root, cny("3200000.00")).unwrap();
    scenario.move_to("2026-03-03", 9, 0);
    pass_on(&mut scenario, ("S2", "S1"), there, cny("3200000.00")).unwrap();
    assert!(told::<AlertRaised>(&scenario).is_empty());
}

#[test]
fn offer_that_is_declined_revoked_or_late_gives_the_lot_and_the_invoices_back() {
    type Ending = fn(&mut Scenario, TransferId) -> TransferStatus;
    let endings: [Ending; 3] = [
        |scenario, transfer| {
            scenario.act("S2.maker", &DeclineTransfer { transfer, reason: text("no") }).unwrap();
            TransferStatus::Declined
        },
        |scenario, transfer| {
            scenario.act("S1.maker", &RevokeTransfer { transfer, reason: text("no") }).unwrap();
            TransferStatus::Revoked
        },
        |scenario, _| {
            scenario.move_to("2026-03-10", 0, 0);
            TransferStatus::Expired
        },
    ];
    for ending in endings {
        let (mut scenario, _, root) = world();
        let invoice = trade(&mut scenario, "S2", "S1", "INV-S2", cny("3200000.00"));
        let act = transfer(root, "S2", cny("3200000.00"), invoice);
        let transfer = scenario.act(&all("S1"), &act).unwrap();
        let status = ending(&mut scenario, transfer);
        assert_eq!(scenario.record::<Transfer>(&transfer).unwrap().status, status);
        assert_eq!(lot(&mut scenario, root).status, LotStatus::Held);
        assert_eq!(balance(&mut scenario, invoice), [cny("0.00"); 3]);
        assert_eq!(name(scenario.act("S2.maker+S2.checker", &AcceptTransfer { transfer })), "E_TRANSFER_STATE");
        scenario.act(&all("S1"), &act).unwrap();
        scenario.audit();
    }
}

#[test]
fn accepted_offer_does_not_expire() {
    let (mut scenario, _, root) = world();
    let received = pass_on(&mut scenario, ("S1", "S2"), root, cny("3200000.00")).unwrap();
    scenario.move_to("2026-03-20", 0, 0);
    assert_eq!(lot(&mut scenario, received).status, LotStatus::Held);
}

#[test]
fn offer_ends_at_the_latest_when_maturity_is_called() {
    let (mut scenario, _, root) = world();
    scenario.move_to("2026-08-20", 9, 0);
    let id = offer(&mut scenario, ("S1", "S2"), root, cny("3200000.00")).unwrap();
    scenario.time = date("2026-08-21").at(0, 0);
    assert_eq!(name(scenario.act("S2.maker+S2.checker", &AcceptTransfer { transfer: id })), "E_TTL_EXPIRED");
    scenario.run_due();
    assert_eq!(lot(&mut scenario, root).status, LotStatus::Held);
}

#[test]
fn lot_on_offer_is_locked_and_a_freeze_stops_its_acceptance() {
    let (mut scenario, _, root) = world();
    let transfer = offer(&mut scenario, ("S1", "S2"), root, cny("3200000.00")).unwrap();
    assert_eq!(name(offer(&mut scenario, ("S1", "S3"), root, cny("3200000.00"))), "E_LOT_LOCKED");
    assert_eq!(name(split(&mut scenario, "S1", root, &["1600000.00"; 2])), "E_LOT_LOCKED");
    let frozen = Lot { freeze: Some(FreezeId([1; 16])), ..lot(&mut scenario, root) };
    frozen.store(&mut scenario.state, &root);
    assert_eq!(name(scenario.act("S2.maker+S2.checker", &AcceptTransfer { transfer })), "E_LOT_FROZEN");
}

#[test]
fn only_the_two_sides_conclude_an_offer() {
    let (mut scenario, _, root) = world();
    let transfer = offer(&mut scenario, ("S1", "S2"), root, cny("3200000.00")).unwrap();
    let reason = || text("no");
    assert_eq!(name(scenario.act("S3.maker+S3.checker", &AcceptTransfer { transfer })), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("S1.maker", &DeclineTransfer { transfer, reason: reason() })), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("S2.maker", &RevokeTransfer { transfer, reason: reason() })), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("S2.maker", &AcceptTransfer { transfer })), "E_THRESHOLD");
    assert_eq!(name(scenario.act("S2.both", &AcceptTransfer { transfer })), "E_MAKER_IS_CHECKER");
    let unknown = AcceptTransfer { transfer: TransferId::default() };
    assert_eq!(name(scenario.act("S2.maker+S2.checker", &unknown)), "E_RECORD_UNKNOWN");
}

#[test]
fn offer_takes_the_signatures_of_its_amount() {
    let (mut scenario, _, root) = world();
    let invoice = trade(&mut scenario, "S2", "S1", "INV-S2", cny("1000000.00"));
    let act = transfer(root, "S2", cny("1000000.00"), invoice);
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &act)), "E_THRESHOLD");
    scenario.act("S1.maker+S1.checker+S1.approver", &act).unwrap();
}

#[test]
fn more_than_the_lot_is_not_offered() {
    let (mut scenario, _, root) = world();
    assert_eq!(name(offer(&mut scenario, ("S1", "S2"), root, cny("3200000.01"))), "E_SPLIT_SUM");
}

#[test]
fn where_notice_is_enough_the_transferor_s_seal_concludes() {
    let mut scenario = consortium();
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-1", cny("10000.00"));
    let draft =
        Draft { transfer_mode: TransferMode::NoticeOnly, ..draft(cny("10000.00"), &[(invoice, cny("10000.00"))]) };
    let (_, root) = issue(&mut scenario, &draft).unwrap();
    let id = offer(&mut scenario, ("S1", "S2"), root, cny("10000.00")).unwrap();
    let transfer: Transfer = scenario.record(&id).unwrap();
    assert_eq!(transfer.status, TransferStatus::Accepted);
    assert_eq!(lot(&mut scenario, transfer.received_lot.unwrap()).holder, Scenario::id("S2"));
    let parties: Vec<EnterpriseId> = told::<LotTransferred>(&scenario)[0].parties();
    assert_eq!(parties, ["S1", "S2", "CORE"].map(Scenario::id), "the obligor is told");
    scenario.audit();
}

#[test]
fn revoked_invoice_takes_an_open_offer_back_and_leaves_what_was_accepted() {
    let (mut scenario, _, root) = world();
    let invoice = trade(&mut scenario, "S2", "S1", "INV-S2", cny("3200000.00"));
    let act = transfer(root, "S2", cny("1000000.00"), invoice);
    let accepted = scenario.act(&all("S1"), &act).unwrap();
    let received = scenario.act("S2.maker+S2.checker", &AcceptTransfer { transfer: accepted }).unwrap();
    let rest = LotId::of(lot(&mut scenario, root).certificate, 3);
    let open = scenario.act(&all("S1"), &OfferTransfer { lot: rest, ..act }).unwrap();
    scenario.time = scenario.time.plus_hours(1);
    attest(&mut scenario, invoice, InvoiceStatus::Void);
    scenario.run_due();
    assert_eq!(scenario.record::<Transfer>(&open).unwrap().status, TransferStatus::Revoked);
    assert_eq!(lot(&mut scenario, received).holder, Scenario::id("S2"), "good faith keeps what it has");
    assert_eq!(told::<AlertRaised>(&scenario).len(), 2);
    scenario.audit();
}
