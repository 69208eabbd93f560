//! A bank's line on the seller: with recourse the seller's own limit is used besides the obligor's, where the bank has
//! granted one. Without recourse credit passes for free, and nothing here is touched.

use super::financing;
use crate::{
    core::{Context, EnterpriseId, Record},
    credit,
    receivable::types::{Financing, FinancingId, FinancingKind},
};
use types::{Amount, Date, State, Stop};

/// Blocks the bank's line on the seller for what the seller answers for. Gives that amount; none without such a line.
pub(super) fn block(
    ctx: &Context,
    state: &mut dyn State,
    bank: EnterpriseId,
    financing: &Financing,
    due_on: Date,
) -> Result<Option<Amount>, Stop> {
    match financing.kind {
        FinancingKind::NonRecourse => return Ok(None),
        FinancingKind::RecourseToSeller => {}
    }
    let amount = match financing.terms.as_ref().and_then(|terms| terms.advance_share) {
        Some(share) => share.share_floor(financing.amount)?,
        None => financing.amount,
    };
    if !credit::has_line(state, bank, financing.seller, amount.currency)? {
        return Ok(None);
    }
    credit::line_block(ctx, state, bank, financing.seller, amount, due_on)?;
    Ok(Some(amount))
}

/// Turns what was blocked into utilised: the bank has paid.
pub(super) fn utilise(ctx: &Context, state: &mut dyn State, financing: &Financing) -> Result<(), Stop> {
    match financing.seller_limit {
        Some(amount) => credit::line_utilise(ctx, state, financing::bank(financing), financing.seller, amount),
        None => Ok(()),
    }
}

/// Gives back what was blocked: no money went out.
pub(super) fn unblock(ctx: &Context, state: &mut dyn State, financing: &mut Financing) -> Result<(), Stop> {
    match financing.seller_limit.take() {
        Some(amount) => credit::line_unblock(ctx, state, financing::bank(financing), financing.seller, amount),
        None => Ok(()),
    }
}

/// Gives back what was utilised: the seller answers for nothing any more.
pub(super) fn release(ctx: &Context, state: &mut dyn State, id: FinancingId) -> Result<(), Stop> {
    let mut financing = financing::load(state, id)?;
    release_of(ctx, state, &mut financing)?;
    financing.store(state, &id);
    Ok(())
}

/// As `release`, for a financing that its caller stores.
pub(super) fn release_of(ctx: &Context, state: &mut dyn State, financing: &mut Financing) -> Result<(), Stop> {
    match financing.seller_limit.take() {
        Some(amount) => credit::line_release(ctx, state, financing::bank(financing), financing.seller, amount),
        None => Ok(()),
    }
}
