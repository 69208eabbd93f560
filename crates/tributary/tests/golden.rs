//! Golden scenario R1 over REST against a running node: every number, state and refusal, to the cent.

mod support;

use ledger::{
    core::EnterpriseId,
    credit, document,
    receivable::{
        CertificateStatus, CounterClaim, Cut, FinancingStatus, FreezeGround, FreezeLot, Lot, PaidPage,
        RaiseCounterClaim, RecordPage, ReduceMutual, Split,
    },
};
use std::collections::BTreeMap;
use support::{Quiet, Stage};
use tributary::demo::{Story, cny, day, text};
use types::{Digest, List};

/// Live lots as (holder, face), in the order of their ranges.
async fn live(story: &Story<'_>) -> Vec<(String, String)> {
    let mut lots: Vec<Lot> = story.live_lots().await.expect("the lots").into_iter().map(|(_, lot)| lot).collect();
    lots.sort_by_key(|lot| lot.range);
    lots.iter().map(|lot| (story.actors.name(lot.holder), lot.face.to_string())).collect()
}

async fn quota(story: &Story<'_>) -> credit::Quota {
    let id = format!("{}/CNY", story.actors.id("CORE"));
    story.record("credit/quotas", &id).await.expect("the quota")
}

/// A bank's line on CORE as (utilised, blocked).
async fn line(story: &Story<'_>, bank: &str) -> (String, String) {
    let id = format!("{}/{}/CNY", story.actors.id(bank), story.actors.id("CORE"));
    let line: credit::BankLine = story.record("credit/lines", &id).await.expect("the line");
    (line.utilised.to_string(), line.blocked.to_string())
}

/// What each holder was paid in a round, as (principal, penalty).
async fn paid(story: &Story<'_>, round: u32) -> BTreeMap<String, (String, String)> {
    let id = format!("{}/{round}/0", story.plot.certificate.expect("R1"));
    let page: PaidPage = story.record("receivable/paid_pages", &id).await.expect("the round");
    let line = |line: &ledger::receivable::PaidLine| {
        (story.actors.name(line.holder), (line.principal.to_string(), line.penalty.to_string()))
    };
    page.lines.iter().map(line).collect()
}

async fn status(story: &Story<'_>) -> CertificateStatus {
    story.certificate().await.expect("R1").status
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(who, amount)| ((*who).to_owned(), format!("{amount} CNY"))).collect()
}

fn shares(expected: &[(&str, &str, &str)]) -> BTreeMap<String, (String, String)> {
    let share = |(who, principal, penalty): &(&str, &str, &str)| {
        ((*who).to_owned(), (format!("{principal} CNY"), format!("{penalty} CNY")))
    };
    expected.iter().map(share).collect()
}

fn yuan(first: &str, second: &str) -> (String, String) {
    (format!("{first} CNY"), format!("{second} CNY"))
}

