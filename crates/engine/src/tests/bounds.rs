//! Blocks at their limits and beyond them, and bytes that are no block.

use super::support::{GENESIS_TIME, MemorySource, config, genesis, runner, spoiled, start_alone, transaction};
use crate::{
    application::empty_target,
    block::{Block, body_bytes_max},
    deal,
    epochs::first_epoch,
};
use commonware_codec::{Copying, DecodeExt as _, Encode as _, EncodeSize as _};
use commonware_consensus::{BoundedBlock as _, CertifiableBlock as _};
use commonware_cryptography::Digestible as _;
use commonware_runtime::{Runner as _, deterministic};
use commonware_utils::TestRng;
use std::sync::Arc;
use types::{
    Genesis, List, Rejection,
    limits::{
        ACTS_PER_TRANSACTION_MAX, BLOCK_ACTS_MAX, BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX, PAYLOAD_BYTES_MAX,
        TRANSACTION_BYTES_MAX,
    },
    rejection::tech,
};

fn chain() -> Arc<Genesis> {
    Arc::new(genesis(&deal(1, &mut TestRng::new(5)).0))
}

fn block(genesis: &Genesis, transactions: Vec<Arc<execution::Checked>>) -> Block {
    let first = Block::genesis(genesis, first_epoch(genesis).unwrap(), empty_target::<deterministic::Context>());
    Block::new(first.context(), first.header().clone(), first.target().clone(), None, transactions)
}

fn decode(encoded: &[u8]) -> Result<Block, commonware_codec::Error> {
    Block::decode(Copying(encoded))
}

/// A block's encoding with another body in it.
fn with_body(genesis: &Genesis, body: &[u8]) -> Vec<u8> {
    let empty = block(genesis, Vec::new()).encode();
    let before = &empty[..empty.len() - 12];
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [before, &length, body].concat()
}

/// A body that says it has `count` transactions, and these after it.
fn body(count: u32, transactions: &[Vec<u8>]) -> Vec<u8> {
    let mut body = [[0; 4], count.to_le_bytes()].concat();
    for transaction in transactions {
        body.extend(u32::try_from(transaction.len()).unwrap().to_le_bytes());
        body.extend(transaction);
    }
    body
}

fn refusal(encoded: &[u8]) -> Rejection {
    decode(encoded).unwrap().transactions().unwrap_err()
}

/// Transactions of this many bytes in all, each within its own limit.
fn transactions_of(genesis: &Genesis, bytes: usize) -> Vec<Arc<execution::Checked>> {
    let mut left = bytes;
    let mut transactions = Vec::new();
    for nonce in 0.. {
        let overhead = transaction(genesis, 1, nonce, PAYLOAD_BYTES_MAX, GENESIS_TIME).size - PAYLOAD_BYTES_MAX;
        let payload = PAYLOAD_BYTES_MAX.min(left - overhead);
        // Not so much that too little is left for the next.
        let payload =
            if left - overhead - payload < 1_000 && left > overhead + payload { payload - 2_000 } else { payload };
        let made = transaction(genesis, 1, nonce, payload, GENESIS_TIME);
        left -= made.size;
        transactions.push(made);
        if left == 0 {
            break;
        }
    }
    transactions
}

#[test]
fn a_block_at_its_limits_travels_whole() {
    let genesis = chain();
    let fullest = transactions_of(&genesis, BLOCK_BYTES_MAX);
    let most: Vec<_> = (0..4_096).map(|nonce| transaction(&genesis, 1, nonce, 800, GENESIS_TIME)).collect();
    assert_eq!(most.len(), BLOCK_TRANSACTIONS_MAX);
    for transactions in [fullest, most] {
        let block = block(&genesis, transactions);
        let encoded = block.encode();
        assert_eq!(encoded.len(), block.encode_size());
        assert!(encoded.len() <= Block::max_encode_size(&()));
        let decoded = decode(&encoded).unwrap();
        assert_eq!(decoded.digest(), block.digest());
        assert_eq!(decoded.transactions().unwrap(), block.transactions().unwrap());
    }
}

