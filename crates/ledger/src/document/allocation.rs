//! Who rests on an invoice's value: the door through which later modules claim it.
//!
//! An invoice is a registry row, not a flag: claims are amounts, and all of them together with payments and credit
//! notes never exceed the gross amount (law I5).

use super::{
    MODULE, matching,
    state::need,
    types::{
        Claim, ClaimUse, Claimant, CreditNote, CreditNoteCountered, CreditNoteId, Delivery, Invoice, InvoiceId,
        InvoiceKind, InvoiceLines, InvoiceStatus, InvoiceValueMoved, MatchOutcome, Movement, OrderProgress, Trader,
        reject,
    },
};
use crate::{
    core::{Context, EnterpriseId, Record, due, emit},
    policy,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Date, Miss, Rejection, State, Stop, Timestamp, wire};

/// Claimants told in one go; the rest follow in due work of the same block time.
const NOTICES_PER_STEP: u64 = 32;

/// The invoice.
pub fn invoice(state: &mut dyn State, id: InvoiceId) -> Result<Invoice, Stop> {
    need(state, &id)
}

/// The day of the first goods receipt behind an invoice: of the deliveries it names, or else of the order lines it bills.
/// None while nothing was received, and for services.
pub fn first_received_on(state: &mut dyn State, id: InvoiceId) -> Result<Option<Date>, Stop> {
    let invoice = invoice(state, id)?;
    let mut first: Option<Date> = None;
    let mut seen = |date: Option<Date>| {
        if let Some(date) = date {
            first = Some(first.map_or(date, |first| first.min(date)));
        }
    };
    for delivery in &invoice.deliveries {
        let delivery: Delivery = need(state, delivery)?;
        seen(delivery.receipt.map(|receipt| receipt.received_on));
    }
    if let Some(order) = invoice.order.filter(|_| invoice.deliveries.is_empty()) {
        let billed: InvoiceLines = need(state, &id)?;
        let progress: OrderProgress = need(state, &order)?;
        for line in &progress.lines {
            if billed.billed.iter().any(|billed| billed.order_line == line.number) {
                seen(line.first_receipt);
            }
        }
    }
    Ok(first)
}

/// The credit note.
pub fn credit_note(state: &mut dyn State, id: CreditNoteId) -> Result<CreditNote, Stop> {
    need(state, &id)
}

/// Reserves value of invoices that `creditor` issued to `debtor`, and gives the sum.
///
/// The caller compares the sum with what it needs ([`reject::trade_doc_short`]).
pub fn reserve(
    ctx: &Context,
    state: &mut dyn State,
    use_: ClaimUse,
    trade: Trade,
    claims: &[Claim],
    claimant: Claimant,
) -> Result<Amount, Stop> {
    let mut sum: Option<Amount> = None;
    for claim in claims {
        let mut invoice = invoice(state, claim.invoice)?;
        let amount = claim.amount.positive()?;
        require_between(claim.invoice, &invoice, trade)?;
        match use_ {
            ClaimUse::Issue => require_issuable(ctx, state, claim.invoice, &mut invoice)?,
            ClaimUse::Transfer => require_valid(claim.invoice, &invoice)?,
        }
        let open = invoice.open();
        if open.minus(amount)?.is_none() {
            return Err(reject::fingerprint_exhausted(claim.invoice, open, amount).into());
        }
        invoice.balance.reserved = invoice.balance.reserved.plus(amount)?;
        claimant.store(state, &(claim.invoice, invoice.claims));
        invoice.claims += 1;
        moved(state, claim.invoice, &invoice, Movement::Reserved, amount);
        sum = Some(match sum {
            Some(sum) => sum.plus(amount)?,
            None => amount,
        });
    }
    Ok(sum.ok_or_else(|| reject::trade_doc_missing("name at least one invoice that this rests on"))?)
}

/// The two enterprises between which a claim is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trade {
    /// Who owes the invoice: its buyer.
    pub debtor: EnterpriseId,
    /// Who is owed the invoice: its seller.
    pub creditor: EnterpriseId,
}

