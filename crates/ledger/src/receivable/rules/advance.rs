//! Advances: the obligor's money on a lot that was financed below its face is shared between bank and seller.
//!
//! The bank takes, in this order, costs of enforcement, fees, interest to the due day, penalty after it, and the advance;
//! what is left is the seller's. So on time and in full the seller gets face - advance - interest - fees. A financed lot is
//! never diluted: credit notes burn what the first creditor holds, and nothing else. What is short is a claim on the seller,
//! who agreed to recourse.

use super::{
    financing,
    guard::{self, concerned},
    recourse::{self, Payment},
    seller,
};
use crate::{
    core::{Call, Context, EntityRole, Function, Record, Role, emit},
    enterprise, money, policy,
    receivable::{
        tree::Root,
        types::{
            Advance, AdvanceParts, AdvanceShared, AdvanceStatus, CertificateStatus, Change, CostsStated, Financing,
            FinancingId, FinancingKind, FinancingStatus, Lot, LotStatus, PayShortfall, PaymentSource, SellerShare,
            ShortfallPaid, ShortfallRaised, StateCosts, reject,
        },
    },
};
use types::{Amount, Date, Rejection, State, Stop, rate::DayCount};

const BANK: &[Role] = &[Role::of(EntityRole::Bank, &[Function::Maker, Function::Checker])];

/// Opens the account of a financing that was disbursed below its face.
pub(super) fn open(state: &mut dyn State, id: FinancingId, financing: &Financing, due_on: Date) -> Result<(), Stop> {
    let disbursement = financing.disbursement.as_ref().expect("it is disbursed");
    let price = disbursement.price;
    if price.holdback.is_zero() {
        return Ok(());
    }
    let zero = AdvanceParts::zero(price.net.currency);
    let nothing = zero.costs;
    let advance = Advance {
        certificate: financing.certificate,
        lot: financing.lot,
        bank: financing::bank(financing),
        seller: financing.seller,
        status: AdvanceStatus::Open,
        owed: AdvanceParts { fees: price.fees, interest: price.discount, principal: price.net, ..zero },
        paid: zero,
        penalty_rate: disbursement.penalty_rate,
        due_on,
        counted_to: due_on,
        received: nothing,
        released: nothing,
        by_seller: nothing,
        shortfall_source: None,
    };
    advance.store(state, &id);
    Ok(())
}

impl Advance {
    /// Counts penalty on what is unpaid of the advance, to `to`: half up.
    pub(in crate::receivable) fn count(&mut self, to: Date, day_count: DayCount) -> Result<(), Rejection> {
        let Some(days) = self.counted_to.days_until(to) else { return Ok(()) };
        let penalty = self.penalty_rate.interest_half_up(self.owed.principal, days, day_count)?;
        self.owed.penalty = self.owed.penalty.plus(penalty)?;
        self.counted_to = to;
        Ok(())
    }

    /// Pays what `money` pays of what is owed; gives what is left.
    fn pay(&mut self, money: Amount) -> Result<Amount, Rejection> {
        let (now, left) = share(&self.owed, money)?;
        let less = |owed: Amount, paid: Amount| Ok(owed.minus(paid)?.expect("no part is paid more than is owed"));
        self.owed = AdvanceParts {
            costs: less(self.owed.costs, now.costs)?,
            fees: less(self.owed.fees, now.fees)?,
            interest: less(self.owed.interest, now.interest)?,
            penalty: less(self.owed.penalty, now.penalty)?,
            principal: less(self.owed.principal, now.principal)?,
        };
        self.paid = AdvanceParts {
            costs: self.paid.costs.plus(now.costs)?,
            fees: self.paid.fees.plus(now.fees)?,
            interest: self.paid.interest.plus(now.interest)?,
            penalty: self.paid.penalty.plus(now.penalty)?,
            principal: self.paid.principal.plus(now.principal)?,
        };
        Ok(left)
    }
}

/// What `money` pays of each part, in order, and what is left of it.
pub(in crate::receivable) fn share(owed: &AdvanceParts, money: Amount) -> Result<(AdvanceParts, Amount), Rejection> {
    let mut left = money;
    let mut take = |owed: Amount| -> Result<Amount, Rejection> {
        let paid = Amount { minor: owed.minor.min(left.minor), ..owed };
        left = left.minus(paid)?.expect("at most what is left");
        Ok(paid)
    };
    let costs = take(owed.costs)?;
    let fees = take(owed.fees)?;
    let interest = take(owed.interest)?;
    let penalty = take(owed.penalty)?;
    let principal = take(owed.principal)?;
    Ok((AdvanceParts { costs, fees, interest, penalty, principal }, left))
}

/// Shares what the obligor paid on a lot: gives the seller's part, if the lot was financed below its face.
pub(super) fn receive(
    ctx: &Context,
    state: &mut dyn State,
    lot: &Lot,
    money: Amount,
    value_date: Date,
) -> Result<Option<SellerShare>, Stop> {
    let LotStatus::Financed(id) = lot.status else { return Ok(None) };
    let Some(mut advance) = Advance::load(state, &id)? else { return Ok(None) };
    advance.count(value_date, policy::at(state, ctx.time)?.day_count)?;
    let left = advance.pay(money)?;
    advance.received = advance.received.plus(money)?;
    advance.released = advance.released.plus(left)?;
    let (seller, certificate) = (advance.seller, advance.certificate);
    let concerned = concerned(&[lot.holder, seller]);
    emit(state, &AdvanceShared { certificate, financing: id, received: money, released: left, concerned });
    advance.store(state, &id);
    Ok(Some(SellerShare { seller, amount: left }))
}

