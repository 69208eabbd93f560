//! From checked to waiting: what state must say of senders before the pool takes what they send.

use crate::{owners::Owners, source::PoolSource};
use engine::{Error, Reading};
use ledger::core::nonce;
use mempool::{Admitted, Arrival};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use types::{AccountId, Key, Rejection, Timestamp, transaction::Checked};

/// Why the pool did not take a transaction, and the height of the state that it was held against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    pub height: u64,
    pub rejection: Rejection,
}

/// Takes what was checked into the pool; one answer each, in order. `read` gives records of the last final state, `now` is
/// block time.
///
/// Most go behind others of their senders on a busy chain: of those senders the pool knows what state would say. For the
/// others it is read, and read again if a block became final meanwhile: what that block holds would be taken once more,
/// or refused as another's, against a state in which it does not stand yet.
pub async fn enter<F>(
    source: &PoolSource,
    owners: &Owners,
    checked: &[Arc<Checked>],
    now: Timestamp,
    read: impl Fn(Vec<Key>) -> F,
) -> Result<Vec<Result<Admitted, Refused>>, Error>
where
    F: Future<Output = Result<Reading, Error>>,
{
    let behind = source.submit_behind(checked, now);
    let strange = checked.iter().zip(&behind).filter(|(_, waits)| !**waits).map(|(checked, _)| checked);
    let senders: BTreeSet<AccountId> = strange.clone().map(|checked| checked.sender()).collect();
    let mut first = loop {
        if senders.is_empty() {
            break Vec::new().into_iter();
        }
        let homes = owners.of(&senders, async |keys| read(keys).await.map(|reading| reading.values)).await?;
        let (height, next) = nonces(&senders, &read).await?;
        let arrive = |checked: &Arc<Checked>| {
            let sender = checked.sender();
            Arrival { checked: checked.clone(), next_nonce: next[&sender], organisation: homes[&sender] }
        };
        if let Some(answers) = source.submit(strange.clone().map(arrive).collect(), height, now) {
            let held = |answer: Result<_, _>| answer.map_err(|rejection| Refused { height, rejection });
            break answers.into_iter().map(held).collect::<Vec<_>>().into_iter();
        }
    };
    let answer = |waits| match waits {
        true => Ok(Admitted::New),
        false => first.next().expect("one answer for each that did not go behind others"),
    };
    Ok(behind.into_iter().map(answer).collect())
}

/// The next nonce of each sender in final state, and the state's height.
pub async fn nonces<F>(
    senders: &BTreeSet<AccountId>,
    read: impl Fn(Vec<Key>) -> F,
) -> Result<(u64, BTreeMap<AccountId, u64>), Error>
where
    F: Future<Output = Result<Reading, Error>>,
{
    let reading = read(senders.iter().map(|sender| nonce::key(*sender)).collect()).await?;
    let decode = |(sender, record): (&AccountId, &Option<Vec<u8>>)| (*sender, nonce::decode(record.as_deref()));
    Ok((reading.height, senders.iter().zip(&reading.values).map(decode).collect()))
}

#[cfg(test)]
mod tests;
