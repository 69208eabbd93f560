use crate::core::{EnterpriseId, EventKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    Amount, Currency, Date, Digest, List, Rejection, Timestamp,
    text::{Reference, Remark},
};

/// How much a core enterprise may promise by certificates, as the credit committee decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Quota {
    pub core: EnterpriseId,
    /// The operator that recorded the committee's decision.
    pub granted_by: EnterpriseId,
    pub limit: Amount,
    /// Promised in certificates that wait for approval or acceptance.
    pub blocked: Amount,
    /// Promised in certificates that live.
    pub used: Amount,
    /// First day on which it may be blocked.
    pub starts: Date,
    /// Last day on which it may be blocked; what is used runs off after it.
    pub expires: Date,
    /// The committee's decision.
    pub remark: Remark,
    pub decided_at: Timestamp,
    /// The limit when an amount was last blocked: a later cut does not touch what was promised under it.
    pub limit_at_block: Amount,
    /// The highest alarm that was raised and not cleared: 0, 80, 90 or 100 percent.
    pub alarm_percent: u8,
}

/// Whether a line's amounts can be drawn again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CreditLineKind")]
pub enum LineKind {
    /// What is repaid can be drawn again.
    Revolving,
    /// Each amount is drawn once.
    OneTime,
}

/// Whether a line can be drawn on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum LineStatus {
    Open,
    /// Closed by its bank: what is utilised runs off.
    Closed,
}

/// An addition to a line for a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AdHoc {
    /// What is added, in the line's currency.
    pub amount: Amount,
    /// First day.
    pub starts: Date,
    /// Last day.
    pub ends: Date,
}

/// How much a bank will finance on one obligor's promise, in one currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BankLine {
    pub bank: EnterpriseId,
    pub obligor: EnterpriseId,
    pub kind: LineKind,
    pub status: LineStatus,
    pub sanctioned: Amount,
    pub ad_hoc: Option<AdHoc>,
    /// First day on which it may be blocked.
    pub starts: Date,
    /// Last day on which it may be blocked, and latest maturity of what is financed on it.
    pub expires: Date,
    /// Set aside for quotes that stand.
    pub blocked: Amount,
    /// Disbursed and not yet paid back.
    pub utilised: Amount,
    /// Promised for life to certificates that the line backs, and not utilised.
    pub reserved: Amount,
    /// Part of what is reserved that is set aside for the bank's own quotes on those certificates.
    pub earmarked: Amount,
    /// On a line of the one-time kind: paid back, and not to be drawn again. Zero on a revolving line.
    pub repaid: Amount,
    /// The limit when an amount was last blocked: a later cut or expiry does not touch what was blocked under it.
    pub limit_at_block: Amount,
    /// The highest alarm that was raised and not cleared: 0, 80, 90 or 100 percent.
    pub alarm_percent: u8,
    /// The bank's decision.
    pub remark: Remark,
}

impl Quota {
    /// What counts against the limit.
    pub fn outstanding(&self) -> Result<Amount, Rejection> {
        self.blocked.plus(self.used)
    }

    /// What can still be blocked on `today`.
    pub fn available(&self, today: Date) -> Result<Amount, Rejection> {
        if today < self.starts || today > self.expires {
            return Ok(Amount::zero(self.limit.currency));
        }
        left(self.limit, self.outstanding()?)
    }
}

impl BankLine {
    pub fn currency(&self) -> Currency {
        self.sanctioned.currency
    }

    /// Sanctioned, and the ad hoc amount on its days.
    pub fn limit(&self, today: Date) -> Result<Amount, Rejection> {
        match self.ad_hoc {
            Some(ad_hoc) if ad_hoc.starts <= today && today <= ad_hoc.ends => self.sanctioned.plus(ad_hoc.amount),
            Some(_) | None => Ok(self.sanctioned),
        }
    }

    /// What counts against the limit.
    pub fn outstanding(&self) -> Result<Amount, Rejection> {
        self.exposure()?.plus(self.repaid)
    }

    /// What the bank may lose on the obligor: blocked, utilised and reserved.
    pub fn exposure(&self) -> Result<Amount, Rejection> {
        self.blocked.plus(self.utilised)?.plus(self.reserved)
    }

    /// What can still be blocked on `today`.
    pub fn available(&self, today: Date) -> Result<Amount, Rejection> {
        if today < self.starts || today > self.expires || self.status == LineStatus::Closed {
            return Ok(Amount::zero(self.currency()));
        }
        left(self.limit(today)?, self.outstanding()?)
    }
}

