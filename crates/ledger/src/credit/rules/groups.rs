//! Who is one obligor group, and how much a bank has on it.

use super::BANK_RISK;
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, emit},
    credit::{
        reject,
        types::{GroupCap, GroupCapSet, GroupMembership, GroupSet, ObligorGroup, SetGroup, SetGroupCap},
    },
    enterprise,
};
use types::{Rejection, State, Stop};

impl Call for SetGroup {
    const NAME: &'static str = "set_group";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Operator, &[Function::Maker, Function::Checker])];
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        let twice = |position: usize| self.subsidiaries[..position].contains(&self.subsidiaries[position]);
        if (0..self.subsidiaries.len()).any(twice) {
            return Err(reject::group("each subsidiary is named once"));
        }
        if self.subsidiaries.contains(&self.parent) {
            return Err(reject::group("the parent is not its own subsidiary"));
        }
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let parent = self.parent;
        let earlier = ObligorGroup::load(state, &parent)?;
        if earlier.is_none() && self.subsidiaries.is_empty() {
            return Err(reject::group("there is no group of this parent to dissolve").into());
        }
        if let Some(earlier) = &earlier {
            for member in members(parent, &earlier.subsidiaries) {
                GroupMembership::remove(state, &member);
            }
        }
        let (subsidiaries, evidence, set_by) = (self.subsidiaries.clone(), self.evidence, ctx.actor().enterprise);
        if subsidiaries.is_empty() {
            ObligorGroup::remove(state, &parent);
        } else {
            for member in members(parent, &subsidiaries) {
                enterprise::get(state, member)?;
                if let Some(other) = GroupMembership::load(state, &member)? {
                    let law = format!("{member} is of the group of {}: it leaves that first", other.parent);
                    return Err(reject::group(law).into());
                }
                GroupMembership { parent }.store(state, &member);
            }
            let subsidiaries = subsidiaries.clone();
            ObligorGroup { parent, subsidiaries, evidence, set_by, set_at: ctx.time }.store(state, &parent);
        }
        emit(state, &GroupSet { parent, set_by, subsidiaries, evidence });
        Ok(())
    }
}

fn members(parent: EnterpriseId, subsidiaries: &[EnterpriseId]) -> Vec<EnterpriseId> {
    let mut members = vec![parent];
    members.extend(subsidiaries);
    members
}

impl Call for SetGroupCap {
    const NAME: &'static str = "set_group_cap";
    const ROLES: &'static [Role] = BANK_RISK;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        self.cap.positive()?;
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let (bank, parent, cap, remark) = (ctx.actor().enterprise, self.parent, self.cap, self.remark.clone());
        if ObligorGroup::load(state, &parent)?.is_none() {
            return Err(reject::group(format!("{parent} is the parent of none: the operator records it first")).into());
        }
        emit(state, &GroupCapSet { bank, parent, cap, remark: remark.clone() });
        GroupCap { bank, parent, cap, remark }.store(state, &(bank, parent, cap.currency));
        Ok(())
    }
}
