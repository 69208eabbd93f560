use super::*;

const FACE: &str = "5000000.00";

/// A consortium with S1's invoices INV-1 and INV-2 to CORE, and a draft that rests on both wholly.
fn drafted() -> (Scenario, [InvoiceId; 2], Draft) {
    let mut scenario = consortium();
    let first = trade(&mut scenario, "S1", "CORE", "INV-1", cny("3600000.00"));
    let second = trade(&mut scenario, "S1", "CORE", "INV-2", cny("1400000.00"));
    let rests_on = [(first, cny("3600000.00")), (second, cny("1400000.00"))];
    (scenario, [first, second], draft(cny(FACE), &rests_on))
}

fn accept(certificate: CertificateId) -> Accept {
    Accept { certificate, consent: consent() }
}

#[test]
fn a_certificate_is_drafted_submitted_approved_and_accepted() {
    let (mut scenario, [first, second], draft) = drafted();
    let zero = cny("0.00");
    let id = scenario.act("CORE.maker", &draft).unwrap();
    assert_eq!(certificate(&mut scenario, id).status, CertificateStatus::Draft);
    assert_eq!(quota(&mut scenario), (zero, zero), "a draft binds nobody");
    let expires = scenario.act("CORE.maker", &Submit { certificate: id }).unwrap();
    assert_eq!(expires, scenario.time.plus_hours(24));
    assert_eq!(quota(&mut scenario), (cny(FACE), zero));
    assert_eq!(balance(&mut scenario, first), [cny("3600000.00"), zero, zero]);
    let approve = ApproveIssue { certificate: id, undertaking: undertaking() };
    let expires = scenario.act("CORE.checker+CORE.approver", &approve).unwrap();
    assert_eq!(expires, date("2026-03-17").at(0, 0), "ten business days after 2026-03-02, to the end of the day");
    let lot_id = scenario.act("S1.maker+S1.checker", &accept(id)).unwrap();
    assert_eq!(quota(&mut scenario), (zero, cny(FACE)));
    assert_eq!(balance(&mut scenario, second), [zero, cny("1400000.00"), zero]);
    let certificate = certificate(&mut scenario, id);
    assert_eq!((certificate.status, certificate.live, certificate.lots), (CertificateStatus::Active, cny(FACE), 1));
    let issued = certificate.issued.unwrap();
    assert_eq!(issued.due_on, date("2026-08-28"));
    assert_eq!(issued.call_at, date("2026-08-21").at(0, 0));
    assert_eq!(issued.record_at, date("2026-08-27").at(17, 0));
    assert_eq!(issued.cutoff_at, date("2026-08-28").at(16, 30));
    assert_eq!(issued.penalty_rate, Rate(45_000), "1.5 times the one-year loan prime rate of 3.00%");
    let first_lot = lot(&mut scenario, lot_id);
    assert_eq!((first_lot.number, first_lot.holder, first_lot.status), (1, Scenario::id("S1"), LotStatus::Held));
    assert_eq!(first_lot.range, Range { start_minor: 0, end_minor: 500_000_000 });
    assert_eq!(lot_id, LotId::of(id, 1));
    scenario.audit();
}

#[test]
fn each_change_of_status_is_a_step_of_the_history_with_its_policy() {
    let mut scenario = consortium();
    let (id, _) = issued(&mut scenario, "INV-1", cny("1000.00"));
    let steps: Vec<Step> =
        (0..certificate(&mut scenario, id).steps).map(|n| scenario.record(&(id, n)).unwrap()).collect();
    let changes: Vec<&Change> = steps.iter().map(|step| &step.change).collect();
    use CertificateStatus::{Active, Draft, Offered, PendingInternal};
    let expected = [Draft, PendingInternal, Offered, Active].map(Change::Certificate);
    assert_eq!(changes, expected.iter().collect::<Vec<_>>());
    assert!(steps.iter().all(|step| step.policy_version == 1));
    assert_eq!(steps[3].actor, Some(Scenario::id("S1")));
}

