//! Records in memory, from block to block. The order of a hash map differs from machine to machine, so these are asked by
//! key only.

use hashbrown::{HashMap, hash_map::EntryRef};
use smallvec::SmallVec;
use std::{hash::RandomState, mem};
use types::{Decoded, Key};

/// Bytes of records that are kept from block to block: some hundred thousand records of usual size.
const RECENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What a record in memory takes besides its key and value.
const ENTRY_BYTES: usize = 200;

/// A record as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// Its bytes; `None`: it is known that there is none.
    value: Option<Vec<u8>>,
    /// What they mean, once somebody has asked.
    decoded: Option<Decoded>,
    before: Before,
}

/// What a record was before the block that is run.
#[derive(PartialEq, Eq, Debug, Default)]
enum Before {
    /// The block has not written it.
    #[default]
    Same,
    /// The block wrote it, and nobody has read what was there.
    Unread,
    Was(Option<Vec<u8>>),
}

/// How a block wrote a record.
pub(crate) enum Wrote {
    First,
    Again,
    /// For the first time, and nobody has read what was there.
    Unread,
}

impl Entry {
    pub(crate) fn new(value: Option<Vec<u8>>) -> Self {
        Self { value, decoded: None, before: Before::Same }
    }

    /// A value and what it means.
    pub(crate) fn of(value: Vec<u8>, decoded: Decoded) -> Self {
        Self { value: Some(value), decoded: Some(decoded), before: Before::Same }
    }

    pub(crate) fn value(&self) -> Option<&Vec<u8>> {
        self.value.as_ref()
    }

    pub(crate) fn decoded(&mut self, decode: fn(&[u8]) -> Decoded) -> Option<Decoded> {
        let value = self.value.as_deref()?;
        Some(self.decoded.get_or_insert_with(|| decode(value)).clone())
    }

    /// A value that was asked for lies here twice: as its bytes, and as what they mean.
    fn bytes(&self, key: &[u8]) -> usize {
        ENTRY_BYTES + key.len() + 2 * self.value.as_ref().map_or(0, Vec::len)
    }
}

/// Bytes of the longest key that lies beside its record: module, table and an id of 32 bytes have 34.
const NEAR_BYTES: usize = 36;

/// A key beside its record, where looking for it finds it without another step; longer ones lie elsewhere.
type Near = SmallVec<[u8; NEAR_BYTES]>;

type Half = HashMap<Near, Entry, RandomState>;

/// Records that lately run blocks read or wrote, as they stand after one block, and while a block runs, as it has left
/// them so far. The run of that block's child finds them here and need not ask for them.
///
/// Only a matter of speed: which records lie here may decide nothing. They are kept in two halves, and what is asked for
/// moves to the younger; when that is full, the older, of which nothing was asked for meanwhile, is forgotten.
#[derive(Default)]
pub struct Recent {
    young: Half,
    old: Half,
    young_bytes: usize,
}

impl Recent {
    pub(crate) fn knows(&self, key: &[u8]) -> bool {
        self.young.contains_key(key) || self.old.contains_key(key)
    }

    pub(crate) fn get(&mut self, key: &[u8]) -> Option<&mut Entry> {
        match self.young.entry_ref(key) {
            EntryRef::Occupied(found) => Some(found.into_mut()),
            EntryRef::Vacant(vacant) => {
                let (key, entry) = self.old.remove_entry(key)?;
                self.young_bytes += entry.bytes(&key);
                Some(vacant.insert_with_key(key, entry))
            }
        }
    }

    /// What lay there before the block that is run. What the block has written stays.
    pub(crate) fn supply(&mut self, key: Key, value: Option<Vec<u8>>) {
        match self.get(&key) {
            Some(entry) if entry.before == Before::Unread => entry.before = Before::Was(value),
            Some(_) => {}
            None => self.insert(&key, Entry::new(value)),
        }
    }

    /// Writes for the block that is run.
    pub(crate) fn write(&mut self, key: &Key, written: Entry) -> Wrote {
        let Some(entry) = self.get(key) else {
            self.insert(key, Entry { before: Before::Unread, ..written });
            return Wrote::Unread;
        };
        let (held, holds) = (entry.bytes(key), written.bytes(key));
        let was = mem::replace(&mut entry.value, written.value);
        entry.decoded = written.decoded;
        let first = entry.before == Before::Same;
        if first {
            entry.before = Before::Was(was);
        }
        self.young_bytes = self.young_bytes + holds - held;
        if first { Wrote::First } else { Wrote::Again }
    }

    /// Ends the block for a record that it wrote: its bytes, where they are not what they were before.
    ///
    /// # Panics
    /// When the record was not written, or not read.
    pub(crate) fn settle(&mut self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let entry = self.get(key).expect("a record that was written is here");
        match mem::take(&mut entry.before) {
            Before::Was(was) => (was != entry.value).then(|| entry.value.clone()),
            other => panic!("every written record was read: {other:?}"),
        }
    }

    fn insert(&mut self, key: &[u8], entry: Entry) {
        self.young_bytes += entry.bytes(key);
        self.young.insert(Near::from_slice(key), entry);
    }

    /// Keeps to the bound. Between runs only: within a run nothing is forgotten.
    pub(crate) fn age(&mut self) {
        if self.young_bytes > RECENT_BYTES_MAX / 2 {
            self.old = mem::take(&mut self.young);
            self.old.values_mut().for_each(|entry| entry.decoded = None);
            self.young_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        format!("record {number}").into_bytes()
    }

    fn held(recent: &Recent) -> usize {
        recent.young.iter().map(|(key, entry)| entry.bytes(key)).sum()
    }

    #[test]
    fn what_is_asked_for_stays_and_what_is_not_goes() {
        let value = || Some(vec![0; 1024 * 1024]);
        let mut recent = Recent::default();
        for number in 0..100 {
            recent.supply(key(number), value());
            recent.age();
            assert!(recent.get(&key(0)).is_some(), "it was asked for a moment ago");
            let held = recent.young.len() + recent.old.len();
            assert!(held * 1024 * 1024 <= RECENT_BYTES_MAX + 2 * 1024 * 1024, "{held} MiB are held");
        }
        assert!(!recent.knows(&key(1)), "nobody asked for it");
    }

    #[test]
    fn what_is_written_over_and_over_takes_the_room_of_one() {
        let mut recent = Recent::default();
        for round in 0..1_000 {
            recent.write(&key(1), Entry::new(Some(vec![0; round])));
            recent.write(&key(2), Entry::new(None));
            recent.supply(key(1), None);
            recent.supply(key(2), Some(b"it was there".to_vec()));
            assert!(recent.settle(&key(1)).is_some());
            assert_eq!(recent.settle(&key(2)).is_some(), round == 0);
            assert_eq!(recent.young_bytes, held(&recent));
        }
        recent.old = mem::take(&mut recent.young);
        recent.young_bytes = 0;
        recent.get(&key(1));
        assert_eq!((recent.young.len(), recent.old.len(), recent.young_bytes), (1, 1, held(&recent)));
    }
}
