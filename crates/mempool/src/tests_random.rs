//! Random histories against a model that keeps the same laws the simplest way: bounds, order, shares, and that every
//! admitted transaction waits or has departed once.

use crate::{
    Admitted, Arrival, Bounds, Departed, Organisation, Policy, Pool,
    tests::{NOW, account, room, sized},
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};
use types::{AccountId, Timestamp, TransactionHash, rejection::tech, transaction::Checked};

const SENDERS: u8 = 6;
/// The largest transaction.
const SIZE_MAX: usize = 40;
const BOUNDS: Bounds = Bounds { transactions_max: 14, bytes_max: 300, per_account_max: 5 };

#[derive(Clone, Debug)]
enum Step {
    Submit {
        sender: u8,
        nonce: u64,
        variant: u8,
        lifetime: u64,
        size: usize,
    },
    /// Take, and settle all but the last `left` of it; refuse the one after them.
    Block {
        count: usize,
        bytes: usize,
        left: usize,
        refuse: bool,
    },
    /// Another node's block uses a sender's next nonce.
    Elsewhere {
        sender: u8,
    },
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..SENDERS, 0..8_u64, 0..2_u8, 0..5_000_u64, 1..SIZE_MAX).prop_map(
            |(sender, nonce, variant, lifetime, size)| Step::Submit { sender, nonce, variant, lifetime, size }
        ),
        2 => (0..8_usize, 0..200_usize, 0..4_usize, any::<bool>())
            .prop_map(|(count, bytes, left, refuse)| Step::Block { count, bytes, left, refuse }),
        1 => (0..SENDERS).prop_map(|sender| Step::Elsewhere { sender }),
        1 => (0..2_000_u64).prop_map(Step::Wait),
    ]
}

/// Half the senders are of one organisation, the others of one each, of which one is nobody's.
static OWNERS: LazyLock<BTreeMap<AccountId, Organisation>> = LazyLock::new(|| {
    let owner = |number| match number {
        0..3 => Organisation::of([1; 16]),
        3 => Organisation::UNKNOWN,
        _ => Organisation::of([number; 16]),
    };
    (0..SENDERS).map(|number| (account(number), owner(number))).collect()
});

fn organisation(sender: AccountId) -> Organisation {
    OWNERS[&sender]
}

