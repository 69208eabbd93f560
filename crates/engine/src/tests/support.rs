//! A source in memory, transactions, and a genesis.

use commonware_cryptography::Signer as _;
use commonware_runtime::{Runner as _, Supervisor as _, buffer::paged::CacheRef, deterministic};
use commonware_storage::qmdb::floor::Proportional;
use commonware_utils::{NZU16, NZUsize, TestRng};
use crypto::{SigningKey, state_proof};
use execution::{BlockInput, BlockOutcome, BlockRun, BlockTime, Checked, Step, check::check_batch};
use futures::{FutureExt as _, future::BoxFuture};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};
use types::{
    Act, Bytes, ChainId, Clock, Digest, FinalBlock, Genesis, Header, Key, List, Room, Timestamp, Transaction,
    TransactionHash,
    genesis::Operator,
    limits,
    text::{Name, Reference},
    transaction::{Body, Named},
};

use crate::{
    Bundle, ChainConfig, CheckBatch, Committee, Settled, Standing, StorageTuning, TransactionSource, ValidatorKeys,
    application::place,
    deal, network,
    services::Services,
    stack::{self, Runtime},
    start::start,
    wiring::state_config,
};

/// Waiting transactions in the order of their arrival.
#[derive(Default)]
pub struct MemorySource {
    state: Mutex<State>,
    /// Proposals that this source gave transactions for.
    proposals: AtomicUsize,
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

    fn first(&self, mut room: Room, pending: &BTreeSet<TransactionHash>) -> Vec<Arc<Checked>> {
        let state = self.state.lock().unwrap();
        let free = |checked: &&Arc<Checked>| !pending.contains(&checked.hash) && !state.parked.contains(&checked.hash);
        state.waiting.iter().filter(free).take_while(|checked| room.take(checked)).cloned().collect()
    }

    pub fn waiting(&self) -> usize {
        self.state.lock().unwrap().waiting.len()
    }

    pub fn proposals(&self) -> usize {
        self.proposals.load(Ordering::Relaxed)
    }

    pub fn dropped(&self) -> BTreeMap<TransactionHash, types::Rejection> {
        self.state.lock().unwrap().dropped.clone()
    }
}