#[test]
fn a_block_beyond_its_limits_is_refused() {
    let genesis = chain();
    // Longer than any body: refused before anything is read or reserved.
    let long = u32::try_from(body_bytes_max() + 1).unwrap();
    let mut encoded = with_body(&genesis, &[]);
    let at = encoded.len() - 4;
    encoded[at..].copy_from_slice(&long.to_le_bytes());
    assert!(decode(&encoded).is_err());
    encoded[at..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(decode(&encoded).is_err());
    // As long as it says, but with more transactions or more bytes of them than a block may hold.
    let small = transaction(&genesis, 1, 0, 0, GENESIS_TIME).transaction.encode();
    let count = u32::try_from(BLOCK_TRANSACTIONS_MAX + 1).unwrap();
    let too_many = vec![small.clone(); BLOCK_TRANSACTIONS_MAX + 1];
    let too_big = tech::payload_too_big("").code;
    assert_eq!(refusal(&with_body(&genesis, &body(count, &too_many))).code, too_big);
    assert_eq!(refusal(&with_body(&genesis, &body(u32::MAX, &[]))).code, too_big);
    let beyond: Vec<_> =
        transactions_of(&genesis, BLOCK_BYTES_MAX + 1_000).iter().map(|checked| checked.transaction.encode()).collect();
    let count = u32::try_from(beyond.len()).unwrap();
    assert_eq!(refusal(&with_body(&genesis, &body(count, &beyond))).code, too_big);
    assert_eq!(refusal(&with_body(&genesis, &body(1, &[vec![0; TRANSACTION_BYTES_MAX + 1]]))).code, too_big);
    // Few transactions, and too many acts in them.
    let mut full = transaction(&genesis, 1, 0, 0, GENESIS_TIME).transaction.clone();
    let act = full.body.acts[0].clone();
    full.body.acts = List::new(vec![act; ACTS_PER_TRANSACTION_MAX]).unwrap();
    let count = BLOCK_ACTS_MAX / ACTS_PER_TRANSACTION_MAX;
    let body_of = |count: usize| body(u32::try_from(count).unwrap(), &vec![full.encode(); count]);
    assert_eq!(decode(&with_body(&genesis, &body_of(count))).unwrap().transactions().unwrap().len(), count);
    assert_eq!(refusal(&with_body(&genesis, &body_of(count + 1))).code, too_big);
    // Fewer or more than it says.
    let one = std::slice::from_ref(&small);
    assert_eq!(refusal(&with_body(&genesis, &body(2, one))).code, tech::malformed("").code);
    assert_eq!(refusal(&with_body(&genesis, &body(0, one))).code, too_big);
    assert!(decode(&with_body(&genesis, &[])).is_err());
}

#[test]
fn bytes_that_are_no_block_or_another_one_never_pass_for_it() {
    let genesis = chain();
    let transactions: Vec<_> = (0..3).map(|nonce| transaction(&genesis, 1, nonce, 20, GENESIS_TIME)).collect();
    let block = block(&genesis, transactions);
    let encoded = block.encode();
    for end in 0..encoded.len() {
        assert!(decode(&encoded[..end]).is_err(), "cut at {end}");
    }
    assert!(decode(&[&encoded[..], &[0]].concat()).is_err());
    for (position, bytes) in spoiled(&encoded) {
        if let Ok(other) = decode(&bytes) {
            assert_ne!(other.digest(), block.digest(), "byte {position}");
            // Whatever the body says now, reading it ends in transactions or in a refusal.
            let _ = other.transactions();
        }
    }
}

#[test]
fn more_than_fits_into_one_block_goes_into_the_next() {
    let genesis = chain();
    let (_, keys) = deal(1, &mut TestRng::new(5));
    runner(5).start(|context| async move {
        let source = Arc::new(MemorySource::default());
        let mut sent = transactions_of(&genesis, BLOCK_BYTES_MAX);
        let nonce = u64::try_from(sent.len()).unwrap();
        sent.push(transaction(&genesis, 1, nonce, 1_000, GENESIS_TIME));
        source.add(sent.clone());
        let services = start_alone(&context, config(&genesis, &keys[0], &source)).await;
        let mut blocks = services.final_blocks(1);
        let first = blocks.recv().await.unwrap().unwrap();
        let second = blocks.recv().await.unwrap().unwrap();
        assert_eq!(first.receipts.len(), sent.len() - 1, "the first block is full to the last byte");
        assert_eq!(second.receipts.len(), 1);
    });
}