/// The ground and steps 1 to 7.
async fn until_step_7(story: &mut Story<'_>) {
    story.consortium().await.expect("the consortium");
    story.documents().await.expect("the documents");
    story.issue().await.expect("step 1");
    story.split().await.expect("step 2");
    story.finance_s1().await.expect("step 3");
    story.pass_to_s2().await.expect("step 4");
    story.pass_to_s3().await.expect("step 5");
    story.finance_s3().await.expect("step 6");
    story.count().await.expect("step 7");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r1_from_issue_to_late_settlement() {
    let mut stage = Stage::new().await;
    let mut quiet = Quiet;
    let mut story = Story::new(&mut stage.actors, &mut quiet);
    story.consortium().await.expect("the consortium");
    story.documents().await.expect("the documents");

    story.issue().await.expect("step 1");
    let certificate = story.certificate().await.expect("R1");
    assert_eq!(certificate.face, cny("5000000.00"));
    assert_eq!(certificate.maturity.to_string(), "2026-08-28");
    assert_eq!(certificate.status, CertificateStatus::Active);
    assert_eq!(quota(&story).await.used, cny("5000000.00"));
    for (number, amount) in [("INV-1", "3600000.00"), ("INV-2", "1400000.00")] {
        let invoice: document::Invoice =
            story.record("document/invoices", &story.plot.invoices[number].to_string()).await.expect("the invoice");
        assert_eq!(invoice.balance.allocated, cny(amount), "{number} is fully allocated");
    }

    story.split().await.expect("step 2");
    assert_eq!(live(&story).await, pairs(&[("S1", "800000.00"), ("S1", "1000000.00"), ("S1", "3200000.00")]));

    story.finance_s1().await.expect("step 3");
    let deal = story.financing_of("S1 finances").await.expect("the financing");
    let price = deal.disbursement.expect("it was disbursed").price;
    assert_eq!((price.days, price.discount, price.net), (179, cny("22375.00"), cny("977625.00")));
    assert_eq!(line(&story, "BKA").await, yuan("1000000.00", "0.00"));

    story.pass_to_s2().await.expect("step 4");
    story.pass_to_s3().await.expect("step 5");
    story.finance_s3().await.expect("step 6");
    let deal = story.financing_of("S3 holds").await.expect("the financing");
    let price = deal.disbursement.expect("it was disbursed").price;
    assert_eq!((price.days, price.discount, price.net), (140, cny("16177.79"), cny("783822.71")));
    assert_eq!(line(&story, "BKB").await, yuan("800000.50", "0.00"));

    story.count().await.expect("step 7");
    let expected = [("S1", "800000.00"), ("BKA", "1000000.00"), ("BKB", "800000.50"), ("S2", "2399999.50")];
    assert_eq!(live(&story).await, pairs(&expected));

    story.due_day().await.expect("step 8");
    let expected = [
        ("S1", "480000.00", "0.00"),
        ("BKA", "600000.00", "0.00"),
        ("S2", "1439999.71", "0.00"),
        ("BKB", "480000.30", "0.00"),
    ];
    assert_eq!(paid(&story, 0).await, shares(&expected));
    assert_eq!(status(&story).await, CertificateStatus::Overdue);
    assert_eq!(story.certificate().await.expect("R1").live, cny("1999999.99"));
    assert_eq!(line(&story, "BKB").await, yuan("320000.20", "0.00"), "480,000.30 is released");
    let told = told(&story, "CertificateDishonored").await;
    for party in ["S1", "S2", "S3", "BKA", "BKB"] {
        assert!(told.contains(&story.actors.id(party)), "{party} has its notice");
    }

    story.default_and_recourse().await.expect("step 9");
    assert_eq!(status(&story).await, CertificateStatus::Defaulted);
    let deal = story.financing_of("S3 holds").await.expect("the financing");
    assert_eq!(deal.status, FinancingStatus::Recoursed);
    let recourse: ledger::receivable::Recourse = story
        .record("receivable/recourses", &story.plot.financings["S3 holds"].to_string())
        .await
        .expect("the recourse");
    let price = recourse.paid.expect("S3 paid");
    assert_eq!((price.principal, price.penalty, price.days), (cny("320000.20"), cny("1178.67"), 17));
    assert_eq!(line(&story, "BKB").await, yuan("0.00", "0.00"));
    let expected = [("S1", "800000.00"), ("BKA", "1000000.00"), ("S3", "800000.50"), ("S2", "2399999.50")];
    assert_eq!(live(&story).await, pairs(&expected));

    story.late().await.expect("step 10");
    let expected = [
        ("S1", "320000.00", "1800.00"),
        ("BKA", "400000.00", "2250.00"),
        ("S2", "959999.79", "5400.00"),
        ("S3", "320000.20", "1800.00"),
    ];
    assert_eq!(paid(&story, 1).await, shares(&expected));
    assert_eq!(status(&story).await, CertificateStatus::SettledLate);
    assert_eq!(quota(&story).await.used, cny("0.00"));
    assert_eq!(line(&story, "BKA").await, yuan("0.00", "0.00"));
    let settlement = story.settlement().await.expect("the settlement");
    assert_eq!(settlement.received, cny("5011250.00"));
    assert_eq!(settlement.penalty_paid, cny("11250.00"));
    assert_eq!(settlement.principal_paid, cny("5000000.00"));
    stage.audit().await;
    stage.node.stop().await;
}

/// Who was told by events of this name since the chain began.
async fn told(story: &Story<'_>, event: &str) -> Vec<EnterpriseId> {
    let parameters = [("after", "0.0".to_owned()), ("module", "receivable".to_owned()), ("event", event.to_owned())];
    let page = story.actors.client().event_page(&parameters).await.expect("events");
    page.events.into_iter().flat_map(|found| found.parties).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variant_a_full_payment_on_time_settles() {
    let mut stage = Stage::new().await;
    let mut quiet = Quiet;
    let mut story = Story::new(&mut stage.actors, &mut quiet);
    until_step_7(&mut story).await;
    story.to_maturity().await.expect("the due day");
    story.fund(cny("5000000.00"), "FUND-1").await.expect("the money");
    story.paid_out().await.expect("the holders are paid");
    assert_eq!(status(&story).await, CertificateStatus::Settled);
    let expected = [
        ("S1", "800000.00", "0.00"),
        ("BKA", "1000000.00", "0.00"),
        ("S2", "2399999.50", "0.00"),
        ("BKB", "800000.50", "0.00"),
    ];
    assert_eq!(paid(&story, 0).await, shares(&expected));
    assert_eq!(quota(&story).await.used, cny("0.00"));
    assert_eq!(line(&story, "BKA").await, yuan("0.00", "0.00"));
    stage.audit().await;
    stage.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variant_b_the_cash_of_a_frozen_part_goes_to_suspense() {
    let mut stage = Stage::new().await;
    let mut quiet = Quiet;
    let mut story = Story::new(&mut stage.actors, &mut quiet);
    until_step_7(&mut story).await;
    story.advance_to(day(2026, 6, 1), 9, 0).await.expect("the first of June");
    let freeze = FreezeLot {
        lot: story.plot.lots["S2 keeps"],
        amount: Some(cny("1000000.00")),
        ground: FreezeGround::Order,
        order: text("(2026) 0042"),
        order_digest: Digest::of(&[b"order of the court"]),
        hours: None,
    };
    story.actors.act("COURT.maker+COURT.checker", &freeze).await.expect("the court may");
    let lots = story.live_lots().await.expect("the lots");
    let frozen: Vec<_> = lots.iter().filter(|(_, lot)| lot.freeze.is_some()).map(|(id, lot)| (*id, lot.face)).collect();
    assert_eq!(frozen.iter().map(|(_, face)| *face).collect::<Vec<_>>(), [cny("1000000.00")]);
    let free = lots.iter().find(|(_, lot)| lot.freeze.is_none() && lot.holder == story.actors.id("S2"));
    assert_eq!(free.expect("S2 keeps the rest").1.face, cny("1399999.50"));
    let parts = List::new(vec![cny("400000.00"), cny("600000.00")]).expect("two parts");
    let split = Split { lot: frozen[0].0, parts };
    let by = "S2.maker+S2.checker+S2.approver";
    story.refused(by, &split, "E_LOT_FROZEN", "splitting the frozen lot").await.expect("refused");
    story.to_maturity().await.expect("the due day");
    story.fund(cny("5000000.00"), "FUND-1").await.expect("the money");
    story.paid_out().await.expect("the holders are paid");
    assert_eq!(status(&story).await, CertificateStatus::Settled);
    assert_eq!(story.settlement().await.expect("the settlement").frozen, cny("1000000.00"));
    stage.audit().await;
    stage.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variant_c_a_credit_note_burns_what_the_first_creditor_holds() {
    let mut stage = Stage::new().await;
    let mut quiet = Quiet;
    let mut story = Story::new(&mut stage.actors, &mut quiet);
    story.consortium().await.expect("the consortium");
    story.documents().await.expect("the documents");
    story.issue().await.expect("step 1");
    story.split().await.expect("step 2");
    story.advance_to(day(2026, 3, 20), 9, 0).await.expect("the day of the note");
    let credit_note = story.credit_note().await.expect("the note is recorded");
    let cut = Cut { lot: story.plot.lots["S1 keeps"], amount: cny("500000.00") };
    let certificate = story.plot.certificate.expect("R1");
    let reduce = ReduceMutual { certificate, credit_note, cuts: List::new(vec![cut]).expect("one") };
    let by = "CORE.maker+CORE.checker+S1.maker+S1.checker";
    assert_eq!(story.actors.act(by, &reduce).await.expect("both agree"), cny("500000.00"));
    assert_eq!(story.certificate().await.expect("R1").live, cny("4500000.00"));
    assert_eq!(quota(&story).await.used, cny("4500000.00"));
    assert_eq!(live(&story).await, pairs(&[("S1", "300000.00"), ("S1", "1000000.00"), ("S1", "3200000.00")]));
    stage.audit().await;
    stage.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variant_d_with_nothing_left_to_burn_there_is_only_a_counter_claim() {
    let mut stage = Stage::new().await;
    let mut quiet = Quiet;
    let mut story = Story::new(&mut stage.actors, &mut quiet);
    until_step_7(&mut story).await;
    story.finance_rest().await.expect("S1 sells its last lot");
    let credit_note = story.credit_note().await.expect("the note is recorded");
    let certificate = story.plot.certificate.expect("R1");
    let cut = Cut { lot: story.plot.lots["S1 keeps"], amount: cny("500000.00") };
    let reduce = ReduceMutual { certificate, credit_note, cuts: List::new(vec![cut]).expect("one") };
    let by = "CORE.maker+CORE.checker+S1.maker+S1.checker";
    story.refused(by, &reduce, "E_NOT_HOLDER", "burning what a bank holds").await.expect("refused");
    let raise = RaiseCounterClaim { certificate, credit_note, amount: cny("500000.00") };
    let claim = story.actors.act("CORE.maker+CORE.checker", &raise).await.expect("a counter-claim");
    let claim: CounterClaim =
        story.record("receivable/counter_claims", &claim.to_string()).await.expect("the counter-claim");
    assert_eq!(claim.amount, cny("500000.00"));
    assert_eq!(story.certificate().await.expect("R1").live, cny("5000000.00"), "no holder loses anything");
    assert_eq!(quota(&story).await.used, cny("5000000.00"));
    stage.audit().await;
    stage.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variant_e_a_red_lettered_invoice_locks_only_the_first_creditor() {
    let mut stage = Stage::new().await;
    let mut quiet = Quiet;
    let mut story = Story::new(&mut stage.actors, &mut quiet);
    until_step_7(&mut story).await;
    story.advance_to(day(2026, 5, 5), 9, 0).await.expect("the fifth of May");
    story.attest("INV-1", document::InvoiceStatus::RedLettered).await.expect("the platform says so");
    story.advance_to(day(2026, 5, 6), 9, 0).await.expect("the next day");
    assert!(!told(&story, "AlertRaised").await.is_empty(), "an alert is raised");
    for (_, lot) in story.live_lots().await.expect("the lots") {
        let locked = lot.holder == story.actors.id("S1");
        assert_eq!(lot.lock.is_some(), locked, "{} of {}", lot.face, story.actors.name(lot.holder));
    }
    assert_eq!(status(&story).await, CertificateStatus::Active, "CORE still owes");
    story.to_maturity().await.expect("the due day");
    story.fund(cny("5000000.00"), "FUND-1").await.expect("the money");
    story.paid_out().await.expect("the holders are paid");
    assert_eq!(status(&story).await, CertificateStatus::Settled);
    stage.audit().await;
    stage.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variant_f_a_cent_too_much_waits_in_suspense() {
    let mut stage = Stage::new().await;
    let mut quiet = Quiet;
    let mut story = Story::new(&mut stage.actors, &mut quiet);
    until_step_7(&mut story).await;
    story.to_maturity().await.expect("the due day");
    story.fund(cny("5000000.01"), "FUND-1").await.expect("the money");
    story.paid_out().await.expect("the holders are paid");
    assert_eq!(status(&story).await, CertificateStatus::Settled);
    let settlement = story.settlement().await.expect("the settlement");
    assert_eq!((settlement.principal_paid, settlement.excess), (cny("5000000.00"), cny("0.01")));
    assert!(!told(&story, "AlertRaised").await.is_empty(), "an alert is raised");
    stage.audit().await;
    stage.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variant_g_a_halted_chain_is_caught_up_with_from_its_exported_list() {
    let mut stage = Stage::new().await;
    let mut quiet = Quiet;
    let mut story = Story::new(&mut stage.actors, &mut quiet);
    until_step_7(&mut story).await;
    story.to_maturity().await.expect("the due day");
    // Banks export the list with proof while the chain still runs; the shares follow from it alone.
    let genesis = story.actors.client().genesis().await.expect("the genesis");
    let id = format!("{}/0", story.plot.certificate.expect("R1"));
    let proven = story.actors.client().proven(&genesis, "receivable/record_pages", &id).await.expect("a proof");
    let page: RecordPage = serde_json::from_value(proven.record.expect("the list")).expect("a page");
    let weights: Vec<u64> = page.lines.iter().map(|line| line.amount.minor).collect();
    let exported = types::rate::share_by_largest_remainder(300_000_001, &weights).expect("shares");
    let plot = story.plot.clone();
    let mut stage = stage.restart().await;
    let mut story = Story::take_up(&mut stage.actors, &mut quiet, plot);
    story.fund(cny("3000000.01"), "FUND-1").await.expect("the money");
    story.advance_to(day(2026, 8, 28), 16, 30).await.expect("the cut-off");
    let caught_up: PaidPage = story
        .record("receivable/paid_pages", &format!("{}/0/0", story.plot.certificate.expect("R1")))
        .await
        .expect("the round");
    assert_eq!(caught_up.lines.iter().map(|line| line.principal.minor).collect::<Vec<_>>(), exported);
    stage.audit().await;
    stage.node.stop().await;
}
