//! Obligor groups: a bank counts a parent and its subsidiaries together, and what one of them owes too late stops new
//! draws on all of them. Lines are counted in their own currency; what is drawn already is never touched.

use super::{
    reject,
    types::{BankLine, GroupCap, GroupMembership, IssuerStanding, ObligorGroup},
};
use crate::{
    core::{Context, EnterpriseId, Record, look_ahead},
    policy,
};
use types::{Amount, Currency, State, Stop};

/// An obligor and those that are counted with it.
pub(super) struct Group {
    /// None: the obligor stands alone.
    pub(super) parent: Option<EnterpriseId>,
    /// The obligor among them.
    pub(super) members: Vec<EnterpriseId>,
}

/// The group of an obligor; itself alone when it is in none.
pub(super) fn of(state: &mut dyn State, obligor: EnterpriseId) -> Result<Group, Stop> {
    let Some(GroupMembership { parent }) = GroupMembership::load(state, &obligor)? else {
        return Ok(Group { parent: None, members: vec![obligor] });
    };
    let group = ObligorGroup::load(state, &parent)?.expect("a membership names its group");
    let mut members = vec![parent];
    members.extend(group.subsidiaries.iter().copied());
    Ok(Group { parent: Some(parent), members })
}

impl Group {
    /// Certificates of the group that are overdue now, and whose the first of them is.
    pub(super) fn overdue(&self, state: &mut dyn State) -> Result<(u32, Option<EnterpriseId>), Stop> {
        look_ahead(state, self.members.iter().map(IssuerStanding::key))?;
        let (mut count, mut first) = (0, None);
        for member in &self.members {
            let overdue = IssuerStanding::load(state, member)?.map_or(0, |standing| standing.overdue);
            count += overdue;
            if overdue > 0 && first.is_none() {
                first = Some(*member);
            }
        }
        Ok((count, first))
    }

    /// What a bank's lines on the group carry in one currency.
    pub(super) fn exposure(
        &self,
        state: &mut dyn State,
        bank: EnterpriseId,
        currency: Currency,
    ) -> Result<Amount, Stop> {
        look_ahead(state, self.members.iter().map(|member| BankLine::key(&(bank, *member, currency))))?;
        let mut sum = Amount::zero(currency);
        for member in &self.members {
            if let Some(line) = BankLine::load(state, &(bank, *member, currency))? {
                sum = sum.plus(line.exposure()?)?;
            }
        }
        Ok(sum)
    }
}

/// Refuses a draw on an obligor while its group has as many certificates overdue as the policy says (cross-default).
pub(super) fn require_none_overdue(ctx: &Context, state: &mut dyn State, obligor: EnterpriseId) -> Result<(), Stop> {
    let (count, first) = of(state, obligor)?.overdue(state)?;
    let Some(overdue) = first else { return Ok(()) };
    if count >= policy::at(state, ctx.time)?.overdue_roots_to_stop_drawing {
        return Err(reject::group_overdue(obligor, overdue).into());
    }
    Ok(())
}

/// Refuses what would lift the bank's lines on the obligor's group above its cap; without a cap there is none.
pub(super) fn require_below_cap(
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let group = of(state, obligor)?;
    let Some(parent) = group.parent else { return Ok(()) };
    let Some(GroupCap { cap, .. }) = GroupCap::load(state, &(bank, parent, amount.currency))? else {
        return Ok(());
    };
    let outstanding = group.exposure(state, bank, amount.currency)?.plus(amount)?;
    match cap.minus(outstanding)? {
        Some(_) => Ok(()),
        None => Err(reject::group_cap(bank, parent, outstanding, cap).into()),
    }
}
