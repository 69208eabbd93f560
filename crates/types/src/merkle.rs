//! RFC 6962 trees: the root of a list, proofs that an item is in it, proofs that a list only grew.
//!
//! ```text
//!           root(0..5)              leaf(x)    = SHA-256(0x00 || x)
//!          /          \             node(l, r) = SHA-256(0x01 || l || r)
//!      (0..4)          4            the left part of every node holds the largest power of two
//!      /    \                       of leaves that is smaller than the whole
//!   (0..2) (2..4)
//! ```
//! Leaves and inner nodes are hashed differently, so an inner node can never pass for a leaf. Public verifiers that
//! know RFC 6962 or RFC 9162 (SHA-256) check these proofs without us.

use crate::{Digest, text::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Peaks of a [`Frontier`]: one per bit of its size.
pub const PEAKS_MAX: usize = 64;

/// The hash of a leaf's bytes.
pub fn leaf(bytes: &[u8]) -> Digest {
    Digest::of(&[&[0], bytes])
}

/// The hash of two neighbors.
pub fn node(left: Digest, right: Digest) -> Digest {
    Digest::of(&[&[1], &left.0, &right.0])
}

/// The root of a list of leaf hashes; of no leaves, the SHA-256 of nothing.
pub fn root(leaves: &[Digest]) -> Digest {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.append(*leaf);
    }
    frontier.root()
}

