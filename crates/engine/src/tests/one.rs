//! One validator alone, on the real runtime and a real folder.

use super::support::{MemorySource, config, genesis, replay_agrees, transaction};
use crate::{Chain, ChainConfig, Error, ValidatorKeys, deal};
use commonware_utils::{TestRng, test_rng};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use types::{FinalBlock, Genesis, Timestamp};

fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

/// A chain in its folder, without blocks that no work asks for.
fn quiet(genesis: &Arc<Genesis>, keys: &ValidatorKeys, source: &Arc<MemorySource>) -> ChainConfig {
    ChainConfig { heartbeat: Duration::from_secs(3_600), ..config(genesis, keys, source) }
}

/// Sends ten transactions and follows until they are final.
async fn ten(chain: &Chain, genesis: &Genesis, source: &MemorySource, nonce: u64) -> Vec<Arc<FinalBlock>> {
    let sent: Vec<_> = (nonce..nonce + 10).map(|nonce| transaction(genesis, 1, nonce, 100, now())).collect();
    let mut blocks = chain.final_blocks(1).await.unwrap();
    source.add(sent.clone());
    let (mut seen, mut receipts) = (Vec::new(), Vec::new());
    while receipts.last() != Some(&sent[9].hash) {
        let block = blocks.recv().await.unwrap().unwrap();
        receipts.extend(block.receipts.iter().map(|receipt| receipt.transaction));
        seen.push(block);
    }
    assert!(receipts.ends_with(&sent.iter().map(|checked| checked.hash).collect::<Vec<_>>()));
    seen
}

#[tokio::test]
async fn blocks_state_and_proofs_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (committee, keys) = deal(1, &mut test_rng());
    let genesis = Arc::new(genesis(&committee));
    let source = Arc::new(MemorySource::default());
    let config = quiet(&genesis, &keys[0], &source);
    let chain = Chain::start(folder.path().into(), config.clone()).await.unwrap();
    let blocks = ten(&chain, &genesis, &source, 0).await;
    let (head, listing) = (chain.head(), chain.scan().await.unwrap());
    let last = blocks.last().unwrap();
    assert_eq!((head.height, head.hash), (last.header.height, last.hash));
    assert_eq!((head.time, head.state_root), (last.header.time, last.header.state_root));
    assert_eq!((listing.height, listing.state_root), (head.height, head.state_root));
    let (key, value) = &listing.records[0];
    let proven = chain.prove(key.clone()).await.unwrap();
    chain.stop().await;
    assert!(matches!(chain.read(vec![key.clone()]).await, Err(Error::Stopped)));

    let chain = Chain::start(folder.path().into(), config).await.unwrap();
    assert_eq!(chain.head(), head);
    assert_eq!(chain.scan().await.unwrap(), listing);
    for block in &blocks {
        assert_eq!(chain.block(block.header.height).await.unwrap().as_ref(), Some(block));
    }
    assert_eq!(chain.block(0).await.unwrap(), None);
    assert_eq!(chain.block(head.height + 1).await.unwrap(), None);
    assert_eq!(chain.prove(key.clone()).await.unwrap(), proven);
    let found = proven.bundle.verify(genesis.chain(), &genesis.group_key, key, Some(value));
    assert_eq!(found, Ok(&last.header));
    let reading = chain.read(vec![key.clone(), vec![99, 99]]).await.unwrap();
    assert_eq!((reading.height, reading.values), (head.height, vec![Some(value.clone()), None]));
    let more = ten(&chain, &genesis, &source, 10).await;
    assert_eq!(more[..blocks.len()], blocks);
    replay_agrees(&genesis, more);
    chain.stop().await;
}

#[tokio::test]
async fn a_chain_starts_with_its_own_keys_and_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    let (committee, keys) = deal(1, &mut test_rng());
    let (other_committee, other_keys) = deal(1, &mut TestRng::new(9));
    let (genesis, other) = (Arc::new(genesis(&committee)), Arc::new(genesis(&other_committee)));
    let source = Arc::new(MemorySource::default());
    let chain = Chain::start(folder.path().into(), quiet(&genesis, &keys[0], &source)).await.unwrap();
    chain.final_blocks(1).await.unwrap().recv().await.unwrap().unwrap();
    chain.stop().await;
    let foreign = Chain::start(folder.path().into(), quiet(&genesis, &other_keys[0], &source)).await;
    assert!(matches!(foreign, Err(Error::ForeignKeys)));
    let foreign = Chain::start(folder.path().into(), quiet(&other, &other_keys[0], &source)).await;
    assert!(matches!(foreign, Err(Error::Genesis("the folder holds another chain"))));
    let chain = Chain::start(folder.path().into(), quiet(&genesis, &keys[0], &source)).await.unwrap();
    assert_eq!(chain.head().height, 1);
    chain.stop().await;
}
