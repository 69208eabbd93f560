use super::{
    authority::{are_related, get},
    reject,
    state::by_legal_id,
    types::{ByLegalId, Member, MemberKey, Person, Related, Whose},
};
use crate::core::{EnterpriseId, Query, QueryContext, Record};
use std::sync::Arc;
use types::{State, Stop};

impl Query for Whose {
    const NAME: &'static str = "whose";
    type Answer = Person;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<Person, Stop> {
        let key = MemberKey::load(state, &self.account)?.ok_or_else(|| reject::not_registered(self.account))?;
        let member = Member::load(state, &key.member)?.expect("a key is stored only with its member");
        let enterprise = Arc::unwrap_or_clone(get(state, member.enterprise)?);
        Ok(Person { member_id: key.member, member, enterprise, revoked_at: key.revoked_at })
    }
}

impl Query for ByLegalId {
    const NAME: &'static str = "by_legal_id";
    type Answer = Option<EnterpriseId>;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<Option<EnterpriseId>, Stop> {
        Ok(by_legal_id(state, &self.legal_id)?)
    }
}

impl Query for Related {
    const NAME: &'static str = "related";
    type Answer = bool;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<bool, Stop> {
        are_related(state, self.one, self.other)
    }
}
