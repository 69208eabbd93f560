//! Financing: the application, the choice of a quote, and how it ends without money.

use super::{
    backing,
    guard::{self, concerned},
    lot::take,
    quote, seller,
};
use crate::{
    core::{Call, Context, EntityRole, Function, Record, Role, due, emit},
    credit, enterprise, policy,
    receivable::{
        MODULE,
        due::Due,
        tree::{self, Root},
        types::{
            AcceptQuote, AlertRaised, AlertRule, Apply, CancelFinancing, Change, FailFinancing, Financing,
            FinancingApplied, FinancingClosed, FinancingId, FinancingStatus, Lot, LotStatus, QuoteAccepted,
            QuoteStatus, RejectFinancing, reject,
        },
    },
};
use types::{
    Amount, Key, List, Rejection, State, Stop, Timestamp,
    planted::{self, Fault},
    text::Remark,
    wire,
};

const SELLER: &[Role] = &[Role::any(&[Function::Maker, Function::Checker])];
/// Who says no for a bank.
const BANK: &[Role] =
    &[Role::of(EntityRole::Bank, &[Function::Maker, Function::Checker]), Role::of(EntityRole::Bank, &[Function::Risk])];
const CONCLUDED: &[FinancingStatus] =
    &[FinancingStatus::Accepted, FinancingStatus::Approved, FinancingStatus::Registered];

impl Call for Apply {
    const NAME: &'static str = "apply";
    const ROLES: &'static [Role] = SELLER;
    type Outcome = FinancingId;

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive()?;
        if self.banks.is_empty() {
            return Err(reject::banks("ask at least one"));
        }
        let twice = |position: usize| self.banks[..position].contains(&self.banks[position]);
        if (0..self.banks.len()).any(twice) {
            return Err(reject::banks("ask each once"));
        }
        if self.reveal_until < self.quotes_until || (self.banks.len() > 1 && self.reveal_until == self.quotes_until) {
            return Err(reject::financing_dates("sealed quotes are opened after the last was given"));
        }
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Lot::key(&self.lot)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<FinancingId, Stop> {
        let (mut root, lot) = guard::movable(ctx, state, self.lot)?;
        let seller = lot.holder;
        enterprise::require_approvals(ctx, state, seller, self.amount)?;
        for bank in &self.banks {
            guard::require_role(state, *bank, EntityRole::Bank)?;
            if *bank == seller {
                return Err(enterprise::reject::self_transfer(seller).into());
            }
        }
        let issued = root.certificate.issued.as_ref().expect("a certificate is issued before its lots move");
        let call_at = issued.call_at;
        if self.quotes_until <= ctx.time || self.reveal_until >= call_at {
            let law = format_args!("quotes come after now and are open before maturity is called, {call_at}");
            return Err(reject::financing_dates(law).into());
        }
        let policy = policy::at(state, ctx.time)?;
        let expires = self.reveal_until.plus_hours(u64::from(policy.quote_ttl_hours)).min(call_at);
        let (lot_id, mut lot) = take(ctx, state, &mut root, (self.lot, lot), self.amount)?;
        let id = FinancingId::derive(ctx.transaction, ctx.act, 0);
        lot.status = LotStatus::InFinancing(id);
        lot.store(state, &lot_id);
        let financing = Financing {
            certificate: root.id,
            lot: lot_id,
            obligor: root.certificate.obligor,
            seller,
            amount: self.amount,
            kind: self.kind,
            banks: self.banks.clone(),
            quotes_until: self.quotes_until,
            reveal_until: self.reveal_until,
            expires,
            status: FinancingStatus::Quoting,
            applied_at: ctx.time,
            policy_version: policy.version,
            bank: None,
            terms: None,
            search: None,
            approval: None,
            registration: None,
            disbursement: None,
            seller_limit: None,
            costs: Amount::zero(self.amount.currency),
            former_banks: List::default(),
        };
        schedule_expiry(state, id, expires)?;
        let (amount, kind, quotes_until) = (self.amount, self.kind, self.quotes_until);
        let mut told = vec![seller];
        told.extend(self.banks.iter());
        let concerned = concerned(&told);
        emit(state, &FinancingApplied { financing: id, lot: lot_id, amount, kind, quotes_until, concerned });
        set_status(ctx, state, &mut root, id, financing, FinancingStatus::Quoting)?;
        root.store(state);
        Ok(id)
    }
}

