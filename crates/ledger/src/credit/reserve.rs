//! The part of a line that backs certificates for life: reserved at acceptance, drawn when the line's own bank finances,
//! freed when the certificate is paid, burned or given up.
//!
//! What was promised holds whatever becomes of the line: a cut, an expiry or a closing stops none of these.

use super::{
    line::{keep, load},
    types::Movement,
};
use crate::core::{Context, EnterpriseId};
use types::{Amount, State, Stop};

/// Turns blocked into reserved: the certificate that the line backs was accepted.
pub fn line_reserve(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut line = load(state, bank, obligor, amount)?;
    line.blocked = line.blocked.minus(amount)?.expect("a caller reserves what it has blocked");
    line.reserved = line.reserved.plus(amount)?;
    keep(ctx, state, line, Movement::Reserved, amount)
}

/// Sets a part of the reserve aside for a quote of the line's own bank: it is counted once, in the reserve.
pub fn reserve_earmark(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut line = load(state, bank, obligor, amount.positive()?)?;
    line.earmarked = line.earmarked.plus(amount)?;
    keep(ctx, state, line, Movement::Earmarked, amount)
}

/// Gives back what was set aside: the quote was refused, withdrawn or has expired.
pub fn reserve_unearmark(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut line = load(state, bank, obligor, amount)?;
    line.earmarked = line.earmarked.minus(amount)?.expect("a caller gives back what it has earmarked");
    keep(ctx, state, line, Movement::Unearmarked, amount)
}

/// Turns what was earmarked of the reserve into utilised, both at once: the line's own bank has disbursed.
pub fn reserve_draw(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut line = load(state, bank, obligor, amount)?;
    line.earmarked = line.earmarked.minus(amount)?.expect("a caller draws what it has earmarked");
    line.reserved = line.reserved.minus(amount)?.expect("what is earmarked is reserved");
    line.utilised = line.utilised.plus(amount)?;
    keep(ctx, state, line, Movement::Drawn, amount)
}

/// Turns utilised into reserved again: what the line's own bank financed has another holder, and the line still backs it.
pub fn reserve_return(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut line = load(state, bank, obligor, amount)?;
    line.utilised = line.utilised.minus(amount)?.expect("a caller returns what it has utilised");
    line.reserved = line.reserved.plus(amount)?;
    keep(ctx, state, line, Movement::Returned, amount)
}

/// Gives back what was reserved: the obligor has paid this amount, or its holder has agreed to hold less.
pub fn reserve_free(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    obligor: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    let mut line = load(state, bank, obligor, amount)?;
    line.reserved = line.reserved.minus(amount)?.expect("a caller frees what it has reserved");
    keep(ctx, state, line, Movement::Freed, amount)
}
