//! The pool's bounds, order and fairness; and that it neither loses nor doubles what it admitted.

use crate::{Admitted, Bounds, Pool};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use types::{
    AccountId, Digest, Rejection, Room, Timestamp, TransactionHash, limits,
    text::{Bytes, List},
    transaction::{Act, Body, Checked, PublicKey, Suite, Transaction},
};

const NOW: Timestamp = Timestamp(1_000_000);
const LATER: Timestamp = Timestamp(2_000_000);
const SIZE: usize = 100;

fn key(sender: u8) -> PublicKey {
    PublicKey { suite: Suite::ED25519, bytes: Bytes::new([sender; 32]).unwrap() }
}

fn account(sender: u8) -> AccountId {
    key(sender).account()
}

/// A transaction; `variant` makes another one for the same nonce.
fn sized(sender: u8, nonce: u64, variant: u8, valid_until: Timestamp, size: usize) -> Arc<Checked> {
    let act = Act { module: 1, call: u16::from(variant), payload: Bytes::default() };
    let body = Body {
        chain: Digest([1; 32]),
        nonce,
        valid_until,
        signers: List::new(vec![key(sender)]).unwrap(),
        acts: List::new(vec![act]).unwrap(),
    };
    let hash = body.hash();
    Arc::new(Checked { transaction: Transaction { body, signatures: List::default() }, hash, size })
}

fn waiting(sender: u8, nonce: u64) -> Arc<Checked> {
    sized(sender, nonce, 0, LATER, SIZE)
}

fn code(result: Result<Admitted, Rejection>) -> u16 {
    result.expect_err("the pool refuses").code
}

fn pool_of(transactions: &[Arc<Checked>]) -> Pool {
    let mut pool = Pool::default();
    for checked in transactions {
        assert_eq!(pool.submit(checked.clone(), NOW, 0), Ok(Admitted::New));
    }
    pool
}

fn order_of(taken: &[Arc<Checked>]) -> Vec<(AccountId, u64)> {
    taken.iter().map(|c| (c.transaction.body.sender().unwrap(), c.transaction.body.nonce)).collect()
}

/// The senders in the pool's order of accounts.
fn sorted_senders(count: u8) -> Vec<u8> {
    let mut senders: Vec<u8> = (0..count).collect();
    senders.sort_by_key(|sender| account(*sender));
    senders
}

#[test]
fn a_used_nonce_is_refused() {
    let mut pool = Pool::default();
    assert_eq!(code(pool.submit(waiting(1, 4), NOW, 5)), 6);
    assert_eq!(pool.submit(waiting(1, 5), NOW, 5), Ok(Admitted::New));
}

#[test]
fn the_same_transaction_twice_is_once_and_another_with_its_nonce_is_a_conflict() {
    let mut pool = pool_of(&[waiting(1, 0)]);
    assert_eq!(pool.submit(waiting(1, 0), NOW, 0), Ok(Admitted::Already));
    assert_eq!(code(pool.submit(sized(1, 0, 1, LATER, SIZE), NOW, 0)), 14);
    assert_eq!(pool.len(), 1);
    assert_eq!(pool.bytes(), SIZE);
}

#[test]
fn an_expired_one_is_refused_and_one_at_its_last_moment_is_not() {
    let mut pool = Pool::default();
    assert_eq!(code(pool.submit(sized(1, 0, 0, Timestamp(NOW.0 - 1), SIZE), NOW, 0)), 4);
    assert_eq!(pool.submit(sized(1, 0, 0, NOW, SIZE), NOW, 0), Ok(Admitted::New));
    assert_eq!(pool.expire(NOW), []);
    assert_eq!(pool.expire(Timestamp(NOW.0 + 1)).len(), 1);
    assert!(pool.is_empty());
}

#[test]
fn one_valid_for_too_long_is_refused() {
    let mut pool = Pool::default();
    let latest = NOW.0 + limits::VALIDITY_MS_MAX;
    assert_eq!(code(pool.submit(sized(1, 0, 0, Timestamp(latest + 1), SIZE), NOW, 0)), 5);
    assert_eq!(pool.submit(sized(1, 0, 0, Timestamp(latest), SIZE), NOW, 0), Ok(Admitted::New));
}

