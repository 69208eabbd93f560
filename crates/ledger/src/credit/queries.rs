use super::{
    reject,
    types::{BankLine, IssuerStanding, Quota},
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
}

impl Query for LineOf {
    const NAME: &'static str = "line";
    type Answer = LineView;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<LineView, Stop> {
        let line = BankLine::load(state, &(self.bank, self.obligor, self.currency))?;
        let line = line.ok_or_else(|| reject::line_currency(self.bank, self.obligor, self.currency))?;
        let today = ctx.time.date();
        let obligor_overdue = IssuerStanding::load(state, &self.obligor)?.unwrap_or_default().overdue;
        Ok(LineView { limit: line.limit(today)?, available: line.available(today)?, line, obligor_overdue })
    }
}
