//! A history run again: the true one holds, a changed one is found out at its block.

use super::support::{MemorySource, config, genesis, transaction};
use crate::{Chain, Error, Replayed, deal, replay};
use commonware_utils::{TestRng, channel::mpsc};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use types::{FinalBlock, Genesis, Timestamp};

const BLOCKS: u64 = 4;

async fn blocks() -> (Arc<Genesis>, Vec<Arc<FinalBlock>>) {
    let folder = tempfile::tempdir().unwrap();
    let (committee, keys) = deal(1, &mut TestRng::new(3));
    let genesis = Arc::new(genesis(&committee));
    let source = Arc::new(MemorySource::default());
    let chain = Chain::start(folder.path().into(), config(&genesis, &keys[0], &source)).await.unwrap();
    let mut blocks = chain.final_blocks(1).await.unwrap();
    let now = Timestamp(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap());
    // Block one comes by itself; each one after it holds a transaction.
    let mut seen = vec![blocks.recv().await.unwrap().unwrap()];
    for nonce in 0..BLOCKS - 1 {
        source.add([transaction(&genesis, 1, nonce, 40, now)]);
        seen.push(blocks.recv().await.unwrap().unwrap());
    }
    drop(blocks);
    chain.stop().await;
    (genesis, seen)
}

async fn run(genesis: &Arc<Genesis>, blocks: &[Arc<FinalBlock>]) -> Result<Replayed, Error> {
    let folder = tempfile::tempdir().unwrap();
    let (sender, receiver) = mpsc::channel(blocks.len());
    for block in blocks {
        sender.send(Ok(block.clone())).await.unwrap();
    }
    replay(folder.path().into(), (genesis.clone(), None), Arc::new(|_| Ok(())), receiver, blocks.len() as u64).await
}

/// What the replay says when the third block is changed.
async fn changed(genesis: &Arc<Genesis>, blocks: &[Arc<FinalBlock>], change: impl Fn(&mut FinalBlock)) -> String {
    let mut blocks = blocks.to_vec();
    let mut third = FinalBlock::clone(&blocks[2]);
    change(&mut third);
    blocks[2] = Arc::new(third);
    run(genesis, &blocks).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_history_run_again_gives_the_same_root_and_a_changed_one_is_found_out() {
    let (genesis, blocks) = blocks().await;
    let replayed = run(&genesis, &blocks).await.unwrap();
    let last = blocks.last().unwrap();
    assert_eq!((replayed.height, replayed.hash, replayed.state_root), (BLOCKS, last.hash, last.header.state_root));
    let says = |what: &str| format!("block 3, run again, gives another {what} than it says");
    let same = changed(&genesis, &blocks, |block| block.transactions.clear()).await;
    assert_eq!(same, says("transactions root"));
    let same = changed(&genesis, &blocks, |block| block.receipts[0].index = 7);
    assert_eq!(same.await, says("list of receipts"));
    let same = changed(&genesis, &blocks, |block| block.changes.clear());
    assert_eq!(same.await, says("list of changes"));
    let same = changed(&genesis, &blocks, |block| {
        block.header.state_root.0[0] ^= 1;
        block.hash = block.header.hash();
    });
    assert_eq!(same.await, says("state root"));
    let same = changed(&genesis, &blocks, |block| block.header.time.0 += 1).await;
    assert_eq!(same, says("hash"));
    let same = changed(&genesis, &blocks, |block| {
        block.header.parent.0[0] ^= 1;
        block.hash = block.header.hash();
    });
    assert_eq!(same.await, says("parent"));
}
