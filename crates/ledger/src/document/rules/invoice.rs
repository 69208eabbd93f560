//! Invoices: recorded, confirmed, compared, checked with the tax authority, paid.

use super::{CONFIRM, Identity, RECORD, check_parties, register, require_past, require_side, sums, traders};
use crate::{
    core::{Call, Context, EntityRole, Function, Record, Role, emit},
    document::{
        allocation::notify_claimants,
        fingerprint::{self, Kind},
        matching::{self, add, as_lines, by_order_line},
        state::{Known, need},
        types::{
            AttestInvoice, Balance, ConfirmInvoice, Delivery, Invoice, InvoiceAttested, InvoiceConfirmed, InvoiceId,
            InvoiceLines, InvoiceMatched, InvoiceRecorded, InvoiceRevoked, InvoiceStatus, MatchInvoice, MatchedInvoice,
            Order, OrderId, OrderProgress, PaymentRecorded, RecordInvoice, RecordPayment, Rounding, Side, TaxCheck,
            Totals, Traders, reject,
        },
    },
};
use std::collections::BTreeMap;
use types::{Amount, Quantity, Rejection, State, Stop};

impl Call for RecordInvoice {
    const NAME: &'static str = "record_invoice";
    const ROLES: &'static [Role] = RECORD;
    type Outcome = InvoiceId;

