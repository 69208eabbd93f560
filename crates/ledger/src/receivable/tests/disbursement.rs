use super::*;
use crate::money::{CashAccount, CashFact};

const AMOUNT: &str = "1000000.00";
const NET: &str = "977625.00";
const HOW: (FinancingKind, u32) = (FinancingKind::NonRecourse, 45_000);

/// S1 has accepted BKA's quote of 4.50% on 1,000,000.00.
fn world() -> (Scenario, LotId, FinancingId) {
    let mut scenario = consortium();
    let (_, root) = issued(&mut scenario, "INV-1", cny(AMOUNT));
    let id = accepted(&mut scenario, ("S1", "BKA"), (root, cny(AMOUNT)), HOW).unwrap();
    (scenario, root, id)
}

/// As `world`, approved and registered.
fn ready() -> (Scenario, LotId, FinancingId) {
    let (mut scenario, root, id) = world();
    approved(&mut scenario, "BKA", id).unwrap();
    registered(&mut scenario, "BKA", id).unwrap();
    (scenario, root, id)
}

fn disburse(scenario: &mut Scenario, financing: FinancingId, payout: Payout) -> Done<Price> {
    scenario.act("BKA.treasurer+BKA.treasurer2", &Disburse { financing, payout })
}

fn approve(financing: FinancingId) -> ApproveFinancing {
    ApproveFinancing { financing, sanctions_check: text("SCREENING-1") }
}

#[test]
fn money_lot_and_line_change_in_one_step() {
    let (mut scenario, root, id) = ready();
    let fact = paid(&mut scenario, "BKA", ("BKA", "S1"), cny(NET));
    assert_eq!(line(&mut scenario, "BKA"), (cny(AMOUNT), cny("0.00")));
    let price = disburse(&mut scenario, id, Payout::Fact(fact)).unwrap();
    assert_eq!((price.discount, price.net), (cny("22375.00"), cny(NET)));
    let financed = lot(&mut scenario, root);
    assert_eq!((financed.status, financed.holder), (LotStatus::Financed(id), Scenario::id("BKA")));
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny(AMOUNT)));
    let record = financing(&mut scenario, id);
    assert_eq!(record.disbursement.unwrap().penalty_rate, Rate(67_500), "4.50% and half of it");
    assert!(scenario.record::<CashFact>(&fact).unwrap().consumed_by.is_some());
    assert_eq!(name(disburse(&mut scenario, id, Payout::Fact(fact))), "E_FINANCING_STATE");
    let apply = application(&scenario, root, cny(AMOUNT), FinancingKind::NonRecourse, &["BKB"]);
    assert_eq!(name(scenario.act(&all("BKA"), &apply)), "E_ALREADY_FINANCED");
    assert_eq!(name(scenario.act(&all("S1"), &apply)), "E_NOT_HOLDER");
    scenario.audit();
}

#[test]
fn bank_may_pay_in_its_own_deposit_tokens() {
    let (mut scenario, _, id) = ready();
    let elsewhere = account(&mut scenario, "BKB", "S1");
    assert_eq!(name(disburse(&mut scenario, id, Payout::Tokens(elsewhere))), "E_CASH_OTHER_BANK");
    let of_another = account(&mut scenario, "BKA", "S2");
    assert_eq!(name(disburse(&mut scenario, id, Payout::Tokens(of_another))), "E_PAYEE_NOT_OWN_NAME");
    let own = account(&mut scenario, "BKA", "S1");
    disburse(&mut scenario, id, Payout::Tokens(own)).unwrap();
    assert_eq!(scenario.record::<CashAccount>(&own).unwrap().available, cny(NET));
    scenario.audit();
}

#[test]
fn nothing_is_paid_before_the_assignment_is_registered() {
    let (mut scenario, _, id) = world();
    let fact = paid(&mut scenario, "BKA", ("BKA", "S1"), cny(NET));
    assert_eq!(name(disburse(&mut scenario, id, Payout::Fact(fact))), "E_REGISTRATION_MISSING");
    approved(&mut scenario, "BKA", id).unwrap();
    assert_eq!(name(disburse(&mut scenario, id, Payout::Fact(fact))), "E_REGISTRATION_MISSING");
    registered(&mut scenario, "BKA", id).unwrap();
    disburse(&mut scenario, id, Payout::Fact(fact)).unwrap();
}

#[test]
fn money_that_went_out_the_day_before_registration_does_not_count() {
    let mut scenario = consortium();
    let (_, root) = issued(&mut scenario, "INV-1", cny(AMOUNT));
    let fact = paid(&mut scenario, "BKA", ("BKA", "S1"), cny(NET));
    scenario.move_to("2026-03-03", 9, 0);
    let id = accepted(&mut scenario, ("S1", "BKA"), (root, cny(AMOUNT)), HOW).unwrap();
    approved(&mut scenario, "BKA", id).unwrap();
    registered(&mut scenario, "BKA", id).unwrap();
    assert_eq!(name(disburse(&mut scenario, id, Payout::Fact(fact))), "E_REGISTRATION_MISSING");
}

