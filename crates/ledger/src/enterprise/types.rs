use crate::core::{EnterpriseId, EntityRole, EventKind, Function, MemberId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    AccountId, Digest, List, Timestamp,
    text::{Name, Reference, Remark},
    transaction::PublicKey,
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
    /// First moment at which they hold no more; `null`: until ended.
    pub ends: Option<Timestamp>,
    /// Largest amount, in minor units of any currency, for which the signature counts; `null`: any.
    pub limit_minor: Option<u64>,
}

/// The key of a member.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MemberKey {
    pub member: MemberId,
    pub public_key: PublicKey,
    pub added_at: Timestamp,
    /// When the key was revoked; its earlier signatures stay valid.
    pub revoked_at: Option<Timestamp>,
}

/// Which enterprise a legal id stands for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LegalId {
    pub enterprise: EnterpriseId,
}

/// Whose a name is: all names that look like it are taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TakenName {
    pub enterprise: EnterpriseId,
}

/// How many assets and obligations of an enterprise are open; it cannot leave before they are closed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Obligations {
    pub open: u64,
}

/// A person as an enterprise introduces him.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewMember {
    /// The person's name.
    pub name: Name,
    /// What he may do. An administrator has no function about money.
    pub functions: List<Function, 7>,
    /// His public key; each key belongs to one person of one enterprise.
    pub public_key: PublicKey,
    /// First moment at which the functions hold; `null`: now.
    pub starts: Option<Timestamp>,
    /// First moment at which they hold no more; `null`: until ended.
    pub ends: Option<Timestamp>,
    /// Largest amount, in minor units of any currency, for which the signature counts; `null`: any.
    pub limit_minor: Option<u64>,
}

/// Registers an enterprise with its first people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Register {
    /// The name in the commercial register.
    pub name: Name,
    /// Unified social credit code (18 characters), LEI (20 characters), or the id of another register.
    pub legal_id: Reference,
    /// What the enterprise is in the trade.
    pub roles: List<EntityRole, 8>,
    /// Digest of the reviewed know-your-customer file: with it the enterprise may act at once, without it is new.
    pub reviewed: Option<Digest>,
    /// First people; at least one administrator, whose key signs this transaction too.
    pub members: List<NewMember, 32>,
}

/// The ids that a registration gave.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Registered {
    /// The enterprise's id.
    pub enterprise: EnterpriseId,
    /// The people's ids, in the order of the request.
    pub members: Vec<MemberId>,
}

/// Says whether an enterprise may act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetStanding {
    /// The enterprise.
    pub enterprise: EnterpriseId,
    /// Its new standing.
    pub standing: Standing,
    /// Digest of the reviewed know-your-customer file: needed to become active for the first time.
    pub reviewed: Option<Digest>,
    /// Why, for the enterprise and for auditors.
    pub reason: Remark,
}

/// Records an enterprise's new name in the commercial register. Documents keep the name they were recorded with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Rename {
    /// The enterprise; its legal id stays.
    pub enterprise: EnterpriseId,
    /// The new name.
    pub name: Name,
    /// Digest of the register's notice of the change.
    pub notice: Digest,
}

/// Adds a person to the own enterprise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AddMember {
    /// The person.
    pub member: NewMember,
}

/// Changes what a person of the own enterprise may do, and for how long.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetFunctions {
    /// The person.
    pub member: MemberId,
    /// What he may do from now on.
    pub functions: List<Function, 7>,
    /// First moment at which the functions hold; `null`: now.
    pub starts: Option<Timestamp>,
    /// First moment at which they hold no more; `null`: until ended.
    pub ends: Option<Timestamp>,
    /// Largest amount, in minor units of any currency, for which the signature counts; `null`: any.
    pub limit_minor: Option<u64>,
}

/// Ends all functions of a person of the own enterprise, at once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EndMember {
    /// The person.
    pub member: MemberId,
}

/// Gives a person another key; the new key signs this transaction too.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AddKey {
    /// The person: oneself, or one of the own enterprise when an administrator asks.
    pub member: MemberId,
    /// The new key.
    pub public_key: PublicKey,
}

/// Revokes a key: it signs nothing any more, what it signed stays valid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RevokeKey {
    /// The key's account.
    pub account: AccountId,
}

/// Declares enterprises of the same group or owner.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeclareRelated {
    /// The related enterprises; those declared before stay declared.
    pub enterprises: List<EnterpriseId, 64>,
}

/// Whose account is it?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Whose {
    /// The account.
    pub account: AccountId,
}