    fn check(&self) -> Result<(), Rejection> {
        fingerprint::check(&self.number)?;
        check_parties(&self.parties)?;
        sums::check_invoice(&self.lines, &self.totals)?;
        match self.due_on.filter(|due_on| *due_on < self.date) {
            Some(due_on) => Err(reject::date_order(format!("due on {due_on}, before the invoice of {}", self.date))),
            None => Ok(()),
        }
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<InvoiceId, Stop> {
        require_past(ctx, "invoiced", self.date)?;
        let traders = traders(state, &self.parties)?;
        require_side(ctx, &traders, Side::Seller)?;
        let id = InvoiceId::derive(ctx.transaction, ctx.act, 0);
        let gross = self.totals.gross;
        let (kind, number, date) = (Kind::Invoice, self.number.as_str(), self.date);
        let identity = Identity { kind, traders: &traders, number, date, gross: Some(gross) };
        let fingerprint = register(state, &identity, Known::Invoice(id))?;
        let zero = Amount::zero(gross.currency);
        let (invoiced_before, lines) = match self.order {
            Some(order) => bill(state, order, &traders, self)?,
            None => (zero, InvoiceLines::unbilled(self.lines.clone(), zero)),
        };
        for delivery in &self.deliveries {
            let record: Delivery = need(state, delivery)?;
            if Some(record.order) != self.order {
                let detail = format!("{delivery} is not a delivery on the invoice's order");
                return Err(reject::trade_doc_missing(detail).into());
            }
        }
        let invoice = Invoice {
            number: self.number.clone(),
            kind: self.kind,
            traders,
            date: self.date,
            due_on: self.due_on,
            order: self.order,
            deliveries: self.deliveries.clone(),
            totals: self.totals.clone(),
            source: self.source.clone(),
            fingerprint,
            recorded_by: ctx.actor().enterprise,
            recorded_at: ctx.time,
            confirmed_at: None,
            status: InvoiceStatus::Unchecked,
            check: None,
            balance: Balance::new(paid_before(&self.totals)?),
            invoiced_before,
            matched: None,
            claims: 0,
        };
        invoice.store(state, &id);
        lines.store(state, &id);
        let (due_on, concerned) = (invoice.due_on, invoice.traders.concerned());
        emit(state, &InvoiceRecorded { invoice: id, number: invoice.number, gross, due_on, concerned });
        Ok(id)
    }
}

/// What was paid before the invoice was made; rounding off counts as paid, rounding up adds nothing to claim.
fn paid_before(totals: &Totals) -> Result<Amount, Rejection> {
    match totals.rounding {
        Rounding::Down(down) => totals.prepaid.plus(down),
        Rounding::None => Ok(totals.prepaid),
        // Rounded up, the prepayment may be a fraction over the gross amount.
        Rounding::Up(_) => Ok(Amount { minor: totals.prepaid.minor.min(totals.gross.minor), ..totals.prepaid }),
    }
}

/// Adds an invoice to its order's progress, and gives what was billed before it, and its lines.
fn bill(
    state: &mut dyn State,
    id: OrderId,
    traders: &Traders,
    invoice: &RecordInvoice,
) -> Result<(Amount, InvoiceLines), Stop> {
    let order: Order = need(state, &id)?;
    if !order.traders.same(traders) {
        return Err(reject::match_party(format!("the invoice is not between the parties of {id}")).into());
    }
    let mut progress: OrderProgress = need(state, &id)?;
    let total_before = progress.invoiced;
    let billed = by_order_line(&invoice.lines)?;
    let mut before = BTreeMap::new();
    for (number, quantity) in &billed {
        let line = sums::line_of(&mut progress, *number)?;
        before.insert(*number, line.invoiced);
        line.invoiced = add(line.invoiced, *quantity)?;
    }
    progress.invoiced = progress.invoiced.plus(invoice.totals.net)?;
    progress.store(state, &id);
    let lines = InvoiceLines {
        lines: invoice.lines.clone(),
        invoiced_before: as_lines(&before),
        billed: as_lines(&billed),
        billed_net: invoice.totals.net,
    };
    Ok((total_before, lines))
}

/// How much of an invoice's place on its order is taken back.
pub(super) enum TakeBack<'a> {
    /// What a credit note names, as far as the invoice bills it still.
    Part { quantities: &'a BTreeMap<u32, Quantity>, net: Amount },
    /// All that the invoice bills still.
    All,
}

/// Takes an invoice, wholly or in part, out of its order's progress: never more than it put in.
pub(super) fn unbill(state: &mut dyn State, id: InvoiceId, order: OrderId, take: &TakeBack) -> Result<(), Stop> {
    let mut lines: InvoiceLines = need(state, &id)?;
    let mut progress: OrderProgress = need(state, &order)?;
    let billed = lines.billed_net.minor;
    let net = match take {
        TakeBack::Part { net, .. } => lines.billed_net.currency.minor(net.minor.min(billed)),
        TakeBack::All => lines.billed_net,
    };
    let less = |from: Amount| from.minus(net).map(|left| left.expect("the invoice takes back what it put in"));
    lines.billed_net = less(lines.billed_net)?;
    progress.invoiced = less(progress.invoiced)?;
    for own in lines.billed.iter_mut() {
        let taken = match take {
            TakeBack::Part { quantities, .. } => {
                quantities.get(&own.order_line).map_or(0, |quantity| quantity.0.min(own.quantity.0))
            }
            TakeBack::All => own.quantity.0,
        };
        own.quantity.0 -= taken;
        let line = sums::line_of(&mut progress, own.order_line)?;
        let left = line.invoiced.0.checked_sub(taken);
        line.invoiced.0 = left.expect("an order line's invoiced quantity is the sum of what invoices bill on it");
    }
    lines.store(state, &id);
    progress.store(state, &order);
    Ok(())
}

impl Call for ConfirmInvoice {
    const NAME: &'static str = "confirm_invoice";
    const ROLES: &'static [Role] = CONFIRM;
    type Outcome = MatchedInvoice;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<MatchedInvoice, Stop> {
        let mut invoice: Invoice = need(state, &self.invoice)?;
        if invoice.traders.buyer.enterprise != Some(ctx.actor().enterprise) {
            return Err(reject::side(format!("the buyer confirms {}", self.invoice)).into());
        }
        if invoice.confirmed_at.is_some() {
            return Err(reject::already_confirmed(self.invoice).into());
        }
        invoice.confirmed_at = Some(ctx.time);
        emit(state, &InvoiceConfirmed { invoice: self.invoice, concerned: invoice.traders.concerned() });
        keep_match(ctx, state, self.invoice, invoice)
    }
}

impl Call for MatchInvoice {
    const NAME: &'static str = "match_invoice";
    const ROLES: &'static [Role] = RECORD;
    type Outcome = MatchedInvoice;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<MatchedInvoice, Stop> {
        let invoice: Invoice = need(state, &self.invoice)?;
        invoice.traders.side_of(ctx.actor().enterprise)?;
        keep_match(ctx, state, self.invoice, invoice)
    }
}

fn keep_match(
    ctx: &Context,
    state: &mut dyn State,
    id: InvoiceId,
    mut invoice: Invoice,
) -> Result<MatchedInvoice, Stop> {
    let matched = matching::compare(state, ctx.time, id, &invoice)?;
    invoice.matched = Some(matched.clone());
    invoice.store(state, &id);
    let concerned = invoice.traders.concerned();
    emit(state, &InvoiceMatched { invoice: id, matched: matched.clone(), concerned });
    Ok(MatchedInvoice { invoice: id, matched })
}

impl Call for AttestInvoice {
    const NAME: &'static str = "attest_invoice";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Connector, &[Function::Maker])];
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let id = self.invoice;
        let mut invoice: Invoice = need(state, &id)?;
        if self.checked_at > ctx.time {
            return Err(reject::check_time(self.checked_at, ctx.time).into());
        }
        if let Some(last) = invoice.check.as_ref().filter(|last| self.checked_at <= last.checked_at) {
            return Err(reject::check_time(self.checked_at, last.checked_at).into());
        }
        let was = invoice.status;
        match was {
            InvoiceStatus::Unchecked | InvoiceStatus::Normal => {}
            // What was reversed or voided stays so; hearing it again changes nothing but the time of the check.
            InvoiceStatus::RedLettered | InvoiceStatus::Void if self.status == was => {}
            InvoiceStatus::RedLettered | InvoiceStatus::Void => {
                return Err(reject::invoice_status(id, format!("{was:?}")).into());
            }
        }
        let connector = ctx.actor().enterprise;
        invoice.status = self.status;
        invoice.check = Some(TaxCheck { query: self.query.clone(), checked_at: self.checked_at, connector });
        invoice.store(state, &id);
        let concerned = invoice.traders.concerned();
        emit(state, &InvoiceAttested { invoice: id, status: self.status, concerned });
        if was == self.status {
            return Ok(());
        }
        match self.status {
            InvoiceStatus::RedLettered | InvoiceStatus::Void => revoke(ctx, state, id, &invoice),
            InvoiceStatus::Unchecked | InvoiceStatus::Normal => Ok(()),
        }
    }
}

