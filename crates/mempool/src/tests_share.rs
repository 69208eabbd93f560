//! What organisations get of the pool and of blocks, who gives way, and what replaces what.

use crate::{
    Admitted, Arrival, Bounds, Departed, Organisation, Policy, Pool,
    tests::{LATER, NOW, SIZE, account, code, left, order_of, room, sized, waiting},
};
use std::sync::Arc;
use types::{Rejection, Timestamp, transaction::Checked};

const ALPHA: Organisation = Organisation::UNKNOWN;

fn beta() -> Organisation {
    Organisation::of([2; 16])
}

fn gamma() -> Organisation {
    Organisation::of([3; 16])
}

fn come(pool: &mut Pool, organisation: Organisation, checked: Arc<Checked>) -> Result<Admitted, Rejection> {
    pool.submit(Arrival { checked, next_nonce: 0, organisation }, NOW)
}

/// A pool for ten small transactions.
fn small(policy: Policy) -> Pool {
    Pool::new(Bounds { transactions_max: 10, bytes_max: 100 * SIZE, per_account_max: 8 }, policy)
}

#[test]
fn organisations_take_turns_however_many_accounts_each_has() {
    let mut pool = Pool::default();
    for sender in 0..20 {
        come(&mut pool, ALPHA, waiting(sender, 0)).unwrap();
    }
    for nonce in 0..3 {
        come(&mut pool, beta(), waiting(100, nonce)).unwrap();
    }
    let taken = order_of(&pool.take(room(6, 100 * SIZE)));
    assert_eq!(taken.iter().filter(|(sender, _)| *sender == account(100)).count(), 3);
    // Each of the others' accounts gets its turn before any of them gets a second.
    let mut seen = Vec::new();
    for _ in 0..6 {
        let block = pool.take(room(6, 100 * SIZE));
        seen.extend(order_of(&block).into_iter().filter(|(sender, _)| *sender != account(100)));
        pool.settle(&block, Vec::new());
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 20);
}

#[test]
fn a_pool_that_is_full_again_knows_anew_who_holds_the_most() {
    let mut pool = small(Policy::FirstCome);
    let fill = |pool: &mut Pool, most: u8, other: u8, [many, few]: [Organisation; 2], from: u64| {
        for nonce in from..from + 8 {
            come(pool, many, waiting(most, nonce)).unwrap();
        }
        for nonce in from..from + 2 {
            come(pool, few, waiting(other, nonce)).unwrap();
        }
    };
    fill(&mut pool, 1, 2, [beta(), gamma()], 0);
    come(&mut pool, ALPHA, waiting(3, 0)).unwrap();
    assert!(matches!(left(&mut pool)[..], [(evicted, 7, Departed::Evicted(_))] if evicted == account(1)));
    // Blocks empty it, and the other comes to hold the most.
    let all: Vec<_> = pool.waiting().cloned().collect();
    pool.settle(&all, Vec::new());
    pool.departures();
    assert!(pool.is_empty());
    fill(&mut pool, 2, 1, [gamma(), beta()], 10);
    come(&mut pool, ALPHA, waiting(3, 1)).unwrap();
    assert!(matches!(left(&mut pool)[..], [(evicted, 17, Departed::Evicted(_))] if evicted == account(2)));
}

#[test]
fn who_holds_less_than_a_share_of_a_full_pool_gets_in_and_the_greatest_holder_gives_way() {
    let mut pool = small(Policy::FirstCome);
    for nonce in 0..8 {
        come(&mut pool, ALPHA, waiting(1, nonce)).unwrap();
    }
    for nonce in 0..2 {
        come(&mut pool, ALPHA, waiting(2, nonce)).unwrap();
    }
    // Alone, it may have everything, and not more.
    assert_eq!(code(come(&mut pool, ALPHA, waiting(2, 2))), 16);
    assert_eq!(left(&mut pool), []);
    // E_EVICTED: the last of the account that holds the most.
    come(&mut pool, beta(), waiting(3, 0)).unwrap();
    let departures = pool.departures();
    let rejection = departures[0].rejection().unwrap();
    assert_eq!((departures.len(), rejection.code, rejection.fields[0].0.as_str()), (1, 21, "retry_ms"));
    assert_eq!(departures[0].checked.transaction.body.nonce, 7);
    for nonce in 1..5 {
        come(&mut pool, beta(), waiting(3, nonce)).unwrap();
    }
    assert_eq!((pool.held_by(ALPHA), pool.held_by(beta())), (5, 5));
    assert_eq!(code(come(&mut pool, beta(), waiting(3, 5))), 16, "five of ten are its share");
    // A third comes, and the two that hold the most give way in turn, down to what it leaves them.
    for nonce in 0..3 {
        come(&mut pool, gamma(), waiting(4, nonce)).unwrap();
    }
    assert_eq!(code(come(&mut pool, gamma(), waiting(4, 3))), 16);
    assert_eq!([ALPHA, beta(), gamma()].map(|who| pool.held_by(who)).iter().sum::<usize>(), 10);
    assert!(pool.held_by(ALPHA) >= 3 && pool.held_by(beta()) >= 3);
    // Nobody was left with a gap: everything that waits could run.
    assert_eq!(pool.take(room(100, 100 * SIZE)).len(), 10);
}

