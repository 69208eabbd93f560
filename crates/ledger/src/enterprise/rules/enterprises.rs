use super::{check_functions, check_period};
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, MemberId, Record, Role, emit},
    enterprise::{
        authority::{get, proves},
        legal_id, reject,
        state::{by_legal_id, found, free_name, introduce, require_own_name, take_name},
        types::{
            DeclareRelated, Enterprise, EnterpriseRegistered, EnterpriseRenamed, Obligations, Register, Registered,
            RelatedDeclared, Rename, SetStanding, Standing, StandingChanged,
        },
    },
};
use std::sync::Arc;
use types::{List, Rejection, State, Stop};

const OPERATOR: &[Role] = &[Role::of(EntityRole::Operator, &[Function::Maker, Function::Checker])];

/// Refuses roles that one enterprise may not have together. Also asked by `audit`.
pub(in crate::enterprise) fn check_roles(roles: &[EntityRole]) -> Result<(), Rejection> {
    if roles.is_empty() {
        return Err(reject::roles("there must be at least one"));
    }
    if (1..roles.len()).any(|position| roles[..position].contains(&roles[position])) {
        return Err(reject::roles("each is named once"));
    }
    if roles.len() > 1 && roles.contains(&EntityRole::Operator) {
        return Err(reject::roles("an operator holds no money and no claim, so it has no other role"));
    }
    Ok(())
}

impl Call for Register {
    const NAME: &'static str = "register";
    const ROLES: &'static [Role] = OPERATOR;
    type Outcome = Registered;

    fn check(&self) -> Result<(), Rejection> {
        legal_id::check(&self.legal_id)?;
        check_roles(&self.roles)?;
        for member in &self.members {
            check_functions(&member.functions, member.ends)?;
        }
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Registered, Stop> {
        if let Some(owner) = by_legal_id(state, &self.legal_id)? {
            return Err(reject::legal_id_taken(&self.legal_id, owner).into());
        }
        let id = EnterpriseId::derive(ctx.transaction, ctx.act, 0);
        require_own_name(state, id, &self.name)?;
        let is_administrator = |functions: &[Function]| functions.contains(&Function::Admin);
        let mut administrators = self.members.iter().filter(|member| is_administrator(&member.functions)).peekable();
        let first = *administrators.peek().ok_or_else(reject::no_administrator)?;
        if !administrators.any(|member| proves(ctx, &member.public_key)) {
            return Err(reject::key_unproven(first.public_key.account()).into());
        }
        let standing = if self.reviewed.is_some() { Standing::Active } else { Standing::New };
        let enterprise = Enterprise {
            name: self.name.clone(),
            legal_id: self.legal_id.clone(),
            roles: self.roles.clone(),
            standing,
            related: List::default(),
            registered_at: ctx.time,
            members: u32::try_from(self.members.len()).expect("at most 32"),
        };
        found(state, id, &enterprise);
        let mut members = Vec::with_capacity(self.members.len());
        for (index, new) in (0..).zip(&self.members) {
            let member = MemberId::derive(ctx.transaction, ctx.act, index);
            check_period(new.starts, new.ends, ctx.time)?;
            introduce(state, (id, member), new, ctx.time)?;
            members.push(member);
        }
        let (name, roles) = (self.name.clone(), self.roles.clone());
        emit(state, &EnterpriseRegistered { enterprise: id, name, roles, standing });
        Ok(Registered { enterprise: id, members })
    }
}

impl Standing {
    /// Whether this standing may become `to`.
    fn may_become(self, to: Self) -> bool {
        use Standing::{Active, Exited, InReview, New, Restricted, Suspended};
        match self {
            New => matches!(to, InReview | Active | Exited),
            InReview => matches!(to, Active | Exited),
            Active => matches!(to, Restricted | Suspended | Exited),
            Restricted => matches!(to, Active | Suspended | Exited),
            Suspended => matches!(to, Active | Restricted | Exited),
            Exited => false,
        }
    }
}

impl Call for SetStanding {
    const NAME: &'static str = "set_standing";
    const ROLES: &'static [Role] = OPERATOR;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let mut enterprise = Arc::unwrap_or_clone(get(state, self.enterprise)?);
        let (from, to) = (enterprise.standing, self.standing);
        let first_time = matches!(from, Standing::New | Standing::InReview) && to == Standing::Active;
        let unreviewed = first_time && self.reviewed.is_none();
        // An operator that suspended itself could never lift that.
        let own = self.enterprise == ctx.actor().enterprise;
        if !from.may_become(to) || unreviewed || own {
            return Err(reject::standing_change(self.enterprise, format!("{from:?}"), format!("{to:?}")).into());
        }
        if to == Standing::Exited {
            let open = Obligations::load(state, &self.enterprise)?.unwrap_or_default().open;
            if open > 0 {
                return Err(reject::obligations_open(self.enterprise, open).into());
            }
        }
        enterprise.standing = to;
        enterprise.store(state, &self.enterprise);
        let (reviewed, reason) = (self.reviewed, self.reason.clone());
        emit(state, &StandingChanged { enterprise: self.enterprise, from, to, reviewed, reason });
        Ok(())
    }
}

impl Call for Rename {
    const NAME: &'static str = "rename";
    const ROLES: &'static [Role] = OPERATOR;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, _ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let mut enterprise = Arc::unwrap_or_clone(get(state, self.enterprise)?);
        if enterprise.name == self.name {
            return Err(reject::same_name(self.enterprise).into());
        }
        require_own_name(state, self.enterprise, &self.name)?;
        free_name(state, &enterprise.name);
        take_name(state, self.enterprise, &self.name);
        let (from, to) = (enterprise.name, self.name.clone());
        enterprise.name = to.clone();
        enterprise.store(state, &self.enterprise);
        emit(state, &EnterpriseRenamed { enterprise: self.enterprise, from, to, notice: self.notice });
        Ok(())
    }
}

impl Call for DeclareRelated {
    const NAME: &'static str = "declare_related";
    const ROLES: &'static [Role] = &[Role::any(&[Function::Maker, Function::Checker])];
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let own = ctx.actor().enterprise;
        let mut enterprise = Arc::unwrap_or_clone(get(state, own)?);
        for other in &self.enterprises {
            if *other == own {
                return Err(reject::self_transfer(own).into());
            }
            get(state, *other)?;
            if !enterprise.related.contains(other) {
                enterprise.related.push(*other).map_err(|_| reject::related_full(own))?;
            }
        }
        let related = enterprise.related.clone();
        enterprise.store(state, &own);
        emit(state, &RelatedDeclared { enterprise: own, related });
        Ok(())
    }
}
