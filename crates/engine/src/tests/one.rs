//! One validator alone, on the real runtime and a real folder.

use super::support::{MemorySource, config, genesis, transaction};
use crate::{Chain, deal};
use commonware_utils::test_rng;
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use types::Timestamp;

fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

#[tokio::test]
async fn one_validator_finalizes_blocks_and_keeps_them_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (committee, keys) = deal(1, &mut test_rng());
    let genesis = Arc::new(genesis(&committee));
    let source = Arc::new(MemorySource::default());
    let chain = Chain::start(folder.path().into(), config(&genesis, &keys[0], &source)).await.unwrap();
    let mut blocks = chain.final_blocks(1).await.unwrap();
    let first = blocks.recv().await.unwrap().unwrap();
    assert_eq!(first.height(), 1);
    let sent: Vec<_> = (0..10).map(|nonce| transaction(&genesis, 1, nonce, 100, now())).collect();
    source.add(sent.clone());
    let mut seen = Vec::new();
    while seen.len() < sent.len() {
        let block = blocks.recv().await.unwrap().unwrap();
        seen.extend(block.receipts().iter().map(|receipt| receipt.transaction));
    }
    assert_eq!(seen, sent.iter().map(|checked| checked.hash).collect::<Vec<_>>());
    let head = chain.head();
    let listing = chain.scan().await.unwrap();
    drop(blocks);
    chain.stop().await;

    let chain = Chain::start(folder.path().into(), config(&genesis, &keys[0], &source)).await.unwrap();
    assert_eq!(chain.head(), head);
    assert_eq!(chain.scan().await.unwrap(), listing);
    let mut blocks = chain.final_blocks(1).await.unwrap();
    assert_eq!(*blocks.recv().await.unwrap().unwrap().outputs, *first.outputs);
    source.add([transaction(&genesis, 1, 10, 100, now())]);
    loop {
        let block = blocks.recv().await.unwrap().unwrap();
        if block.height() > head.height {
            assert_eq!(block.receipts().len(), 1);
            break;
        }
    }
    chain.stop().await;
}
