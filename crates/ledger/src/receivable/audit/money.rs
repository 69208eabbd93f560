//! What was promised, blocked and paid: I9, I12, I14, I15.

use super::Book;
use crate::{
    core::{Audit, EnterpriseId},
    credit::{BankLine, Cover, Quota, SupplierExposure},
    money::{AccountKind, CashAccount, CashFact, CashFactId},
    receivable::{
        rules::settlement::{pages, place},
        types::{
            Backing, CertificateId, CertificateStatus, FinancingStatus, Lot, LotStatus, PaymentSource, Payout,
            Settlement, SettlementPhase,
        },
    },
};
use std::collections::{BTreeMap, BTreeSet};
use types::{Amount, Currency, merkle, wire};

pub(super) fn audit(audit: &mut Audit, book: &Book) {
    quotas(audit, book);
    lines(audit, book);
    covers(audit, book);
    suppliers(audit, book);
    for (id, settlement) in &book.settlements {
        received(audit, book, *id, settlement);
        listed(audit, book, *id, settlement);
        frozen(audit, book, *id, settlement);
    }
    suspense(audit, book);
    facts(audit, book);
}

fn sum(amounts: impl Iterator<Item = Amount>) -> u128 {
    amounts.map(|amount| u128::from(amount.minor)).sum()
}

/// I9: what certificates owe and wait to owe is used and blocked of the quota.
fn quotas(audit: &mut Audit, book: &Book) {
    let quotas: BTreeMap<(EnterpriseId, Currency), Quota> = audit.all::<Quota>().into_iter().collect();
    let mut owed: BTreeMap<(EnterpriseId, Currency), (u128, u128)> = BTreeMap::new();
    for certificate in book.certificates.values() {
        let sums = owed.entry((certificate.obligor, certificate.face.currency)).or_default();
        if certificate.status.is_outstanding() {
            sums.1 += u128::from(certificate.live.minor);
        } else if matches!(certificate.status, CertificateStatus::PendingInternal | CertificateStatus::Offered) {
            sums.0 += u128::from(certificate.face.minor);
        }
    }
    for (key, (blocked, used)) in owed {
        let told = quotas.get(&key).map_or((0, 0), |quota| (quota.blocked.minor, quota.used.minor));
        let covered = blocked <= u128::from(told.0) && used <= u128::from(told.1);
        audit.ensure("I9", covered, || format!("{} {}: {blocked} and {used}, quota {told:?}", key.0, key.1));
    }
}

/// What certificates need of one line.
#[derive(Clone, Copy, Default, Debug)]
struct Needed {
    blocked: u128,
    utilised: u128,
    reserved: u128,
    earmarked: u128,
}

/// I9: what a bank financed and is owed is utilised of its line, what it quoted is blocked, and what it backs for life is
/// reserved as far as it does not hold it itself; its quotes on that are earmarked.
fn lines(audit: &mut Audit, book: &Book) {
    let lines: BTreeMap<LineKey, BankLine> = audit.all::<BankLine>().into_iter().collect();
    let mut needed: BTreeMap<LineKey, Needed> = BTreeMap::new();
    backed(book, &mut needed);
    for lot in book.lots.values() {
        if let LotStatus::Financed(_) = lot.status {
            let unpaid = u128::from(lot.unpaid().minor);
            needed.entry((lot.holder, lot.obligor, lot.face.currency)).or_default().utilised += unpaid;
        }
    }
    for ((financing, bank), quote) in &book.quotes {
        let Some(financing) = book.financings.get(financing) else { continue };
        let chosen = financing.bank == Some(*bank);
        let concluding = !financing.status.is_closed() && financing.status != FinancingStatus::Disbursed;
        let pending = concluding && if financing.bank.is_none() { quote.status.stands() } else { chosen };
        if pending {
            let line = needed.entry((*bank, financing.obligor, quote.amount.currency)).or_default();
            let backs = book.certificates.get(&financing.certificate).map(|certificate| certificate.backing);
            let part = if backs == Some(Backing::Bank(*bank)) { &mut line.earmarked } else { &mut line.blocked };
            *part += u128::from(quote.amount.minor);
        }
    }
    for (key, needed) in needed {
        let covered = lines.get(&key).is_some_and(|line| {
            needed.blocked <= u128::from(line.blocked.minor)
                && needed.utilised <= u128::from(line.utilised.minor)
                && needed.reserved <= u128::from(line.reserved.minor)
                && needed.earmarked <= u128::from(line.earmarked.minor)
        });
        audit.ensure("I9", covered, || format!("{} on {}: {needed:?}, line {:?}", key.0, key.1, lines.get(&key)));
    }
}

