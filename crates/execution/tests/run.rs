//! Blocks run against a store that is loaded only on demand: what was in memory must never decide an outcome.

#![allow(clippy::unwrap_used)]

use execution::{BlockInput, BlockOutcome, BlockRun, BlockTime, Checked, Step};
use ledger::{clock::Advance, document, evidence, receivable, testing::Scenario};
use std::{cell::Cell, sync::Arc};
use types::{
    Amount, Bytes, Clock, Currency, Digest, Genesis, Key, List, Outcome, State, Suite, Text, Timestamp, Transaction,
    genesis::Operator,
    limits,
    state::Memory,
    transaction::{Body, PublicKey},
};

const WALL: Timestamp = Timestamp(1_800_000_000_000);

fn genesis(clock: Clock) -> Arc<Genesis> {
    Arc::new(Genesis {
        name: Text::new("test").unwrap(),
        time: WALL,
        made_at: WALL,
        clock,
        operator: Operator {
            name: Text::new("operator").unwrap(),
            legal_id: Text::new("OP").unwrap(),
            administrators: List::default(),
        },
        founders: List::default(),
        epoch_blocks: limits::EPOCH_BLOCKS_DEFAULT,
        validators: List::default(),
        group_key: Bytes::default(),
        sharing: Bytes::default(),
        state: None,
    })
}

/// The harness's consortium, with its clock at `WALL`.
fn consortium() -> Memory {
    Scenario::new().state
}

fn key_of(signer: &str) -> PublicKey {
    let bytes = Digest::of(&[b"key for tests", signer.as_bytes()]).0;
    PublicKey { suite: Suite::ED25519, bytes: Bytes::new(bytes).unwrap() }
}

/// A transaction of `signer` that moves the clock to `to`. Signatures are not looked at in a run: `Checked` has been.
fn advance(signer: &str, nonce: u64, to: u64) -> Arc<Checked> {
    let body = Body {
        chain: Digest::default(),
        nonce,
        valid_until: WALL.plus_hours(12),
        signers: List::new(vec![key_of(signer)]).unwrap(),
        acts: List::new(vec![ledger::act(&Advance { to: Timestamp(to) }).unwrap()]).unwrap(),
    };
    Arc::new(Checked::vouch(Transaction { body, signatures: List::default() }))
}

enum Load {
    Everything,
    OnDemand,
}

/// Runs a block on `state` and lays its changes on it.
fn run(state: &mut Memory, time: BlockTime, transactions: &[Arc<Checked>], load: &Load) -> Result<BlockOutcome, u16> {
    run_after(WALL, state, time, transactions, load)
}

/// The same behind a block of `parent_time`.
fn run_after(
    parent_time: Timestamp,
    state: &mut Memory,
    time: BlockTime,
    transactions: &[Arc<Checked>],
    load: &Load,
) -> Result<BlockOutcome, u16> {
    let mut run = BlockRun::new(BlockInput {
        genesis: genesis(Clock::Movable),
        height: 1,
        proposer: None,
        parent_time,
        time,
        transactions: transactions.to_vec(),
    });
    if let Load::Everything = load {
        run.supply(state.records.iter().map(|(key, value)| (key.clone(), Some(value.clone()))));
    }
    for _ in 0..1_000 {
        match run.step() {
            Step::Need(keys) => run.supply(keys.into_iter().map(|key| (key.clone(), state.records.get(&key).cloned()))),
            Step::Invalid(rejection) => return Err(rejection.code),
            Step::Done(outcome) => {
                for (key, value) in &outcome.changes {
                    state.put(key.clone(), value.clone());
                }
                return Ok(*outcome);
            }
        }
    }
    panic!("a run asks for a bounded number of rounds");
}

/// `CORE.maker`'s transaction that records `count` pieces of evidence.
fn records(nonce: u64, count: usize) -> Arc<Checked> {
    let record = |number: usize| evidence::RecordEvidence {
        digest: Digest::of(&[&nonce.to_le_bytes(), &number.to_le_bytes()]),
        kind: evidence::Kind::Reading,
        title: Text::default(),
        remark: Text::default(),
        previous: None,
    };
    let mut body = advance("CORE.maker", nonce, 0).transaction.body.clone();
    body.acts = List::new((0..count).map(|number| ledger::act(&record(number)).unwrap()).collect()).unwrap();
    Arc::new(Checked::vouch(Transaction { body, signatures: List::default() }))
}

