//! What is asked about a certificate.

use super::golden::{Golden, played};
use super::*;
use crate::core::{Query, QueryContext};

fn ask<Q: Query>(scenario: &mut Scenario, question: &Q) -> Done<Q::Answer> {
    let ctx = QueryContext { height: scenario.height, time: scenario.time };
    question.answer(&ctx, &mut scenario.state).map_err(|stop| match stop {
        ::types::Stop::Rejected(rejection) => rejection,
        ::types::Stop::Miss(miss) => panic!("memory misses nothing: {miss:?}"),
    })
}

#[test]
fn a_certificate_comes_with_its_tree_of_lots_page_by_page() {
    let Golden { mut scenario, certificate: id, kept_by_s1, .. } = played();
    let whole = ask(&mut scenario, &CertificateOf { certificate: id, from: 1 }).unwrap();
    assert_eq!((whole.lots.len(), whole.next, whole.settlement), (8, None, None));
    assert_eq!(whole.lots[1].id, kept_by_s1);
    assert_eq!((whole.lots[0].unpaid, whole.lots[1].unpaid), (cny("0.00"), cny("800000.00")));
    let tail = ask(&mut scenario, &CertificateOf { certificate: id, from: 7 }).unwrap();
    assert_eq!(tail.lots.iter().map(|view| view.lot.number).collect::<Vec<_>>(), [7, 8]);
    assert!(ask(&mut scenario, &CertificateOf { certificate: id, from: u32::MAX }).unwrap().lots.is_empty());
    let mut rest = kept_by_s1;
    for _ in 0..2 {
        let left = lot(&mut scenario, rest).face.minus(cny("49000.00")).unwrap().unwrap().to_string();
        let mut parts = vec!["1000.00"; 49];
        parts.push(left.trim_end_matches(" CNY"));
        rest = *split(&mut scenario, "S1", rest, &parts).unwrap().last().unwrap();
    }
    let first = ask(&mut scenario, &CertificateOf { certificate: id, from: 0 }).unwrap();
    assert_eq!((first.lots.len(), first.next), (100, Some(101)));
    assert_eq!(
        name(ask(&mut scenario, &CertificateOf { certificate: CertificateId::default(), from: 1 })),
        "E_RECORD_UNKNOWN"
    );
}

#[test]
fn a_history_tells_each_step_under_its_policy() {
    let Golden { mut scenario, certificate: id, .. } = played();
    let steps = certificate(&mut scenario, id).steps;
    let page = ask(&mut scenario, &HistoryOf { certificate: id, from: 0 }).unwrap();
    assert_eq!((u32::try_from(page.steps.len()).unwrap(), page.next), (steps, None));
    let statuses: Vec<CertificateStatus> = page
        .steps
        .iter()
        .filter_map(|step| match step.change {
            Change::Certificate(status) => Some(status),
            _ => None,
        })
        .collect();
    use CertificateStatus::{Active, Draft, Offered, PendingInternal};
    assert_eq!(statuses, [Draft, PendingInternal, Offered, Active]);
    assert!(page.steps.iter().all(|step| step.policy_version == 1));
}

#[test]
fn the_maturity_calendar_names_every_day() {
    let Golden { mut scenario, certificate: id, .. } = played();
    let days = ask(&mut scenario, &MaturityOf { certificate: id }).unwrap();
    assert_eq!((days.maturity, days.due_on), (date("2026-08-28"), date("2026-08-28")));
    assert_eq!(days.reminders.to_vec(), [date("2026-08-07"), date("2026-08-21"), date("2026-08-27")]);
    assert_eq!(days.call_at, date("2026-08-21").at(0, 0));
    assert_eq!(days.record_at, date("2026-08-27").at(17, 0));
    assert_eq!(days.cutoff_at, date("2026-08-28").at(16, 30));
    assert_eq!(days.grace_ends, date("2026-09-11"));
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-9", cny("1000.00"));
    let drafted = scenario.act("CORE.maker", &draft(cny("1000.00"), &[(invoice, cny("1000.00"))])).unwrap();
    assert_eq!(name(ask(&mut scenario, &MaturityOf { certificate: drafted })), "E_ROOT_STATE");
}

#[test]
fn a_quote_shows_all_its_costs_as_a_yearly_rate() {
    let Golden { mut scenario, certificate: id, .. } = played();
    let terms = QuoteTerms { fees: cny("2000.00"), ..terms(&scenario, 45_000) };
    let from = Some(date("2026-03-02"));
    let price = PriceOf { certificate: id, face: cny("1000000.00"), terms, from };
    let price = ask(&mut scenario, &price).unwrap();
    assert_eq!((price.days, price.discount, price.net), (179, cny("22375.00"), cny("975625.00")));
    assert_eq!(price.all_in, Rate(50_247));
}

#[test]
fn the_list_of_holders_says_who_is_paid_and_whose_money_waits() {
    let Golden { mut scenario, certificate: id, kept_by_s1, .. } = played();
    assert_eq!(name(ask(&mut scenario, &RecordListOf { certificate: id, page: 0 })), "E_ROOT_STATE");
    scenario.move_to("2026-08-28", 9, 0);
    let freeze = FreezeLot {
        lot: kept_by_s1,
        amount: None,
        ground: FreezeGround::Order,
        order: text("order 1"),
        order_digest: Digest::of(&[b"order"]),
        hours: None,
    };
    let freeze = scenario.act("COURT.maker+COURT.checker", &freeze).unwrap();
    let list = ask(&mut scenario, &RecordListOf { certificate: id, page: 0 }).unwrap();
    assert_eq!((list.lines, list.listed, list.next), (4, cny("5000000.00"), None));
    assert_eq!(list.recorded_at, Some(date("2026-08-27").at(17, 0)));
    assert_eq!(list.settlement_agent, Scenario::id("SB"));
    assert_eq!(list.page.iter().map(|line| line.freeze).collect::<Vec<_>>(), [Some(freeze), None, None, None]);
    assert!(ask(&mut scenario, &RecordListOf { certificate: id, page: 1 }).unwrap().page.is_empty());
}

#[test]
fn what_must_be_paid_on_a_day_counts_penalty_and_what_came_already() {
    let Golden { mut scenario, certificate: id, .. } = played();
    let payoff = |scenario: &mut Scenario, on| ask(scenario, &PayoffOf { certificate: id, on }).unwrap();
    assert_eq!(payoff(&mut scenario, None).to_pay, cny("5000000.00"));
    scenario.move_to("2026-08-27", 18, 0);
    fund(&mut scenario, id, cny("3000000.01")).unwrap();
    let early = payoff(&mut scenario, Some(date("2026-08-28")));
    assert_eq!((early.waiting, early.to_pay, early.penalty), (cny("3000000.01"), cny("1999999.99"), cny("0.00")));
    scenario.move_to("2026-08-28", 17, 0);
    let late = payoff(&mut scenario, Some(date("2026-10-12")));
    assert_eq!((late.penalty, late.to_pay, late.penalty_rate), (cny("11250.00"), cny("2011249.99"), Rate(45_000)));
}