#[test]
fn contract_may_name_another_rate_for_late_payment() {
    let (mut scenario, _, draft) = drafted();
    let draft = Draft { penalty_rate: Some(Rate(60_000)), ..draft };
    let (id, _) = issue(&mut scenario, &draft).unwrap();
    assert_eq!(certificate(&mut scenario, id).issued.unwrap().penalty_rate, Rate(60_000));
}

#[test]
fn what_is_not_concluded_gives_back_quota_and_invoices() {
    let zero = cny("0.00");
    let reason = || text("not agreed");
    type Ending = fn(&mut Scenario, CertificateId) -> CertificateStatus;
    let endings: [Ending; 3] = [
        |scenario, certificate| {
            scenario.act("S1.maker+S1.checker", &Decline { certificate, reason: text("no") }).unwrap();
            CertificateStatus::Rejected
        },
        |scenario, certificate| {
            scenario.act("CORE.checker", &Withdraw { certificate, reason: text("no") }).unwrap();
            CertificateStatus::Withdrawn
        },
        |scenario, _| {
            scenario.move_to("2026-03-17", 0, 0);
            CertificateStatus::Expired
        },
    ];
    for ending in endings {
        let (mut scenario, [first, _], draft) = drafted();
        let id = offered(&mut scenario, &draft).unwrap();
        let status = ending(&mut scenario, id);
        assert_eq!(certificate(&mut scenario, id).status, status);
        assert_eq!(quota(&mut scenario), (zero, zero));
        assert_eq!(balance(&mut scenario, first), [zero; 3]);
        assert_eq!(name(scenario.act("S1.maker+S1.checker", &accept(id))), "E_ROOT_STATE");
        scenario.audit();
    }
    let (mut scenario, _, draft) = drafted();
    let id = scenario.act("CORE.maker", &draft).unwrap();
    scenario.act("CORE.maker", &Submit { certificate: id }).unwrap();
    scenario.act("CORE.checker", &Refuse { certificate: id, reason: reason() }).unwrap();
    assert_eq!(certificate(&mut scenario, id).status, CertificateStatus::Rejected);
    assert_eq!(quota(&mut scenario), (zero, zero));
}

#[test]
fn what_nobody_approves_in_a_day_expires() {
    let (mut scenario, [first, _], draft) = drafted();
    let id = scenario.act("CORE.maker", &draft).unwrap();
    scenario.act("CORE.maker", &Submit { certificate: id }).unwrap();
    scenario.time = scenario.time.plus_hours(24);
    let approve = ApproveIssue { certificate: id, undertaking: undertaking() };
    assert_eq!(name(scenario.act(&checkers("CORE"), &approve)), "E_TTL_EXPIRED");
    scenario.run_due();
    assert_eq!(certificate(&mut scenario, id).status, CertificateStatus::Expired);
    assert_eq!(balance(&mut scenario, first)[0], cny("0.00"));
}

#[test]
fn an_accepted_certificate_does_not_expire() {
    let (mut scenario, _, draft) = drafted();
    let (id, _) = issue(&mut scenario, &draft).unwrap();
    scenario.move_to("2026-03-20", 0, 0);
    assert_eq!(certificate(&mut scenario, id).status, CertificateStatus::Active);
}

#[test]
fn creditor_who_was_not_free_does_not_accept() {
    let (mut scenario, _, draft) = drafted();
    let certificate = offered(&mut scenario, &draft).unwrap();
    let forced = Accept { certificate, consent: Consent::NotFree };
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &forced)), "E_CONSENT");
}

#[test]
fn offer_is_accepted_in_time_or_not_at_all() {
    let (mut scenario, _, draft) = drafted();
    let id = offered(&mut scenario, &draft).unwrap();
    scenario.time = date("2026-03-17").at(0, 0);
    assert_eq!(name(scenario.act("S1.maker+S1.checker", &accept(id))), "E_TTL_EXPIRED");
}