#[test]
fn many_small_ones_give_way_to_a_large_one_of_an_organisation_below_its_share() {
    let bounds = Bounds { transactions_max: 1_000, bytes_max: 10 * SIZE, per_account_max: 100 };
    let mut pool = Pool::new(bounds, Policy::FirstCome);
    for nonce in 0..10 {
        come(&mut pool, ALPHA, waiting(1, nonce)).unwrap();
    }
    come(&mut pool, beta(), sized(2, 0, 0, LATER, 5 * SIZE)).unwrap();
    assert_eq!((pool.held_by(ALPHA), pool.held_by(beta()), pool.bytes()), (5, 1, 10 * SIZE));
    assert_eq!(left(&mut pool).len(), 5);
    assert_eq!(code(come(&mut pool, gamma(), sized(3, 0, 0, LATER, 4 * SIZE))), 16, "more than a third of the pool");
    assert_eq!(left(&mut pool), [], "who is refused pushes nobody out");
}

#[test]
fn an_account_that_turns_out_to_be_an_organisations_moves_there() {
    let mut pool = small(Policy::FirstCome);
    come(&mut pool, ALPHA, waiting(1, 0)).unwrap();
    come(&mut pool, ALPHA, waiting(2, 0)).unwrap();
    come(&mut pool, beta(), waiting(1, 1)).unwrap();
    assert_eq!((pool.held_by(ALPHA), pool.held_by(beta())), (1, 2));
    let block = pool.take(room(10, 10 * SIZE));
    pool.settle(&block, Vec::new());
    assert_eq!((pool.len(), pool.bytes(), pool.held_by(beta())), (0, 0, 0));
}

#[test]
fn first_come_keeps_the_first() {
    let mut pool = small(Policy::FirstCome);
    come(&mut pool, ALPHA, waiting(1, 0)).unwrap();
    assert_eq!(code(come(&mut pool, ALPHA, sized(1, 0, 1, Timestamp(LATER.0 + 60_000), SIZE))), 14);
}

#[test]
fn under_priority_the_later_word_counts_whatever_came_first() {
    let (earlier, later) = (waiting(1, 0), sized(1, 0, 1, Timestamp(LATER.0 + 1_000), 2 * SIZE));
    for order in [[&earlier, &later], [&later, &earlier]] {
        let mut pool = small(Policy::Priority);
        come(&mut pool, ALPHA, order[0].clone()).unwrap();
        let answer = come(&mut pool, ALPHA, order[1].clone());
        assert_eq!(answer.is_ok(), order[1].hash == later.hash);
        assert_eq!(pool.take(room(1, 10 * SIZE)), std::slice::from_ref(&later));
        assert_eq!((pool.len(), pool.bytes()), (1, 2 * SIZE));
    }
    // Within the same second it is no later word.
    let mut pool = small(Policy::Priority);
    come(&mut pool, ALPHA, earlier.clone()).unwrap();
    assert_eq!(code(come(&mut pool, ALPHA, sized(1, 0, 1, Timestamp(LATER.0 + 999), SIZE))), 14);
    // E_REPLACED: who waits for the earlier is told of the later.
    come(&mut pool, ALPHA, later.clone()).unwrap();
    let departures = pool.departures();
    let told = departures[0].rejection().unwrap();
    assert_eq!((departures.len(), told.code, &told.fields[0].1), (1, 20, &later.hash.to_string()));
    // What was replaced is another transaction again: it does not come back.
    assert_eq!(code(come(&mut pool, ALPHA, earlier)), 14);
}

