//! Control: freezes by order, and disputes between obligor and first creditor.

use super::{
    guard::{self, concerned},
    settlement::plan,
};
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, emit},
    enterprise, money, policy,
    receivable::{
        due::Due,
        tree::{self, Part, Root},
        types::{
            CertificateStatus, Change, Dispute, DisputeId, DisputeOpened, DisputeOutcome, DisputeResolved, Freeze,
            FreezeGround, FreezeId, FreezeLot, Lifted, Lot, LotFrozen, LotId, LotStatus, LotUnfrozen, OpenDispute,
            ResolveDispute, SellerShare, Unfreeze, reject,
        },
    },
};
use types::{Amount, Rejection, State, Stop, Timestamp, text::Reference};

const TWO: &[Role] = &[Role::any(&[Function::Maker, Function::Checker])];

impl Call for FreezeLot {
    const NAME: &'static str = "freeze_lot";
    const ROLES: &'static [Role] = TWO;
    const RUNS_OFF: bool = true;
    type Outcome = FreezeId;

    fn check(&self) -> Result<(), Rejection> {
        if let Some(amount) = self.amount {
            amount.positive()?;
        }
        match (self.ground, self.hours) {
            (FreezeGround::Fraud, Some(hours)) if hours > 0 => Ok(()),
            (FreezeGround::Fraud, Some(_) | None) => {
                Err(reject::freeze_ground("on the ground of fraud it says for how many hours"))
            }
            (FreezeGround::Contract | FreezeGround::Order, None) => Ok(()),
            (FreezeGround::Contract | FreezeGround::Order, Some(_)) => {
                Err(reject::freeze_ground("it ends when it is lifted, so it names no hours"))
            }
        }
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<FreezeId, Stop> {
        let lot = tree::lot(state, self.lot)?;
        if !lot.is_live() {
            return Err(reject::lot_spent(self.lot).into());
        }
        let expires = self.require_authority(ctx, state, &lot)?;
        let mut root = Root::load(state, lot.certificate)?;
        let (suspense, for_seller) = self.supersede(ctx, state, &lot)?;
        let (lot_id, mut lot) = self.part(ctx, state, &mut root, lot)?;
        let id = self.id(ctx, lot_id);
        if Freeze::load(state, &id)?.is_some() {
            return Err(reject::freeze_ground("the operator froze this lot before: get an order").into());
        }
        let freeze = Freeze {
            certificate: root.id,
            lot: lot_id,
            holder: lot.holder,
            amount: lot.face,
            ground: self.ground,
            by: ctx.actor().enterprise,
            order: self.order.clone(),
            order_digest: self.order_digest,
            frozen_at: ctx.time,
            expires,
            suspense,
            for_seller,
            lifted: None,
        };
        if let Some(expires) = expires {
            plan(state, expires, &Due::FreezeExpiry(id))?;
        }
        let concerned = concerned(&[freeze.holder, freeze.by, root.certificate.settlement_agent]);
        let (certificate, ground, order) = (root.id, self.ground, self.order.clone());
        let amount = freeze.amount;
        emit(state, &LotFrozen { certificate, lot: lot_id, freeze: id, ground, order, amount, expires, concerned });
        freeze.store(state, &id);
        lot.freeze = Some(id);
        lot.store(state, &lot_id);
        root.note(ctx, state, Change::Freeze(id))?;
        root.store(state);
        Ok(id)
    }
}

impl FreezeLot {
    /// The operator may freeze a lot for fraud once: the id of that freeze is the lot's.
    fn id(&self, ctx: &Context, lot: LotId) -> FreezeId {
        match self.ground {
            FreezeGround::Fraud => FreezeId::of_fraud(lot),
            FreezeGround::Contract | FreezeGround::Order => FreezeId::derive(ctx.transaction, ctx.act, 0),
        }
    }

    /// Refuses who may not freeze on this ground; gives when the freeze ends by itself.
    fn require_authority(&self, ctx: &Context, state: &mut dyn State, lot: &Lot) -> Result<Option<Timestamp>, Stop> {
        let actor = ctx.actor().enterprise;
        match self.ground {
            FreezeGround::Fraud => {
                guard::require_role(state, actor, EntityRole::Operator)?;
                let most = policy::at(state, ctx.time)?.operator_freeze_hours_max;
                match self.hours.filter(|hours| *hours <= most) {
                    Some(hours) => Ok(Some(ctx.time.plus_hours(u64::from(hours)))),
                    None => Err(reject::freeze_ground(format!("the operator freezes for {most} hours at most")).into()),
                }
            }
            FreezeGround::Contract => {
                guard::require_holder(self.lot, lot, actor)?;
                Ok(None)
            }
            FreezeGround::Order => {
                guard::require_role(state, actor, EntityRole::Regulator)?;
                Ok(None)
            }
        }
    }

