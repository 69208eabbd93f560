//! What happened.

use super::{Choice, Preflight, ProposalId, Tally};
use crate::core::{EnterpriseId, EventKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    PeerKey, Rejection, Timestamp,
    peer::PeerAddresses,
    text::{Name, Remark},
};

/// Declares an event: its fields, its number and the fields that name its parties.
macro_rules! event {
    ($(#[$doc:meta])* $name:ident, $number:literal, [$($party:ident),*] { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            $(pub $field: $type,)*
        }

        impl EventKind for $name {
            const MODULE: u16 = 9;
            const NUMBER: u16 = $number;
            const NAME: &'static str = stringify!($name);
            fn parties(&self) -> Vec<EnterpriseId> {
                vec![$(self.$party),*]
            }
        }
    };
}

event!(
    /// Changes of the chain were proposed.
    ProposalOpened, 1, [proposer] { proposal: ProposalId, proposer: EnterpriseId, reason: Remark, override_preflight: bool, expires_at: Timestamp }
);
event!(
    /// An enterprise voted, or voted otherwise.
    VoteCast, 2, [enterprise] { proposal: ProposalId, enterprise: EnterpriseId, choice: Choice, tally: Tally }
);
event!(
    /// The votes for a proposal exceeded the threshold.
    ProposalAdopted, 3, [proposer] { proposal: ProposalId, proposer: EnterpriseId, tally: Tally, effective_at: Option<Timestamp> }
);
event!(
    /// An adopted proposal's changes were made.
    ProposalExecuted, 4, [proposer] { proposal: ProposalId, proposer: EnterpriseId }
);
event!(
    /// When its time came, an adopted proposal's changes were not possible any more.
    ProposalFailed, 5, [proposer] { proposal: ProposalId, proposer: EnterpriseId, failure: Rejection }
);
event!(
    /// A proposal's time ran out.
    ProposalExpired, 6, [proposer] { proposal: ProposalId, proposer: EnterpriseId, tally: Tally }
);
event!(
    /// A proposal was taken back.
    ProposalWithdrawn, 7, [proposer] { proposal: ProposalId, proposer: EnterpriseId }
);
event!(
    /// A machine is reached elsewhere, or has another name.
    AddressesSet, 8, [enterprise] { peer_key: PeerKey, enterprise: EnterpriseId, name: Name, addresses: PeerAddresses }
);
event!(
    /// The committee of an epoch was fixed; it receives key shares in that epoch and signs from the next on.
    CommitteeFixed, 9, [] { epoch: u64, first_height: u64, members: u32, joined: Vec<PeerKey>, left: Vec<PeerKey> }
);
event!(
    /// The committee stays as it is for another epoch: with the voted changes too few members would be proven live.
    CommitteeKept, 10, [] { epoch: u64, first_height: u64, preflight: Preflight, refusal: Rejection }
);
event!(
    /// A part of the protocol holds from this block on.
    FeatureActivated, 11, [] { number: u32, height: u64 }
);
