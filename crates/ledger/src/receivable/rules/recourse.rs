//! Recourse: the seller of a lot that was financed with recourse buys it back from the bank.

use super::{
    advance, backing, distribution,
    guard::{self, concerned},
    overdue::require_waiting,
    settlement,
};
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, emit},
    enterprise, money, policy,
    receivable::{
        tree::{self, Root},
        types::{
            Advance, AdvanceParts, CertificateStatus, Change, Financing, FinancingId, FinancingKind, FinancingStatus,
            Lot, LotRecoursed, LotStatus, NotifyRecourse, PayRecourse, PaymentSource, Recourse, RecourseNotified,
            RecoursePaid, reject,
        },
    },
};
use types::{Amount, Date, Rejection, State, Stop};

const BANK: &[Role] = &[Role::of(EntityRole::Bank, &[Function::Maker, Function::Checker])];

impl Call for NotifyRecourse {
    const NAME: &'static str = "notify_recourse";
    const ROLES: &'static [Role] = BANK;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let id = self.financing;
        let (mut root, financing, lot) = recoverable(ctx, state, id)?;
        if Recourse::load(state, &id)?.is_some() {
            return Err(reject::recourse_notified(id).into());
        }
        let disbursement = financing.disbursement.as_ref().expect("a financed lot's financing is disbursed: law I11");
        let overdue_since = settlement::settlement(state, root.id)?.overdue_since;
        let recourse = Recourse {
            certificate: root.id,
            lot: financing.lot,
            bank: ctx.actor().enterprise,
            seller: financing.seller,
            principal: Advance::load(state, &id)?.map_or(lot.unpaid(), |advance| advance.owed.principal),
            penalty_rate: disbursement.penalty_rate,
            overdue_since: overdue_since.expect("a certificate in default is overdue"),
            noticed_at: ctx.time,
            paid: None,
        };
        let (principal, penalty_rate) = (recourse.principal, recourse.penalty_rate);
        let concerned = concerned(&[recourse.bank, recourse.seller]);
        let (certificate, lot) = (root.id, financing.lot);
        emit(state, &RecourseNotified { certificate, financing: id, lot, principal, penalty_rate, concerned });
        recourse.store(state, &id);
        root.note(ctx, state, Change::Recourse(id))?;
        root.store(state);
        Ok(())
    }
}

impl Call for PayRecourse {
    const NAME: &'static str = "pay_recourse";
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
        let (mut root, financing, lot) = recoverable(ctx, state, id)?;
        guard::require_not_frozen(financing.lot, &lot)?;
        require_waiting(root.id, &settlement::settlement(state, root.id)?)?;
        let mut recourse = Recourse::load(state, &id)?.ok_or_else(|| reject::recourse_unnotified(id))?;
        let (bank, seller) = (ctx.actor().enterprise, financing.seller);
        enterprise::require(ctx, state, seller, None, &[Function::Maker, Function::Checker])?;
        let payment = Payment { payer: seller, payee: bank, what_for: format!("recourse {id}") };
        let (paid, value_date) = receive(ctx, state, &payment, self.source)?;
        enterprise::require_limits(ctx, paid)?;
        let price = price(ctx, state, (&recourse, &financing), (id, &lot), value_date)?;
        let due = price.sum()?;
        if due != paid {
            return Err(money::reject::net_mismatch(due, paid).into());
        }
        if let Some(mut advance) = Advance::load(state, &id)? {
            advance.count(value_date, policy::at(state, ctx.time)?.day_count)?;
            advance::settle_by_seller(state, id, advance, None)?;
        }
        distribution::give_back_seller(state, &lot, lot.unpaid())?;
        backing::leave(ctx, state, &root.certificate, bank, lot.unpaid())?;
        distribution::close_financing(ctx, state, &mut root, id, FinancingStatus::Recoursed)?;
        tree::change(state, financing.lot, lot, LotStatus::Recoursed(id), seller)?;
        let Price { principal, accrued, penalty, costs, days } = price;
        let source = self.source;
        recourse.paid = Some(RecoursePaid { at: ctx.time, principal, accrued, penalty, costs, days, source });
        recourse.store(state, &id);
        root.note(ctx, state, Change::Recourse(id))?;
        let concerned = concerned(&[bank, seller, root.certificate.obligor]);
        let (certificate, lot) = (root.id, financing.lot);
        let event = LotRecoursed { certificate, financing: id, lot, principal, penalty, days, price: due, concerned };
        emit(state, &event);
        root.store(state);
        Ok(due)
    }
}

