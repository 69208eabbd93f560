//! When the money does not come: overdue, default, and what holders give up.

use super::{
    advance, backing, distribution,
    guard::{self, concerned},
    settlement::{self, place, plan},
};
use crate::{
    core::{Call, Context, EnterpriseId, Function, Record, Role, emit, look_ahead},
    credit, enterprise, policy,
    receivable::{
        due::Due,
        tree::{self, Gone, Root},
        types::{
            CertificateDefaulted, CertificateDishonored, CertificateId, CertificateStatus, Change, DeclareDefault,
            DefaultGround, Financing, FinancingStatus, Lot, LotId, LotStatus, LotWrittenOff, Notice, OpenPage,
            Settlement, SettlementPhase, WriteOff, reject,
        },
    },
};
use std::collections::BTreeSet;
use types::{Amount, Clock, Date, List, Rejection, State, Stop, Timestamp};

/// A cut-off that is handled later than this was slept through: no block was made, so no bank could attest. It is held
/// again on a business day on which one can.
const CUTOFF_DELAY_MAX_MS: u64 = 60 * 60 * 1000;
/// Lots whose holders are told in one step.
const LOTS_PER_NOTICE: u32 = 32;
/// Enterprises that one event tells.
const TOLD_PER_EVENT: usize = 32;

const HOLDER: &[Role] = &[Role::any(&[Function::Maker, Function::Checker])];

/// The cut-off of the due day: what has not come in full is overdue from here on.
pub(in crate::receivable) fn cutoff(
    ctx: &Context,
    state: &mut dyn State,
    id: CertificateId,
    at: Timestamp,
) -> Result<(), Stop> {
    let root = Root::load(state, id)?;
    if root.certificate.status != CertificateStatus::Maturing {
        return Ok(());
    }
    // A movable clock is moved on purpose: a jump of its is no outage.
    if ctx.clock == Clock::Real && ctx.time > at.plus_ms(CUTOFF_DELAY_MAX_MS) {
        let next = next_cutoff(ctx, state, &root)?;
        return plan(state, next, &Due::Cutoff { certificate: id, at: next });
    }
    let settlement = settlement::settlement(state, id)?;
    match settlement.phase {
        // The list is being taken in items before this one.
        SettlementPhase::Called | SettlementPhase::Listing(_) => {
            plan(state, ctx.time, &Due::RecordList(id))?;
            plan(state, ctx.time, &Due::Cutoff { certificate: id, at })
        }
        SettlementPhase::Paying(_) | SettlementPhase::Closed => Ok(()),
        SettlementPhase::Waiting if settlement.undistributed.minus(root.certificate.live)?.is_some() => Ok(()),
        SettlementPhase::Waiting => begin_overdue(ctx, state, root, settlement),
    }
}

/// The next cut-off after now, on a business day.
fn next_cutoff(ctx: &Context, state: &mut dyn State, root: &Root) -> Result<Timestamp, Stop> {
    let minute = u64::from(guard::policy_of(state, root)?.payment_cutoff_minute_of_day);
    let today = policy::following_business_day(state, ctx.time.date())?;
    let at = today.at(minute / 60, minute % 60);
    if at > ctx.time {
        return Ok(at);
    }
    Ok(policy::add_business_days(state, today, 1)?.at(minute / 60, minute % 60))
}

fn begin_overdue(ctx: &Context, state: &mut dyn State, mut root: Root, mut settlement: Settlement) -> Result<(), Stop> {
    let id = root.id;
    let due_on = root.certificate.issued.as_ref().expect("a maturing certificate is issued").due_on;
    settlement.overdue_since = Some(due_on);
    settlement.counted_to = Some(due_on);
    root.certificate.status = CertificateStatus::Overdue;
    root.note(ctx, state, Change::Certificate(CertificateStatus::Overdue))?;
    credit::overdue_began(ctx, state, settlement.obligor, &id.to_string())?;
    distribution::begin(ctx, state, &root, &settlement)?;
    settlement.store(state, &id);
    root.store(state);
    plan(state, ctx.time, &Due::Notify { certificate: id, notice: Notice::Dishonored, from: 1 })
}

