//! State proofs: what a record is, or that there is none, under a final block's state root.

use types::Digest;

/// Bytes of the length in front of an entry's key.
const LENGTH_BYTES: usize = 4;

/// Where a key's record lies in the authenticated state.
pub fn place(key: &[u8]) -> Digest {
    Digest::of(&[key])
}

/// What lies there: the key too, so that a state can be listed by its keys.
pub fn entry(key: &[u8], value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(key.len()).expect("a key is a few dozen bytes");
    [length.to_le_bytes().as_slice(), key, value].concat()
}

/// The key and the value of an entry.
pub fn open_entry(entry: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = entry.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}
