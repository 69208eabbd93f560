use super::types::{AccountKind, CashAccount, CashAccountId, CashFact, CashFactId, Hold, HoldStatus};
use crate::{
    core::{Audit, EnterpriseId, EntityRole},
    enterprise::Enterprise,
};
use std::collections::{BTreeMap, BTreeSet};
use types::Currency;

pub(super) fn audit(audit: &mut Audit) {
    let accounts = audit.all::<CashAccount>();
    trial_balance(audit, &accounts);
    holds(audit, &accounts);
    names(audit, &accounts);
    facts(audit, &accounts);
}

/// What a bank owes in a currency is the sum of its customers' balances.
fn trial_balance(audit: &mut Audit, accounts: &[(CashAccountId, CashAccount)]) {
    let mut owed: BTreeMap<(EnterpriseId, Currency), (u128, u128)> = BTreeMap::new();
    for (_, account) in accounts {
        let sums = owed.entry((account.bank, account.currency)).or_default();
        let balance = u128::from(account.available.minor) + u128::from(account.held.minor);
        match account.kind {
            AccountKind::Vault => sums.0 += balance,
            AccountKind::Own | AccountKind::Suspense => sums.1 += balance,
        }
    }
    for ((bank, currency), (vault, customers)) in owed {
        audit.ensure("MONEY-TRIAL-BALANCE", vault == customers, || {
            format!("{bank} {currency}: vault {vault}, customers {customers}")
        });
    }
}

/// What is held in an account is the sum of its open holds.
fn holds(audit: &mut Audit, accounts: &[(CashAccountId, CashAccount)]) {
    let mut held: BTreeMap<CashAccountId, u128> = BTreeMap::new();
    for (_, hold) in audit.all::<Hold>() {
        if hold.status == HoldStatus::Open {
            *held.entry(hold.account).or_default() += u128::from(hold.amount.minor);
        }
    }
    for (id, account) in accounts {
        let sum = held.remove(id).unwrap_or_default();
        let same = sum == u128::from(account.held.minor);
        audit.ensure("MONEY-HELD", same, || format!("{id} holds {}, open holds sum to {sum}", account.held));
    }
    audit.ensure("MONEY-HELD", held.is_empty(), || format!("holds of no account: {held:?}"));
}

/// An account stands under the id of its bank and number, in one currency, and its owner is not the operator.
fn names(audit: &mut Audit, accounts: &[(CashAccountId, CashAccount)]) {
    let is_operator =
        |(id, enterprise): (EnterpriseId, Enterprise)| enterprise.roles.contains(&EntityRole::Operator).then_some(id);
    let operators: BTreeSet<EnterpriseId> = audit.all::<Enterprise>().into_iter().filter_map(is_operator).collect();
    for (id, account) in accounts {
        let no_operator = !operators.contains(&account.owner) && !operators.contains(&account.bank);
        audit.ensure("I10", no_operator, || format!("{id} of {}", account.owner));
        let id_of_number = CashAccountId::of(account.bank, &account.number);
        audit.ensure("MONEY-NUMBER", *id == id_of_number, || format!("{id} has number {}", account.number));
        let one_currency = account.available.currency == account.currency && account.held.currency == account.currency;
        audit.ensure("MONEY-CURRENCY", one_currency, || format!("{id}: {account:?}"));
    }
}

/// A fact stands under the id of its bank and reference, so that it exists once, and its bank keeps one of its accounts.
/// That it is used at most once follows: it has room for one use, and a use is never overwritten.
fn facts(audit: &mut Audit, accounts: &[(CashAccountId, CashAccount)]) {
    let banks: BTreeMap<CashAccountId, EnterpriseId> =
        accounts.iter().map(|(id, account)| (*id, account.bank)).collect();
    for (id, fact) in audit.all::<CashFact>() {
        let once = id == CashFactId::of(fact.bank, &fact.bank_reference);
        audit.ensure("MONEY-FACT-ONCE", once, || format!("{id} has reference {}", fact.bank_reference));
        let keeps = |account| banks.get(account) == Some(&fact.bank);
        audit.ensure("MONEY-FACT-BANK", keeps(&fact.payer) || keeps(&fact.payee), || format!("{id}"));
    }
}