impl Call for AcceptQuote {
    const NAME: &'static str = "accept_quote";
    const ROLES: &'static [Role] = SELLER;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Financing::key(&self.financing)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let id = self.financing;
        let mut financing = load(state, id)?;
        guard::require_party(ctx, id, financing.seller)?;
        guard::require_financing(id, &financing, &[FinancingStatus::Quoting])?;
        enterprise::require_approvals(ctx, state, financing.seller, financing.amount)?;
        guard::require_not_frozen(financing.lot, &tree::lot(state, financing.lot)?)?;
        if financing.banks.len() > 1 && ctx.time < financing.quotes_until {
            return Err(reject::quote_sealed(id, financing.quotes_until).into());
        }
        let mut chosen = quote::load(state, id, self.bank)?;
        guard::require_quote(&chosen, &[QuoteStatus::Open])?;
        if !planted::is(Fault::QuoteStale) {
            guard::require_before(ctx, format_args!("the quote of {}", self.bank), chosen.valid_until)?;
        }
        if chosen.terms.as_ref() != Some(&self.terms) {
            return Err(reject::quote_mismatch(self.bank).into());
        }
        let mut root = Root::load(state, financing.certificate)?;
        let price = quote::require_terms(ctx, state, &root, &financing, &self.terms)?;
        chosen.status = QuoteStatus::Accepted;
        chosen.store(state, &(id, self.bank));
        quote::release_standing(ctx, state, id, &financing)?;
        credit::supplier_take(ctx, state, self.bank, financing.seller, financing.amount)?;
        financing.bank = Some(self.bank);
        financing.terms = Some(self.terms.clone());
        let due_on = root.certificate.issued.as_ref().expect("a financed certificate is issued").due_on;
        financing.seller_limit = seller::block(ctx, state, self.bank, &financing, due_on)?;
        financing.expires = self.terms.disburse_by.plus_days(1).at(0, 0);
        schedule_expiry(state, id, financing.expires)?;
        let concerned = concerned(&[self.bank, financing.seller]);
        emit(state, &QuoteAccepted { financing: id, bank: self.bank, price, concerned });
        set_status(ctx, state, &mut root, id, financing, FinancingStatus::Accepted)?;
        root.store(state);
        Ok(())
    }
}

impl Call for FailFinancing {
    const NAME: &'static str = "fail_financing";
    const ROLES: &'static [Role] = BANK;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let financing = load(state, self.financing)?;
        guard::require_financing(self.financing, &financing, CONCLUDED)?;
        guard::require_party(ctx, self.financing, bank(&financing))?;
        close(ctx, state, self.financing, financing, (FinancingStatus::Failed, Some(&self.reason)))
    }
}

impl Call for RejectFinancing {
    const NAME: &'static str = "reject_financing";
    const ROLES: &'static [Role] = BANK;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let financing = load(state, self.financing)?;
        guard::require_financing(self.financing, &financing, &[FinancingStatus::Accepted])?;
        guard::require_party(ctx, self.financing, bank(&financing))?;
        close(ctx, state, self.financing, financing, (FinancingStatus::Rejected, Some(&self.reason)))
    }
}

impl Call for CancelFinancing {
    const NAME: &'static str = "cancel_financing";
    const ROLES: &'static [Role] = SELLER;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let financing = load(state, self.financing)?;
        guard::require_party(ctx, self.financing, financing.seller)?;
        match financing.status {
            FinancingStatus::Quoting | FinancingStatus::Accepted | FinancingStatus::Approved => {}
            // The money may be on its way: the bank must say that it is not.
            FinancingStatus::Registered => {
                let signs = &[Function::Maker, Function::Checker];
                enterprise::require(ctx, state, bank(&financing), Some(EntityRole::Bank), signs)?;
            }
            FinancingStatus::Disbursed
            | FinancingStatus::Repaid
            | FinancingStatus::Recoursed
            | FinancingStatus::WrittenOff
            | FinancingStatus::Subrogated
            | FinancingStatus::Failed
            | FinancingStatus::Rejected
            | FinancingStatus::Cancelled
            | FinancingStatus::Expired => {
                return Err(guard::financing_state(self.financing, &financing, "before disbursement").into());
            }
        }
        close(ctx, state, self.financing, financing, (FinancingStatus::Cancelled, Some(&self.reason)))
    }
}

/// The financing, or a refusal.
pub(in crate::receivable) fn load(state: &mut dyn State, id: FinancingId) -> Result<Financing, Stop> {
    Ok(Financing::load(state, &id)?.ok_or_else(|| reject::unknown(id))?)
}