/// Bank, obligor, currency; or guarantor, obligor, currency.
type LineKey = (EnterpriseId, EnterpriseId, Currency);

/// What banks back for life: blocked until it is accepted, then reserved for what they do not hold themselves.
fn backed(book: &Book, needed: &mut BTreeMap<LineKey, Needed>) {
    for (id, certificate) in &book.certificates {
        let Backing::Bank(bank) = certificate.backing else { continue };
        let line = needed.entry((bank, certificate.obligor, certificate.face.currency)).or_default();
        if certificate.status.is_outstanding() {
            let own = |lot: &&Lot| lot.holder == bank && matches!(lot.status, LotStatus::Financed(_));
            let held = sum(book.lots_of(*id).map(|(_, lot)| lot).filter(own).map(Lot::unpaid));
            line.reserved += u128::from(certificate.live.minor).saturating_sub(held);
        } else if matches!(certificate.status, CertificateStatus::PendingInternal | CertificateStatus::Offered) {
            line.blocked += u128::from(certificate.face.minor);
        }
    }
}

/// I9: what a guarantor answers for, or has paid and is owed, is used of its cover.
fn covers(audit: &mut Audit, book: &Book) {
    let covers: BTreeMap<LineKey, Cover> = audit.all::<Cover>().into_iter().collect();
    let mut needed: BTreeMap<LineKey, (u128, u128)> = BTreeMap::new();
    for certificate in book.certificates.values() {
        let Backing::Guarantor(guarantor) = certificate.backing else { continue };
        let sums = needed.entry((guarantor, certificate.obligor, certificate.face.currency)).or_default();
        if certificate.status.is_outstanding() {
            sums.1 += u128::from(certificate.live.minor);
        } else if matches!(certificate.status, CertificateStatus::PendingInternal | CertificateStatus::Offered) {
            sums.0 += u128::from(certificate.face.minor);
        }
    }
    for (key, (blocked, used)) in needed {
        let told = covers.get(&key).map_or((0, 0), |cover| (cover.blocked.minor, cover.used.minor));
        let covered = blocked <= u128::from(told.0) && used <= u128::from(told.1);
        audit.ensure("I9", covered, || format!("{} for {}: {blocked} and {used}, cover {told:?}", key.0, key.1));
    }
}

/// I9: what a bank has accepted to finance and is owed on one supplier's claims is what its cap counts.
fn suppliers(audit: &mut Audit, book: &Book) {
    type Key = (EnterpriseId, EnterpriseId, Currency);
    let mut out: BTreeMap<Key, u128> = BTreeMap::new();
    for financing in book.financings.values() {
        let Some(bank) = financing.bank.filter(|_| !financing.status.is_closed()) else { continue };
        let owed = match financing.status {
            FinancingStatus::Disbursed => book.lots.get(&financing.lot).map_or(financing.amount, |lot| lot.unpaid()),
            _ => financing.amount,
        };
        *out.entry((bank, financing.seller, financing.amount.currency)).or_default() += u128::from(owed.minor);
    }
    for (key, exposure) in audit.all::<SupplierExposure>() {
        let told = u128::from(exposure.outstanding.minor);
        let owed = out.remove(&key).unwrap_or_default();
        audit.ensure("I9", owed == told, || format!("{} on {}: counts {told}, is owed {owed}", key.0, key.1));
    }
    audit.ensure("I9", out.is_empty(), || format!("not counted: {out:?}"));
}

