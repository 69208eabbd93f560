//! Moving money: every posting has two sides, and both are written here or not at all.
//!
//! The functions trust their caller on who may ask; they refuse what no one may do. No sum here can overflow: each balance
//! is a part of its bank's vault, and the vault is within the limit of amounts.

use super::{
    Due,
    accounts::{load, vault},
    reject,
    types::{
        AccountKind, CashAccount, CashAccountId, CashFact, CashFactConsumed, CashFactId, Consumption, Hold, HoldClosed,
        HoldId, HoldPlaced, HoldStatus, TokensIssued, TokensRedeemed, TokensTransferred,
    },
};
use crate::core::{Context, Record, due, emit};
use types::{
    Amount, Date, Rejection, State, Stop, Timestamp,
    planted::{self, Fault},
    text::Reference,
    wire,
};

/// Longest a hold may last: locks end by themselves, and a year covers the longest tenor.
const HOLD_DAYS_MAX: u32 = 366;

/// Uses an attested fact as proof of `by`. A fact proves one thing, once.
pub fn consume_fact(ctx: &Context, state: &mut dyn State, id: CashFactId, by: &str) -> Result<CashFact, Stop> {
    let fact = CashFact::load(state, &id)?;
    let mut fact = fact.ok_or_else(|| reject::cash_unattested(format_args!("there is no cash fact {id}")))?;
    if let Some(earlier) = &fact.consumed_by {
        return Err(reject::fact_used(id, &earlier.by).into());
    }
    let by = reference(by)?;
    emit(state, &CashFactConsumed { fact: id, bank: fact.bank, amount: fact.amount, by: by.clone() });
    fact.consumed_by = Some(Consumption { by, at: ctx.time, transaction: ctx.transaction });
    fact.store(state, &id);
    Ok(fact)
}

/// The bank owes the account's owner more: debit vault, credit account.
pub fn issue(
    _ctx: &Context,
    state: &mut dyn State,
    id: CashAccountId,
    amount: Amount,
    what_for: &str,
) -> Result<(), Stop> {
    let mut credited = load(state, id)?;
    refuse_vault(id, &credited)?;
    let mut vault = vault(state, credited.bank, credited.currency)?;
    vault.available = vault.available.plus(amount.positive()?)?;
    credited.available = credited.available.plus(amount)?;
    let (bank, owner) = (credited.bank, credited.owner);
    emit(state, &TokensIssued { account: id, bank, owner, amount, reference: reference(what_for)? });
    vault.store(state, &CashAccountId::vault(bank, credited.currency));
    credited.store(state, &id);
    Ok(())
}

/// Moves available money from one account to another at the same bank.
pub fn pay(
    _ctx: &Context,
    state: &mut dyn State,
    source: CashAccountId,
    target: CashAccountId,
    amount: Amount,
    what_for: &str,
) -> Result<(), Stop> {
    let (debited, credited) = (load(state, source)?, load(state, target)?);
    pay_between(state, (source, debited), (target, credited), amount, what_for)
}

/// [`pay`] between accounts as they stand in the state.
pub(super) fn pay_between(
    state: &mut dyn State,
    (source, mut debited): (CashAccountId, CashAccount),
    (target, mut credited): (CashAccountId, CashAccount),
    amount: Amount,
    what_for: &str,
) -> Result<(), Stop> {
    require_pair(&debited, source, &credited, target)?;
    refuse_vault(target, &credited)?;
    take_available(&mut debited, source, amount)?;
    credited.available = credited.available.plus(amount)?;
    let (payer, payee) = (debited.owner, credited.owner);
    emit(state, &TokensTransferred { source, target, payer, payee, amount, reference: reference(what_for)? });
    debited.store(state, &source);
    credited.store(state, &target);
    Ok(())
}

/// What is set aside, for whom, until when.
pub struct HoldTerms {
    pub account: CashAccountId,
    pub payee_account: CashAccountId,
    pub amount: Amount,
    pub expires: Timestamp,
    pub reference: Reference,
    /// Tells apart several holds of one act.
    pub index: u32,
}

/// Sets available money aside until it is posted, voided, or expires.
pub fn hold(ctx: &Context, state: &mut dyn State, terms: HoldTerms) -> Result<HoldId, Stop> {
    let latest = ctx.time.date().plus_days(HOLD_DAYS_MAX);
    require_expiry(ctx, terms.expires, latest)?;
    let id = HoldId::derive(ctx.transaction, ctx.act, terms.index);
    let HoldTerms { account: source, payee_account, amount, expires, reference, index: _ } = terms;
    let mut debited = load(state, source)?;
    let credited = payee(state, payee_account, &debited)?;
    require_pair(&debited, source, &credited, payee_account)?;
    if !planted::is(Fault::HoldDropped) {
        take_available(&mut debited, source, amount)?;
    }
    debited.held = debited.held.plus(amount)?;
    let (payer, payee) = (debited.owner, credited.owner);
    debited.store(state, &source);
    due::schedule(state, expires, super::MODULE.number, wire::encode(&Due::HoldExpiry(id)))?;
    emit(state, &HoldPlaced { hold: id, account: source, payer, payee, amount, expires, reference: reference.clone() });
    let status = HoldStatus::Open;
    Hold { account: source, payer, payee_account, payee, amount, expires, reference, status }.store(state, &id);
    Ok(id)
}

