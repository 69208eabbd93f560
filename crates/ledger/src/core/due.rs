//! Due work: what happens by itself when its time has come.
//!
//! A binary heap kept in state, ordered by (time, order of scheduling), so the next item is always slot 0 and no scan is
//! ever needed. Scheduling and taking touch about log2(n) records. An item whose reason is gone is not taken out: it
//! fires, and its module sees that nothing is to do.

use crate::core::{Audit, Record};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Miss, State, Timestamp, TransactionHash};

/// Work that a module wants done at a time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DueItem {
    pub at: Timestamp,
    /// Order of scheduling: breaks ties.
    pub sequence: u64,
    /// The module whose `due` handler gets the payload.
    pub module: u16,
    pub payload: Vec<u8>,
}

impl DueItem {
    fn order(&self) -> (Timestamp, u64) {
        (self.at, self.sequence)
    }
}

impl Record for DueItem {
    type Id = u64;
    const MODULE: u8 = 0;
    const TABLE: u8 = 1;
    const NAME: &'static str = "due";
}

#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
struct Heap {
    size: u64,
    scheduled: u64,
}

impl Record for Heap {
    type Id = ();
    const MODULE: u8 = 0;
    const TABLE: u8 = 0;
    const NAME: &'static str = "due_heap";
}

/// Asks that `module` gets `payload` in the first block at or after `at`.
pub fn schedule(state: &mut dyn State, at: Timestamp, module: u16, payload: Vec<u8>) -> Result<(), Miss> {
    let mut heap = Heap::load(state, &())?.unwrap_or_default();
    let item = DueItem { at, sequence: heap.scheduled, module, payload };
    let mut slot = heap.size;
    heap.size += 1;
    heap.scheduled += 1;
    heap.store(state, &());
    while slot > 0 {
        let above = (slot - 1) / 2;
        let parent = load(state, above)?;
        if parent.order() <= item.order() {
            break;
        }
        parent.store(state, &slot);
        slot = above;
    }
    item.store(state, &slot);
    Ok(())
}

/// Takes the earliest item that is due at `now`.
pub fn take(state: &mut dyn State, now: Timestamp) -> Result<Option<DueItem>, Miss> {
    let mut heap = Heap::load(state, &())?.unwrap_or_default();
    if heap.size == 0 {
        return Ok(None);
    }
    let first = load(state, 0)?;
    if first.at > now {
        return Ok(None);
    }
    heap.size -= 1;
    let last = load(state, heap.size)?;
    DueItem::remove(state, &heap.size);
    heap.store(state, &());
    if heap.size > 0 {
        sink(state, heap.size, last)?;
    }
    Ok(Some(first))
}

/// The hash that stands where a transaction's would: ids of records that due work makes are derived from it.
pub fn stand_in(height: u64, sequence: u64) -> TransactionHash {
    TransactionHash::of(&[b"tributary/due/1", &height.to_le_bytes(), &sequence.to_le_bytes()])
}

/// When the next item is due.
pub fn next(state: &mut dyn State) -> Result<Option<Timestamp>, Miss> {
    Ok(DueItem::load(state, &0)?.map(|item| item.at))
}

/// Puts `item` into slot 0 and lets it sink to its place.
fn sink(state: &mut dyn State, size: u64, item: DueItem) -> Result<(), Miss> {
    let mut slot = 0;
    loop {
        let left = slot * 2 + 1;
        if left >= size {
            break;
        }
        let mut child = (left, load(state, left)?);
        if left + 1 < size {
            let right = load(state, left + 1)?;
            if right.order() < child.1.order() {
                child = (left + 1, right);
            }
        }
        if item.order() <= child.1.order() {
            break;
        }
        child.1.store(state, &slot);
        slot = child.0;
    }
    item.store(state, &slot);
    Ok(())
}

fn load(state: &mut dyn State, slot: u64) -> Result<DueItem, Miss> {
    Ok(DueItem::load(state, &slot)?.expect("every slot below the heap's size holds an item"))
}

/// The law: no item is due before the one above it, and there are as many as the heap says.
pub fn audit(audit: &mut Audit) {
    let size = audit.all::<Heap>().first().map_or(0, |(_, heap)| heap.size);
    let items: std::collections::BTreeMap<u64, DueItem> = audit.all::<DueItem>().into_iter().collect();
    audit.ensure("DUE-1", items.len() as u64 == size, || format!("{} items in a heap of {size}", items.len()));
    for (slot, item) in &items {
        let above = slot.checked_sub(1).and_then(|slot| items.get(&(slot / 2)));
        audit.ensure("DUE-2", above.is_none_or(|above| above.order() <= item.order()), || format!("slot {slot}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::state::Memory;

    #[test]
    fn items_come_back_by_time_then_by_order_of_scheduling() {
        let mut state = Memory::default();
        let times = [50, 10, 40, 10, 30, 20, 10, 60, 5];
        for (position, at) in times.iter().enumerate() {
            let payload = vec![u8::try_from(position).unwrap()];
            schedule(&mut state, Timestamp(*at), 7, payload).unwrap();
            assert!(Audit::run(&state, &[audit]).is_empty());
        }
        assert_eq!(next(&mut state).unwrap(), Some(Timestamp(5)));
        let mut taken = Vec::new();
        while let Some(item) = take(&mut state, Timestamp(40)).unwrap() {
            taken.push((item.at.0, item.payload[0]));
            assert!(Audit::run(&state, &[audit]).is_empty());
        }
        assert_eq!(taken, [(5, 8), (10, 1), (10, 3), (10, 6), (20, 5), (30, 4), (40, 2)]);
        assert_eq!(next(&mut state).unwrap(), Some(Timestamp(50)));
    }
}
