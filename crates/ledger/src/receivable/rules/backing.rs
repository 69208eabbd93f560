//! Who backs a certificate, and whose line carries its financing: one place decides between a bank's free line and the
//! part of it that is reserved for this certificate.

use super::guard;
use crate::{
    core::{Context, EnterpriseId, EntityRole, Function},
    credit, enterprise,
    receivable::types::{Backing, Certificate, Lot, LotStatus},
};
use types::{Amount, Date, State, Stop};

const SIGN: &[Function] = &[Function::Maker, Function::Checker];

/// Refuses a backer in another role, and one that is a party of the debt.
pub(super) fn require_backer(
    state: &mut dyn State,
    backing: Backing,
    (obligor, creditor): (EnterpriseId, EnterpriseId),
) -> Result<(), Stop> {
    let (backer, role) = match backing {
        Backing::Corporate => return Ok(()),
        Backing::Bank(bank) => (bank, EntityRole::Bank),
        Backing::Guarantor(guarantor) => (guarantor, EntityRole::Guarantor),
    };
    guard::require_role(state, backer, role)?;
    if backer == obligor || backer == creditor {
        return Err(enterprise::reject::self_transfer(backer).into());
    }
    Ok(())
}

/// Refuses unless the backer signs the issue too.
pub(super) fn require_signed(ctx: &Context, state: &mut dyn State, backing: Backing) -> Result<(), Stop> {
    match backing {
        Backing::Corporate => Ok(()),
        Backing::Bank(bank) => enterprise::require(ctx, state, bank, Some(EntityRole::Bank), SIGN),
        Backing::Guarantor(guarantor) => enterprise::require(ctx, state, guarantor, Some(EntityRole::Guarantor), SIGN),
    }
}

/// Blocks the backer's line or cover for the face: the certificate was submitted.
pub(super) fn block(ctx: &Context, state: &mut dyn State, of: &Certificate, due_on: Date) -> Result<(), Stop> {
    match of.backing {
        Backing::Corporate => Ok(()),
        Backing::Bank(bank) => credit::line_block(ctx, state, bank, of.obligor, of.face, due_on),
        Backing::Guarantor(guarantor) => credit::cover_block(ctx, state, guarantor, of.obligor, of.face, due_on),
    }
}

/// Gives back what was blocked: nobody accepted the certificate.
pub(super) fn unblock(ctx: &Context, state: &mut dyn State, of: &Certificate) -> Result<(), Stop> {
    match of.backing {
        Backing::Corporate => Ok(()),
        Backing::Bank(bank) => credit::line_unblock(ctx, state, bank, of.obligor, of.face),
        Backing::Guarantor(guarantor) => credit::cover_unblock(state, guarantor, of.obligor, of.face),
    }
}

/// Binds the backer for the certificate's life: it was accepted. To its backer that is an open obligation.
pub(super) fn bind(ctx: &Context, state: &mut dyn State, of: &Certificate) -> Result<(), Stop> {
    match of.backing {
        Backing::Corporate => return Ok(()),
        Backing::Bank(bank) => credit::line_reserve(ctx, state, bank, of.obligor, of.face)?,
        Backing::Guarantor(guarantor) => credit::cover_use(state, guarantor, of.obligor, of.face)?,
    }
    count(state, of, 1)
}

/// Nothing is owed on the certificate any more.
pub(super) fn unbind(state: &mut dyn State, of: &Certificate) -> Result<(), Stop> {
    count(state, of, -1)
}

fn count(state: &mut dyn State, of: &Certificate, change: i64) -> Result<(), Stop> {
    match of.backing.backer() {
        Some(backer) => Ok(enterprise::obligations_changed(state, backer, change)?),
        None => Ok(()),
    }
}

/// Gives back what backed `amount` that no financier holds: it was burned or set off.
pub(super) fn release(ctx: &Context, state: &mut dyn State, of: &Certificate, amount: Amount) -> Result<(), Stop> {
    match of.backing {
        Backing::Corporate => Ok(()),
        Backing::Bank(bank) => credit::reserve_free(ctx, state, bank, of.obligor, amount),
        Backing::Guarantor(guarantor) => credit::cover_release(state, guarantor, of.obligor, amount),
    }
}

/// Gives back what a lot used, as far as `principal` was paid or given up on it: its financier's line, and what backs it.
pub(super) fn paid(
    ctx: &Context,
    state: &mut dyn State,
    of: &Certificate,
    lot: &Lot,
    principal: Amount,
) -> Result<(), Stop> {
    if principal.is_zero() {
        return Ok(());
    }
    let financed = matches!(lot.status, LotStatus::Financed(_));
    if financed {
        credit::line_release(ctx, state, lot.holder, lot.obligor, principal)?;
    }
    // What the bank that backs the certificate has financed itself it has drawn out of the reserve.
    if financed && of.backing == Backing::Bank(lot.holder) {
        return Ok(());
    }
    release(ctx, state, of, principal)
}

/// Blocks the line of a bank that quotes, or earmarks the reserve when it is the bank that backs the certificate.
pub(super) fn quote(
    ctx: &Context,
    state: &mut dyn State,
    of: &Certificate,
    bank: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    if of.backing == Backing::Bank(bank) {
        return credit::reserve_earmark(ctx, state, bank, of.obligor, amount);
    }
    let due_on = of.issued.as_ref().expect("a certificate is issued before it is financed").due_on;
    credit::line_block(ctx, state, bank, of.obligor, amount, due_on)
}

/// Gives back what a quote blocked or earmarked.
pub(super) fn end_quote(
    ctx: &Context,
    state: &mut dyn State,
    of: &Certificate,
    bank: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    match of.backing == Backing::Bank(bank) {
        true => credit::reserve_unearmark(ctx, state, bank, of.obligor, amount),
        false => credit::line_unblock(ctx, state, bank, of.obligor, amount),
    }
}

/// Turns what a quote blocked or earmarked into utilised: the bank has paid.
pub(super) fn disburse(
    ctx: &Context,
    state: &mut dyn State,
    of: &Certificate,
    bank: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    match of.backing == Backing::Bank(bank) {
        true => credit::reserve_draw(ctx, state, bank, of.obligor, amount),
        false => credit::line_utilise(ctx, state, bank, of.obligor, amount),
    }
}

/// A lot leaves its financier unpaid: the line is free, unless it backs the certificate for life.
pub(super) fn leave(
    ctx: &Context,
    state: &mut dyn State,
    of: &Certificate,
    bank: EnterpriseId,
    amount: Amount,
) -> Result<(), Stop> {
    match of.backing == Backing::Bank(bank) {
        true => credit::reserve_return(ctx, state, bank, of.obligor, amount),
        false => credit::line_release(ctx, state, bank, of.obligor, amount),
    }
}
