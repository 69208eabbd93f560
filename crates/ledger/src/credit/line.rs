//! What a bank will finance on an obligor: blocked at quote, utilised at disbursement, released when paid back.

use super::{
    alarm_percent, group, reject,
    types::{BankLine, LineAlarmed, LineKind, LineMoved, LineStatus, Movement, Program},
};
use crate::{
    core::{Context, EnterpriseId, Record, emit},
    policy,
};
use types::{Amount, Date, Rejection, State, Stop};

/// Blocks `amount` on the bank's line for a quote on something that matures on `maturity`.
pub fn line_block(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
    maturity: Date,
) -> Result<(), Stop> {
    amount.positive()?;
    let line = BankLine::load(state, &(bank, obligor, amount.currency))?;
    let mut line = line.ok_or_else(|| reject::line_currency(bank, obligor, amount.currency))?;
    let today = ctx.time.date();
    require_open(&line, today, maturity)?;
    group::require_none_overdue(ctx, state, obligor)?;
    let available = line.available(today)?;
    if available.minus(amount)?.is_none() {
        return Err(reject::line_insufficient(bank, available, amount).into());
    }
    require_below_cap(ctx, state, &line, amount)?;
    group::require_below_cap(state, bank, obligor, amount)?;
    line.blocked = line.blocked.plus(amount)?;
    line.limit_at_block = line.limit(today)?;
    keep(ctx, state, line, Movement::Blocked, amount)
}

/// Gives back what was blocked: the quote was refused, withdrawn or has expired.
pub fn line_unblock(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut line = load(state, bank, obligor, amount)?;
    line.blocked = line.blocked.minus(amount)?.expect("a caller unblocks what it has blocked");
    keep(ctx, state, line, Movement::Unblocked, amount)
}

/// Turns blocked into utilised, both at once: the bank has disbursed.
pub fn line_utilise(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut line = load(state, bank, obligor, amount)?;
    line.blocked = line.blocked.minus(amount)?.expect("a caller utilises what it has blocked");
    line.utilised = line.utilised.plus(amount)?;
    keep(ctx, state, line, Movement::Used, amount)
}

/// Gives back what was utilised: the obligor, or a recourse debtor, has paid this amount.
pub fn line_release(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut line = load(state, bank, obligor, amount)?;
    line.utilised = line.utilised.minus(amount)?.expect("a caller releases what it has utilised");
    match line.kind {
        LineKind::Revolving => {}
        LineKind::OneTime => line.repaid = line.repaid.plus(amount)?,
    }
    keep(ctx, state, line, Movement::Released, amount)
}

/// An open line on one of its days, for something that matures no later than the line.
fn require_open(line: &BankLine, today: Date, maturity: Date) -> Result<(), Rejection> {
    match line.status {
        LineStatus::Open => {}
        LineStatus::Closed => return Err(reject::line_closed(line.bank, line.obligor)),
    }
    for date in [today, maturity] {
        if date < line.starts || date > line.expires {
            return Err(reject::line_expired(line.bank, date, line.starts, line.expires));
        }
    }
    Ok(())
}

/// One obligor takes at most the policy's share of a bank's program; without a stated program there is no cap.
fn require_below_cap(ctx: &Context, state: &mut dyn State, line: &BankLine, amount: Amount) -> Result<(), Stop> {
    let Some(program) = Program::load(state, &(line.bank, line.currency()))? else {
        return Ok(());
    };
    let share = policy::at(state, ctx.time)?.obligor_share_max;
    let cap = share.share_floor(program.size)?;
    let outstanding = line.exposure()?.plus(amount)?;
    match cap.minus(outstanding)? {
        Some(_) => Ok(()),
        None => Err(reject::concentration(line.bank, outstanding, cap).into()),
    }
}

pub(super) fn load(
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<BankLine, Stop> {
    let line = BankLine::load(state, &(bank, obligor, amount.currency))?;
    Ok(line.expect("a caller moves only what it has blocked, and a line is never removed"))
}

pub(super) fn keep(
    ctx: &Context,
    state: &mut dyn State,
    mut line: BankLine,
    movement: Movement,
    amount: Amount,
) -> Result<(), Stop> {
    let BankLine { bank, obligor, blocked, utilised, reserved, .. } = line;
    emit(state, &LineMoved { bank, obligor, movement, amount, blocked, utilised, reserved });
    raise_alarm(ctx, state, &mut line)?;
    assert!(
        line.outstanding()?.minor <= line.limit_at_block.minor,
        "nothing is blocked above the limit, and only blocking adds"
    );
    assert!(line.earmarked.minor <= line.reserved.minor, "only what is reserved is earmarked");
    line.store(state, &(bank, obligor, amount.currency));
    Ok(())
}

/// Tells the bank when a threshold is crossed upward; falling below one arms it again.
pub(super) fn raise_alarm(ctx: &Context, state: &mut dyn State, line: &mut BankLine) -> Result<(), Stop> {
    let (outstanding, limit) = (line.outstanding()?, line.limit(ctx.time.date())?);
    let percent = alarm_percent(outstanding, limit);
    if percent > line.alarm_percent {
        let BankLine { bank, obligor, .. } = *line;
        emit(state, &LineAlarmed { bank, obligor, percent, outstanding, limit });
    }
    line.alarm_percent = percent;
    Ok(())
}