/// The last day of grace.
pub(in crate::receivable) fn grace_ends(state: &mut dyn State, root: &Root) -> Result<Date, Stop> {
    let policy = guard::policy_of(state, root)?;
    let due_on = root.certificate.issued.as_ref().expect("an overdue certificate is issued").due_on;
    Ok(policy::add_business_days(state, due_on, policy.default_grace_business_days)?)
}

/// Tells all prior parties: everybody who holds or ever held a lot, a few lots at a time, and first the parties of the
/// certificate itself.
pub(in crate::receivable) fn notify(
    ctx: &Context,
    state: &mut dyn State,
    id: CertificateId,
    notice: Notice,
    from: u32,
) -> Result<(), Stop> {
    let root = Root::load(state, id)?;
    let settlement = settlement::settlement(state, id)?;
    if let SettlementPhase::Paying(_) = settlement.phase {
        // What is unpaid is told when the round is over.
        return plan(state, ctx.time, &Due::Notify { certificate: id, notice, from });
    }
    let mut told: BTreeSet<EnterpriseId> = BTreeSet::new();
    if from == 1 {
        told.extend(settlement::parties(&root.certificate));
    }
    let last = root.certificate.lots.min(from + LOTS_PER_NOTICE - 1);
    look_ahead(state, (from..=last).map(|number| Lot::key(&LotId::of(id, number))))?;
    for number in from..=last {
        let lot = tree::lot(state, LotId::of(id, number))?;
        told.insert(lot.holder);
        if let LotStatus::Financed(financing) | LotStatus::Recoursed(financing) = lot.status {
            let financing = Financing::load(state, &financing)?.expect("a financed lot names its financing");
            told.insert(financing.seller);
            told.extend(financing.bank);
            told.extend(financing.former_banks.iter().copied());
        }
    }
    let overdue_since = settlement.overdue_since.expect("notices follow the cut-off");
    let (unpaid, grace_ends) = (root.certificate.live, grace_ends(state, &root)?);
    let told: Vec<EnterpriseId> = told.into_iter().collect();
    for told in told.chunks(TOLD_PER_EVENT) {
        let concerned = concerned(told);
        match notice {
            Notice::Dishonored => {
                emit(state, &CertificateDishonored { certificate: id, unpaid, overdue_since, grace_ends, concerned });
            }
            Notice::Defaulted => {
                emit(state, &CertificateDefaulted { certificate: id, unpaid, overdue_since, concerned });
            }
        }
    }
    if last < root.certificate.lots {
        return plan(state, ctx.time, &Due::Notify { certificate: id, notice, from: last + 1 });
    }
    Ok(())
}

impl Call for DeclareDefault {
    const NAME: &'static str = "declare_default";
    const ROLES: &'static [Role] = HOLDER;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        let mut lots: BTreeSet<LotId> = self.others.iter().copied().collect();
        lots.insert(self.lot);
        if lots.len() == self.others.len() + 1 { Ok(()) } else { Err(reject::lot_twice()) }
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let mut root = Root::load(state, self.certificate)?;
        guard::require_status(&root, CertificateStatus::Overdue)?;
        match self.ground {
            DefaultGround::GraceOver => {
                let grace_ends = grace_ends(state, &root)?;
                if ctx.time.date() <= grace_ends {
                    return Err(reject::grace(root.id, grace_ends).into());
                }
            }
            DefaultGround::Insolvency { .. } => {}
        }
        self.require_authority(ctx, state, &root)?;
        let mut settlement = settlement::settlement(state, root.id)?;
        settlement.defaulted_at = Some(ctx.time);
        settlement.store(state, &root.id);
        root.certificate.status = CertificateStatus::Defaulted;
        root.note(ctx, state, Change::Certificate(CertificateStatus::Defaulted))?;
        let id = root.id;
        root.store(state);
        plan(state, ctx.time, &Due::Notify { certificate: id, notice: Notice::Defaulted, from: 1 })
    }
}