/// Concludes reservations: they become allocations.
pub fn commit(state: &mut dyn State, claims: &[Claim]) -> Result<(), Stop> {
    each(state, claims, Movement::Committed)
}

/// Gives reservations back.
pub fn release(state: &mut dyn State, claims: &[Claim]) -> Result<(), Stop> {
    each(state, claims, Movement::Released)
}

/// Marks allocations as paid out. Their value is used up for good.
pub fn settle(state: &mut dyn State, claims: &[Claim]) -> Result<(), Stop> {
    each(state, claims, Movement::Settled)
}

/// Gives allocations back: what rested on them was canceled before anybody else held it.
pub fn free(state: &mut dyn State, claims: &[Claim]) -> Result<(), Stop> {
    each(state, claims, Movement::Freed)
}

/// Refuses unless every invoice is still in force and was freshly checked: before a bank pays on it.
pub fn require_fresh(ctx: &Context, state: &mut dyn State, claims: &[Claim]) -> Result<(), Stop> {
    for claim in claims {
        let invoice = invoice(state, claim.invoice)?;
        require_valid(claim.invoice, &invoice)?;
        require_fresh_check(ctx, state, claim.invoice, &invoice)?;
    }
    Ok(())
}

/// Cuts the allocation of a credit note's invoice by `amount` of the note's excess: the holders of what rested on it
/// agreed to hold less.
pub fn reduce(state: &mut dyn State, note: CreditNoteId, amount: Amount) -> Result<(), Stop> {
    let mut record = take_excess(state, note, amount)?;
    let mut invoice = invoice(state, record.invoice)?;
    let allocated = invoice.balance.allocated;
    let left = allocated.minus(amount)?.ok_or_else(|| reject::credit_note_spent(note, allocated, amount))?;
    invoice.balance.allocated = left;
    invoice.balance.credited = invoice.balance.credited.plus(amount)?;
    record.reduced = record.reduced.plus(amount)?;
    record.store(state, &note);
    moved(state, record.invoice, &invoice, Movement::Reduced, amount);
    Ok(())
}

/// Turns `amount` of a credit note's excess into a counter-claim on the seller: no holder loses anything.
pub fn counter(state: &mut dyn State, note: CreditNoteId, amount: Amount) -> Result<(), Stop> {
    let mut record = take_excess(state, note, amount)?;
    record.countered = record.countered.plus(amount)?;
    record.store(state, &note);
    let concerned = record.traders.concerned();
    emit(state, &CreditNoteCountered { note, invoice: record.invoice, amount, concerned });
    Ok(())
}

fn take_excess(state: &mut dyn State, note: CreditNoteId, amount: Amount) -> Result<CreditNote, Stop> {
    let record = credit_note(state, note)?;
    let outstanding = record.outstanding();
    match outstanding.minus(amount.positive()?)? {
        Some(_) => Ok(record),
        None => Err(reject::credit_note_spent(note, outstanding, amount).into()),
    }
}

/// Moves each claim's amount between the parts of its invoice's balance. The caller moves only what it reserved.
fn each(state: &mut dyn State, claims: &[Claim], movement: Movement) -> Result<(), Stop> {
    for Claim { invoice: id, amount } in claims {
        let mut invoice = invoice(state, *id)?;
        let balance = &mut invoice.balance;
        let (from, to) = match movement {
            Movement::Committed => (&mut balance.reserved, Some(&mut balance.allocated)),
            Movement::Released => (&mut balance.reserved, None),
            Movement::Settled => (&mut balance.allocated, Some(&mut balance.settled)),
            Movement::Freed => (&mut balance.allocated, None),
            Movement::Reserved | Movement::Reduced => unreachable!("these have their own functions"),
        };
        *from = from.minus(*amount)?.expect("a claim is moved only as far as its claimant reserved it");
        if let Some(to) = to {
            *to = to.plus(*amount)?;
        }
        moved(state, *id, &invoice, movement, *amount);
    }
    Ok(())
}

