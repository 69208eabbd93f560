//! What is owed, and by which lots: I1 to I4, I6, I11, I13, I16.

use super::Book;
use crate::{
    core::Audit,
    receivable::types::{Certificate, CertificateId, FinancingStatus, Lot, LotId, LotStatus, TransferStatus},
};

pub(super) fn audit(audit: &mut Audit, book: &Book) {
    for (id, certificate) in &book.certificates {
        conservation(audit, book, *id, certificate);
        structure(audit, book, *id, certificate);
        for (lot_id, lot) in book.lots_of(*id) {
            inheritance(audit, book, (*id, certificate), (lot_id, lot));
            lock(audit, book, lot_id, lot);
            spending(audit, book, lot_id, lot);
            burning(audit, certificate, lot_id, lot);
        }
    }
    let orphans = book.lots.values().filter(|lot| !book.certificates.contains_key(&lot.certificate)).count();
    audit.ensure("I3", orphans == 0, || format!("{orphans} lots of no certificate"));
    pending(audit, book);
    overlays(audit, book);
}

/// I1: unpaid live lots + redeemed + canceled + written off = face. I16: so the obligor's debt under a certificate moves
/// only when it is paid, burned or given up, whoever holds the lots.
fn conservation(audit: &mut Audit, book: &Book, id: CertificateId, certificate: &Certificate) {
    let (mut live, mut paid, mut burned, mut given_up) = (0_u128, 0_u128, 0_u128, 0_u128);
    for (_, lot) in book.lots_of(id) {
        let (face, on_it) = (u128::from(lot.face.minor), u128::from(lot.paid.minor));
        match lot.status {
            LotStatus::Held
            | LotStatus::OfferedOut(_)
            | LotStatus::InFinancing(_)
            | LotStatus::Financed(_)
            | LotStatus::Recoursed(_)
            | LotStatus::Subrogated => {
                live += face.saturating_sub(on_it);
                paid += on_it;
            }
            LotStatus::Redeemed => {
                paid += on_it;
                audit.ensure("I1", on_it == face, || format!("a lot of {id} is redeemed with {on_it} of {face}"));
            }
            LotStatus::Cancelled => burned += face,
            LotStatus::WrittenOff => {
                paid += on_it;
                given_up += face.saturating_sub(on_it);
            }
            LotStatus::Spent { .. } => {
                audit.ensure("I2", on_it == 0, || format!("a spent lot of {id} was paid {on_it}"));
            }
        }
    }
    let told = [certificate.live, certificate.redeemed, certificate.cancelled, certificate.written_off];
    let told = told.map(|amount| u128::from(amount.minor));
    let counted = [live, paid, burned, given_up];
    audit.ensure("I1", told == counted, || {
        format!("{id} says live, redeemed, canceled, written off are {told:?}, its lots {counted:?}")
    });
    let face = u128::from(certificate.face.minor);
    let sum: u128 = counted.iter().sum();
    let lives = certificate.acceptance.is_some();
    audit.ensure("I1", sum == if lives { face } else { 0 }, || format!("{id}: parts sum to {sum}, face {face}"));
    let outstanding = face.checked_sub(paid + burned + given_up);
    audit.ensure("I16", !lives || outstanding == Some(live), || format!("{id} owes {outstanding:?}, lots {live}"));
    let ends = certificate.status.is_outstanding() == (live > 0);
    audit.ensure("I1", ends, || format!("{id} is {:?} and {live} is owed on it", certificate.status));
}

