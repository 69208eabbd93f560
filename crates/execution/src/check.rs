//! What can be verified without state: size, shape, chain, keys and signatures.
//!
//! The same function stands at both doors, where a client's transaction comes in and where another validator's block
//! does, so a block never holds what a pool would have refused. It is pure: no state, no clock, and the answer for one
//! transaction does not depend on the others beside it.

use std::sync::Arc;
use types::{
    ChainId, Rejection, TransactionHash, limits,
    planted::{self, Fault},
    rejection::tech,
    transaction::{Checked, Named, PublicKey},
};

/// Checks transactions for one chain, all their signatures in one batch; one answer each, in order.
pub fn check_batch<T: Into<Named>>(chain: ChainId, transactions: Vec<T>) -> Vec<Result<Arc<Checked>, Rejection>> {
    let sound: Vec<_> = transactions.into_iter().map(|transaction| check_unsigned(chain, transaction.into())).collect();
    let items: Vec<_> = sound.iter().flatten().flat_map(signatures).collect();
    let mut verdicts = crypto::verify_batch(&items).into_iter();
    let mut faults = Vec::with_capacity(sound.len());
    for named in &sound {
        // Every signature's verdict is taken, also after a bad one: the next transaction's follow behind.
        let mut fault = None;
        for signer in named.iter().flat_map(|named| &named.signers) {
            let valid = verdicts.next().expect("one verdict per signature") || planted::is(Fault::SignatureUnchecked);
            if !valid && fault.is_none() {
                fault = Some(tech::signature_invalid(*signer));
            }
        }
        faults.push(fault);
    }
    sound
        .into_iter()
        .zip(faults)
        .map(|(checked, fault)| fault.map_or(checked.map(|named| Arc::new(Checked::vouch(named))), Err))
        .collect()
}

/// [`check_batch`] for one transaction.
pub fn check_one(chain: ChainId, transaction: impl Into<Named>) -> Result<Arc<Checked>, Rejection> {
    check_batch(chain, vec![transaction.into()]).pop().expect("one answer per transaction")
}

/// [`check_one`] for bytes from outside.
pub fn check_encoded(chain: ChainId, bytes: &[u8]) -> Result<Arc<Checked>, Rejection> {
    check_one(chain, Named::decode(bytes)?)
}

/// Everything but the signatures, cheapest first.
fn check_unsigned(chain: ChainId, named: Named) -> Result<Named, Rejection> {
    named.transaction.check_shape()?;
    let body = &named.transaction.body;
    if body.chain != chain {
        return Err(tech::wrong_chain(chain, body.chain));
    }
    for signer in &body.signers {
        check_signer(signer)?;
    }
    if named.size > limits::TRANSACTION_BYTES_MAX {
        return Err(tech::payload_too_big(format!("a transaction of {} bytes", named.size)));
    }
    Ok(named)
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
fn signatures(named: &Named) -> impl Iterator<Item = crypto::Item<'_>> {
    let Named { transaction, hash: TransactionHash(message), .. } = named;
    let pairs = transaction.body.signers.iter().zip(&transaction.signatures);
    pairs.map(move |(public_key, signature)| crypto::Item { public_key, message, signature })
}

#[cfg(test)]
mod tests;