#[test]
fn each_bound_refuses_with_a_time_to_retry() {
    let roomy = Bounds { transactions_max: 2, bytes_max: 2 * SIZE, per_account_max: 2 };
    let tight = [
        Bounds { transactions_max: 1, ..roomy },
        Bounds { bytes_max: 2 * SIZE - 1, ..roomy },
        Bounds { per_account_max: 1, ..roomy },
    ];
    for bounds in tight {
        let mut pool = Pool::new(bounds);
        assert_eq!(pool.submit(waiting(1, 0), NOW, 0), Ok(Admitted::New));
        let refused = pool.submit(waiting(1, 1), NOW, 0).expect_err("the pool is full");
        assert_eq!((refused.code, refused.fields[0].0.as_str()), (16, "retry_ms"));
        pool.settle(&[waiting(1, 0)], &[]);
        assert_eq!(pool.submit(waiting(1, 1), NOW, 1), Ok(Admitted::New));
    }
    let mut pool = Pool::new(roomy);
    assert_eq!(pool.submit(waiting(1, 0), NOW, 0), Ok(Admitted::New));
    assert_eq!(pool.submit(waiting(1, 1), NOW, 0), Ok(Admitted::New));
}

#[test]
fn expired_ones_make_room_when_the_next_comes() {
    let mut pool = Pool::new(Bounds { transactions_max: 1, ..Bounds::default() });
    assert_eq!(pool.submit(sized(1, 0, 0, NOW, SIZE), NOW, 0), Ok(Admitted::New));
    assert_eq!(code(pool.submit(waiting(2, 0), NOW, 0)), 16);
    assert_eq!(pool.submit(waiting(2, 0), Timestamp(NOW.0 + 1), 0), Ok(Admitted::New));
    assert!(!pool.contains(sized(1, 0, 0, NOW, SIZE).hash));
}

/// Room for so many transactions and bytes, and for any number of acts.
fn room(transactions: usize, bytes: usize) -> Room {
    Room { transactions, bytes, acts: usize::MAX }
}

#[test]
fn acts_are_counted_too() {
    let mut pool = pool_of(&[waiting(1, 0), waiting(2, 0), waiting(3, 0)]);
    let acts = waiting(1, 0).transaction.body.acts.len();
    assert_eq!(pool.take(Room { acts: 2 * acts, ..room(10, 10 * SIZE) }).len(), 2);
    assert_eq!(pool.take(Room { acts: acts - 1, ..room(10, 10 * SIZE) }), []);
}

#[test]
fn senders_take_turns_and_each_keeps_its_order() {
    let [a, b, c] = sorted_senders(3).try_into().unwrap();
    let mut pool = pool_of(&[waiting(a, 2), waiting(a, 1), waiting(a, 0), waiting(b, 0), waiting(c, 1), waiting(c, 0)]);
    let expected = [(a, 0), (b, 0), (c, 0), (a, 1), (c, 1), (a, 2)].map(|(sender, nonce)| (account(sender), nonce));
    assert_eq!(order_of(&pool.take(room(10, 10 * SIZE))), expected);
    assert_eq!(pool.len(), 6, "taking removes nothing");
    assert_eq!(pool.take(room(0, 10 * SIZE)), []);
    assert_eq!(pool.take(room(10, SIZE - 1)), []);
}

#[test]
fn the_next_block_begins_with_the_sender_left_wanting() {
    let [a, b, c] = sorted_senders(3).try_into().unwrap();
    let mut pool = pool_of(&[waiting(a, 0), waiting(a, 1), waiting(b, 0), waiting(b, 1), waiting(c, 0)]);
    assert_eq!(order_of(&pool.take(room(2, 10 * SIZE))), [(account(a), 0), (account(b), 0)]);
    assert_eq!(order_of(&pool.take(room(2, 10 * SIZE))), [(account(c), 0), (account(a), 0)]);
}

#[test]
fn a_large_one_that_did_not_fit_comes_first_next_time() {
    let [a, b] = sorted_senders(2).try_into().unwrap();
    let large = sized(b, 0, 0, LATER, 5 * SIZE);
    let mut pool = pool_of(&[waiting(a, 0), waiting(a, 1), large.clone()]);
    assert_eq!(order_of(&pool.take(room(10, 5 * SIZE))), [(account(a), 0), (account(a), 1)]);
    assert_eq!(pool.take(room(10, 5 * SIZE)), [large]);
}

