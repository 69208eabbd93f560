//! Dilution: what becomes of a certificate when its goods were worth less, or were paid for in another way.
//!
//! In this order: lots that the first creditor still holds are burned, with its consent; otherwise the obligor has a
//! counter-claim on it for later certificates; a lot that another holds is touched by neither.

use super::{
    backing, distribution,
    guard::{self, concerned},
    lot::take,
    settlement::plan,
};
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, emit, look_ahead},
    credit, document,
    document::{ClaimUse, Claimant, CreditNoteId, InvoiceId, Trade},
    enterprise,
    receivable::{
        MODULE,
        due::Due,
        tree::{self, Gone, Part, Root},
        types::{
            AlertRule, CancelMutual, CertificateId, CertificateReduced, CertificateStatus, Change, CounterClaim,
            CounterClaimId, CounterClaimRaised, Cut, LOCKED_MAX, Lot, LotId, LotSetOff, LotStatus, LotUnlocked,
            LotsLocked, RaiseCounterClaim, ReduceMutual, SetOff, Unlock, reject,
        },
    },
};
use types::{Amount, List, Rejection, State, Stop, wire};

const CORE: &[Role] = &[Role::of(EntityRole::Core, &[Function::Maker, Function::Checker])];
const BOTH: &[Function] = &[Function::Maker, Function::Checker];
/// Lot numbers looked at in one step of a lock.
const NUMBERS_PER_STEP: u32 = 64;

impl Call for CancelMutual {
    const NAME: &'static str = "cancel_mutual";
    const ROLES: &'static [Role] = CORE;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let mut root = Root::load(state, self.certificate)?;
        guard::require_party(ctx, root.id, root.certificate.obligor)?;
        guard::require_moving(ctx, &root)?;
        let (creditor, face) = (root.certificate.creditor, root.certificate.face);
        enterprise::require_limits(ctx, face)?;
        enterprise::require(ctx, state, creditor, None, BOTH)?;
        let id = LotId::of(root.id, 1);
        let lot = tree::lot(state, id)?;
        if root.certificate.lots > 1 || lot.status != LotStatus::Held {
            return Err(reject::moved(root.id).into());
        }
        guard::require_not_frozen(id, &lot)?;
        tree::change(state, id, lot, LotStatus::Cancelled, creditor)?;
        root.owe_less(face, Gone::Cancelled)?;
        credit::quota_release(ctx, state, root.certificate.obligor, face)?;
        backing::release(ctx, state, &root.certificate, face)?;
        restore_nettings(state, &root)?;
        distribution::end(ctx, state, &mut root, CertificateStatus::Cancelled)?;
        root.store(state);
        Ok(())
    }
}

/// Counter-claims that a canceled certificate had netted are open again.
fn restore_nettings(state: &mut dyn State, root: &Root) -> Result<(), Stop> {
    for netting in &root.certificate.nettings {
        let id = netting.counter_claim;
        let mut record = CounterClaim::load(state, &id)?.expect("a counter-claim that was netted is never removed");
        record.netted = record.netted.minus(netting.amount)?.expect("an accepted certificate has netted it");
        record.store(state, &id);
    }
    Ok(())
}

impl Call for ReduceMutual {
    const NAME: &'static str = "reduce_mutual";
    const ROLES: &'static [Role] = CORE;
    const RUNS_OFF: bool = true;
    /// What was burned.
    type Outcome = Amount;