/// I6: depth, number and size of lots stay within the policy of the issue.
fn structure(audit: &mut Audit, book: &Book, id: CertificateId, certificate: &Certificate) {
    let lots = book.lots_of.get(&id).map_or(0, Vec::len);
    audit.ensure("I2", u32::try_from(lots) == Ok(certificate.lots), || format!("{id} has {lots} lots"));
    let Some(policy) = book.policy_of(certificate) else {
        audit.ensure("I18", certificate.issued.is_none(), || format!("{id} names no policy that was"));
        return;
    };
    audit.ensure("I6", certificate.lots <= policy.lots_per_root_max, || format!("{id} has {lots} lots"));
    for (lot_id, lot) in book.lots_of(id) {
        audit.ensure("I6", lot.depth <= policy.depth_max, || format!("{lot_id} is {} deep", lot.depth));
        let LotStatus::Spent { first_child, children } = lot.status else { continue };
        let children = (first_child..first_child + children).filter_map(|number| book.lots.get(&LotId::of(id, number)));
        let small = |child: &&Lot| child.face.minor < policy.lot_minor_min && child.status != LotStatus::Cancelled;
        let small = children.filter(small).count();
        audit.ensure("I6", small <= 1, || format!("{lot_id} was cut into {small} parts below the smallest"));
    }
}

/// I3: a lot has its certificate's obligor, currency and maturity.
fn inheritance(
    audit: &mut Audit,
    book: &Book,
    (id, root): (CertificateId, &Certificate),
    (lot_id, lot): (LotId, &Lot),
) {
    let same = lot.obligor == root.obligor
        && lot.maturity == root.maturity
        && lot.face.currency == root.face.currency
        && lot.paid.currency == root.face.currency;
    audit.ensure("I3", same, || format!("{lot_id} differs from {id}"));
    audit.ensure("I3", lot_id == LotId::of(id, lot.number), || format!("{lot_id} is number {}", lot.number));
    audit.ensure("I3", lot.range.length() == lot.face.minor, || format!("{lot_id}: {:?} is {}", lot.range, lot.face));
    let parent = lot.parent.and_then(|parent| book.lots.get(&parent));
    match lot.parent {
        None => {
            let whole = lot.number == 1 && lot.range.start_minor == 0 && lot.range.end_minor == root.face.minor;
            audit.ensure("I2", whole, || format!("{lot_id} has no parent and is not the whole"));
        }
        Some(_) => {
            let deeper = parent.is_some_and(|parent| lot.depth == parent.depth || lot.depth == parent.depth + 1);
            audit.ensure("I3", deeper, || format!("{lot_id} is {} deep", lot.depth));
        }
    }
}

/// I2: the children of a spent lot cover its range exactly, and each lot is the child of the lot that it names.
fn spending(audit: &mut Audit, book: &Book, lot_id: LotId, lot: &Lot) {
    let spent_on_it = lot.parent.and_then(|parent| book.lots.get(&parent)).is_none_or(|parent| match parent.status {
        LotStatus::Spent { first_child, children } => (first_child..first_child + children).contains(&lot.number),
        LotStatus::Held
        | LotStatus::OfferedOut(_)
        | LotStatus::InFinancing(_)
        | LotStatus::Financed(_)
        | LotStatus::Recoursed(_)
        | LotStatus::Subrogated
        | LotStatus::Redeemed
        | LotStatus::Cancelled
        | LotStatus::WrittenOff => false,
    });
    audit.ensure("I2", spent_on_it, || format!("{lot_id}: its parent was not spent on it"));
    let LotStatus::Spent { first_child, children } = lot.status else {
        return;
    };
    let mut position = lot.range.start_minor;
    let mut contiguous = children > 0;
    for number in first_child..first_child + children {
        match book.lots.get(&LotId::of(lot.certificate, number)) {
            Some(child) => {
                contiguous &= child.parent == Some(lot_id) && child.range.start_minor == position;
                position = child.range.end_minor;
            }
            None => contiguous = false,
        }
    }
    audit.ensure("I2", contiguous && position == lot.range.end_minor, || format!("{lot_id}: its children leave a gap"));
}