impl DeclareDefault {
    /// Refuses unless a financier declares, or holders of more than half of what is unpaid sign together.
    fn require_authority(&self, ctx: &Context, state: &mut dyn State, root: &Root) -> Result<(), Stop> {
        let own = owed_lot(state, root, self.lot)?;
        guard::require_holder(self.lot, &own, ctx.actor().enterprise)?;
        if let LotStatus::Financed(_) = own.status {
            return Ok(());
        }
        let mut signed = own.unpaid();
        for id in &self.others {
            let lot = owed_lot(state, root, *id)?;
            if lot.holder != ctx.actor().enterprise {
                enterprise::require(ctx, state, lot.holder, None, &[Function::Maker, Function::Checker])?;
            }
            signed = signed.plus(lot.unpaid())?;
        }
        let live = root.certificate.live;
        if u128::from(signed.minor) * 2 > u128::from(live.minor) {
            return Ok(());
        }
        Err(reject::majority(signed, live).into())
    }
}

/// A lot of the certificate on which something is owed.
fn owed_lot(state: &mut dyn State, root: &Root, id: LotId) -> Result<Lot, Stop> {
    let lot = tree::lot(state, id)?;
    if lot.certificate != root.id {
        return Err(reject::other_certificate(id, root.id).into());
    }
    if !lot.is_live() {
        return Err(reject::lot_spent(id).into());
    }
    Ok(lot)
}

impl Call for WriteOff {
    const NAME: &'static str = "write_off";
    const ROLES: &'static [Role] = HOLDER;
    const RUNS_OFF: bool = true;
    /// What was given up.
    type Outcome = Amount;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Amount, Stop> {
        let lot = tree::lot(state, self.lot)?;
        guard::require_holder(self.lot, &lot, ctx.actor().enterprise)?;
        let mut root = Root::load(state, lot.certificate)?;
        guard::require_status(&root, CertificateStatus::Defaulted)?;
        let lot = owed_lot(state, &root, self.lot)?;
        guard::require_not_frozen(self.lot, &lot)?;
        let mut settlement = settlement::settlement(state, root.id)?;
        require_waiting(root.id, &settlement)?;
        let amount = lot.unpaid();
        enterprise::require_limits(ctx, amount)?;
        let (line, holder) = (lot.line.expect("a live lot is on the list once it is taken"), lot.holder);
        backing::paid(ctx, state, &root.certificate, &lot, amount)?;
        if let LotStatus::Financed(financing) = lot.status {
            advance::give_up(ctx, state, financing)?;
            distribution::give_back_seller(state, &lot, amount)?;
            distribution::close_financing(ctx, state, &mut root, financing, FinancingStatus::WrittenOff)?;
        }
        give_up_line(state, root.id, line)?;
        tree::change(state, self.lot, lot, LotStatus::WrittenOff, holder)?;
        root.owe_less(amount, Gone::WrittenOff)?;
        credit::quota_release(ctx, state, settlement.obligor, amount)?;
        root.note(ctx, state, Change::LotWrittenOff(self.lot))?;
        let (reason, concerned) = (self.reason.clone(), concerned(&[holder, settlement.obligor]));
        emit(state, &LotWrittenOff { certificate: root.id, lot: self.lot, amount, reason, concerned });
        if root.certificate.live.is_zero() {
            distribution::settle(ctx, state, &mut root, &mut settlement)?;
        }
        settlement.store(state, &root.id);
        root.store(state);
        Ok(amount)
    }
}

/// Refuses while the list is taken or a round is paid.
pub(super) fn require_waiting(id: CertificateId, settlement: &Settlement) -> Result<(), Rejection> {
    match settlement.phase {
        SettlementPhase::Waiting => Ok(()),
        SettlementPhase::Called
        | SettlementPhase::Listing(_)
        | SettlementPhase::Paying(_)
        | SettlementPhase::Closed => Err(reject::settling(id)),
    }
}

/// Nothing is owed on a line any more.
fn give_up_line(state: &mut dyn State, id: CertificateId, line: u32) -> Result<(), Stop> {
    let (page, position) = place(line);
    let owed = OpenPage::load(state, &(id, page))?.expect("both lists have the same pages");
    let mut lines = owed.lines.into_vec();
    let given_up = &mut lines[position];
    let zero = Amount { minor: 0, ..given_up.principal };
    (given_up.principal, given_up.penalty) = (zero, zero);
    let lines = List::new(lines).expect("as many lines as before");
    OpenPage { lines }.store(state, &(id, page));
    Ok(())
}
