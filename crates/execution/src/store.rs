//! The state a run works on: known records below, the block's writes above, and a count of reads.

use crate::records::{Entry, Records};
use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};
use types::{Decoded, Event, Key, Miss, State};

/// Bytes of records that are kept from block to block: some hundred thousand records of usual size.
const RECENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What a record in memory takes besides its key and value.
const ENTRY_BYTES: usize = 128;

/// Records that lately run blocks read or wrote, as they stand after one block. The run of that block's child finds them
/// here and need not ask for them.
///
/// Only a matter of speed: which records lie here may decide nothing. They are kept in two halves; when the younger is
/// full, the older, of which nothing was asked for since it was the younger, is forgotten.
#[derive(Default)]
pub struct Recent {
    young: Records,
    old: Records,
    young_bytes: usize,
    /// Keys of the old ones that were asked for since, each once however often.
    asked: BTreeSet<Key>,
}

impl Recent {
    fn knows(&self, key: &[u8]) -> bool {
        self.young.contains(key) || self.old.contains(key)
    }

    fn get(&mut self, key: &[u8]) -> Option<&mut Entry> {
        match self.young.get_mut(key) {
            Some(entry) => Some(entry),
            None => {
                let entry = self.old.get_mut(key)?;
                if !self.asked.contains(key) {
                    self.asked.insert(key.to_vec());
                }
                Some(entry)
            }
        }
    }

    fn insert(&mut self, key: Key, entry: Entry) {
        self.old.remove(&key);
        // A value that was asked for lies here twice: as its bytes, and as what they mean.
        self.young_bytes += ENTRY_BYTES + key.len() + 2 * entry.value().map_or(0, Vec::len);
        self.young.insert(key, entry);
    }

    /// Keeps to the bound. Between runs only: within a run nothing is forgotten.
    fn age(&mut self) {
        for key in mem::take(&mut self.asked) {
            if let Some((key, entry)) = self.old.remove(&key) {
                self.insert(key, entry);
            }
        }
        if self.young_bytes > RECENT_BYTES_MAX / 2 {
            self.old = mem::take(&mut self.young);
            self.old.forget_decoded();
            self.young_bytes = 0;
        }
    }
}

/// Known records and what the block wrote so far.
#[derive(Default)]
pub(crate) struct Store {
    known: Recent,
    writes: Records,
}

impl Store {
    pub(crate) fn recall(&mut self, recent: Recent) {
        self.known = recent;
    }

    pub(crate) fn supply(&mut self, key: Key, value: Option<Vec<u8>>) {
        self.known.insert(key, Entry::new(value));
    }

    /// Of `keys`, those that are not in memory.
    pub(crate) fn missing(&self, keys: impl IntoIterator<Item = Key>) -> BTreeSet<Key> {
        keys.into_iter().filter(|key| !self.writes.contains(key) && !self.known.knows(key)).collect()
    }

    /// Records that were written and never read: whether they changed is not known yet.
    pub(crate) fn unread(&self) -> BTreeSet<Key> {
        self.writes.keys(|key| !self.known.knows(key))
    }

    /// Takes what the block changed, once nothing is [`unread`](Self::unread): a record written back to what it was is no
    /// change.
    pub(crate) fn take_changes(&mut self) -> BTreeMap<Key, Option<Vec<u8>>> {
        let mut changes = Vec::new();
        for (key, entry) in self.writes.take() {
            if self.known.get(&key).expect("every written record was read").value() != entry.value() {
                changes.push((key.clone(), entry.value().cloned()));
                self.known.insert(key, entry);
            }
        }
        changes.into_iter().collect()
    }

    pub(crate) fn into_recent(self) -> Recent {
        let mut recent = self.known;
        recent.age();
        recent
    }

    fn get(&mut self, key: &[u8]) -> Option<&mut Entry> {
        match self.writes.get_mut(key) {
            Some(written) => Some(written),
            None => self.known.get(key),
        }
    }
}

