//! Proofs: what a node says of a record, believed only after it was checked.

use crate::Error;
use api::message::{BlockView, ProofView, ReceiptProofView};
use crypto::{finality::Finality, receipt_proof, state_proof};
use serde_json::Value;
use types::{Genesis, Header, Key, Receipt, Timestamp, TransactionHash, merkle, wire};

/// A record that was proved.
#[derive(Clone, PartialEq, Debug)]
pub struct Proven {
    /// Height of the block under whose state root it stands.
    pub height: u64,
    /// Block time there.
    pub time: Timestamp,
    /// The record, decoded from the proved bytes; `None`: there is no such record, proved.
    pub record: Option<Value>,
}

/// A receipt that was proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProvenReceipt {
    /// Height of the transaction's block.
    pub height: u64,
    /// Block time there.
    pub time: Timestamp,
    pub receipt: Receipt,
}

/// The key of the record with this id in this table: `receivable/lots`, `lot_...`.
pub fn key_of(table: &str, id: &str) -> Result<Key, Error> {
    Ok((spec(table)?.key)(id)?)
}

fn spec(table: &str) -> Result<&'static ledger::core::TableSpec, Error> {
    let (module, name) = table.split_once('/').unwrap_or(("", table));
    let module = ledger::modules().iter().find(|candidate| candidate.name == module);
    let found = module.and_then(|module| module.tables.iter().find(|candidate| candidate.name == name));
    found.ok_or_else(|| Error::Proof(format!("there is no table {table}")))
}

/// Decodes a proved record's bytes by the table that its key is of.
fn decode(key: &[u8], value: &[u8]) -> Result<Value, Error> {
    let [module, table, ..] = key else {
        return Err(Error::Proof("the key is too short".to_owned()));
    };
    let module = ledger::modules().iter().find(|candidate| candidate.number == u16::from(*module));
    let table = module.and_then(|module| module.tables.iter().find(|candidate| candidate.number == *table));
    let table = table.ok_or_else(|| Error::Proof("the key is of no listed table".to_owned()))?;
    Ok((table.to_json)(value)?)
}

/// Checks an answer for `key` against the chain of `genesis`: that the block is final on that chain under its group key,
/// and that the record is, or is not, in the state that this block commits to.
pub fn verify(genesis: &Genesis, key: &[u8], view: &ProofView) -> Result<Proven, Error> {
    let refuse = |reason: String| Error::Proof(reason);
    if view.key != key {
        return Err(refuse("the proof is for another record".to_owned()));
    }
    let bundle: state_proof::Bundle = serde_json::from_value(view.proof.clone())
        .map_err(|error| refuse(format!("the proof is malformed: {error}")))?;
    let header = bundle
        .verify(genesis.chain(), &genesis.group_key, key, view.value.as_deref())
        .map_err(|error| refuse(error.to_string()))?;
    if header.height != view.height {
        return Err(refuse("the proof is for another height than the answer says".to_owned()));
    }
    let record = view.value.as_deref().map(|value| decode(key, value)).transpose()?;
    Ok(Proven { height: header.height, time: header.time, record })
}

/// Checks what a node says became of `transaction`: that the receipt is its own, and stands in a block that is final on
/// the chain of `genesis` under its group key.
pub fn verify_receipt(
    genesis: &Genesis,
    transaction: TransactionHash,
    view: &ReceiptProofView,
) -> Result<ProvenReceipt, Error> {
    let refuse = |reason: String| Error::Proof(reason);
    let bundle: receipt_proof::Bundle = serde_json::from_value(view.proof.clone())
        .map_err(|error| refuse(format!("the proof is malformed: {error}")))?;
    let header =
        bundle.verify(genesis.chain(), &genesis.group_key, &view.receipt).map_err(|error| refuse(error.to_string()))?;
    let receipt: Receipt = wire::decode(&view.receipt)?;
    if receipt.transaction != transaction || view.transaction != transaction {
        return Err(refuse("the receipt is another transaction's".to_owned()));
    }
    if receipt.height != header.height || view.height != header.height {
        return Err(refuse("the receipt is of another block than the one that is proved".to_owned()));
    }
    Ok(ProvenReceipt { height: header.height, time: header.time, receipt })
}

/// Checks that a block is final on the chain of `genesis` under its group key, and holds the transactions that are listed.
/// The events beside them are not covered.
pub fn verify_block<'a>(genesis: &Genesis, view: &'a BlockView) -> Result<&'a Header, Error> {
    let refuse = |reason: String| Error::Proof(reason);
    let finality: Finality = serde_json::from_value(view.finality.clone())
        .map_err(|error| refuse(format!("the certificate is malformed: {error}")))?;
    finality.verify(genesis.chain(), &genesis.group_key, &view.header).map_err(|error| refuse(error.to_string()))?;
    if view.header.hash() != view.hash {
        return Err(refuse("the block has another name than its header's".to_owned()));
    }
    let leaves: Vec<_> = view.transactions.iter().map(|hash| merkle::leaf(&hash.0)).collect();
    if merkle::root(&leaves) != view.header.transactions_root {
        return Err(refuse("the transactions are not those of the block".to_owned()));
    }
    Ok(&view.header)
}
