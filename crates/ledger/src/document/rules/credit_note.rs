//! Credit notes: they take back what is open, and never what others hold.

use super::{
    Identity, RECORD,
    invoice::{TakeBack, unbill},
    register, require_past, require_side, sums,
};
use crate::{
    core::{Call, Context, Record, Role, emit},
    document::{
        fingerprint::{self, Kind},
        matching::by_order_line,
        state::{Known, need},
        types::{
            CreditNote, CreditNoteId, CreditNoteLines, CreditNoteRecorded, Invoice, InvoiceStatus, RecordCreditNote,
            Side, reject,
        },
    },
};
use types::{Amount, Rejection, State, Stop};

impl Call for RecordCreditNote {
    const NAME: &'static str = "record_credit_note";
    const ROLES: &'static [Role] = RECORD;
    type Outcome = CreditNoteId;

    fn check(&self) -> Result<(), Rejection> {
        fingerprint::check(&self.number)?;
        sums::check_invoice(&self.lines, &self.totals)
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<CreditNoteId, Stop> {
        require_past(ctx, "credited", self.date)?;
        let mut invoice: Invoice = need(state, &self.invoice)?;
        require_side(ctx, &invoice.traders, Side::Seller)?;
        if self.date < invoice.date {
            let detail = format!("credited on {}, before the invoice of {}", self.date, invoice.date);
            return Err(reject::date_order(detail).into());
        }
        let gross = self.totals.gross;
        let left = invoice.totals.gross.minus(invoice.balance.noted)?.expect("credit notes stay within the invoice");
        if left.minus(gross)?.is_none() {
            return Err(reject::credit_note_over(self.invoice, left, gross).into());
        }
        let id = CreditNoteId::derive(ctx.transaction, ctx.act, 0);
        let (kind, number, date) = (Kind::CreditNote, self.number.as_str(), self.date);
        let identity = Identity { kind, traders: &invoice.traders, number, date, gross: Some(gross) };
        register(state, &identity, Known::CreditNote(id))?;
        self.take_back(state, &invoice)?;
        let found = Amount { minor: gross.minor.min(invoice.open().minor), ..gross };
        let excess = gross.minus(found)?.expect("what is found is at most the gross amount");
        invoice.balance.noted = invoice.balance.noted.plus(gross)?;
        invoice.balance.credited = invoice.balance.credited.plus(found)?;
        invoice.store(state, &self.invoice);
        let zero = Amount::zero(gross.currency);
        let note = CreditNote {
            number: self.number.clone(),
            invoice: self.invoice,
            traders: invoice.traders,
            date: self.date,
            totals: self.totals.clone(),
            source: self.source.clone(),
            recorded_by: ctx.actor().enterprise,
            recorded_at: ctx.time,
            excess,
            reduced: zero,
            countered: zero,
        };
        note.store(state, &id);
        CreditNoteLines { lines: self.lines.clone() }.store(state, &id);
        let concerned = note.traders.concerned();
        emit(state, &CreditNoteRecorded { note: id, invoice: self.invoice, gross, excess, concerned });
        Ok(id)
    }
}

impl RecordCreditNote {
    /// Opens the order again for what is credited, so that a corrected invoice can bill it.
    fn take_back(&self, state: &mut dyn State, invoice: &Invoice) -> Result<(), Stop> {
        match (invoice.order, invoice.status) {
            // A void invoice has already left its order's progress.
            (_, InvoiceStatus::RedLettered | InvoiceStatus::Void) | (None, _) => Ok(()),
            (Some(order), InvoiceStatus::Unchecked | InvoiceStatus::Normal) => {
                let quantities = &by_order_line(&self.lines)?;
                unbill(state, self.invoice, order, &TakeBack::Part { quantities, net: self.totals.net })
            }
        }
    }
}
