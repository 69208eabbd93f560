//! The seller of a lot financed with recourse buys it back.

use super::golden::{Golden, played};
use super::*;

/// R1 in default: 320,000.20 unpaid at BKB, with recourse to S3; 400,000.00 at BKA, without.
fn in_default() -> Golden {
    let mut golden = played();
    golden.scenario.move_to("2026-08-28", 9, 0);
    fund(&mut golden.scenario, golden.certificate, cny("3000000.01")).unwrap();
    golden.scenario.move_to("2026-09-14", 9, 0);
    let (certificate, lot) = (golden.certificate, golden.at_bkb.0);
    let act = DeclareDefault { certificate, ground: DefaultGround::GraceOver, lot, others: List::default() };
    golden.scenario.act("BKB.maker+BKB.checker", &act).unwrap();
    golden.scenario.run_due();
    golden
}

const BKB: &str = "BKB.maker+BKB.checker";
const BOTH: &str = "BKB.maker+BKB.checker+S3.maker+S3.checker";

#[test]
fn recourse_opens_with_the_default_is_told_first_and_once() {
    let mut golden = played();
    let financing_id = golden.at_bkb.1;
    let notify = NotifyRecourse { financing: financing_id };
    assert_eq!(name(golden.scenario.act(BKB, &notify)), "E_ROOT_STATE");
    let Golden { mut scenario, at_bkb, at_bka, .. } = in_default();
    let notify = |financing| NotifyRecourse { financing };
    let fact = paid(&mut scenario, "BKB", ("S3", "BKB"), cny("321178.87"));
    let pay = PayRecourse { financing: at_bkb.1, source: PaymentSource::Fact(fact) };
    assert_eq!(name(scenario.act(BOTH, &pay)), "E_RECOURSE_UNNOTIFIED");
    assert_eq!(name(scenario.act(BKB, &notify(at_bka.1))), "E_NOT_PARTY");
    assert_eq!(name(scenario.act("BKA.maker+BKA.checker", &notify(at_bka.1))), "E_NO_RECOURSE");
    assert_eq!(name(scenario.act(BKB, &notify(FinancingId::default()))), "E_RECORD_UNKNOWN");
    assert_eq!(name(scenario.act("S3.maker+S3.checker", &notify(at_bkb.1))), "E_NOT_AUTHORIZED");
    scenario.act(BKB, &notify(at_bkb.1)).unwrap();
    let notice = told::<RecourseNotified>(&scenario).pop().unwrap();
    assert_eq!((notice.principal, notice.penalty_rate), (cny("320000.20"), Rate(78_000)));
    assert_eq!(name(scenario.act(BKB, &notify(at_bkb.1))), "E_RECOURSE_NOTIFIED");
    assert_eq!(name(scenario.act(BKB, &pay)), "E_THRESHOLD", "the seller signs too");
    scenario.act(BOTH, &pay).unwrap();
    assert_eq!(name(scenario.act(BKB, &notify(at_bkb.1))), "E_FINANCING_STATE");
    scenario.audit();
}

#[test]
fn only_the_sellers_own_money_of_the_exact_amount_counts() {
    let Golden { mut scenario, at_bkb, .. } = in_default();
    scenario.act(BKB, &NotifyRecourse { financing: at_bkb.1 }).unwrap();
    let mut refused = |payer: &str, payee: &str, amount: &str| {
        let fact = paid(&mut scenario, "BKB", (payer, payee), cny(amount));
        let act = PayRecourse { financing: at_bkb.1, source: PaymentSource::Fact(fact) };
        name(scenario.act(BOTH, &act))
    };
    assert_eq!(refused("S3", "BKB", "321178.86"), "E_NET_MISMATCH");
    assert_eq!(refused("S3", "BKB", "321178.88"), "E_NET_MISMATCH");
    assert_eq!(refused("S2", "BKB", "321178.87"), "E_CASH_UNATTESTED");
    assert_eq!(refused("S3", "S2", "321178.87"), "E_PAYEE_NOT_OWN_NAME");
    let none = PayRecourse { financing: at_bkb.1, source: PaymentSource::Fact(money::CashFactId::default()) };
    assert_eq!(name(scenario.act(BOTH, &none)), "E_CASH_UNATTESTED");
    scenario.audit();
}