/// The lot is paid: what is still owed on the advance is a claim on the seller. Gives whether there is one.
pub(super) fn finish(state: &mut dyn State, id: FinancingId) -> Result<bool, Stop> {
    let Some(mut advance) = Advance::load(state, &id)? else { return Ok(false) };
    let short = advance.owed.sum()?;
    advance.status = if short.is_zero() { AdvanceStatus::Closed } else { AdvanceStatus::Short };
    if advance.status == AdvanceStatus::Short {
        let concerned = concerned(&[advance.bank, advance.seller]);
        let certificate = advance.certificate;
        emit(state, &ShortfallRaised { certificate, financing: id, amount: short, concerned });
    }
    let is_short = advance.status == AdvanceStatus::Short;
    advance.store(state, &id);
    Ok(is_short)
}

/// The lot has another financier: the account is its from now on.
pub(super) fn sold_on(state: &mut dyn State, id: FinancingId, financing: &Financing) -> Result<(), Stop> {
    if let Some(advance) = Advance::load(state, &id)? {
        Advance { bank: financing::bank(financing), ..advance }.store(state, &id);
    }
    Ok(())
}

/// The bank gives its lot up, and with it a seller's part: it signs too.
pub(super) fn give_up(ctx: &Context, state: &mut dyn State, id: FinancingId) -> Result<(), Stop> {
    let Some(mut advance) = Advance::load(state, &id)? else { return Ok(()) };
    enterprise::require(ctx, state, advance.seller, None, &[Function::Maker, Function::Checker])?;
    advance.status = AdvanceStatus::WrittenOff;
    advance.store(state, &id);
    Ok(())
}

/// The seller pays all that is owed on an advance on this day.
pub(super) fn settle_by_seller(
    state: &mut dyn State,
    id: FinancingId,
    mut advance: Advance,
    source: Option<PaymentSource>,
) -> Result<Amount, Stop> {
    let due = advance.owed.sum()?;
    let left = advance.pay(due)?;
    assert!(left.is_zero(), "what is owed pays what is owed");
    advance.by_seller = advance.by_seller.plus(due)?;
    advance.shortfall_source = source;
    advance.status = AdvanceStatus::Closed;
    advance.store(state, &id);
    Ok(due)
}

impl Call for StateCosts {
    const NAME: &'static str = "state_costs";
    const ROLES: &'static [Role] = BANK;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive().map(|_| ())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let id = self.financing;
        let mut financing = financing::load(state, id)?;
        guard::require_financing(id, &financing, &[FinancingStatus::Disbursed])?;
        guard::require_party(ctx, id, financing::bank(&financing))?;
        match financing.kind {
            FinancingKind::NonRecourse => return Err(reject::no_recourse(id).into()),
            FinancingKind::RecourseToSeller => {}
        }
        let root = Root::load(state, financing.certificate)?;
        guard::require_status(&root, CertificateStatus::Defaulted)?;
        enterprise::require_limits(ctx, self.amount)?;
        financing.costs = financing.costs.plus(self.amount)?;
        if let Some(mut advance) = Advance::load(state, &id)? {
            advance.owed.costs = advance.owed.costs.plus(self.amount)?;
            advance.store(state, &id);
        }
        let concerned = concerned(&[financing::bank(&financing), financing.seller]);
        let (amount, evidence, reason) = (self.amount, self.evidence, self.reason.clone());
        let certificate = financing.certificate;
        emit(state, &CostsStated { certificate, financing: id, amount, evidence, reason, concerned });
        financing.store(state, &id);
        Ok(())
    }
}

impl Call for PayShortfall {
    const NAME: &'static str = "pay_shortfall";
    const ROLES: &'static [Role] = BANK;
    const RUNS_OFF: bool = true;
    /// What the seller paid.
    type Outcome = Amount;

    fn check(&self) -> Result<(), Rejection> {
        match self.source {
            PaymentSource::Fact(_) => Ok(()),
            PaymentSource::Tokens { amount, .. } => amount.positive().map(|_| ()),
        }
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Amount, Stop> {
        let id = self.financing;
        let short = Advance::load(state, &id)?.filter(|advance| advance.status == AdvanceStatus::Short);
        let mut advance = short.ok_or_else(|| reject::no_shortfall(id))?;
        guard::require_party(ctx, id, advance.bank)?;
        let (payer, payee) = (advance.seller, advance.bank);
        enterprise::require(ctx, state, payer, None, &[Function::Maker, Function::Checker])?;
        let payment = Payment { payer, payee, what_for: format!("shortfall {id}") };
        let (paid, value_date) = recourse::receive(ctx, state, &payment, self.source)?;
        enterprise::require_limits(ctx, paid)?;
        advance.count(value_date, policy::at(state, ctx.time)?.day_count)?;
        let due = advance.owed.sum()?;
        if due != paid {
            return Err(money::reject::net_mismatch(due, paid).into());
        }
        let certificate = advance.certificate;
        settle_by_seller(state, id, advance, Some(self.source))?;
        seller::release(ctx, state, id)?;
        let mut root = Root::load(state, certificate)?;
        root.note(ctx, state, Change::Shortfall(id))?;
        root.store(state);
        let concerned = concerned(&[payer, payee]);
        emit(state, &ShortfallPaid { certificate, financing: id, amount: due, concerned });
        Ok(due)
    }
}
