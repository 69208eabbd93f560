//! `audit` sees each law broken, by its name.

use super::golden::{Golden, played};
use super::*;
use crate::{document::Invoice as DocumentInvoice, money::CashFact};

/// R1, overdue, with BKB's recourse paid, a frozen lot, and money that waits: something of everything.
fn world() -> (Golden, FreezeId) {
    let mut golden = played();
    let (scenario, id) = (&mut golden.scenario, golden.certificate);
    let order = FreezeLot {
        lot: golden.kept_by_s1,
        amount: None,
        ground: FreezeGround::Order,
        order: text("order 1"),
        order_digest: Digest::of(&[b"order"]),
        hours: None,
    };
    let freeze = scenario.act("COURT.maker+COURT.checker", &order).unwrap();
    scenario.move_to("2026-08-28", 9, 0);
    fund(scenario, id, cny("3000000.01")).unwrap();
    scenario.move_to("2026-09-14", 9, 0);
    let (lot, others) = (golden.at_bkb.0, List::default());
    let default = DeclareDefault { certificate: id, ground: DefaultGround::GraceOver, lot, others };
    scenario.act("BKB.maker+BKB.checker", &default).unwrap();
    scenario.act("BKB.maker+BKB.checker", &NotifyRecourse { financing: golden.at_bkb.1 }).unwrap();
    let fact = paid(scenario, "BKB", ("S3", "BKB"), cny("321178.87"));
    let pay = PayRecourse { financing: golden.at_bkb.1, source: PaymentSource::Fact(fact) };
    scenario.act("BKB.maker+BKB.checker+S3.maker+S3.checker", &pay).unwrap();
    scenario.run_due();
    scenario.audit();
    (golden, freeze)
}

/// The laws that `audit` finds broken after `break_it`, each once.
fn broken(break_it: impl FnOnce(&mut Golden, FreezeId)) -> Vec<&'static str> {
    let (mut golden, freeze) = world();
    break_it(&mut golden, freeze);
    let mut laws: Vec<_> = crate::audit(&golden.scenario.state).0.into_iter().map(|found| found.law).collect();
    laws.sort_unstable();
    laws.dedup();
    laws
}

fn change<R: Record>(golden: &mut Golden, id: &R::Id, edit: impl FnOnce(&mut R)) {
    let mut record: R = golden.scenario.record(id).unwrap();
    edit(&mut record);
    record.store(&mut golden.scenario.state, id);
}

#[test]
fn i1_and_i16_what_is_owed_is_what_the_lots_are_owed() {
    let laws = broken(|golden, _| {
        let id = golden.certificate;
        change::<Certificate>(golden, &id, |root| root.live = cny("1999999.98"));
    });
    assert_eq!(laws, ["I1"]);
    let laws = broken(|golden, _| {
        let lot = golden.kept_by_s2;
        change::<Lot>(golden, &lot, |lot| lot.face = cny("2399999.49"));
    });
    assert_eq!(laws, ["I1", "I12", "I16", "I3"]);
}

#[test]
fn i2_children_cover_their_parent_and_each_lot_is_spent_once() {
    let laws = broken(|golden, _| {
        let lot = golden.kept_by_s2;
        change::<Lot>(golden, &lot, |lot| lot.parent = Some(LotId::of(lot.certificate, 1)));
    });
    assert_eq!(laws, ["I2"]);
}

#[test]
fn i3_a_lot_has_its_certificates_terms() {
    let laws = broken(|golden, _| {
        let lot = golden.kept_by_s2;
        change::<Lot>(golden, &lot, |lot| lot.maturity = date("2026-08-29"));
    });
    assert_eq!(laws, ["I3"]);
}

#[test]
fn i4_what_lies_on_a_lot_is_open_and_has_it() {
    let laws = broken(|golden, _| {
        let lot = golden.kept_by_s1;
        change::<Lot>(golden, &lot, |lot| lot.freeze = None);
    });
    assert_eq!(laws, ["I4"]);
    let laws = broken(|golden, _| {
        let lot = golden.kept_by_s2;
        change::<Lot>(golden, &lot, |lot| lot.status = LotStatus::OfferedOut(TransferId::default()));
    });
    assert_eq!(laws, ["I4"]);
}

#[test]
fn i5_what_is_claimed_of_an_invoice_is_claimed_there() {
    let laws = broken(|golden, _| {
        let invoice = golden.invoices[0];
        change::<DocumentInvoice>(golden, &invoice, |invoice| invoice.balance.allocated = cny("3599999.99"));
    });
    assert_eq!(laws, ["I5"]);
}

#[test]
fn i6_lots_stay_within_the_policy_of_the_issue() {
    let laws = broken(|golden, _| {
        let lot = golden.at_bkb.0;
        change::<Lot>(golden, &lot, |lot| lot.depth = 11);
    });
    assert_eq!(laws, ["I3", "I6"]);
}