fn propose(now: Timestamp, transactions: Vec<Arc<Checked>>) -> BlockRun {
    BlockRun::new(BlockInput {
        genesis: genesis(Clock::Movable),
        height: 1,
        proposer: None,
        parent_time: now,
        time: BlockTime::Propose { wall: now },
        transactions,
    })
}

/// Loads what the run asks for, until it is `late`; the outcome, and the records that were loaded.
fn drive(run: &mut BlockRun, state: &Memory, late: impl Fn() -> bool) -> (BlockOutcome, Vec<Vec<Key>>) {
    let mut rounds = Vec::new();
    loop {
        match run.step_until(&late) {
            Step::Need(keys) => {
                run.supply(keys.iter().map(|key| (key.clone(), state.records.get(key).cloned())));
                rounds.push(keys);
            }
            Step::Done(outcome) => return (*outcome, rounds),
            Step::Invalid(rejection) => panic!("{rejection}"),
        }
    }
}

fn all_applied(outcome: &BlockOutcome) -> bool {
    outcome.receipts.iter().all(|receipt| matches!(receipt.outcome, Outcome::Applied { .. }))
}

#[test]
fn a_transaction_of_many_acts_is_loaded_in_a_few_rounds() {
    let mut run = propose(WALL, vec![records(0, limits::ACTS_PER_TRANSACTION_MAX)]);
    let (outcome, rounds) = drive(&mut run, &consortium(), || false);
    assert!(all_applied(&outcome), "{:?}", outcome.receipts[0].outcome);
    let rounds = rounds.len();
    assert!(rounds <= 12, "{rounds} rounds: each act was waited for by itself");
}

#[test]
fn a_late_proposer_closes_its_block_and_the_rest_waits_for_the_next() {
    let transactions: Vec<_> = (0..6).map(|nonce| records(nonce, 3)).collect();
    let mut state = consortium();
    let (whole, asked) = drive(&mut propose(WALL, transactions.clone()), &state, || false);
    assert_eq!(whole.transactions.len(), transactions.len());
    // With every record in memory a run never stops to load, and looks at the time all the same.
    let mut proposal = propose(WALL, transactions.clone());
    proposal.supply(asked.concat().into_iter().map(|key| (key.clone(), state.records.get(&key).cloned())));
    let looks = Cell::new(0);
    let (closed, asked) = drive(&mut proposal, &state, || looks.replace(looks.get() + 1) == 2);
    assert!(asked.is_empty(), "{asked:?}");
    let hashes = |transactions: &[Arc<Checked>]| transactions.iter().map(|checked| checked.hash).collect::<Vec<_>>();
    assert_eq!(hashes(&closed.transactions), hashes(&transactions[..3]), "the first ones, in order");
    assert!(all_applied(&closed), "{:?}", closed.receipts[0].outcome);
    assert!(closed.dropped.is_empty() && closed.deferred.is_empty(), "nothing is wrong with the others");
    // It is a block like any other, to whoever verifies it and to the transactions that were left.
    let claimed = BlockTime::Verify { claimed: closed.time };
    let verified = run_after(WALL, &mut state, claimed, &closed.transactions, &Load::OnDemand).unwrap();
    assert_eq!(verified.receipts_root, closed.receipts_root);
    assert_eq!(verified.changes, closed.changes);
    let (rest, _) = drive(&mut propose(WALL, transactions[3..].to_vec()), &state, || false);
    assert_eq!(rest.transactions.len(), 3);
    assert!(all_applied(&rest));
}

#[test]
fn a_proposer_that_is_late_before_it_begins_makes_a_block_of_one_transaction() {
    let transactions = vec![records(0, 1), records(1, 1)];
    let (closed, _) = drive(&mut propose(WALL, transactions), &consortium(), || true);
    assert_eq!(closed.transactions.len(), 1, "or nothing would ever be done");
}