/// How much of an obligor's certificates a guarantor answers for, in one currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Cover {
    pub guarantor: EnterpriseId,
    pub obligor: EnterpriseId,
    pub limit: Amount,
    /// Set aside for certificates that wait for approval or acceptance.
    pub blocked: Amount,
    /// Unpaid on certificates that live: also what the guarantor has paid to holders and is owed itself.
    pub used: Amount,
    /// First day on which it may be blocked.
    pub starts: Date,
    /// Last day on which it may be blocked, and latest maturity of what it covers.
    pub expires: Date,
    /// The guarantor's decision.
    pub remark: Remark,
    pub decided_at: Timestamp,
    /// The limit when an amount was last blocked: a later cut does not touch what was covered under it.
    pub limit_at_block: Amount,
    /// The highest alarm that was raised and not cleared: 0, 80, 90 or 100 percent.
    pub alarm_percent: u8,
}

impl Cover {
    /// What counts against the limit.
    pub fn outstanding(&self) -> Result<Amount, Rejection> {
        self.blocked.plus(self.used)
    }

    /// What can still be blocked on `today`.
    pub fn available(&self, today: Date) -> Result<Amount, Rejection> {
        if today < self.starts || today > self.expires {
            return Ok(Amount::zero(self.limit.currency));
        }
        left(self.limit, self.outstanding()?)
    }
}

/// Subsidiaries of one obligor group: all their lines are read when one of them is drawn.
pub const SUBSIDIARIES_MAX: usize = 32;

/// A parent and its subsidiaries: banks count them together, and what one owes too late stops draws on all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ObligorGroup {
    pub parent: EnterpriseId,
    pub subsidiaries: List<EnterpriseId, SUBSIDIARIES_MAX>,
    /// Digest of the proof of ownership.
    pub evidence: Digest,
    /// The operator that recorded it.
    pub set_by: EnterpriseId,
    pub set_at: Timestamp,
}

/// Which group an enterprise belongs to: one at most.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GroupMembership {
    pub parent: EnterpriseId,
}

/// The most that a bank's lines on one group may carry together, in one currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GroupCap {
    pub bank: EnterpriseId,
    pub parent: EnterpriseId,
    pub cap: Amount,
    /// The bank's decision.
    pub remark: Remark,
}

/// What is left of a limit; after a cut there may be nothing.
fn left(limit: Amount, outstanding: Amount) -> Result<Amount, Rejection> {
    Ok(limit.minus(outstanding)?.unwrap_or(Amount::zero(limit.currency)))
}

/// Overdue dates that an issuer's standing remembers: more than any policy counts.
pub(super) const OVERDUE_REMEMBERED_MAX: usize = 64;

/// Whether a core enterprise pays on time, and may promise more.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize, JsonSchema)]
pub struct IssuerStanding {
    /// Certificates that are overdue now.
    pub overdue: u32,
    /// Days on which certificates became overdue, as far back as the policy looks.
    pub recent: List<Date, OVERDUE_REMEMBERED_MAX>,
    /// First day on which it may issue again, when it was suspended for a time.
    pub suspended_until: Option<Date>,
}

/// The size of a bank's program, from which its cap on one obligor comes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    pub bank: EnterpriseId,
    pub size: Amount,
}

/// How much of a bank's program is out on claims of one supplier.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SupplierExposure {
    pub bank: EnterpriseId,
    pub supplier: EnterpriseId,
    /// Financed and not yet paid back, and accepted to be financed.
    pub outstanding: Amount,
}

/// Records the credit committee's decision on a core enterprise's quota: the first, or a change.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GrantQuota {
    /// The core enterprise.
    pub core: EnterpriseId,
    /// The most it may have promised by certificates at a time; less than is used means: no new ones until below.
    pub limit: Amount,
    /// First day on which it may issue under the quota.
    pub starts: Date,
    /// Last day on which it may issue under the quota.
    pub expires: Date,
    /// The committee's decision: who decided, when, on what grounds.
    pub remark: Remark,
}

/// Grants the acting bank's line on an obligor.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GrantLine {
    /// The enterprise whose promise the bank will finance.
    pub obligor: EnterpriseId,
    /// The most the bank will have financed at a time; its currency is the line's.
    pub sanctioned: Amount,
    /// An addition for a time, if any.
    pub ad_hoc: Option<AdHoc>,
    /// First day on which it may be drawn.
    pub starts: Date,
    /// Last day on which it may be drawn, and latest maturity of what is financed.
    pub expires: Date,
    /// Whether what is repaid can be drawn again.
    pub kind: LineKind,
    /// The bank's decision.
    pub remark: Remark,
}

