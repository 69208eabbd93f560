//! How much of an obligor's promise a guarantor answers for: blocked at submission, used at acceptance, released when
//! the certificate is paid, burned or given up. What the guarantor has paid to a holder stays used: now it is owed it.

use super::{
    alarm_percent, group, reject,
    types::{Cover, CoverAlarmed, CoverMoved, Movement},
};
use crate::core::{Context, EnterpriseId, Record, emit};
use types::{Amount, Date, State, Stop};

/// Blocks `amount` of the guarantor's cover for a certificate that matures on `maturity`.
pub fn cover_block(
    ctx: &Context,
    state: &mut dyn State,
    guarantor: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
    maturity: Date,
) -> Result<(), Stop> {
    amount.positive()?;
    let cover = Cover::load(state, &(guarantor, obligor, amount.currency))?;
    let zero = Amount::zero(amount.currency);
    let mut cover = cover.ok_or_else(|| reject::cover(guarantor, obligor, zero, amount))?;
    let today = ctx.time.date();
    for date in [today, maturity] {
        if date < cover.starts || date > cover.expires {
            return Err(reject::cover_expired(guarantor, date, cover.starts, cover.expires).into());
        }
    }
    group::require_none_overdue(ctx, state, obligor)?;
    let available = cover.available(today)?;
    if available.minus(amount)?.is_none() {
        return Err(reject::cover(guarantor, obligor, available, amount).into());
    }
    cover.blocked = cover.blocked.plus(amount)?;
    cover.limit_at_block = cover.limit;
    keep(state, cover, Movement::Blocked, amount)
}

/// Gives back what was blocked: the certificate was rejected, withdrawn or has expired.
pub fn cover_unblock(
    state: &mut dyn State,
    guarantor: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut cover = load(state, guarantor, obligor, amount)?;
    cover.blocked = cover.blocked.minus(amount)?.expect("a caller unblocks what it has blocked");
    keep(state, cover, Movement::Unblocked, amount)
}

/// Turns blocked into used: the certificate was accepted.
pub fn cover_use(
    state: &mut dyn State,
    guarantor: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut cover = load(state, guarantor, obligor, amount)?;
    cover.blocked = cover.blocked.minus(amount)?.expect("a caller uses what it has blocked");
    cover.used = cover.used.plus(amount)?;
    keep(state, cover, Movement::Used, amount)
}

/// Gives back what was used: the obligor has paid this amount, or nobody is owed it any more.
pub fn cover_release(
    state: &mut dyn State,
    guarantor: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut cover = load(state, guarantor, obligor, amount)?;
    cover.used = cover.used.minus(amount)?.expect("a caller releases what it has used");
    keep(state, cover, Movement::Released, amount)
}

fn load(state: &mut dyn State, guarantor: EnterpriseId, obligor: EnterpriseId, amount: Amount) -> Result<Cover, Stop> {
    let cover = Cover::load(state, &(guarantor, obligor, amount.currency))?;
    Ok(cover.expect("a caller moves only what it has blocked, and a cover is never removed"))
}

fn keep(state: &mut dyn State, mut cover: Cover, movement: Movement, amount: Amount) -> Result<(), Stop> {
    let Cover { guarantor, obligor, blocked, used, .. } = cover;
    emit(state, &CoverMoved { guarantor, obligor, movement, amount, blocked, used });
    raise_alarm(state, &mut cover)?;
    assert!(
        cover.outstanding()?.minor <= cover.limit_at_block.minor,
        "nothing is blocked above the limit, and only blocking adds"
    );
    cover.store(state, &(guarantor, obligor, amount.currency));
    Ok(())
}

/// Tells the guarantor when a threshold is crossed upward; falling below one arms it again.
pub(super) fn raise_alarm(state: &mut dyn State, cover: &mut Cover) -> Result<(), Stop> {
    let outstanding = cover.outstanding()?;
    let percent = alarm_percent(outstanding, cover.limit);
    if percent > cover.alarm_percent {
        let Cover { guarantor, obligor, limit, .. } = *cover;
        emit(state, &CoverAlarmed { guarantor, obligor, percent, outstanding, limit });
    }
    cover.alarm_percent = percent;
    Ok(())
}
