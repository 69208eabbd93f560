//! Credit: how much a core enterprise may promise, and how much each bank will finance on it.
//!
//! **Parties.** The operator records the credit committee's *quota* of a core enterprise; it is consumed when the core
//! enterprise issues, by nobody else. Each bank grants its own *line* on an obligor; it is consumed when that bank
//! finances, whoever the holder is. So credit passes down the chain for free: a tier-three supplier is financed on the
//! core enterprise's name and uses no limit of its own.
//!
//! ```text
//!            quota of the core enterprise      line of the financing bank
//! submit     available -> blocked
//! accept     blocked -> used
//! refuse     blocked -> available
//! quote                                        available -> blocked
//! disburse                                     blocked -> utilised   (both at once)
//! reduce     used -> available
//! redeem     used -> available                 utilised -> available
//! ```
//!
//! available = sanctioned + ad hoc amount on its days - utilised - blocked; on a line of the one-time kind, what was
//! repaid does not come back. A cut or an expiry stops what is new and leaves what is there: it runs off. What a line
//! finances matures no later than the line expires. At 80, 90 and 100 percent the owner of the limit is told.
//! Where a bank states the size of its program, one obligor's line and one supplier's claims each take at most the policy's
//! share of it.
//!
//! **Standing.** A core enterprise with an overdue certificate cannot issue until it has paid; one that was overdue too
//! often in the policy's window is suspended for the policy's time.
//!
//! **Laws** (`audit`): blocked + used is within the quota, blocked + utilised within the line (I9), each as it stood when
//! an amount was last blocked.
//!
//! **Example.** BKA has a line of 100,000,000.00 on CORE, whose quota is 80,000,000.00. CORE issues 60,000,000.00 to S1:
//! quota used 60,000,000.00, BKA's line untouched. S1 keeps 20,000,000.00 and passes 40,000,000.00 to S2, who has
//! 25,000,000.00 financed by BKA (line utilised 25,000,000.00) and passes 15,000,000.00 to S3, who has 5,000,000.00
//! financed by BKB on BKB's own line. CORE's debt is 60,000,000.00 all the while. It pays: quota and both lines are at 0.
//!
//! Mode of this module: corporate credit (the quota is CORE's own). Certificates backed by one bank's line for life, or
//! by a guarantor's cover, are not here; nor are limits of a group of enterprises.

mod audit;
mod issuer;
mod line;
mod queries;
mod quota;
mod rules;
mod state;
mod supplier;
#[cfg(test)]
mod tests;
mod types;

pub use issuer::{overdue_began, overdue_ended, require_issuer};
pub use line::{line_block, line_release, line_unblock, line_utilise};
pub use queries::{LineOf, LineView, QuotaOf, QuotaView};
pub use quota::{quota_block, quota_release, quota_unblock, quota_use};
pub use supplier::{supplier_give_back, supplier_take};
pub use types::*;

use crate::core::{CallSpec, EventSpec, Module, QuerySpec, TableSpec};
use ::types::Amount;

/// Days before a line's expiry on which its bank is told.
const LINE_NOTICE_DAYS: u32 = 30;

pub const MODULE: Module = Module {
    number: 7,
    name: "credit",
    about: "Quotas of core enterprises and lines of banks: blocked, used, released; alarms and suspension.",
    calls: &[
        CallSpec::new::<GrantQuota>(1),
        CallSpec::new::<GrantLine>(2),
        CallSpec::new::<ChangeLine>(3),
        CallSpec::new::<CloseLine>(4),
        CallSpec::new::<SetProgram>(5),
    ],
    queries: &[QuerySpec::new::<QuotaOf>(), QuerySpec::new::<LineOf>()],
    tables: &[
        TableSpec::new::<Quota>(),
        TableSpec::new::<BankLine>(),
        TableSpec::new::<IssuerStanding>(),
        TableSpec::new::<Program>(),
        TableSpec::new::<SupplierExposure>(),
    ],
    events: &[
        EventSpec::new::<QuotaGranted>(),
        EventSpec::new::<QuotaMoved>(),
        EventSpec::new::<QuotaAlarmed>(),
        EventSpec::new::<LineGranted>(),
        EventSpec::new::<LineChanged>(),
        EventSpec::new::<LineClosed>(),
        EventSpec::new::<LineMoved>(),
        EventSpec::new::<LineAlarmed>(),
        EventSpec::new::<LineExpiring>(),
        EventSpec::new::<IssuerSuspended>(),
        EventSpec::new::<IssuerCleared>(),
        EventSpec::new::<ProgramSet>(),
    ],
    rejections: reject::CATALOGUE,
    due: Some(rules::due),
    genesis: None,
    audit: audit::audit,
};

/// The highest of 80, 90 and 100 percent that `outstanding` has reached of `limit`; 0 below.
fn alarm_percent(outstanding: Amount, limit: Amount) -> u8 {
    let reached = |percent: &u8| {
        !outstanding.is_zero() && u128::from(outstanding.minor) * 100 >= u128::from(limit.minor) * u128::from(*percent)
    };
    [100, 90, 80].into_iter().find(reached).unwrap_or(0)
}