/// Moves `amount` of what was set aside to the payee; the rest is available again. Into a vault: redeems.
pub fn post(_ctx: &Context, state: &mut dyn State, id: HoldId, amount: Amount) -> Result<Hold, Stop> {
    let (hold, mut debited) = open_hold(state, id)?;
    amount.positive()?;
    let rest = hold.amount.minus(amount)?.ok_or_else(|| reject::overfunded(hold.amount, amount))?;
    let mut credited = payee(state, hold.payee_account, &debited)?;
    if !planted::is(Fault::HoldKept) {
        release(&mut debited, hold.amount)?;
    }
    debited.available = debited.available.plus(rest)?;
    let (bank, owner, account) = (debited.bank, debited.owner, hold.account);
    if credited.kind == AccountKind::Vault {
        let less = credited.available.minus(amount)?;
        credited.available = less.expect("a vault counts all that its bank owes: the law I-VAULT");
        emit(state, &TokensRedeemed { account, bank, owner, amount, reference: hold.reference.clone() });
    } else {
        credited.available = credited.available.plus(amount)?;
        let (source, target, payer, payee) = (account, hold.payee_account, hold.payer, hold.payee);
        let reference = hold.reference.clone();
        emit(state, &TokensTransferred { source, target, payer, payee, amount, reference });
    }
    debited.store(state, &account);
    credited.store(state, &hold.payee_account);
    Ok(close(state, id, hold, amount, HoldStatus::Posted))
}

/// Makes what was set aside available again.
pub fn void(_ctx: &Context, state: &mut dyn State, id: HoldId) -> Result<Hold, Stop> {
    give_back(state, id, HoldStatus::Voided)
}

/// Gives back what nobody took in time; a hold that was closed before is left alone.
pub(super) fn expire(state: &mut dyn State, id: HoldId) -> Result<(), Stop> {
    let hold = Hold::load(state, &id)?.expect("a hold is stored in the act that schedules its expiry");
    if hold.status == HoldStatus::Open {
        give_back(state, id, HoldStatus::Expired)?;
    }
    Ok(())
}

fn give_back(state: &mut dyn State, id: HoldId, status: HoldStatus) -> Result<Hold, Stop> {
    let (hold, mut account) = open_hold(state, id)?;
    release(&mut account, hold.amount)?;
    account.available = account.available.plus(hold.amount)?;
    account.store(state, &hold.account);
    let nothing = Amount::zero(hold.amount.currency);
    Ok(close(state, id, hold, nothing, status))
}

fn open_hold(state: &mut dyn State, id: HoldId) -> Result<(Hold, CashAccount), Stop> {
    let hold = Hold::load(state, &id)?.ok_or_else(|| reject::unknown_hold(id))?;
    match hold.status {
        HoldStatus::Open => {}
        status @ (HoldStatus::Posted | HoldStatus::Voided | HoldStatus::Expired) => {
            return Err(reject::hold_closed(id, format!("{status:?}").to_lowercase()).into());
        }
    }
    let account = load(state, hold.account)?;
    Ok((hold, account))
}

fn close(state: &mut dyn State, id: HoldId, mut hold: Hold, posted: Amount, status: HoldStatus) -> Hold {
    emit(state, &HoldClosed { hold: id, payer: hold.payer, payee: hold.payee, posted, status });
    hold.status = status;
    hold.store(state, &id);
    hold
}

/// The account that a hold may pay; a vault may not have come into being yet.
fn payee(state: &mut dyn State, id: CashAccountId, debited: &CashAccount) -> Result<CashAccount, Stop> {
    if id == CashAccountId::vault(debited.bank, debited.currency) {
        return vault(state, debited.bank, debited.currency);
    }
    load(state, id)
}

fn release(account: &mut CashAccount, amount: Amount) -> Result<(), Rejection> {
    account.held = account.held.minus(amount)?.expect("held is the sum of the account's open holds");
    Ok(())
}

fn take_available(account: &mut CashAccount, id: CashAccountId, amount: Amount) -> Result<(), Rejection> {
    let left = account.available.minus(amount.positive()?)?;
    account.available = left.ok_or_else(|| reject::insufficient(id, account.available, amount))?;
    Ok(())
}

/// Two accounts between which money may move: different ones, neither pays out of a vault, same bank and currency.
fn require_pair(
    source: &CashAccount,
    source_id: CashAccountId,
    target: &CashAccount,
    target_id: CashAccountId,
) -> Result<(), Stop> {
    if source_id == target_id {
        return Err(reject::same_account(source_id).into());
    }
    refuse_vault(source_id, source)?;
    if source.bank != target.bank {
        return Err(reject::not_at_bank(target_id, source.bank).into());
    }
    Amount::zero(source.currency).same_currency(Amount::zero(target.currency))?;
    Ok(())
}

pub(super) fn refuse_vault(id: CashAccountId, account: &CashAccount) -> Result<(), Rejection> {
    match account.kind {
        AccountKind::Vault => Err(reject::wrong_kind(id, "vault")),
        AccountKind::Own | AccountKind::Suspense => Ok(()),
    }
}

fn require_expiry(ctx: &Context, expires: Timestamp, latest: Date) -> Result<(), Rejection> {
    if expires > ctx.time && expires.date() <= latest { Ok(()) } else { Err(reject::hold_expiry(expires, latest)) }
}

fn reference(text: &str) -> Result<Reference, Rejection> {
    Reference::new(text).map_err(|message| wire::malformed(&message))
}
