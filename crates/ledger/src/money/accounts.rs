//! Accounts: opening them and finding them.

use super::{
    reject,
    state::ledger_number,
    types::{AccountKind, AccountOpened, CashAccount, CashAccountId, PrimaryAccount},
};
use crate::{
    core::{Context, EnterpriseId, EntityRole, Record, emit},
    enterprise::{self, Enterprise},
};
use std::sync::Arc;
use types::{Amount, Currency, State, Stop, text::Reference};

/// The account, or a refusal.
pub fn account(state: &mut dyn State, id: CashAccountId) -> Result<Arc<CashAccount>, Stop> {
    Ok(CashAccount::read(state, &id)?.ok_or_else(|| reject::unknown_account(id))?)
}

/// The account, to be changed.
pub(super) fn load(state: &mut dyn State, id: CashAccountId) -> Result<CashAccount, Stop> {
    account(state, id).map(Arc::unwrap_or_clone)
}

/// The account, if `owner` may be paid into it under its own name.
pub fn account_of(state: &mut dyn State, id: CashAccountId, owner: EnterpriseId) -> Result<Arc<CashAccount>, Stop> {
    let account = account(state, id)?;
    if account.owner != owner || account.kind != AccountKind::Own {
        return Err(reject::payee_not_own_name(id, owner).into());
    }
    Ok(account)
}

/// The account that `owner` is paid into at `bank`; opens one when there is none.
pub fn account_at(
    _ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    owner: EnterpriseId,
    currency: Currency,
) -> Result<CashAccountId, Stop> {
    if let Some(primary) = PrimaryAccount::load(state, &(bank, owner, currency))? {
        return Ok(primary.account);
    }
    require_bank(state, bank)?;
    require_payable(state, owner)?;
    open(state, Opening { bank, owner, number: ledger_number(&format!("{owner}/{currency}")), currency })
}

/// The account at `bank` for money that nobody may have yet.
pub fn suspense_at(
    _ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    currency: Currency,
) -> Result<CashAccountId, Stop> {
    let id = CashAccountId::suspense(bank, currency);
    if CashAccount::load(state, &id)?.is_none() {
        require_bank(state, bank)?;
        let number = ledger_number(&format!("suspense/{currency}"));
        empty(Opening { bank, owner: bank, number, currency }, AccountKind::Suspense).store(state, &id);
    }
    Ok(id)
}

/// The bank's contra account in `currency`; it comes into being with the bank's first issue.
pub(super) fn vault(state: &mut dyn State, bank: EnterpriseId, currency: Currency) -> Result<CashAccount, Stop> {
    let loaded = CashAccount::load(state, &CashAccountId::vault(bank, currency))?;
    let number = || ledger_number(&format!("vault/{currency}"));
    Ok(loaded.unwrap_or_else(|| empty(Opening { bank, owner: bank, number: number(), currency }, AccountKind::Vault)))
}

/// What a new account begins with.
pub(super) struct Opening {
    pub bank: EnterpriseId,
    pub owner: EnterpriseId,
    pub number: Reference,
    pub currency: Currency,
}

/// Opens an account; the owner's first at the bank in the currency is the one he is paid into.
pub(super) fn open(state: &mut dyn State, opening: Opening) -> Result<CashAccountId, Stop> {
    let Opening { bank, owner, currency, .. } = opening;
    let id = CashAccountId::of(bank, &opening.number);
    if CashAccount::load(state, &id)?.is_some() {
        return Err(reject::account_exists(&opening.number).into());
    }
    let primary = (bank, owner, currency);
    if PrimaryAccount::load(state, &primary)?.is_none() {
        PrimaryAccount { account: id }.store(state, &primary);
    }
    emit(state, &AccountOpened { account: id, bank, owner, number: opening.number.clone(), currency });
    empty(opening, AccountKind::Own).store(state, &id);
    Ok(id)
}

fn empty(opening: Opening, kind: AccountKind) -> CashAccount {
    let Opening { bank, owner, number, currency } = opening;
    let zero = Amount::zero(currency);
    CashAccount { bank, owner, number, currency, kind, available: zero, held: zero }
}

/// Refuses an enterprise that keeps no accounts.
pub(super) fn require_bank(state: &mut dyn State, bank: EnterpriseId) -> Result<(), Stop> {
    let enterprise = enterprise::get(state, bank)?;
    let roles = &enterprise.roles;
    if roles.contains(&EntityRole::Bank) || roles.contains(&EntityRole::SettlementAgent) {
        Ok(())
    } else {
        Err(reject::not_a_bank(bank).into())
    }
}

/// The enterprise; refuses the platform's operator, in whatever standing: it never touches money.
pub(super) fn require_payable(state: &mut dyn State, id: EnterpriseId) -> Result<Arc<Enterprise>, Stop> {
    let enterprise = enterprise::get(state, id)?;
    if enterprise.roles.contains(&EntityRole::Operator) {
        return Err(reject::operator_account(id).into());
    }
    Ok(enterprise)
}