#[test]
fn what_waits_for_an_earlier_nonce_takes_no_room_in_a_block() {
    let mut pool = pool_of(&[waiting(1, 1), waiting(1, 2)]);
    assert_eq!(pool.free_nonce(account(1)), Some(0));
    assert_eq!(pool.take(room(10, 10 * SIZE)), []);
    pool.submit(waiting(1, 0), NOW, 0).unwrap();
    assert_eq!(pool.free_nonce(account(1)), Some(3));
    assert_eq!(pool.take(room(10, 10 * SIZE)).len(), 3);
    assert_eq!(pool.free_nonce(account(2)), None);
}

#[test]
fn a_block_on_unsettled_ancestors_goes_on_where_they_ended() {
    let mut pool = pool_of(&[waiting(1, 0), waiting(1, 1)]);
    let pending: BTreeSet<_> = [waiting(1, 0).hash].into();
    assert_eq!(order_of(&pool.take_beyond(&pending, room(10, 10 * SIZE))), [(account(1), 1)]);
}

#[test]
fn settling_removes_the_included_the_dropped_and_what_lost_its_nonce() {
    let mut pool = pool_of(&[waiting(1, 0), waiting(1, 1), waiting(2, 0), waiting(3, 0)]);
    // Another node's transaction took nonce 0 of sender 1.
    pool.settle(&[sized(1, 0, 9, LATER, SIZE)], &[waiting(2, 0).hash, waiting(9, 9).hash]);
    assert_eq!(pool.len(), 2);
    let mut left = order_of(&pool.take(room(10, 10 * SIZE)));
    left.sort();
    let mut expected = [(account(1), 1), (account(3), 0)];
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(code(pool.submit(waiting(1, 0), NOW, 0)), 6, "the settled block said that nonce 0 is used");
}

#[derive(Clone, Debug)]
enum Step {
    Submit {
        sender: u8,
        nonce: u64,
        variant: u8,
        lifetime: u64,
        size: usize,
    },
    /// Take, and settle all but the last `left` of it; `drop` the one after them.
    Block {
        count: usize,
        bytes: usize,
        left: usize,
        drop: bool,
    },
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..5_u8, 0..8_u64, 0..2_u8, 0..50_u64, 1..40_usize).prop_map(|(sender, nonce, variant, lifetime, size)| {
            Step::Submit { sender, nonce, variant, lifetime, size }
        }),
        2 => (0..8_usize, 0..200_usize, 0..4_usize, any::<bool>())
            .prop_map(|(count, bytes, left, drop)| Step::Block { count, bytes, left, drop }),
        1 => (0..20_u64).prop_map(Step::Wait),
    ]
}

/// What the pool must hold, kept the simplest way.
#[derive(Default)]
struct Model {
    now: u64,
    next: BTreeMap<AccountId, u64>,
    waiting: BTreeMap<TransactionHash, Arc<Checked>>,
}

impl Model {
    fn next_of(&self, sender: AccountId) -> u64 {
        self.next.get(&sender).copied().unwrap_or(0)
    }

    fn expire(&mut self) {
        self.waiting.retain(|_, c| c.transaction.body.valid_until.0 >= self.now);
    }

    fn submit(&mut self, bounds: Bounds, checked: &Arc<Checked>) -> Result<Admitted, u16> {
        self.expire();
        let body = &checked.transaction.body;
        let sender = body.sender().unwrap();
        if self.waiting.contains_key(&checked.hash) {
            return Ok(Admitted::Already);
        }
        if body.nonce < self.next_of(sender) {
            return Err(6);
        }
        let mine = || self.waiting.values().filter(|c| c.transaction.body.sender() == Some(sender));
        if mine().any(|c| c.transaction.body.nonce == body.nonce) {
            return Err(14);
        }
        let bytes: usize = self.waiting.values().map(|c| c.size).sum();
        if mine().count() >= bounds.per_account_max
            || self.waiting.len() >= bounds.transactions_max
            || bytes + checked.size > bounds.bytes_max
        {
            return Err(16);
        }
        self.waiting.insert(checked.hash, checked.clone());
        Ok(Admitted::New)
    }

