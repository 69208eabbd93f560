//! Transactions: any bytes are refused, or are the one encoding of a transaction that keeps its shape and its limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use types::{Transaction, limits};

fuzz_target!(|bytes: &[u8]| {
    let Ok(transaction) = Transaction::decode(bytes) else { return };
    assert_eq!(transaction.encode(), bytes, "the encoding is canonical");
    assert!(transaction.check_shape().is_ok());
    let body = &transaction.body;
    assert_eq!(body.signers.len(), transaction.signatures.len());
    assert!(!body.acts.is_empty() && body.acts.len() <= limits::ACTS_PER_TRANSACTION_MAX);
    assert!(body.sender().is_some());
    let json = serde_json::to_value(&transaction).expect("a transaction is JSON");
    let again: Transaction = serde_json::from_value(json).expect("and reads back");
    assert_eq!(again, transaction);
    assert_eq!(again.body.hash(), body.hash());
});
