use super::{
    confusable, legal_id, reject,
    rules::check_roles,
    types::{Enterprise, LegalId, Member, MemberKey, NewMember, Obligations, Standing, TakenName},
};
use crate::core::{Cell, Column, EnterpriseId, EntityRole, Function, MemberId, Record};
use types::{
    AccountId, Digest, Genesis, List, Miss, Rejection, State, Stop, Timestamp, TransactionHash,
    text::{Name, Reference},
    transaction::PublicKey,
};

impl Record for Enterprise {
    type Id = EnterpriseId;
    const MODULE: u8 = 2;
    const TABLE: u8 = 0;
    const NAME: &'static str = "enterprises";
    const COLUMNS: &'static [Column] = &[Column::text("name"), Column::text("legal_id"), Column::text("standing")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(&self.name), Cell::text(&self.legal_id), Cell::variant(&self.standing)]
    }
}

impl Record for Member {
    type Id = MemberId;
    const MODULE: u8 = 2;
    const TABLE: u8 = 1;
    const NAME: &'static str = "members";
    const COLUMNS: &'static [Column] = &[Column::text("enterprise"), Column::text("name")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.enterprise), Cell::text(&self.name)]
    }
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.enterprise]
    }
}

impl Record for MemberKey {
    type Id = AccountId;
    const MODULE: u8 = 2;
    const TABLE: u8 = 2;
    const NAME: &'static str = "keys";
    const COLUMNS: &'static [Column] = &[Column::text("member")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.member)]
    }
}

impl Record for LegalId {
    type Id = Reference;
    const MODULE: u8 = 2;
    const TABLE: u8 = 3;
    const NAME: &'static str = "legal_ids";
}

impl Record for Obligations {
    type Id = EnterpriseId;
    const MODULE: u8 = 2;
    const TABLE: u8 = 4;
    const NAME: &'static str = "obligations";
}

impl Record for TakenName {
    /// What names that look alike have in common.
    type Id = Digest;
    const MODULE: u8 = 2;
    const TABLE: u8 = 5;
    const NAME: &'static str = "taken_names";
}

/// Refuses a name that looks like another enterprise's, or mixes alphabets.
pub(super) fn require_own_name(state: &mut dyn State, id: EnterpriseId, name: &Name) -> Result<(), Stop> {
    confusable::check(name)?;
    match TakenName::load(state, &confusable::skeleton(name))? {
        Some(taken) if taken.enterprise != id => {
            Err(reject::name_confusable(name, format!("{} has one that looks like it", taken.enterprise)).into())
        }
        Some(_) | None => Ok(()),
    }
}

/// Frees an enterprise's name: it gets another.
pub(super) fn free_name(state: &mut dyn State, name: &Name) {
    TakenName::remove(state, &confusable::skeleton(name));
}

/// Takes a name, and all that look like it.
pub(super) fn take_name(state: &mut dyn State, id: EnterpriseId, name: &Name) {
    TakenName { enterprise: id }.store(state, &confusable::skeleton(name));
}

/// The enterprise with this legal id.
pub fn by_legal_id(state: &mut dyn State, legal_id: &Reference) -> Result<Option<EnterpriseId>, Miss> {
    Ok(LegalId::load(state, legal_id)?.map(|owner| owner.enterprise))
}

/// Counts assets and obligations that `enterprise` opened (above zero) or closed (below zero).
pub fn obligations_changed(state: &mut dyn State, enterprise: EnterpriseId, change: i64) -> Result<(), Miss> {
    let mut obligations = Obligations::load(state, &enterprise)?.unwrap_or_default();
    let open = obligations.open.checked_add_signed(change);
    obligations.open = open.expect("whoever closes an obligation has counted it when it opened");
    obligations.store(state, &enterprise);
    Ok(())
}

/// Writes an enterprise and who has its legal id.
pub(crate) fn found(state: &mut dyn State, id: EnterpriseId, enterprise: &Enterprise) {
    enterprise.store(state, &id);
    LegalId { enterprise: id }.store(state, &enterprise.legal_id);
    take_name(state, id, &enterprise.name);
}

/// Writes a person with his first key; refused when the key is another's.
pub(super) fn introduce(
    state: &mut dyn State,
    (enterprise, member): (EnterpriseId, MemberId),
    new: &NewMember,
    now: Timestamp,
) -> Result<(), Stop> {
    let record = Member {
        enterprise,
        name: new.name.clone(),
        functions: new.functions.clone(),
        starts: new.starts.unwrap_or(now),
        ends: new.ends,
        limit_minor: new.limit_minor,
    };
    record.store(state, &member);
    give_key(state, member, &new.public_key, now)
}

/// Writes a person's key; refused when it is somebody's already, revoked or not.
pub(super) fn give_key(
    state: &mut dyn State,
    member: MemberId,
    public_key: &PublicKey,
    now: Timestamp,
) -> Result<(), Stop> {
    let account = public_key.account();
    if MemberKey::load(state, &account)?.is_some() {
        return Err(reject::key_taken(account).into());
    }
    MemberKey { member, public_key: public_key.clone(), added_at: now, revoked_at: None }.store(state, &account);
    Ok(())
}

