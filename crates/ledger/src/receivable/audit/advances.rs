//! Advances: what was advanced, and its interest and fees, is owed or paid; the obligor's money on the lot went to the bank
//! as far as it was owed, and the rest to the seller; and only a seller who agreed to recourse has such an account.

use super::Book;
use crate::{
    core::Audit,
    receivable::types::{Advance, AdvanceParts, AdvanceStatus, FinancingId, FinancingKind, FinancingStatus},
};
use types::Amount;

pub(super) fn audit(audit: &mut Audit, book: &Book) {
    for (id, advance) in &book.advances {
        terms(audit, book, *id, advance);
        shares(audit, book, *id, advance);
    }
    for (id, financing) in &book.financings {
        let below = financing.disbursement.as_ref().is_some_and(|disbursement| !disbursement.price.holdback.is_zero());
        let kept = book.advances.contains_key(id) == below;
        audit.ensure("ADVANCE", kept, || format!("{id} is below the face: {below}, and has no such account"));
    }
    for (id, freeze) in &book.freezes {
        let part = freeze.for_seller.is_none_or(|share| share.amount.minor <= freeze.suspense.minor);
        audit.ensure("I14", part, || format!("{id}: {:?} of {}", freeze.for_seller, freeze.suspense));
    }
}

/// What was agreed is owed or paid, part by part.
fn terms(audit: &mut Audit, book: &Book, id: FinancingId, advance: &Advance) {
    let Some(financing) = book.financings.get(&id) else {
        return audit.ensure("ADVANCE", false, || format!("{id} is no financing"));
    };
    let recourse = financing.kind == FinancingKind::RecourseToSeller && financing.seller == advance.seller;
    audit.ensure("I17", recourse, || format!("{id}: {} agreed to no recourse", advance.seller));
    let price = financing.disbursement.as_ref().map(|disbursement| disbursement.price);
    let agreed = price.is_some_and(|price| {
        let whole = |part: fn(&AdvanceParts) -> Amount| part(&advance.owed).minor + part(&advance.paid).minor;
        whole(|parts| parts.principal) == price.net.minor
            && whole(|parts| parts.interest) == price.discount.minor
            && whole(|parts| parts.fees) == price.fees.minor
            && whole(|parts| parts.costs) == financing.costs.minor
    });
    audit.ensure("ADVANCE", agreed, || format!("{id}: {advance:?} is not what was agreed, {price:?}"));
    let expected = match advance.status {
        AdvanceStatus::Open => financing.status == FinancingStatus::Disbursed,
        AdvanceStatus::Short => financing.status == FinancingStatus::Repaid,
        AdvanceStatus::Closed => matches!(financing.status, FinancingStatus::Repaid | FinancingStatus::Recoursed),
        AdvanceStatus::WrittenOff => financing.status == FinancingStatus::WrittenOff,
    };
    audit.ensure("ADVANCE", expected, || format!("{id} is {:?}, its advance {:?}", financing.status, advance.status));
    let settled = sum(&advance.owed) == 0;
    let owed = matches!(advance.status, AdvanceStatus::Open | AdvanceStatus::WrittenOff);
    audit.ensure("ADVANCE", owed || settled == (advance.status == AdvanceStatus::Closed), || {
        format!("{id} is {:?} and {:?} is owed", advance.status, advance.owed)
    });
}

/// received = paid by it + released, to the last minor unit; and the rounds say the same.
fn shares(audit: &mut Audit, book: &Book, id: FinancingId, advance: &Advance) {
    let paid = sum(&advance.paid) + u128::from(advance.released.minor);
    let came = u128::from(advance.received.minor) + u128::from(advance.by_seller.minor);
    audit.ensure("ADVANCE", paid == came, || format!("{id}: {came} came, {paid} went"));
    let pages = book.paid_pages.range((advance.certificate, 0, 0)..=(advance.certificate, u32::MAX, u32::MAX));
    let lines = pages.flat_map(|(_, page)| page.lines.iter()).filter(|line| line.lot == advance.lot);
    let released: u128 = lines.map(|line| u128::from(line.released.minor)).sum();
    let told = u128::from(advance.released.minor);
    audit.ensure("ADVANCE", released == told, || format!("{id} released {told}, its rounds {released}"));
}

fn sum(parts: &AdvanceParts) -> u128 {
    let AdvanceParts { costs, fees, interest, penalty, principal } = *parts;
    [costs, fees, interest, penalty, principal].iter().map(|part| u128::from(part.minor)).sum()
}