/// I12: what was received was paid on lots, waits in suspense, or was returned, to the last minor unit.
fn received(audit: &mut Audit, book: &Book, id: CertificateId, settlement: &Settlement) {
    let fundings = || book.fundings.values().filter(|funding| funding.certificate == id);
    let came = sum(fundings().map(|funding| funding.amount));
    let Settlement { received, principal_paid, penalty_paid, undistributed, excess, returned, .. } = *settlement;
    let parts = sum([principal_paid, penalty_paid, undistributed, excess, returned].into_iter());
    let told = u128::from(received.minor);
    audit.ensure("I12", came == told && parts == told, || format!("{id}: received {told}, came {came}, went {parts}"));
    let back = sum(fundings().map(|funding| funding.returned));
    audit.ensure("I12", back == u128::from(returned.minor), || format!("{id}: returned {back} of {returned}"));
    let of_lines = |amount: fn(&crate::receivable::types::PaidLine) -> Amount| {
        let pages = book.paid_pages.range((id, 0, 0)..=(id, u32::MAX, u32::MAX));
        sum(pages.flat_map(|(_, page)| page.lines.iter()).map(amount))
    };
    let paid = (of_lines(|line| line.principal), of_lines(|line| line.penalty));
    let told = (u128::from(principal_paid.minor), u128::from(penalty_paid.minor));
    audit.ensure("I12", paid == told, || format!("{id} paid {told:?}, its lines {paid:?}"));
    let rounds = || book.distributions.range((id, 0)..=(id, u32::MAX)).map(|(_, round)| round);
    let of_rounds = (sum(rounds().map(|round| round.principal)), sum(rounds().map(|round| round.penalty)));
    audit.ensure("I12", of_rounds == told, || format!("{id} paid {told:?}, its rounds {of_rounds:?}"));
    let on_lots: BTreeMap<_, u128> =
        book.paid_pages.range((id, 0, 0)..=(id, u32::MAX, u32::MAX)).fold(BTreeMap::new(), |mut sums, (_, page)| {
            for line in &page.lines {
                *sums.entry(line.lot).or_default() += u128::from(line.principal.minor);
            }
            sums
        });
    for (lot, paid) in on_lots {
        let told = book.lots.get(&lot).map(|lot| u128::from(lot.paid.minor));
        audit.ensure("I12", told == Some(paid), || format!("{lot} says {told:?} paid, its lines {paid}"));
    }
}

/// The list of holders is what its Merkle root says, and what is owed on its lines is what is owed on their lots.
fn listed(audit: &mut Audit, book: &Book, id: CertificateId, settlement: &Settlement) {
    let mut leaves = Vec::new();
    let mut sum_listed = 0_u128;
    for (_, page) in book.record_pages.range((id, 0)..=(id, u32::MAX)) {
        for line in &page.lines {
            leaves.push(merkle::leaf(&wire::encode(line)));
            sum_listed += u128::from(line.amount.minor);
        }
    }
    let same = merkle::root(&leaves) == settlement.tree.root() && sum_listed == u128::from(settlement.listed.minor);
    let lines = u32::try_from(leaves.len()) == Ok(settlement.lines);
    audit.ensure("I12", same && lines, || format!("{id}: the list is not that of its root"));
    match settlement.phase {
        SettlementPhase::Waiting | SettlementPhase::Paying(_) | SettlementPhase::Closed => {}
        SettlementPhase::Called | SettlementPhase::Listing(_) => return,
    }
    let count = book.open_pages.range((id, 0)..=(id, u32::MAX)).count();
    audit.ensure("I12", u32::try_from(count) == Ok(pages(settlement.lines)), || format!("{id}: {count} pages owed"));
    for (lot_id, lot) in book.lots_of(id) {
        let Some(line) = lot.line else {
            audit.ensure("I12", !lot.is_live(), || format!("{lot_id} is owed and not on the list"));
            continue;
        };
        let (page, position) = place(line);
        let owed = book.open_pages.get(&(id, page)).and_then(|page| page.lines.get(position));
        let same = owed.is_some_and(|owed| owed.principal == lot.unpaid());
        audit.ensure("I12", same, || format!("{lot_id} is owed {}, its line says {owed:?}", lot.unpaid()));
        let listed = book.record_pages.get(&(id, page)).and_then(|page| page.lines.get(position));
        audit.ensure("I12", listed.is_some_and(|line| line.lot == lot_id), || format!("{lot_id} is not line {line}"));
    }
}

