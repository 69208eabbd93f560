//! One block's run: the chain's own affairs first (features, leader, committee), then due work, then each transaction
//! in order, then the roots.
//!
//! Reads are counted, not misses: how often a run misses depends on what its caller had in memory, how much it reads
//! does not. Only what every machine sees alike may decide an outcome.

use crate::{
    records::Recent,
    store::{Scratch, Store},
};
use ledger::{
    Context,
    core::{due, nonce},
    governance::{self, BlockFacts},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use types::{
    AccountId, ChainId, Digest, Genesis, Key, Miss, Outcome, PeerKey, Receipt, Rejection, State, Stop, Timestamp,
    TransactionHash, limits, merkle,
    planted::{self, Fault},
    receipt::SystemReceipt,
    rejection::tech,
    state::Memory,
    transaction::Named,
    wire,
};

pub use types::transaction::Checked;

/// Acts looked at ahead when one misses a record, so that their records are loaded in the same round. Each is tried once
/// in every round until it misses nothing, and a proposer looks at the time in front of each transaction: so they are few
/// enough that all rounds of so many acts take a small part of the time for a block.
const LOOK_AHEAD: usize = 128;

/// Where a run's block time comes from.
#[derive(Clone, Copy, Debug)]
pub enum BlockTime {
    /// A proposer's wall clock: block time is this plus the chain's clock offset, and never before the parent's.
    Propose { wall: Timestamp },
    /// The time that a proposed block's header claims.
    Verify { claimed: Timestamp },
}

/// What a run starts from.
#[derive(Clone, Debug)]
pub struct BlockInput {
    pub genesis: Arc<Genesis>,
    pub height: u64,
    /// Who makes the block; every machine that runs it says the same. `None` where blocks do not name their leader.
    pub proposer: Option<PeerKey>,
    /// Block time of the parent.
    pub parent_time: Timestamp,
    pub time: BlockTime,
    pub transactions: Vec<Arc<Checked>>,
}

/// What a run asks of its caller next.
#[derive(Debug)]
pub enum Step {
    /// Load these keys, `supply` them, and step again.
    Need(Vec<Key>),
    /// The block is done.
    Done(Box<BlockOutcome>),
    /// The block holds a transaction that may not be in it, or a time it may not have (both only when verifying), or this
    /// program does not know a feature that holds in it.
    Invalid(Rejection),
}

/// What a block did.
#[derive(Clone, Debug)]
pub struct BlockOutcome {
    pub time: Timestamp,
    /// Block time minus wall time on this chain (zero unless the clock is movable).
    pub clock_offset_ms: i64,
    /// The transactions that are in the block, in order.
    pub transactions: Vec<Arc<Checked>>,
    /// (Propose only) transactions that may be in no block any more: expired, or their nonce is used.
    pub dropped: Vec<(TransactionHash, Rejection)>,
    /// (Propose only) transactions that may be in a later block: an earlier nonce of their sender is missing.
    pub deferred: Vec<TransactionHash>,
    pub receipts: Vec<Receipt>,
    pub system: SystemReceipt,
    /// Every record that changed: its new bytes, or `None` where it was deleted.
    pub changes: BTreeMap<Key, Option<Vec<u8>>>,
    pub transactions_root: Digest,
    pub receipts_root: Digest,
    pub evidence_root: Digest,
    /// The next block is wanted at once: due work was left, or the clock was moved.
    pub more_due: bool,
}

/// A run in progress.
pub struct BlockRun {
    input: BlockInput,
    chain: ChainId,
    store: Store,
    /// The acts of each transaction, decoded once however often they run.
    work: Vec<Work>,
    phase: Phase,
    /// All that [`BlockRun::surely_missing`] names is in memory.
    read_ahead: bool,
    time: Timestamp,
    clock_offset_ms: i64,
    outcome: Partial,
}

enum Phase {
    Clock,
    Governance,
    Due { done: usize },
    Transaction { position: usize },
    End { more_due: bool },
}

struct Work {
    acts: Vec<Result<ledger::Prepared, Rejection>>,
    /// It was looked at ahead, and missed nothing.
    foreseen: bool,
}

#[derive(Default)]
struct Partial {
    included: Vec<Arc<Checked>>,
    dropped: Vec<(TransactionHash, Rejection)>,
    deferred: Vec<TransactionHash>,
    receipts: Vec<Receipt>,
    system: SystemReceipt,
}

/// Whether a transaction may be in this block.
enum Admission {
    Yes,
    Never(Rejection),
    Later,
}

/// What one transaction did on its scratch.
struct Applied {
    outcome: Outcome,
    events: Vec<types::Event>,
}

impl BlockRun {
    pub fn new(input: BlockInput) -> Self {
        let work = input.transactions.iter().map(|checked| prepare(checked)).collect();
        Self {
            chain: input.genesis.chain(),
            input,
            store: Store::default(),
            work,
            phase: Phase::Clock,
            read_ahead: false,
            time: Timestamp::default(),
            clock_offset_ms: 0,
            outcome: Partial::default(),
        }
    }

    /// Gives the run, before its first step, what the run of the parent left. What does not lie there is asked for.
    pub fn recall(&mut self, recent: Recent) {
        self.store.recall(recent);
    }

    /// What the run of a child may [`recall`](Self::recall), once this one is done.
    pub fn into_recent(self) -> Recent {
        self.store.into_recent()
    }

    /// Gives the run the records it asked for.
    pub fn supply(&mut self, records: impl IntoIterator<Item = (Key, Option<Vec<u8>>)>) {
        for (key, value) in records {
            self.store.supply(key, value);
        }
    }

    /// Runs until the block is done or records are missing.
    pub fn step(&mut self) -> Step {
        self.step_until(&|| false)
    }

    /// (Propose only) the same, and the block ends in front of the first transaction that finds it `late`, once it holds
    /// any: the time for it is over.
    pub fn step_until(&mut self, late: &dyn Fn() -> bool) -> Step {
        loop {
            if let Phase::Transaction { position } = self.phase
                && !self.outcome.included.is_empty()
                && late()
            {
                self.work.truncate(position);
                self.input.transactions.truncate(position);
            }
            let next = match self.phase {
                Phase::Clock => self.begin(),
                Phase::Governance => self.run_governance(),
                Phase::Due { done } => self.run_due(done),
                Phase::Transaction { position } if position < self.work.len() => self.run_transaction(position),
                Phase::Transaction { .. } => self.more_due().map(|more_due| Phase::End { more_due }),
                Phase::End { more_due } => match self.ending() {
                    Ok(evidence_root) => return Step::Done(Box::new(self.finish(evidence_root, more_due))),
                    Err(stop) => Err(stop),
                },
            };
            match next {
                Ok(phase) => self.phase = phase,
                Err(Halt::Need(keys)) => {
                    assert!(!keys.is_empty(), "a run halts only for keys it does not have");
                    return Step::Need(self.with_ahead(keys).into_iter().collect());
                }
                Err(Halt::Invalid(rejection)) => return Step::Invalid(rejection),
            }
        }
    }

    /// Fixes block time.
    fn begin(&mut self) -> Result<Phase, Halt> {
        let mut scratch = Scratch::new(&mut self.store, usize::MAX);
        self.clock_offset_ms = ledger::clock::offset(&mut scratch)?;
        self.time = match self.input.time {
            BlockTime::Propose { wall } => {
                let now = Timestamp(wall.0.saturating_add_signed(self.clock_offset_ms));
                if planted::is(Fault::TimeRunsBack) { now } else { now.max(self.input.parent_time) }
            }
            BlockTime::Verify { claimed } => claimed,
        };
        if self.time < self.input.parent_time {
            return Err(Halt::Invalid(tech::block_time(self.time, self.input.parent_time)));
        }
        Ok(Phase::Governance)
    }

    /// What the chain does for itself in each block: features begin to hold, the leader is noted, committees are fixed.
    /// A program that does not know a feature that holds refuses the block: by the old rule it would get another state.
    fn run_governance(&mut self) -> Result<Phase, Halt> {
        let BlockInput { height, proposer, .. } = self.input;
        let mut scratch = Scratch::new(&mut self.store, usize::MAX);
        let schedule = scratch.get(&governance::schedule_key())?;
        if let Some(number) = governance::unknown_features(schedule.as_deref(), height).first() {
            return Err(Halt::Invalid(tech::unknown_feature(number, height)));
        }
        let facts = BlockFacts { height, epoch_blocks: self.input.genesis.epoch_blocks, proposer };
        if governance::on_block(&facts, &mut scratch).is_err() {
            return Err(Halt::Need(scratch.into_missed()));
        }
        self.outcome.system.events.extend(scratch.commit());
        Ok(Phase::Due { done: 0 })
    }

    /// What the run lacks, and with it what it will lack next, so that one round of loading serves all. A run that finds
    /// everything in memory, as on a busy chain most do, never comes here.
    fn with_ahead(&mut self, mut keys: BTreeSet<Key>) -> BTreeSet<Key> {
        if !self.read_ahead {
            let missing = self.surely_missing();
            self.read_ahead = missing.is_empty();
            keys.extend(missing);
        }
        if let (true, Phase::Transaction { position }) = (self.read_ahead, &self.phase) {
            keys.extend(self.look_ahead(*position));
        }
        keys
    }

    /// Of what every block and every transaction reads first, what is not in memory.
    fn surely_missing(&mut self) -> BTreeSet<Key> {
        let mut first = vec![ledger::clock::offset_key(), governance::schedule_key()];
        for (checked, work) in self.input.transactions.iter().zip(&self.work) {
            first.push(nonce::key(checked.sender()));
            first.extend(checked.signers.iter().map(|signer| ledger::enterprise::account_key(*signer)));
            first.extend(work.acts.iter().flatten().flat_map(ledger::Prepared::touches));
        }
        let missing = self.store.missing(first);
        if missing.is_empty() { self.authority_missing() } else { missing }
    }

    /// What nearly every act reads before anything of its own: its signers' authority, and the policy. Each record names
    /// the next, so this is asked until nothing is missing; running the acts to find out would cost far more.
    fn authority_missing(&mut self) -> BTreeSet<Key> {
        let transactions = self.input.transactions.iter();
        let signers: BTreeSet<AccountId> = transactions.flat_map(|checked| checked.signers.iter().copied()).collect();
        let mut scratch = Scratch::new(&mut self.store, usize::MAX);
        let mut reads = vec![];
        if !signers.is_empty() {
            reads.push(ledger::policy::read_ahead(&mut scratch, self.input.parent_time));
        }
        reads.extend(signers.into_iter().map(|signer| ledger::enterprise::read_ahead(&mut scratch, signer)));
        reads.into_iter().filter_map(|read| read.err().map(|Miss(key)| key)).collect()
    }

    /// Runs the next due item, each on its own scratch; the bound per block leaves the rest for the next block.
    fn run_due(&mut self, done: usize) -> Result<Phase, Halt> {
        let mut scratch = Scratch::new(&mut self.store, usize::MAX);
        if done == limits::DUE_PER_BLOCK_MAX {
            return Ok(Phase::Transaction { position: 0 });
        }
        let Some(item) = due::take(&mut scratch, self.time)? else {
            return Ok(Phase::Transaction { position: 0 });
        };
        let ctx = Context {
            chain: self.chain,
            clock: self.input.genesis.clock,
            height: self.input.height,
            time: self.time,
            transaction: ledger::core::due::stand_in(self.input.height, item.sequence),
            act: 0,
            signers: &[],
            actor: None,
        };
        match ledger::run_due(&ctx, &item, &mut scratch) {
            Ok(()) => {
                self.outcome.system.events.extend(scratch.commit());
                Ok(Phase::Due { done: done + 1 })
            }
            Err(Stop::Miss(_)) => Err(Halt::Need(scratch.into_missed())),
            Err(Stop::Rejected(rejection)) => panic!("due work of module {} was refused: {rejection}", item.module),
        }
    }

    fn run_transaction(&mut self, position: usize) -> Result<Phase, Halt> {
        let next = Phase::Transaction { position: position + 1 };
        let checked = Arc::clone(&self.input.transactions[position]);
        let verify = matches!(self.input.time, BlockTime::Verify { .. });
        match self.admission(position) {
            Ok(Admission::Yes) => {}
            Ok(Admission::Never(rejection)) if verify => return Err(Halt::Invalid(rejection)),
            Ok(Admission::Later) if verify => return Err(Halt::Invalid(tech::nonce("an earlier one", "a later one"))),
            Ok(Admission::Never(rejection)) => {
                self.outcome.dropped.push((checked.hash, rejection));
                return Ok(next);
            }
            Ok(Admission::Later) => {
                self.outcome.deferred.push(checked.hash);
                return Ok(next);
            }
            Err(miss) => return Err(miss.into()),
        }
        let applied = self.apply(position)?;
        self.outcome.receipts.push(Receipt {
            transaction: checked.hash,
            height: self.input.height,
            index: u32::try_from(self.outcome.included.len()).expect("a block's transactions are bounded"),
            outcome: applied.outcome,
            events: applied.events,
        });
        self.outcome.included.push(checked);
        Ok(next)
    }

    fn admission(&mut self, position: usize) -> Result<Admission, Miss> {
        let body = &self.input.transactions[position].transaction.body;
        let latest = self.time.plus_ms(limits::VALIDITY_MS_MAX);
        if body.valid_until < self.time && !planted::is(Fault::ExpiredProposed) {
            return Ok(Admission::Never(tech::expired(body.valid_until, self.time)));
        }
        if body.valid_until > latest {
            return Ok(Admission::Never(tech::validity_too_long(body.valid_until, latest)));
        }
        let mut scratch = Scratch::new(&mut self.store, usize::MAX);
        let expected = nonce::next(&mut scratch, self.input.transactions[position].sender())?;
        Ok(match body.nonce.cmp(&expected) {
            std::cmp::Ordering::Equal => Admission::Yes,
            std::cmp::Ordering::Less => Admission::Never(tech::nonce(expected, body.nonce)),
            std::cmp::Ordering::Greater => Admission::Later,
        })
    }

    /// Runs the acts: all of them happen or none. The nonce is used either way, so a transaction has one receipt, ever.
    fn apply(&mut self, position: usize) -> Result<Applied, Miss> {
        let work = &self.work[position];
        let mut ctx = context(&self.input, self.chain, self.time, position);
        let mut scratch = Scratch::new(&mut self.store, limits::READS_PER_TRANSACTION_MAX);
        let mut outcomes = Vec::with_capacity(work.acts.len());
        let mut refused = None;
        for (number, act) in work.acts.iter().enumerate() {
            ctx.act = u16::try_from(number).expect("acts are bounded");
            let result = act.as_ref().map_err(|rejection| Stop::Rejected(rejection.clone()));
            match result.and_then(|act| ledger::apply(&ctx, act, &mut scratch)) {
                Ok(outcome) => outcomes.push(outcome),
                Err(Stop::Miss(_)) if scratch.exhausted() => refused = Some((ctx.act, tech::too_much_work(ctx.act))),
                Err(Stop::Miss(miss)) => return Err(miss),
                Err(Stop::Rejected(rejection)) => refused = Some((ctx.act, rejection)),
            }
            if refused.is_some() {
                break;
            }
        }
        let (outcome, events) = match refused {
            Some((act, rejection)) => (Outcome::Rejected { act, rejection }, Vec::new()),
            None => (Outcome::Applied { outcomes }, scratch.commit()),
        };
        let mut scratch = Scratch::new(&mut self.store, usize::MAX);
        nonce::advance(&mut scratch, self.input.transactions[position].sender())?;
        scratch.commit();
        Ok(Applied { outcome, events })
    }

    /// A transaction missed a record: finds what it and those behind it will miss too. A transaction that once missed
    /// nothing is not looked at again.
    fn look_ahead(&mut self, position: usize) -> BTreeSet<Key> {
        let mut keys = BTreeSet::new();
        let mut left = LOOK_AHEAD;
        for ahead in position..self.work.len() {
            if self.work[ahead].foreseen {
                continue;
            }
            let missed = self.foresee(ahead);
            self.work[ahead].foreseen = missed.is_empty();
            keys.extend(missed);
            left = left.saturating_sub(self.work[ahead].acts.len());
            if left == 0 {
                break;
            }
        }
        keys
    }

    /// What a transaction's acts miss when all of them are tried, each on what those before it left. Only a hint: an act
    /// behind one that missed may ask for less, or for more, when it runs.
    fn foresee(&mut self, position: usize) -> BTreeSet<Key> {
        let work = &self.work[position];
        let mut ctx = context(&self.input, self.chain, self.time, position);
        let mut scratch = Scratch::new(&mut self.store, limits::READS_PER_TRANSACTION_MAX);
        for (number, act) in work.acts.iter().enumerate() {
            ctx.act = u16::try_from(number).expect("acts are bounded");
            let known = scratch.missed();
            let stopped = act.as_ref().map(|act| ledger::apply(&ctx, act, &mut scratch).err());
            let goes_on = match stopped {
                Ok(None) => true,
                // It waits for what an act before it waits for: so may all behind it.
                Ok(Some(Stop::Miss(_))) => scratch.missed() > known,
                // Behind a miss a refusal says little; without one it ends the transaction.
                Ok(Some(Stop::Rejected(_))) => scratch.missed() > 0,
                Err(_) => false,
            };
            if !goes_on || scratch.exhausted() {
                break;
            }
        }
        scratch.into_missed()
    }

    /// Whether something is due already in the next block: left by this one, or made due by its transactions.
    fn more_due(&mut self) -> Result<bool, Halt> {
        let mut scratch = Scratch::new(&mut self.store, usize::MAX);
        let next = due::next(&mut scratch)?;
        Ok(next.is_some_and(|at| at <= self.time))
    }

    /// What the header and the change set need that no act has read: the evidence root, and the records that were written
    /// blindly, for what is written back as it was must be no change on any machine.
    fn ending(&mut self) -> Result<Digest, Halt> {
        let unread = self.store.unread();
        if !unread.is_empty() {
            return Err(Halt::Need(unread));
        }
        let mut scratch = Scratch::new(&mut self.store, usize::MAX);
        Ok(ledger::evidence::root(&mut scratch)?)
    }

    fn finish(&mut self, evidence_root: Digest, more_due: bool) -> BlockOutcome {
        let mut partial = std::mem::take(&mut self.outcome);
        if planted::is(Fault::ReceiptsReversed) {
            partial.receipts.reverse();
        }
        let changes = self.store.take_changes();
        // A clock that was moved forward may have made work due.
        let more_due = more_due || changes.contains_key(&ledger::clock::offset_key());
        let transactions: Vec<Digest> = partial.included.iter().map(|checked| merkle::leaf(&checked.hash.0)).collect();
        let receipts = receipt_leaves(&partial.receipts, &partial.system);
        BlockOutcome {
            time: self.time,
            clock_offset_ms: self.clock_offset_ms,
            transactions: partial.included,
            dropped: partial.dropped,
            deferred: partial.deferred,
            receipts: partial.receipts,
            system: partial.system,
            changes,
            transactions_root: merkle::root(&transactions),
            receipts_root: merkle::root(&receipts),
            evidence_root,
            more_due,
        }
    }
}

/// Why a run stops for now.
enum Halt {
    Need(BTreeSet<Key>),
    Invalid(Rejection),
}

impl From<Miss> for Halt {
    fn from(miss: Miss) -> Self {
        Self::Need(BTreeSet::from([miss.0]))
    }
}

/// What the first act of a transaction runs in.
fn context(input: &BlockInput, chain: ChainId, time: Timestamp, position: usize) -> Context<'_> {
    let Named { hash: transaction, signers, .. } = &**input.transactions[position];
    let (clock, height) = (input.genesis.clock, input.height);
    Context { chain, clock, height, time, transaction: *transaction, act: 0, signers, actor: None }
}

