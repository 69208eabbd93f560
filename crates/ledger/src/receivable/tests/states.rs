//! Each pair of a status and an act that the state tables do not name is refused by its stable name.

use super::*;
use crate::core::Call;
use CertificateStatus as Root;
use FinancingStatus as Stage;

const ROOT: &[Root] = &[
    Root::Draft,
    Root::PendingInternal,
    Root::Offered,
    Root::Active,
    Root::Maturing,
    Root::Overdue,
    Root::Defaulted,
    Root::Settled,
    Root::SettledLate,
    Root::WrittenOff,
    Root::Rejected,
    Root::Withdrawn,
    Root::Expired,
    Root::Cancelled,
];

const STAGES: &[Stage] = &[
    Stage::Quoting,
    Stage::Accepted,
    Stage::Approved,
    Stage::Registered,
    Stage::Disbursed,
    Stage::Repaid,
    Stage::Recoursed,
    Stage::WrittenOff,
    Stage::Subrogated,
    Stage::Failed,
    Stage::Rejected,
    Stage::Cancelled,
    Stage::Expired,
];

/// What an act answers: nothing, or the refusal's name.
fn answer<C: Call>(scenario: &Scenario, signers: &str, act: &C) -> &'static str {
    match scenario.clone().act(signers, act) {
        Ok(_) => "",
        Err(refused) => crate::explain(&refused).0,
    }
}

#[test]
fn acts_before_acceptance_find_the_certificate_in_their_status() {
    let mut scenario = consortium();
    let invoice = trade(&mut scenario, "S1", "CORE", "INV-1", cny("1000.00"));
    let certificate = offered(&mut scenario, &draft(cny("1000.00"), &[(invoice, cny("1000.00"))])).unwrap();
    let reason = || text("no");
    for status in ROOT {
        let mut record: Certificate = scenario.record(&certificate).unwrap();
        record.status = *status;
        record.store(&mut scenario.state, &certificate);
        let answers = [
            (Root::Draft, answer(&scenario, "CORE.maker", &Submit { certificate })),
            (
                Root::PendingInternal,
                answer(&scenario, &checkers("CORE"), &ApproveIssue { certificate, undertaking: undertaking() }),
            ),
            (Root::PendingInternal, answer(&scenario, "CORE.checker", &Refuse { certificate, reason: reason() })),
            (Root::Offered, answer(&scenario, "S1.maker+S1.checker", &Accept { certificate, consent: consent() })),
            (Root::Offered, answer(&scenario, "S1.maker+S1.checker", &Decline { certificate, reason: reason() })),
        ];
        for (needed, answer) in answers {
            assert_eq!(answer == "E_ROOT_STATE", *status != needed, "{status:?}, needs {needed:?}: {answer}");
        }
        let withdrawn = answer(&scenario, "CORE.checker", &Withdraw { certificate, reason: reason() });
        let may_be = matches!(status, Root::Draft | Root::Offered);
        assert_eq!(withdrawn == "E_ROOT_STATE", !may_be, "{status:?}: {withdrawn}");
    }
}

#[test]
fn lots_move_on_an_active_certificate_only() {
    let mut scenario = consortium();
    let (certificate, lot) = issued(&mut scenario, "INV-1", cny("10000.00"));
    let invoice = trade(&mut scenario, "S2", "S1", "INV-S2", cny("10000.00"));
    let halves = List::new(vec![cny("5000.00"); 2]).unwrap();
    for status in ROOT {
        let mut record: Certificate = scenario.record(&certificate).unwrap();
        record.status = *status;
        record.store(&mut scenario.state, &certificate);
        let expected = match status {
            Root::Active => "",
            Root::Maturing => "E_RECORD_CLOSED",
            _ => "E_ROOT_STATE",
        };
        let apply = application(&scenario, lot, cny("10000.00"), FinancingKind::NonRecourse, &["BKA"]);
        assert_eq!(answer(&scenario, "S1.maker", &Split { lot, parts: halves.clone() }), expected, "{status:?}");
        let offer = transfer(lot, "S2", cny("10000.00"), invoice);
        assert_eq!(answer(&scenario, &all("S1"), &offer), expected, "{status:?}");
        assert_eq!(answer(&scenario, &all("S1"), &apply), expected, "{status:?}");
    }
}

#[test]
fn only_a_lot_that_is_held_is_split_offered_or_financed() {
    let mut scenario = consortium();
    let (_, id) = issued(&mut scenario, "INV-1", cny("10000.00"));
    let invoice = trade(&mut scenario, "S2", "S1", "INV-S2", cny("10000.00"));
    let halves = List::new(vec![cny("5000.00"); 2]).unwrap();
    let statuses = [
        (LotStatus::Held, ""),
        (LotStatus::OfferedOut(TransferId::default()), "E_LOT_LOCKED"),
        (LotStatus::InFinancing(FinancingId::default()), "E_LOT_LOCKED"),
        (LotStatus::Financed(FinancingId::default()), "E_ALREADY_FINANCED"),
        (LotStatus::Recoursed(FinancingId::default()), "E_LOT_LOCKED"),
        (LotStatus::Spent { first_child: 2, children: 1 }, "E_LOT_SPENT"),
        (LotStatus::Redeemed, "E_LOT_SPENT"),
        (LotStatus::Cancelled, "E_LOT_SPENT"),
        (LotStatus::WrittenOff, "E_LOT_SPENT"),
    ];
    for (status, expected) in statuses {
        let mut record = lot(&mut scenario, id);
        record.status = status;
        record.store(&mut scenario.state, &id);
        let apply = application(&scenario, id, cny("10000.00"), FinancingKind::NonRecourse, &["BKA"]);
        assert_eq!(answer(&scenario, "S1.maker", &Split { lot: id, parts: halves.clone() }), expected, "{status:?}");
        let offer = transfer(id, "S2", cny("10000.00"), invoice);
        assert_eq!(answer(&scenario, &all("S1"), &offer), expected, "{status:?}");
        assert_eq!(answer(&scenario, &all("S1"), &apply), expected, "{status:?}");
    }
}

