//! What can be verified without state: size, shape, chain, keys and signatures.
//!
//! The same function stands at both doors, where a client's transaction comes in and where another validator's block
//! does, so a block never holds what a pool would have refused. It is pure: no state, no clock, and the answer for one
//! transaction does not depend on the others beside it.

use std::sync::Arc;
use types::{
    ChainId, Rejection, Transaction, TransactionHash, limits,
    planted::{self, Fault},
    rejection::tech,
    transaction::{Checked, PublicKey},
};

/// Checks transactions for one chain, all their signatures in one batch; one answer each, in order.
pub fn check_batch(chain: ChainId, transactions: Vec<Transaction>) -> Vec<Result<Arc<Checked>, Rejection>> {
    let sound: Vec<_> = transactions.into_iter().map(|transaction| check_unsigned(chain, transaction)).collect();
    let items: Vec<_> = sound.iter().flatten().flat_map(signatures).collect();
    let mut verdicts = crypto::verify_batch(&items).into_iter();
    let mut faults = Vec::with_capacity(sound.len());
    for checked in &sound {
        // Every signature's verdict is taken, also after a bad one: the next transaction's follow behind.
        let mut fault = None;
        for signer in checked.iter().flat_map(|checked| &checked.transaction.body.signers) {
            let valid = verdicts.next().expect("one verdict per signature") || planted::is(Fault::SignatureUnchecked);
            if !valid && fault.is_none() {
                fault = Some(tech::signature_invalid(signer.account()));
            }
        }
        faults.push(fault);
    }
    sound.into_iter().zip(faults).map(|(checked, fault)| fault.map_or(checked.map(Arc::new), Err)).collect()
}

/// [`check_batch`] for one transaction.
pub fn check_one(chain: ChainId, transaction: Transaction) -> Result<Arc<Checked>, Rejection> {
    check_batch(chain, vec![transaction]).pop().expect("one answer per transaction")
}

/// [`check_one`] for bytes from outside.
pub fn check_encoded(chain: ChainId, bytes: &[u8]) -> Result<Arc<Checked>, Rejection> {
    check_one(chain, Transaction::decode(bytes)?)
}

/// Everything but the signatures, cheapest first.
fn check_unsigned(chain: ChainId, transaction: Transaction) -> Result<Checked, Rejection> {
    transaction.check_shape()?;
    let body = &transaction.body;
    if body.chain != chain {
        return Err(tech::wrong_chain(chain, body.chain));
    }
    for signer in &body.signers {
        check_signer(signer)?;
    }
    let size = transaction.size();
    if size > limits::TRANSACTION_BYTES_MAX {
        return Err(tech::payload_too_big(format!("a transaction of {size} bytes")));
    }
    Ok(Checked::vouch(transaction, size))
}

fn check_signer(signer: &PublicKey) -> Result<(), Rejection> {
    crypto::check_public_key(signer).map_err(|fault| match fault {
        crypto::KeyFault::UnknownSuite(suite) => tech::unknown_suite(suite),
        crypto::KeyFault::WrongLength | crypto::KeyFault::NotCanonical | crypto::KeyFault::SmallOrder => {
            tech::malformed(fault)
        }
    })
}

/// The signatures of one transaction, in the order of its signers.
fn signatures(checked: &Checked) -> impl Iterator<Item = crypto::Item<'_>> {
    let Checked { transaction, hash: TransactionHash(message), .. } = checked;
    let pairs = transaction.body.signers.iter().zip(&transaction.signatures);
    pairs.map(move |(public_key, signature)| crypto::Item { public_key, message, signature })
}

#[cfg(test)]
mod tests;
