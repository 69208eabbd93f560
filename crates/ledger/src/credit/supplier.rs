//! How much of a bank's program is out on one supplier's claims: taken when its quote is accepted, given back when the
//! claim is paid, bought back, sold on, or the financing ends without money.

use super::{
    reject,
    types::{Program, SupplierExposure},
};
use crate::{
    core::{Context, EnterpriseId, Record},
    policy,
};
use types::{Amount, State, Stop};

/// Counts `amount` against the policy's share of the bank's program; without a stated program there is no cap.
pub fn supplier_take(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    supplier: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let key = (bank, supplier, amount.currency);
    let earlier = SupplierExposure::load(state, &key)?;
    let outstanding = earlier.map_or(Ok(amount), |exposure| exposure.outstanding.plus(amount))?;
    if let Some(program) = Program::load(state, &(bank, amount.currency))? {
        let cap = policy::at(state, ctx.time)?.policy.supplier_share_max.share_floor(program.size)?;
        if cap.minus(outstanding)?.is_none() {
            return Err(reject::concentration(bank, outstanding, cap).into());
        }
    }
    SupplierExposure { bank, supplier, outstanding }.store(state, &key);
    Ok(())
}

/// Gives back what was counted.
pub fn supplier_give_back(
    state: &mut dyn State,
    bank: EnterpriseId,
    supplier: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let key = (bank, supplier, amount.currency);
    let mut exposure = SupplierExposure::load(state, &key)?.expect("a caller gives back what it has taken");
    exposure.outstanding = exposure.outstanding.minus(amount)?.expect("a caller gives back what it has taken");
    exposure.store(state, &key);
    Ok(())
}