#[test]
fn others_than_the_parties_are_refused() {
    let (mut scenario, _, draft) = drafted();
    let id = scenario.act("CORE.maker", &draft).unwrap();
    assert_eq!(name(scenario.act("CORE2.maker", &Submit { certificate: id })), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("S1.maker", &Submit { certificate: id })), "E_NOT_AUTHORIZED");
    scenario.act("CORE.maker", &Submit { certificate: id }).unwrap();
    let approve = ApproveIssue { certificate: id, undertaking: undertaking() };
    assert_eq!(name(scenario.act(&checkers("CORE2"), &approve)), "E_NOT_PARTY");
    scenario.act(&checkers("CORE"), &approve).unwrap();
    assert_eq!(name(scenario.act("S2.maker+S2.checker", &accept(id))), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("S1.both", &accept(id))), "E_MAKER_IS_CHECKER");
    assert_eq!(name(scenario.act("S1.maker", &accept(id))), "E_THRESHOLD");
    let withdraw = Withdraw { certificate: id, reason: text("no") };
    assert_eq!(name(scenario.act("CORE2.checker", &withdraw)), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate: CertificateId::default() })), "E_RECORD_UNKNOWN");
}

#[test]
fn more_people_sign_for_more_money_and_the_drafter_is_none_of_them() {
    let (mut scenario, _, draft) = drafted();
    let id = scenario.act("CORE.both", &draft).unwrap();
    scenario.act("CORE.maker", &Submit { certificate: id }).unwrap();
    let approve = ApproveIssue { certificate: id, undertaking: undertaking() };
    assert_eq!(name(scenario.act("CORE.checker", &approve)), "E_THRESHOLD");
    assert_eq!(name(scenario.act("CORE.both+CORE.approver", &approve)), "E_THRESHOLD");
    scenario.act("CORE.checker+CORE.approver", &approve).unwrap();
}

#[test]
fn a_checker_signs_the_undertaking_that_was_drafted() {
    let (mut scenario, _, draft) = drafted();
    let id = scenario.act("CORE.maker", &draft).unwrap();
    scenario.act("CORE.maker", &Submit { certificate: id }).unwrap();
    let other = ApproveIssue { certificate: id, undertaking: Digest::of(&[b"another text"]) };
    assert_eq!(name(scenario.act(&checkers("CORE"), &other)), "E_HASH_MISMATCH");
}

#[test]
fn guarantor_signs_the_issue_it_answers_for() {
    let (mut scenario, _, draft) = drafted();
    grant_cover(&mut scenario, "CORE", cny(FACE));
    let draft = Draft { backing: Backing::Guarantor(Scenario::id("GUAR")), ..draft };
    let id = scenario.act("CORE.maker", &draft).unwrap();
    scenario.act("CORE.maker", &Submit { certificate: id }).unwrap();
    let approve = ApproveIssue { certificate: id, undertaking: undertaking() };
    assert_eq!(name(scenario.act(&checkers("CORE"), &approve)), "E_THRESHOLD");
    scenario.act(&format!("{}+GUAR.maker+GUAR.checker", checkers("CORE")), &approve).unwrap();
}

