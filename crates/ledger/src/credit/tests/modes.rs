//! Lines that back certificates for life, covers of guarantors, and obligor groups.

use super::*;
use ::types::{Digest, List};

fn granted_cover(obligor: &str, limit: Amount) -> GrantCover {
    let (starts, expires) = (date("2026-01-01"), date("2026-12-31"));
    GrantCover { obligor: Scenario::id(obligor), limit, starts, expires, remark: text("committee 4") }
}

const GUARANTOR: &str = "GUAR.maker+GUAR.risk";

/// The doors of the reserve and of the cover.
#[derive(Clone, Copy, Debug)]
enum Backing {
    Reserve,
    Earmark,
    Unearmark,
    Draw,
    Return,
    Free,
    CoverBlock,
    CoverUnblock,
    CoverUse,
    CoverRelease,
}

fn backing(scenario: &mut Scenario, door: Backing, amount: Amount) -> Done<()> {
    let (bank, guarantor, core) = (Scenario::id("BKA"), Scenario::id("GUAR"), Scenario::id("CORE"));
    scenario.door(|ctx, state| match door {
        Backing::Reserve => line_reserve(ctx, state, bank, core, amount),
        Backing::Earmark => reserve_earmark(ctx, state, bank, core, amount),
        Backing::Unearmark => reserve_unearmark(ctx, state, bank, core, amount),
        Backing::Draw => reserve_draw(ctx, state, bank, core, amount),
        Backing::Return => reserve_return(ctx, state, bank, core, amount),
        Backing::Free => reserve_free(ctx, state, bank, core, amount),
        Backing::CoverBlock => cover_block(ctx, state, guarantor, core, amount, maturity()),
        Backing::CoverUnblock => cover_unblock(state, guarantor, core, amount),
        Backing::CoverUse => cover_use(state, guarantor, core, amount),
        Backing::CoverRelease => cover_release(state, guarantor, core, amount),
    })
}

/// Blocked, reserved, earmarked and utilised of BKA's line, and what is available.
fn parts(scenario: &mut Scenario) -> [Amount; 5] {
    let view = scenario.line_of("BKA");
    [view.line.blocked, view.line.reserved, view.line.earmarked, view.line.utilised, view.available]
}

fn cover_of(scenario: &mut Scenario) -> CoverView {
    let question = CoverOf { guarantor: Scenario::id("GUAR"), obligor: Scenario::id("CORE"), currency: Currency::CNY };
    let ctx = QueryContext { height: scenario.height, time: scenario.time };
    question.answer(&ctx, &mut scenario.state).unwrap()
}

#[test]
fn what_a_line_backs_is_reserved_for_life_and_counted_once() {
    let mut scenario = Scenario::new();
    scenario.grant("BKA", cny("100.00"));
    let amounts = |amounts: [&str; 5]| amounts.map(cny);
    scenario.line(Door::Block, "BKA", cny("60.00")).unwrap();
    backing(&mut scenario, Backing::Reserve, cny("60.00")).unwrap();
    assert_eq!(parts(&mut scenario), amounts(["0.00", "60.00", "0.00", "0.00", "40.00"]));
    backing(&mut scenario, Backing::Earmark, cny("25.00")).unwrap();
    assert_eq!(parts(&mut scenario), amounts(["0.00", "60.00", "25.00", "0.00", "40.00"]), "no double count");
    backing(&mut scenario, Backing::Unearmark, cny("25.00")).unwrap();
    backing(&mut scenario, Backing::Earmark, cny("25.00")).unwrap();
    backing(&mut scenario, Backing::Draw, cny("25.00")).unwrap();
    assert_eq!(parts(&mut scenario), amounts(["0.00", "35.00", "0.00", "25.00", "40.00"]));
    assert_eq!(name(scenario.line(Door::Block, "BKA", cny("40.01"))), "E_LINE_INSUFFICIENT");
    backing(&mut scenario, Backing::Return, cny("5.00")).unwrap();
    scenario.line(Door::Release, "BKA", cny("20.00")).unwrap();
    backing(&mut scenario, Backing::Free, cny("40.00")).unwrap();
    assert_eq!(parts(&mut scenario), amounts(["0.00", "0.00", "0.00", "0.00", "100.00"]));
    scenario.audit();
}