/// A financing of the acting bank whose seller answers for the obligor, and its lot, of a certificate in default.
fn recoverable(ctx: &Context, state: &mut dyn State, id: FinancingId) -> Result<(Root, Financing, Lot), Stop> {
    let financing = Financing::load(state, &id)?.ok_or_else(|| reject::unknown(id))?;
    if financing.bank != Some(ctx.actor().enterprise) {
        return Err(reject::not_party(id, ctx.actor().enterprise).into());
    }
    match financing.kind {
        FinancingKind::NonRecourse => return Err(reject::no_recourse(id).into()),
        FinancingKind::RecourseToSeller => {}
    }
    if financing.status != FinancingStatus::Disbursed {
        return Err(reject::financing_state(id, format!("{:?}", financing.status), "Disbursed").into());
    }
    let root = Root::load(state, financing.certificate)?;
    guard::require_status(&root, CertificateStatus::Defaulted)?;
    let lot = tree::lot(state, financing.lot)?;
    assert!(lot.status == LotStatus::Financed(id), "a disbursed financing has its lot: law I4");
    Ok((root, financing, lot))
}

/// What a seller pays for its lot: principal, interest and fees of an advance, penalty, costs of enforcement.
struct Price {
    principal: Amount,
    accrued: Amount,
    penalty: Amount,
    costs: Amount,
    days: u32,
}

impl Price {
    fn sum(&self) -> Result<Amount, Rejection> {
        self.principal.plus(self.accrued)?.plus(self.penalty)?.plus(self.costs)
    }
}

/// Penalty runs on the unpaid principal from the due day to the day of payment, half up.
fn price(
    ctx: &Context,
    state: &mut dyn State,
    (recourse, financing): (&Recourse, &Financing),
    (id, lot): (FinancingId, &Lot),
    paid_on: Date,
) -> Result<Price, Stop> {
    let day_count = policy::at(state, ctx.time)?.day_count;
    let days = recourse.overdue_since.days_until(paid_on).unwrap_or(0);
    let Some(mut advance) = Advance::load(state, &id)? else {
        let principal = lot.unpaid();
        let penalty = recourse.penalty_rate.interest_half_up(principal, days, day_count)?;
        let accrued = Amount { minor: 0, ..principal };
        return Ok(Price { principal, accrued, penalty, costs: financing.costs, days });
    };
    advance.count(paid_on, day_count)?;
    let AdvanceParts { costs, fees, interest, penalty, principal } = advance.owed;
    Ok(Price { principal, accrued: fees.plus(interest)?, penalty, costs, days })
}

/// A payment between two parties of a lot.
pub(super) struct Payment {
    pub(super) payer: EnterpriseId,
    pub(super) payee: EnterpriseId,
    pub(super) what_for: String,
}

/// The money that one paid the other: attested, or in deposit tokens - a bank's own where a bank is paid. Gives how much,
/// and from which day.
pub(super) fn receive(
    ctx: &Context,
    state: &mut dyn State,
    payment: &Payment,
    source: PaymentSource,
) -> Result<(Amount, Date), Stop> {
    let Payment { payer, payee, what_for } = payment;
    match source {
        PaymentSource::Fact(id) => {
            let fact = money::consume_fact(ctx, state, id, what_for)?;
            if fact.payer_owner != *payer {
                let detail = format!("{id} was paid by {}, not by {payer}", fact.payer_owner);
                return Err(money::reject::cash_unattested(detail).into());
            }
            money::account_of(state, fact.payee, *payee)?;
            Ok((fact.amount, fact.value_date))
        }
        PaymentSource::Tokens { account, amount } => {
            let keeper = money::account_of(state, account, *payer)?.bank;
            let is_bank = enterprise::get(state, *payee)?.roles.contains(&EntityRole::Bank);
            let own = money::account_at(ctx, state, if is_bank { *payee } else { keeper }, *payee, amount.currency)?;
            money::pay(ctx, state, account, own, amount, what_for)?;
            Ok((amount, ctx.time.date()))
        }
    }
}