#[test]
fn parties_of_a_draft_are_in_their_roles() {
    let (mut scenario, _, draft) = drafted();
    let id = Scenario::id;
    let with = |change: fn(&mut Draft)| {
        let mut draft = draft.clone();
        change(&mut draft);
        draft
    };
    let to_itself = with(|draft| draft.creditor = Scenario::id("CORE"));
    assert_eq!(name(scenario.act("CORE.maker", &to_itself)), "E_SELF_TRANSFER");
    let to_operator = with(|draft| draft.creditor = Scenario::id("OP"));
    assert_eq!(name(scenario.act("CORE.maker", &to_operator)), "E_OPERATOR_ACCOUNT");
    let paid_by_supplier = with(|draft| draft.settlement_agent = Scenario::id("S2"));
    assert_eq!(name(scenario.act("CORE.maker", &paid_by_supplier)), "E_PARTY_ROLE");
    let guaranteed_by_bank = with(|draft| draft.backing = Backing::Guarantor(Scenario::id("BKA")));
    assert_eq!(name(scenario.act("CORE.maker", &guaranteed_by_bank)), "E_PARTY_ROLE");
    let core = Scenario::id("CORE");
    let mut both: Enterprise = scenario.record(&core).unwrap();
    both.roles.push(EntityRole::Guarantor).unwrap();
    both.store(&mut scenario.state, &core);
    let guaranteed_by_itself = with(|draft| draft.backing = Backing::Guarantor(Scenario::id("CORE")));
    assert_eq!(name(scenario.act("CORE.maker", &guaranteed_by_itself)), "E_SELF_TRANSFER");
    set_standing(&mut scenario, "S1", Standing::Suspended);
    assert_eq!(name(scenario.act("CORE.maker", &draft)), "E_KYC_INACTIVE");
    assert_eq!(id("S1"), draft.creditor);
}

#[test]
fn invoices_prove_exactly_what_is_owed() {
    let (mut scenario, [first, second], _) = drafted();
    let rests_on = |amount: &str| [(first, cny("3600000.00")), (second, cny(amount))];
    let short = draft(cny(FACE), &rests_on("1399999.99"));
    assert_eq!(name(scenario.act("CORE.maker", &short)), "E_TRADE_DOC_SHORT");
    let over = draft(cny("4999999.99"), &rests_on("1400000.00"));
    assert_eq!(name(scenario.act("CORE.maker", &over)), "E_CLAIMS_OVER");
    assert_eq!(name(scenario.act("CORE.maker", &draft(cny(FACE), &[]))), "E_TRADE_DOC_MISSING");
    assert_eq!(name(scenario.act("CORE.maker", &draft(cny("0.00"), &rests_on("1400000.00")))), "E_AMOUNT_ZERO");
    let other_currency = draft("5000000.00 USD".parse().unwrap(), &rests_on("1400000.00"));
    assert_eq!(name(scenario.act("CORE.maker", &other_currency)), "E_CCY_MISMATCH");
}

#[test]
fn one_invoice_backs_one_certificate() {
    let (mut scenario, _, draft) = drafted();
    issue(&mut scenario, &draft).unwrap();
    let again = scenario.act("CORE.maker", &draft).unwrap();
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate: again })), "E_FINGERPRINT_EXHAUSTED");
}

#[test]
fn quota_is_enough_or_nothing_is_submitted() {
    let mut scenario = consortium();
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-BIG", cny("60000000.01"));
    let draft = draft(cny("60000000.01"), &[(invoice, cny("60000000.01"))]);
    let id = scenario.act("CORE.maker", &draft).unwrap();
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate: id })), "E_QUOTA");
    assert_eq!(certificate(&mut scenario, id).status, CertificateStatus::Draft);
}

#[test]
fn maturity_is_within_the_policy_s_months_with_a_reason_above_the_usual() {
    let (mut scenario, _, draft) = drafted();
    let due = |maturity: &str, reason: Option<&str>| Draft {
        maturity: date(maturity),
        tenor_reason: reason.map(text),
        ..draft.clone()
    };
    assert_eq!(name(scenario.act("CORE.maker", &due("2026-03-02", None))), "E_TENOR");
    assert_eq!(name(scenario.act("CORE.maker", &due("2027-03-03", Some("long orders")))), "E_TENOR");
    assert_eq!(name(scenario.act("CORE.maker", &due("2026-09-03", None))), "E_TENOR_JUSTIFICATION");
    assert_eq!(name(scenario.act("CORE.maker", &due("2026-09-03", Some("")))), "E_TENOR_JUSTIFICATION");
    scenario.act("CORE.maker", &due("2026-09-02", None)).unwrap();
    scenario.act("CORE.maker", &due("2027-03-02", Some("ships take a year"))).unwrap();
}

