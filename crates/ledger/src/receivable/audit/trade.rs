//! What a certificate rests on: I5, I7, I8, I10.

use super::Book;
use crate::{
    core::{Audit, EnterpriseId, EntityRole},
    document::{Claim, Invoice, InvoiceId, InvoiceKind},
    enterprise::Enterprise,
    receivable::types::{CertificateStatus, TransferStatus},
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn audit(audit: &mut Audit, book: &Book) {
    let invoices: BTreeMap<InvoiceId, Invoice> = audit.all::<Invoice>().into_iter().collect();
    claims(audit, book, &invoices);
    delivered(audit, book, &invoices);
    tenor(audit, book);
    operators(audit, book);
}

/// What certificates and transfers claim of one invoice, by how far they have come.
#[derive(Default)]
struct Claimed {
    reserved: u128,
    allocated: u128,
    settled: u128,
}

/// I5: what certificates and transfers claim of an invoice is claimed there, and so within its gross amount.
fn claims(audit: &mut Audit, book: &Book, invoices: &BTreeMap<InvoiceId, Invoice>) {
    use CertificateStatus as Status;
    let mut claimed: BTreeMap<InvoiceId, Claimed> = BTreeMap::new();
    let mut add = |claims: &[Claim], part: fn(&mut Claimed) -> &mut u128| {
        for claim in claims {
            *part(claimed.entry(claim.invoice).or_default()) += u128::from(claim.amount.minor);
        }
    };
    for certificate in book.certificates.values() {
        match certificate.status {
            Status::PendingInternal | Status::Offered => add(&certificate.claims, |claimed| &mut claimed.reserved),
            Status::Active | Status::Maturing | Status::Overdue | Status::Defaulted | Status::WrittenOff => {
                add(&certificate.claims, |claimed| &mut claimed.allocated);
            }
            Status::Settled | Status::SettledLate => add(&certificate.claims, |claimed| &mut claimed.settled),
            Status::Draft | Status::Rejected | Status::Withdrawn | Status::Expired | Status::Cancelled => {}
        }
    }
    for transfer in book.transfers.values() {
        match transfer.status {
            TransferStatus::Offered => add(&transfer.claims, |claimed| &mut claimed.reserved),
            TransferStatus::Accepted => add(&transfer.claims, |claimed| &mut claimed.settled),
            TransferStatus::Declined | TransferStatus::Revoked | TransferStatus::Expired => {}
        }
    }
    for (id, claimed) in claimed {
        let told = invoices.get(&id).map(|invoice| &invoice.balance);
        let covered = told.is_some_and(|balance| {
            claimed.reserved <= u128::from(balance.reserved.minor)
                && claimed.allocated <= u128::from(balance.allocated.minor)
                && claimed.settled <= u128::from(balance.settled.minor)
        });
        audit.ensure("I5", covered, || {
            let Claimed { reserved, allocated, settled } = claimed;
            format!("{id}: claimed {reserved}, {allocated}, {settled}; the invoice says {told:?}")
        });
    }
}

/// I7: a certificate is as large as its invoices less counter-claims, and each is one for goods or services that were
/// ordered, never an advance. That they were delivered is refused otherwise when they are claimed.
fn delivered(audit: &mut Audit, book: &Book, invoices: &BTreeMap<InvoiceId, Invoice>) {
    for (id, certificate) in &book.certificates {
        if certificate.acceptance.is_none() {
            continue;
        }
        let claimed: u128 = certificate.claims.iter().map(|claim| u128::from(claim.amount.minor)).sum();
        let netted: u128 = certificate.nettings.iter().map(|netting| u128::from(netting.amount.minor)).sum();
        let face = u128::from(certificate.face.minor);
        // Canceled whole it keeps the list of its invoices; they are free again.
        let kept = certificate.status == CertificateStatus::Cancelled && claimed == face + netted;
        let reduced = if kept { 0 } else { u128::from(certificate.cancelled.minor) };
        audit.ensure("I7", claimed + reduced == face + netted, || {
            format!("{id}: invoices {claimed}, face {face}, netted {netted}, reduced {reduced}")
        });
        for claim in &certificate.claims {
            let traded = invoices.get(&claim.invoice).is_some_and(|invoice| {
                invoice.kind == InvoiceKind::Commercial
                    && invoice.order.is_some()
                    && invoice.traders.seller.enterprise == Some(certificate.creditor)
                    && invoice.traders.buyer.enterprise == Some(certificate.obligor)
            });
            audit.ensure("I7", traded, || format!("{id} rests on {}, which is no delivery of it", claim.invoice));
        }
    }
}

/// I8: the maturity is after the issue, and within the policy's months.
fn tenor(audit: &mut Audit, book: &Book) {
    for (id, certificate) in &book.certificates {
        let (Some(issued), Some(policy)) = (&certificate.issued, book.policy_of(certificate)) else { continue };
        let on = issued.at.date();
        let within = on < certificate.maturity && certificate.maturity <= on.plus_months(policy.tenor_months_hard);
        audit.ensure("I8", within, || format!("{id} was issued on {on} and matures on {}", certificate.maturity));
        let ordered = issued.call_at <= issued.record_at
            && issued.record_at < issued.cutoff_at
            && certificate.maturity <= issued.due_on;
        let told = certificate.acceptance.as_ref().map(|acceptance| acceptance.days_over);
        let clock = certificate.payment_clock;
        let flagged = told.is_none_or(|told| told == clock.map_or(0, |clock| clock.days_over));
        let counted =
            clock.is_none_or(|clock| clock.days_over == clock.pay_by.days_until(certificate.maturity).unwrap_or(0));
        audit.ensure("PAYMENT-TERM", flagged && counted, || format!("{id}: told {told:?}, {clock:?}"));
        audit.ensure("I8", ordered, || format!("{id}: {issued:?}"));
    }
}

/// I10: the platform's operator holds no lot, and neither receives nor pays for a certificate.
fn operators(audit: &mut Audit, book: &Book) {
    let is_operator =
        |(id, enterprise): (EnterpriseId, Enterprise)| enterprise.roles.contains(&EntityRole::Operator).then_some(id);
    let operators: BTreeSet<EnterpriseId> = audit.all::<Enterprise>().into_iter().filter_map(is_operator).collect();
    for (id, lot) in &book.lots {
        audit.ensure("I10", !operators.contains(&lot.holder), || format!("{id} is held by the operator"));
    }
    for (id, certificate) in &book.certificates {
        let agent = certificate.settlement_agent;
        audit.ensure("I10", !operators.contains(&agent), || format!("{id} is settled by the operator"));
    }
    for (id, funding) in &book.fundings {
        audit.ensure("I10", !operators.contains(&funding.payer), || format!("{id} was paid by the operator"));
    }
}
