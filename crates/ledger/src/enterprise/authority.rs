//! Who may ask: the signatures on a transaction against the functions of an enterprise's people.

use super::{
    reject,
    types::{Enterprise, Member, MemberKey, Standing},
};
use crate::core::{Actor, Context, EnterpriseId, EntityRole, Function, MemberId, Record, Role};
use crate::policy::{self, Policy};
use std::sync::Arc;
use types::{AccountId, Amount, Key, Miss, State, Stop, transaction::PublicKey};

/// A signer whose key and person were found good.
#[derive(Clone, Debug)]
pub struct Signer {
    pub member: MemberId,
    pub person: Arc<Member>,
}

/// Finds the acting enterprise - that of the first signer - and refuses unless one of `roles` allows it the act.
/// `runs_off` also lets a restricted enterprise ask.
pub fn authorize(ctx: &Context, state: &mut dyn State, roles: &[Role], runs_off: bool) -> Result<Actor, Stop> {
    let signers = signers(ctx, state)?;
    let first = &signers[0];
    let enterprise = first.person.enterprise;
    let record = get(state, enterprise)?;
    if !(runs_off && record.standing == Standing::Restricted) {
        require_active(enterprise, &record)?;
    }
    let in_role = |role: &&Role| role.entity.is_none_or(|entity| record.roles.contains(&entity));
    let mut open = roles.iter().filter(in_role).peekable();
    if open.peek().is_none() {
        return Err(reject::not_authorized(enterprise, describe(roles)).into());
    }
    match open.find(|role| covered(&signers, enterprise, role.functions)) {
        Some(Role { functions, .. }) => {
            let limit_minor = largest(&signers, enterprise, functions);
            Ok(Actor { enterprise, member: first.member, functions, limit_minor })
        }
        None => Err(refusal(&signers, enterprise, roles)),
    }
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

/// Refuses unless enough people of `enterprise` sign for `amount`: from level 1 a checker, from level 2 also an approver,
/// from level 3 two approvers; all of them different people, and different from those who sign in the act's own
/// functions. A signature does not count above its person's limit.
pub fn require_approvals(
    ctx: &Context,
    state: &mut dyn State,
    enterprise: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    approvals(ctx, state, enterprise, None, amount)
}

/// Refuses when the people who sign in the act's own functions may not sign for `amount`, each by his own limit. For acts
/// that take no approvals besides.
pub fn require_limits(ctx: &Context, amount: Amount) -> Result<(), Stop> {
    let Actor { enterprise, functions, limit_minor, .. } = ctx.actor();
    if limit_minor.is_none_or(|limit| amount.minor <= limit) {
        return Ok(());
    }
    let needed = format!("{} for {amount}", list(functions));
    Err(reject::signatures_missing(*enterprise, needed).into())
}

/// As `require_approvals`, for what `maker` prepared in an earlier transaction: his own signature does not count.
pub fn require_approvals_beyond(
    ctx: &Context,
    state: &mut dyn State,
    enterprise: EnterpriseId,
    maker: MemberId,
    amount: Amount,
) -> Result<(), Stop> {
    approvals(ctx, state, enterprise, Some(maker), amount)
}

fn approvals(
    ctx: &Context,
    state: &mut dyn State,
    enterprise: EnterpriseId,
    maker: Option<MemberId>,
    amount: Amount,
) -> Result<(), Stop> {
    let policy = policy::at(state, ctx.time)?;
    let acting = ctx.actor.as_ref().filter(|actor| actor.enterprise == enterprise);
    let mut needed = acting.map_or_else(Vec::new, |actor| actor.functions.to_vec());
    let asked = approvers(&policy, amount);
    if !asked.is_empty() && !needed.contains(&Function::Checker) {
        needed.push(Function::Checker);
    }
    needed.extend(asked.iter().filter(|function| **function == Function::Approver));
    let counts = |signer: &Signer| {
        Some(signer.member) != maker && signer.person.limit_minor.is_none_or(|limit| amount.minor <= limit)
    };
    let signers: Vec<Signer> = signers(ctx, state)?.into_iter().filter(counts).collect();
    if covered(&signers, enterprise, &needed) {
        return Ok(());
    }
    let needed = format!("{} for {amount}", list(&needed));
    Err(reject::signatures_missing(enterprise, needed).into())
}

/// Who signs for an amount besides its maker.
fn approvers(policy: &Policy, amount: Amount) -> &'static [Function] {
    use Function::{Approver, Checker};
    match amount.minor {
        minor if minor >= policy.approval_level3_minor => &[Checker, Approver, Approver],
        minor if minor >= policy.approval_level2_minor => &[Checker, Approver],
        minor if minor >= policy.approval_level1_minor => &[Checker],
        _ => &[],
    }
}

