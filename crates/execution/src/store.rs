//! The state a run works on: known records as the block has left them, an act's own writes above, and a count of reads.

use crate::records::{Entry, Recent, Wrote};
use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};
use types::{Decoded, Event, Key, Miss, State};

/// Known records, as the block that is run has left them so far.
#[derive(Default)]
pub(crate) struct Store {
    known: Recent,
    /// Keys of the records that the block wrote, each once.
    written: Vec<Key>,
    /// Those of them that were never read: whether they changed is not known yet.
    unread: BTreeSet<Key>,
}

impl Store {
    pub(crate) fn recall(&mut self, recent: Recent) {
        self.known = recent;
    }

    pub(crate) fn supply(&mut self, key: Key, value: Option<Vec<u8>>) {
        self.unread.remove(&key);
        self.known.supply(key, value);
    }

    /// Of `keys`, those that are not in memory.
    pub(crate) fn missing(&self, keys: impl IntoIterator<Item = Key>) -> BTreeSet<Key> {
        keys.into_iter().filter(|key| !self.known.knows(key)).collect()
    }

    /// Records that were written and never read: whether they changed is not known yet.
    pub(crate) fn unread(&self) -> BTreeSet<Key> {
        self.unread.clone()
    }

    /// Takes what the block changed, once nothing is [`unread`](Self::unread): a record written back to what it was is no
    /// change.
    pub(crate) fn take_changes(&mut self) -> BTreeMap<Key, Option<Vec<u8>>> {
        let written = mem::take(&mut self.written);
        written.into_iter().filter_map(|key| self.known.settle(&key).map(|value| (key, value))).collect()
    }

    pub(crate) fn into_recent(self) -> Recent {
        assert!(self.written.is_empty(), "what the block changed was taken");
        let mut recent = self.known;
        recent.age();
        recent
    }

    fn write(&mut self, key: Key, written: Entry) {
        match self.known.write(&key, written) {
            Wrote::Again => return,
            Wrote::First => {}
            Wrote::Unread => drop(self.unread.insert(key.clone())),
        }
        self.written.push(key);
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
        for (key, written) in self.writes {
            self.store.write(key, written);
        }
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
            None => self.store.known.get(key),
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

    fn put_decoded(&mut self, key: Key, value: Vec<u8>, decoded: Decoded) {
        self.writes.insert(key, Entry::of(value, decoded));
    }

    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

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
    fn what_is_written_with_its_meaning_is_not_decoded_again() {
        let mut store = Store::default();
        let never = |_: &[u8]| -> Decoded { panic!("it was given") };
        let number = |decoded: Option<Decoded>| *decoded.unwrap().downcast::<u64>().unwrap();
        let mut scratch = Scratch::new(&mut store, usize::MAX);
        scratch.put_decoded(key(1), b"seven".to_vec(), Arc::new(7_u64));
        assert_eq!(number(scratch.get_decoded(&key(1), never).unwrap()), 7);
        scratch.commit();
        let mut scratch = Scratch::new(&mut store, usize::MAX);
        assert_eq!(number(scratch.get_decoded(&key(1), never).unwrap()), 7);
        assert_eq!(scratch.get(&key(1)), Ok(Some(b"seven".to_vec())));
        scratch.put(key(1), Some(b"eight".to_vec()));
        assert_eq!(
            number(scratch.get_decoded(&key(1), |_| Arc::new(8_u64)).unwrap()),
            8,
            "another value, another meaning"
        );
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
}