    fn check(&self) -> Result<(), Rejection> {
        for cut in &self.cuts {
            cut.amount.positive()?;
        }
        if self.cuts.is_empty() { Err(reject::nothing_cut()) } else { Ok(()) }
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Amount, Stop> {
        let mut root = Root::load(state, self.certificate)?;
        guard::require_party(ctx, root.id, root.certificate.obligor)?;
        guard::require_moving(ctx, &root)?;
        enterprise::require(ctx, state, root.certificate.creditor, None, BOTH)?;
        let mut sum = Amount::zero(root.certificate.face.currency);
        for cut in &self.cuts {
            sum = sum.plus(cut.amount)?;
        }
        enterprise::require_limits(ctx, sum)?;
        lower_claim(state, &mut root, self.credit_note, sum)?;
        document::reduce(state, self.credit_note, sum)?;
        for cut in &self.cuts {
            burn(ctx, state, &mut root, cut)?;
        }
        root.owe_less(sum, Gone::Cancelled)?;
        credit::quota_release(ctx, state, root.certificate.obligor, sum)?;
        backing::release(ctx, state, &root.certificate, sum)?;
        root.note(ctx, state, Change::Reduced(sum))?;
        let told = [root.certificate.obligor, root.certificate.creditor, root.certificate.settlement_agent];
        let event = CertificateReduced {
            certificate: root.id,
            credit_note: self.credit_note,
            amount: sum,
            live: root.certificate.live,
            concerned: concerned(&told),
        };
        emit(state, &event);
        end_if_empty(ctx, state, &mut root)?;
        root.store(state);
        Ok(sum)
    }
}

/// The certificate rests on less of the credit note's invoice from now on.
fn lower_claim(state: &mut dyn State, root: &mut Root, note: CreditNoteId, amount: Amount) -> Result<(), Stop> {
    let invoice = document::credit_note(state, note)?.invoice;
    let mut claims = root.certificate.claims.clone().into_vec();
    let Some(claim) = claims.iter_mut().find(|claim| claim.invoice == invoice) else {
        return Err(reject::note_elsewhere(note, root.id).into());
    };
    let left = claim.amount.minus(amount)?;
    claim.amount = left.ok_or_else(|| document::reject::credit_note_spent(note, claim.amount, amount))?;
    claims.retain(|claim| !claim.amount.is_zero());
    root.certificate.claims = List::new(claims).expect("no more claims than before");
    Ok(())
}

/// Burns a lot of the first creditor, or a part of it. Who agrees to less may be one whose lot is locked.
fn burn(ctx: &Context, state: &mut dyn State, root: &mut Root, cut: &Cut) -> Result<(), Stop> {
    let lot = tree::lot(state, cut.lot)?;
    if lot.certificate != root.id {
        return Err(reject::other_certificate(cut.lot, root.id).into());
    }
    guard::require_holder(cut.lot, &lot, root.certificate.creditor)?;
    guard::require_free(cut.lot, &Lot { lock: None, ..lot.clone() })?;
    let rest = lot.face.minus(cut.amount)?.ok_or_else(|| reject::split_sum(lot.face, cut.amount))?;
    if rest.is_zero() {
        let holder = lot.holder;
        return tree::change(state, cut.lot, lot, LotStatus::Cancelled, holder);
    }
    let policy = guard::policy_of(state, root)?;
    let lots = root.certificate.lots + 2;
    if lots > policy.lots_per_root_max {
        return Err(reject::too_many_lots(lots, policy.lots_per_root_max).into());
    }
    let burned = Part { status: LotStatus::Cancelled, ..Part::kept(&lot, cut.amount) };
    let parts = vec![burned, Part::kept(&lot, rest)];
    root.cut(ctx, state, cut.lot, parts)?;
    Ok(())
}

/// A certificate of which nothing lives any more ends: paid as far as it was set off, canceled otherwise.
fn end_if_empty(ctx: &Context, state: &mut dyn State, root: &mut Root) -> Result<(), Stop> {
    if !root.certificate.live.is_zero() {
        return Ok(());
    }
    let paid = !root.certificate.redeemed.is_zero();
    let status = if paid { CertificateStatus::Settled } else { CertificateStatus::Cancelled };
    distribution::end(ctx, state, root, status)
}

impl Call for RaiseCounterClaim {
    const NAME: &'static str = "raise_counter_claim";
    const ROLES: &'static [Role] = CORE;
    const RUNS_OFF: bool = true;
    type Outcome = CounterClaimId;

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive().map(|_| ())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<CounterClaimId, Stop> {
        let mut root = Root::load(state, self.certificate)?;
        guard::require_party(ctx, root.id, root.certificate.obligor)?;
        enterprise::require_limits(ctx, self.amount)?;
        let invoice = document::credit_note(state, self.credit_note)?.invoice;
        if root.certificate.acceptance.is_none()
            || !root.certificate.claims.iter().any(|claim| claim.invoice == invoice)
        {
            return Err(reject::note_elsewhere(self.credit_note, root.id).into());
        }
        document::counter(state, self.credit_note, self.amount)?;
        let id = CounterClaimId::derive(ctx.transaction, ctx.act, 0);
        let zero = Amount::zero(self.amount.currency);
        let record = CounterClaim {
            core: root.certificate.obligor,
            supplier: root.certificate.creditor,
            certificate: root.id,
            credit_note: self.credit_note,
            amount: self.amount,
            reserved: zero,
            netted: zero,
            raised_at: ctx.time,
        };
        let concerned = concerned(&[record.core, record.supplier]);
        record.store(state, &id);
        let (certificate, credit_note, amount) = (root.id, self.credit_note, self.amount);
        emit(state, &CounterClaimRaised { counter_claim: id, certificate, credit_note, amount, concerned });
        root.note(ctx, state, Change::CounterClaim(id))?;
        root.store(state);
        Ok(id)
    }
}

impl Call for SetOff {
    const NAME: &'static str = "set_off";
    const ROLES: &'static [Role] = &[Role::any(BOTH)];
    /// The lot that was redeemed.
    type Outcome = LotId;

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive()?;
        for claim in &self.claims {
            claim.amount.positive()?;
        }
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<LotId, Stop> {
        let (mut root, lot) = guard::movable(ctx, state, self.lot)?;
        let (holder, obligor) = (lot.holder, lot.obligor);
        enterprise::require_approvals(ctx, state, holder, self.amount)?;
        enterprise::require(ctx, state, obligor, None, BOTH)?;
        self.pay_invoices(ctx, state, Trade { debtor: holder, creditor: obligor }, root.id)?;
        let (id, mut lot) = take(ctx, state, &mut root, (self.lot, lot), self.amount)?;
        lot.paid = lot.face;
        tree::change(state, id, lot, LotStatus::Redeemed, holder)?;
        root.owe_less(self.amount, Gone::Redeemed)?;
        credit::quota_release(ctx, state, obligor, self.amount)?;
        backing::release(ctx, state, &root.certificate, self.amount)?;
        root.note(ctx, state, Change::SetOff(id))?;
        let (certificate, amount, concerned) = (root.id, self.amount, concerned(&[holder, obligor]));
        emit(state, &LotSetOff { certificate, lot: id, amount, concerned });
        end_if_empty(ctx, state, &mut root)?;
        root.store(state);
        Ok(id)
    }
}

impl SetOff {
    /// The obligor's invoices to the holder are paid for good; refuses when they prove another amount.
    fn pay_invoices(&self, ctx: &Context, state: &mut dyn State, trade: Trade, id: CertificateId) -> Result<(), Stop> {
        let notice = Due::SetOffInvoiceRevoked { certificate: id, holder: trade.debtor };
        let claimant = Claimant { module: MODULE.number, notify: wire::encode(&notice) };
        let documented = document::reserve(ctx, state, ClaimUse::Transfer, trade, &self.claims, claimant)?;
        guard::require_documented(documented, self.amount)?;
        document::commit(state, &self.claims)?;
        document::settle(state, &self.claims)
    }
}

/// Of a living certificate whose invoice was revoked: its first creditor's lots are locked, a few at a time. The obligor
/// owes it all the same, and whoever else holds a lot loses nothing.
pub(in crate::receivable) fn lock(
    ctx: &Context,
    state: &mut dyn State,
    id: CertificateId,
    invoice: InvoiceId,
    from: u32,
) -> Result<(), Stop> {
    let mut root = Root::load(state, id)?;
    if !root.certificate.status.is_outstanding() {
        return Ok(());
    }
    let last = root.certificate.lots.min(from + NUMBERS_PER_STEP - 1);
    let mut locked: List<LotId, LOCKED_MAX> = List::default();
    look_ahead(state, (from..=last).map(|number| Lot::key(&LotId::of(id, number))))?;
    for number in from..=last {
        let lot_id = LotId::of(id, number);
        let mut lot = tree::lot(state, lot_id)?;
        if lot.is_live() && lot.holder == root.certificate.creditor && lot.lock.is_none() {
            lot.lock = Some(invoice);
            lot.store(state, &lot_id);
            locked.push(lot_id).expect("at most as many as are looked at");
        }
    }
    if !locked.is_empty() {
        let concerned = concerned(&[root.certificate.obligor, root.certificate.creditor]);
        emit(state, &LotsLocked { certificate: id, invoice, lots: locked, concerned });
        root.note(ctx, state, Change::Lock(invoice))?;
    }
    let more = last < root.certificate.lots;
    root.store(state);
    if more {
        plan(state, ctx.time, &Due::LockLots { certificate: id, invoice, from: last + 1 })?;
    }
    Ok(())
}

/// An invoice that was paid by set-off was revoked: it is paid, and both are told.
pub(in crate::receivable) fn set_off_invoice_revoked(
    state: &mut dyn State,
    id: CertificateId,
    holder: EnterpriseId,
) -> Result<(), Stop> {
    let obligor = Root::load(state, id)?.certificate.obligor;
    guard::alert_certificate(state, (AlertRule::InvoiceRevoked, 1), id, &[obligor, holder]);
    Ok(())
}

impl Call for Unlock {
    const NAME: &'static str = "unlock";
    const ROLES: &'static [Role] = CORE;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let mut lot = tree::lot(state, self.lot)?;
        let mut root = Root::load(state, lot.certificate)?;
        guard::require_party(ctx, root.id, root.certificate.obligor)?;
        let invoice = lot.lock.ok_or_else(|| reject::not_locked(self.lot))?;
        lot.lock = None;
        let concerned = concerned(&[root.certificate.obligor, lot.holder]);
        let (certificate, reason) = (root.id, self.reason.clone());
        emit(state, &LotUnlocked { certificate, lot: self.lot, invoice, reason, concerned });
        lot.store(state, &self.lot);
        root.note(ctx, state, Change::Lock(invoice))?;
        root.store(state);
        Ok(())
    }
}