/// What the pool must hold.
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

    fn of(&self, organisation: Organisation) -> impl Iterator<Item = &Arc<Checked>> {
        self.waiting.values().filter(move |checked| self::organisation(checked.sender()) == organisation)
    }

    fn bytes(&self) -> usize {
        self.waiting.values().map(|checked| checked.size).sum()
    }

    /// Whether this one and what its organisation holds is no more than its share.
    fn within_share(&self, checked: &Checked) -> bool {
        let own = organisation(checked.sender());
        let (mut count, mut bytes) = (1, checked.size);
        for held in self.of(own) {
            (count, bytes) = (count + 1, bytes + held.size);
        }
        let mut sharers: BTreeSet<Organisation> =
            self.waiting.values().map(|checked| organisation(checked.sender())).collect();
        sharers.insert(own);
        count * sharers.len() <= BOUNDS.transactions_max && bytes * sharers.len() <= BOUNDS.bytes_max
    }

    /// What the pool must answer where it does not replace; `None`: it may, by its policy.
    fn answer(&self, checked: &Checked) -> Option<Result<Admitted, u16>> {
        let (body, sender) = (&checked.transaction.body, checked.sender());
        if self.waiting.contains_key(&checked.hash) {
            return Some(Ok(Admitted::Already));
        }
        if body.nonce < self.next_of(sender) {
            return Some(Err(6));
        }
        let mine: Vec<_> = self.waiting.values().filter(|other| other.sender() == sender).collect();
        if mine.iter().any(|other| other.transaction.body.nonce == body.nonce) {
            return None;
        }
        let fits = self.waiting.len() < BOUNDS.transactions_max && self.bytes() + checked.size <= BOUNDS.bytes_max;
        let enters = mine.len() < BOUNDS.per_account_max && (fits || self.within_share(checked));
        Some(if enters { Ok(Admitted::New) } else { Err(16) })
    }

    /// Per sender, how many could run.
    fn runnable(&self) -> BTreeMap<AccountId, u64> {
        let nonces: BTreeSet<_> =
            self.waiting.values().map(|checked| (checked.sender(), checked.transaction.body.nonce)).collect();
        let senders: BTreeSet<_> = nonces.iter().map(|(sender, _)| *sender).collect();
        let count = |sender| (self.next_of(sender)..).take_while(|nonce| nonces.contains(&(sender, *nonce))).count();
        senders.into_iter().map(|sender| (sender, u64::try_from(count(sender)).unwrap())).collect()
    }

    /// What was pushed out, and is struck off already, was of the organisation that held the most, and of that one's
    /// account that held the most.
    fn check_heaviest(&self, evicted: &Arc<Checked>) {
        fn most<K: Ord + Copy>(held: impl Iterator<Item = (K, usize)>) -> (BTreeMap<K, usize>, usize) {
            let mut weights = BTreeMap::<K, (usize, usize)>::new();
            for (who, size) in held {
                let sum = weights.entry(who).or_default();
                *sum = (sum.0 + BOUNDS.bytes_max, sum.1 + size * BOUNDS.transactions_max);
            }
            let weights: BTreeMap<K, usize> = weights.into_iter().map(|(who, sum)| (who, sum.0.max(sum.1))).collect();
            let most = weights.values().max().copied().unwrap_or_default();
            (weights, most)
        }
        let before = || self.waiting.values().chain([evicted]);
        let own = organisation(evicted.sender());
        let (weights, most_of_all) = most(before().map(|held| (organisation(held.sender()), held.size)));
        assert_eq!(weights[&own], most_of_all, "the organisation that holds the most gives way");
        let of_own = before().filter(|held| organisation(held.sender()) == own);
        let (weights, most_of_own) = most(of_own.map(|held| (held.sender(), held.size)));
        assert_eq!(weights[&evicted.sender()], most_of_own, "its account that holds the most gives way");
    }

    /// Strikes off what the pool says has left, and checks the reason.
    fn depart(&mut self, pool: &mut Pool) {
        for departure in pool.departures() {
            let checked = self.waiting.remove(&departure.checked.hash);
            let checked = checked.expect("what departs was admitted, and departs once");
            let body = &checked.transaction.body;
            match departure.why {
                Departed::Settled | Departed::Superseded => assert!(body.nonce < self.next_of(checked.sender())),
                Departed::Expired(now) => assert!(body.valid_until < now),
                Departed::Replaced(by) => assert!(pool.contains(by)),
                Departed::Evicted(_) => {
                    self.check_heaviest(&checked);
                    let later = self.waiting.values().filter(|other| other.sender() == checked.sender());
                    assert!(
                        later.clone().all(|other| other.transaction.body.nonce < body.nonce),
                        "what is pushed out is the last of its lane"
                    );
                }
                Departed::Refused(_) => {}
            }
        }
    }
}

/// Nobody got two more than one who still had something, where bytes were no limit.
fn check_fair<K: Ord + Copy + std::fmt::Debug>(got: &BTreeMap<K, u64>, could: &BTreeMap<K, u64>) {
    for (who, count) in got {
        assert!(count <= &could[who]);
        for (other, able) in could {
            let theirs = got.get(other).copied().unwrap_or(0);
            assert!(theirs == *able || count <= &(theirs + 1), "{who:?} got {count}, {other:?} {theirs} of {able}");
        }
    }
}

fn check_take(model: &Model, taken: &[Arc<Checked>], count_max: usize, bytes_max: usize) {
    let bytes: usize = taken.iter().map(|checked| checked.size).sum();
    assert!(taken.len() <= count_max);
    assert!(bytes <= bytes_max);
    let mut got: BTreeMap<AccountId, u64> = BTreeMap::new();
    for checked in taken {
        assert!(model.waiting.contains_key(&checked.hash), "only what was admitted and not removed");
        let sender = checked.sender();
        let count = got.entry(sender).or_default();
        assert_eq!(checked.transaction.body.nonce, model.next_of(sender) + *count, "in nonce order, without a gap");
        *count += 1;
    }
    if bytes + SIZE_MAX > bytes_max {
        return;
    }
    let (runnable, mut of_all) = (model.runnable(), BTreeMap::<Organisation, (u64, u64)>::new());
    for (sender, could) in &runnable {
        let sum = of_all.entry(organisation(*sender)).or_default();
        *sum = (sum.0 + got.get(sender).copied().unwrap_or(0), sum.1 + could);
    }
    let sums = |part: fn(&(u64, u64)) -> u64| of_all.iter().map(|(who, sum)| (*who, part(sum))).collect();
    check_fair::<Organisation>(&sums(|sum| sum.0), &sums(|sum| sum.1));
    for own in of_all.keys() {
        let within = |of: &BTreeMap<AccountId, u64>| -> BTreeMap<AccountId, u64> {
            of.iter().filter(|(sender, _)| organisation(**sender) == *own).map(|(sender, n)| (*sender, *n)).collect()
        };
        check_fair(&within(&got), &within(&runnable));
    }
    if taken.len() < count_max {
        assert_eq!(got.values().sum::<u64>(), runnable.values().sum::<u64>(), "with room left, nothing stays behind");
    }
}

