//! The nouns: what is kept about validators, committees, proposals and features. Acts, events and rejections stand below.

mod acts;
mod events;
pub mod reject;

pub use acts::*;
pub use events::*;

use crate::{core::EnterpriseId, policy::Setter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    List, PeerKey, Rejection, Text, Timestamp, limits,
    peer::PeerAddresses,
    text::{Name, Remark},
    typed_id,
};

typed_id!(
    /// A proposal to change the chain.
    ProposalId,
    "prop"
);

/// The name of a feature: short, so that it fits a log line.
pub type FeatureName = Text<64>;

/// How the chain is changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GovernanceParameters")]
pub struct Parameters {
    /// Share of all weight, in parts per million, that the Yes votes must exceed: at least one half; 666667 is two thirds.
    pub threshold_ppm: u32,
    /// Hours for which a proposal is open.
    pub proposal_hours: u32,
    /// Weight that an enterprise gets with its first validator, if it has none; 0: none.
    pub weight_default: u32,
    /// A validator that led none of so many last blocks is not counted as live.
    pub liveness_window_blocks: u64,
    /// Who sets the policy: the operator by its act, or only a vote.
    pub policy_setter: Setter,
}

/// The parameters in force, and the sums that every vote needs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Governance {
    pub parameters: Parameters,
    /// Blocks of an epoch, as the genesis says.
    pub epoch_blocks: u64,
    /// Sum of all weights.
    pub weight_total: u64,
    /// Enterprises with a weight.
    pub voters: u32,
    /// Proposals that are open.
    pub proposals_open: u32,
    /// The last epoch whose committee is fixed.
    pub epoch_fixed: u64,
    /// Whether a vote overrode the preflight of a change that no committee contains yet.
    pub override_pending: bool,
}

/// An enterprise's weight in votes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VotingWeight")]
pub struct Weight {
    /// Above zero: without weight there is no record.
    pub weight: u32,
}

/// Where a validator stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ValidatorStatus {
    /// Admitted; the next committee that is fixed contains it.
    Joining,
    /// In the committees from its first epoch on.
    Member,
    /// Voted out; the next committee that is fixed does not contain it.
    Leaving,
    /// Gone. Its peer key never comes back.
    Left,
}

impl ValidatorStatus {
    /// Whether the next committee contains it.
    pub fn is_wanted(self) -> bool {
        match self {
            Self::Joining | Self::Member => true,
            Self::Leaving | Self::Left => false,
        }
    }
}

/// A machine that takes part in consensus.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Validator {
    /// The enterprise that runs it.
    pub enterprise: EnterpriseId,
    /// The machine's name for people.
    pub name: Name,
    /// Where the other peers reach it.
    pub addresses: PeerAddresses,
    pub status: ValidatorStatus,
    pub admitted_at: Timestamp,
    /// The machine whose place it takes.
    pub replaces: Option<PeerKey>,
    /// First epoch whose committee contains it.
    pub joined_epoch: Option<u64>,
    /// First epoch whose committee does not contain it any more.
    pub left_epoch: Option<u64>,
}

/// A machine that follows the chain without a vote in consensus.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Observer {
    /// The enterprise that runs it.
    pub enterprise: EnterpriseId,
    /// The machine's name for people.
    pub name: Name,
    /// Where the other peers reach it.
    pub addresses: PeerAddresses,
    pub admitted_at: Timestamp,
}

/// The peers that are there now, each list in the order of the keys.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Roster {
    /// Validators that have not left.
    pub validators: List<PeerKey, { limits::VALIDATORS_MAX }>,
    pub observers: List<PeerKey, { limits::OBSERVERS_MAX }>,
}

/// A member of a committee, with its addresses when the committee was fixed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Seat {
    pub peer_key: PeerKey,
    pub addresses: PeerAddresses,
}

/// Who receives key shares in an epoch's resharing, and signs from the next epoch on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Committee {
    pub epoch: u64,
    /// The members, in the order of their peer keys.
    pub members: List<Seat, { limits::COMMITTEE_MEMBERS_MAX }>,
    /// The block that fixed it; 0: the genesis.
    pub fixed_height: u64,
}

/// When a validator led last, to within 16 blocks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Lead {
    pub height: u64,
}

/// Whether a feature holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum FeatureStatus {
    /// Voted; it holds from its height on.
    Scheduled,
    Active,
}