#[test]
fn seller_gets_the_net_amount_on_its_own_account_from_the_bank() {
    let (mut scenario, _, id) = ready();
    let short = paid(&mut scenario, "BKA", ("BKA", "S1"), cny("977624.99"));
    assert_eq!(name(disburse(&mut scenario, id, Payout::Fact(short))), "E_NET_MISMATCH");
    let to_another = paid(&mut scenario, "BKA", ("BKA", "S2"), cny(NET));
    assert_eq!(name(disburse(&mut scenario, id, Payout::Fact(to_another))), "E_PAYEE_NOT_OWN_NAME");
    let by_another = paid(&mut scenario, "BKA", ("CORE", "S1"), cny(NET));
    assert_eq!(name(disburse(&mut scenario, id, Payout::Fact(by_another))), "E_CASH_UNATTESTED");
    let unknown = Payout::Fact(Default::default());
    assert_eq!(name(disburse(&mut scenario, id, unknown)), "E_CASH_UNATTESTED");
    let one = Disburse { financing: id, payout: unknown };
    assert_eq!(name(scenario.act("BKA.treasurer", &one)), "E_MAKER_IS_CHECKER");
    assert_eq!(name(scenario.act("BKB.treasurer+BKB.treasurer2", &one)), "E_NOT_PARTY");
}

#[test]
fn one_payment_proves_one_disbursement() {
    let (mut scenario, _, id) = ready();
    let fact = paid(&mut scenario, "BKA", ("BKA", "S1"), cny(NET));
    disburse(&mut scenario, id, Payout::Fact(fact)).unwrap();
    let (_, second) = issued(&mut scenario, "INV-2", cny(AMOUNT));
    let id = accepted(&mut scenario, ("S1", "BKA"), (second, cny(AMOUNT)), HOW).unwrap();
    approved(&mut scenario, "BKA", id).unwrap();
    registered(&mut scenario, "BKA", id).unwrap();
    assert_eq!(name(disburse(&mut scenario, id, Payout::Fact(fact))), "E_CASH_FACT_USED");
}

#[test]
fn registry_is_searched_lately_and_shows_nothing() {
    let (mut scenario, _, id) = world();
    assert_eq!(name(scenario.act("BKA.risk", &approve(id))), "E_REGISTRY_STALE");
    let found = SearchResult::Conflict { registration: text("ZD-OTHER") };
    let conflict = AttestSearch { financing: id, query: text("Q"), result: found, searched_at: scenario.time };
    assert_eq!(name(scenario.act("BKA.maker", &conflict)), "E_NOT_AUTHORIZED");
    scenario.act("REGISTRY.maker", &conflict).unwrap();
    assert_eq!(name(scenario.act("BKA.risk", &approve(id))), "E_REGISTRY_CONFLICT");
    let ahead = AttestSearch { searched_at: scenario.time.plus_ms(1), result: SearchResult::Clean, ..conflict };
    assert_eq!(name(scenario.act("REGISTRY.maker", &ahead)), "E_FINANCING_DATES");
    searched(&mut scenario, id).unwrap();
    scenario.act("BKA.risk", &approve(id)).unwrap();
}

#[test]
fn search_is_fresh_when_the_money_goes_out() {
    let mut scenario = consortium();
    let (_, root) = issued(&mut scenario, "INV-1", cny(AMOUNT));
    let apply = application(&scenario, root, cny(AMOUNT), FinancingKind::NonRecourse, &["BKA"]);
    let id = scenario.act(&all("S1"), &apply).unwrap();
    let later = QuoteTerms { disburse_by: date("2026-03-06"), ..terms(&scenario, 45_000) };
    scenario.act(&all("BKA"), &GiveQuote { financing: id, offer: Offer::Open(later.clone()) }).unwrap();
    scenario.act(&all("S1"), &AcceptQuote { financing: id, bank: Scenario::id("BKA"), terms: later }).unwrap();
    approved(&mut scenario, "BKA", id).unwrap();
    registered(&mut scenario, "BKA", id).unwrap();
    scenario.move_to("2026-03-03", 9, 1);
    let own = account(&mut scenario, "BKA", "S1");
    assert_eq!(name(disburse(&mut scenario, id, Payout::Tokens(own))), "E_REGISTRY_STALE");
    searched(&mut scenario, id).unwrap();
    let price = disburse(&mut scenario, id, Payout::Tokens(own)).unwrap();
    assert_eq!(price.days, 178, "interest runs from the day the money went out");
}

#[test]
fn money_goes_out_by_the_day_that_was_agreed() {
    let (mut scenario, _, id) = ready();
    let own = account(&mut scenario, "BKA", "S1");
    scenario.time = date("2026-03-03").at(0, 0);
    assert_eq!(name(disburse(&mut scenario, id, Payout::Tokens(own))), "E_TTL_EXPIRED");
}

