use super::types::{BankLine, IssuerStanding, LineKind, Quota};
use crate::core::Audit;

/// I9: what a core enterprise has promised is within its quota, and what a bank has blocked and financed is within its
/// line: within the limit that held when an amount was last blocked, since a cut never reaches back.
pub(super) fn audit(audit: &mut Audit) {
    for ((core, currency), quota) in audit.all::<Quota>() {
        let outstanding = u128::from(quota.blocked.minor) + u128::from(quota.used.minor);
        audit.ensure("I9", outstanding <= u128::from(quota.limit_at_block.minor), || {
            format!("{core} {currency}: {outstanding} of {}", quota.limit_at_block)
        });
        let amounts = [quota.limit, quota.blocked, quota.used, quota.limit_at_block];
        let same = quota.core == core && amounts.iter().all(|amount| amount.currency == currency);
        audit.ensure("CREDIT-KEY", same, || format!("quota {core} {currency}"));
    }
    for ((bank, obligor, currency), line) in audit.all::<BankLine>() {
        let outstanding =
            u128::from(line.blocked.minor) + u128::from(line.utilised.minor) + u128::from(line.repaid.minor);
        audit.ensure("I9", outstanding <= u128::from(line.limit_at_block.minor), || {
            format!("{bank} on {obligor} {currency}: {outstanding} of {}", line.limit_at_block)
        });
        let revolving = line.kind == LineKind::Revolving;
        audit.ensure("CREDIT-REPAID", !revolving || line.repaid.is_zero(), || format!("{bank} on {obligor}"));
        let amounts = [line.sanctioned, line.blocked, line.utilised, line.repaid, line.limit_at_block];
        let same =
            (line.bank, line.obligor) == (bank, obligor) && amounts.iter().all(|amount| amount.currency == currency);
        audit.ensure("CREDIT-KEY", same, || format!("line {bank} on {obligor} {currency}"));
    }
    for (core, standing) in audit.all::<IssuerStanding>() {
        let ordered = standing.recent.windows(2).all(|pair| pair[0] <= pair[1]);
        audit.ensure("CREDIT-OVERDUE", ordered, || format!("{core}: {:?}", standing.recent));
    }
}