#[test]
fn what_is_reserved_is_drawn_after_the_line_was_cut_closed_and_has_expired() {
    let mut scenario = Scenario::new();
    scenario.grant("BKA", cny("100.00"));
    scenario.line(Door::Block, "BKA", cny("100.00")).unwrap();
    backing(&mut scenario, Backing::Reserve, cny("100.00")).unwrap();
    let (obligor, sanctioned) = (Scenario::id("CORE"), cny("1.00"));
    let cut = ChangeLine { obligor, sanctioned, ad_hoc: None, expires: date("2026-03-31"), remark: text("cut") };
    scenario.act("BKA.maker+BKA.risk", &cut).unwrap();
    let close = CloseLine { obligor, currency: Currency::CNY, remark: text("ended") };
    scenario.act("BKA.maker+BKA.risk", &close).unwrap();
    scenario.move_to("2026-04-01", 9, 0);
    backing(&mut scenario, Backing::Earmark, cny("60.00")).unwrap();
    backing(&mut scenario, Backing::Draw, cny("60.00")).unwrap();
    scenario.audit();
    scenario.grant("BKA", cny("110.00"));
    assert_eq!(parts(&mut scenario)[4], cny("10.00"), "what still runs counts against the new line");
    scenario.audit();
}

#[test]
fn a_cover_is_granted_by_a_guarantors_maker_and_risk_for_a_core_enterprise() {
    let mut scenario = Scenario::new();
    let cover = granted_cover("CORE", cny("100.00"));
    assert_eq!(name(scenario.act("GUAR.maker+GUAR.checker", &cover)), "E_THRESHOLD");
    assert_eq!(name(scenario.act("BKA.maker+BKA.risk", &cover)), "E_NOT_AUTHORIZED");
    assert_eq!(name(scenario.act(GUARANTOR, &granted_cover("GUAR", cny("1.00")))), "E_SELF_TRANSFER");
    assert_eq!(name(scenario.act(GUARANTOR, &granted_cover("S1", cny("1.00")))), "E_QUOTA_NOT_CORE");
    assert_eq!(name(scenario.act(GUARANTOR, &granted_cover("CORE", cny("0.00")))), "E_AMOUNT_ZERO");
    let past = GrantCover { expires: date("2026-03-01"), ..cover.clone() };
    assert_eq!(name(scenario.act(GUARANTOR, &past)), "E_CREDIT_DATES");
    scenario.act(GUARANTOR, &cover).unwrap();
    assert_eq!(cover_of(&mut scenario).available, cny("100.00"));
    scenario.audit();
}

#[test]
fn a_cover_is_blocked_used_and_released_within_its_limit_and_days() {
    let mut scenario = Scenario::new();
    assert_eq!(name(backing(&mut scenario, Backing::CoverBlock, cny("1.00"))), "E_COVER");
    let short = GrantCover { expires: date("2026-08-27"), ..granted_cover("CORE", cny("100.00")) };
    scenario.act(GUARANTOR, &short).unwrap();
    let refused = backing(&mut scenario, Backing::CoverBlock, cny("1.00"));
    assert_eq!(name(refused), "E_COVER_EXPIRED", "what it covers matures a day later");
    scenario.act(GUARANTOR, &granted_cover("CORE", cny("100.00"))).unwrap();
    assert_eq!(name(backing(&mut scenario, Backing::CoverBlock, cny("0.00"))), "E_AMOUNT_ZERO");
    assert_eq!(name(backing(&mut scenario, Backing::CoverBlock, cny("100.01"))), "E_COVER");
    backing(&mut scenario, Backing::CoverBlock, cny("100.00")).unwrap();
    assert_eq!(scenario.told::<CoverAlarmed>()[0].percent, 100);
    backing(&mut scenario, Backing::CoverUnblock, cny("10.00")).unwrap();
    backing(&mut scenario, Backing::CoverUse, cny("90.00")).unwrap();
    scenario.act(GUARANTOR, &granted_cover("CORE", cny("50.00"))).unwrap();
    assert_eq!(name(backing(&mut scenario, Backing::CoverBlock, cny("0.01"))), "E_COVER", "a cut stops what is new");
    scenario.audit();
    backing(&mut scenario, Backing::CoverRelease, cny("90.00")).unwrap();
    assert_eq!(cover_of(&mut scenario).available, cny("50.00"));
    assert_eq!(scenario.told::<CoverMoved>().len(), 4);
    scenario.audit();
}

