//! `audit` sees each law broken.

use super::*;
use crate::document::state::Known;

/// The laws that `audit` finds broken after `break_it`.
fn broken(break_it: impl FnOnce(&mut World, InvoiceId)) -> Vec<&'static str> {
    let mut world = World::new(Flow::InvoiceBeforeReceipt);
    world.deliver(ALL);
    let invoice = world.bill("INV-1", ALL);
    let note = fixtures::credit_note(invoice, "CN-1", date("2026-02-26"), cny("100.00"));
    world.scenario.act("S1.maker", &note).unwrap();
    attest(&mut world.scenario, invoice, InvoiceStatus::Normal);
    world.reserve(ClaimUse::Issue, invoice, cny("5000.00")).unwrap();
    world.scenario.audit();
    break_it(&mut world, invoice);
    let mut laws: Vec<_> = crate::audit(&world.scenario.state).0.into_iter().map(|violation| violation.law).collect();
    laws.dedup();
    laws
}

fn change<R: Record>(world: &mut World, id: &R::Id, edit: impl FnOnce(&mut R)) {
    let mut record: R = world.scenario.record(id).unwrap();
    edit(&mut record);
    record.store(&mut world.scenario.state, id);
}

fn notes(world: &World) -> Vec<(CreditNoteId, CreditNote)> {
    let mut found = Vec::new();
    let prefix = CreditNote::key(&CreditNoteId::default())[..2].to_vec();
    for (key, value) in
        world.scenario.state.records.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix))
    {
        found.push((wire::decode(&key[2..]).unwrap(), wire::decode(value).unwrap()));
    }
    found
}

#[test]
fn audit_sees_an_invoice_claimed_over_its_gross_amount() {
    let laws = broken(|world, id| {
        change::<Invoice>(world, &id, |invoice| invoice.balance.allocated = cny("4900.01"));
    });
    assert_eq!(laws, ["I5"]);
}

#[test]
fn audit_sees_a_credit_that_no_note_gave() {
    let laws = broken(|world, id| {
        change::<Invoice>(world, &id, |invoice| invoice.balance.credited = cny("100.01"));
    });
    assert_eq!(laws, ["DOCUMENT-CREDITED"]);
    let laws = broken(|world, _| {
        let (id, _) = notes(world).remove(0);
        change::<CreditNote>(world, &id, |note| note.countered = cny("0.01"));
    });
    assert_eq!(laws, ["DOCUMENT-CREDIT-NOTE"]);
}

#[test]
fn audit_sees_progress_without_papers() {
    let laws = broken(|world, _| {
        let order = world.order;
        change::<OrderProgress>(world, &order, |progress| {
            for line in progress.lines.iter_mut() {
                line.received = pieces(100_001);
            }
        });
    });
    assert_eq!(laws, ["DOCUMENT-PROGRESS"]);
    let laws = broken(|world, _| {
        let order = world.order;
        change::<OrderProgress>(world, &order, |progress| progress.invoiced = cny("0.01"));
    });
    assert_eq!(laws, ["DOCUMENT-PROGRESS"]);
}

#[test]
fn audit_sees_a_paper_that_stands_twice_or_under_another_name() {
    let laws = broken(|world, id| {
        change::<Invoice>(world, &id, |invoice| invoice.number = text("INV-2"));
    });
    assert_eq!(laws, ["DOCUMENT-FINGERPRINT"]);
    let laws = broken(|world, id| {
        let digest = world.scenario.record::<Invoice>(&id).unwrap().fingerprint;
        Known::remove(&mut world.scenario.state, &digest);
    });
    assert_eq!(laws, ["DOCUMENT-FINGERPRINT"]);
}

#[test]
fn audit_sees_a_paper_that_names_nothing() {
    let laws = broken(|world, _| {
        let contract = world.contract;
        Contract::remove(&mut world.scenario.state, &contract);
    });
    assert_eq!(laws, ["DOCUMENT-FINGERPRINT", "DOCUMENT-LINK"]);
    let laws = broken(|world, id| InvoiceLines::remove(&mut world.scenario.state, &id));
    assert_eq!(laws, ["DOCUMENT-PROGRESS", "DOCUMENT-LINK"]);
}

#[test]
fn audit_sees_a_claimant_who_would_not_be_told() {
    let laws = broken(|world, id| Claimant::remove(&mut world.scenario.state, &(id, 0)));
    assert_eq!(laws, ["DOCUMENT-CLAIMANTS"]);
}
