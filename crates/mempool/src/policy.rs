//! When a sender may put another transaction in the place of one that waits.
//!
//! A transaction names no fee, and what the chain does with it does not depend on the pool. So the only priority that is
//! signed is its `valid_until`: of two with one nonce, the one that its sender lets live longer is its later word. Every
//! node that follows `Priority` keeps the same one of them, in whatever order they come.

use types::{Timestamp, transaction::Checked};

use crate::lane::Lane;

/// By how much a later word must outlive the earlier: with validity bounded, so is the number of replacements.
const LATER_MS_MIN: u64 = 1_000;
/// How often an account may replace under fair share.
const INTERVAL_MS: u64 = 5_000;

/// Whether a sender may put another transaction in the place of one that waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// Never: the first to come keeps its nonce until it is final or has expired.
    #[default]
    FirstCome,
    /// If the new one is valid for at least a second longer.
    Priority,
    /// While this node has not proposed the old one, once in five seconds of block time for each account.
    FairShare,
}

impl Policy {
    pub(crate) fn replaces(self, lane: &Lane, old: &Checked, new: &Checked, now: Timestamp) -> bool {
        let (old, new) = (&old.transaction.body, &new.transaction.body);
        match self {
            Self::FirstCome => false,
            Self::Priority => new.valid_until.0 >= old.valid_until.0.saturating_add(LATER_MS_MIN),
            Self::FairShare => {
                let rested = lane.replaced_at().is_none_or(|at| now.0 >= at.0.saturating_add(INTERVAL_MS));
                rested && !lane.was_offered(old.nonce)
            }
        }
    }
}

impl std::str::FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "first-come" => Ok(Self::FirstCome),
            "priority" => Ok(Self::Priority),
            "fair-share" => Ok(Self::FairShare),
            other => Err(format!("`{other}` is no policy: choose first-come, priority or fair-share")),
        }
    }
}