/// Whether one of the two declared the other as related, or both declared the same third.
pub fn are_related(state: &mut dyn State, one: EnterpriseId, other: EnterpriseId) -> Result<bool, Stop> {
    let (first, second) = (get(state, one)?, get(state, other)?);
    let direct = first.related.contains(&other) || second.related.contains(&one);
    Ok(direct || first.related.iter().any(|third| second.related.contains(third)))
}

/// The enterprise, if it may act.
pub fn active(state: &mut dyn State, id: EnterpriseId) -> Result<Arc<Enterprise>, Stop> {
    let enterprise = get(state, id)?;
    require_active(id, &enterprise)?;
    Ok(enterprise)
}

/// Refuses an enterprise that may not act.
pub fn require_active(id: EnterpriseId, enterprise: &Enterprise) -> Result<(), Stop> {
    match enterprise.standing {
        Standing::Active => Ok(()),
        standing @ (Standing::New
        | Standing::InReview
        | Standing::Restricted
        | Standing::Suspended
        | Standing::Exited) => Err(reject::standing(id, format!("{standing:?}")).into()),
    }
}

/// The enterprise, in whatever standing.
pub fn get(state: &mut dyn State, id: EnterpriseId) -> Result<Arc<Enterprise>, Stop> {
    Ok(Enterprise::read(state, &id)?.ok_or_else(|| reject::unknown_enterprise(id))?)
}

/// Every signer of the transaction as a person in function now. The first must be one; a later account of nobody has
/// no authority, and is there only to prove that someone holds its key (see [`proves`]).
pub fn signers(ctx: &Context, state: &mut dyn State) -> Result<Vec<Signer>, Stop> {
    let mut signers = Vec::with_capacity(ctx.signers.len());
    for (position, account) in ctx.signers.iter().enumerate() {
        let key = match MemberKey::read(state, account)? {
            Some(key) => key,
            None if position > 0 => continue,
            None => return Err(reject::not_registered(account).into()),
        };
        if key.revoked_at.is_some() {
            return Err(reject::key_revoked(account).into());
        }
        let person = Member::read(state, &key.member)?.expect("a key is stored only with its member");
        let in_function = person.starts <= ctx.time && person.ends.is_none_or(|ends| ctx.time < ends);
        let idle = || Arc::new(Member { functions: Default::default(), ..Member::clone(&person) });
        let person = if in_function { person } else { idle() };
        signers.push(Signer { member: key.member, person });
    }
    Ok(signers)
}

/// Whether the key signed the transaction: whoever sent it holds the private half.
pub fn proves(ctx: &Context, key: &PublicKey) -> bool {
    ctx.signers.contains(&key.account())
}

/// The key of the record that says whose account it is: for loading ahead.
pub fn account_key(account: AccountId) -> Key {
    MemberKey::key(&account)
}

/// Whose the account is: for ever, once it is somebody's.
pub fn enterprise_of(state: &mut dyn State, account: AccountId) -> Result<Option<EnterpriseId>, Miss> {
    let Some(key) = MemberKey::read(state, &account)? else { return Ok(None) };
    Ok(Member::read(state, &key.member)?.map(|person| person.enterprise))
}

/// Reads what an account's authority comes from - key, person, enterprise - as far as there is any: for loading ahead.
pub fn read_ahead(state: &mut dyn State, account: AccountId) -> Result<(), Miss> {
    let Some(key) = MemberKey::read(state, &account)? else { return Ok(()) };
    let Some(person) = Member::read(state, &key.member)? else { return Ok(()) };
    Enterprise::read(state, &person.enterprise).map(drop)
}

/// Whether different persons of `enterprise` can stand for all `functions`.
fn covered(signers: &[Signer], enterprise: EnterpriseId, functions: &[Function]) -> bool {
    let own: Vec<&Signer> = signers.iter().filter(|signer| signer.person.enterprise == enterprise).collect();
    assign(&own, functions, &mut Vec::new())
}