/// One act's, transaction's or due item's view: its own writes over the store, thrown away unless committed.
pub(crate) struct Scratch<'a> {
    store: &'a mut Store,
    writes: BTreeMap<Key, Entry>,
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

    fn find(&mut self, key: &[u8]) -> Result<&mut Entry, Miss> {
        self.reads += 1;
        if self.exhausted() {
            // The caller sees `exhausted` and refuses the act; the key is not loaded for this.
            return Err(Miss(key.to_vec()));
        }
        let known = match self.writes.get_mut(key) {
            Some(written) => Some(written),
            None => self.store.get(key),
        };
        known.ok_or_else(|| {
            self.missed.insert(key.to_vec());
            Miss(key.to_vec())
        })
    }
}

impl State for Scratch<'_> {
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Miss> {
        self.find(key).map(|entry| entry.value().cloned())
    }

    fn get_decoded(&mut self, key: &[u8], decode: fn(&[u8]) -> Decoded) -> Result<Option<Decoded>, Miss> {
        self.find(key).map(|entry| entry.decoded(decode))
    }

    fn put(&mut self, key: Key, value: Option<Vec<u8>>) {
        self.writes.insert(key, Entry::new(value));
    }

    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        format!("record {number}").into_bytes()
    }

    fn write(store: &mut Store, key: Key, value: Option<Vec<u8>>) {
        let mut scratch = Scratch::new(store, usize::MAX);
        scratch.put(key, value);
        scratch.commit();
    }

    #[test]
    fn a_record_written_back_unread_is_no_change() {
        let mut store = Store::default();
        write(&mut store, key(1), Some(b"same".to_vec()));
        write(&mut store, key(2), Some(b"new".to_vec()));
        assert_eq!(store.unread(), BTreeSet::from([key(1), key(2)]));
        store.supply(key(1), Some(b"same".to_vec()));
        store.supply(key(2), None);
        assert_eq!(store.unread(), BTreeSet::new());
        assert_eq!(store.take_changes(), BTreeMap::from([(key(2), Some(b"new".to_vec()))]));
    }

    #[test]
    fn the_next_run_finds_what_the_last_read_and_wrote() {
        let mut store = Store::default();
        store.supply(key(1), Some(b"read".to_vec()));
        store.supply(key(2), Some(b"before".to_vec()));
        write(&mut store, key(2), None);
        store.take_changes();
        let mut next = Store::default();
        next.recall(store.into_recent());
        let mut scratch = Scratch::new(&mut next, usize::MAX);
        assert_eq!(scratch.get(&key(1)), Ok(Some(b"read".to_vec())));
        assert_eq!(scratch.get(&key(2)), Ok(None));
        assert_eq!(scratch.get(&key(3)), Err(Miss(key(3))));
    }

    #[test]
    fn what_is_asked_for_often_is_noted_once() {
        let mut recent = Recent::default();
        recent.old.insert(key(0), Entry::new(Some(b"old".to_vec())));
        for _ in 0..1_000 {
            assert!(recent.get(&key(0)).is_some());
        }
        assert_eq!(recent.asked, BTreeSet::from([key(0)]));
        recent.age();
        assert_eq!((recent.young.len(), recent.old.len(), recent.asked.len()), (1, 0, 0));
    }

    #[test]
    fn what_is_asked_for_stays_and_what_is_not_goes() {
        let value = || Some(vec![0; 1024 * 1024]);
        let mut recent = Recent::default();
        recent.insert(key(0), Entry::new(value()));
        recent.insert(key(1), Entry::new(value()));
        for number in 2..100 {
            recent.insert(key(number), Entry::new(value()));
            recent.age();
            assert!(recent.get(&key(0)).is_some(), "it was asked for a moment ago");
            let held = recent.young.len() + recent.old.len();
            assert!(held * 1024 * 1024 <= RECENT_BYTES_MAX + 2 * 1024 * 1024, "{held} MiB are held");
        }
        assert!(!recent.knows(&key(1)), "nobody asked for it");
    }
}
