//! The pool's bounds and order, as long as all senders are of one organisation.

use crate::{Admitted, Arrival, Bounds, Departed, Organisation, Policy, Pool};
use std::{collections::BTreeSet, sync::Arc};
use types::{
    AccountId, Digest, Rejection, Room, Timestamp, limits,
    rejection::tech,
    text::{Bytes, List},
    transaction::{Act, Body, Checked, Named, PublicKey, Suite, Transaction},
};

pub(crate) const NOW: Timestamp = Timestamp(1_000_000);
pub(crate) const LATER: Timestamp = Timestamp(2_000_000);
pub(crate) const SIZE: usize = 100;

fn key(sender: u8) -> PublicKey {
    PublicKey { suite: Suite::ED25519, bytes: Bytes::new([sender; 32]).unwrap() }
}

pub(crate) fn account(sender: u8) -> AccountId {
    key(sender).account()
}

/// A transaction; `variant` makes another one for the same nonce.
pub(crate) fn sized(sender: u8, nonce: u64, variant: u8, valid_until: Timestamp, size: usize) -> Arc<Checked> {
    let act = Act { module: 1, call: u16::from(variant), payload: Bytes::default() };
    let body = Body {
        chain: Digest([1; 32]),
        nonce,
        valid_until,
        signers: List::new(vec![key(sender)]).unwrap(),
        acts: List::new(vec![act]).unwrap(),
    };
    let transaction = Transaction { body, signatures: List::default() };
    Arc::new(Checked::vouch(Named { size, ..transaction.into() }))
}

pub(crate) fn waiting(sender: u8, nonce: u64) -> Arc<Checked> {
    sized(sender, nonce, 0, LATER, SIZE)
}

pub(crate) fn code(result: Result<Admitted, Rejection>) -> u16 {
    result.expect_err("the pool refuses").code
}

/// A transaction of somebody of no organisation comes.
pub(crate) fn submit(
    pool: &mut Pool,
    checked: Arc<Checked>,
    now: Timestamp,
    next_nonce: u64,
) -> Result<Admitted, Rejection> {
    pool.submit(Arrival { checked, next_nonce, organisation: Organisation::UNKNOWN }, now)
}

/// What has left the pool since it was asked last, by sender and nonce.
pub(crate) fn left(pool: &mut Pool) -> Vec<(AccountId, u64, Departed)> {
    let departures = pool.departures().into_iter();
    let named = departures.map(|departure| {
        let checked = &departure.checked;
        (checked.sender(), checked.transaction.body.nonce, departure.why)
    });
    named.collect()
}

fn pool_of(transactions: &[Arc<Checked>]) -> Pool {
    let mut pool = Pool::default();
    for checked in transactions {
        assert_eq!(submit(&mut pool, checked.clone(), NOW, 0), Ok(Admitted::New));
    }
    pool
}

pub(crate) fn order_of(taken: &[Arc<Checked>]) -> Vec<(AccountId, u64)> {
    taken.iter().map(|c| (c.sender(), c.transaction.body.nonce)).collect()
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
    assert_eq!(code(submit(&mut pool, waiting(1, 4), NOW, 5)), 6);
    assert_eq!(submit(&mut pool, waiting(1, 5), NOW, 5), Ok(Admitted::New));
}

#[test]
fn the_same_transaction_twice_is_once_and_another_with_its_nonce_is_a_conflict() {
    let mut pool = pool_of(&[waiting(1, 0)]);
    assert_eq!(submit(&mut pool, waiting(1, 0), NOW, 0), Ok(Admitted::Already));
    assert_eq!(code(submit(&mut pool, sized(1, 0, 1, LATER, SIZE), NOW, 0)), 14);
    assert_eq!(pool.len(), 1);
    assert_eq!(pool.bytes(), SIZE);
}

#[test]
fn an_expired_one_is_refused_and_one_at_its_last_moment_is_not() {
    let mut pool = Pool::default();
    assert_eq!(code(submit(&mut pool, sized(1, 0, 0, Timestamp(NOW.0 - 1), SIZE), NOW, 0)), 4);
    assert_eq!(submit(&mut pool, sized(1, 0, 0, NOW, SIZE), NOW, 0), Ok(Admitted::New));
    pool.expire(NOW);
    assert_eq!(left(&mut pool), []);
    let late = Timestamp(NOW.0 + 1);
    pool.expire(late);
    assert_eq!(left(&mut pool), [(account(1), 0, Departed::Expired(late))]);
    assert!(pool.is_empty());
}

#[test]
fn one_valid_for_too_long_is_refused() {
    let mut pool = Pool::default();
    let latest = NOW.0 + limits::VALIDITY_MS_MAX;
    assert_eq!(code(submit(&mut pool, sized(1, 0, 0, Timestamp(latest + 1), SIZE), NOW, 0)), 5);
    assert_eq!(submit(&mut pool, sized(1, 0, 0, Timestamp(latest), SIZE), NOW, 0), Ok(Admitted::New));
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
        let mut pool = Pool::new(bounds, Policy::FirstCome);
        assert_eq!(submit(&mut pool, waiting(1, 0), NOW, 0), Ok(Admitted::New));
        let refused = submit(&mut pool, waiting(1, 1), NOW, 0).expect_err("the pool is full");
        assert_eq!((refused.code, refused.fields[0].0.as_str()), (16, "retry_ms"));
        pool.settle(&[waiting(1, 0)], Vec::new());
        assert_eq!(submit(&mut pool, waiting(1, 1), NOW, 1), Ok(Admitted::New));
    }
    let mut pool = Pool::new(roomy, Policy::FirstCome);
    assert_eq!(submit(&mut pool, waiting(1, 0), NOW, 0), Ok(Admitted::New));
    assert_eq!(submit(&mut pool, waiting(1, 1), NOW, 0), Ok(Admitted::New));
}

