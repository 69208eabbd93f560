mod groups;

use super::{
    LINE_NOTICE_DAYS, cover, issuer, line, quota, reject,
    types::{
        AdHoc, BankLine, ChangeLine, CloseLine, Cover, CoverGranted, Due, GrantCover, GrantLine, GrantQuota,
        LineChanged, LineClosed, LineExpiring, LineGranted, LineStatus, Program, ProgramSet, Quota, QuotaGranted,
        SetProgram,
    },
};
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, due, emit},
    enterprise,
};
use types::{Amount, Currency, Date, Key, Rejection, State, Stop, wire};

/// A line is a credit decision: one prepares, one who decides on risk confirms.
const BANK_RISK: &[Role] = &[Role::of(EntityRole::Bank, &[Function::Maker, Function::Risk])];

impl Call for GrantQuota {
    const NAME: &'static str = "grant_quota";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Operator, &[Function::Maker, Function::Checker])];
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        self.limit.positive()?;
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Quota::key(&(self.core, self.limit.currency))]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        if !enterprise::active(state, self.core)?.roles.contains(&EntityRole::Core) {
            return Err(reject::not_core(self.core).into());
        }
        require_dates(ctx, self.starts, self.expires)?;
        let id = (self.core, self.limit.currency);
        let zero = Amount::zero(self.limit.currency);
        let earlier = Quota::load(state, &id)?;
        let (blocked, used, limit_at_block, alarm_percent) = match earlier {
            Some(quota) => (quota.blocked, quota.used, quota.limit_at_block, quota.alarm_percent),
            None => (zero, zero, zero, 0),
        };
        let granted_by = ctx.actor().enterprise;
        let mut quota = Quota {
            core: self.core,
            granted_by,
            limit: self.limit,
            blocked,
            used,
            starts: self.starts,
            expires: self.expires,
            remark: self.remark.clone(),
            decided_at: ctx.time,
            limit_at_block,
            alarm_percent,
        };
        let event = QuotaGranted {
            core: self.core,
            granted_by,
            limit: self.limit,
            starts: self.starts,
            expires: self.expires,
            remark: self.remark.clone(),
        };
        emit(state, &event);
        quota::raise_alarm(state, &mut quota)?;
        quota.store(state, &id);
        Ok(())
    }
}

impl Call for GrantLine {
    const NAME: &'static str = "grant_line";
    const ROLES: &'static [Role] = BANK_RISK;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        check_limit(self.sanctioned, self.ad_hoc)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let bank = ctx.actor().enterprise;
        if self.obligor == bank {
            return Err(reject::self_line(bank).into());
        }
        enterprise::active(state, self.obligor)?;
        require_dates(ctx, self.starts, self.expires)?;
        let currency = self.sanctioned.currency;
        let id = (bank, self.obligor, currency);
        let zero = Amount::zero(currency);
        let earlier = BankLine::load(state, &id)?;
        if earlier.as_ref().is_some_and(|line| line.status == LineStatus::Open) {
            return Err(reject::line_exists(bank, self.obligor, currency).into());
        }
        let mut granted = BankLine {
            bank,
            obligor: self.obligor,
            kind: self.kind,
            status: LineStatus::Open,
            sanctioned: self.sanctioned,
            ad_hoc: self.ad_hoc,
            starts: self.starts,
            expires: self.expires,
            blocked: earlier.as_ref().map_or(zero, |line| line.blocked),
            utilised: earlier.as_ref().map_or(zero, |line| line.utilised),
            reserved: earlier.as_ref().map_or(zero, |line| line.reserved),
            earmarked: earlier.as_ref().map_or(zero, |line| line.earmarked),
            repaid: zero,
            limit_at_block: earlier.as_ref().map_or(zero, |line| line.limit_at_block),
            alarm_percent: 0,
            remark: self.remark.clone(),
        };
        let event = LineGranted {
            bank,
            obligor: self.obligor,
            sanctioned: self.sanctioned,
            starts: self.starts,
            expires: self.expires,
            remark: self.remark.clone(),
        };
        emit(state, &event);
        line::raise_alarm(ctx, state, &mut granted)?;
        granted.store(state, &id);
        schedule_notice(ctx, state, bank, self.obligor, currency, self.expires)
    }
}

impl Call for ChangeLine {
    const NAME: &'static str = "change_line";
    const ROLES: &'static [Role] = BANK_RISK;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        check_limit(self.sanctioned, self.ad_hoc)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let bank = ctx.actor().enterprise;
        let currency = self.sanctioned.currency;
        let mut changed = open_line(state, bank, self.obligor, currency)?;
        require_dates(ctx, changed.starts, self.expires)?;
        let moved = changed.expires != self.expires;
        changed.sanctioned = self.sanctioned;
        changed.ad_hoc = self.ad_hoc;
        changed.expires = self.expires;
        changed.remark = self.remark.clone();
        let event = LineChanged {
            bank,
            obligor: self.obligor,
            sanctioned: self.sanctioned,
            expires: self.expires,
            remark: self.remark.clone(),
        };
        emit(state, &event);
        line::raise_alarm(ctx, state, &mut changed)?;
        changed.store(state, &(bank, self.obligor, currency));
        if moved { schedule_notice(ctx, state, bank, self.obligor, currency, self.expires) } else { Ok(()) }
    }
}