#[test]
fn what_the_last_run_left_is_not_asked_for_again_and_decides_nothing() {
    let mut state = consortium();
    let mut first = propose(WALL, vec![records(0, 3)]);
    let (outcome, loaded) = drive(&mut first, &state, || false);
    for (key, value) in outcome.changes {
        state.put(key, value);
    }
    let next = || propose(WALL, vec![records(1, 3), advance("OP.admin", 0, WALL.plus_hours(1).0)]);
    let mut recalling = next();
    recalling.recall(first.into_recent());
    let (recalled, asked) = drive(&mut recalling, &state, || false);
    let (cold, asked_cold) = drive(&mut next(), &state, || false);
    assert!(all_applied(&cold));
    assert_eq!(recalled.receipts, cold.receipts);
    assert_eq!(recalled.changes, cold.changes);
    let loaded = loaded.concat();
    assert!(asked.concat().iter().all(|key| !loaded.contains(key)), "what was loaded once is at hand");
    assert!(asked_cold.concat().iter().any(|key| loaded.contains(key)), "the two blocks have records in common");
}

#[test]
fn what_is_in_memory_never_decides_an_outcome() {
    let hour = |hours| WALL.plus_hours(hours).0;
    let transactions = [
        advance("OP.admin", 0, hour(1)),
        advance("OP.admin", 1, hour(2)),
        advance("CORE.risk", 0, hour(3)),
        advance("CORE.maker", 0, 5),
        advance("nobody", 0, hour(3)),
    ];
    let propose = BlockTime::Propose { wall: WALL };
    let (mut cold, mut warm) = (consortium(), consortium());
    let from_cold = run(&mut cold, propose, &transactions, &Load::OnDemand).unwrap();
    let from_warm = run(&mut warm, propose, &transactions, &Load::Everything).unwrap();
    assert_eq!(from_cold.receipts, from_warm.receipts);
    assert_eq!(from_cold.changes, from_warm.changes);
    assert_eq!(from_cold.receipts_root, from_warm.receipts_root);
    assert_eq!(cold.records, warm.records);
    let applied = |outcome: &Outcome| matches!(outcome, Outcome::Applied { .. });
    let applied: Vec<bool> = from_cold.receipts.iter().map(|receipt| applied(&receipt.outcome)).collect();
    assert_eq!(applied, [true, true, false, false, false]);
}

#[test]
fn a_verifier_gets_what_the_proposer_got() {
    let transactions = [advance("OP.admin", 0, WALL.plus_hours(1).0), advance("CORE.maker", 0, 5)];
    let (mut one, mut other) = (consortium(), consortium());
    let proposed = run(&mut one, BlockTime::Propose { wall: WALL }, &transactions, &Load::OnDemand).unwrap();
    let claimed = BlockTime::Verify { claimed: proposed.time };
    let verified = run(&mut other, claimed, &proposed.transactions, &Load::Everything).unwrap();
    assert_eq!(proposed.receipts_root, verified.receipts_root);
    assert_eq!(proposed.transactions_root, verified.transactions_root);
    assert_eq!(one.records, other.records);
}

#[test]
fn a_refused_act_leaves_no_trace_but_its_nonce() {
    let mut state = consortium();
    let before = state.records.clone();
    let outcome = run(&mut state, BlockTime::Propose { wall: WALL }, &[advance("CORE.maker", 0, 5)], &Load::OnDemand);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.changes.len(), 1, "only the nonce changed");
    assert!(outcome.receipts[0].events.is_empty());
    let kept = before.iter().all(|(key, value)| state.records.get(key) == Some(value));
    assert!(kept, "no record of before changed");
}

#[test]
fn a_proposer_leaves_out_what_may_not_be_in_a_block() {
    let mut state = consortium();
    let hour = WALL.plus_hours(1).0;
    let propose = BlockTime::Propose { wall: WALL };
    let (first, late, gap) = (advance("OP.admin", 0, hour), advance("CORE.maker", 7, hour), advance("OP.admin", 1, 5));
    let outcome =
        run(&mut state, propose, &[first.clone(), first.clone(), late.clone(), gap], &Load::OnDemand).unwrap();
    assert_eq!(outcome.receipts.len(), 2);
    assert_eq!(outcome.dropped.len(), 1, "the same transaction twice: E_NONCE");
    assert_eq!(outcome.deferred, [late.hash]);
}