/// CORE the parent of CORE2, S1 and S2.
fn group(subsidiaries: &[&str]) -> SetGroup {
    let subsidiaries = subsidiaries.iter().map(|name| Scenario::id(name)).collect();
    let subsidiaries = List::new(subsidiaries).unwrap();
    SetGroup { parent: Scenario::id("CORE"), subsidiaries, evidence: Digest::of(&[b"ownership"]) }
}

const OPERATOR: &str = "OP.maker+OP.checker";
const RISK: &str = "BKA.maker+BKA.risk";

fn block_on(scenario: &mut Scenario, obligor: &str, amount: Amount) -> Done<()> {
    let (bank, obligor) = (Scenario::id("BKA"), Scenario::id(obligor));
    scenario.door(|ctx, state| line_block(ctx, state, bank, obligor, amount, maturity()))
}

#[test]
fn a_group_is_recorded_by_the_operator_and_nobody_is_in_two() {
    let mut scenario = Scenario::new();
    assert_eq!(name(scenario.act(OPERATOR, &group(&[]))), "E_GROUP", "nothing to dissolve");
    assert_eq!(name(scenario.act(OPERATOR, &group(&["S1", "S1"]))), "E_GROUP");
    assert_eq!(name(scenario.act(OPERATOR, &group(&["CORE"]))), "E_GROUP");
    assert_eq!(name(scenario.act(RISK, &group(&["CORE2"]))), "E_NOT_AUTHORIZED");
    scenario.act(OPERATOR, &group(&["CORE2", "S1"])).unwrap();
    let other = SetGroup { parent: Scenario::id("S2"), ..group(&["CORE2"]) };
    assert_eq!(name(scenario.act(OPERATOR, &other)), "E_GROUP");
    let of_a_subsidiary = SetGroup { parent: Scenario::id("S1"), ..group(&["S3"]) };
    assert_eq!(name(scenario.act(OPERATOR, &of_a_subsidiary)), "E_GROUP");
    scenario.audit();
    scenario.act(OPERATOR, &group(&["S1"])).unwrap();
    scenario.act(OPERATOR, &other).expect("it left the first group");
    scenario.act(OPERATOR, &group(&[])).unwrap();
    scenario.act(OPERATOR, &SetGroup { parent: Scenario::id("S1"), ..group(&["S3"]) }).unwrap();
    scenario.audit();
}