/// The operator and the founders, each with its founding administrators; those add makers and checkers.
pub(super) fn genesis(genesis: &Genesis, state: &mut dyn State) -> Result<(), Rejection> {
    let source = TransactionHash(genesis.chain().0);
    let operator = &genesis.operator;
    let found_with = |state: &mut dyn State, position: u16, name: &Name, founder: Founding| {
        let id = EnterpriseId::derive(source, position, 0);
        let enterprise = Enterprise {
            name: name.clone(),
            legal_id: founder.legal_id.clone(),
            roles: founder.roles,
            standing: Standing::Active,
            related: List::default(),
            registered_at: genesis.time,
            members: u32::try_from(founder.administrators.len()).expect("at most eight"),
        };
        found(state, id, &enterprise);
        appoint(state, (id, source, position), founder.administrators, genesis.time)
    };
    let roles = List::new(vec![EntityRole::Operator]).expect("one of eight");
    let own = Founding { legal_id: &operator.legal_id, roles, administrators: &operator.administrators };
    found_with(state, 0, &operator.name, own)?;
    for (position, founder) in (1..).zip(&genesis.founders) {
        let refused = |law: &str| reject::founder(&founder.name, law);
        if founder.legal_id == operator.legal_id {
            let same = founder.roles[..] == [EntityRole::Operator]
                && founder.administrators == operator.administrators
                && founder.name == operator.name;
            if !same {
                return Err(refused("it has the operator's legal id and is not the same in name, role or keys"));
            }
            continue;
        }
        legal_id::check(&founder.legal_id)?;
        check_roles(&founder.roles)?;
        if founder.roles.contains(&EntityRole::Operator) {
            return Err(refused("the genesis names one operator"));
        }
        if in_memory(by_legal_id(state, &founder.legal_id).map_err(Stop::Miss))?.is_some() {
            return Err(refused("its legal id is another founder's"));
        }
        in_memory(require_own_name(state, EnterpriseId::derive(source, position, 0), &founder.name))?;
        let roles = founder.roles.clone();
        let new = Founding { legal_id: &founder.legal_id, roles, administrators: &founder.administrators };
        found_with(state, position, &founder.name, new)?;
    }
    Ok(())
}

/// The operator and the founders of a chain that goes on for another: each is there, with these administrators.
pub(crate) fn inherit(genesis: &Genesis, state: &mut dyn State) -> Result<(), Rejection> {
    let operator = &genesis.operator;
    in_memory(require_there(state, (&operator.name, &operator.legal_id), &operator.administrators))?;
    for founder in &genesis.founders {
        in_memory(require_there(state, (&founder.name, &founder.legal_id), &founder.administrators))?;
    }
    Ok(())
}

fn require_there(
    state: &mut dyn State,
    (name, legal_id): (&Name, &Reference),
    administrators: &[PublicKey],
) -> Result<(), Stop> {
    let refused = |law: &str| Stop::from(reject::founder(name, law));
    let id =
        by_legal_id(state, legal_id)?.ok_or_else(|| refused("the inherited state has nobody with its legal id"))?;
    for public_key in administrators {
        let key = MemberKey::load(state, &public_key.account())?.filter(|key| key.revoked_at.is_none());
        let key = key.ok_or_else(|| refused("a key of its administrators is nobody's in the inherited state"))?;
        let member = Member::load(state, &key.member)?.expect("a key's member is there");
        if member.enterprise != id || !member.functions.contains(&Function::Admin) {
            return Err(refused(
                "in the inherited state a key of its administrators is not one of its administrators'",
            ));
        }
    }
    Ok(())
}

/// What the genesis says of an enterprise besides its name.
struct Founding<'a> {
    legal_id: &'a Reference,
    roles: List<EntityRole, 8>,
    administrators: &'a [PublicKey],
}

/// Introduces the founding administrators of an enterprise.
fn appoint(
    state: &mut dyn State,
    (id, source, position): (EnterpriseId, TransactionHash, u16),
    administrators: &[PublicKey],
    now: Timestamp,
) -> Result<(), Rejection> {
    if administrators.is_empty() {
        return Err(reject::no_administrator());
    }
    for (index, public_key) in (0..).zip(administrators) {
        let new = NewMember {
            name: Name::new(format!("Administrator {}", index + 1)).expect("short and clean"),
            functions: List::new(vec![Function::Admin]).expect("one of seven"),
            public_key: public_key.clone(),
            starts: None,
            ends: None,
            limit_minor: None,
        };
        in_memory(introduce(state, (id, MemberId::derive(source, position, index)), &new, now))?;
    }
    Ok(())
}

fn in_memory<T>(result: Result<T, Stop>) -> Result<T, Rejection> {
    result.map_err(|stop| match stop {
        Stop::Rejected(rejection) => rejection,
        Stop::Miss(_) => panic!("a new chain's state is in memory"),
    })
}
