use super::{
    accounts,
    types::{CashAccount, CashAccountId, PrimaryAccount},
};
use crate::core::{EnterpriseId, Query, QueryContext, Record};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Currency, State, Stop};

/// What an account holds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BalanceOf")]
pub struct Balance {
    /// The account.
    pub account: CashAccountId,
}

impl Query for Balance {
    const NAME: &'static str = "balance";
    type Answer = CashAccount;
    fn answer(&self, _ctx: &QueryContext, state: &mut dyn State) -> Result<CashAccount, Stop> {
        accounts::load(state, self.account)
    }
}

/// The account that an owner is paid into at a bank.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AccountAt {
    /// The bank that keeps the account.
    pub bank: EnterpriseId,
    /// The enterprise that owns it.
    pub owner: EnterpriseId,
    /// The account's currency.
    pub currency: Currency,
}

impl Query for AccountAt {
    const NAME: &'static str = "account_at";
    type Answer = Option<CashAccountId>;
    fn answer(&self, _ctx: &QueryContext, state: &mut dyn State) -> Result<Option<CashAccountId>, Stop> {
        let primary = PrimaryAccount::load(state, &(self.bank, self.owner, self.currency))?;
        Ok(primary.map(|primary| primary.account))
    }
}

/// A bank's contra account: where a hold asks for redemption, and how much the bank owes in tokens.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Vault {
    /// The bank.
    pub bank: EnterpriseId,
    /// The currency.
    pub currency: Currency,
}

/// A bank's contra account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct VaultView {
    /// The payee account of a hold that asks for redemption.
    pub account: CashAccountId,
    /// The sum of what the bank owes its customers in tokens.
    pub issued: Amount,
}

impl Query for Vault {
    const NAME: &'static str = "vault";
    type Answer = VaultView;
    fn answer(&self, _ctx: &QueryContext, state: &mut dyn State) -> Result<VaultView, Stop> {
        let issued = super::accounts::vault(state, self.bank, self.currency)?.available;
        Ok(VaultView { account: CashAccountId::vault(self.bank, self.currency), issued })
    }
}