#[test]
fn expired_ones_make_room_when_the_next_comes() {
    let mut pool = Pool::new(Bounds { transactions_max: 1, ..Bounds::default() }, Policy::FirstCome);
    assert_eq!(submit(&mut pool, sized(1, 0, 0, NOW, SIZE), NOW, 0), Ok(Admitted::New));
    assert_eq!(code(submit(&mut pool, waiting(2, 0), NOW, 0)), 16);
    assert_eq!(submit(&mut pool, waiting(2, 0), Timestamp(NOW.0 + 1), 0), Ok(Admitted::New));
    assert!(!pool.contains(sized(1, 0, 0, NOW, SIZE).hash));
}

/// Room for so many transactions and bytes, and for any number of acts.
pub(crate) fn room(transactions: usize, bytes: usize) -> Room {
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
fn the_next_block_begins_with_the_account_left_wanting() {
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
    submit(&mut pool, waiting(1, 0), NOW, 0).unwrap();
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
    let refused = tech::no_acts();
    let hashes = [waiting(2, 0).hash, waiting(9, 9).hash];
    pool.settle(&[sized(1, 0, 9, LATER, SIZE)], hashes.map(|hash| (hash, refused.clone())).into());
    let gone = [(account(1), 0, Departed::Superseded), (account(2), 0, Departed::Refused(refused))];
    assert_eq!(self::left(&mut pool), gone);
    assert_eq!(self::left(&mut pool), [], "each is told once");
    assert_eq!(pool.len(), 2);
    let mut left = order_of(&pool.take(room(10, 10 * SIZE)));
    left.sort();
    let mut expected = [(account(1), 1), (account(3), 0)];
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(code(submit(&mut pool, waiting(1, 0), NOW, 0)), 6, "the settled block said that nonce 0 is used");
}

#[test]
fn what_goes_behind_others_needs_no_look_at_the_state() {
    let owner = Organisation::of([1; 16]);
    let mut pool =
        Pool::new(Bounds { transactions_max: 4, per_account_max: 3, ..Bounds::default() }, Policy::FirstCome);
    assert!(!pool.submit_behind(&waiting(1, 5), NOW), "nothing is known of a stranger");
    submit(&mut pool, waiting(2, 0), NOW, 0).unwrap();
    assert!(!pool.submit_behind(&waiting(2, 1), NOW), "an account of nobody may be somebody's by now");
    pool.submit(Arrival { checked: waiting(1, 5), next_nonce: 5, organisation: owner }, NOW).unwrap();
    assert_eq!((pool.next_nonce(account(1)), pool.next_nonce(account(3))), (Some(5), None));
    assert!(!pool.submit_behind(&waiting(1, 4), NOW), "its nonce is used");
    assert!(!pool.submit_behind(&waiting(1, 5), NOW), "it waits already");
    assert!(!pool.submit_behind(&sized(1, 5, 1, LATER, SIZE), NOW), "another waits with its nonce");
    assert!(!pool.submit_behind(&sized(1, 6, 0, Timestamp(NOW.0 - 1), SIZE), NOW), "it has expired");
    let too_long = Timestamp(NOW.0 + limits::VALIDITY_MS_MAX + 1);
    assert!(!pool.submit_behind(&sized(1, 6, 0, too_long, SIZE), NOW), "it would wait too long");
    assert!(pool.submit_behind(&waiting(1, 6), NOW));
    assert!(pool.submit_behind(&waiting(1, 8), NOW), "a gap may be filled later");
    assert!(!pool.submit_behind(&waiting(1, 7), NOW), "the account has all that it may have");
    assert_eq!((pool.len(), pool.held_by(owner)), (4, 3));
    pool.settle(&[waiting(1, 5)], Vec::new());
    submit(&mut pool, waiting(3, 0), NOW, 0).unwrap();
    assert!(!pool.submit_behind(&waiting(1, 7), NOW), "the pool is full");
    assert!(!pool.submit_behind(&waiting(1, 5), NOW), "the block said that its nonce is used");
}

#[test]
fn a_deadline_is_kept_while_its_transaction_waits_and_not_much_longer() {
    let mut pool = pool_of(&[waiting(1, 0), sized(2, 0, 0, NOW, SIZE)]);
    for nonce in 0..20_000 {
        submit(&mut pool, waiting(3, nonce), NOW, nonce).unwrap();
        pool.settle(&[waiting(3, nonce)], Vec::new());
    }
    assert!(pool.deadlines() < 2_000, "{}", pool.deadlines());
    pool.departures();
    pool.expire(LATER);
    assert_eq!(left(&mut pool), [(account(2), 0, Departed::Expired(LATER))]);
    // One that left and came again expires once.
    pool.settle(&[], vec![(waiting(1, 0).hash, tech::no_acts())]);
    submit(&mut pool, waiting(1, 0), NOW, 0).unwrap();
    pool.departures();
    let late = Timestamp(LATER.0 + 1);
    pool.expire(late);
    assert_eq!(left(&mut pool), [(account(1), 0, Departed::Expired(late))]);
    assert_eq!((pool.len(), pool.deadlines()), (0, 0));
}
