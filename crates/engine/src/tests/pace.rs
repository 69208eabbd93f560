//! When blocks come: at once where there is work, after the heartbeat where there is none; and due work by itself.

use super::support::{GENESIS_TIME, MemorySource, config, genesis, runner, start_alone, transaction};
use crate::{
    application::{Core, empty_target},
    block::Block,
    deal, network,
    start::launch,
    wiring::Wiring,
};
use commonware_cryptography::Signer as _;
use commonware_runtime::{Clock as _, Runner as _, Supervisor as _, deterministic};
use commonware_utils::TestRng;
use ledger::{
    core::{EnterpriseId, Record as _, due},
    credit::{self, IssuerStanding},
};
use std::{sync::Arc, time::Duration};
use types::{limits::DUE_PER_BLOCK_MAX, state::Memory, wire};

#[test]
fn an_idle_chain_makes_one_block_per_heartbeat() {
    runner(1).start(|context| async move {
        let (committee, keys) = deal(1, &mut TestRng::new(1));
        let genesis = Arc::new(genesis(&committee));
        let source = Arc::new(MemorySource::default());
        let config = config(&genesis, &keys[0], &source);
        assert_eq!(config.heartbeat, Duration::from_secs(10));
        let services = start_alone(&context, config).await;
        let mut blocks = services.final_blocks(1);
        let first = blocks.recv().await.unwrap().unwrap();
        let since_genesis = first.header.time.0 - genesis.time.0;
        assert!(since_genesis < 1_000, "the first block writes the genesis and does not wait: {since_genesis} ms");
        let mut before = first.header.time.0;
        for _ in 2..=6 {
            let block = blocks.recv().await.unwrap().unwrap();
            let waited = block.header.time.0 - before;
            assert!((10_000..10_500).contains(&waited), "{waited} ms");
            assert!(block.transactions.is_empty());
            before = block.header.time.0;
        }
    });
}

#[test]
fn a_transaction_does_not_wait_for_the_heartbeat() {
    runner(2).start(|context| async move {
        let (committee, keys) = deal(1, &mut TestRng::new(1));
        let genesis = Arc::new(genesis(&committee));
        let source = Arc::new(MemorySource::default());
        let services = start_alone(&context, config(&genesis, &keys[0], &source)).await;
        let mut blocks = services.final_blocks(1);
        blocks.recv().await.unwrap().unwrap();
        for nonce in 0..5 {
            context.sleep(Duration::from_secs(3)).await;
            let sent = context.current();
            let sent_at = crate::application::wall(sent);
            source.add([transaction(&genesis, 1, nonce, 40, GENESIS_TIME)]);
            let block = blocks.recv().await.unwrap().unwrap();
            let waited = context.current().duration_since(sent).unwrap();
            assert!(waited < Duration::from_millis(500), "{waited:?}");
            assert!(block.header.time >= sent_at, "no block came before the transaction did");
            assert_eq!(block.receipts.len(), 1);
        }
    });
}

/// Issuers whose suspension ends at this moment, and the due work that ends it.
fn suspensions(state: &mut Memory, count: u32, at: types::Timestamp) {
    for number in 0..count {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_le_bytes());
        let core = EnterpriseId(id);
        let standing = IssuerStanding { suspended_until: Some(at.date()), ..IssuerStanding::default() };
        standing.store(state, &core);
        // The first kind of the module's due work: the end of an issuer's suspension.
        due::schedule(state, at, credit::MODULE.number, wire::encode(&(0_u8, core))).unwrap();
    }
}

async fn start_with_due_work(context: &deterministic::Context, count: u32, at: types::Timestamp) {
    let (committee, keys) = deal(1, &mut TestRng::new(1));
    let genesis = Arc::new(genesis(&committee));
    let source = Arc::new(MemorySource::default());
    let config = config(&genesis, &keys[0], &source);
    let mut state = Memory { records: execution::run::genesis_records(&genesis, None).unwrap(), events: Vec::new() };
    suspensions(&mut state, count, at);
    let wiring = Wiring::new(&config).unwrap();
    let block = Block::genesis(&genesis, wiring.first_epoch().clone(), empty_target::<deterministic::Context>());
    let core = Core::new(genesis, block, Some(Arc::new(state.records)), source, config.check.clone());
    let network = network::alone::<deterministic::Context>(keys[0].peer.public_key());
    let share = config.keys.share.clone();
    let (services, _) = launch(context.child("chain"), core, wiring, share, network).await.unwrap();
    let mut blocks = services.final_blocks(1);
    let (mut done, mut began) = (0, None);
    let most = u32::try_from(DUE_PER_BLOCK_MAX).unwrap();
    while done < count {
        let block = blocks.recv().await.unwrap().unwrap();
        let ended = u32::try_from(block.system.events.len()).unwrap();
        if block.header.time < at {
            assert_eq!(ended, 0, "nothing ends before its time");
            continue;
        }
        let began = *began.get_or_insert(block.header.time.0);
        assert!(began < at.0 + 10_500, "due work waits for the next heartbeat at most");
        assert!(block.header.time.0 < began + 1_000, "what one block leaves, the next does at once");
        assert_eq!(ended, most.min(count - done));
        done += ended;
    }
    let listing = services.scan().await.unwrap();
    let mut state = Memory { records: listing.records.into_iter().collect(), events: Vec::new() };
    assert_eq!(due::next(&mut state), Ok(None), "no due work is left");
    let suspended =
        state.records.iter().filter(|(key, _)| key.starts_with(&IssuerStanding::key(&EnterpriseId([0; 16]))[..2]));
    for (_, record) in suspended {
        assert_eq!(wire::decode::<IssuerStanding>(record).unwrap().suspended_until, None);
    }
    let waiting = blocks.recv().await.unwrap().unwrap();
    assert!(waiting.header.time.0 > began.unwrap() + 9_000, "and then the chain is idle again");
}

#[test]
fn due_work_runs_by_itself_block_after_block_until_none_is_left() {
    // Midnight in Shanghai, a while after the chain began.
    let at = GENESIS_TIME.date().plus_days(1).at(0, 0);
    for count in [1, 256, 600] {
        runner(3).start(|context| async move {
            context.sleep(Duration::from_millis(at.0 - GENESIS_TIME.0 - 25_000)).await;
            start_with_due_work(&context, count, at).await;
        });
    }
}
