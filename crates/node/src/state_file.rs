//! A chain's whole state as one file, in a form of our own: no store's format shows in it, and every node that exports
//! the same block writes the same bytes.
//!
//! ```text
//!   "tributary state 1\n"
//!   length, header    in the wire format: chain, height, hash and time of the block, root of the state, number of records
//!   for each record, in the order of the keys:  length, key, length, value
//! ```
//! Lengths are 32-bit numbers, the lowest byte first. A key is module, table and id, a value the record, both in the wire
//! format. The digest of it all stands in the genesis of a chain that goes on with the state. The root is that of the old
//! chain's own tree, with the tree's history in it: from the records alone it cannot be computed again.

use execution::run::Records;
use serde::{Deserialize, Serialize};
use types::{BlockHash, ChainId, Digest, Timestamp, genesis::Inheritance, wire};

/// What every file begins with. A form that this version cannot read gets the next number.
const MAGIC: &[u8] = b"tributary state 1\n";
/// Largest file: the first block of the chain that goes on holds it all.
pub const BYTES_MAX: u64 = 512 << 20;

/// Where a state is from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Origin {
    pub chain: ChainId,
    pub height: u64,
    pub hash: BlockHash,
    pub time: Timestamp,
    pub state_root: Digest,
    pub records: u64,
}

/// A chain's state after a block.
#[derive(Clone, Debug)]
pub struct StateFile {
    pub origin: Origin,
    pub records: Records,
}

/// The digest of a file.
pub fn digest(file: &[u8]) -> Digest {
    Digest::of(&[b"tributary/state/1", file])
}

impl StateFile {
    /// # Panics
    /// When a key or a record has four gigabytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        put(&mut file, &wire::encode(&self.origin));
        for (key, value) in &self.records {
            put(&mut file, key);
            put(&mut file, value);
        }
        file
    }

    /// # Errors
    /// Says what is wrong with the file.
    pub fn decode(file: &[u8]) -> Result<Self, String> {
        let mut rest = file.strip_prefix(MAGIC).ok_or("it is no state file of a form that this version reads")?;
        let origin: Origin = wire::decode(take(&mut rest)?).map_err(|rejection| rejection.to_string())?;
        let mut records = Records::new();
        while !rest.is_empty() {
            let (key, value) = (take(&mut rest)?, take(&mut rest)?);
            if records.last_key_value().is_some_and(|(last, _)| last.as_slice() >= key) {
                return Err("its records are in no order".to_owned());
            }
            records.insert(key.to_vec(), value.to_vec());
        }
        if u64::try_from(records.len()) != Ok(origin.records) {
            return Err(format!("it has {} records, and says that it has {}", records.len(), origin.records));
        }
        Ok(Self { origin, records })
    }

    /// The state in `file`, if it is the one that a genesis names.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn inherited(file: &[u8], named: &Inheritance) -> Result<Self, String> {
        let found = digest(file);
        if found != named.digest {
            return Err(format!("its digest is {found}, and the genesis names {}", named.digest));
        }
        let state = Self::decode(file)?;
        let Origin { chain, height, time, .. } = state.origin;
        let same = (chain, height, time) == (named.chain, named.height, named.time);
        if same { Ok(state) } else { Err(format!("the genesis names another chain, block or time than {chain}")) }
    }

    /// What a genesis says of this state, whose file has this digest.
    pub fn named(&self, digest: Digest) -> Inheritance {
        let Origin { chain, height, time, .. } = self.origin;
        Inheritance { chain, height, time, digest }
    }
}

fn put(file: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("records are small");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(bytes);
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let cut_off = || "it is cut off".to_owned();
    let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(cut_off)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|error| error.to_string())?;
    let (taken, behind) = behind.split_at_checked(length).ok_or_else(cut_off)?;
    *rest = behind;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> StateFile {
        let records: Records = [(vec![1, 0, 7], vec![9; 40]), (vec![1, 1], Vec::new())].into();
        let origin = Origin {
            chain: ChainId::default(),
            height: 12,
            hash: BlockHash::default(),
            time: Timestamp(1_800_000_000_000),
            state_root: Digest::of(&[b"root"]),
            records: 2,
        };
        StateFile { origin, records }
    }

    #[test]
    fn a_state_reads_back_and_is_the_one_that_was_named() {
        let file = state().encode();
        let named = state().named(digest(&file));
        let read = StateFile::inherited(&file, &named).unwrap();
        assert_eq!((read.origin, read.records), (state().origin, state().records));
    }

    #[test]
    fn a_file_with_any_byte_changed_or_cut_off_anywhere_is_refused() {
        let file = state().encode();
        let named = state().named(digest(&file));
        for place in 0..file.len() {
            let mut changed = file.clone();
            changed[place] ^= 1;
            assert!(StateFile::inherited(&changed, &named).is_err(), "byte {place}");
            assert!(StateFile::decode(&file[..place]).is_err(), "cut off at {place}");
        }
    }

    #[test]
    fn records_out_of_order_or_twice_are_refused() {
        let whole = state().encode();
        let head = whole.len() - (4 + 3 + 4 + 40) - (4 + 2 + 4);
        let mut twice = whole[..head].to_vec();
        for _ in 0..2 {
            twice.extend_from_slice(&whole[whole.len() - 10..]);
        }
        assert_eq!(StateFile::decode(&twice).unwrap_err(), "its records are in no order");
    }

    #[test]
    fn a_genesis_that_names_another_block_is_told() {
        let file = state().encode();
        let named = Inheritance { height: 13, ..state().named(digest(&file)) };
        assert!(StateFile::inherited(&file, &named).unwrap_err().contains("another chain, block or time"));
    }
}