/// The largest amount, in minor units, that different persons of `enterprise` may sign for in all `functions`, which they
/// cover; `None`: any.
fn largest(signers: &[Signer], enterprise: EnterpriseId, functions: &[Function]) -> Option<u64> {
    let own = || signers.iter().filter(|signer| signer.person.enterprise == enterprise);
    let mut limits: Vec<u64> = own().filter_map(|signer| signer.person.limit_minor).collect();
    limits.sort_unstable();
    let signs = |amount: u64| {
        let counts = |signer: &&Signer| signer.person.limit_minor.is_none_or(|limit| amount <= limit);
        assign(&own().filter(counts).collect::<Vec<_>>(), functions, &mut Vec::new())
    };
    let greatest = *limits.last()?;
    let above_all = greatest < u64::MAX && signs(greatest + 1);
    if above_all { None } else { limits.into_iter().rev().find(|limit| signs(*limit)) }
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
        let holder = |function: &Function| own().find(|signer| signer.person.functions.contains(function));
        let holders: Option<Vec<&Signer>> = role.functions.iter().map(holder).collect();
        if let Some(holders) = holders {
            return reject::maker_is_checker(holders[0].member).into();
        }
    }
    reject::signatures_missing(enterprise, describe(roles)).into()
}

fn describe(roles: &[Role]) -> String {
    let one = |role: &Role| {
        let entity = role.entity.map_or_else(|| "any enterprise".to_owned(), |entity| format!("{entity:?}"));
        format!("{entity} with {}", list(role.functions))
    };
    roles.iter().map(one).collect::<Vec<_>>().join(", or ")
}

fn list(functions: &[Function]) -> String {
    functions.iter().map(|function| format!("{function:?}")).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{List, Timestamp, text::Name};

    /// Every person that matters here: treasurer, checker or both, up to 10, to 20, to the greatest number, or any amount.
    fn people() -> Vec<(&'static [Function], Option<u64>)> {
        let held: [&[Function]; 3] =
            [&[Function::Treasurer], &[Function::Checker], &[Function::Treasurer, Function::Checker]];
        let limits = [Some(10), Some(20), Some(u64::MAX), None];
        held.iter().flat_map(|held| limits.map(|limit| (*held, limit))).collect()
    }

    #[test]
    fn the_largest_amount_is_the_one_up_to_which_those_who_may_still_cover_the_functions() {
        let asked: [&[Function]; 3] = [
            &[Function::Treasurer],
            &[Function::Treasurer, Function::Treasurer],
            &[Function::Treasurer, Function::Checker],
        ];
        let own = EnterpriseId::default();
        let signer = |number: u8, (functions, limit_minor): (&[Function], Option<u64>)| {
            let functions = List::new(functions.to_vec()).unwrap();
            let (name, starts) = (Name::new("P".to_owned()).unwrap(), Timestamp(0));
            let person = Member { enterprise: own, name, functions, starts, ends: None, limit_minor };
            Signer { member: MemberId([number; 16]), person: Arc::new(person) }
        };
        let mut seen = std::collections::BTreeSet::new();
        let people = people();
        let threes = people.iter().flat_map(|one| people.iter().map(move |two| (one, two)));
        for ((one, two), three) in threes.flat_map(|pair| people.iter().map(move |three| (pair, three))) {
            let signers = [signer(1, *one), signer(2, *two), signer(3, *three)];
            for functions in asked.iter().filter(|functions| covered(&signers, own, functions)) {
                let largest = largest(&signers, own, functions);
                seen.insert(largest);
                for amount in [0, 9, 10, 11, 19, 20, 21, u64::MAX - 1, u64::MAX] {
                    let may = |signer: &&Signer| signer.person.limit_minor.is_none_or(|limit| amount <= limit);
                    let those: Vec<Signer> = signers.iter().filter(may).cloned().collect();
                    let expected = covered(&those, own, functions);
                    assert_eq!(largest.is_none_or(|largest| amount <= largest), expected, "{amount}: {signers:?}");
                }
            }
        }
        assert_eq!(seen.len(), 4, "{seen:?}");
    }
}