#[test]
fn i7_a_certificate_is_as_large_as_its_invoices() {
    let laws = broken(|golden, _| {
        let id = golden.certificate;
        change::<Certificate>(golden, &id, |root| {
            root.claims.retain(|claim| claim.amount != cny("1400000.00"));
        });
    });
    assert_eq!(laws, ["I7"]);
    let laws = broken(|golden, _| {
        let invoice = golden.invoices[0];
        change::<DocumentInvoice>(golden, &invoice, |invoice| invoice.kind = crate::document::InvoiceKind::Prepayment);
    });
    assert_eq!(laws, ["I7"]);
}

#[test]
fn i8_the_maturity_is_within_the_policys_months() {
    let laws = broken(|golden, _| {
        let id = golden.certificate;
        change::<Certificate>(golden, &id, |root| {
            root.issued.as_mut().unwrap().at = date("2025-08-27").at(9, 0);
        });
    });
    assert_eq!(laws, ["I8"]);
}

#[test]
fn i9_what_is_owed_is_used_of_quota_and_line() {
    let laws = broken(|golden, _| {
        let key = (Scenario::id("CORE"), Currency::CNY);
        change::<Quota>(golden, &key, |quota| quota.used = cny("1999999.98"));
    });
    assert_eq!(laws, ["I9"]);
    let laws = broken(|golden, _| {
        let key = (Scenario::id("BKA"), Scenario::id("CORE"), Currency::CNY);
        change::<BankLine>(golden, &key, |line| line.utilised = cny("399999.99"));
    });
    assert_eq!(laws, ["I9"]);
}

#[test]
fn i10_the_operator_holds_nothing_and_pays_nothing() {
    let laws = broken(|golden, _| {
        let id = golden.certificate;
        change::<Certificate>(golden, &id, |root| root.settlement_agent = Scenario::id("OP"));
    });
    assert_eq!(laws, ["I10"]);
}

#[test]
fn i11_a_financed_lot_is_disbursed_and_registered() {
    let laws = broken(|golden, _| {
        let financing = golden.at_bka.1;
        change::<Financing>(golden, &financing, |financing| financing.registration = None);
    });
    assert_eq!(laws, ["I11"]);
}

#[test]
fn i12_what_was_received_was_paid_or_waits() {
    let laws = broken(|golden, _| {
        let id = golden.certificate;
        change::<Settlement>(golden, &id, |settlement| settlement.principal_paid = cny("3000000.00"));
    });
    assert_eq!(laws, ["I12"]);
    let laws = broken(|golden, _| {
        let id = golden.certificate;
        change::<Settlement>(golden, &id, |settlement| settlement.listed = cny("5000000.01"));
    });
    assert_eq!(laws, ["I12"]);
}

#[test]
fn i13_only_the_first_creditors_own_lots_are_burned() {
    let laws = broken(|golden, _| {
        let lot = golden.kept_by_s2;
        change::<Lot>(golden, &lot, |lot| lot.status = LotStatus::Cancelled);
    });
    assert!(laws.contains(&"I13"), "{laws:?}");
}

#[test]
fn i14_money_of_a_frozen_lot_waits_on_its_freeze() {
    let laws = broken(|golden, freeze| {
        change::<Freeze>(golden, &freeze, |freeze| freeze.suspense = cny("0.00"));
    });
    assert_eq!(laws, ["I14"]);
}

#[test]
fn i15_a_fact_proves_one_thing() {
    let laws = broken(|golden, _| {
        let financing = golden.at_bka.1;
        let other = golden.scenario.record::<Financing>(&golden.at_bkb.1).unwrap().disbursement.unwrap().payout;
        change::<Financing>(golden, &financing, |financing| financing.disbursement.as_mut().unwrap().payout = other);
    });
    assert_eq!(laws, ["I15"]);
    let laws = broken(|golden, _| {
        let Payout::Fact(fact) =
            golden.scenario.record::<Financing>(&golden.at_bka.1).unwrap().disbursement.unwrap().payout
        else {
            panic!("BKA paid outside the chain");
        };
        change::<CashFact>(golden, &fact, |fact| fact.consumed_by = None);
    });
    assert_eq!(laws, ["I15"]);
}

#[test]
fn i17_only_who_signed_a_recourse_is_its_debtor() {
    let laws = broken(|golden, _| {
        let financing = golden.at_bkb.1;
        change::<Financing>(golden, &financing, |financing| financing.kind = FinancingKind::NonRecourse);
    });
    assert_eq!(laws, ["I17"]);
}

#[test]
fn i18_a_history_has_every_step_and_ends_with_what_is() {
    let laws = broken(|golden, _| {
        let id = golden.certificate;
        Step::remove(&mut golden.scenario.state, &(id, 3));
    });
    assert_eq!(laws, ["I18"]);
    let laws = broken(|golden, _| {
        let id = golden.certificate;
        change::<Step>(golden, &(id, 3), |step| step.policy_version = 2);
    });
    assert_eq!(laws, ["I18"]);
    let laws = broken(|golden, _| {
        let id = golden.certificate;
        change::<Certificate>(golden, &id, |root| root.status = CertificateStatus::Overdue);
    });
    assert_eq!(laws, ["I18"]);
}