#[test]
fn risk_officer_who_did_not_quote_approves_on_fresh_checks() {
    let (mut scenario, _, id) = world();
    searched(&mut scenario, id).unwrap();
    assert_eq!(name(scenario.act("BKB.risk", &approve(id))), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("BKA.maker", &approve(id))), "E_THRESHOLD");
    let unscreened = ApproveFinancing { sanctions_check: text(""), ..approve(id) };
    assert_eq!(name(scenario.act("BKA.risk", &unscreened)), "E_MALFORMED");
    set_standing(&mut scenario, "S1", Standing::Suspended);
    assert_eq!(name(scenario.act("BKA.risk", &approve(id))), "E_KYC_INACTIVE");
    set_standing(&mut scenario, "S1", Standing::Active);
    scenario.act("BKA.risk", &approve(id)).unwrap();
    assert_eq!(name(scenario.act("BKA.risk", &approve(id))), "E_FINANCING_STATE");
}

#[test]
fn whoever_quoted_does_not_approve() {
    let (mut scenario, _, id) = world();
    searched(&mut scenario, id).unwrap();
    let risk = scenario.record::<crate::enterprise::MemberKey>(&scenario.account("BKA.risk")).unwrap().member;
    let key = (id, Scenario::id("BKA"));
    let quoted = Quote { maker: risk, ..scenario.record(&key).unwrap() };
    quoted.store(&mut scenario.state, &key);
    assert_eq!(name(scenario.act("BKA.risk", &approve(id))), "E_MAKER_IS_CHECKER");
}

#[test]
fn invoices_are_checked_on_the_day_of_approval_and_stand() {
    let mut scenario = consortium();
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-1", cny(AMOUNT));
    let (_, root) = issue(&mut scenario, &draft(cny(AMOUNT), &[(invoice, cny(AMOUNT))])).unwrap();
    scenario.move_to("2026-03-04", 9, 0);
    let id = accepted(&mut scenario, ("S1", "BKA"), (root, cny(AMOUNT)), HOW).unwrap();
    searched(&mut scenario, id).unwrap();
    assert_eq!(name(scenario.act("BKA.risk", &approve(id))), "E_INVOICE_STALE_CHECK");
    attest(&mut scenario, invoice, InvoiceStatus::RedLettered);
    assert_eq!(name(scenario.act("BKA.risk", &approve(id))), "E_INVOICE_STATUS");
}

#[test]
fn registration_says_what_the_template_asks_for_and_its_connector_signs() {
    let (mut scenario, root, id) = world();
    let early = registration(&mut scenario, id);
    assert_eq!(name(scenario.act("BKA.maker+REGISTRY.maker", &early)), "E_FINANCING_STATE");
    approved(&mut scenario, "BKA", id).unwrap();
    let register = registration(&mut scenario, id);
    let expected = format!(
        "Electronic certificate of accounts receivable. Certificate no. {root}; root no. {}; obligor CORE Co., Ltd. \
         (LEGAL-CORE); amount 1000000.00 CNY; maturity 2026-08-28; platform Tributary",
        lot(&mut scenario, root).certificate
    );
    assert_eq!(register.description.as_str(), expected);
    let signers = "BKA.maker+REGISTRY.maker";
    let vague = Register { description: text("a receivable"), ..register.clone() };
    assert_eq!(name(scenario.act(signers, &vague)), "E_REGISTRATION_TEXT");
    let unnamed = Register { number: text(""), ..register.clone() };
    assert_eq!(name(scenario.act(signers, &unnamed)), "E_MALFORMED");
    let ahead = Register { registered_at: scenario.time.plus_ms(1), ..register.clone() };
    assert_eq!(name(scenario.act(signers, &ahead)), "E_FINANCING_DATES");
    assert_eq!(name(scenario.act("BKA.maker", &register)), "E_THRESHOLD");
    let no_connector = Register { connector: Scenario::id("BKB"), ..register.clone() };
    assert_eq!(name(scenario.act("BKA.maker+BKB.maker", &no_connector)), "E_NOT_AUTHORIZED");
    scenario.act(signers, &register).unwrap();

    let (_, second) = issued(&mut scenario, "INV-2", cny(AMOUNT));
    let id = accepted(&mut scenario, ("S1", "BKA"), (second, cny(AMOUNT)), HOW).unwrap();
    approved(&mut scenario, "BKA", id).unwrap();
    let taken = Register { number: register.number, ..registration(&mut scenario, id) };
    assert_eq!(name(scenario.act(signers, &taken)), "E_REGISTRY_CONFLICT");
}

#[test]
fn frozen_lot_is_not_paid_for() {
    let (mut scenario, root, id) = ready();
    let frozen = Lot { freeze: Some(FreezeId([1; 16])), ..lot(&mut scenario, root) };
    frozen.store(&mut scenario.state, &root);
    let own = account(&mut scenario, "BKA", "S1");
    assert_eq!(name(disburse(&mut scenario, id, Payout::Tokens(own))), "E_LOT_FROZEN");
}