#[test]
fn a_bank_caps_what_its_lines_on_a_group_carry_together_in_one_currency() {
    let mut scenario = Scenario::new();
    let dollars: Amount = "100.00 USD".parse().unwrap();
    for (obligor, amount) in [("CORE", cny("100.00")), ("CORE2", cny("100.00")), ("CORE2", dollars)] {
        scenario.act(RISK, &granted_line(obligor, amount)).unwrap();
    }
    let cap = SetGroupCap { parent: Scenario::id("CORE"), cap: cny("120.00"), remark: text("group memo") };
    assert_eq!(name(scenario.act(RISK, &cap)), "E_GROUP");
    scenario.act(OPERATOR, &group(&["CORE2"])).unwrap();
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &cap)), "E_THRESHOLD");
    assert_eq!(name(scenario.act(RISK, &SetGroupCap { cap: cny("0.00"), ..cap.clone() })), "E_AMOUNT_ZERO");
    scenario.act(RISK, &cap).unwrap();
    block_on(&mut scenario, "CORE", cny("70.00")).unwrap();
    backing(&mut scenario, Backing::Reserve, cny("70.00")).unwrap();
    let refused = block_on(&mut scenario, "CORE2", cny("50.01"));
    assert_eq!(
        refused,
        Err(reject::group_cap(Scenario::id("BKA"), Scenario::id("CORE"), cny("120.01"), cny("120.00"))),
        "E_GROUP_CAP"
    );
    block_on(&mut scenario, "CORE2", cny("50.00")).unwrap();
    block_on(&mut scenario, "CORE2", dollars).expect("currencies are counted apart");
    let view = scenario.line_of("BKA").group.unwrap();
    assert_eq!((view.outstanding, view.cap), (cny("120.00"), Some(cny("120.00"))));
    scenario.act(RISK, &SetGroupCap { cap: cny("1.00"), ..cap }).expect("a lower cap leaves what is out");
    assert_eq!(name(block_on(&mut scenario, "CORE", cny("0.01"))), "E_GROUP_CAP");
    scenario.act(OPERATOR, &group(&[])).unwrap();
    block_on(&mut scenario, "CORE", cny("0.01")).expect("no group, no cap");
    scenario.audit();
}

#[test]
fn while_one_of_a_group_is_overdue_nothing_new_is_drawn_on_any_of_it() {
    let mut scenario = with_quota(cny("100.00"));
    for obligor in ["CORE", "CORE2", "S1"] {
        scenario.act(RISK, &granted_line(obligor, cny("100.00"))).unwrap();
    }
    scenario.act(GUARANTOR, &granted_cover("CORE", cny("100.00"))).unwrap();
    scenario.act(OPERATOR, &group(&["CORE2"])).unwrap();
    block_on(&mut scenario, "CORE", cny("50.00")).unwrap();
    backing(&mut scenario, Backing::CoverBlock, cny("10.00")).unwrap();
    let core2 = Scenario::id("CORE2");
    scenario.door(|ctx, state| overdue_began(ctx, state, core2, "root_1")).unwrap();
    let of_policy = scenario.door(|ctx, state| Ok(crate::policy::at(state, ctx.time)?)).unwrap();
    assert_eq!(of_policy.overdue_roots_to_stop_drawing, 1);
    for obligor in ["CORE", "CORE2"] {
        let refused = block_on(&mut scenario, obligor, cny("1.00"));
        assert_eq!(refused, Err(reject::group_overdue(Scenario::id(obligor), core2)), "E_GROUP_OVERDUE");
    }
    assert_eq!(name(backing(&mut scenario, Backing::CoverBlock, cny("1.00"))), "E_GROUP_OVERDUE");
    block_on(&mut scenario, "S1", cny("1.00")).expect("it is of another house");
    let view = scenario.line_of("BKA");
    assert_eq!((view.obligor_overdue, view.group.unwrap().overdue), (0, 1), "the lines of the group are flagged");
    backing(&mut scenario, Backing::Reserve, cny("20.00")).expect("what was blocked goes on");
    backing(&mut scenario, Backing::Earmark, cny("20.00")).expect("what is reserved is drawn already");
    scenario.line(Door::Use, "BKA", cny("30.00")).expect("what was blocked goes on");
    backing(&mut scenario, Backing::CoverUse, cny("10.00")).unwrap();
    scenario.quota(Door::Block, "CORE", cny("1.00")).expect("CORE itself has paid");
    scenario.door(|ctx, state| overdue_ended(ctx, state, core2, "root_1")).unwrap();
    block_on(&mut scenario, "CORE", cny("1.00")).unwrap();
    scenario.audit();
}