#[test]
fn receipts_stand_in_the_order_of_their_transactions() {
    let block = [advance("OP.admin", 0, 3_600_000), advance("OP.admin", 1, 7_200_000)];
    let outcome = run(&mut consortium(), BlockTime::Propose { wall: WALL }, &block, &Load::OnDemand).unwrap();
    let receipts: Vec<_> = outcome.receipts.iter().map(|receipt| (receipt.transaction, receipt.index)).collect();
    assert_eq!(receipts, [(block[0].hash, 0), (block[1].hash, 1)]);
}

#[test]
fn a_proposer_whose_clock_is_behind_takes_the_time_of_the_block_before() {
    let behind = BlockTime::Propose { wall: Timestamp(WALL.0 - 5_000) };
    let outcome = run(&mut consortium(), behind, &[], &Load::OnDemand);
    assert_eq!(outcome.map(|outcome| outcome.time), Ok(WALL));
}

#[test]
fn a_block_with_a_replayed_or_early_or_expired_transaction_is_invalid() {
    let hour = WALL.plus_hours(1).0;
    let claimed = BlockTime::Verify { claimed: WALL };
    let first = advance("OP.admin", 0, hour);
    let block = [first.clone(), first];
    assert_eq!(run(&mut consortium(), claimed, &block, &Load::OnDemand).err(), Some(6), "E_NONCE");
    let early = [advance("OP.admin", 3, hour)];
    assert_eq!(run(&mut consortium(), claimed, &early, &Load::OnDemand).err(), Some(6), "E_NONCE");
    let late = BlockTime::Verify { claimed: WALL.plus_hours(13) };
    let expired = [advance("OP.admin", 0, hour)];
    assert_eq!(run(&mut consortium(), late, &expired, &Load::OnDemand).err(), Some(4), "E_EXPIRED");
    let backwards = BlockTime::Verify { claimed: Timestamp(WALL.0 - 1) };
    assert_eq!(run(&mut consortium(), backwards, &[], &Load::OnDemand).err(), Some(18), "E_BLOCK_TIME");
}

#[test]
fn a_transaction_that_touches_too_much_is_refused_and_the_block_goes_on() {
    // 64 certificates that rest on 64 invoices each: every submission reads each of its invoices.
    let mut scenario = receivable::fixtures::consortium();
    let cent = Amount { minor: 1, currency: Currency::CNY };
    let face = Amount { minor: 64, currency: Currency::CNY };
    let invoice = |number: u32, scenario: &mut Scenario| {
        document::fixtures::trade(scenario, "S1", "CORE", &format!("INV-{number}"), face)
    };
    let claims: Vec<_> = (0..64).map(|number| (invoice(number, &mut scenario), cent)).collect();
    let draft = receivable::fixtures::draft(face, &claims);
    let submit = |scenario: &mut Scenario| {
        let certificate = scenario.act("CORE.maker", &draft).unwrap();
        ledger::act(&receivable::Submit { certificate }).unwrap()
    };
    let acts: Vec<_> = (0..64).map(|_| submit(&mut scenario)).collect();
    let now = scenario.time;
    let transaction = |nonce, acts: Vec<_>| {
        let body = Body {
            chain: Digest::default(),
            nonce,
            valid_until: now.plus_hours(1),
            signers: List::new(vec![key_of("CORE.maker")]).unwrap(),
            acts: List::new(acts).unwrap(),
        };
        Arc::new(Checked::vouch(Transaction { body, signatures: List::default() }))
    };
    let one = vec![acts[0].clone()];
    let transactions = [transaction(0, acts), transaction(1, one)];
    let mut state = scenario.state;
    let claimed = BlockTime::Verify { claimed: now };
    let outcome = run_after(now, &mut state, claimed, &transactions, &Load::OnDemand).unwrap();
    let Outcome::Rejected { rejection, .. } = &outcome.receipts[0].outcome else {
        panic!("64 submissions of 64 invoices each fit: {:?}", outcome.receipts[0].outcome);
    };
    assert_eq!(ledger::explain(rejection).0, "E_TOO_MUCH_WORK");
    assert!(matches!(outcome.receipts[1].outcome, Outcome::Applied { .. }), "{:?}", outcome.receipts[1].outcome);
}