fn submit(pool: &mut Pool, model: &mut Model, checked: Arc<Checked>) {
    let (now, sender) = (Timestamp(model.now), checked.sender());
    let arrival =
        Arrival { checked: checked.clone(), next_nonce: model.next_of(sender), organisation: organisation(sender) };
    pool.expire(now);
    model.depart(pool);
    let expected = model.answer(&checked);
    let within = model.within_share(&checked);
    if checked.hash.0[0].is_multiple_of(2) {
        let known = organisation(sender) != Organisation::UNKNOWN
            && model.waiting.values().any(|other| other.sender() == sender);
        let fits = pool.len() < BOUNDS.transactions_max && pool.bytes() + checked.size <= BOUNDS.bytes_max;
        let waits = pool.submit_behind(&checked, now);
        assert_eq!(waits, known && fits && expected == Some(Ok(Admitted::New)));
        assert!(pool.departures().is_empty(), "nothing gives way for it");
        if waits {
            model.waiting.insert(checked.hash, checked);
            return;
        }
    }
    let answer = pool.submit(arrival, now).map_err(|rejection| rejection.code);
    match expected {
        Some(expected) => assert_eq!(answer, expected),
        None => assert!(matches!(answer, Ok(Admitted::New) | Err(14 | 16)), "{answer:?}"),
    }
    if answer == Ok(Admitted::New) {
        // Who gave way did so before this one came in.
        model.depart(pool);
        model.waiting.insert(checked.hash, checked);
    } else {
        assert!(pool.departures().is_empty(), "who is refused pushes nobody out");
    }
    assert!(!within || answer != Ok(Admitted::New) || pool.len() <= BOUNDS.transactions_max);
}

fn block(pool: &mut Pool, model: &mut Model, included: &[Arc<Checked>], refused: &[TransactionHash]) {
    for checked in included {
        model.next.insert(checked.sender(), checked.transaction.body.nonce + 1);
    }
    let refused = refused.iter().map(|hash| (*hash, tech::no_acts())).collect();
    pool.settle(included, refused);
    model.depart(pool);
}

fn run(policy: Policy, steps: Vec<Step>) {
    let (mut pool, mut model) = (Pool::new(BOUNDS, policy), Model { now: NOW.0, ..Model::default() });
    for step in steps {
        match step {
            Step::Submit { sender, nonce, variant, lifetime, size } => {
                let checked = sized(sender, nonce, variant, Timestamp(model.now + lifetime), size);
                submit(&mut pool, &mut model, checked);
            }
            Step::Block { count, bytes, left, refuse } => {
                let taken = pool.take(room(count, bytes));
                check_take(&model, &taken, count, bytes);
                let (included, rest) = taken.split_at(taken.len().saturating_sub(left));
                let refused: Vec<_> = rest.iter().take(usize::from(refuse)).map(|checked| checked.hash).collect();
                block(&mut pool, &mut model, included, &refused);
            }
            Step::Elsewhere { sender } => {
                let nonce = model.next_of(account(sender));
                let other = sized(sender, nonce, 9, Timestamp(model.now), 1);
                block(&mut pool, &mut model, &[other], &[]);
            }
            Step::Wait(ms) => {
                model.now += ms;
                pool.finalized(&[], Timestamp(model.now));
                model.depart(&mut pool);
            }
        }
        assert_eq!((pool.len(), pool.bytes()), (model.waiting.len(), model.bytes()));
        assert!(pool.len() <= BOUNDS.transactions_max && pool.bytes() <= BOUNDS.bytes_max);
        assert!(model.waiting.keys().all(|hash| pool.contains(*hash)));
        assert_eq!(pool.waiting().count(), model.waiting.len());
        for sender in 0..SENDERS {
            let own = organisation(account(sender));
            assert_eq!(pool.held_by(own), model.of(own).count());
        }
    }
    // At the end of time nothing is left, in the books neither.
    pool.expire(Timestamp(u64::MAX));
    model.depart(&mut pool);
    assert_eq!((pool.len(), pool.bytes(), model.waiting.len()), (0, 0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_pool_keeps_its_laws(
        policy in prop_oneof![Just(Policy::FirstCome), Just(Policy::Priority), Just(Policy::FairShare)],
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        run(policy, steps);
    }
}