/// The person behind an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// The person's id.
    pub member_id: MemberId,
    /// The person.
    pub member: Member,
    /// The enterprise that he acts for.
    pub enterprise: Enterprise,
    /// When the key was revoked; `null`: it signs.
    pub revoked_at: Option<Timestamp>,
}

/// Which enterprise has this legal id?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ByLegalId {
    /// Unified social credit code, LEI or another legal id.
    pub legal_id: Reference,
}

/// Are two enterprises related?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Related {
    /// One enterprise.
    pub one: EnterpriseId,
    /// The other.
    pub other: EnterpriseId,
}

/// Declares the events; each concerns its `enterprise`.
macro_rules! events {
    ($($number:literal $(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
            pub struct $name {
                pub enterprise: EnterpriseId,
                $(pub $field: $type,)*
            }

            impl EventKind for $name {
                const MODULE: u16 = 2;
                const NUMBER: u16 = $number;
                const NAME: &'static str = stringify!($name);
                fn parties(&self) -> Vec<EnterpriseId> {
                    vec![self.enterprise]
                }
            }
        )*
    };
}

events! {
    1 /// An enterprise was registered.
    EnterpriseRegistered { name: Name, roles: List<EntityRole, 8>, standing: Standing }
    2 /// An enterprise's standing changed.
    StandingChanged { from: Standing, to: Standing, reviewed: Option<Digest>, reason: Remark }
    3 /// A person was added.
    MemberAdded { member: MemberId, functions: List<Function, 7> }
    4 /// A person's functions changed.
    FunctionsChanged { member: MemberId, from: List<Function, 7>, to: List<Function, 7> }
    5 /// A person's functions ended.
    MemberEnded { member: MemberId }
    6 /// A person got another key.
    KeyAdded { member: MemberId, account: AccountId }
    7 /// A key was revoked.
    KeyRevoked { member: MemberId, account: AccountId }
    8 /// Related enterprises were declared.
    RelatedDeclared { related: List<EnterpriseId, 64> }
    9 /// An enterprise got another name.
    EnterpriseRenamed { from: Name, to: Name, notice: Digest }
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
        207 natural_person() "E_NATURAL_PERSON" "the legal id is a person's: only companies and other legal entities take part";
        208 related_undeclared(from, to) "E_RELATED_PARTY_UNDECLARED" "{from} and {to} are related: name the relation, or do it with an unrelated party";
        209 self_transfer(enterprise) "E_SELF_TRANSFER" "{enterprise} is on both sides: it takes two different enterprises";
        210 legal_id(legal_id, law) "E_LEGAL_ID" "legal id {legal_id} is not valid: {law}";
        211 legal_id_taken(legal_id, enterprise) "E_LEGAL_ID_TAKEN" "legal id {legal_id} is registered already, as {enterprise}";
        212 roles(law) "E_ENTITY_ROLES" "these roles do not go together: {law}";
        213 functions(law) "E_FUNCTIONS" "these functions do not go together: {law}";
        214 key_unproven(account) "E_KEY_UNPROVEN" "the key of {account} must sign this transaction too: that shows that someone holds it";
        215 key_taken(account) "E_KEY_TAKEN" "account {account} belongs to a person already: use another key";
        216 no_administrator() "E_NO_ADMINISTRATOR" "an enterprise begins with at least one administrator";
        217 standing_change(enterprise, from, to) "E_STANDING" "enterprise {enterprise} is {from} and cannot become {to} so";
        218 obligations_open(enterprise, open) "E_OBLIGATIONS_OPEN" "{enterprise} has {open} open assets or obligations: it can leave when they are closed";
        219 unknown_member(member) "E_MEMBER_UNKNOWN" "{member} is nobody of this enterprise";
        220 own_functions(member) "E_OWN_FUNCTIONS" "{member} is the administrator who asks: another administrator must do it, so that one always remains";
        221 unknown_key(account) "E_KEY_UNKNOWN" "account {account} has no key that this signer may revoke";
        222 related_full(enterprise) "E_RELATED_FULL" "{enterprise} has declared as many related enterprises as fit";
        223 same_name(enterprise) "E_SAME_NAME" "{enterprise} has this name already";
        224 name_confusable(name, law) "E_NAME_CONFUSABLE" "the name {name} can be taken for another: {law}; add its place, or what else tells it apart";
        225 founder(name, law) "E_FOUNDER" "the genesis names {name} as a founder: {law}";
    }
}
