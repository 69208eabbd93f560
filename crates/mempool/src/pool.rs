//! The pool over all organisations.

use crate::{
    departure::{Departed, Departure},
    drain::Drain,
    group::{Group, Organisation, Round},
    lane::Lane,
    load::{Load, whole},
    policy::Policy,
    ranking::Ranking,
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap},
    ops::Bound,
    sync::Arc,
};
use types::{
    AccountId, Rejection, Room, Timestamp, Transaction, TransactionHash, limits,
    planted::{self, Fault},
    rejection::tech,
    transaction::Checked,
};

/// How long what an organisation has waiting may take to come into blocks before more of it is put off.
const BACKLOG_MS: u64 = 4_000;
/// So many may wait however slow the blocks are: those of two full ones.
const BACKLOG_MIN: u64 = 2 * limits::BLOCK_TRANSACTIONS_MAX as u64;

/// Deadlines of what has left that are kept in any case.
const SWEEP_MIN: usize = 1_024;

/// How much may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    pub transactions_max: usize,
    pub bytes_max: usize,
    pub per_account_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            transactions_max: limits::POOL_TRANSACTIONS_MAX,
            bytes_max: limits::POOL_BYTES_MAX,
            per_account_max: limits::POOL_PER_ACCOUNT_MAX,
        }
    }
}

/// A transaction that comes, and what final state says of its sender.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub checked: Arc<Checked>,
    /// The sender's next nonce.
    pub next_nonce: u64,
    /// Whose the sender's account is.
    pub organisation: Organisation,
}

/// What became of a submitted transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admitted {
    /// It waits now.
    New,
    /// It waited already: submitting twice is the same as once.
    Already,
}

/// Transactions that wait for a block.
#[derive(Debug, Default)]
pub struct Pool {
    bounds: Bounds,
    policy: Policy,
    waiting: HashMap<TransactionHash, Arc<Checked>>,
    /// The same in order: each sender's by their nonces.
    lanes: HashMap<AccountId, Lane>,
    groups: BTreeMap<Organisation, Group>,
    /// Who gives way: while the pool is full, and some time after.
    ranking: Option<Ranking>,
    /// When what waits expires, the next one first; and what has left since, until it is [swept](Self::sweep) out.
    deadlines: BinaryHeap<Reverse<(Timestamp, TransactionHash)>>,
    load: Load,
    drain: Drain,
    departures: Vec<Departure>,
    /// The organisation with which the next round begins.
    turn: Organisation,
}

impl Pool {
    pub fn new(bounds: Bounds, policy: Policy) -> Self {
        Self { bounds, policy, ..Self::default() }
    }

    /// Transactions that wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Encoded bytes that wait.
    pub fn bytes(&self) -> usize {
        self.load.bytes
    }

    pub fn contains(&self, hash: TransactionHash) -> bool {
        self.waiting.contains_key(&hash)
    }

    /// The transaction with this hash, if it waits.
    pub fn get(&self, hash: TransactionHash) -> Option<&Arc<Checked>> {
        self.waiting.get(&hash)
    }

    /// Everything that waits, each sender's in nonce order.
    pub fn waiting(&self) -> impl Iterator<Item = &Arc<Checked>> {
        let accounts = self.groups.values().flat_map(|group| &group.accounts);
        accounts.flat_map(|account| self.lanes[account].waiting())
    }

    /// Transactions of an organisation that wait.
    pub fn held_by(&self, organisation: Organisation) -> usize {
        self.groups.get(&organisation).map_or(0, |group| group.load().transactions)
    }

    /// The first nonce of a sender that is neither used nor waiting; `None` when nothing of this sender waits.
    pub fn free_nonce(&self, sender: AccountId) -> Option<u64> {
        self.lanes.get(&sender).map(Lane::free_nonce)
    }

    /// What has left since this was asked last.
    pub fn departures(&mut self) -> Vec<Departure> {
        std::mem::take(&mut self.departures)
    }

    /// When to come again with a transaction for which there is no room, as far as that can be seen before it is checked:
    /// of an account that has something waiting. Nothing is promised where there is no answer.
    pub fn busy(&mut self, transaction: &Transaction) -> Option<u64> {
        let sender = transaction.body.sender()?;
        let lane = self.lanes.get(&sender)?;
        let size = transaction.size();
        let free = !self.floods(lane.home)
            && lane.load().transactions < self.bounds.per_account_max
            && (self.load.fits(size, self.bounds) || self.within_share(lane.home, size));
        // A nonce that is taken is answered as such, and what waits already is taken again.
        let taken = || !matches!(lane.at(transaction.body.nonce), Ok(None));
        if free || taken() { None } else { Some(self.drain.refuse()) }
    }

