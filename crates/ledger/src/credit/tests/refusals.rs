//! Each thing that credit refuses.

use super::*;

#[test]
fn a_quota_is_granted_by_the_operators_two_people_to_a_core_enterprise() {
    let mut scenario = Scenario::new();
    let grant = granted_quota("CORE", cny("100.00"));
    assert_eq!(name(scenario.act("OP.maker", &grant)), "E_THRESHOLD");
    assert_eq!(name(scenario.act("OP.both", &grant)), "E_MAKER_IS_CHECKER");
    assert_eq!(name(scenario.act("CORE.maker+CORE.checker", &grant)), "E_NOT_AUTHORIZED");
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &grant)), "E_NOT_AUTHORIZED");
    let signers = "OP.maker+OP.checker";
    assert_eq!(name(scenario.act(signers, &granted_quota("S1", cny("100.00")))), "E_QUOTA_NOT_CORE");
    assert_eq!(name(scenario.act(signers, &granted_quota("CORE", cny("0.00")))), "E_AMOUNT_ZERO");
    let backwards = GrantQuota { starts: date("2026-12-31"), expires: date("2026-12-30"), ..grant.clone() };
    assert_eq!(name(scenario.act(signers, &backwards)), "E_CREDIT_DATES");
    let past = GrantQuota { expires: date("2026-03-01"), ..grant.clone() };
    assert_eq!(name(scenario.act(signers, &past)), "E_CREDIT_DATES");
    scenario.act(signers, &grant).unwrap();
    scenario.audit();
}

#[test]
fn a_quota_holds_in_its_currency_and_on_its_days() {
    let mut scenario = Scenario::new();
    assert_eq!(name(scenario.quota(Door::Block, "CORE", cny("1.00"))), "E_QUOTA");
    let later =
        GrantQuota { starts: date("2026-03-10"), expires: date("2026-03-20"), ..granted_quota("CORE", cny("9.00")) };
    scenario.act("OP.maker+OP.checker", &later).unwrap();
    assert_eq!(name(scenario.quota(Door::Block, "CORE", cny("1.00"))), "E_QUOTA");
    scenario.move_to("2026-03-10", 9, 0);
    scenario.quota(Door::Block, "CORE", cny("9.00")).unwrap();
    assert_eq!(name(scenario.quota(Door::Block, "CORE", cny("0.00"))), "E_AMOUNT_ZERO");
    assert_eq!(name(scenario.quota(Door::Block, "CORE", "1.00 USD".parse().unwrap())), "E_QUOTA");
    scenario.quota(Door::Unblock, "CORE", cny("4.00")).unwrap();
    scenario.move_to("2026-03-20", 23, 59);
    scenario.quota(Door::Block, "CORE", cny("1.00")).unwrap();
    scenario.move_to("2026-03-21", 0, 0);
    let core = Scenario::id("CORE");
    let refused = scenario.quota(Door::Block, "CORE", cny("1.00"));
    assert_eq!(refused, Err(reject::quota(core, cny("0.00"), cny("1.00"))), "E_QUOTA");
    scenario.quota(Door::Use, "CORE", cny("6.00")).expect("what was blocked in time runs on");
    scenario.audit();
}

#[test]
fn a_line_is_granted_by_a_banks_maker_and_risk() {
    let mut scenario = Scenario::new();
    let line = granted_line("CORE", cny("100.00"));
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &line)), "E_THRESHOLD");
    assert_eq!(name(scenario.act("S1.maker+S1.risk", &line)), "E_NOT_AUTHORIZED");
    assert_eq!(name(scenario.act("OP.maker+OP.risk", &line)), "E_NOT_AUTHORIZED");
    let signers = "BKA.maker+BKA.risk";
    assert_eq!(name(scenario.act(signers, &granted_line("BKA", cny("1.00")))), "E_LINE_SELF");
    assert_eq!(name(scenario.act(signers, &granted_line("CORE", cny("0.00")))), "E_AMOUNT_ZERO");
    let past = GrantLine { expires: date("2026-03-01"), ..line.clone() };
    assert_eq!(name(scenario.act(signers, &past)), "E_CREDIT_DATES");
    let ad_hoc = |amount: Amount, starts: &str, ends: &str| {
        let ad_hoc = Some(AdHoc { amount, starts: date(starts), ends: date(ends) });
        GrantLine { ad_hoc, ..line.clone() }
    };
    let backwards = ad_hoc(cny("1.00"), "2026-03-03", "2026-03-02");
    assert_eq!(name(scenario.act(signers, &backwards)), "E_CREDIT_DATES");
    let dollars = ad_hoc("1.00 USD".parse().unwrap(), "2026-03-02", "2026-03-03");
    assert_eq!(name(scenario.act(signers, &dollars)), "E_CCY_MISMATCH");
    let nothing = ad_hoc(cny("0.00"), "2026-03-02", "2026-03-03");
    assert_eq!(name(scenario.act(signers, &nothing)), "E_AMOUNT_ZERO");
    scenario.act(signers, &line).unwrap();
    assert_eq!(name(scenario.act(signers, &line)), "E_LINE_EXISTS");
    scenario.audit();
}

