//! Credit: how much a core enterprise may promise, how much each bank will finance on it, and who backs it.
//!
//! **Parties.** The operator records the credit committee's *quota* of a core enterprise; it is consumed when the core
//! enterprise issues, by nobody else. Each bank grants its own *line* on an obligor; it is consumed when that bank
//! finances, whoever the holder is. So credit passes down the chain for free: a tier-three supplier is financed on the
//! core enterprise's name and uses no limit of its own. A certificate may be backed for life: by one bank, which
//! *reserves* a part of its line, so that every holder is sure of that bank's price; or by a guarantor, whose *cover* is
//! used instead.
//!
//! ```text
//!            quota of the      line of a            line of the bank        cover of the
//!            core enterprise   financing bank       that backs it           guarantor
//! submit     -> blocked                             -> blocked              -> blocked
//! accept     -> used                                blocked -> reserved     blocked -> used
//! refuse     blocked ->                             blocked ->              blocked ->
//! quote                        -> blocked           earmarked in reserved
//! disburse                     blocked -> utilised  reserved -> utilised    (both at once)
//! sold on                      utilised ->          utilised -> reserved
//! reduce     used ->                                reserved ->             used ->
//! redeem     used ->           utilised ->          reserved, utilised ->   used ->
//! ```
//!
//! available = sanctioned + ad hoc amount on its days - utilised - blocked - reserved; on a line of the one-time kind,
//! what was repaid does not come back. A cut or an expiry stops what is new and leaves what is there: it runs off. What a
//! line finances, or a cover covers, matures no later than it expires. At 80, 90 and 100 percent the owner of the limit is
//! told. Where a bank states the size of its program, one obligor's line and one supplier's claims each take at most the
//! policy's share of it. A bank that has a line on a supplier counts on it what the supplier answers for with recourse.
//!
//! **Groups.** The operator records which enterprises are one obligor group. A bank may cap what its lines on the group
//! carry together, in each currency apart. While anybody of the group is overdue no line and no cover of the group is
//! drawn anew (cross-default); what is blocked, reserved or utilised goes on.
//!
//! **Standing.** A core enterprise with an overdue certificate cannot issue until it has paid; one that was overdue too
//! often in the policy's window is suspended for the policy's time.
//!
//! **Laws** (`audit`): blocked + used is within the quota and within the cover, blocked + utilised + reserved within the
//! line (I9), each as it stood when an amount was last blocked; what is earmarked is reserved; an enterprise is of one
//! group at most.
//!
//! **Example.** BKA has a line of 100,000,000.00 on CORE, whose quota is 80,000,000.00. CORE issues 60,000,000.00 to S1:
//! quota used 60,000,000.00, BKA's line untouched. S1 keeps 20,000,000.00 and passes 40,000,000.00 to S2, who has
//! 25,000,000.00 financed by BKA (line utilised 25,000,000.00) and passes 15,000,000.00 to S3, who has 5,000,000.00
//! financed by BKB on BKB's own line. CORE's debt is 60,000,000.00 all the while. It pays: quota and both lines are at 0.
//!
//! Had BKA backed the certificate, its line would have been reserved with 60,000,000.00 at S1's acceptance, and have had
//! 40,000,000.00 available to the end: S2's financing by BKA moves 25,000,000.00 from reserved to utilised, BKB's uses
//! BKB's line and leaves 5,000,000.00 reserved at BKA, since BKB may sell it on to BKA.

mod audit;
mod cover;
mod group;
mod issuer;
mod line;
mod queries;
mod quota;
mod reserve;
mod rules;
mod state;
mod supplier;
#[cfg(test)]
mod tests;
mod types;

pub use cover::{cover_block, cover_release, cover_unblock, cover_use};
pub use issuer::{overdue_began, overdue_ended, require_issuer};
pub use line::{line_block, line_release, line_unblock, line_utilise};
pub use queries::{CoverOf, CoverView, GroupView, LineOf, LineView, QuotaOf, QuotaView};
pub use quota::{quota_block, quota_release, quota_unblock, quota_use};
pub use reserve::{line_reserve, reserve_draw, reserve_earmark, reserve_free, reserve_return, reserve_unearmark};
pub use supplier::{has_line, supplier_give_back, supplier_take};
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
        CallSpec::new::<GrantCover>(6),
        CallSpec::new::<SetGroup>(7),
        CallSpec::new::<SetGroupCap>(8),
    ],
    queries: &[QuerySpec::new::<QuotaOf>(), QuerySpec::new::<LineOf>(), QuerySpec::new::<CoverOf>()],
    tables: &[
        TableSpec::new::<Quota>(),
        TableSpec::new::<BankLine>(),
        TableSpec::new::<IssuerStanding>(),
        TableSpec::new::<Program>(),
        TableSpec::new::<SupplierExposure>(),
        TableSpec::new::<Cover>(),
        TableSpec::new::<ObligorGroup>(),
        TableSpec::new::<GroupCap>(),
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
        EventSpec::new::<CoverGranted>(),
        EventSpec::new::<CoverMoved>(),
        EventSpec::new::<CoverAlarmed>(),
        EventSpec::new::<GroupSet>(),
        EventSpec::new::<GroupCapSet>(),
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
