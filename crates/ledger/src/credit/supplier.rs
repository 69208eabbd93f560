//! How much of a bank's program is out on one supplier's claims: taken when its quote is accepted, given back when the
//! claim is paid, bought back, sold on, or the financing ends without money.

use super::{
    reject,
    types::{BankLine, LineStatus, Program, SupplierExposure},
};
use crate::{
    core::{Context, EnterpriseId, Record},
    policy,
};
use types::{Amount, Currency, State, Stop};

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
        let cap = policy::at(state, ctx.time)?.supplier_share_max.share_floor(program.size)?;
        if cap.minus(outstanding)?.is_none() {
            return Err(reject::concentration(bank, outstanding, cap).into());
        }
    }
    SupplierExposure { bank, supplier, outstanding }.store(state, &key);
    Ok(())
}

/// Whether the bank has an open line on this enterprise.
pub fn has_line(
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    currency: Currency,
) -> Result<bool, Stop> {
    let line = BankLine::load(state, &(bank, obligor, currency))?;
    Ok(line.is_some_and(|line| line.status == LineStatus::Open))
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
