//! The sender's count of transactions: each number is used once, in order, so nothing is applied twice.

use crate::core::Record;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    AccountId, Key, Miss, State,
    planted::{self, Fault},
};

#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
struct Nonce {
    next: u64,
}

impl Record for Nonce {
    type Id = AccountId;
    const MODULE: u8 = 0;
    const TABLE: u8 = 2;
    const NAME: &'static str = "nonces";
}

/// The nonce that the account's next transaction must carry.
pub fn next(state: &mut dyn State, account: AccountId) -> Result<u64, Miss> {
    Ok(Nonce::read(state, &account)?.map_or(0, |nonce| nonce.next))
}

/// Uses the account's next nonce.
pub fn advance(state: &mut dyn State, account: AccountId) -> Result<(), Miss> {
    let mut nonce = Nonce::load(state, &account)?.unwrap_or_default();
    nonce.next += u64::from(!planted::is(Fault::NonceReused));
    nonce.store(state, &account);
    Ok(())
}

/// Where an account's nonce stands in state: for loading ahead and for pools.
pub fn key(account: AccountId) -> Key {
    Nonce::key(&account)
}

/// The nonce in a loaded record.
pub fn decode(record: Option<&[u8]>) -> u64 {
    let decode = |bytes| types::wire::decode::<Nonce>(bytes).expect("state holds only what `store` encoded").next;
    record.map_or(0, decode)
}