    /// An order ends a lesser freeze that lies on the lot already; gives the money that waits on it.
    fn supersede(
        &self,
        ctx: &Context,
        state: &mut dyn State,
        lot: &Lot,
    ) -> Result<(Amount, Option<SellerShare>), Stop> {
        let nothing = Amount::zero(lot.face.currency);
        let Some(id) = lot.freeze else {
            return Ok((nothing, None));
        };
        let mut earlier = Freeze::load(state, &id)?.expect("a frozen lot names its freeze");
        if self.ground <= earlier.ground || self.amount.is_some_and(|amount| amount != lot.face) {
            return Err(reject::lot_frozen(self.lot, id).into());
        }
        let waiting = (std::mem::replace(&mut earlier.suspense, nothing), earlier.for_seller.take());
        let (by, order) = (Some(ctx.actor().enterprise), Some(self.order.clone()));
        earlier.lifted = Some(Lifted { at: ctx.time, by, order });
        earlier.store(state, &id);
        Ok(waiting)
    }

    /// The lot itself, or the part of it that is frozen: cut out of a lot that its holder holds free.
    fn part(&self, ctx: &Context, state: &mut dyn State, root: &mut Root, lot: Lot) -> Result<(LotId, Lot), Stop> {
        let Some(amount) = self.amount.filter(|amount| *amount != lot.face) else {
            return Ok((self.lot, lot));
        };
        let rest = lot.face.minus(amount)?.ok_or_else(|| reject::split_sum(lot.face, amount))?;
        guard::require_free(self.lot, &lot)?;
        require_unlisted(root, &lot)?;
        let policy = guard::policy_of(state, root)?;
        let lots = root.certificate.lots + 2;
        if lots > policy.lots_per_root_max {
            return Err(reject::too_many_lots(lots, policy.lots_per_root_max).into());
        }
        if amount.minor.max(rest.minor) < policy.lot_minor_min {
            return Err(reject::lot_too_small(amount, amount.currency.minor(policy.lot_minor_min)).into());
        }
        let parts = vec![Part::kept(&lot, amount), Part::kept(&lot, rest)];
        let part = root.cut(ctx, state, self.lot, parts)?[0];
        Ok((part, tree::lot(state, part)?))
    }
}

/// Refuses to cut a lot once the list of holders is being taken.
fn require_unlisted(root: &Root, lot: &Lot) -> Result<(), Rejection> {
    let record_at = root.certificate.issued.as_ref().expect("only an issued certificate has lots").record_at;
    match root.certificate.status {
        CertificateStatus::Active | CertificateStatus::Maturing if lot.line.is_none() => Ok(()),
        CertificateStatus::Draft
        | CertificateStatus::PendingInternal
        | CertificateStatus::Offered
        | CertificateStatus::Active
        | CertificateStatus::Maturing
        | CertificateStatus::Overdue
        | CertificateStatus::Defaulted
        | CertificateStatus::Settled
        | CertificateStatus::SettledLate
        | CertificateStatus::WrittenOff
        | CertificateStatus::Rejected
        | CertificateStatus::Withdrawn
        | CertificateStatus::Expired
        | CertificateStatus::Cancelled => Err(reject::record_closed(root.id, record_at)),
    }
}

impl Call for Unfreeze {
    const NAME: &'static str = "unfreeze";
    const ROLES: &'static [Role] = TWO;
    const RUNS_OFF: bool = true;
    /// The money that left suspense.
    type Outcome = Amount;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Amount, Stop> {
        let freeze = Freeze::load(state, &self.freeze)?.ok_or_else(|| reject::unknown(self.freeze))?;
        if freeze.lifted.is_some() {
            return Err(reject::freeze_lifted(self.freeze).into());
        }
        let actor = ctx.actor().enterprise;
        if actor != freeze.by {
            let outranks = freeze.ground < FreezeGround::Order
                && enterprise::active(state, actor)?.roles.contains(&EntityRole::Regulator);
            if !outranks {
                return Err(reject::freeze_authority(self.freeze, freeze.by).into());
            }
        }
        lift(ctx, state, self.freeze, freeze, (Some(actor), Some(self.order.clone())))
    }
}

/// The operator's freeze has run its hours, unless it was lifted or superseded before.
pub(in crate::receivable) fn expire(ctx: &Context, state: &mut dyn State, id: FreezeId) -> Result<(), Stop> {
    let freeze = Freeze::load(state, &id)?.expect("a freeze is stored in the act that schedules its end");
    if freeze.lifted.is_none() {
        lift(ctx, state, id, freeze, (None, None))?;
    }
    Ok(())
}

/// Frees the lot, and pays its holder what waited in suspense. Gives how much that was.
fn lift(
    ctx: &Context,
    state: &mut dyn State,
    id: FreezeId,
    mut freeze: Freeze,
    (by, order): (Option<EnterpriseId>, Option<Reference>),
) -> Result<Amount, Stop> {
    let mut lot = tree::lot(state, freeze.lot)?;
    assert!(lot.freeze == Some(id), "an open freeze lies on its lot");
    let mut root = Root::load(state, freeze.certificate)?;
    let released = freeze.suspense;
    if !released.is_zero() {
        let mut settlement = super::settlement::settlement(state, root.id)?;
        let suspense = money::suspense_at(ctx, state, settlement.agent, released.currency)?;
        let share = freeze.for_seller.take();
        let sellers = share.map_or(Amount::zero(released.currency), |share| share.amount);
        let holders = released.minus(sellers)?.expect("the seller's is a part of what waits");
        let owners = [(lot.holder, holders), (share.map_or(lot.holder, |share| share.seller), sellers)];
        for (owner, amount) in owners.into_iter().filter(|(_, amount)| !amount.is_zero()) {
            let account = money::account_at(ctx, state, settlement.agent, owner, released.currency)?;
            money::pay(ctx, state, suspense, account, amount, &id.to_string())?;
        }
        settlement.frozen = settlement.frozen.minus(released)?.expect("frozen is the sum of the open freezes' money");
        freeze.suspense = Amount::zero(released.currency);
        settlement.store(state, &root.id);
    }
    let mut told = vec![lot.holder, freeze.by, root.certificate.settlement_agent];
    told.extend(by);
    freeze.lifted = Some(Lifted { at: ctx.time, by, order: order.clone() });
    freeze.store(state, &id);
    lot.freeze = None;
    lot.store(state, &freeze.lot);
    root.note(ctx, state, Change::Freeze(id))?;
    let (certificate, lot, concerned) = (root.id, freeze.lot, concerned(&told));
    emit(state, &LotUnfrozen { certificate, lot, freeze: id, order, released, concerned });
    root.store(state);
    Ok(released)
}

impl Call for OpenDispute {
    const NAME: &'static str = "open_dispute";
    const ROLES: &'static [Role] = TWO;
    type Outcome = DisputeId;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<DisputeId, Stop> {
        let mut lot = tree::lot(state, self.lot)?;
        let mut root = Root::load(state, lot.certificate)?;
        guard::require_moving(ctx, &root)?;
        let (obligor, creditor) = (root.certificate.obligor, root.certificate.creditor);
        let actor = ctx.actor().enterprise;
        if actor != obligor && actor != creditor {
            return Err(reject::not_party(root.id, actor).into());
        }
        // Whoever else holds a lot holds it whatever becomes of the goods.
        guard::require_holder(self.lot, &lot, creditor)?;
        if lot.status != LotStatus::Held {
            guard::require_free(self.lot, &lot)?;
        }
        if let Some(dispute) = lot.dispute {
            return Err(reject::lot_disputed(self.lot, dispute).into());
        }
        let id = DisputeId::derive(ctx.transaction, ctx.act, 0);
        let other = if actor == obligor { creditor } else { obligor };
        let dispute = Dispute {
            certificate: root.id,
            lot: self.lot,
            opened_by: actor,
            other,
            evidence: self.evidence,
            reason: self.reason.clone(),
            opened_at: ctx.time,
            resolved_at: None,
            outcome: None,
        };
        dispute.store(state, &id);
        lot.dispute = Some(id);
        lot.store(state, &self.lot);
        root.note(ctx, state, Change::Dispute(id))?;
        let (certificate, reason, concerned) = (root.id, self.reason.clone(), concerned(&[obligor, creditor]));
        emit(state, &DisputeOpened { certificate, lot: self.lot, dispute: id, reason, concerned });
        root.store(state);
        Ok(id)
    }
}

impl Call for ResolveDispute {
    const NAME: &'static str = "resolve_dispute";
    const ROLES: &'static [Role] = TWO;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let id = self.dispute;
        let mut dispute = Dispute::load(state, &id)?.ok_or_else(|| reject::unknown(id))?;
        if dispute.resolved_at.is_some() {
            return Err(reject::dispute_closed(id).into());
        }
        let actor = ctx.actor().enterprise;
        match self.outcome {
            DisputeOutcome::Withdrawn => guard::require_party(ctx, id, dispute.opened_by)?,
            DisputeOutcome::Settled => {
                let counterparty = match actor {
                    actor if actor == dispute.opened_by => dispute.other,
                    actor if actor == dispute.other => dispute.opened_by,
                    actor => return Err(reject::not_party(id, actor).into()),
                };
                enterprise::require(ctx, state, counterparty, None, &[Function::Maker, Function::Checker])?;
            }
        }
        dispute.resolved_at = Some(ctx.time);
        dispute.outcome = Some(self.outcome);
        dispute.store(state, &id);
        let mut lot = tree::lot(state, dispute.lot)?;
        lot.dispute = None;
        lot.store(state, &dispute.lot);
        let mut root = Root::load(state, dispute.certificate)?;
        root.note(ctx, state, Change::Dispute(id))?;
        let concerned = concerned(&[dispute.opened_by, dispute.other]);
        let (certificate, lot, outcome) = (root.id, dispute.lot, self.outcome);
        emit(state, &DisputeResolved { certificate, lot, dispute: id, outcome, concerned });
        root.store(state);
        Ok(())
    }
}
