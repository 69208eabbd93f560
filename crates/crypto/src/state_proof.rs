//! State proofs: what a record is, or that there is none, under a final block's state root.
//!
//! The state is an append-only log of operations with a bitmap of which ones are live (QMDB, as the engine keeps it). An
//! operation says: at this place lies this entry, and the next place in use is that one. So one live operation proves a
//! record, or that nothing lies between two places.
//!
//! ```text
//!   operation -> leaf -> ... -> 256 leaves, hashed with their 256 live bits -> ... -> peak -> log with bits ---.
//!   root of the log without bits, last bits of an unfinished 256 ---------------------------------------------+-> state root
//! ```
//! The checks here use SHA-256 only and none of the engine's libraries: whoever wants to check a record in another
//! language reads this file.

use crate::finality::{Finality, FinalityError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Bytes, ChainId, Digest, Header, List};

/// The only version so far.
pub const VERSION: u8 = 1;
/// Longest entry that a proof carries: above what one block can write.
const ENTRY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of the length in front of an entry's key.
const LENGTH_BYTES: usize = 4;
/// Leaves whose live bits are hashed together, as a power of two.
const CHUNK_HEIGHT: u32 = 8;
/// More leaves than any log will have; keeps the arithmetic of positions far from its ends.
const LEAVES_MAX: u64 = 1 << 62;
/// First byte of an operation that writes an entry.
const UPDATE: u8 = 0xD2;
/// What a root commits to about the shape of its tree: a Merkle mountain range, peaks folded from the newest.
const TREE_DOMAIN: [u8; 2] = [0, 1];

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

/// Everything that someone who knows a chain's identity and group key needs to check what is said of a key. The key and
/// the value are not in it: the reader has them, and a proof that brought its own could be read without them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Bundle {
    pub version: u8,
    /// The final block after which it is so.
    pub header: Header,
    pub finality: Finality,
    pub neighbor: Neighbor,
    pub path: Path,
}

/// What else the proving operation says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Neighbor {
    /// The key has a value; the next place in use after the key's.
    Next(Digest),
    /// The key has none: this other entry's next place in use lies beyond the key's.
    Around { before: Bytes<ENTRY_BYTES_MAX>, next: Digest },
}

/// How an operation hangs under a state root.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Path {
    /// The operation's number in the log.
    pub location: u64,
    /// Operations in the log.
    pub leaves: u64,
    /// Peaks, counted from the oldest, under which nothing is live.
    pub inactive_peaks: u64,
    /// Folded and single peaks before, peaks after, folded peaks after, then the siblings from left to right.
    pub digests: List<Digest, 192>,
    /// The live bits of the operation and its 255 neighbours.
    pub chunk: Digest,
    /// SHA-256 of the last live bits, where the log's length is no multiple of 256.
    pub partial: Option<Digest>,
    /// Root of the log without its live bits.
    pub log_root: Digest,
}

/// Why a state proof does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProofError {
    #[error("this version of the proof is not known")]
    Version,
    #[error("the block is not final: {0}")]
    Finality(#[from] FinalityError),
    #[error("the neighboring entry does not show that the key is absent")]
    Neighbor,
    #[error("the proof shows presence where absence is claimed, or the other way round")]
    OtherFinding,
    #[error("the path is malformed")]
    Path,
    #[error("the operation is not live")]
    Dead,
    #[error("the path leads to another state root")]
    OtherRoot,
}

impl Bundle {
    /// Checks that after the block of the returned header, which is final on the chain with this identity and group key,
    /// `value` lies under `key`; with `None`, that nothing does. Every byte of the bundle is bound by one of the checks.
    pub fn verify(
        &self,
        chain: ChainId,
        group_key: &[u8],
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<&Header, ProofError> {
        if self.version != VERSION {
            return Err(ProofError::Version);
        }
        let operation = match (&self.neighbor, value) {
            (Neighbor::Next(next), Some(value)) => operation(place(key), &entry(key, value), *next),
            (Neighbor::Around { before, next }, None) => {
                let (neighbor, _) = open_entry(before).ok_or(ProofError::Neighbor)?;
                let from = place(neighbor);
                if !between(from, place(key), *next) {
                    return Err(ProofError::Neighbor);
                }
                operation(from, before, *next)
            }
            (Neighbor::Next(_), None) | (Neighbor::Around { .. }, Some(_)) => return Err(ProofError::OtherFinding),
        };
        // Hashes before the signature: what is spoiled is refused cheaply.
        if self.path.root(&operation)? != self.header.state_root {
            return Err(ProofError::OtherRoot);
        }
        self.finality.verify(chain, group_key, &self.header)?;
        Ok(&self.header)
    }
}

/// Whether `sought` lies strictly between two neighbours; the last place's next is the first.
fn between(from: Digest, sought: Digest, next: Digest) -> bool {
    if from < next { from < sought && sought < next } else { from < sought || sought < next }
}

/// An operation as the log holds it.
fn operation(place: Digest, entry: &[u8], next: Digest) -> Vec<u8> {
    let mut bytes = vec![UPDATE];
    bytes.extend(place.0);
    let mut length = entry.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).expect("less than seven bits are left"));
    bytes.extend(entry);
    bytes.extend(next.0);
    bytes
}

/// A perfect subtree of the log's tree.
#[derive(Clone, Copy)]
struct Subtree {
    /// Its first leaf.
    start: u64,
    height: u32,
}

impl Subtree {
    fn end(self) -> u64 {
        self.start + (1 << self.height)
    }