#[test]
fn acts_of_financing_find_it_at_their_stage() {
    let mut scenario = consortium();
    let (_, lot) = issued(&mut scenario, "INV-1", cny("1000.00"));
    let how = (FinancingKind::NonRecourse, 45_000);
    let id = accepted(&mut scenario, ("S1", "BKA"), (lot, cny("1000.00")), how).unwrap();
    approved(&mut scenario, "BKA", id).unwrap();
    registered(&mut scenario, "BKA", id).unwrap();
    let terms = terms(&scenario, 45_000);
    let own = account(&mut scenario, "BKA", "S1");
    let connector = Scenario::id("REGISTRY");
    let reason = || text("no");
    for stage in STAGES {
        let mut record = financing(&mut scenario, id);
        record.status = *stage;
        record.store(&mut scenario.state, &id);
        let open = Offer::Open(terms.clone());
        let two = "BKA.maker+BKA.checker";
        let search =
            AttestSearch { financing: id, query: text("Q"), result: SearchResult::Clean, searched_at: scenario.time };
        let register = registration(&mut scenario, id);
        let conclude = [Stage::Accepted, Stage::Approved, Stage::Registered];
        let accept = AcceptQuote { financing: id, bank: Scenario::id("BKA"), terms: terms.clone() };
        let approve = ApproveFinancing { financing: id, sanctions_check: text("S") };
        let disburse = Disburse { financing: id, payout: Payout::Tokens(own) };
        let refused = |signers: &str, answer: &'static str, allowed: &[Stage]| {
            assert_eq!(answer == "E_FINANCING_STATE", !allowed.contains(stage), "{stage:?} {signers}: {answer}");
        };
        let scenario = &scenario;
        let give = GiveQuote { financing: id, offer: open.clone() };
        refused("quote", answer(scenario, two, &give), &[Stage::Quoting]);
        let improve = ImproveQuote { financing: id, offer: open };
        refused("improve", answer(scenario, two, &improve), &[Stage::Quoting]);
        let reveal = RevealQuote { financing: id, terms: terms.clone(), secret: Digest::default() };
        refused("reveal", answer(scenario, two, &reveal), &[Stage::Quoting]);
        refused("accept", answer(scenario, &all("S1"), &accept), &[Stage::Quoting]);
        refused("search", answer(scenario, "REGISTRY.maker", &search), &conclude);
        refused("approve", answer(scenario, "BKA.risk", &approve), &[Stage::Accepted]);
        refused("register", answer(scenario, "BKA.maker+REGISTRY.maker", &register), &[Stage::Approved]);
        // Before registration the refusal names what is missing.
        refused("disburse", answer(scenario, "BKA.treasurer+BKA.checker", &disburse), &conclude);
        refused("fail", answer(scenario, two, &FailFinancing { financing: id, reason: reason() }), &conclude);
        let reject = RejectFinancing { financing: id, reason: reason() };
        refused("reject", answer(scenario, two, &reject), &[Stage::Accepted]);
        if *stage != Stage::Quoting {
            let cancel = CancelFinancing { financing: id, reason: reason() };
            refused("cancel", answer(scenario, "S1.maker+S1.checker", &cancel), &conclude);
        }
        let closed: Vec<Stage> = STAGES.iter().copied().filter(|stage| stage.is_closed()).collect();
        let deregister = Deregister { financing: id, connector };
        refused("deregister", answer(scenario, "BKA.maker+REGISTRY.maker", &deregister), &closed);
    }
}

#[test]
fn a_quote_that_has_ended_is_neither_improved_opened_accepted_nor_withdrawn() {
    let mut scenario = consortium();
    let (_, root) = issued(&mut scenario, "INV-1", cny("1000.00"));
    let apply = application(&scenario, root, cny("1000.00"), FinancingKind::NonRecourse, &["BKA"]);
    let id = scenario.act(&all("S1"), &apply).unwrap();
    let (dear, cheap) = (terms(&scenario, 45_000), terms(&scenario, 44_000));
    scenario.act(&all("BKA"), &GiveQuote { financing: id, offer: Offer::Open(dear.clone()) }).unwrap();
    let key = (id, Scenario::id("BKA"));
    let two = "BKA.maker+BKA.checker";
    for status in [QuoteStatus::Accepted, QuoteStatus::Withdrawn, QuoteStatus::Lapsed, QuoteStatus::Released] {
        let record = Quote { status, ..scenario.record(&key).unwrap() };
        record.store(&mut scenario.state, &key);
        let improve = ImproveQuote { financing: id, offer: Offer::Open(cheap.clone()) };
        assert_eq!(answer(&scenario, two, &improve), "E_QUOTE_STATE");
        let reveal = RevealQuote { financing: id, terms: dear.clone(), secret: Digest::default() };
        assert_eq!(answer(&scenario, two, &reveal), "E_QUOTE_STATE");
        let accept = AcceptQuote { financing: id, bank: Scenario::id("BKA"), terms: dear.clone() };
        assert_eq!(answer(&scenario, "S1.maker+S1.checker", &accept), "E_QUOTE_STATE");
        assert_eq!(answer(&scenario, two, &WithdrawQuote { financing: id }), "E_QUOTE_STATE");
    }
}