    /// When to come again with anything of this sender, where its organisation has more waiting than blocks empty in a
    /// moment.
    pub fn put_off(&mut self, sender: AccountId) -> Option<u64> {
        let home = self.lanes.get(&sender)?.home;
        self.floods(home).then(|| self.drain.refuse())
    }

    /// Whether an organisation has more waiting than blocks empty in a moment: more of it would only wait longer, and the
    /// work of checking it would be taken from the blocks.
    fn floods(&self, organisation: Organisation) -> bool {
        let waiting = self.groups.get(&organisation).map_or(0, |group| group.load().transactions);
        let waiting = u64::try_from(waiting).expect("the pool is bounded");
        waiting > BACKLOG_MIN && self.drain.time_for(waiting) > BACKLOG_MS
    }

    /// How many deadlines are kept.
    #[cfg(test)]
    pub(crate) fn deadlines(&self) -> usize {
        self.deadlines.len()
    }

    /// A sender's next nonce, where something of him waits.
    pub fn next_nonce(&self, sender: AccountId) -> Option<u64> {
        self.lanes.get(&sender).map(Lane::next_nonce)
    }

    /// Admits a transaction that goes behind others of its sender: of whom the pool knows then what state would say.
    /// `false` where that is not known, or where it cannot wait just so: [`submit`](Self::submit) says more.
    pub fn submit_behind(&mut self, checked: &Arc<Checked>, now: Timestamp) -> bool {
        self.expire(now);
        let sender = checked.sender();
        // An account of nobody may have become somebody's.
        let lane = self.lanes.get(&sender).filter(|lane| lane.home != Organisation::UNKNOWN);
        let free = lane.is_some_and(|lane| {
            matches!(lane.at(checked.transaction.body.nonce), Ok(None))
                && lane.load().transactions < self.bounds.per_account_max
        });
        let waits = free && timely(checked, now).is_ok() && self.load.fits(checked.size, self.bounds);
        if waits {
            self.enroll(checked);
            self.change(sender, |lane| lane.insert(checked.clone()));
        }
        waits
    }

    /// Admits a transaction or says why not. `now` is block time.
    pub fn submit(&mut self, arrival: Arrival, now: Timestamp) -> Result<Admitted, Rejection> {
        let Arrival { checked, next_nonce, organisation } = arrival;
        let (sender, nonce) = (checked.sender(), checked.transaction.body.nonce);
        self.expire(now);
        timely(&checked, now)?;
        self.settle_home(sender, organisation);
        self.advance(sender, next_nonce, None);
        if self.contains(checked.hash) {
            return Ok(Admitted::Already);
        }
        if nonce < next_nonce {
            return Err(tech::nonce(next_nonce, nonce));
        }
        match self.lanes.get(&sender).map_or(Ok(None), |lane| lane.at(nonce))?.cloned() {
            Some(old) => self.replace(&old, checked, now)?,
            None => self.enter(organisation, checked, next_nonce)?,
        }
        Ok(Admitted::New)
    }

    /// What the next block may hold. Nothing leaves the pool.
    pub fn take(&mut self, room: Room) -> Vec<Arc<Checked>> {
        self.take_beyond(&BTreeSet::new(), room)
    }

    /// Whether anything waits that is not `pending`.
    pub fn has_beyond(&self, pending: &BTreeSet<TransactionHash>) -> bool {
        self.lanes.values().flat_map(Lane::runnable).any(|checked| !pending.contains(&checked.hash))
    }

