use super::{
    group, reject,
    types::{BankLine, Cover, GroupCap, IssuerStanding, Quota},
};
use crate::core::{EnterpriseId, Query, QueryContext, Record};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Currency, State, Stop};

/// How much a core enterprise may still promise.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct QuotaOf {
    /// The core enterprise.
    pub core: EnterpriseId,
    /// The currency of the certificates.
    pub currency: Currency,
}

/// A quota, and what it comes to today.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct QuotaView {
    pub quota: Quota,
    /// What can still be blocked today.
    pub available: Amount,
    pub standing: IssuerStanding,
}

impl Query for QuotaOf {
    const NAME: &'static str = "quota";
    type Answer = QuotaView;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<QuotaView, Stop> {
        let zero = Amount::zero(self.currency);
        let quota = Quota::load(state, &(self.core, self.currency))?;
        let quota = quota.ok_or_else(|| reject::quota(self.core, zero, zero))?;
        let standing = IssuerStanding::load(state, &self.core)?.unwrap_or_default();
        Ok(QuotaView { available: quota.available(ctx.time.date())?, quota, standing })
    }
}

/// How much a bank will still finance on an obligor.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LineOf {
    /// The bank.
    pub bank: EnterpriseId,
    /// The enterprise whose promise the bank finances.
    pub obligor: EnterpriseId,
    /// The line's currency.
    pub currency: Currency,
}

/// A line, and what it comes to today.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LineView {
    pub line: BankLine,
    /// Sanctioned, and the ad hoc amount where it holds today.
    pub limit: Amount,
    /// What can still be blocked today.
    pub available: Amount,
    /// Certificates of the obligor that are overdue now.
    pub obligor_overdue: u32,
    /// The obligor's group; `null` when it stands alone.
    pub group: Option<GroupView>,
}

/// What a bank has on an obligor's group, in the line's currency.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GroupView {
    pub parent: EnterpriseId,
    /// Blocked, utilised and reserved on all lines of the group.
    pub outstanding: Amount,
    /// The bank's cap; `null`: none.
    pub cap: Option<Amount>,
    /// Certificates of the group that are overdue now: above zero its lines take no new draws.
    pub overdue: u32,
}

impl Query for LineOf {
    const NAME: &'static str = "line";
    type Answer = LineView;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<LineView, Stop> {
        let line = BankLine::load(state, &(self.bank, self.obligor, self.currency))?;
        let line = line.ok_or_else(|| reject::line_currency(self.bank, self.obligor, self.currency))?;
        let today = ctx.time.date();
        let obligor_overdue = IssuerStanding::load(state, &self.obligor)?.unwrap_or_default().overdue;
        let (limit, available) = (line.limit(today)?, line.available(today)?);
        let members = group::of(state, self.obligor)?;
        let group = match members.parent {
            Some(parent) => Some(GroupView {
                parent,
                outstanding: members.exposure(state, self.bank, self.currency)?,
                cap: GroupCap::load(state, &(self.bank, parent, self.currency))?.map(|cap| cap.cap),
                overdue: members.overdue(state)?.0,
            }),
            None => None,
        };
        Ok(LineView { line, limit, available, obligor_overdue, group })
    }
}

/// How much a guarantor will still answer for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CoverOf {
    /// The guarantor.
    pub guarantor: EnterpriseId,
    /// The core enterprise that it answers for.
    pub obligor: EnterpriseId,
    /// The cover's currency.
    pub currency: Currency,
}

/// A cover, and what it comes to today.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CoverView {
    pub cover: Cover,
    /// What can still be blocked today.
    pub available: Amount,
}

impl Query for CoverOf {
    const NAME: &'static str = "cover";
    type Answer = CoverView;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<CoverView, Stop> {
        let zero = Amount::zero(self.currency);
        let cover = Cover::load(state, &(self.guarantor, self.obligor, self.currency))?;
        let cover = cover.ok_or_else(|| reject::cover(self.guarantor, self.obligor, zero, zero))?;
        Ok(CoverView { available: cover.available(ctx.time.date())?, cover })
    }
}