/// I14: money paid on a frozen lot waits on its freeze, never at the holder.
fn frozen(audit: &mut Audit, book: &Book, id: CertificateId, settlement: &Settlement) {
    let waiting = book.freezes.values().filter(|freeze| freeze.certificate == id);
    let waits = sum(waiting.map(|freeze| freeze.suspense));
    let told = u128::from(settlement.frozen.minor);
    audit.ensure("I14", waits == told, || format!("{id}: {told} frozen, {waits} waits on freezes"));
    for (freeze, record) in book.freezes.iter().filter(|(_, freeze)| freeze.lifted.is_some()) {
        audit.ensure("I14", record.suspense.is_zero(), || format!("{freeze} is lifted and keeps {}", record.suspense));
    }
}

/// I12: what waits is in the agent's suspense account.
fn suspense(audit: &mut Audit, book: &Book) {
    let mut waits: BTreeMap<(EnterpriseId, Currency), u128> = BTreeMap::new();
    for settlement in book.settlements.values() {
        let parts = [settlement.undistributed, settlement.frozen, settlement.excess];
        *waits.entry((settlement.agent, settlement.received.currency)).or_default() += sum(parts.into_iter());
    }
    let mut kept: BTreeMap<(EnterpriseId, Currency), u128> = BTreeMap::new();
    for (_, account) in audit.all::<CashAccount>() {
        if account.kind == AccountKind::Suspense {
            *kept.entry((account.bank, account.currency)).or_default() += u128::from(account.available.minor);
        }
    }
    for (key, waits) in waits {
        let kept = kept.get(&key).copied().unwrap_or_default();
        audit.ensure("I12", waits <= kept, || format!("{}: {waits} waits, {kept} in suspense", key.0));
    }
}

/// I15: a cash fact proves one thing, once: no two payments rest on one, and each says what it proved.
fn facts(audit: &mut Audit, book: &Book) {
    let consumed: BTreeMap<CashFactId, Option<String>> = audit
        .all::<CashFact>()
        .into_iter()
        .map(|(id, fact)| (id, fact.consumed_by.map(|consumption| consumption.by.to_string())))
        .collect();
    let mut seen = BTreeSet::new();
    let mut use_fact = |audit: &mut Audit, fact: CashFactId, by: String| {
        audit.ensure("I15", seen.insert(fact), || format!("{fact} proves {by} and something else"));
        let told = consumed.get(&fact).cloned().flatten();
        audit.ensure("I15", told.as_ref().is_some_and(|told| told.contains(&by)), || format!("{fact}: {told:?}, {by}"));
    };
    for (id, funding) in &book.fundings {
        if let PaymentSource::Fact(fact) = funding.source {
            use_fact(audit, fact, id.to_string());
        }
    }
    for (id, recourse) in &book.recourses {
        if let Some(PaymentSource::Fact(fact)) = recourse.paid.as_ref().map(|paid| paid.source) {
            use_fact(audit, fact, id.to_string());
        }
    }
    for (id, advance) in &book.advances {
        if let Some(PaymentSource::Fact(fact)) = advance.shortfall_source {
            use_fact(audit, fact, id.to_string());
        }
    }
    for (id, claim) in &book.guarantee_claims {
        if let Some(PaymentSource::Fact(fact)) = claim.paid.as_ref().map(|paid| paid.source) {
            use_fact(audit, fact, id.to_string());
        }
    }
    for (id, financing) in &book.financings {
        if let Some(Payout::Fact(fact)) = financing.disbursement.as_ref().map(|disbursement| disbursement.payout) {
            use_fact(audit, fact, id.to_string());
        }
    }
}