    /// Its root's place among all nodes, in the order in which they came to be; part of every node's hash.
    fn position(self) -> u64 {
        2 * self.start - u64::from(self.start.count_ones()) + (2 << self.height) - 2
    }

    fn children(self) -> (Self, Self) {
        let height = self.height - 1;
        (Self { start: self.start, height }, Self { start: self.start + (1 << height), height })
    }
}

/// The perfect subtrees of a log: one for each bit of its length, the largest first.
fn peaks(leaves: u64) -> Vec<Subtree> {
    let mut start = 0;
    let mut peaks = Vec::new();
    for height in (0..u64::BITS).rev().filter(|height| leaves >> height & 1 == 1) {
        peaks.push(Subtree { start, height });
        start += 1 << height;
    }
    peaks
}

impl Path {
    /// The state root to which this path leads from an operation.
    fn root(&self, operation: &[u8]) -> Result<Digest, ProofError> {
        if self.location >= self.leaves || self.leaves > LEAVES_MAX {
            return Err(ProofError::Path);
        }
        let bit = usize::try_from(self.location % 256).expect("below 256");
        if self.chunk.0[bit / 8] >> (bit % 8) & 1 == 0 {
            return Err(ProofError::Dead);
        }
        self.check_partial()?;
        let live_log = self.live_log_root(operation)?;
        let last = self.leaves % 256;
        Ok(match self.partial {
            Some(partial) => Digest::of(&[&self.log_root.0, &live_log.0, &last.to_be_bytes(), &partial.0]),
            None => Digest::of(&[&self.log_root.0, &live_log.0]),
        })
    }

    /// The bits of an unfinished chunk are not in the tree, so they must be the ones that the root commits to.
    fn check_partial(&self) -> Result<(), ProofError> {
        let unfinished = !self.leaves.is_multiple_of(256);
        if self.partial.is_some() != unfinished {
            return Err(ProofError::Path);
        }
        let in_unfinished = self.location / 256 == self.leaves / 256;
        if in_unfinished && self.partial != Some(Digest::of(&[&self.chunk.0])) {
            return Err(ProofError::Path);
        }
        Ok(())
    }

    /// The root of the log's tree with the live bits in it.
    fn live_log_root(&self, operation: &[u8]) -> Result<Digest, ProofError> {
        let peaks = peaks(self.leaves);
        let inactive = usize::try_from(self.inactive_peaks).map_err(|_| ProofError::Path)?;
        if inactive > peaks.len() {
            return Err(ProofError::Path);
        }
        let own = peaks.iter().position(|peak| self.location < peak.end()).ok_or(ProofError::Path)?;
        let mut rest = self.digests.iter().copied();
        let mut next = || rest.next().ok_or(ProofError::Path);
        // Inactive peaks before the operation's are folded into one; the others stand alone.
        let folded = inactive.min(own);
        let before = usize::from(folded > 0) + (own - folded);
        let mut digests = (0..before).map(|_| next()).collect::<Result<Vec<_>, _>>()?;
        // Active peaks after it are folded into one.
        let behind = peaks.len() - own - 1;
        let single = inactive.saturating_sub(own + 1).min(behind);
        let after = single + usize::from(behind > single);
        let after = (0..after).map(|_| next()).collect::<Result<Vec<_>, _>>()?;
        digests.push(self.climb(peaks[own], operation, &mut next)?);
        digests.extend(after);
        if rest.next().is_some() {
            return Err(ProofError::Path);
        }
        let to_fold = if folded > 0 { inactive - folded + 1 } else { inactive };
        self.fold(&digests, to_fold)
    }

    /// The digest of a subtree that holds the operation.
    fn climb(
        &self,
        tree: Subtree,
        operation: &[u8],
        next: &mut impl FnMut() -> Result<Digest, ProofError>,
    ) -> Result<Digest, ProofError> {
        let position = tree.position().to_be_bytes();
        if tree.height == 0 {
            return Ok(Digest::of(&[&position, operation]));
        }
        let (left, right) = tree.children();
        let (left, right) = if self.location < right.start {
            let left = self.climb(left, operation, next)?;
            (left, next()?)
        } else {
            (next()?, self.climb(right, operation, next)?)
        };
        let node = Digest::of(&[&position, &left.0, &right.0]);
        // The operation's own bit is set, so its chunk is not the empty one, whose nodes carry no bits.
        Ok(if tree.height == CHUNK_HEIGHT { Digest::of(&[&self.chunk.0, &node.0]) } else { node })
    }

    /// Inactive peaks are folded from the oldest on, the others from the newest back.
    fn fold(&self, digests: &[Digest], to_fold: usize) -> Result<Digest, ProofError> {
        let (oldest, newest) = digests.split_at_checked(to_fold.max(1)).ok_or(ProofError::Path)?;
        let pair = |left: Digest, right: Digest| Digest::of(&[&left.0, &right.0]);
        let old = oldest.iter().copied().reduce(pair).ok_or(ProofError::Path)?;
        let new = newest.iter().rev().copied().reduce(|bag, peak| pair(peak, bag));
        let all = new.map_or(old, |new| pair(old, new));
        let (leaves, inactive) = (self.leaves.to_be_bytes(), self.inactive_peaks.to_be_bytes());
        Ok(if self.inactive_peaks == 0 {
            Digest::of(&[&TREE_DOMAIN, &leaves, &all.0])
        } else {
            Digest::of(&[&TREE_DOMAIN, &leaves, &inactive, &all.0])
        })
    }
}

#[cfg(test)]
mod tests;
