//! Who acts: enterprises in their roles, people in their functions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::typed_id;

pub use types::party::EntityRole;

typed_id!(
    /// A registered enterprise.
    EnterpriseId,
    "ent"
);
typed_id!(
    /// A person who acts for an enterprise.
    MemberId,
    "mem"
);

/// What a person may do in an enterprise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Function {
    /// Manages members; signs nothing about money.
    Admin,
    /// Prepares acts.
    Maker,
    /// Confirms what a maker prepared.
    Checker,
    /// Second approver above the threshold.
    Approver,
    /// Confirms payments.
    Treasurer,
    /// Decides on risk.
    Risk,
    /// Reads.
    Auditor,
}

impl Function {
    pub const ALL: &[Self] =
        &[Self::Admin, Self::Maker, Self::Checker, Self::Approver, Self::Treasurer, Self::Risk, Self::Auditor];
}

/// One way to be allowed an act: an enterprise in this role, with a signature of a different person for each function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Role {
    /// The role the acting enterprise must have; `None`: any.
    pub entity: Option<EntityRole>,
    /// One person each, all different.
    pub functions: &'static [Function],
}

impl Role {
    pub const fn of(entity: EntityRole, functions: &'static [Function]) -> Self {
        Self { entity: Some(entity), functions }
    }

    pub const fn any(functions: &'static [Function]) -> Self {
        Self { entity: None, functions }
    }
}

/// The enterprise that acts, and the person whose signature came first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    pub enterprise: EnterpriseId,
    pub member: MemberId,
    /// The functions that its people signed in, each a different person.
    pub functions: &'static [Function],
    /// The largest amount, in minor units, that they may sign for, each by his own limit; `None`: any.
    pub limit_minor: Option<u64>,
}