#[test]
fn months_end_with_the_month() {
    let mut scenario = consortium();
    scenario.move_to("2026-08-31", 9, 0);
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-1", cny("1000.00"));
    let due =
        |maturity: &str| Draft { maturity: date(maturity), ..draft(cny("1000.00"), &[(invoice, cny("1000.00"))]) };
    assert_eq!(name(scenario.act("CORE.maker", &due("2027-03-01"))), "E_TENOR_JUSTIFICATION");
    scenario.act("CORE.maker", &due("2027-02-28")).unwrap();
}

#[test]
fn a_shorter_cap_holds_for_what_is_issued_after_it() {
    let (mut scenario, _, draft) = drafted();
    let long = Draft { maturity: date("2026-12-31"), tenor_reason: Some(text("ships")), ..draft };
    let (running, _) = issue(&mut scenario, &long).unwrap();
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-3", cny("1000.00"));
    let second = Draft { claims: claims(&[(invoice, cny("1000.00"))]), face: cny("1000.00"), ..long };
    let pending = scenario.act("CORE.maker", &second).unwrap();
    set_policy(&mut scenario, |policy| policy.tenor_months_hard = 6);
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate: pending })), "E_TENOR");
    assert_eq!(certificate(&mut scenario, running).maturity, date("2026-12-31"));
}

#[test]
fn maturity_on_a_free_day_is_due_on_the_next_business_day() {
    let (mut scenario, _, draft) = drafted();
    let saturday = Draft { maturity: date("2026-08-29"), ..draft };
    let (id, _) = issue(&mut scenario, &saturday).unwrap();
    let issued = certificate(&mut scenario, id).issued.unwrap();
    assert_eq!(issued.due_on, date("2026-08-31"));
    assert_eq!(issued.record_at, date("2026-08-30").at(17, 0));
}

#[test]
fn revoked_invoice_takes_an_offer_back_and_leaves_what_lives() {
    let (mut scenario, [first, _], draft) = drafted();
    let id = offered(&mut scenario, &draft).unwrap();
    scenario.time = scenario.time.plus_hours(1);
    attest(&mut scenario, first, InvoiceStatus::RedLettered);
    scenario.run_due();
    assert_eq!(certificate(&mut scenario, id).status, CertificateStatus::Withdrawn);
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));

    let (mut scenario, [first, _], draft) = drafted();
    let (id, _) = issue(&mut scenario, &draft).unwrap();
    scenario.time = scenario.time.plus_hours(1);
    attest(&mut scenario, first, InvoiceStatus::RedLettered);
    scenario.run_due();
    assert_eq!(certificate(&mut scenario, id).status, CertificateStatus::Active, "the obligor owes what others hold");
    let alerts: Vec<AlertRaised> = told(&scenario);
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].rule, alerts[0].severity, alerts[0].invoice), (AlertRule::InvoiceRevoked, 1, Some(first)));
}