fn prepare(checked: &Checked) -> Work {
    let body = &checked.transaction.body;
    let acts = body.acts.iter().map(ledger::prepare).collect();
    Work { acts, foreseen: false }
}

/// The leaves under a header's receipts root: each receipt's, then the system's.
pub fn receipt_leaves(receipts: &[Receipt], system: &SystemReceipt) -> Vec<Digest> {
    let encoded = receipts.iter().map(wire::encode).chain([wire::encode(system)]);
    encoded.map(|receipt| merkle::leaf(&receipt)).collect()
}

/// Records by their keys.
pub type Records = BTreeMap<Key, Vec<u8>>;

/// The records of a chain at height zero; `inherited` is the state that its genesis names, if it names one.
///
/// # Panics
/// When a state is there that the genesis does not name, or the other way round.
pub fn genesis_records(genesis: &Genesis, inherited: Option<Records>) -> Result<Records, Rejection> {
    assert_eq!(genesis.state.is_some(), inherited.is_some(), "the state is the one that the genesis names");
    let mut state = Memory { records: inherited.unwrap_or_default(), events: Vec::new() };
    match &genesis.state {
        Some(from) => ledger::inherit(genesis, from, &mut state)?,
        None => ledger::genesis(genesis, &mut state)?,
    }
    Ok(state.records)
}
