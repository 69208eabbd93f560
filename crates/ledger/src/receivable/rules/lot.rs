//! Lots: splitting, and taking a part of a lot for a transfer or a financing.

use super::guard;
use crate::{
    core::{Call, Context, Function, Record, Role, emit},
    enterprise, policy,
    receivable::{
        tree::{Part, Root},
        types::{AlertRule, Lot, LotId, LotSplit, PARTS_MAX, Split, SplitCount, reject},
    },
};
use types::{
    Amount, Key, List, Rejection, State, Stop,
    planted::{self, Fault},
};

/// A split moves no claim, but from the policy's second level on a second person looks at it.
const CHECKED: &[Function] = &[Function::Maker, Function::Checker];

impl Call for Split {
    const NAME: &'static str = "split";
    const ROLES: &'static [Role] = &[Role::any(&[Function::Maker])];
    /// The parts, in order.
    type Outcome = List<LotId, PARTS_MAX>;

    fn check(&self) -> Result<(), Rejection> {
        if self.parts.len() < 2 {
            return Err(reject::split_parts(self.parts.len(), PARTS_MAX));
        }
        for part in &self.parts {
            part.positive()?;
        }
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Lot::key(&self.lot)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Self::Outcome, Stop> {
        let (mut root, lot) = guard::movable(ctx, state, self.lot)?;
        require_checked(ctx, state, &lot)?;
        let mut sum = Amount::zero(lot.face.currency);
        for part in &self.parts {
            sum = sum.plus(*part)?;
        }
        if sum != lot.face {
            return Err(reject::split_sum(lot.face, sum).into());
        }
        let children = split(ctx, state, &mut root, (self.lot, &lot), &self.parts)?;
        root.store(state);
        Ok(children)
    }
}

/// Cuts a lot into parts that its holder keeps, within the policy's limits on size, number and frequency.
fn split(
    ctx: &Context,
    state: &mut dyn State,
    root: &mut Root,
    (id, lot): (LotId, &Lot),
    parts: &[Amount],
) -> Result<List<LotId, PARTS_MAX>, Stop> {
    require_structure(state, root, parts)?;
    count_split(ctx, state, (id, lot))?;
    warn_of_smallest(state, root, (id, lot), parts)?;
    let mut parts: Vec<Part> = parts.iter().map(|amount| Part::kept(lot, *amount)).collect();
    if planted::is(Fault::SplitLosesUnit) {
        parts[0].amount.minor -= 1;
    }
    let children = List::new(root.cut(ctx, state, id, parts)?).expect("as many children as parts");
    let concerned = guard::concerned(&[lot.holder]);
    emit(state, &LotSplit { certificate: root.id, lot: id, parts: children.clone(), concerned });
    Ok(children)
}

/// Takes `amount` out of a lot: the lot itself when it is all of it, otherwise a child; the rest stays with the holder.
pub(super) fn take(
    ctx: &Context,
    state: &mut dyn State,
    root: &mut Root,
    (id, lot): (LotId, Lot),
    amount: Amount,
) -> Result<(LotId, Lot), Stop> {
    let rest = lot.face.minus(amount)?.ok_or_else(|| reject::split_sum(lot.face, amount))?;
    if rest.is_zero() {
        return Ok((id, lot));
    }
    let children = split(ctx, state, root, (id, &lot), &[amount, rest])?;
    let taken = children[0];
    Ok((taken, crate::receivable::tree::lot(state, taken)?))
}

/// Refuses a split of a large lot that only one person signs.
fn require_checked(ctx: &Context, state: &mut dyn State, lot: &Lot) -> Result<(), Stop> {
    if lot.face.minor >= policy::at(state, ctx.time)?.approval_level2_minor {
        return enterprise::require(ctx, state, lot.holder, None, CHECKED);
    }
    enterprise::require_limits(ctx, lot.face)
}

/// Refuses too many parts, too many lots of one certificate, and parts that are too small; one remainder may be.
fn require_structure(state: &mut dyn State, root: &Root, parts: &[Amount]) -> Result<(), Stop> {
    let policy = guard::policy_of(state, root)?;
    let count = u32::try_from(parts.len()).expect("at most PARTS_MAX parts");
    if count > policy.split_parts_max {
        return Err(reject::split_parts(count, policy.split_parts_max).into());
    }
    let lots = root.certificate.lots + count;
    if lots > policy.lots_per_root_max {
        return Err(reject::too_many_lots(lots, policy.lots_per_root_max).into());
    }
    let mut small = parts.iter().filter(|part| part.minor < policy.lot_minor_min);
    match (small.next(), small.next()) {
        (Some(_), Some(second)) => {
            let smallest = second.currency.minor(policy.lot_minor_min);
            Err(reject::lot_too_small(second, smallest).into())
        }
        (Some(_), None) | (None, _) => Ok(()),
    }
}

/// Counts a holder's splits of today: many raise an alert, too many are refused (F18).
fn count_split(ctx: &Context, state: &mut dyn State, (id, lot): (LotId, &Lot)) -> Result<(), Stop> {
    let policy = policy::at(state, ctx.time)?;
    let on = ctx.time.date();
    let today = SplitCount::load(state, &lot.holder)?.filter(|count| count.on == on);
    let splits = today.map_or(0, |count| count.splits) + 1;
    if splits > policy.splits_per_day_max {
        return Err(reject::split_velocity(lot.holder, policy.splits_per_day_max).into());
    }
    if splits == policy.splits_per_day_alert + 1 {
        guard::alert(state, (AlertRule::SplitVelocity, 3), (id, lot), &[lot.holder, lot.obligor]);
    }
    SplitCount { on, splits }.store(state, &lot.holder);
    Ok(())
}

/// Raises an alert when a part is hardly larger than the smallest lot: certificates are not for retail (F18).
fn warn_of_smallest(
    state: &mut dyn State,
    root: &Root,
    (id, lot): (LotId, &Lot),
    parts: &[Amount],
) -> Result<(), Stop> {
    let smallest = guard::policy_of(state, root)?.lot_minor_min;
    if parts.iter().any(|part| part.minor < smallest.saturating_mul(2)) {
        guard::alert(state, (AlertRule::SplitIntoSmallest, 4), (id, lot), &[lot.holder, lot.obligor]);
    }
    Ok(())
}