impl Call for CloseLine {
    const NAME: &'static str = "close_line";
    const ROLES: &'static [Role] = BANK_RISK;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let bank = ctx.actor().enterprise;
        let mut closed = open_line(state, bank, self.obligor, self.currency)?;
        closed.status = LineStatus::Closed;
        closed.remark = self.remark.clone();
        let (obligor, currency, remark) = (self.obligor, self.currency, self.remark.clone());
        emit(state, &LineClosed { bank, obligor, currency, remark });
        closed.store(state, &(bank, obligor, currency));
        Ok(())
    }
}

impl Call for SetProgram {
    const NAME: &'static str = "set_program";
    const ROLES: &'static [Role] = BANK_RISK;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        self.size.positive()?;
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let (bank, size) = (ctx.actor().enterprise, self.size);
        emit(state, &ProgramSet { bank, size });
        Program { bank, size }.store(state, &(bank, size.currency));
        Ok(())
    }
}

impl Call for GrantCover {
    const NAME: &'static str = "grant_cover";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Guarantor, &[Function::Maker, Function::Risk])];
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        self.limit.positive()?;
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let guarantor = ctx.actor().enterprise;
        if self.obligor == guarantor {
            return Err(enterprise::reject::self_transfer(guarantor).into());
        }
        if !enterprise::active(state, self.obligor)?.roles.contains(&EntityRole::Core) {
            return Err(reject::not_core(self.obligor).into());
        }
        require_dates(ctx, self.starts, self.expires)?;
        let id = (guarantor, self.obligor, self.limit.currency);
        let zero = Amount::zero(self.limit.currency);
        let earlier = Cover::load(state, &id)?;
        let (blocked, used, limit_at_block, alarm_percent) = match earlier {
            Some(cover) => (cover.blocked, cover.used, cover.limit_at_block, cover.alarm_percent),
            None => (zero, zero, zero, 0),
        };
        let (obligor, limit, starts, expires) = (self.obligor, self.limit, self.starts, self.expires);
        emit(state, &CoverGranted { guarantor, obligor, limit, starts, expires, remark: self.remark.clone() });
        let mut cover = Cover {
            guarantor,
            obligor,
            limit,
            blocked,
            used,
            starts,
            expires,
            remark: self.remark.clone(),
            decided_at: ctx.time,
            limit_at_block,
            alarm_percent,
        };
        cover::raise_alarm(state, &mut cover)?;
        cover.store(state, &id);
        Ok(())
    }
}

/// What is due: the end of a suspension, and the notice that a line expires in a month.
pub(super) fn due(ctx: &Context, payload: &[u8], state: &mut dyn State) -> Result<(), Stop> {
    match wire::decode(payload).expect("only this module schedules its due work") {
        Due::SuspensionEnd(core) => issuer::suspension_ended(ctx, state, core),
        Due::LineNotice { bank, obligor, currency, expires } => {
            let line = BankLine::load(state, &(bank, obligor, currency))?.expect("a line is never removed");
            if line.status == LineStatus::Open && line.expires == expires {
                emit(state, &LineExpiring { bank, obligor, currency, expires });
            }
            Ok(())
        }
    }
}

fn schedule_notice(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    currency: Currency,
    expires: Date,
) -> Result<(), Stop> {
    let at = expires.minus_days(LINE_NOTICE_DAYS).at(9, 0);
    if at > ctx.time {
        let notice = Due::LineNotice { bank, obligor, currency, expires };
        due::schedule(state, at, super::MODULE.number, wire::encode(&notice))?;
    }
    Ok(())
}

fn open_line(
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    currency: Currency,
) -> Result<BankLine, Stop> {
    let line = BankLine::load(state, &(bank, obligor, currency))?;
    let line = line.ok_or_else(|| reject::line_currency(bank, obligor, currency))?;
    match line.status {
        LineStatus::Open => Ok(line),
        LineStatus::Closed => Err(reject::line_closed(bank, obligor).into()),
    }
}

fn check_limit(sanctioned: Amount, ad_hoc: Option<AdHoc>) -> Result<(), Rejection> {
    sanctioned.positive()?;
    if let Some(ad_hoc) = ad_hoc {
        sanctioned.same_currency(ad_hoc.amount.positive()?)?;
        if ad_hoc.ends < ad_hoc.starts {
            return Err(reject::dates(ad_hoc.starts, ad_hoc.ends, ad_hoc.starts));
        }
    }
    Ok(())
}

fn require_dates(ctx: &Context, starts: Date, expires: Date) -> Result<(), Rejection> {
    let today = ctx.time.date();
    if expires < starts || expires < today { Err(reject::dates(starts, expires, today)) } else { Ok(()) }
}
