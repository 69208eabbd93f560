//! A source in memory, transactions, and a genesis.

use commonware_runtime::{Runner as _, Supervisor as _, buffer::paged::CacheRef, deterministic};
use commonware_storage::qmdb::floor::Proportional;
use commonware_utils::{NZU16, NZUsize};
use crypto::state_proof;
use execution::Checked;
use futures::{FutureExt as _, future::BoxFuture};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use types::{
    Act, Bytes, Clock, Digest, Genesis, List, Suite, Timestamp, Transaction, TransactionHash,
    genesis::Operator,
    limits,
    text::{Name, Reference},
    transaction::{Body, PublicKey},
};

use crate::{
    ChainConfig, Committee, FinalBlock, Room, Settled, StorageTuning, TransactionSource, ValidatorKeys,
    application::place, stack, start::state_config,
};

/// Waiting transactions in the order of their arrival.
#[derive(Default)]
pub struct MemorySource {
    state: Mutex<State>,
    arrivals: tokio::sync::watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Arc<Checked>>,
    dropped: BTreeMap<TransactionHash, types::Rejection>,
    parked: BTreeSet<TransactionHash>,
}

impl MemorySource {
    pub fn add(&self, transactions: impl IntoIterator<Item = Arc<Checked>>) {
        let mut state = self.state.lock().unwrap();
        state.waiting.extend(transactions);
        state.parked.clear();
        drop(state);
        self.arrivals.send_modify(|arrivals| *arrivals += 1);
    }

    pub fn waiting(&self) -> usize {
        self.state.lock().unwrap().waiting.len()
    }

    pub fn dropped(&self) -> BTreeMap<TransactionHash, types::Rejection> {
        self.state.lock().unwrap().dropped.clone()
    }
}

impl TransactionSource for MemorySource {
    fn take(&self, room: Room, pending: &BTreeSet<TransactionHash>) -> Vec<Arc<Checked>> {
        let state = self.state.lock().unwrap();
        let mut left = room.bytes;
        let free = |checked: &&Arc<Checked>| !pending.contains(&checked.hash) && !state.parked.contains(&checked.hash);
        let fits = |checked: &&Arc<Checked>| {
            let fits = checked.size <= left;
            left = left.saturating_sub(checked.size);
            fits
        };
        state.waiting.iter().filter(free).take(room.transactions).take_while(fits).cloned().collect()
    }

    fn has_work(&self, pending: &BTreeSet<TransactionHash>) -> bool {
        !self.take(Room { transactions: 1, bytes: usize::MAX }, pending).is_empty()
    }

    fn arrivals(&self) -> u64 {
        *self.arrivals.borrow()
    }

    fn arrived(&self, seen: u64) -> BoxFuture<'static, ()> {
        let mut arrivals = self.arrivals.subscribe();
        async move {
            let _ = arrivals.wait_for(|arrivals| *arrivals > seen).await;
        }
        .boxed()
    }

    fn settle(&self, settled: Settled) {
        let mut state = self.state.lock().unwrap();
        let mut gone: BTreeSet<TransactionHash> = settled.included.iter().map(|checked| checked.hash).collect();
        gone.extend(settled.dropped.iter().map(|(hash, _)| *hash));
        state.waiting.retain(|checked| !gone.contains(&checked.hash));
        state.dropped.extend(settled.dropped);
        state.parked.extend(settled.deferred);
    }
}

/// When the tests' chains begin, in the tests' own time.
pub const GENESIS_TIME: Timestamp = Timestamp(1_700_000_000_000);

pub fn genesis(committee: &Committee) -> Genesis {
    Genesis {
        name: Name::new("test".to_string()).unwrap(),
        time: GENESIS_TIME,
        made_at: GENESIS_TIME,
        clock: Clock::Real,
        operator: Operator {
            name: Name::new("Operator".to_string()).unwrap(),
            legal_id: Reference::new("91310000MA1FL0000A".to_string()).unwrap(),
            administrators: List::new(vec![sender(0)]).unwrap(),
        },
        validators: committee.validators.clone(),
        group_key: committee.group_key.clone(),
        sharing: committee.sharing.clone(),
    }
}

fn sender(number: u8) -> PublicKey {
    PublicKey { suite: Suite::ED25519, bytes: Bytes::new(vec![number; 32]).unwrap() }
}

/// The `nonce`-th transaction of a sender, with a payload of this size. Nobody checks its signature here.
pub fn transaction(genesis: &Genesis, number: u8, nonce: u64, payload: usize, now: Timestamp) -> Arc<Checked> {
    let act = Act { module: 60_000, call: 1, payload: Bytes::new(vec![number; payload]).unwrap() };
    let body = Body {
        chain: genesis.chain(),
        nonce,
        valid_until: now.plus_ms(limits::VALIDITY_MS_MAX / 2),
        signers: List::new(vec![sender(number)]).unwrap(),
        acts: List::new(vec![act]).unwrap(),
    };
    let signatures = List::new(vec![Bytes::new(vec![7; 64]).unwrap()]).unwrap();
    let transaction = Transaction { body, signatures };
    Arc::new(Checked { hash: transaction.body.hash(), size: transaction.encode().len(), transaction })
}

pub fn config(genesis: &Arc<Genesis>, keys: &ValidatorKeys, source: &Arc<MemorySource>) -> ChainConfig {
    ChainConfig {
        genesis: genesis.clone(),
        keys: keys.clone(),
        source: source.clone(),
        check: Arc::new(|_| Ok(())),
        heartbeat: Duration::from_secs(10),
        storage: StorageTuning { page_cache_bytes: 8 << 20, ..StorageTuning::default() },
    }
}

/// Applies the changes of each block to a state of its own and compares its root with the header's.
pub fn replay_agrees(blocks: Vec<Arc<FinalBlock>>) {
    deterministic::Runner::default().start(|context| async move {
        let cache = CacheRef::new(NZU16!(4_084), NZUsize!(1_024));
        let config = state_config(&StorageTuning::default(), cache);
        let mut state = stack::State::init(context.child("replay"), config, None).await.unwrap();
        for block in blocks {
            let mut batch = state.new_batch();
            for (key, value) in block.changes() {
                let entry = value.as_ref().map(|value| bytes::Bytes::from(state_proof::entry(key, value)));
                batch = batch.write(place(key), entry);
            }
            let batch = batch.merkleize(&state, None, &mut Proportional).await.unwrap();
            state = state.apply_batch(batch).await.unwrap();
            assert_eq!(Digest(state.root().0), block.header.state_root, "at height {}", block.height());
        }
    });
}