/// I4: what locks a lot exists and has this lot. I11: a financed lot's financing is disbursed and registered.
fn lock(audit: &mut Audit, book: &Book, lot_id: LotId, lot: &Lot) {
    match lot.status {
        LotStatus::OfferedOut(id) => {
            let open = book.transfers.get(&id).is_some_and(|transfer| {
                transfer.lot == lot_id && transfer.source == lot.holder && transfer.status == TransferStatus::Offered
            });
            audit.ensure("I4", open, || format!("{lot_id} is on offer in {id}, which is not open for it"));
        }
        LotStatus::InFinancing(id) => {
            let open = book.financings.get(&id).is_some_and(|financing| {
                let pending = !financing.status.is_closed() && financing.status != FinancingStatus::Disbursed;
                financing.lot == lot_id && financing.seller == lot.holder && pending
            });
            audit.ensure("I4", open, || format!("{lot_id} is in financing {id}, which is not open for it"));
        }
        LotStatus::Financed(id) => {
            let financing = book.financings.get(&id);
            let own = financing.is_some_and(|financing| financing.lot == lot_id && financing.bank == Some(lot.holder));
            audit.ensure("I4", own, || format!("{lot_id} is financed by {id}, which is not on it"));
            let paid_out = financing.is_some_and(|financing| {
                financing.status == FinancingStatus::Disbursed
                    && financing.disbursement.is_some()
                    && financing.registration.as_ref().is_some_and(|entry| !entry.number.is_empty())
            });
            audit.ensure("I11", paid_out, || format!("{lot_id}: {id} is not disbursed and registered"));
        }
        LotStatus::Held
        | LotStatus::Recoursed(_)
        | LotStatus::Subrogated
        | LotStatus::Spent { .. }
        | LotStatus::Redeemed
        | LotStatus::Cancelled
        | LotStatus::WrittenOff => {}
    }
}

/// I13: only what the first creditor itself held is ever burned.
fn burning(audit: &mut Audit, certificate: &Certificate, lot_id: LotId, lot: &Lot) {
    if lot.status == LotStatus::Cancelled {
        let own = lot.holder == certificate.creditor;
        audit.ensure("I13", own, || format!("{lot_id} was burned in the hands of {}", lot.holder));
    }
}

/// I4, from the other side: each open offer and financing has its lot.
fn pending(audit: &mut Audit, book: &Book) {
    let status = |lot| book.lots.get(lot).map(|lot: &Lot| lot.status);
    for (id, transfer) in &book.transfers {
        if transfer.status == TransferStatus::Offered {
            let own = status(&transfer.lot) == Some(LotStatus::OfferedOut(*id));
            audit.ensure("I4", own, || format!("{id} is open and its lot is not on offer in it"));
        }
    }
    for (id, financing) in &book.financings {
        if financing.status.is_closed() {
            continue;
        }
        let paid_out = financing.status == FinancingStatus::Disbursed;
        let expected = if paid_out { LotStatus::Financed(*id) } else { LotStatus::InFinancing(*id) };
        let own = status(&financing.lot) == Some(expected);
        audit.ensure("I4", own, || format!("{id} is {:?} and its lot is not in it", financing.status));
    }
}

/// I4: a freeze or dispute that is open lies on its lot, and what lies on a lot is open.
fn overlays(audit: &mut Audit, book: &Book) {
    for (id, freeze) in &book.freezes {
        let lies = book.lots.get(&freeze.lot).is_some_and(|lot| lot.freeze == Some(*id));
        audit.ensure("I4", lies == freeze.lifted.is_none(), || format!("{id} and {}", freeze.lot));
    }
    for (id, dispute) in &book.disputes {
        let lies = book.lots.get(&dispute.lot).is_some_and(|lot| lot.dispute == Some(*id));
        audit.ensure("I4", lies == dispute.resolved_at.is_none(), || format!("{id} and {}", dispute.lot));
    }
    for (id, lot) in &book.lots {
        let frozen = lot.freeze.is_none_or(|freeze| book.freezes.get(&freeze).is_some_and(|freeze| freeze.lot == *id));
        audit.ensure("I4", frozen, || format!("{id} is frozen by nothing"));
        let disputed = lot.dispute.is_none_or(|dispute| book.disputes.contains_key(&dispute));
        audit.ensure("I4", disputed, || format!("{id} is disputed by nothing"));
    }
}
