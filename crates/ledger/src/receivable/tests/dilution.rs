//! Credit notes, cancellation, set-off, and invoices that are revoked.

use super::*;
use crate::document::{CreditNote, CreditNoteId, fixtures::credit_note};

const BOTH: &str = "CORE.maker+CORE.checker+S1.maker+S1.checker";

/// S1 takes `amount` of the certificate's first invoice back.
fn note(scenario: &mut Scenario, id: CertificateId, number: &str, amount: Amount) -> CreditNoteId {
    let invoice = certificate(scenario, id).claims[0].invoice;
    let today = scenario.time.date();
    scenario.act("S1.maker", &credit_note(invoice, number, today, amount)).unwrap()
}

fn reduce(id: CertificateId, credit_note: CreditNoteId, cuts: &[(LotId, &str)]) -> ReduceMutual {
    let cuts = cuts.iter().map(|(lot, amount)| Cut { lot: *lot, amount: cny(amount) }).collect();
    ReduceMutual { certificate: id, credit_note, cuts: List::new(cuts).unwrap() }
}

/// Variant (c): 500,000.00 of S1's 800,000.00 are burned.
#[test]
fn a_credit_note_burns_what_the_first_creditor_still_holds_when_both_agree() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    scenario.move_to("2026-03-20", 9, 0);
    let note = note(&mut scenario, id, "CN-1", cny("500000.00"));
    let act = reduce(id, note, &[(lots[0], "500000.00")]);
    assert_eq!(name(scenario.act("CORE.maker+CORE.checker", &act)), "E_THRESHOLD", "S1 must agree");
    assert_eq!(scenario.act(BOTH, &act), Ok(cny("500000.00")));
    let reduced = certificate(&mut scenario, id);
    assert_eq!((reduced.live, reduced.cancelled), (cny("4500000.00"), cny("500000.00")));
    assert_eq!(quota(&mut scenario).1, cny("4500000.00"));
    assert_eq!(lot(&mut scenario, LotId::of(id, 10)).face, cny("300000.00"));
    assert_eq!(reduced.claims[0].amount, cny("4500000.00"));
    assert_eq!(scenario.record::<CreditNote>(&note).unwrap().outstanding(), cny("0.00"));
    scenario.audit();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("4500000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    scenario.audit();
}

#[test]
fn nothing_is_burned_that_another_holds_or_that_no_credit_note_takes_back() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    let credited = note(&mut scenario, id, "CN-1", cny("500000.00"));
    let refused = |scenario: &mut Scenario, act: &ReduceMutual| name(scenario.act(BOTH, act));
    assert_eq!(refused(&mut scenario, &reduce(id, credited, &[])), "E_NOTHING_CUT");
    assert_eq!(refused(&mut scenario, &reduce(id, credited, &[(lots[2], "5.00")])), "E_NOT_HOLDER");
    assert_eq!(refused(&mut scenario, &reduce(id, credited, &[(lots[0], "500000.01")])), "E_CREDIT_NOTE_SPENT");
    assert_eq!(refused(&mut scenario, &reduce(id, credited, &[(lots[0], "0.00")])), "E_AMOUNT_ZERO");
    assert_eq!(
        refused(&mut scenario, &reduce(id, CreditNoteId::default(), &[(lots[0], "1.00")])),
        "E_DOCUMENT_UNKNOWN"
    );
    let twice = reduce(id, credited, &[(lots[0], "200000.00"), (lots[0], "200000.00")]);
    assert_eq!(refused(&mut scenario, &twice), "E_LOT_SPENT");
    let small = split(&mut scenario, "S1", lots[0], &["1000.00", "799000.00"]).unwrap();
    assert_eq!(refused(&mut scenario, &reduce(id, credited, &[(small[0], "1000.01")])), "E_SPLIT_SUM");
    let (other, other_lot) = issued(&mut scenario, "INV-2", cny("10000.00"));
    assert_eq!(refused(&mut scenario, &reduce(other, credited, &[(other_lot, "1.00")])), "E_CREDIT_NOTE_ELSEWHERE");
    assert_eq!(refused(&mut scenario, &reduce(id, credited, &[(other_lot, "1.00")])), "E_LOT_ELSEWHERE");
    scenario.act(BOTH, &reduce(id, credited, &[(small[0], "1000.00"), (small[1], "9000.00")])).unwrap();
    assert_eq!(certificate(&mut scenario, id).cancelled, cny("10000.00"));
    scenario.audit();
    scenario.move_to("2026-08-21", 9, 0);
    assert_eq!(refused(&mut scenario, &reduce(id, credited, &[(lots[1], "1.00")])), "E_RECORD_CLOSED");
}

