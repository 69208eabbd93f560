//! State as rules see it: keys to bytes, read now or not at all.
//!
//! Rules are sync, storage is async. A rule that asks for a key that is not in memory stops with [`Miss`]; the key is
//! loaded and the rule runs again from a clean overlay. So rules need no async, and storage no locks.

use crate::{Event, Rejection};
use std::{any::Any, collections::BTreeMap, sync::Arc};

/// A record's key: module number, table number, encoded id.
pub type Key = Vec<u8>;

/// A value as the type that it encodes.
pub type Decoded = Arc<dyn Any + Send + Sync>;

/// The key that a rule needs and memory does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Miss(pub Key);

/// Why an act stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The business says no.
    Rejected(Rejection),
    /// A key must be loaded first; the act will run again.
    Miss(Miss),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Miss> for Stop {
    fn from(miss: Miss) -> Self {
        Self::Miss(miss)
    }
}

/// What rules read and write.
pub trait State {
    /// The value of `key`, `None` where there is none.
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Miss>;
    /// The value of `key` as `decode` reads it. A key is always read by the same one, so whoever keeps the value may keep
    /// what it decodes to.
    fn get_decoded(&mut self, key: &[u8], decode: fn(&[u8]) -> Decoded) -> Result<Option<Decoded>, Miss> {
        Ok(self.get(key)?.map(|value| decode(&value)))
    }
    /// Writes, or with `None` deletes.
    fn put(&mut self, key: Key, value: Option<Vec<u8>>);
    /// [`put`](Self::put) for a value and what `get_decoded` would make of it.
    fn put_decoded(&mut self, key: Key, value: Vec<u8>, _decoded: Decoded) {
        self.put(key, Some(value));
    }
    /// Tells those who follow that something happened.
    fn emit(&mut self, event: Event);
}

/// A whole state in memory: for tests, for `audit`, and for replay.
#[derive(Clone, Default, Debug)]
pub struct Memory {
    pub records: BTreeMap<Key, Vec<u8>>,
    pub events: Vec<Event>,
}

impl State for Memory {
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Miss> {
        Ok(self.records.get(key).cloned())
    }

    fn put(&mut self, key: Key, value: Option<Vec<u8>>) {
        match value {
            Some(value) => self.records.insert(key, value),
            None => self.records.remove(&key),
        };
    }

    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
}

/// Writes laid over a state: kept apart until they are committed, so that what is refused leaves no trace.
pub struct Overlay<'a> {
    base: &'a mut dyn State,
    writes: BTreeMap<Key, Option<Vec<u8>>>,
    events: Vec<Event>,
}

impl<'a> Overlay<'a> {
    pub fn new(base: &'a mut dyn State) -> Self {
        Self { base, writes: BTreeMap::new(), events: Vec::new() }
    }

    /// Lays the writes and events on the state below.
    pub fn commit(self) {
        for (key, value) in self.writes {
            self.base.put(key, value);
        }
        for event in self.events {
            self.base.emit(event);
        }
    }
}

impl State for Overlay<'_> {
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Miss> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => self.base.get(key),
        }
    }

    fn get_decoded(&mut self, key: &[u8], decode: fn(&[u8]) -> Decoded) -> Result<Option<Decoded>, Miss> {
        match self.writes.get(key) {
            Some(written) => Ok(written.as_deref().map(decode)),
            None => self.base.get_decoded(key, decode),
        }
    }

    fn put(&mut self, key: Key, value: Option<Vec<u8>>) {
        self.writes.insert(key, value);
    }

    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
}