#[test]
fn under_fair_share_a_sender_replaces_what_was_not_proposed_and_not_often() {
    let mut pool = small(Policy::FairShare);
    let other = |nonce, variant| sized(1, nonce, variant, LATER, SIZE);
    let mut at = |ms: u64, checked| {
        let arrival = Arrival { checked, next_nonce: 0, organisation: ALPHA };
        pool.submit(arrival, Timestamp(NOW.0 + ms)).map_err(|rejection| rejection.code)
    };
    at(0, other(0, 0)).unwrap();
    at(0, other(1, 0)).unwrap();
    at(0, other(1, 1)).unwrap();
    assert_eq!(at(4_999, other(1, 2)), Err(14), "too soon");
    at(5_000, other(1, 2)).unwrap();
    assert_eq!(pool.take(room(1, 10 * SIZE)), [other(0, 0)]);
    let mut at = |ms: u64, checked| {
        let arrival = Arrival { checked, next_nonce: 0, organisation: ALPHA };
        pool.submit(arrival, Timestamp(NOW.0 + ms)).map_err(|rejection| rejection.code)
    };
    assert_eq!(at(60_000, other(0, 1)), Err(14), "a block may hold it");
    at(60_000, other(1, 3)).unwrap();
    assert_eq!(left(&mut pool).len(), 3);
}

#[test]
fn a_replacement_that_does_not_fit_replaces_nothing() {
    let bounds = Bounds { transactions_max: 10, bytes_max: 2 * SIZE, per_account_max: 8 };
    let mut pool = Pool::new(bounds, Policy::Priority);
    come(&mut pool, ALPHA, waiting(1, 0)).unwrap();
    come(&mut pool, ALPHA, waiting(1, 1)).unwrap();
    let larger = sized(1, 0, 1, Timestamp(LATER.0 + 60_000), SIZE + 1);
    assert_eq!(code(come(&mut pool, ALPHA, larger)), 16);
    assert_eq!((left(&mut pool), pool.bytes()), (Vec::<(_, _, Departed)>::new(), 2 * SIZE));
}

#[test]
fn whom_there_is_no_room_for_is_told_so_before_anything_is_checked() {
    let mut pool = small(Policy::FirstCome);
    for nonce in 0..8 {
        come(&mut pool, beta(), waiting(1, nonce)).unwrap();
    }
    let busy = |pool: &mut Pool, checked: Arc<Checked>| pool.busy(&checked.transaction).is_some();
    assert!(busy(&mut pool, waiting(1, 8)), "the account has all it may have");
    come(&mut pool, beta(), waiting(2, 0)).unwrap();
    assert!(!busy(&mut pool, waiting(2, 1)));
    come(&mut pool, beta(), waiting(2, 1)).unwrap();
    assert!(busy(&mut pool, waiting(2, 2)), "the pool is full");
    assert!(!busy(&mut pool, waiting(2, 1)), "what waits already is taken again");
    assert!(!busy(&mut pool, sized(2, 1, 1, LATER, SIZE)), "a nonce that is taken is answered as such");
    assert!(!busy(&mut pool, waiting(3, 0)), "of a stranger nothing is known");
}

#[test]
fn who_has_more_waiting_than_blocks_empty_soon_is_put_off_before_anything_is_checked() {
    let mut pool = Pool::default();
    for sender in 0..130 {
        for nonce in 0..80 {
            come(&mut pool, ALPHA, waiting(sender, nonce)).unwrap();
        }
    }
    come(&mut pool, beta(), waiting(200, 0)).unwrap();
    let busy = |pool: &mut Pool, sender, nonce| pool.busy(&waiting(sender, nonce).transaction);
    assert_eq!(busy(&mut pool, 1, 80), None, "how fast blocks are is not known yet");
    for second in 1..=3 {
        let block = pool.take(room(500, 500 * SIZE));
        pool.finalized(&block, NOW.plus_ms(second * 1_000));
    }
    assert!(pool.put_off(account(1)).is_some() && pool.put_off(account(200)).is_none());
    assert!(busy(&mut pool, 1, 80).is_some(), "some nine thousand wait, at five hundred a second");
    come(&mut pool, beta(), waiting(200, 1)).unwrap();
    assert_eq!(busy(&mut pool, 200, 2), None, "of the others nobody is put off");
    while pool.held_by(ALPHA) > 8_000 {
        let block = pool.take(room(500, 500 * SIZE));
        pool.settle(&block, Vec::new());
    }
    assert_eq!(busy(&mut pool, 129, 80), None, "two blocks may always wait");
}