#[test]
fn a_reduction_that_finds_no_room_for_the_rest_burns_whole_lots() {
    let mut scenario = consortium();
    set_policy(&mut scenario, |policy| policy.lots_per_root_max = 3);
    let (id, first) = issued(&mut scenario, "INV-1", cny("10000.00"));
    let parts = split(&mut scenario, "S1", first, &["4000.00", "6000.00"]).unwrap();
    let credited = note(&mut scenario, id, "CN-1", cny("10000.00"));
    assert_eq!(name(scenario.act(BOTH, &reduce(id, credited, &[(parts[0], "1.00")]))), "E_TOO_MANY_LOTS");
    scenario.act(BOTH, &reduce(id, credited, &[(parts[0], "4000.00")])).unwrap();
    scenario.act(BOTH, &reduce(id, credited, &[(parts[1], "6000.00")])).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Cancelled);
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));
    scenario.audit();
}

/// Variant (d): S1 holds nothing any more.
#[test]
fn a_credit_note_that_finds_nothing_to_burn_is_a_counter_claim_that_a_later_certificate_nets() {
    let mut scenario = consortium();
    let (id, first) = issued(&mut scenario, "INV-1", cny("5000000.00"));
    pass_on(&mut scenario, ("S1", "S2"), first, cny("5000000.00")).unwrap();
    let credited = note(&mut scenario, id, "CN-1", cny("500000.00"));
    let held = LotId::of(id, 2);
    assert_eq!(name(scenario.act(BOTH, &reduce(id, credited, &[(held, "500000.00")]))), "E_NOT_HOLDER");
    let core = "CORE.maker+CORE.checker";
    let raise = |amount| RaiseCounterClaim { certificate: id, credit_note: credited, amount: cny(amount) };
    assert_eq!(name(scenario.act(core, &raise("500000.01"))), "E_CREDIT_NOTE_SPENT");
    assert_eq!(name(scenario.act(core, &raise("0.00"))), "E_AMOUNT_ZERO");
    let counter_claim = scenario.act(core, &raise("500000.00")).unwrap();
    assert_eq!(name(scenario.act(core, &raise("0.01"))), "E_CREDIT_NOTE_SPENT");
    assert_eq!(certificate(&mut scenario, id).live, cny("5000000.00"), "no holder loses anything");
    scenario.audit();

    let invoice = trade(&mut scenario, "S1", "CORE", "INV-2", cny("800000.00"));
    let netting = Netting { counter_claim, amount: cny("500000.00") };
    let smaller = Draft {
        face: cny("300000.00"),
        nettings: List::new(vec![netting]).unwrap(),
        ..draft(cny("300000.00"), &[(invoice, cny("800000.00"))])
    };
    let (second, _) = issue(&mut scenario, &smaller).unwrap();
    assert_eq!(scenario.record::<CounterClaim>(&counter_claim).unwrap().left(), cny("0.00"));
    scenario.audit();
    // Canceled by both, it gives back what it netted.
    let cancel = CancelMutual { certificate: second, reason: text("goods returned") };
    scenario.act(BOTH, &cancel).unwrap();
    assert_eq!(scenario.record::<CounterClaim>(&counter_claim).unwrap().left(), cny("500000.00"));
    assert_eq!(balance(&mut scenario, invoice), [cny("0.00"); 3]);
    let elsewhere = RaiseCounterClaim { certificate: second, ..raise("0.01") };
    assert_eq!(name(scenario.act(core, &elsewhere)), "E_CREDIT_NOTE_ELSEWHERE");
    scenario.audit();
}

