//! Records in memory, found by hash. The order of a hash map differs from machine to machine, so this one is asked by key
//! only, and gives what it holds in the order of the keys.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
};
use types::{Decoded, Key};

/// A record as far as it is known.
#[derive(Default)]
pub(crate) struct Entry {
    /// Its bytes; `None`: it is known that there is none.
    value: Option<Vec<u8>>,
    /// What they mean, once somebody has asked.
    decoded: Option<Decoded>,
}

impl Entry {
    pub(crate) fn new(value: Option<Vec<u8>>) -> Self {
        Self { value, decoded: None }
    }

    pub(crate) fn value(&self) -> Option<&Vec<u8>> {
        self.value.as_ref()
    }

    pub(crate) fn decoded(&mut self, decode: fn(&[u8]) -> Decoded) -> Option<Decoded> {
        let value = self.value.as_deref()?;
        Some(self.decoded.get_or_insert_with(|| decode(value)).clone())
    }
}

/// Records by key.
#[derive(Default)]
pub(crate) struct Records(HashMap<Key, Entry>);

impl Records {
    pub(crate) fn get_mut(&mut self, key: &[u8]) -> Option<&mut Entry> {
        self.0.get_mut(key)
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.0.contains_key(key)
    }

    pub(crate) fn insert(&mut self, key: Key, entry: Entry) {
        self.0.insert(key, entry);
    }

    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<(Key, Entry)> {
        self.0.remove_entry(key)
    }

    /// The keys for which `wanted` holds, in order.
    pub(crate) fn keys(&self, wanted: impl Fn(&[u8]) -> bool) -> BTreeSet<Key> {
        self.0.keys().filter(|key| wanted(key)).cloned().collect()
    }

    /// Takes all records, in the order of their keys.
    pub(crate) fn take(&mut self) -> Vec<(Key, Entry)> {
        let mut records: Vec<_> = mem::take(&mut self.0).into_iter().collect();
        records.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        records
    }

    /// Keeps the bytes only.
    pub(crate) fn forget_decoded(&mut self) {
        self.0.values_mut().for_each(|entry| entry.decoded = None);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Extend<(Key, Entry)> for Records {
    fn extend<T: IntoIterator<Item = (Key, Entry)>>(&mut self, records: T) {
        self.0.extend(records);
    }
}
