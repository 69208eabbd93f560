//! The state a run works on: loaded records below, the block's writes above, and a count of reads.

use std::collections::{BTreeMap, BTreeSet};
use types::{Event, Key, Miss, State};

/// Loaded records and what the block wrote so far.
#[derive(Default)]
pub(crate) struct Store {
    loaded: BTreeMap<Key, Option<Vec<u8>>>,
    writes: BTreeMap<Key, Option<Vec<u8>>>,
}

impl Store {
    pub(crate) fn supply(&mut self, key: Key, value: Option<Vec<u8>>) {
        self.loaded.insert(key, value);
    }

    /// Of `keys`, those that are not in memory.
    pub(crate) fn missing(&self, keys: impl IntoIterator<Item = Key>) -> BTreeSet<Key> {
        keys.into_iter().filter(|key| !self.loaded.contains_key(key) && !self.writes.contains_key(key)).collect()
    }

    /// What the block changed: a record written back to what it was is no change.
    pub(crate) fn into_changes(self) -> BTreeMap<Key, Option<Vec<u8>>> {
        let Self { loaded, writes } = self;
        let changed = |(key, value): &(Key, Option<Vec<u8>>)| loaded.get(key) != Some(value);
        writes.into_iter().filter(changed).collect()
    }
}

/// One act's, transaction's or due item's view: its own writes over the store, thrown away unless committed.
pub(crate) struct Scratch<'a> {
    store: &'a mut Store,
    writes: BTreeMap<Key, Option<Vec<u8>>>,
    pub(crate) events: Vec<Event>,
    /// Every key that was asked for and is not in memory: a rule that looks ahead misses several at once.
    missed: BTreeSet<Key>,
    reads: usize,
    reads_max: usize,
}

impl<'a> Scratch<'a> {
    pub(crate) fn new(store: &'a mut Store, reads_max: usize) -> Self {
        let (writes, events, missed) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        Self { store, writes, events, missed, reads: 0, reads_max }
    }

    /// The bound on reads was crossed: the act asks for too much.
    pub(crate) fn exhausted(&self) -> bool {
        self.reads > self.reads_max
    }

    /// How many keys were missed so far.
    pub(crate) fn missed(&self) -> usize {
        self.missed.len()
    }

    /// All that must be loaded before the run can go on.
    pub(crate) fn into_missed(self) -> BTreeSet<Key> {
        self.missed
    }

    /// Lays the writes on the store and gives the events.
    pub(crate) fn commit(self) -> Vec<Event> {
        self.store.writes.extend(self.writes);
        self.events
    }
}

impl State for Scratch<'_> {
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Miss> {
        self.reads += 1;
        if self.exhausted() {
            // The caller sees `exhausted` and refuses the act; the key is not loaded for this.
            return Err(Miss(key.to_vec()));
        }
        let known = self.writes.get(key).or_else(|| self.store.writes.get(key)).or_else(|| self.store.loaded.get(key));
        if known.is_none() {
            self.missed.insert(key.to_vec());
        }
        known.cloned().ok_or_else(|| Miss(key.to_vec()))
    }

    fn put(&mut self, key: Key, value: Option<Vec<u8>>) {
        self.writes.insert(key, value);
    }

    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
}