/// Takes an invoice that is no longer valid out of its order's progress, and tells all who claim on it.
fn revoke(ctx: &Context, state: &mut dyn State, id: InvoiceId, invoice: &Invoice) -> Result<(), Stop> {
    if let Some(order) = invoice.order {
        unbill(state, id, order, &TakeBack::All)?;
    }
    let (status, claimed, concerned) = (invoice.status, invoice.balance.claimed(), invoice.traders.concerned());
    emit(state, &InvoiceRevoked { invoice: id, status, claimed, concerned });
    Ok(notify_claimants(state, ctx.time, id, 0)?)
}

impl Call for RecordPayment {
    const NAME: &'static str = "record_payment";
    const ROLES: &'static [Role] = RECORD;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        self.amount.positive().map(|_| ())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        require_past(ctx, "paid", self.paid_on)?;
        let mut invoice: Invoice = need(state, &self.invoice)?;
        require_side(ctx, &invoice.traders, Side::Seller)?;
        let open = invoice.open();
        if open.minus(self.amount)?.is_none() {
            return Err(reject::fingerprint_exhausted(self.invoice, open, self.amount).into());
        }
        invoice.balance.paid = invoice.balance.paid.plus(self.amount)?;
        invoice.store(state, &self.invoice);
        let concerned = invoice.traders.concerned();
        let (invoice, amount, paid_on, reference) = (self.invoice, self.amount, self.paid_on, self.reference.clone());
        emit(state, &PaymentRecorded { invoice, amount, paid_on, reference, concerned });
        Ok(())
    }
}
