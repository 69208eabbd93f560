//! The chain's own affairs: who makes its blocks, who votes, how it changes. Nothing but a vote changes any of it.
//!
//! Parties: enterprises with a weight propose and vote (maker and checker); the operator is one of them only if the
//! genesis names it as a founder, or names no founder at all. An enterprise says itself where its machines are reached.
//!
//! ```text
//!  propose ---> Open ---- Yes exceeds the threshold ----> Adopted ---- at its time ----> Executed
//!  (votes Yes)   |  |                |                       |
//!                |  |                +--- no time named -----|-----------------------> Executed
//!                |  +-- withdraw --> Withdrawn               +--- not possible any more --> Failed
//!                +-- out of time --> Expired
//!
//!  AddValidator --> Joining --- fixed in ---> Member --- RemoveValidator ---> Leaving --- fixed out ---> Left
//!                      |                                                                                  ^
//!                      +---- RemoveValidator: it never sat -----------------------------------------------+
//!
//!  epoch E                          E + 1                            E + 2
//!  |------- middle block ----------|--------------------------------|--------------------------------|
//!            fixes committee E + 2                                    it receives key shares; from E + 3 on it signs
//! ```
//! `Committee { epoch }` is whom the resharing of that epoch deals to. Block `h` is in epoch `h / epoch_blocks`; what
//! was voted before the middle block of epoch E is in the committee of E + 2. Those of 0 and 1 are the genesis's.
//!
//! Preflight (see `preflight.rs`). Of n members f = (n - 1) / 3 may fail, and n - f must sign. A change of membership
//! is refused - when it is proposed, when a vote would adopt it, when it is made - if fewer than a quorum of the new
//! members have led lately, or fewer than a quorum of the old ones would stay. A proposal may say `override_preflight`;
//! then that is voted with it. When the committee is fixed the figures are taken again: a change that has become unsafe
//! waits.
//!
//! Laws:
//! - G1: each epoch up to the fixed one has one committee, in the order of the peer keys, fixed in the middle of the
//!   epoch before the last.
//! - G2: a committee's members are the validators that had joined by then and not left.
//! - G3: a peer key is one peer's for ever; the roster lists who is there.
//! - G4: the sum of the weights is the total, and it is above zero.
//! - G5: an enterprise votes once, with weight; what was adopted exceeded its threshold when it was.
//! - G6: a feature has one height, in the future when it was set.
//!
//! Weight. A suspended enterprise cannot vote, and its weight still counts in the total: no standing makes a proposal
//! pass. An enterprise with weight or machines has obligations open, so it cannot leave before a vote lets it go.
//!
//! Example: four founders with weight 1 and a machine each; epochs of 1,000 blocks. At height 2,100 `BKB` joins: `CORE`
//! proposes `AddValidator`; with its Yes that is 1 of 4. `BKA` votes Yes: 2. `OP` votes Yes: 3 of 4 = 750,000 ppm, over
//! 666,667, so the change is made at once. The preflight counted 5 members, 1 fault, quorum 4, live 4: sound. At 2,500,
//! the middle of epoch 2, the committee of epoch 4 is fixed with five members; at 4,000 the key shares are dealt, and
//! from 5,000 the five sign. `BKB` has weight 1 from the vote on: the next proposal takes 4 of 5. Had two machines been
//! proposed, n = 6, quorum 5, live 4: refused, unless voted with the override.

mod audit;
mod changes;
mod committee;
mod features;
mod inherit;
#[cfg(any(test, feature = "testing"))]
pub mod fixtures;
mod preflight;
mod queries;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod types;

pub use committee::{BlockFacts, LEAD_RECORD_BLOCKS, fix_committee, is_active, on_block, unknown_features};
pub use features::{KnownFeature, known_features};
pub(crate) use inherit::inherit;
pub use preflight::{faults, quorum};
pub use state::{committee_key, observer_key, roster_key, schedule_key, validator_key};
pub use types::*;

use crate::core::{CallSpec, EventSpec, Module, QuerySpec, TableSpec};

pub const MODULE: Module = Module {
    number: 9,
    name: "governance",
    about: "Who makes the chain's blocks and who votes: proposals and votes change that, the parameters and the policy.",
    calls: &[
        CallSpec::new::<Propose>(1),
        CallSpec::new::<Vote>(2),
        CallSpec::new::<Withdraw>(3),
        CallSpec::new::<SetAddresses>(4),
    ],
    queries: &[
        QuerySpec::new::<ParametersNow>(),
        QuerySpec::new::<PreflightOf>(),
        QuerySpec::new::<CommitteeOf>(),
        QuerySpec::new::<ProposalOf>(),
    ],
    tables: &[
        TableSpec::new::<Validator>(),
        TableSpec::new::<Observer>(),
        TableSpec::new::<Committee>(),
        TableSpec::new::<Proposal>(),
        TableSpec::new::<Feature>(),
        TableSpec::new::<Weight>(),
        TableSpec::new::<Lead>(),
    ],
    events: &[
        EventSpec::new::<ProposalOpened>(),
        EventSpec::new::<VoteCast>(),
        EventSpec::new::<ProposalAdopted>(),
        EventSpec::new::<ProposalExecuted>(),
        EventSpec::new::<ProposalFailed>(),
        EventSpec::new::<ProposalExpired>(),
        EventSpec::new::<ProposalWithdrawn>(),
        EventSpec::new::<AddressesSet>(),
        EventSpec::new::<CommitteeFixed>(),
        EventSpec::new::<CommitteeKept>(),
        EventSpec::new::<FeatureActivated>(),
    ],
    rejections: reject::CATALOGUE,
    due: Some(rules::due),
    genesis: Some(state::genesis),
    audit: audit::audit,
};