/// A part of the protocol that holds from a height on. A program that does not know it runs no block from there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Feature {
    pub number: u32,
    pub name: FeatureName,
    /// First block in which it holds.
    pub height: u64,
    pub status: FeatureStatus,
}

/// All features and their heights in one record: each block reads this one only.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Schedule {
    /// Number and height, in the order of the numbers.
    pub features: List<(u32, u64), { limits::FEATURES_MAX }>,
}

/// What an enterprise says to a proposal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Choice {
    Yes,
    No,
}

/// An enterprise's vote.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Ballot {
    pub enterprise: EnterpriseId,
    pub choice: Choice,
    /// Its weight when the votes were counted last.
    pub weight: u32,
    pub cast_at: Timestamp,
}

/// The votes, counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    pub yes: u64,
    pub no: u64,
    /// All weight there was, voted or not.
    pub total: u64,
    /// The threshold that held.
    pub threshold_ppm: u32,
}

impl Tally {
    /// Whether the Yes votes exceed the threshold. 200 of 300 do not exceed 666,667; 201 do.
    pub fn passes(&self) -> bool {
        u128::from(self.yes) * 1_000_000 > u128::from(self.total) * u128::from(self.threshold_ppm)
    }

    /// The weight of Yes that is missing.
    pub fn missing(&self) -> u64 {
        // The least that exceeds: one above the rounded-down share.
        let exceeded = u128::from(self.total) * u128::from(self.threshold_ppm) / 1_000_000 + 1;
        u64::try_from(exceeded.saturating_sub(u128::from(self.yes))).expect("at most the total and one")
    }
}

/// Where a proposal stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ProposalStatus {
    /// Votes are cast.
    Open,
    /// The threshold was reached; the changes wait for their time.
    Adopted,
    /// The changes are made.
    Executed,
    /// When their time came, the changes were not possible any more.
    Failed,
    /// Its time ran out.
    Expired,
    /// Its proposer took it back.
    Withdrawn,
}

impl ProposalStatus {
    /// Whether the Yes votes exceeded the threshold.
    pub fn was_adopted(self) -> bool {
        match self {
            Self::Adopted | Self::Executed | Self::Failed => true,
            Self::Open | Self::Expired | Self::Withdrawn => false,
        }
    }
}

/// What is voted on: all of the changes or none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Proposal {
    pub proposer: EnterpriseId,
    pub changes: List<Change, { limits::CHANGES_PER_PROPOSAL_MAX }>,
    pub reason: Remark,
    /// Whether the changes are made even if the preflight says that too few validators are proven live.
    pub override_preflight: bool,
    /// When the changes are made, if adopted earlier; `null`: at once.
    pub effective_at: Option<Timestamp>,
    pub opened_at: Timestamp,
    /// From here on nobody votes.
    pub expires_at: Timestamp,
    pub ballots: List<Ballot, { limits::VOTERS_MAX }>,
    pub tally: Tally,
    pub status: ProposalStatus,
    pub closed_at: Option<Timestamp>,
    /// Why the changes were not possible.
    pub failure: Option<Rejection>,
}

/// A member that is not proven live.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Unproven {
    pub peer_key: PeerKey,
    /// The machine's name for people.
    pub name: Name,
}

/// Whether the chain would go on with the validators that are admitted: the arithmetic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Preflight {
    /// The first epoch whose committee is not fixed yet: it would get this committee.
    pub epoch: u64,
    /// Members that the committee would have.
    pub members: u32,
    /// Members that a committee may have on this chain.
    pub members_max: u32,
    /// Members that may fail or lie: (members - 1) / 3.
    pub faults: u32,
    /// Members that must sign: members - faults.
    pub quorum: u32,
    /// Members that led a block within the window.
    pub live: u32,
    /// Members that did not, newcomers among them.
    pub unproven: Vec<Unproven>,
    /// The window, in blocks.
    pub window_blocks: u64,
    /// Members that the committee before does not have.
    pub joining: Vec<PeerKey>,
    /// Members of the committee before that this one would not have.
    pub leaving: Vec<PeerKey>,
    /// Members of the committee before that must deal in the resharing.
    pub dealers: u32,
    /// Members of the committee before that stay, and are live.
    pub dealers_live: u32,
    /// Whether all of this is enough.
    pub sound: bool,
}
