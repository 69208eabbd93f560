//! Enterprises and their people: who may ask for what.
//!
//! Parties: the operator registers enterprises and says whether they may act; each enterprise's administrators manage
//! its people; people hold keys.
//!
//! ```text
//!  register ----> New ----> InReview ----> Active <----> Restricted (runs off what it has, begins nothing new)
//!      |           |            |          ^    |           ^   |
//!      | reviewed  +------------+----------+    +-----+-----+---+
//!      +----------------------------------^           v     v
//!                                                  Suspended (does nothing)
//!  from each of these ----> Exited, with no open asset or obligation; nothing leads back
//! ```
//! Authority. A transaction's first signer says which enterprise acts. Each act names its functions (a maker and a
//! checker, say), and takes a signature of a *different person* for each; two keys of one person count once. Above the
//! policy's amounts more people sign: see [`require_approvals`]. A second party signs in the same transaction, or later.
//!
//! Laws:
//! - N1: a legal id stands for one enterprise, and an enterprise has one.
//! - N2: an account is the account of its public key, and of one person for ever: rotation adds a key and revokes the
//!   old one, whose signatures stay valid because they were checked when they were used.
//! - N3: an administrator has no function about money. He decides who signs; so he must not sign.
//! - N4: an enterprise that left has no open asset or obligation.
//! - N5: an operator has no other role: it holds no money and no claim.
//! - N6: no two enterprises have names that look alike, and no name mixes alphabets.
//!
//! Proof of possession. At registration only the administrator's key must sign. It is the one that can add all others,
//! so a registration under a key that nobody holds would be lost for good; a colleague's key that nobody holds can harm
//! nobody, as it signs nothing, and an administrator replaces it. A key that is added later signs itself in.
//!
//! Example: the operator's maker and checker register `CORE` with an administrator, a maker, a checker and an approver,
//! in one transaction with three signatures (theirs and the administrator's). `CORE` issues 5,000,000.00 CNY: that is
//! over level 2 (1,000,000.00) and under level 3 (10,000,000.00), so maker, checker and approver sign. For
//! 10,000,000.00 a second approver signs too.

mod audit;
mod authority;
mod confusable;
mod legal_id;
mod queries;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod types;

pub use authority::{
    Signer, account_key, active, are_related, authorize, enterprise_of, get, proves, read_ahead, require,
    require_active, require_approvals, require_approvals_beyond, require_limits, require_other_than, signers,
};
#[cfg(any(test, feature = "testing"))]
pub(crate) use state::found;
pub(crate) use state::inherit;
pub use state::{by_legal_id, obligations_changed};
pub use types::{
    AddKey, AddMember, ByLegalId, DeclareRelated, EndMember, Enterprise, EnterpriseRegistered, EnterpriseRenamed,
    FunctionsChanged, KeyAdded, KeyRevoked, LegalId, Member, MemberAdded, MemberEnded, MemberKey, NewMember,
    Obligations, Person, Register, Registered, Related, RelatedDeclared, Rename, RevokeKey, SetFunctions, SetStanding,
    Standing, StandingChanged, Whose, reject,
};

use crate::core::{CallSpec, EventSpec, Module, QuerySpec, TableSpec};

pub const MODULE: Module = Module {
    number: 2,
    name: "enterprise",
    about: "Organisations with legal ids, roles, members with keys and functions.",
    calls: &[
        CallSpec::new::<Register>(1),
        CallSpec::new::<SetStanding>(2),
        CallSpec::new::<AddMember>(3),
        CallSpec::new::<SetFunctions>(4),
        CallSpec::new::<EndMember>(5),
        CallSpec::new::<AddKey>(6),
        CallSpec::new::<RevokeKey>(7),
        CallSpec::new::<DeclareRelated>(8),
        CallSpec::new::<Rename>(9),
    ],
    queries: &[QuerySpec::new::<Whose>(), QuerySpec::new::<ByLegalId>(), QuerySpec::new::<Related>()],
    tables: &[TableSpec::new::<Enterprise>(), TableSpec::new::<Member>(), TableSpec::new::<MemberKey>()],
    events: &[
        EventSpec::new::<EnterpriseRegistered>(),
        EventSpec::new::<StandingChanged>(),
        EventSpec::new::<MemberAdded>(),
        EventSpec::new::<FunctionsChanged>(),
        EventSpec::new::<MemberEnded>(),
        EventSpec::new::<KeyAdded>(),
        EventSpec::new::<KeyRevoked>(),
        EventSpec::new::<RelatedDeclared>(),
        EventSpec::new::<EnterpriseRenamed>(),
    ],
    rejections: reject::CATALOGUE,
    due: None,
    genesis: Some(state::genesis),
    audit: audit::audit,
};