/// The bank whose quote was accepted.
pub(in crate::receivable) fn bank(financing: &Financing) -> crate::core::EnterpriseId {
    financing.bank.expect("a financing past its quotes has a bank")
}

/// Writes a financing's new status and the step of its certificate's history.
pub(in crate::receivable) fn set_status(
    ctx: &Context,
    state: &mut dyn State,
    root: &mut Root,
    id: FinancingId,
    mut financing: Financing,
    status: FinancingStatus,
) -> Result<(), Stop> {
    financing.status = status;
    financing.store(state, &id);
    root.note(ctx, state, Change::Financing(id, status))
}

/// A financing's time is up, unless it has ended, or the time has moved.
pub(in crate::receivable) fn expire(
    ctx: &Context,
    state: &mut dyn State,
    id: FinancingId,
    expires: Timestamp,
) -> Result<(), Stop> {
    let financing = load(state, id)?;
    match financing.status {
        FinancingStatus::Quoting
        | FinancingStatus::Accepted
        | FinancingStatus::Approved
        | FinancingStatus::Registered
            if financing.expires == expires =>
        {
            close(ctx, state, id, financing, (FinancingStatus::Expired, None))
        }
        FinancingStatus::Quoting
        | FinancingStatus::Accepted
        | FinancingStatus::Approved
        | FinancingStatus::Registered
        | FinancingStatus::Disbursed
        | FinancingStatus::Repaid
        | FinancingStatus::Recoursed
        | FinancingStatus::WrittenOff
        | FinancingStatus::Subrogated
        | FinancingStatus::Failed
        | FinancingStatus::Rejected
        | FinancingStatus::Cancelled
        | FinancingStatus::Expired => Ok(()),
    }
}

/// A closed financing should be out of the registry by now: raises an alert when it is not.
pub(in crate::receivable) fn check_deregistered(state: &mut dyn State, id: FinancingId) -> Result<(), Stop> {
    let financing = load(state, id)?;
    let registration = financing.registration.as_ref().expect("only what was registered is checked");
    if registration.deregistered_at.is_none() {
        let concerned = concerned(&[bank(&financing), financing.seller]);
        let (rule, certificate, lot) = (AlertRule::DeregistrationLate, financing.certificate, Some(financing.lot));
        emit(state, &AlertRaised { rule, severity: 3, certificate, lot, invoice: None, concerned });
    }
    Ok(())
}

fn schedule_expiry(state: &mut dyn State, financing: FinancingId, expires: Timestamp) -> Result<(), Stop> {
    due::schedule(state, expires, MODULE.number, wire::encode(&Due::FinancingExpiry { financing, expires }))?;
    Ok(())
}

/// Ends a financing without money: lines are free again, and the lot is its holder's.
fn close(
    ctx: &Context,
    state: &mut dyn State,
    id: FinancingId,
    mut financing: Financing,
    (status, reason): (FinancingStatus, Option<&Remark>),
) -> Result<(), Stop> {
    let mut told = vec![financing.seller];
    match financing.bank {
        None => {
            told.extend(financing.banks.iter());
            quote::release_standing(ctx, state, id, &financing)?;
        }
        Some(bank) => {
            told.push(bank);
            let certificate = tree::certificate(state, financing.certificate)?;
            backing::end_quote(ctx, state, &certificate, bank, financing.amount)?;
            credit::supplier_give_back(state, bank, financing.seller, financing.amount)?;
            seller::unblock(ctx, state, &mut financing)?;
        }
    }
    let mut lot = tree::lot(state, financing.lot)?;
    assert!(lot.status == LotStatus::InFinancing(id), "an open financing has its lot");
    lot.status = LotStatus::Held;
    lot.store(state, &financing.lot);
    if financing.registration.is_some() {
        let days = policy::at(state, ctx.time)?.deregistration_business_days;
        let last = policy::add_business_days(state, ctx.time.date(), days)?;
        let at = last.plus_days(1).at(0, 0);
        due::schedule(state, at, MODULE.number, wire::encode(&Due::DeregistrationCheck(id)))?;
    }
    let concerned = concerned(&told);
    emit(state, &FinancingClosed { financing: id, status, reason: reason.cloned(), concerned });
    let mut root = Root::load(state, financing.certificate)?;
    set_status(ctx, state, &mut root, id, financing, status)?;
    root.store(state);
    Ok(())
}