/// Changes the acting bank's line; what is utilised stays, even above a lower limit.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ChangeLine {
    /// The enterprise whose promise the bank finances.
    pub obligor: EnterpriseId,
    /// The new limit; its currency names the line.
    pub sanctioned: Amount,
    /// The new addition for a time; left out: none.
    pub ad_hoc: Option<AdHoc>,
    /// The new last day on which it may be drawn.
    pub expires: Date,
    /// The bank's decision.
    pub remark: Remark,
}

/// Closes the acting bank's line to new financing; what is utilised runs off.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CloseLine {
    /// The enterprise whose promise the bank finances.
    pub obligor: EnterpriseId,
    /// The line's currency.
    pub currency: Currency,
    /// The bank's decision.
    pub remark: Remark,
}

/// States the size of the acting bank's program; the policy's shares of it are the most that one obligor's line may carry, and that one supplier may have financed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetProgram {
    /// What the bank puts into the program in one currency.
    pub size: Amount,
}

/// Grants the acting guarantor's cover for an obligor's certificates: the first, or a change.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GrantCover {
    /// The core enterprise that you answer for.
    pub obligor: EnterpriseId,
    /// The most that you answer for at a time; less than is used means: no new ones until below.
    pub limit: Amount,
    /// First day on which it may be used.
    pub starts: Date,
    /// Last day on which it may be used, and latest maturity of what it covers.
    pub expires: Date,
    /// Your decision.
    pub remark: Remark,
}

/// Records which enterprises are one obligor group; without subsidiaries the group is dissolved.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetGroup {
    /// The parent: the group is named by it.
    pub parent: EnterpriseId,
    /// All subsidiaries; those left out leave the group.
    pub subsidiaries: List<EnterpriseId, SUBSIDIARIES_MAX>,
    /// SHA-256 of the proof of ownership.
    pub evidence: Digest,
}

/// Sets the most that the acting bank's lines on a group may carry together; what is out stays, even above a lower cap.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetGroupCap {
    /// The group's parent.
    pub parent: EnterpriseId,
    /// The cap; its currency says for which lines.
    pub cap: Amount,
    /// The bank's decision.
    pub remark: Remark,
}

/// What the module wants done at a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Due {
    /// The suspension's last day is over.
    SuspensionEnd(EnterpriseId),
    /// A line expires in a month: its bank is told, unless the date has moved since.
    LineNotice { bank: EnterpriseId, obligor: EnterpriseId, currency: Currency, expires: Date },
}

/// What happened to an amount under a limit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CreditMovement")]
pub enum Movement {
    /// Available to blocked.
    Blocked,
    /// Blocked to available.
    Unblocked,
    /// Blocked to used.
    Used,
    /// Used to available.
    Released,
    /// Blocked to reserved: the certificate that the line backs was accepted.
    Reserved,
    /// Set aside out of the reserve for a quote.
    Earmarked,
    /// The quote ended: the reserve is whole again.
    Unearmarked,
    /// Reserved to used: the bank finances what its line backs.
    Drawn,
    /// Used to reserved: what the bank financed has another holder.
    Returned,
    /// Reserved to available: what the line backed was paid, burned or given up.
    Freed,
}

/// Declares an event: its fields, its number and the fields that name its parties.
macro_rules! event {
    ($(#[$doc:meta])* $name:ident, $number:literal, [$($party:ident),*] { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            $(pub $field: $type,)*
        }

        impl EventKind for $name {
            const MODULE: u16 = 7;
            const NUMBER: u16 = $number;
            const NAME: &'static str = stringify!($name);
            fn parties(&self) -> Vec<EnterpriseId> {
                vec![$(self.$party),*]
            }
        }
    };
}