#[test]
fn a_line_holds_in_its_currency_on_its_days_and_for_what_matures_within_it() {
    let mut scenario = Scenario::new();
    assert_eq!(name(scenario.line(Door::Block, "BKA", cny("1.00"))), "E_LINE_CCY");
    let line =
        GrantLine { starts: date("2026-03-10"), expires: date("2026-08-31"), ..granted_line("CORE", cny("9.00")) };
    scenario.act("BKA.maker+BKA.risk", &line).unwrap();
    assert_eq!(name(scenario.line(Door::Block, "BKA", cny("1.00"))), "E_LINE_EXPIRED");
    scenario.move_to("2026-03-10", 9, 0);
    assert_eq!(name(scenario.line(Door::Block, "BKA", "1.00 USD".parse().unwrap())), "E_LINE_CCY");
    assert_eq!(name(scenario.line(Door::Block, "BKA", cny("0.00"))), "E_AMOUNT_ZERO");
    let (bank, core) = (Scenario::id("BKA"), Scenario::id("CORE"));
    let mut block = |maturity: &str| {
        let maturity = date(maturity);
        scenario.door(|ctx, state| line_block(ctx, state, bank, core, cny("1.00"), maturity))
    };
    block("2026-08-31").unwrap();
    let (starts, expires) = (date("2026-03-10"), date("2026-08-31"));
    let refused = reject::line_expired(bank, date("2026-09-01"), starts, expires);
    assert_eq!(block("2026-09-01"), Err(refused), "E_LINE_EXPIRED");
    let over = scenario.line(Door::Block, "BKA", cny("8.01"));
    assert_eq!(over, Err(reject::line_insufficient(bank, cny("8.00"), cny("8.01"))), "E_LINE_INSUFFICIENT");
    scenario.line(Door::Use, "BKA", cny("1.00")).unwrap();
    scenario.move_to("2026-09-01", 9, 0);
    assert_eq!(name(scenario.line(Door::Block, "BKA", cny("1.00"))), "E_LINE_EXPIRED");
    scenario.line(Door::Release, "BKA", cny("1.00")).expect("what is utilised runs off after the expiry");
    scenario.audit();
}

#[test]
fn a_closed_line_takes_nothing_new_and_can_be_granted_again() {
    let mut scenario = Scenario::new();
    let (obligor, currency) = (Scenario::id("CORE"), Currency::CNY);
    let close = CloseLine { obligor, currency, remark: text("relationship ended") };
    let signers = "BKA.maker+BKA.risk";
    assert_eq!(name(scenario.act(signers, &close)), "E_LINE_CCY");
    scenario.grant("BKA", cny("100.00"));
    for door in [Door::Block, Door::Use] {
        scenario.line(door, "BKA", cny("60.00")).unwrap();
    }
    scenario.act(signers, &close).unwrap();
    assert_eq!(name(scenario.act(signers, &close)), "E_LINE_CLOSED");
    let (sanctioned, expires) = (cny("1.00"), date("2026-12-31"));
    let change = ChangeLine { obligor, sanctioned, ad_hoc: None, expires, remark: text("x") };
    assert_eq!(name(scenario.act(signers, &change)), "E_LINE_CLOSED");
    assert_eq!(name(scenario.line(Door::Block, "BKA", cny("1.00"))), "E_LINE_CLOSED");
    assert_eq!(scenario.line_of("BKA").available, cny("0.00"));
    scenario.line(Door::Release, "BKA", cny("10.00")).unwrap();
    scenario.audit();
    scenario.grant("BKA", cny("55.00"));
    assert_eq!(scenario.line_of("BKA").available, cny("5.00"), "what still runs counts against the new line");
    scenario.audit();
}

#[test]
fn one_obligor_takes_at_most_its_share_of_a_program() {
    let mut scenario = Scenario::new();
    scenario.grant("BKA", cny("100.00"));
    scenario.line(Door::Block, "BKA", cny("15.00")).unwrap();
    let program = SetProgram { size: cny("100.00") };
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &program)), "E_THRESHOLD");
    let nothing = SetProgram { size: cny("0.00") };
    assert_eq!(name(scenario.act("BKA.maker+BKA.risk", &nothing)), "E_AMOUNT_ZERO");
    scenario.act("BKA.maker+BKA.risk", &program).unwrap();
    let bank = Scenario::id("BKA");
    let refused = scenario.line(Door::Block, "BKA", cny("5.01"));
    assert_eq!(refused, Err(reject::concentration(bank, cny("20.01"), cny("20.00"))), "E_CONCENTRATION");
    scenario.line(Door::Block, "BKA", cny("5.00")).unwrap();
    scenario.audit();
}