/// Stores the invoice and tells its parties what moved.
fn moved(state: &mut dyn State, id: InvoiceId, invoice: &Invoice, movement: Movement, amount: Amount) {
    invoice.store(state, &id);
    let concerned = invoice.traders.concerned();
    emit(state, &InvoiceValueMoved { invoice: id, movement, amount, open: invoice.open(), concerned });
}

fn require_between(id: InvoiceId, invoice: &Invoice, trade: Trade) -> Result<(), Rejection> {
    let refuse = |what: &str, trader: &Trader, expected: EnterpriseId| {
        Err(reject::match_party(format!("the {what} of {id} is {} ({}), not {expected}", trader.name, trader.legal_id)))
    };
    let Trade { debtor, creditor } = trade;
    if invoice.traders.seller.enterprise != Some(creditor) {
        return refuse("seller", &invoice.traders.seller, creditor);
    }
    if invoice.traders.buyer.enterprise != Some(debtor) {
        return refuse("buyer", &invoice.traders.buyer, debtor);
    }
    Ok(())
}

/// Refuses an advance, and an invoice that the tax authority says is reversed or void.
fn require_valid(id: InvoiceId, invoice: &Invoice) -> Result<(), Rejection> {
    match invoice.status {
        status @ (InvoiceStatus::RedLettered | InvoiceStatus::Void) => {
            return Err(reject::invoice_status(id, format!("{status:?}")));
        }
        InvoiceStatus::Unchecked | InvoiceStatus::Normal => {}
    }
    match invoice.kind {
        InvoiceKind::Prepayment => Err(reject::prepayment_basis(id)),
        InvoiceKind::Commercial => Ok(()),
    }
}

/// Refuses unless the invoice is in force, freshly checked, and matched with order and goods receipt.
fn require_issuable(ctx: &Context, state: &mut dyn State, id: InvoiceId, invoice: &mut Invoice) -> Result<(), Stop> {
    require_valid(id, invoice)?;
    require_fresh_check(ctx, state, id, invoice)?;
    let matched = matching::compare(state, ctx.time, id, invoice)?;
    if let MatchOutcome::Exception(findings) = &matched.outcome {
        let first = findings.first().expect("an exception has findings");
        return Err(first.rejection(id).into());
    }
    invoice.matched = Some(matched);
    Ok(())
}

fn require_fresh_check(ctx: &Context, state: &mut dyn State, id: InvoiceId, invoice: &Invoice) -> Result<(), Stop> {
    let hours = policy::at(state, ctx.time)?.invoice_check_hours_max;
    let checked_at = invoice.check.as_ref().map(|check| check.checked_at);
    match checked_at {
        Some(checked_at) if checked_at.plus_hours(u64::from(hours)) >= ctx.time => Ok(()),
        Some(checked_at) => Err(reject::invoice_stale_check(id, checked_at, hours).into()),
        None => Err(reject::invoice_stale_check(id, "no time yet", hours).into()),
    }
}

/// Due work of this module.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
enum Due {
    /// Tell the invoice's claimants from this one on.
    NotifyClaimants { invoice: InvoiceId, from: u64 },
}

/// Tells everybody who claims on the invoice, in steps, that it is no longer valid.
pub(super) fn notify_claimants(
    state: &mut dyn State,
    at: Timestamp,
    invoice: InvoiceId,
    from: u64,
) -> Result<(), Miss> {
    for position in from..from + NOTICES_PER_STEP {
        let Some(claimant) = Claimant::load(state, &(invoice, position))? else {
            return Ok(());
        };
        due::schedule(state, at, claimant.module, claimant.notify)?;
    }
    let next = Due::NotifyClaimants { invoice, from: from + NOTICES_PER_STEP };
    due::schedule(state, at, MODULE.number, wire::encode(&next))
}

/// Does what this module scheduled.
pub(super) fn run_due(ctx: &Context, payload: &[u8], state: &mut dyn State) -> Result<(), Stop> {
    match wire::decode(payload).expect("only this module schedules its due work") {
        Due::NotifyClaimants { invoice, from } => Ok(notify_claimants(state, ctx.time, invoice, from)?),
    }
}
