use super::{check_functions, check_period};
use crate::{
    core::{Call, Context, EntityRole, Function, MemberId, Record, Role, emit},
    enterprise::{
        authority::{get, proves, require, signers},
        reject,
        state::{give_key, introduce},
        types::{
            AddKey, AddMember, EndMember, FunctionsChanged, KeyAdded, KeyRevoked, Member, MemberAdded, MemberEnded,
            MemberKey, RevokeKey, SetFunctions,
        },
    },
};
use std::sync::Arc;
use types::{Rejection, State, Stop};

const ADMINISTRATOR: &[Role] = &[Role::any(&[Function::Admin])];
const ANYBODY: &[Role] = &[
    Role::any(&[Function::Admin]),
    Role::any(&[Function::Maker]),
    Role::any(&[Function::Checker]),
    Role::any(&[Function::Approver]),
    Role::any(&[Function::Treasurer]),
    Role::any(&[Function::Risk]),
    Role::any(&[Function::Auditor]),
];

/// A person of the acting enterprise.
fn colleague(ctx: &Context, state: &mut dyn State, id: MemberId) -> Result<Member, Stop> {
    let member = Member::load(state, &id)?.filter(|member| member.enterprise == ctx.actor().enterprise);
    Ok(member.ok_or_else(|| reject::unknown_member(id))?)
}

/// The administrators of the acting enterprise who signed.
fn administrators(ctx: &Context, state: &mut dyn State) -> Result<Vec<MemberId>, Stop> {
    let own = ctx.actor().enterprise;
    let mut signed = signers(ctx, state)?;
    signed.retain(|signer| signer.person.enterprise == own && signer.person.functions.contains(&Function::Admin));
    Ok(signed.into_iter().map(|signer| signer.member).collect())
}

/// Refuses what an administrator asks about himself alone: whoever asks remains, so an enterprise never loses its last.
fn other_than_self(ctx: &Context, state: &mut dyn State, id: MemberId) -> Result<(), Stop> {
    let remains = administrators(ctx, state)?.iter().any(|administrator| *administrator != id);
    if remains { Ok(()) } else { Err(reject::own_functions(id).into()) }
}

impl Call for AddMember {
    const NAME: &'static str = "add_member";
    const ROLES: &'static [Role] = ADMINISTRATOR;
    const RUNS_OFF: bool = true;
    type Outcome = MemberId;

    fn check(&self) -> Result<(), Rejection> {
        check_functions(&self.member.functions, self.member.ends)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<MemberId, Stop> {
        let new = &self.member;
        check_period(new.starts, new.ends, ctx.time)?;
        let id = ctx.actor().enterprise;
        let mut enterprise = Arc::unwrap_or_clone(get(state, id)?);
        enterprise.members += 1;
        enterprise.store(state, &id);
        let member = MemberId::derive(ctx.transaction, ctx.act, 0);
        introduce(state, (id, member), new, ctx.time)?;
        emit(state, &MemberAdded { enterprise: id, member, functions: new.functions.clone() });
        Ok(member)
    }
}

impl Call for SetFunctions {
    const NAME: &'static str = "set_functions";
    const ROLES: &'static [Role] = ADMINISTRATOR;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        check_functions(&self.functions, self.ends)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        check_period(self.starts, self.ends, ctx.time)?;
        let mut member = colleague(ctx, state, self.member)?;
        other_than_self(ctx, state, self.member)?;
        let from = std::mem::replace(&mut member.functions, self.functions.clone());
        member.starts = self.starts.unwrap_or(ctx.time);
        member.ends = self.ends;
        member.limit_minor = self.limit_minor;
        member.store(state, &self.member);
        let (enterprise, to) = (member.enterprise, self.functions.clone());
        emit(state, &FunctionsChanged { enterprise, member: self.member, from, to });
        Ok(())
    }
}

impl Call for EndMember {
    const NAME: &'static str = "end_member";
    const ROLES: &'static [Role] = ADMINISTRATOR;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let mut member = colleague(ctx, state, self.member)?;
        other_than_self(ctx, state, self.member)?;
        member.ends = Some(ctx.time);
        member.store(state, &self.member);
        emit(state, &MemberEnded { enterprise: member.enterprise, member: self.member });
        Ok(())
    }
}

impl Call for AddKey {
    const NAME: &'static str = "add_key";
    const ROLES: &'static [Role] = ANYBODY;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let member = colleague(ctx, state, self.member)?;
        if self.member != ctx.actor().member && administrators(ctx, state)?.is_empty() {
            return Err(reject::unknown_member(self.member).into());
        }
        let account = self.public_key.account();
        if !proves(ctx, &self.public_key) {
            return Err(reject::key_unproven(account).into());
        }
        give_key(state, self.member, &self.public_key, ctx.time)?;
        emit(state, &KeyAdded { enterprise: member.enterprise, member: self.member, account });
        Ok(())
    }
}

impl Call for RevokeKey {
    const NAME: &'static str = "revoke_key";
    const ROLES: &'static [Role] = ANYBODY;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    /// The holder himself, his administrator, or - for a stolen key - the operator may revoke. Even the last key of the
    /// last administrator: a thief who has it must lose it.
    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let unknown = || reject::unknown_key(self.account);
        let mut key = MemberKey::load(state, &self.account)?.ok_or_else(unknown)?;
        let member = Member::load(state, &key.member)?.expect("a key is stored only with its member");
        let actor = ctx.actor();
        let own = key.member == actor.member
            || (member.enterprise == actor.enterprise && !administrators(ctx, state)?.is_empty());
        if !own {
            if !get(state, actor.enterprise)?.roles.contains(&EntityRole::Operator) {
                return Err(unknown().into());
            }
            let both = &[Function::Maker, Function::Checker];
            require(ctx, state, actor.enterprise, Some(EntityRole::Operator), both)?;
        }
        if key.revoked_at.is_some() {
            return Err(reject::key_revoked(self.account).into());
        }
        key.revoked_at = Some(ctx.time);
        key.store(state, &self.account);
        emit(state, &KeyRevoked { enterprise: member.enterprise, member: key.member, account: self.account });
        Ok(())
    }
}
