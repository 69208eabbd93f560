//! Records in memory, found by hash. The order of a hash map differs from machine to machine, so this one is asked by key
//! only, and gives what it holds in the order of the keys.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
};
use types::Key;

/// Records by key; `None`: it is known that there is none.
#[derive(Default)]
pub(crate) struct Records(HashMap<Key, Option<Vec<u8>>>);

impl Records {
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.0.get(key)
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.0.contains_key(key)
    }

    pub(crate) fn insert(&mut self, key: Key, value: Option<Vec<u8>>) {
        self.0.insert(key, value);
    }

    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<(Key, Option<Vec<u8>>)> {
        self.0.remove_entry(key)
    }

    /// The keys for which `wanted` holds, in order.
    pub(crate) fn keys(&self, wanted: impl Fn(&[u8]) -> bool) -> BTreeSet<Key> {
        self.0.keys().filter(|key| wanted(key)).cloned().collect()
    }

    /// Takes all records, in the order of their keys.
    pub(crate) fn take(&mut self) -> Vec<(Key, Option<Vec<u8>>)> {
        let mut records: Vec<_> = mem::take(&mut self.0).into_iter().collect();
        records.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        records
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Extend<(Key, Option<Vec<u8>>)> for Records {
    fn extend<T: IntoIterator<Item = (Key, Option<Vec<u8>>)>>(&mut self, records: T) {
        self.0.extend(records);
    }
}
