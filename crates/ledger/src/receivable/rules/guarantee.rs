//! Guarantee: after a default the guarantor pays a holder's claim and takes its place.

use super::{
    backing, distribution,
    guard::{self, concerned},
    overdue::require_waiting,
    recourse::{self, Payment},
    settlement::{self, place},
};
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, emit},
    credit, enterprise, money,
    receivable::{
        tree::{self, Root},
        types::{
            Advance, CertificateStatus, Change, ClaimGuarantee, FinancingStatus, GuaranteeClaim, GuaranteeClaimed,
            GuaranteePaid, Lot, LotStatus, LotSubrogated, OpenPage, PayGuarantee, PaymentSource, Settlement, reject,
        },
    },
};
use types::{Amount, Date, Rejection, State, Stop};

const TWO: &[Function] = &[Function::Maker, Function::Checker];

impl Call for ClaimGuarantee {
    const NAME: &'static str = "claim_guarantee";
    const ROLES: &'static [Role] = &[Role::any(TWO)];
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let lot = tree::lot(state, self.lot)?;
        let holder = ctx.actor().enterprise;
        guard::require_holder(self.lot, &lot, holder)?;
        let mut root = Root::load(state, lot.certificate)?;
        let guarantor = guaranteed(&root, &lot)?;
        if !lot.is_live() {
            return Err(reject::lot_spent(self.lot).into());
        }
        if lot.status == LotStatus::Subrogated {
            return Err(reject::guarantee_claimed(self.lot).into());
        }
        if let LotStatus::Financed(financing) = lot.status
            && Advance::load(state, &financing)?.is_some()
        {
            return Err(reject::held_back(self.lot).into());
        }
        // A claim lapses when its lot goes to another holder: that one claims again.
        let earlier = GuaranteeClaim::load(state, &self.lot)?;
        if earlier.is_some_and(|claim| claim.holder == holder) {
            return Err(reject::guarantee_claimed(self.lot).into());
        }
        let (certificate, principal) = (root.id, lot.unpaid());
        let claim = GuaranteeClaim { certificate, holder, guarantor, principal, claimed_at: ctx.time, paid: None };
        let concerned = concerned(&[holder, guarantor, root.certificate.obligor]);
        emit(state, &GuaranteeClaimed { certificate, lot: self.lot, principal, concerned });
        claim.store(state, &self.lot);
        root.note(ctx, state, Change::Guarantee(self.lot))?;
        root.store(state);
        Ok(())
    }
}

impl Call for PayGuarantee {
    const NAME: &'static str = "pay_guarantee";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Guarantor, TWO)];
    const RUNS_OFF: bool = true;
    /// What the guarantor paid.
    type Outcome = Amount;

    fn check(&self) -> Result<(), Rejection> {
        match self.source {
            PaymentSource::Fact(_) => Ok(()),
            PaymentSource::Tokens { amount, .. } => amount.positive().map(|_| ()),
        }
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Amount, Stop> {
        let lot = tree::lot(state, self.lot)?;
        let mut root = Root::load(state, lot.certificate)?;
        let guarantor = guaranteed(&root, &lot)?;
        guard::require_party(ctx, self.lot, guarantor)?;
        guard::require_not_frozen(self.lot, &lot)?;
        let settlement = settlement::settlement(state, root.id)?;
        require_waiting(root.id, &settlement)?;
        let claim = GuaranteeClaim::load(state, &self.lot)?;
        let open = claim.filter(|claim| claim.paid.is_none() && claim.holder == lot.holder && lot.is_live());
        let mut claim = open.ok_or_else(|| reject::guarantee_unclaimed(self.lot))?;
        let holder = lot.holder;
        enterprise::require(ctx, state, holder, None, TWO)?;
        let payment = Payment { payer: guarantor, payee: holder, what_for: format!("guarantee of {}", self.lot) };
        let (paid, value_date) = recourse::receive(ctx, state, &payment, self.source)?;
        enterprise::require_limits(ctx, paid)?;
        let (principal, penalty) = owed(state, &root, &settlement, &lot, value_date)?;
        let due = principal.plus(penalty)?;
        if due != paid {
            return Err(money::reject::net_mismatch(due, paid).into());
        }
        take_over(ctx, state, &mut root, (self, lot), guarantor)?;
        claim.paid = Some(GuaranteePaid { at: ctx.time, principal, penalty, source: self.source });
        claim.store(state, &self.lot);
        root.note(ctx, state, Change::Guarantee(self.lot))?;
        let concerned = concerned(&[holder, guarantor, root.certificate.obligor]);
        let (certificate, lot) = (root.id, self.lot);
        emit(state, &LotSubrogated { certificate, lot, principal, penalty, concerned });
        root.store(state);
        Ok(due)
    }
}

/// The guarantor of a lot's certificate, which is in default.
fn guaranteed(root: &Root, lot: &Lot) -> Result<EnterpriseId, Rejection> {
    guard::require_status(root, CertificateStatus::Defaulted)?;
    root.certificate.backing.guarantor().ok_or_else(|| reject::no_guarantee(lot.certificate))
}

/// What the obligor owes on a lot on a day: principal, and penalty to that day.
fn owed(
    state: &mut dyn State,
    root: &Root,
    settlement: &Settlement,
    lot: &Lot,
    on: Date,
) -> Result<(Amount, Amount), Stop> {
    let (page, position) = place(lot.line.expect("a live lot is on the list once it is taken"));
    let lines = OpenPage::load(state, &(root.id, page))?.expect("the list has its pages").lines;
    let penalty = distribution::penalty(state, root, settlement, on)?.owed(lines[position])?;
    Ok((lot.unpaid(), penalty))
}

/// The guarantor becomes the holder: the claim on the obligor, with its penalty, is its own from now on.
fn take_over(
    ctx: &Context,
    state: &mut dyn State,
    root: &mut Root,
    (act, lot): (&PayGuarantee, Lot),
    guarantor: EnterpriseId,
) -> Result<(), Stop> {
    if let LotStatus::Financed(financing) = lot.status {
        let seller = super::financing::load(state, financing)?.seller;
        credit::supplier_give_back(state, lot.holder, seller, lot.unpaid())?;
        backing::leave(ctx, state, &root.certificate, lot.holder, lot.unpaid())?;
        distribution::close_financing(ctx, state, root, financing, FinancingStatus::Subrogated)?;
    }
    tree::change(state, act.lot, lot, LotStatus::Subrogated, guarantor)
}