#[test]
fn counter_claim_makes_a_later_certificate_smaller_than_its_invoices() {
    let mut scenario = consortium();
    let (first, _) = issued(&mut scenario, "INV-1", cny("1000.00"));
    let claim = CounterClaimId([7; 16]);
    let owed = CounterClaim {
        core: Scenario::id("CORE"),
        supplier: Scenario::id("S1"),
        certificate: first,
        credit_note: Default::default(),
        amount: cny("300.00"),
        reserved: cny("0.00"),
        netted: cny("0.00"),
        raised_at: scenario.time,
    };
    owed.store(&mut scenario.state, &claim);
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-2", cny("1000.00"));
    let netting = |amount: &str| {
        let nettings = List::new(vec![Netting { counter_claim: claim, amount: cny(amount) }]).unwrap();
        let face = cny("1000.00").minus(cny(amount)).unwrap().unwrap();
        Draft { nettings, ..draft(face, &[(invoice, cny("1000.00"))]) }
    };
    let too_much = scenario.act("CORE.maker", &netting("300.01")).unwrap();
    assert_eq!(name(scenario.act("CORE.maker", &Submit { certificate: too_much })), "E_COUNTER_CLAIM");
    let withdrawn = offered(&mut scenario, &netting("200.00")).unwrap();
    assert_eq!(scenario.record::<CounterClaim>(&claim).unwrap().reserved, cny("200.00"));
    scenario.act("CORE.checker", &Withdraw { certificate: withdrawn, reason: text("again") }).unwrap();
    assert_eq!(scenario.record::<CounterClaim>(&claim).unwrap().left(), cny("300.00"));
    let (id, _) = issue(&mut scenario, &netting("300.00")).unwrap();
    assert_eq!(certificate(&mut scenario, id).face, cny("700.00"));
    assert_eq!(scenario.record::<CounterClaim>(&claim).unwrap().netted, cny("300.00"));
    scenario.audit();
}

#[test]
fn a_maturity_later_than_sixty_days_after_the_goods_receipt_is_flagged_at_acceptance() {
    let mut scenario = consortium();
    let mut accept = |number: &str, maturity: &str| {
        let invoice = trade(&mut scenario, "S1", "CORE", number, cny("1000.00"));
        let draft = Draft { maturity: date(maturity), ..draft(cny("1000.00"), &[(invoice, cny("1000.00"))]) };
        let (id, _) = issue(&mut scenario, &draft).unwrap();
        let offered = told::<CertificateOffered>(&scenario).pop().unwrap().days_over;
        let record = certificate(&mut scenario, id);
        (record.payment_clock.unwrap(), record.acceptance.unwrap().days_over, offered)
    };
    let in_time = PaymentClock { delivered_on: date("2026-03-02"), pay_by: date("2026-05-01"), days_over: 0 };
    assert_eq!(accept("INV-A", "2026-05-01"), (in_time, 0, 0));
    assert_eq!(accept("INV-B", "2026-05-06"), (PaymentClock { days_over: 5, ..in_time }, 5, 5));
    let flags = told::<PaymentTermExceeded>(&scenario);
    assert_eq!(flags.len(), 1);
    assert_eq!((flags[0].days_over, flags[0].pay_by), (5, date("2026-05-01")));
    assert_eq!(flags[0].parties(), [Scenario::id("CORE"), Scenario::id("S1")]);
    scenario.audit();
}

#[test]
fn the_clock_starts_with_the_first_goods_receipt_and_its_days_are_dated_policy() {
    let mut scenario = consortium();
    let first = trade(&mut scenario, "S1", "CORE", "INV-A", cny("1000.00"));
    scenario.move_to("2026-03-12", 9, 0);
    let second = trade(&mut scenario, "S1", "CORE", "INV-B", cny("1000.00"));
    attest(&mut scenario, first, InvoiceStatus::Normal);
    set_policy(&mut scenario, |policy| policy.small_supplier_payment_days = 30);
    let rests_on = [(first, cny("1000.00")), (second, cny("1000.00"))];
    let (id, _) = issue(&mut scenario, &draft(cny("2000.00"), &rests_on)).unwrap();
    let clock = certificate(&mut scenario, id).payment_clock.unwrap();
    assert_eq!((clock.delivered_on, clock.pay_by, clock.days_over), (date("2026-03-02"), date("2026-04-01"), 149));
    let mut record = certificate(&mut scenario, id);
    record.acceptance.as_mut().unwrap().days_over = 0;
    record.store(&mut scenario.state, &id);
    let laws: Vec<_> = crate::audit(&scenario.state).0.into_iter().map(|found| found.law).collect();
    assert_eq!(laws, ["PAYMENT-TERM"]);
}
