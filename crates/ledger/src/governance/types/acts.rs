//! The acts and the questions, and the changes that a proposal may carry.

use super::{Choice, FeatureName, Parameters, Preflight, Proposal, ProposalId};
use crate::{core::EnterpriseId, policy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    List, PeerKey, Rejection, Timestamp, limits,
    peer::PeerAddresses,
    text::{Name, Remark},
};

/// A machine as a proposal introduces it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewPeer {
    /// The machine's peer key; one that no validator has or had.
    pub peer_key: PeerKey,
    /// The enterprise that runs it.
    pub enterprise: EnterpriseId,
    /// The machine's name for people.
    pub name: Name,
    /// Where the other peers reach it, the preferred address first.
    pub addresses: PeerAddresses,
}

/// One change of the chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChainChange")]
pub enum Change {
    /// Admits a validator; an observer of the same enterprise may become one.
    AddValidator(NewPeer),
    /// Takes a validator out.
    RemoveValidator { peer_key: PeerKey },
    /// Gives a validator's place to another key: its machine or its key is lost.
    ReplacePeerKey { from: PeerKey, to: PeerKey },
    /// Admits a peer that follows without a vote.
    AddObserver(NewPeer),
    /// Takes an observer out.
    RemoveObserver { peer_key: PeerKey },
    /// Sets an enterprise's weight in votes; 0 takes it away.
    SetWeight { enterprise: EnterpriseId, weight: u32 },
    /// Sets the parameters of governance, changed or not.
    SetParameters(Parameters),
    /// Sets the policy that holds from a future time on.
    SetPolicy(Box<policy::Set>),
    /// Activates a part of the protocol from a height on; one that does not hold yet may get another height.
    ActivateFeature { number: u32, name: FeatureName, height: u64 },
}

/// Proposes changes of the chain; whoever proposes votes Yes by it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Propose {
    /// The changes: all are made together, or none.
    pub changes: List<Change, { limits::CHANGES_PER_PROPOSAL_MAX }>,
    /// Why, for those who vote.
    pub reason: Remark,
    /// When the changes are made, if the proposal is adopted earlier; `null`: as soon as it is adopted.
    pub effective_at: Option<Timestamp>,
    /// Make the changes even if too few validators are proven live; those who vote see this and vote on it.
    pub override_preflight: bool,
}

/// Votes on a proposal; a second vote of the same enterprise takes the place of the first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VoteOnProposal")]
pub struct Vote {
    /// The proposal.
    pub proposal: ProposalId,
    /// Yes or No.
    pub choice: Choice,
}

/// Takes back an own proposal that is open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WithdrawProposal")]
pub struct Withdraw {
    /// The proposal.
    pub proposal: ProposalId,
}

/// Says where a machine of the own enterprise is reached; committees fixed from now on carry it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetAddresses {
    /// The machine's peer key: a validator or an observer.
    pub peer_key: PeerKey,
    /// The machine's name for people.
    pub name: Name,
    /// Where the other peers reach it, the preferred address first.
    pub addresses: PeerAddresses,
}

/// How is the chain changed, and how much weight is there?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ParametersNow {}

/// Would the chain go on after these changes?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PreflightOf {
    /// The changes; none: as things stand.
    pub changes: List<Change, { limits::CHANGES_PER_PROPOSAL_MAX }>,
}

/// What a proposal of these changes would meet now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PreflightAnswer {
    /// The figures; `null` when a change is not possible at all.
    pub figures: Option<Preflight>,
    /// Why the changes would be refused; `null`: they would not be.
    pub refusal: Option<Rejection>,
    /// Features among the changes that the answering program does not know.
    pub unknown_features: Vec<u32>,
}

/// Who is in the committee of an epoch?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CommitteeOf {
    /// The epoch; `null`: that of the latest block.
    pub epoch: Option<u64>,
}

/// A member of a committee, as it stands now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SeatView {
    pub peer_key: PeerKey,
    pub enterprise: EnterpriseId,
    pub name: Name,
    /// Where it is reached now.
    pub addresses: PeerAddresses,
    /// The last block it is known to have led, to within a few blocks; `null`: none.
    pub led_height: Option<u64>,
    /// Whether it led within the window.
    pub live: bool,
}

/// A committee.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CommitteeView {
    pub epoch: u64,
    /// The epoch's first block.
    pub first_height: u64,
    /// The block that fixed the committee.
    pub fixed_height: u64,
    /// Members that may fail or lie.
    pub faults: u32,
    /// Members that must sign.
    pub quorum: u32,
    pub members: Vec<SeatView>,
}

/// How does a proposal stand?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProposalOf {
    /// The proposal.
    pub proposal: ProposalId,
}

/// A proposal, and what it would meet now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProposalView {
    pub proposal: Proposal,
    /// Weight of Yes that is still missing; 0: the threshold is reached.
    pub missing_weight: u64,
    /// What its changes would meet now; `null` when it is decided.
    pub preflight: Option<PreflightAnswer>,
}
