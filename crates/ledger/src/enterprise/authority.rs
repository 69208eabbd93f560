//! Who may ask: the signatures on a transaction against the functions of an enterprise's people.

use super::{
    reject,
    types::{Enterprise, Member, MemberKey, Standing},
};
use crate::core::{Actor, Context, EnterpriseId, EntityRole, Function, MemberId, Record, Role};
use types::{AccountId, Key, State, Stop};

/// A signer whose key and person were found good.
#[derive(Clone, Debug)]
pub struct Signer {
    pub member: MemberId,
    pub person: Member,
}

/// Finds the acting enterprise - that of the first signer - and refuses unless one of `roles` allows it the act.
pub fn authorize(ctx: &Context, state: &mut dyn State, roles: &[Role]) -> Result<Actor, Stop> {
    let signers = signers(ctx, state)?;
    let first = &signers[0];
    let enterprise = first.person.enterprise;
    let record = active(state, enterprise)?;
    let in_role = |role: &&Role| role.entity.is_none_or(|entity| record.roles.contains(&entity));
    let mut open = roles.iter().filter(in_role).peekable();
    if open.peek().is_none() {
        return Err(reject::not_authorized(enterprise, describe(roles)).into());
    }
    let signed = |role: &Role| covered(&signers, enterprise, role.functions);
    if !open.any(signed) {
        return Err(refusal(&signers, enterprise, roles));
    }
    Ok(Actor { enterprise, member: first.member })
}

/// Refuses unless the transaction also carries, for each of `functions`, a signature of a different person of
/// `enterprise`, and the enterprise is active and in `role`. For the second party of an act.
pub fn require(
    ctx: &Context,
    state: &mut dyn State,
    enterprise: EnterpriseId,
    role: Option<EntityRole>,
    functions: &'static [Function],
) -> Result<(), Stop> {
    let record = active(state, enterprise)?;
    let needed = [Role { entity: role, functions }];
    if role.is_some_and(|role| !record.roles.contains(&role)) {
        return Err(reject::not_authorized(enterprise, describe(&needed)).into());
    }
    let signers = signers(ctx, state)?;
    if covered(&signers, enterprise, functions) { Ok(()) } else { Err(refusal(&signers, enterprise, &needed)) }
}

/// Refuses an act that `maker` prepared when every checking signature is his own.
pub fn require_other_than(
    ctx: &Context,
    state: &mut dyn State,
    enterprise: EnterpriseId,
    maker: MemberId,
    functions: &'static [Function],
) -> Result<(), Stop> {
    let others: Vec<Signer> = signers(ctx, state)?.into_iter().filter(|signer| signer.member != maker).collect();
    if covered(&others, enterprise, functions) { Ok(()) } else { Err(reject::maker_is_checker(maker).into()) }
}

/// The enterprise, if it may act.
pub fn active(state: &mut dyn State, id: EnterpriseId) -> Result<Enterprise, Stop> {
    let enterprise = get(state, id)?;
    match enterprise.standing {
        Standing::Active => Ok(enterprise),
        standing @ (Standing::New
        | Standing::InReview
        | Standing::Restricted
        | Standing::Suspended
        | Standing::Exited) => Err(reject::standing(id, format!("{standing:?}")).into()),
    }
}

/// The enterprise, in whatever standing.
pub fn get(state: &mut dyn State, id: EnterpriseId) -> Result<Enterprise, Stop> {
    Ok(Enterprise::load(state, &id)?.ok_or_else(|| reject::unknown_enterprise(id))?)
}

/// Every signer of the transaction as a person in function now.
pub fn signers(ctx: &Context, state: &mut dyn State) -> Result<Vec<Signer>, Stop> {
    let mut signers = Vec::with_capacity(ctx.signers.len());
    for account in ctx.signers {
        let key = MemberKey::load(state, account)?.ok_or_else(|| reject::not_registered(account))?;
        if key.revoked_at.is_some() {
            return Err(reject::key_revoked(account).into());
        }
        let person = Member::load(state, &key.member)?.expect("a key is stored only with its member");
        let in_function = person.starts <= ctx.time && person.ends.is_none_or(|ends| ctx.time <= ends);
        let person = if in_function { person } else { Member { functions: Default::default(), ..person } };
        signers.push(Signer { member: key.member, person });
    }
    Ok(signers)
}

/// The key of the record that says whose account it is: for loading ahead.
pub fn account_key(account: AccountId) -> Key {
    MemberKey::key(&account)
}

/// Whether different persons of `enterprise` can stand for all `functions`.
fn covered(signers: &[Signer], enterprise: EnterpriseId, functions: &[Function]) -> bool {
    let own: Vec<&Signer> = signers.iter().filter(|signer| signer.person.enterprise == enterprise).collect();
    assign(&own, functions, &mut Vec::new())
}

/// Gives each function a person not yet used; at most seven functions and twelve signers, so trying all is cheap.
fn assign(signers: &[&Signer], functions: &[Function], used: &mut Vec<MemberId>) -> bool {
    let Some((function, rest)) = functions.split_first() else {
        return true;
    };
    for signer in signers {
        if signer.person.functions.contains(function) && !used.contains(&signer.member) {
            used.push(signer.member);
            if assign(signers, rest, used) {
                return true;
            }
            used.pop();
        }
    }
    false
}

/// One person who would have to be two is named; otherwise the missing signatures are.
fn refusal(signers: &[Signer], enterprise: EnterpriseId, roles: &[Role]) -> Stop {
    let own = || signers.iter().filter(|signer| signer.person.enterprise == enterprise);
    for role in roles.iter().filter(|role| role.functions.len() > 1) {
        let held = |function: &Function| own().any(|signer| signer.person.functions.contains(function));
        if role.functions.iter().all(held) {
            let member = own().next().expect("someone holds the functions").member;
            return reject::maker_is_checker(member).into();
        }
    }
    reject::signatures_missing(enterprise, describe(roles)).into()
}

fn describe(roles: &[Role]) -> String {
    let one = |role: &Role| {
        let entity = role.entity.map_or_else(|| "any enterprise".to_owned(), |entity| format!("{entity:?}"));
        let functions: Vec<String> = role.functions.iter().map(|function| format!("{function:?}")).collect();
        format!("{entity} with {}", functions.join(" and "))
    };
    roles.iter().map(one).collect::<Vec<_>>().join(", or ")
}
