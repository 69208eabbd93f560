//! What a core enterprise may promise: blocked at submission, used at acceptance, released at redemption.

use super::{
    alarm_percent, issuer, reject,
    types::{Movement, Quota, QuotaAlarmed, QuotaMoved},
};
use crate::core::{Context, EnterpriseId, Record, emit};
use types::{
    Amount, State, Stop,
    planted::{self, Fault},
};

/// Blocks `amount` for a certificate that is to be issued; refuses a suspended issuer and more than is available.
pub fn quota_block(ctx: &Context, state: &mut dyn State, core: EnterpriseId, amount: Amount) -> Result<(), Stop> {
    amount.positive()?;
    issuer::require_issuer(ctx, state, core)?;
    let today = ctx.time.date();
    let quota = Quota::load(state, &(core, amount.currency))?;
    let mut quota = quota.ok_or_else(|| reject::quota(core, Amount::zero(amount.currency), amount))?;
    let available = quota.available(today)?;
    if available.minus(amount)?.is_none() {
        return Err(reject::quota(core, available, amount).into());
    }
    quota.blocked = quota.blocked.plus(amount)?;
    quota.limit_at_block = quota.limit;
    keep(state, quota, Movement::Blocked, amount)
}

/// Gives back what was blocked: the certificate was rejected, withdrawn or has expired.
pub fn quota_unblock(_ctx: &Context, state: &mut dyn State, core: EnterpriseId, amount: Amount) -> Result<(), Stop> {
    let mut quota = load(state, core, amount)?;
    quota.blocked = quota.blocked.minus(amount)?.expect("a caller unblocks what it has blocked");
    keep(state, quota, Movement::Unblocked, amount)
}

/// Turns blocked into used: the certificate was accepted.
pub fn quota_use(_ctx: &Context, state: &mut dyn State, core: EnterpriseId, amount: Amount) -> Result<(), Stop> {
    let mut quota = load(state, core, amount)?;
    quota.blocked = quota.blocked.minus(amount)?.expect("a caller uses what it has blocked");
    quota.used = quota.used.plus(amount)?;
    keep(state, quota, Movement::Used, amount)
}

/// Gives back what was used: the promise was kept, reduced or cancelled in this amount.
pub fn quota_release(_ctx: &Context, state: &mut dyn State, core: EnterpriseId, amount: Amount) -> Result<(), Stop> {
    let mut quota = load(state, core, amount)?;
    if !planted::is(Fault::QuotaKept) {
        quota.used = quota.used.minus(amount)?.expect("a caller releases what it has used");
    }
    keep(state, quota, Movement::Released, amount)
}

fn load(state: &mut dyn State, core: EnterpriseId, amount: Amount) -> Result<Quota, Stop> {
    let quota = Quota::load(state, &(core, amount.currency))?;
    Ok(quota.expect("a caller moves only what it has blocked, and a quota is never removed"))
}

fn keep(state: &mut dyn State, mut quota: Quota, movement: Movement, amount: Amount) -> Result<(), Stop> {
    let Quota { core, blocked, used, .. } = quota;
    emit(state, &QuotaMoved { core, movement, amount, blocked, used });
    raise_alarm(state, &mut quota)?;
    assert!(
        quota.outstanding()?.minor <= quota.limit_at_block.minor,
        "nothing is blocked above the limit, and only blocking adds"
    );
    quota.store(state, &(core, amount.currency));
    Ok(())
}

/// Tells the core enterprise when a threshold is crossed upward; falling below one arms it again.
pub(super) fn raise_alarm(state: &mut dyn State, quota: &mut Quota) -> Result<(), Stop> {
    let outstanding = quota.outstanding()?;
    let percent = alarm_percent(outstanding, quota.limit);
    if percent > quota.alarm_percent {
        let Quota { core, granted_by, limit, .. } = *quota;
        emit(state, &QuotaAlarmed { core, granted_by, percent, outstanding, limit });
    }
    quota.alarm_percent = percent;
    Ok(())
}
