//! What happened: I17, I18.

use super::Book;
use crate::{
    core::Audit,
    receivable::types::{
        Backing, Change, FinancingId, FinancingKind, FinancingStatus, LotStatus, Step, TransferId, TransferStatus,
    },
};
use std::collections::BTreeMap;

pub(super) fn audit(audit: &mut Audit, book: &Book) {
    recourse(audit, book);
    guarantees(audit, book);
    histories(audit, book);
}

/// I17: only the seller of a financing with recourse takes a lot back.
fn recourse(audit: &mut Audit, book: &Book) {
    for (id, recourse) in &book.recourses {
        let signed = book.financings.get(id).is_some_and(|financing| {
            financing.kind == FinancingKind::RecourseToSeller
                && financing.seller == recourse.seller
                && financing.lot == recourse.lot
                && (financing.status == FinancingStatus::Recoursed) == recourse.paid.is_some()
        });
        audit.ensure("I17", signed, || format!("{id}: {} signed no recourse", recourse.seller));
    }
    for (id, lot) in &book.lots {
        if let LotStatus::Recoursed(financing) = lot.status {
            let bought = book.recourses.get(&financing).is_some_and(|recourse| {
                recourse.paid.is_some() && recourse.seller == lot.holder && recourse.lot == *id
            });
            audit.ensure("I17", bought, || format!("{id} was taken back by {} in no recourse", lot.holder));
        }
    }
}

/// I17: only the guarantor that the certificate names takes the place of a holder, and only of one that claimed.
fn guarantees(audit: &mut Audit, book: &Book) {
    for (id, claim) in &book.guarantee_claims {
        let named = book.certificates.get(&claim.certificate).is_some_and(|certificate| {
            certificate.backing == Backing::Guarantor(claim.guarantor)
                && book.lots.get(id).is_some_and(|lot| lot.certificate == claim.certificate)
        });
        audit.ensure("I17", named, || format!("{id}: {} guarantees it not", claim.guarantor));
    }
    for (id, lot) in &book.lots {
        if lot.status == LotStatus::Subrogated {
            let claim = book.guarantee_claims.get(id);
            let paid = claim.is_some_and(|claim| claim.paid.is_some() && claim.guarantor == lot.holder);
            audit.ensure("I17", paid, || format!("{id} was taken over by {} on no claim", lot.holder));
        }
    }
}

/// I18: a certificate's history has every step, in order, each under the policy of its time; and the last step of each
/// thing says what it is now.
fn histories(audit: &mut Audit, book: &Book) {
    let mut transfers: BTreeMap<TransferId, TransferStatus> = BTreeMap::new();
    let mut financings: BTreeMap<FinancingId, FinancingStatus> = BTreeMap::new();
    for (id, certificate) in &book.certificates {
        let none = BTreeMap::new();
        let steps = book.steps.get(id).unwrap_or(&none);
        let whole = steps.keys().copied().eq(0..certificate.steps);
        audit.ensure("I18", whole, || format!("{id} has {} of {} steps", steps.len(), certificate.steps));
        let mut status = None;
        let mut before: Option<&Step> = None;
        for (number, step) in steps {
            let version = book.policies.get(&step.policy_version);
            let next = book.policies.get(&(step.policy_version + 1));
            let of_its_time = version.is_some_and(|version| version.effective_from <= step.at)
                && next.is_none_or(|next| step.at < next.effective_from);
            audit.ensure("I18", of_its_time, || format!("{id} step {number}: policy {}", step.policy_version));
            let in_order = before.is_none_or(|before| before.at <= step.at);
            audit.ensure("I18", in_order, || format!("{id} step {number} is before the last"));
            before = Some(step);
            match &step.change {
                Change::Certificate(to) => status = Some(*to),
                Change::Transfer(transfer, to) => drop(transfers.insert(*transfer, *to)),
                Change::Financing(financing, to) => drop(financings.insert(*financing, *to)),
                Change::LotSpent(_)
                | Change::Refinanced(_)
                | Change::Freeze(_)
                | Change::Dispute(_)
                | Change::Reduced(_)
                | Change::SetOff(_)
                | Change::Recorded
                | Change::Funded(_)
                | Change::Distributed(_)
                | Change::Recourse(_)
                | Change::LotWrittenOff(_)
                | Change::Lock(_)
                | Change::CounterClaim(_)
                | Change::ExcessReturned(_)
                | Change::Guarantee(_)
                | Change::Shortfall(_) => {}
            }
        }
        let told = status == Some(certificate.status);
        audit.ensure("I18", told, || format!("{id} is {:?}, its history ends with {status:?}", certificate.status));
    }
    for (id, transfer) in &book.transfers {
        let told = transfers.get(id) == Some(&transfer.status);
        audit.ensure("I18", told, || format!("{id} is {:?}, its history says otherwise", transfer.status));
    }
    for (id, financing) in &book.financings {
        let told = financings.get(id) == Some(&financing.status);
        audit.ensure("I18", told, || format!("{id} is {:?}, its history says otherwise", financing.status));
    }
}
