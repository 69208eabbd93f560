//! Whose accounts are, as final state says it: what the pool is shared by.

use engine::Error;
use ledger::enterprise;
use mempool::Organisation;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};
use types::{AccountId, Event, Key, Miss, State, wire};

/// Accounts that are remembered: an account is one organisation's for ever, so nothing is read twice for them.
const REMEMBERED_MAX: usize = 1 << 18;

/// Whose accounts are.
#[derive(Default)]
pub struct Owners(Mutex<BTreeMap<AccountId, Organisation>>);

impl Owners {
    /// The organisation of each account; `read` gives records of final state, in the order of their keys.
    pub async fn of<F>(
        &self,
        accounts: &BTreeSet<AccountId>,
        read: impl Fn(Vec<Key>) -> F,
    ) -> Result<BTreeMap<AccountId, Organisation>, Error>
    where
        F: Future<Output = Result<Vec<Option<Vec<u8>>>, Error>>,
    {
        let mut known = BTreeMap::new();
        let mut unknown = accounts.clone();
        {
            let remembered = self.0.lock().expect("no holder of the list panics");
            unknown.retain(|account| {
                let found = remembered.get(account);
                known.extend(found.map(|organisation| (*account, *organisation)));
                found.is_none()
            });
        }
        let mut records = Records::default();
        loop {
            let mut missing = BTreeSet::new();
            unknown.retain(|account| {
                let found = enterprise::enterprise_of(&mut records, *account);
                let found = found.map(|id| id.map_or(Organisation::UNKNOWN, |id| Organisation::of(id.0)));
                match found {
                    Ok(organisation) => {
                        known.insert(*account, organisation);
                        false
                    }
                    Err(Miss(key)) => {
                        missing.insert(key);
                        true
                    }
                }
            });
            if missing.is_empty() {
                break;
            }
            let keys: Vec<Key> = missing.into_iter().collect();
            let values = read(keys.clone()).await?;
            records.0.extend(keys.into_iter().zip(values));
        }
        self.remember(&known);
        Ok(known)
    }

    fn remember(&self, known: &BTreeMap<AccountId, Organisation>) {
        let mut remembered = self.0.lock().expect("no holder of the list panics");
        if remembered.len() + known.len() > REMEMBERED_MAX {
            remembered.clear();
        }
        // An account of nobody may become somebody's.
        remembered.extend(known.iter().filter(|(_, organisation)| **organisation != Organisation::UNKNOWN));
    }
}

/// Records that were read.
#[derive(Default)]
struct Records(BTreeMap<Key, Option<Vec<u8>>>);

impl State for Records {
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Miss> {
        self.0.get(key).cloned().ok_or_else(|| Miss(key.to_vec()))
    }

    fn put(&mut self, key: Key, _: Option<Vec<u8>>) {
        panic!("a question wrote the record {}", wire::hex_encode(&key));
    }

    fn emit(&mut self, event: Event) {
        panic!("a question told of an event: {event:?}");
    }
}