event!(
    /// The credit committee's decision on a quota was recorded.
    QuotaGranted, 1, [core, granted_by] { core: EnterpriseId, granted_by: EnterpriseId, limit: Amount, starts: Date, expires: Date, remark: Remark }
);
event!(
    /// An amount moved under a quota.
    QuotaMoved, 2, [core] { core: EnterpriseId, movement: Movement, amount: Amount, blocked: Amount, used: Amount }
);
event!(
    /// A quota is used to 80, 90 or 100 percent.
    QuotaAlarmed, 3, [core, granted_by] { core: EnterpriseId, granted_by: EnterpriseId, percent: u8, outstanding: Amount, limit: Amount }
);
event!(
    /// A bank granted a line.
    LineGranted, 4, [bank] { bank: EnterpriseId, obligor: EnterpriseId, sanctioned: Amount, starts: Date, expires: Date, remark: Remark }
);
event!(
    /// A bank changed a line.
    LineChanged, 5, [bank] { bank: EnterpriseId, obligor: EnterpriseId, sanctioned: Amount, expires: Date, remark: Remark }
);
event!(
    /// A bank closed a line.
    LineClosed, 6, [bank] { bank: EnterpriseId, obligor: EnterpriseId, currency: Currency, remark: Remark }
);
event!(
    /// An amount moved under a line.
    LineMoved, 7, [bank] { bank: EnterpriseId, obligor: EnterpriseId, movement: Movement, amount: Amount, blocked: Amount, utilised: Amount, reserved: Amount }
);
event!(
    /// A line is used to 80, 90 or 100 percent.
    LineAlarmed, 8, [bank] { bank: EnterpriseId, obligor: EnterpriseId, percent: u8, outstanding: Amount, limit: Amount }
);
event!(
    /// A line expires in a month.
    LineExpiring, 9, [bank] { bank: EnterpriseId, obligor: EnterpriseId, currency: Currency, expires: Date }
);
event!(
    /// A core enterprise may not issue: a certificate is overdue, or too many were.
    IssuerSuspended, 10, [core] { core: EnterpriseId, root: Reference, overdue: u32, until: Option<Date> }
);
event!(
    /// A core enterprise may issue again.
    IssuerCleared, 11, [core] { core: EnterpriseId }
);
event!(
    /// A bank stated the size of its program.
    ProgramSet, 12, [bank] { bank: EnterpriseId, size: Amount }
);
event!(
    /// A guarantor granted or changed its cover.
    CoverGranted, 13, [guarantor, obligor] { guarantor: EnterpriseId, obligor: EnterpriseId, limit: Amount, starts: Date, expires: Date, remark: Remark }
);
event!(
    /// An amount moved under a cover.
    CoverMoved, 14, [guarantor, obligor] { guarantor: EnterpriseId, obligor: EnterpriseId, movement: Movement, amount: Amount, blocked: Amount, used: Amount }
);
event!(
    /// A cover is used to 80, 90 or 100 percent.
    CoverAlarmed, 15, [guarantor] { guarantor: EnterpriseId, obligor: EnterpriseId, percent: u8, outstanding: Amount, limit: Amount }
);
event!(
    /// An obligor group was recorded, changed or dissolved.
    GroupSet, 16, [parent, set_by] { parent: EnterpriseId, set_by: EnterpriseId, subsidiaries: List<EnterpriseId, SUBSIDIARIES_MAX>, evidence: Digest }
);
event!(
    /// A bank capped its lines on a group.
    GroupCapSet, 17, [bank] { bank: EnterpriseId, parent: EnterpriseId, cap: Amount, remark: Remark }
);

pub mod reject {
    types::rejections! {
        700 quota(core, available, needed) "E_QUOTA" "the quota of {core} has {available} available, {needed} is needed";
        701 line_insufficient(bank, available, needed) "E_LINE_INSUFFICIENT" "the line of {bank} has {available} available, {needed} is needed";
        702 line_expired(bank, date, starts, expires) "E_LINE_EXPIRED" "the line of {bank} holds from {starts} to {expires}: {date} is outside";
        703 line_currency(bank, obligor, currency) "E_LINE_CCY" "bank {bank} has no line on {obligor} in {currency}";
        704 concentration(bank, outstanding, cap) "E_CONCENTRATION" "{outstanding} on one obligor or supplier is over the cap of {cap} in the program of {bank}";
        705 issuer_suspended(core, reason) "E_ISSUER_SUSPENDED" "{core} may not issue: {reason}";
        706 line_closed(bank, obligor) "E_LINE_CLOSED" "bank {bank} has closed its line on {obligor}";
        707 line_exists(bank, obligor, currency) "E_LINE_EXISTS" "bank {bank} has an open line on {obligor} in {currency}: change it";
        708 dates(starts, expires, today) "E_CREDIT_DATES" "from {starts} to {expires} is no time to come: it must not end before it starts, nor before {today}";
        709 not_core(enterprise) "E_QUOTA_NOT_CORE" "{enterprise} is not a core enterprise: only those issue certificates";
        710 self_line(bank) "E_LINE_SELF" "{bank} cannot have a line on itself";
        711 cover(guarantor, obligor, available, needed) "E_COVER" "the cover of {guarantor} for {obligor} has {available} available, {needed} is needed";
        712 cover_expired(guarantor, date, starts, expires) "E_COVER_EXPIRED" "the cover of {guarantor} holds from {starts} to {expires}: {date} is outside";
        713 group_cap(bank, parent, outstanding, cap) "E_GROUP_CAP" "{outstanding} on the group of {parent} is over the cap of {cap} of {bank}";
        714 group_overdue(obligor, overdue) "E_GROUP_OVERDUE" "{overdue} in the group of {obligor} is overdue: no new draws on the group until it has paid";
        715 group(law) "E_GROUP" "the obligor group is not in order: {law}";
    }
}
