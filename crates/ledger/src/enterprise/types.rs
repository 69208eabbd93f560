use crate::core::{EnterpriseId, EntityRole, Function, MemberId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    List, Timestamp,
    text::{Name, Reference},
};

/// Whether an enterprise may act (know-your-customer state).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Standing {
    /// Registered, papers not looked at yet.
    New,
    /// Papers are being looked at.
    InReview,
    /// May act.
    Active,
    /// May run off what it has, may begin nothing new.
    Restricted,
    /// May not act.
    Suspended,
    /// Left: allowed only with no open asset or obligation.
    Exited,
}

/// A company or another legal entity.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Enterprise {
    pub name: Name,
    /// Unified social credit code or LEI; no two enterprises share one.
    pub legal_id: Reference,
    /// What it is in the trade.
    pub roles: List<EntityRole, 8>,
    pub standing: Standing,
    /// Enterprises it declared as related: same group, same owner.
    pub related: List<EnterpriseId, 64>,
    pub registered_at: Timestamp,
    /// Number of members, those whose functions ended included.
    pub members: u32,
}

/// A person who acts for an enterprise. Two keys of one person count once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    pub enterprise: EnterpriseId,
    pub name: Name,
    pub functions: List<Function, 7>,
    /// First moment at which the functions hold.
    pub starts: Timestamp,
    /// Last moment at which the functions hold; `null`: until ended.
    pub ends: Option<Timestamp>,
}

/// The key of a member.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MemberKey {
    pub member: MemberId,
    pub public_key: types::transaction::PublicKey,
    pub added_at: Timestamp,
    /// When the key was revoked; its earlier signatures stay valid.
    pub revoked_at: Option<Timestamp>,
}

pub mod reject {
    types::rejections! {
        200 not_registered(account) "E_ACCOUNT_UNKNOWN" "account {account} belongs to no member of an enterprise";
        201 key_revoked(account) "E_CERT_REVOKED" "the key of {account} was revoked: sign with the member's new key";
        202 standing(enterprise, standing) "E_KYC_INACTIVE" "enterprise {enterprise} is {standing}: it may not do this";
        203 not_authorized(enterprise, needed) "E_NOT_AUTHORIZED" "enterprise {enterprise} is not in a role for this act: it takes {needed}";
        204 signatures_missing(enterprise, needed) "E_THRESHOLD" "signatures of {enterprise} are missing: it takes {needed}, each by a different person";
        205 maker_is_checker(member) "E_MAKER_IS_CHECKER" "{member} prepared this: another person must check it";
        206 unknown_enterprise(enterprise) "E_ENTERPRISE_UNKNOWN" "there is no enterprise {enterprise}";
    }
}