    fn include(&mut self, included: &[Arc<Checked>]) {
        for checked in included {
            let body = &checked.transaction.body;
            self.next.insert(body.sender().unwrap(), body.nonce + 1);
        }
        let next = self.next.clone();
        self.waiting.retain(|_, c| {
            let body = &c.transaction.body;
            body.nonce >= next.get(&body.sender().unwrap()).copied().unwrap_or(0)
        });
    }

    /// Per sender, how many could run.
    fn runnable(&self) -> BTreeMap<AccountId, u64> {
        let nonces: BTreeSet<_> =
            self.waiting.values().map(|c| (c.transaction.body.sender().unwrap(), c.transaction.body.nonce)).collect();
        let senders: BTreeSet<_> = nonces.iter().map(|(sender, _)| *sender).collect();
        let count = |sender| (self.next_of(sender)..).take_while(|nonce| nonces.contains(&(sender, *nonce))).count();
        senders.into_iter().map(|sender| (sender, u64::try_from(count(sender)).unwrap())).collect()
    }
}

fn check_take(model: &Model, taken: &[Arc<Checked>], count_max: usize, bytes_max: usize) {
    let bytes: usize = taken.iter().map(|c| c.size).sum();
    assert!(taken.len() <= count_max);
    assert!(bytes <= bytes_max);
    let mut got: BTreeMap<AccountId, u64> = BTreeMap::new();
    for checked in taken {
        assert!(model.waiting.contains_key(&checked.hash), "only what was admitted and not removed");
        let body = &checked.transaction.body;
        let count = got.entry(body.sender().unwrap()).or_default();
        assert_eq!(body.nonce, model.next_of(body.sender().unwrap()) + *count, "in nonce order, without a gap");
        *count += 1;
    }
    let runnable = model.runnable();
    for (sender, count) in &got {
        assert!(count <= &runnable[sender]);
        // Where bytes were no limit, nobody got two more than one who still had something.
        for (other, could) in runnable.iter().filter(|_| bytes + 40 <= bytes_max) {
            let theirs = got.get(other).copied().unwrap_or(0);
            assert!(theirs == *could || count <= &(theirs + 1), "{sender} got {count}, {other} {theirs} of {could}");
        }
    }
    if taken.len() < count_max && bytes + 40 <= bytes_max {
        assert_eq!(got.values().sum::<u64>(), runnable.values().sum::<u64>(), "with room left, nothing stays behind");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_pool_keeps_its_bounds_and_loses_nothing(steps in proptest::collection::vec(step(), 1..80)) {
        let bounds = Bounds { transactions_max: 14, bytes_max: 300, per_account_max: 5 };
        let (mut pool, mut model) = (Pool::new(bounds), Model { now: NOW.0, ..Model::default() });
        for step in steps {
            match step {
                Step::Submit { sender, nonce, variant, lifetime, size } => {
                    let checked = sized(sender, nonce, variant, Timestamp(model.now + lifetime), size);
                    let next = model.next_of(account(sender));
                    let answer = pool.submit(checked.clone(), Timestamp(model.now), next);
                    prop_assert_eq!(answer.map_err(|rejection| rejection.code), model.submit(bounds, &checked));
                }
                Step::Block { count, bytes, left, drop } => {
                    let taken = pool.take(room(count, bytes));
                    check_take(&model, &taken, count, bytes);
                    let (included, rest) = taken.split_at(taken.len().saturating_sub(left));
                    let dropped: Vec<_> = rest.iter().take(usize::from(drop)).map(|c| c.hash).collect();
                    pool.settle(included, &dropped);
                    model.include(included);
                    dropped.iter().for_each(|hash| drop_from(&mut model, hash));
                }
                Step::Wait(ms) => {
                    model.now += ms;
                    pool.expire(Timestamp(model.now));
                    model.expire();
                }
            }
            prop_assert_eq!(pool.len(), model.waiting.len());
            prop_assert_eq!(pool.bytes(), model.waiting.values().map(|c| c.size).sum::<usize>());
            prop_assert!(model.waiting.keys().all(|hash| pool.contains(*hash)));
        }
    }
}

fn drop_from(model: &mut Model, hash: &TransactionHash) {
    model.waiting.remove(hash);
}
