//! Whether a core enterprise may promise more: not while it is overdue, nor for a time after it was too often.

use super::{
    Due, reject,
    types::{IssuerCleared, IssuerStanding, IssuerSuspended, OVERDUE_REMEMBERED_MAX},
};
use crate::{
    core::{Context, EnterpriseId, Record, due, emit},
    policy,
};
use types::{Date, State, Stop, text::Reference, wire};

/// A certificate of `core` became overdue: called once for each.
pub fn overdue_began(ctx: &Context, state: &mut dyn State, core: EnterpriseId, root: &str) -> Result<(), Stop> {
    let root = Reference::new(root).map_err(|message| wire::malformed(&message))?;
    let policy = policy::at(state, ctx.time)?;
    let today = ctx.time.date();
    let mut standing = IssuerStanding::load(state, &core)?.unwrap_or_default();
    standing.overdue += 1;
    standing.recent.retain(|date| date.plus_months(policy.overdue_window_months) >= today);
    if standing.recent.len() == OVERDUE_REMEMBERED_MAX {
        let oldest = standing.recent[0];
        let mut dropped = false;
        standing.recent.retain(|date| std::mem::replace(&mut dropped, true) || *date != oldest);
    }
    standing.recent.push(today).expect("the oldest was dropped where the list was full");
    let count = u32::try_from(standing.recent.len()).expect("at most OVERDUE_REMEMBERED_MAX");
    if count >= policy.overdue_roots_to_suspend {
        let until = today.plus_months(policy.overdue_suspension_months);
        standing.suspended_until = Some(until);
        due::schedule(state, until.at(0, 0), super::MODULE.number, wire::encode(&Due::SuspensionEnd(core)))?;
    }
    if standing.overdue >= policy.overdue_roots_to_stop_issuing || standing.is_suspended(today) {
        let (overdue, until) = (standing.overdue, standing.suspended_until);
        emit(state, &IssuerSuspended { core, root, overdue, until });
    }
    standing.store(state, &core);
    Ok(())
}

/// An overdue certificate of `core` was paid or written off: called once for each.
pub fn overdue_ended(ctx: &Context, state: &mut dyn State, core: EnterpriseId, _root: &str) -> Result<(), Stop> {
    let standing = IssuerStanding::load(state, &core)?;
    let mut standing = standing.expect("a certificate ends to be overdue after it began to be");
    standing.overdue = standing.overdue.checked_sub(1).expect("each certificate ends to be overdue once");
    if standing.overdue == 0 && !standing.is_suspended(ctx.time.date()) {
        emit(state, &IssuerCleared { core });
    }
    standing.store(state, &core);
    Ok(())
}

/// Refuses a core enterprise that may not issue now.
pub fn require_issuer(ctx: &Context, state: &mut dyn State, core: EnterpriseId) -> Result<(), Stop> {
    let Some(standing) = IssuerStanding::load(state, &core)? else {
        return Ok(());
    };
    if let Some(until) = standing.suspended_until.filter(|until| ctx.time.date() < *until) {
        let reason = format_args!("it was overdue too often and is suspended until {until}");
        return Err(reject::issuer_suspended(core, reason).into());
    }
    if standing.overdue == 0 {
        return Ok(());
    }
    let allowed = policy::at(state, ctx.time)?.overdue_roots_to_stop_issuing;
    if standing.overdue >= allowed {
        let reason = format_args!("certificates overdue: {}; pay them first", standing.overdue);
        return Err(reject::issuer_suspended(core, reason).into());
    }
    Ok(())
}

/// The suspension's last day is over; a later overdue may have prolonged it, or a certificate may be overdue still.
pub(super) fn suspension_ended(ctx: &Context, state: &mut dyn State, core: EnterpriseId) -> Result<(), Stop> {
    let standing = IssuerStanding::load(state, &core)?;
    let mut standing = standing.expect("a standing is stored in the act that schedules the end of its suspension");
    if standing.suspended_until.is_none() || standing.is_suspended(ctx.time.date()) {
        return Ok(());
    }
    standing.suspended_until = None;
    if standing.overdue == 0 {
        emit(state, &IssuerCleared { core });
    }
    standing.store(state, &core);
    Ok(())
}

impl IssuerStanding {
    /// Suspended for a time, and the time is not over.
    pub fn is_suspended(&self, today: Date) -> bool {
        self.suspended_until.is_some_and(|until| today < until)
    }
}
