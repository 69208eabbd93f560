use super::types::{BankLine, Cover, GroupMembership, IssuerStanding, LineKind, ObligorGroup, Quota};
use crate::core::{Audit, EnterpriseId};
use std::collections::BTreeMap;
use types::Amount;

/// I9: what a core enterprise has promised is within its quota, and what a bank has blocked and financed is within its
/// line: within the limit that held when an amount was last blocked, since a cut never reaches back.
pub(super) fn audit(audit: &mut Audit) {
    quotas(audit);
    lines(audit);
    covers(audit);
    groups(audit);
    for (core, standing) in audit.all::<IssuerStanding>() {
        let ordered = standing.recent.windows(2).all(|pair| pair[0] <= pair[1]);
        audit.ensure("CREDIT-OVERDUE", ordered, || format!("{core}: {:?}", standing.recent));
    }
}

fn sum(amounts: &[Amount]) -> u128 {
    amounts.iter().map(|amount| u128::from(amount.minor)).sum()
}

fn quotas(audit: &mut Audit) {
    for ((core, currency), quota) in audit.all::<Quota>() {
        let outstanding = sum(&[quota.blocked, quota.used]);
        audit.ensure("I9", outstanding <= u128::from(quota.limit_at_block.minor), || {
            format!("{core} {currency}: {outstanding} of {}", quota.limit_at_block)
        });
        let amounts = [quota.limit, quota.blocked, quota.used, quota.limit_at_block];
        let same = quota.core == core && amounts.iter().all(|amount| amount.currency == currency);
        audit.ensure("CREDIT-KEY", same, || format!("quota {core} {currency}"));
    }
}

fn lines(audit: &mut Audit) {
    for ((bank, obligor, currency), line) in audit.all::<BankLine>() {
        let outstanding = sum(&[line.blocked, line.utilised, line.reserved, line.repaid]);
        audit.ensure("I9", outstanding <= u128::from(line.limit_at_block.minor), || {
            format!("{bank} on {obligor} {currency}: {outstanding} of {}", line.limit_at_block)
        });
        let revolving = line.kind == LineKind::Revolving;
        audit.ensure("CREDIT-REPAID", !revolving || line.repaid.is_zero(), || format!("{bank} on {obligor}"));
        let earmarked = line.earmarked.minor <= line.reserved.minor;
        audit.ensure("CREDIT-RESERVE", earmarked, || format!("{bank} on {obligor}: {}", line.earmarked));
        let parts = [line.blocked, line.utilised, line.reserved, line.earmarked, line.repaid];
        let amounts = [line.sanctioned, line.limit_at_block].into_iter().chain(parts);
        let same = (line.bank, line.obligor) == (bank, obligor)
            && amounts.into_iter().all(|amount| amount.currency == currency);
        audit.ensure("CREDIT-KEY", same, || format!("line {bank} on {obligor} {currency}"));
    }
}

fn covers(audit: &mut Audit) {
    for ((guarantor, obligor, currency), cover) in audit.all::<Cover>() {
        let outstanding = sum(&[cover.blocked, cover.used]);
        audit.ensure("I9", outstanding <= u128::from(cover.limit_at_block.minor), || {
            format!("{guarantor} for {obligor} {currency}: {outstanding} of {}", cover.limit_at_block)
        });
        let amounts = [cover.limit, cover.blocked, cover.used, cover.limit_at_block];
        let same = (cover.guarantor, cover.obligor) == (guarantor, obligor)
            && amounts.iter().all(|amount| amount.currency == currency);
        audit.ensure("CREDIT-KEY", same, || format!("cover {guarantor} for {obligor} {currency}"));
    }
}

/// An enterprise is of one group at most, and each group has its members.
fn groups(audit: &mut Audit) {
    let mut told: BTreeMap<EnterpriseId, EnterpriseId> =
        audit.all::<GroupMembership>().into_iter().map(|(member, of)| (member, of.parent)).collect();
    for (parent, group) in audit.all::<ObligorGroup>() {
        let members = group.subsidiaries.iter().chain([&group.parent]);
        for member in members {
            let found = told.remove(member);
            audit.ensure("CREDIT-GROUP", found == Some(parent), || format!("{member} of {parent} is of {found:?}"));
        }
    }
    audit.ensure("CREDIT-GROUP", told.is_empty(), || format!("of no group: {told:?}"));
}