/// The neighbors on the way from leaf `index` to the root, from the bottom; `None` when there is no such leaf.
pub fn inclusion_proof(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut part, mut index, mut path) = (leaves, index, Vec::new());
    while part.len() > 1 {
        let (left, right) = part.split_at(split(part.len()));
        if index < left.len() {
            path.push(root(right));
            part = left;
        } else {
            path.push(root(left));
            index -= left.len();
            part = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Whether `leaf` is the leaf number `index` of the tree of `size` leaves under `root` (RFC 9162, 2.1.3.2).
pub fn verify_inclusion(root: Digest, size: u64, index: u64, leaf: Digest, proof: &[Digest]) -> bool {
    if index >= size {
        return false;
    }
    let (mut position, mut last, mut hash) = (index, size - 1, leaf);
    for neighbor in proof {
        if last == 0 {
            return false;
        }
        if position & 1 == 1 || position == last {
            hash = node(*neighbor, hash);
            // Levels where this node has no neighbor pass it up unchanged.
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(hash, *neighbor);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// A step from a node to its parent: the neighbor that is hashed with it, by the side on which the neighbor stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Step {
    Left(Digest),
    Right(Digest),
}

/// The steps from leaf `index` to the root; `None` when there is no such leaf.
///
/// The hashes are those of [`inclusion_proof`]. There the verifier needs the tree's size beside them, which no root
/// commits to: the same proof passes for several sizes. Here every bit is bound by the root.
pub fn steps(leaves: &[Digest], index: usize) -> Option<Vec<Step>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut part, mut index, mut steps) = (leaves, index, Vec::new());
    while part.len() > 1 {
        let (left, right) = part.split_at(split(part.len()));
        if index < left.len() {
            steps.push(Step::Right(root(right)));
            part = left;
        } else {
            steps.push(Step::Left(root(left)));
            index -= left.len();
            part = right;
        }
    }
    steps.reverse();
    Some(steps)
}

/// The root to which steps lead from a leaf.
pub fn climb(leaf: Digest, steps: &[Step]) -> Digest {
    steps.iter().fold(leaf, |below, step| match step {
        Step::Left(neighbor) => node(*neighbor, below),
        Step::Right(neighbor) => node(below, *neighbor),
    })
}

/// The nodes that show that the first `old_size` leaves are the start of all leaves; `None` when there are fewer.
/// Empty when the sizes are equal or the old tree is empty: then there is nothing to show.
pub fn consistency_proof(leaves: &[Digest], old_size: usize) -> Option<Vec<Digest>> {
    if old_size > leaves.len() {
        return None;
    }
    if old_size == 0 || old_size == leaves.len() {
        return Some(Vec::new());
    }
    let (mut part, mut old, mut whole, mut path) = (leaves, old_size, true, Vec::new());
    while old != part.len() {
        let (left, right) = part.split_at(split(part.len()));
        if old <= left.len() {
            path.push(root(right));
            part = left;
        } else {
            path.push(root(left));
            old -= left.len();
            part = right;
            whole = false;
        }
    }
    // A verifier knows the old root itself, so it is left out where the old tree is a node of the new one.
    if !whole {
        path.push(root(part));
    }
    path.reverse();
    Some(path)
}

/// Whether the tree of `new_size` leaves under `new_root` begins with the tree of `old_size` leaves under `old_root`
/// (RFC 9162, 2.1.4.2).
pub fn verify_consistency(
    (old_size, old_root): (u64, Digest),
    (new_size, new_root): (u64, Digest),
    proof: &[Digest],
) -> bool {
    if old_size == 0 {
        return proof.is_empty() && old_root == root(&[]) && (new_size > 0 || new_root == old_root);
    }
    if old_size >= new_size {
        return old_size == new_size && proof.is_empty() && old_root == new_root;
    }
    // Where the old tree is a node of the new one, the proof leaves it out: the verifier has it.
    let mut nodes = old_size.is_power_of_two().then_some(&old_root).into_iter().chain(proof);
    let Some(start) = nodes.next() else { return false };
    let (mut position, mut last) = (old_size - 1, new_size - 1);
    while position & 1 == 1 {
        position >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*start, *start);
    for neighbor in nodes {
        if last == 0 {
            return false;
        }
        if position & 1 == 1 || position == last {
            old_hash = node(*neighbor, old_hash);
            new_hash = node(*neighbor, new_hash);
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node(new_hash, *neighbor);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == old_root && new_hash == new_root
}

/// The largest power of two below `size`.
fn split(size: usize) -> usize {
    1 << (size - 1).ilog2()
}

/// The right edge of a growing tree: enough to append leaves and to know the root, in at most 64 hashes.
///
/// Holds the roots of the complete subtrees, largest first: 5 leaves are (0..4) and (4..5).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "FrontierWire")]
pub struct Frontier {
    size: u64,
    peaks: List<Digest, PEAKS_MAX>,
}

/// A frontier as it travels, before its peaks are counted.
#[derive(Deserialize, JsonSchema)]
struct FrontierWire {
    size: u64,
    peaks: List<Digest, PEAKS_MAX>,
}

impl TryFrom<FrontierWire> for Frontier {
    type Error = String;
    fn try_from(FrontierWire { size, peaks }: FrontierWire) -> Result<Self, String> {
        let expected = size.count_ones();
        if u32::try_from(peaks.len()) != Ok(expected) {
            return Err(format!("a tree of {size} leaves has {expected} peaks, not {}", peaks.len()));
        }
        Ok(Self { size, peaks })
    }
}

impl Frontier {
    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf hash; gives its index.
    pub fn append(&mut self, leaf: Digest) -> u64 {
        let index = self.size;
        let mut peaks = std::mem::take(&mut self.peaks).into_vec();
        let mut hash = leaf;
        // Each trailing one bit of the size is a complete subtree as large as the one that just became complete.
        for _ in 0..index.trailing_ones() {
            let left = peaks.pop().expect("one peak per bit of the size");
            hash = node(left, hash);
        }
        peaks.push(hash);
        self.peaks = List::new(peaks).expect("one peak per bit of the size");
        self.size = index.checked_add(1).expect("2^64 leaves cannot be appended one by one");
        index
    }

    /// The root of all leaves so far.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev().copied();
        match peaks.next() {
            None => Digest::of(&[]),
            Some(last) => peaks.fold(last, |right, left| node(left, right)),
        }
    }
}

#[cfg(test)]
mod tests;
