//! Parts of the protocol that a vote switches on.
//!
//! A rule that changes asks [`is_active`](super::is_active) and does the old thing below the feature's height. A program
//! that does not know a feature must stop there instead of going on by the old rule: `execution` refuses such a block.
//! No act looks at this list. It differs between programs, and what an act does must not.

/// A feature that this program knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownFeature {
    /// Never reused.
    pub number: u32,
    pub name: &'static str,
}

/// Features that this program knows, in the order of their numbers.
const KNOWN: &[KnownFeature] = &[];

/// Features that this program knows: what a vote may activate on a chain whose nodes all run it.
pub const fn known_features() -> &'static [KnownFeature] {
    KNOWN
}

pub(super) fn is_known(number: u32) -> bool {
    KNOWN.iter().any(|feature| feature.number == number)
}
