mod advances;
mod backing;
mod control;
mod dilution;
mod disbursement;
mod financing;
mod golden;
mod guarantee;
mod issue;
mod laws;
mod lots;
mod oracle;
mod overdue;
mod queries;
mod quotes;
mod random;
mod recourse;
mod refinance;
mod settlement;
mod states;
mod transfer;

use super::{fixtures::*, *};
use crate::{
    core::{EnterpriseId, EntityRole, EventKind, Record},
    credit::{BankLine, Cover, Quota},
    document::{
        Invoice, InvoiceId, InvoiceStatus,
        fixtures::{attest, trade},
    },
    enterprise::{Enterprise, Standing},
    money::{self, CashAccount},
    policy::{self, Policy},
    testing::{Scenario, cny, text},
};
use ::types::{Amount, Currency, Date, Digest, List, Rate, Rejection};

type Done<T> = Result<T, Rejection>;

/// The name under which the catalogue has what was refused.
fn name<T: std::fmt::Debug>(refused: Done<T>) -> &'static str {
    crate::explain(&refused.unwrap_err()).0
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn certificate(scenario: &mut Scenario, id: CertificateId) -> Certificate {
    scenario.record(&id).unwrap()
}

fn lot(scenario: &mut Scenario, id: LotId) -> Lot {
    scenario.record(&id).unwrap()
}

/// Blocked and used of CORE's quota.
fn quota(scenario: &mut Scenario) -> (Amount, Amount) {
    let quota: Quota = scenario.record(&(Scenario::id("CORE"), Currency::CNY)).unwrap();
    (quota.blocked, quota.used)
}

/// Blocked and utilised of a bank's line on CORE.
fn line(scenario: &mut Scenario, bank: &str) -> (Amount, Amount) {
    let key = (Scenario::id(bank), Scenario::id("CORE"), Currency::CNY);
    let line: BankLine = scenario.record(&key).unwrap();
    (line.blocked, line.utilised)
}

/// Blocked, earmarked, reserved and utilised of a bank's line on CORE.
fn whole_line(scenario: &mut Scenario, bank: &str) -> [Amount; 4] {
    let key = (Scenario::id(bank), Scenario::id("CORE"), Currency::CNY);
    let line: BankLine = scenario.record(&key).unwrap();
    [line.blocked, line.earmarked, line.reserved, line.utilised]
}

/// Blocked and used of GUAR's cover for CORE.
fn cover(scenario: &mut Scenario) -> (Amount, Amount) {
    let key = (Scenario::id("GUAR"), Scenario::id("CORE"), Currency::CNY);
    let cover: Cover = scenario.record(&key).unwrap();
    (cover.blocked, cover.used)
}

fn financing(scenario: &mut Scenario, id: FinancingId) -> Financing {
    scenario.record(&id).unwrap()
}

/// Reserved, allocated and settled of an invoice.
fn balance(scenario: &mut Scenario, invoice: InvoiceId) -> [Amount; 3] {
    let balance = scenario.record::<Invoice>(&invoice).unwrap().balance;
    [balance.reserved, balance.allocated, balance.settled]
}

/// Events of one kind, in order.
fn told<E: EventKind>(scenario: &Scenario) -> Vec<E> {
    let events = scenario.state.events.iter().filter(|event| event.module == E::MODULE && event.event == E::NUMBER);
    events.map(|event| ::types::wire::decode(&event.payload).unwrap()).collect()
}

/// Sets a policy that holds from the next minute on, and goes there.
fn set_policy(scenario: &mut Scenario, change: impl FnOnce(&mut Policy)) {
    let at = scenario.time.plus_ms(60_000);
    let dated = scenario.door(|ctx, state| Ok(policy::at(state, ctx.time)?)).unwrap();
    let mut changed = Policy::clone(&dated);
    change(&mut changed);
    let set = policy::Set { effective_from: at, based_on: dated.version, policy: changed };
    scenario.act("OP.maker+OP.checker", &set).unwrap();
    scenario.time = at;
}

/// Puts an enterprise into a standing, straight in state.
fn set_standing(scenario: &mut Scenario, enterprise: &str, standing: Standing) {
    let id = Scenario::id(enterprise);
    let mut record: Enterprise = scenario.record(&id).unwrap();
    record.standing = standing;
    record.store(&mut scenario.state, &id);
}

/// Declares two enterprises as related, straight in state.
fn relate(scenario: &mut Scenario, one: &str, other: &str) {
    let id = Scenario::id(one);
    let mut record: Enterprise = scenario.record(&id).unwrap();
    record.related.push(Scenario::id(other)).unwrap();
    record.store(&mut scenario.state, &id);
}

/// Available money of an account at SB.
fn at_settlement_bank(scenario: &mut Scenario, owner: &str) -> Amount {
    let account = account(scenario, "SB", owner);
    scenario.record::<CashAccount>(&account).unwrap().available
}

/// What SB keeps in suspense.
fn suspense(scenario: &mut Scenario) -> Amount {
    let sb = Scenario::id("SB");
    let account = scenario.door(|ctx, state| money::suspense_at(ctx, state, sb, Currency::CNY)).unwrap();
    scenario.record::<CashAccount>(&account).unwrap().available
}

fn settlement(scenario: &mut Scenario, id: CertificateId) -> Settlement {
    scenario.record(&id).unwrap()
}

/// R1's lots without financing: S1 holds 800,000.00 and 1,000,000.00, S2 2,399,999.50, S3 800,000.50; due 2026-08-28.
fn spread(scenario: &mut Scenario) -> (CertificateId, [LotId; 4]) {
    let (certificate, lot) = issued(scenario, "INV-1", cny("5000000.00"));
    let parts = split(scenario, "S1", lot, &["800000.00", "1000000.00", "3200000.00"]).unwrap();
    let passed = pass_on(scenario, ("S1", "S2"), parts[2], cny("3200000.00")).unwrap();
    let last = pass_on(scenario, ("S2", "S3"), passed, cny("800000.50")).unwrap();
    let kept = LotId::of(certificate, 7);
    (certificate, [parts[0], parts[1], kept, last])
}

fn status(scenario: &mut Scenario, id: CertificateId) -> CertificateStatus {
    certificate(scenario, id).status
}