#[test]
fn a_certificate_is_canceled_only_whole_and_with_its_only_holder() {
    let mut scenario = consortium();
    let (id, first) = issued(&mut scenario, "INV-1", cny("10000.00"));
    let cancel = |certificate| CancelMutual { certificate, reason: text("goods returned") };
    assert_eq!(name(scenario.act("CORE.maker+CORE.checker", &cancel(id))), "E_THRESHOLD");
    let transfer = offer(&mut scenario, ("S1", "S2"), first, cny("10000.00")).unwrap();
    assert_eq!(name(scenario.act(BOTH, &cancel(id))), "E_CERTIFICATE_MOVED");
    scenario.act("S2.maker", &DeclineTransfer { transfer, reason: text("no") }).unwrap();
    let frozen = FreezeLot {
        lot: first,
        amount: None,
        ground: FreezeGround::Order,
        order: text("order 1"),
        order_digest: Digest::of(&[b"order"]),
        hours: None,
    };
    let freeze = scenario.act("COURT.maker+COURT.checker", &frozen).unwrap();
    assert_eq!(name(scenario.act(BOTH, &cancel(id))), "E_LOT_FROZEN");
    scenario.act("COURT.maker+COURT.checker", &Unfreeze { freeze, order: text("order 2") }).unwrap();
    scenario.act(BOTH, &cancel(id)).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Cancelled);
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));
    assert_eq!(name(scenario.act(BOTH, &cancel(id))), "E_ROOT_STATE");
    let (split_up, first) = issued(&mut scenario, "INV-2", cny("10000.00"));
    split(&mut scenario, "S1", first, &["4000.00", "6000.00"]).unwrap();
    assert_eq!(name(scenario.act(BOTH, &cancel(split_up))), "E_CERTIFICATE_MOVED");
    scenario.move_to("2026-08-28", 18, 0);
    assert_eq!(status(&mut scenario, id), CertificateStatus::Cancelled, "its days find nothing to do");
    scenario.audit();
}

/// Variant (e): S1's lots are locked, S2 and S3 are unaffected.
#[test]
fn a_revoked_invoice_locks_the_first_creditors_lots_and_nobody_elses() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    let offered = offer(&mut scenario, ("S1", "S2"), lots[1], cny("1000000.00")).unwrap();
    scenario.move_to("2026-03-05", 9, 0);
    let invoice = certificate(&mut scenario, id).claims[0].invoice;
    attest(&mut scenario, invoice, InvoiceStatus::RedLettered);
    scenario.run_due();
    let alert = told::<AlertRaised>(&scenario).pop().unwrap();
    assert_eq!((alert.rule, alert.severity, alert.invoice), (AlertRule::InvoiceRevoked, 1, Some(invoice)));
    let locks = lots.map(|id| lot(&mut scenario, id).lock);
    assert_eq!(locks, [Some(invoice), Some(invoice), None, None]);
    assert_eq!(name(split(&mut scenario, "S1", lots[0], &["400000.00", "400000.00"])), "E_LOT_LOCKED");
    let refused = scenario.act("S2.maker+S2.checker", &AcceptTransfer { transfer: offered });
    assert_eq!(name(refused), "E_LOT_LOCKED", "what is on offer is still S1's");
    offer(&mut scenario, ("S2", "S3"), lots[2], cny("5000.00")).expect("S2 is not affected");
    scenario.audit();
    let core = "CORE.maker+CORE.checker";
    let unlock = |lot| Unlock { lot, reason: text("invoiced anew") };
    assert_eq!(name(scenario.act("CORE2.maker+CORE2.checker", &unlock(lots[0]))), "E_NOT_PARTY");
    assert_eq!(name(scenario.act(core, &unlock(lots[2]))), "E_LOT_NOT_LOCKED");
    scenario.act(core, &unlock(lots[0])).unwrap();
    split(&mut scenario, "S1", lots[0], &["400000.00", "400000.00"]).unwrap();
    // The obligor owes it all the same.
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("5000000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    scenario.audit();
}