    /// [`take`](Self::take) for a block whose ancestors hold `pending` but are not settled yet.
    ///
    /// One transaction of each organisation in turn, of its accounts in turn, each account's in nonce order and without a
    /// gap. The next call begins with the first who was left wanting, so that nobody waits behind a flood.
    pub fn take_beyond(&mut self, pending: &BTreeSet<TransactionHash>, mut room: Room) -> Vec<Arc<Checked>> {
        let mut taken = Vec::new();
        let later = self.groups.range(self.turn..);
        let in_turn = later.chain(self.groups.range((Bound::Unbounded, Bound::Excluded(self.turn))));
        let mut rounds: Vec<(Organisation, Round<'_>)> =
            in_turn.map(|(organisation, group)| (*organisation, group.round(&self.lanes, pending))).collect();
        let mut left_wanting = Vec::new();
        while !rounds.is_empty() {
            rounds.retain_mut(|(organisation, round)| {
                let next = round.next(&mut room);
                if next.is_none() {
                    left_wanting.extend(round.left_wanting.map(|account| (*organisation, account)));
                }
                let goes_on = next.is_some();
                taken.extend(next);
                goes_on
            });
        }
        drop(rounds);
        if let Some((first, _)) = left_wanting.first() {
            self.turn = *first;
        }
        for (organisation, account) in left_wanting {
            self.groups.get_mut(&organisation).expect("it was left wanting").set_turn(account);
        }
        for checked in &taken {
            let lane = self.lanes.get_mut(&checked.sender()).expect("it was taken from a lane");
            lane.offer(checked.transaction.body.nonce);
        }
        taken
    }

    /// Removes what blocks to come hold, what they made impossible, and what its proposer was told can never run.
    pub fn settle(&mut self, included: &[Arc<Checked>], refused: Vec<(TransactionHash, Rejection)>) {
        for checked in included {
            self.advance(checked.sender(), checked.transaction.body.nonce.saturating_add(1), Some(checked));
        }
        for (hash, rejection) in refused {
            self.depart(hash, Departed::Refused(rejection));
        }
    }

    /// [`settle`](Self::settle) and [`expire`](Self::expire) for a final block; the rate of blocks is taken from here.
    pub fn finalized(&mut self, included: &[Arc<Checked>], time: Timestamp) {
        self.settle(included, Vec::new());
        self.expire(time);
        self.drain.settled(u64::try_from(included.len()).expect("a block is bounded"), time);
    }

    /// Removes what can no longer run at block time `now`.
    pub fn expire(&mut self, now: Timestamp) {
        while let Some(Reverse((valid_until, hash))) = self.deadlines.peek().copied() {
            if valid_until >= now || planted::is(Fault::ExpiredTaken) {
                break;
            }
            self.deadlines.pop();
            self.depart(hash, Departed::Expired(now));
        }
    }

    /// A transaction comes in at a nonce that is free.
    fn enter(&mut self, organisation: Organisation, checked: Arc<Checked>, next_nonce: u64) -> Result<(), Rejection> {
        let sender = checked.sender();
        let waiting = self.lanes.get(&sender).map_or(0, |lane| lane.load().transactions);
        if waiting >= self.bounds.per_account_max || !self.make_room(organisation, &checked) {
            return Err(tech::pool_full(self.drain.refuse()));
        }
        self.enroll(&checked);
        self.lanes.entry(sender).or_insert_with(|| Lane::of(organisation));
        self.change(sender, |lane| {
            let stale = lane.advance(next_nonce);
            assert!(stale.is_empty(), "the lane was advanced before");
            lane.insert(checked);
        });
        Ok(())
    }

    /// Puts a transaction in the place of another of its sender, if the policy lets it and it fits.
    fn replace(&mut self, old: &Arc<Checked>, new: Arc<Checked>, now: Timestamp) -> Result<(), Rejection> {
        let sender = old.sender();
        if !self.policy.replaces(&self.lanes[&sender], old, &new, now) {
            return Err(tech::idempotency_conflict(new.transaction.body.nonce, old.hash));
        }
        if self.load.bytes - old.size + new.size > self.bounds.bytes_max {
            return Err(tech::pool_full(self.drain.refuse()));
        }
        let by = new.hash;
        self.strike(old);
        self.enroll(&new);
        let replaced = self.change(sender, |lane| lane.replace(new, now));
        assert_eq!(replaced.hash, old.hash, "what the policy was asked of is what is replaced");
        self.departures.push(Departure { checked: replaced, why: Departed::Replaced(by) });
        Ok(())
    }

    /// Whether there is room for a transaction of this organisation, if need be after others have given way.
    fn make_room(&mut self, organisation: Organisation, checked: &Checked) -> bool {
        if self.load.fits(checked.size, self.bounds) {
            return true;
        }
        if !self.within_share(organisation, checked.size) {
            return false;
        }
        while !self.load.fits(checked.size, self.bounds) {
            let ranking = self.ranking.take().unwrap_or_else(|| self.rank());
            let (heaviest, account) = ranking.heaviest().expect("a full pool is somebody's");
            self.ranking = Some(ranking);
            assert!(heaviest != organisation, "who holds a share or less is not the heaviest of a full pool");
            let last = self.lanes[&account].last().expect("a lane that exists holds something").hash;
            let place = u64::try_from(self.groups[&heaviest].load().transactions).expect("it fits");
            self.depart(last, Departed::Evicted(self.drain.time_for(place)));
        }
        true
    }

    /// Who holds how much.
    fn rank(&self) -> Ranking {
        let mut ranking = Ranking::new(self.bounds);
        for (organisation, group) in &self.groups {
            ranking.note_organisation(*organisation, Load::default(), group.load());
            for account in &group.accounts {
                ranking.note_account(*organisation, *account, Load::default(), self.lanes[account].load());
            }
        }
        ranking
    }

    /// Whether one more of this size leaves an organisation within its share of the pool.
    fn within_share(&self, organisation: Organisation, size: usize) -> bool {
        let group = self.groups.get(&organisation);
        let mut held = group.map(Group::load).unwrap_or_default();
        held.add(size);
        let sharers = self.groups.len() + usize::from(group.is_none());
        held.weight(self.bounds) <= whole(self.bounds) / u128::try_from(sharers).expect("few enough")
    }

    /// Moves an account's lane, when its owner has become known.
    fn settle_home(&mut self, sender: AccountId, organisation: Organisation) {
        let Some(lane) = self.lanes.get_mut(&sender).filter(|lane| lane.home != organisation) else { return };
        let (home, load) = (std::mem::replace(&mut lane.home, organisation), lane.load());
        self.note(home, sender, load, Load::default());
        self.note(organisation, sender, Load::default(), load);
    }

    /// Learns a sender's next nonce and forgets what can never run now. `used` is the transaction that used the last one,
    /// where that is known.
    fn advance(&mut self, sender: AccountId, next_nonce: u64, used: Option<&Checked>) {
        if self.lanes.get(&sender).is_none_or(|lane| lane.knows(next_nonce)) {
            return;
        }
        for checked in self.change(sender, |lane| lane.advance(next_nonce)) {
            self.strike(&checked);
            let other = used.is_some_and(|used| {
                used.transaction.body.nonce == checked.transaction.body.nonce && used.hash != checked.hash
            });
            self.departures
                .push(Departure { checked, why: if other { Departed::Superseded } else { Departed::Settled } });
        }
    }

    fn depart(&mut self, hash: TransactionHash, why: Departed) {
        let Some(checked) = self.waiting.get(&hash).cloned() else { return };
        let removed = self.change(checked.sender(), |lane| lane.remove(checked.transaction.body.nonce, hash));
        assert!(removed.is_some(), "what waits is in its sender's lane");
        self.strike(&checked);
        self.departures.push(Departure { checked, why });
    }

    /// Changes a lane that exists, and keeps the books of its organisation. A lane that is empty then is gone.
    fn change<T>(&mut self, sender: AccountId, change: impl FnOnce(&mut Lane) -> T) -> T {
        let lane = self.lanes.get_mut(&sender).expect("a lane exists while something waits in it");
        let before = lane.load();
        let done = change(lane);
        let (home, after) = (lane.home, lane.load());
        if after.is_nothing() {
            self.lanes.remove(&sender);
        }
        self.note(home, sender, before, after);
        done
    }

    /// Notes that an account of an organisation holds something else than before.
    fn note(&mut self, organisation: Organisation, account: AccountId, before: Load, after: Load) {
        let group = self.groups.entry(organisation).or_default();
        let held = group.load();
        group.note(account, before, after);
        let holds = group.load();
        if holds.is_nothing() {
            self.groups.remove(&organisation);
        }
        if let Some(ranking) = &mut self.ranking {
            ranking.note_organisation(organisation, held, holds);
            ranking.note_account(organisation, account, before, after);
        }
    }

    /// Enters a transaction in the books of the whole pool.
    fn enroll(&mut self, checked: &Arc<Checked>) {
        self.waiting.insert(checked.hash, checked.clone());
        self.deadlines.push(deadline(checked));
        self.load.add(checked.size);
    }

    /// Strikes a transaction off the books of the whole pool.
    fn strike(&mut self, checked: &Checked) {
        let waited = self.waiting.remove(&checked.hash);
        assert!(waited.is_some(), "what is in a lane waits");
        self.load.remove(checked.size);
        self.sweep();
        if self.load.weight(self.bounds) < whole(self.bounds) / 2 {
            self.ranking = None;
        }
    }

    /// Forgets the deadlines of what has left, once they are the most: so many have left since that this costs each of
    /// them no more than a step.
    fn sweep(&mut self) {
        if self.deadlines.len() > 2 * self.waiting.len() + SWEEP_MIN {
            self.deadlines = self.waiting.values().map(deadline).collect();
        }
    }
}

fn deadline(checked: &Arc<Checked>) -> Reverse<(Timestamp, TransactionHash)> {
    Reverse((checked.transaction.body.valid_until, checked.hash))
}

/// Refuses what can no longer run at block time `now`, and what may wait too long.
fn timely(checked: &Checked, now: Timestamp) -> Result<(), Rejection> {
    let valid_until = checked.transaction.body.valid_until;
    if valid_until < now {
        return Err(tech::expired(valid_until, now));
    }
    let latest = Timestamp(now.0.saturating_add(limits::VALIDITY_MS_MAX));
    if valid_until > latest { Err(tech::validity_too_long(valid_until, latest)) } else { Ok(()) }
}
