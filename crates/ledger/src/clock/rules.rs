use super::{Advance, ClockAdvanced, reject, state::Offset};
use crate::core::{Call, Context, Function, Record, Role, emit};
use types::{Clock, Rejection, State, Stop, rejection::tech};

/// A time step must keep dates representable; a chain is not demonstrated beyond a century.
const STEP_MS_MAX: u64 = 100 * 366 * 86_400_000;

impl Call for Advance {
    const NAME: &'static str = "advance";
    const ROLES: &'static [Role] = &[
        Role::any(&[Function::Admin]),
        Role::any(&[Function::Maker]),
        Role::any(&[Function::Checker]),
        Role::any(&[Function::Treasurer]),
    ];
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        if ctx.clock != Clock::Movable {
            return Err(tech::unknown_act(super::MODULE.number, "advance").into());
        }
        let step = self.to.0.checked_sub(ctx.time.0).filter(|step| (1..=STEP_MS_MAX).contains(step));
        let step = step.ok_or_else(|| reject::backwards(ctx.time, self.to))?;
        let mut offset = Offset::load(state, &())?.unwrap_or_default();
        offset.ms += i64::try_from(step).expect("at most STEP_MS_MAX");
        offset.store(state, &());
        emit(state, &ClockAdvanced { from: ctx.time, to: self.to });
        Ok(())
    }
}