impl TransactionSource for MemorySource {
    fn take(&self, room: Room, pending: &BTreeSet<TransactionHash>) -> Vec<Arc<Checked>> {
        let taken = self.first(room, pending);
        if !taken.is_empty() {
            self.proposals.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    fn has_work(&self, pending: &BTreeSet<TransactionHash>) -> bool {
        !self.first(Room { transactions: 1, ..Room::BLOCK }, pending).is_empty()
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

    fn arrive(&self, bundle: Bundle) {
        let waiting: BTreeSet<_> = self.state.lock().unwrap().waiting.iter().map(|checked| checked.hash).collect();
        self.add(bundle.transactions.into_iter().map(checked).filter(|checked| !waiting.contains(&checked.hash)));
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
            administrators: List::new(vec![key(0).public_key()]).unwrap(),
        },
        founders: List::default(),
        epoch_blocks: limits::EPOCH_BLOCKS_DEFAULT,
        validators: committee.validators.clone(),
        group_key: committee.group_key.clone(),
        sharing: committee.sharing.clone(),
        state: None,
    }
}

/// The key of a sender; that of number 0 administers the operator.
pub fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

/// The `nonce`-th transaction of a sender, with a payload of this size, signed.
pub fn transaction(genesis: &Genesis, number: u8, nonce: u64, payload: usize, now: Timestamp) -> Arc<Checked> {
    let act = Act { module: 60_000, call: 1, payload: Bytes::new(vec![number; payload]).unwrap() };
    let body = Body {
        chain: genesis.chain(),
        nonce,
        valid_until: now.plus_ms(limits::VALIDITY_MS_MAX / 2),
        signers: List::new(vec![key(number).public_key()]).unwrap(),
        acts: List::new(vec![act]).unwrap(),
    };
    let signatures = List::new(vec![key(number).sign(&body.hash().0)]).unwrap();
    checked(Transaction { body, signatures })
}

/// A transaction of these acts, signed by these senders, the first of whose nonces it uses.
pub fn acts(genesis: &Genesis, signers: &[u8], nonce: u64, acts: Vec<Act>, now: Timestamp) -> Arc<Checked> {
    let body = Body {
        chain: genesis.chain(),
        nonce,
        valid_until: now.plus_ms(limits::VALIDITY_MS_MAX / 2),
        signers: List::new(signers.iter().map(|number| key(*number).public_key()).collect()).unwrap(),
        acts: List::new(acts).unwrap(),
    };
    let signatures = signers.iter().map(|number| key(*number).sign(&body.hash().0)).collect();
    checked(Transaction { body, signatures: List::new(signatures).unwrap() })
}

/// A transaction that claims to have been checked.
pub fn checked(transaction: impl Into<Named>) -> Arc<Checked> {
    Arc::new(Checked::vouch(transaction))
}

/// Checks every transaction of a block.
fn check(chain: ChainId) -> CheckBatch {
    Arc::new(move |transactions: &[Arc<Checked>]| {
        let transactions = transactions.iter().map(|checked| Named::clone(checked)).collect();
        check_batch(chain, transactions).into_iter().try_for_each(|checked| checked.map(drop))
    })
}

pub fn config(genesis: &Arc<Genesis>, keys: &ValidatorKeys, source: &Arc<MemorySource>) -> ChainConfig {
    ChainConfig {
        genesis: genesis.clone(),
        keys: keys.clone(),
        source: source.clone(),
        check: check(genesis.chain()),
        heartbeat: Duration::from_secs(10),
        storage: StorageTuning { page_cache_bytes: 8 << 20, replay_keys: 1 << 10, ..StorageTuning::default() },
        peering: None,
        join: false,
        keep: None,
        standing: Standing::default(),
        restored: None,
        inherited: None,
        checkpoint: None,
    }
}

/// A runtime whose world follows from a seed, and whose clock begins with the tests' chains.
pub fn runner(seed: u64) -> deterministic::Runner {
    deterministic::Runner::new(settings(seed))
}

pub fn settings(seed: u64) -> deterministic::Config {
    let start = UNIX_EPOCH + Duration::from_millis(GENESIS_TIME.0);
    deterministic::Config::default().with_seed(seed).with_start_time(start)
}

/// A chain with one validator.
pub async fn start_alone<E: Runtime>(context: &E, config: ChainConfig) -> Services<E> {
    let network = network::alone::<E>(config.keys.peer.public_key());
    start(context.child("chain"), config, network).await.unwrap().0
}

/// A chain in which each sender has sent a transaction in each round, and every transaction is final.
pub async fn busy_chain<E: Runtime>(context: &E, senders: u8, rounds: u64) -> (Arc<Genesis>, Services<E>) {
    let (committee, keys) = deal(1, &mut TestRng::new(0));
    let genesis = Arc::new(genesis(&committee));
    let source = Arc::new(MemorySource::default());
    let services = start_alone(context, config(&genesis, &keys[0], &source)).await;
    let mut blocks = services.final_blocks(1);
    for nonce in 0..rounds {
        source.add((1..=senders).map(|sender| transaction(&genesis, sender, nonce, 40, GENESIS_TIME)));
        let mut left = usize::from(senders);
        while left > 0 {
            left -= blocks.recv().await.unwrap().unwrap().receipts.len();
        }
    }
    (genesis, services)
}

/// Bytes that differ from these in one byte: each bit of it flipped, and all of them.
pub fn spoiled(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let masks = (0..8).map(|bit| 1 << bit).chain([0xff]);
    (0..bytes.len()).flat_map(move |position| masks.clone().map(move |mask| (position, mask))).map(
        |(position, mask)| {
            let mut spoiled = bytes.to_vec();
            spoiled[position] ^= mask;
            (position, spoiled)
        },
    )
}

/// Runs every block of a chain again from its genesis, on fresh stores, and finds each header and all outputs the same.
pub fn replay_agrees(genesis: &Arc<Genesis>, blocks: Vec<Arc<FinalBlock>>) {
    deterministic::Runner::default().start(|context| async move {
        let cache = CacheRef::new(NZU16!(4_084), NZUsize!(1_024));
        let config = state_config(&StorageTuning::default(), cache);
        let mut state = stack::State::init(context.child("replay"), config, None).await.unwrap();
        let mut records = execution::run::genesis_records(genesis, None).unwrap();
        let mut written = records.clone();
        let mut parent_time = genesis.time;
        for block in blocks {
            let outcome = run_again(genesis, &records, parent_time, &block);
            let mut changes: BTreeMap<_, _> =
                std::mem::take(&mut written).into_iter().map(|(key, value)| (key, Some(value))).collect();
            changes.extend(outcome.changes);
            let mut batch = state.new_batch();
            for (key, value) in &changes {
                let entry = value.as_ref().map(|value| bytes::Bytes::from(state_proof::entry(key, value)));
                batch = batch.write(place(key), entry);
                match value {
                    Some(value) => records.insert(key.clone(), value.clone()),
                    None => records.remove(key),
                };
            }
            let batch = batch.merkleize(&state, None, &mut Proportional).await.unwrap();
            state = state.apply_batch(batch).await.unwrap();
            let header = Header {
                time: outcome.time,
                transactions_root: outcome.transactions_root,
                receipts_root: outcome.receipts_root,
                state_root: Digest(state.root().0),
                evidence_root: outcome.evidence_root,
                ..block.header.clone()
            };
            assert_eq!(header, block.header);
            assert_eq!(changes.into_iter().collect::<Vec<_>>(), block.changes);
            assert_eq!((&outcome.receipts, &outcome.system), (&block.receipts, &block.system));
            parent_time = header.time;
        }
    });
}

fn run_again(
    genesis: &Arc<Genesis>,
    records: &BTreeMap<Key, Vec<u8>>,
    parent_time: Timestamp,
    block: &FinalBlock,
) -> BlockOutcome {
    let mut run = BlockRun::new(BlockInput {
        genesis: genesis.clone(),
        height: block.header.height,
        proposer: block.proposer,
        parent_time,
        time: BlockTime::Verify { claimed: block.header.time },
        transactions: block.transactions.clone(),
    });
    loop {
        match run.step() {
            Step::Need(keys) => run.supply(keys.into_iter().map(|key| (key.clone(), records.get(&key).cloned()))),
            Step::Done(outcome) => return *outcome,
            Step::Invalid(rejection) => panic!("block {} is invalid: {rejection}", block.header.height),
        }
    }
}