#[test]
fn what_is_locked_can_be_burned() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    let credited = note(&mut scenario, id, "CN-1", cny("800000.00"));
    scenario.move_to("2026-03-05", 9, 0);
    let invoice = certificate(&mut scenario, id).claims[0].invoice;
    attest(&mut scenario, invoice, InvoiceStatus::RedLettered);
    scenario.run_due();
    scenario.act(BOTH, &reduce(id, credited, &[(lots[0], "300000.00")])).unwrap();
    assert_eq!(lot(&mut scenario, LotId::of(id, 10)).lock, Some(invoice), "the rest stays locked");
    scenario.audit();
}

#[test]
fn a_holder_who_owes_the_obligor_pays_with_the_obligors_own_debt() {
    let mut scenario = consortium();
    let (id, lots) = spread(&mut scenario);
    let invoice = trade(&mut scenario, "CORE", "S3", "INV-C", cny("300000.00"));
    let set_off = |amount: &str, claimed: &str| SetOff {
        lot: lots[3],
        amount: cny(amount),
        claims: claims(&[(invoice, cny(claimed))]),
    };
    let signers = format!("{}+CORE.maker+CORE.checker", all("S3"));
    assert_eq!(name(scenario.act(&all("S3"), &set_off("300000.00", "300000.00"))), "E_THRESHOLD");
    assert_eq!(name(scenario.act(&signers, &set_off("300000.00", "200000.00"))), "E_TRADE_DOC_SHORT");
    assert_eq!(name(scenario.act(&signers, &set_off("200000.00", "300000.00"))), "E_CLAIMS_OVER");
    assert_eq!(name(scenario.act(&signers, &set_off("0.00", "300000.00"))), "E_AMOUNT_ZERO");
    assert_eq!(name(offer(&mut scenario, ("S3", "CORE"), lots[3], cny("300000.00"))), "E_TO_OBLIGOR");
    let redeemed = scenario.act(&signers, &set_off("300000.00", "300000.00")).unwrap();
    let paid = lot(&mut scenario, redeemed);
    assert_eq!((paid.status, paid.face, paid.paid), (LotStatus::Redeemed, cny("300000.00"), cny("300000.00")));
    let after = certificate(&mut scenario, id);
    assert_eq!((after.live, after.redeemed), (cny("4700000.00"), cny("300000.00")));
    assert_eq!(quota(&mut scenario).1, cny("4700000.00"));
    assert_eq!(balance(&mut scenario, invoice)[2], cny("300000.00"));
    scenario.move_to("2026-03-05", 9, 0);
    attest(&mut scenario, invoice, InvoiceStatus::Void);
    scenario.run_due();
    assert_eq!(told::<AlertRaised>(&scenario).last().unwrap().rule, AlertRule::InvoiceRevoked);
    scenario.audit();
    scenario.move_to("2026-08-28", 9, 0);
    fund(&mut scenario, id, cny("4700000.00")).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    scenario.audit();
}

#[test]
fn a_certificate_that_is_set_off_to_the_last_cent_is_settled() {
    let mut scenario = consortium();
    let (id, first) = issued(&mut scenario, "INV-1", cny("5000.00"));
    let invoice = trade(&mut scenario, "CORE", "S1", "INV-C", cny("5000.00"));
    let act = SetOff { lot: first, amount: cny("5000.00"), claims: claims(&[(invoice, cny("5000.00"))]) };
    scenario.act("S1.maker+S1.checker+CORE.maker+CORE.checker", &act).unwrap();
    assert_eq!(status(&mut scenario, id), CertificateStatus::Settled);
    assert_eq!(quota(&mut scenario), (cny("0.00"), cny("0.00")));
    scenario.move_to("2026-08-28", 18, 0);
    scenario.audit();
}