#[test]
fn deposit_tokens_of_the_bank_pay_as_well() {
    let Golden { mut scenario, at_bkb, .. } = in_default();
    scenario.act(BKB, &NotifyRecourse { financing: at_bkb.1 }).unwrap();
    let (own, amount) = (account(&mut scenario, "BKB", "S3"), cny("321178.87"));
    let pay = |account, amount| PayRecourse { financing: at_bkb.1, source: PaymentSource::Tokens { account, amount } };
    assert_eq!(name(scenario.act(BOTH, &pay(own, amount))), "E_CASH_INSUFFICIENT");
    assert_eq!(name(scenario.act(BOTH, &pay(own, cny("0.00")))), "E_AMOUNT_ZERO");
    scenario.door(|ctx, state| money::issue(ctx, state, own, amount, "deposit")).unwrap();
    let foreign = account(&mut scenario, "BKA", "S3");
    scenario.door(|ctx, state| money::issue(ctx, state, foreign, amount, "deposit")).unwrap();
    assert_eq!(name(scenario.act(BOTH, &pay(foreign, amount))), "E_CASH_OTHER_BANK");
    scenario.act(BOTH, &pay(own, amount)).unwrap();
    assert_eq!(lot(&mut scenario, at_bkb.0).holder, Scenario::id("S3"));
    scenario.audit();
}

#[test]
fn a_frozen_lot_is_not_bought_back_nor_given_up() {
    let Golden { mut scenario, at_bkb, .. } = in_default();
    scenario.act(BKB, &NotifyRecourse { financing: at_bkb.1 }).unwrap();
    let freeze = FreezeLot {
        lot: at_bkb.0,
        amount: None,
        ground: FreezeGround::Order,
        order: text("order 1"),
        order_digest: Digest::of(&[b"order"]),
        hours: None,
    };
    scenario.act("COURT.maker+COURT.checker", &freeze).unwrap();
    let fact = paid(&mut scenario, "BKB", ("S3", "BKB"), cny("321178.87"));
    let pay = PayRecourse { financing: at_bkb.1, source: PaymentSource::Fact(fact) };
    assert_eq!(name(scenario.act(BOTH, &pay)), "E_LOT_FROZEN");
    let give_up = WriteOff { lot: at_bkb.0, reason: text("hopeless") };
    assert_eq!(name(scenario.act(BKB, &give_up)), "E_LOT_FROZEN");
    scenario.audit();
}

#[test]
fn a_financier_gives_up_its_lot_and_its_line_is_free() {
    let Golden { mut scenario, certificate: id, at_bka, .. } = in_default();
    let give_up = WriteOff { lot: at_bka.0, reason: text("hopeless") };
    assert_eq!(scenario.act("BKA.maker+BKA.checker", &give_up), Ok(cny("400000.00")));
    assert_eq!(line(&mut scenario, "BKA"), (cny("0.00"), cny("0.00")));
    assert_eq!(financing(&mut scenario, at_bka.1).status, FinancingStatus::WrittenOff);
    assert_eq!(certificate(&mut scenario, id).written_off, cny("400000.00"));
    scenario.audit();
}

#[test]
fn nothing_is_bought_back_while_money_is_being_paid() {
    let Golden { mut scenario, certificate: id, at_bkb, .. } = in_default();
    scenario.act(BKB, &NotifyRecourse { financing: at_bkb.1 }).unwrap();
    let today = scenario.time.date();
    let money = attested(&mut scenario, "SB", ("CORE", "SB"), cny("10.00"), today);
    scenario.act("SB.maker+SB.checker", &Fund { certificate: id, source: PaymentSource::Fact(money) }).unwrap();
    let item = crate::core::due::take(&mut scenario.state, scenario.time).unwrap().unwrap();
    scenario.door(|ctx, state| crate::run_due(ctx, &item, state)).unwrap();
    let fact = paid(&mut scenario, "BKB", ("S3", "BKB"), cny("321178.87"));
    let pay = PayRecourse { financing: at_bkb.1, source: PaymentSource::Fact(fact) };
    assert_eq!(name(scenario.act(BOTH, &pay)), "E_SETTLING");
    scenario.run_due();
    // Ten yuan went to penalty, so the principal is what it was.
    scenario.act(BOTH, &pay).unwrap();
    scenario.audit();
}
