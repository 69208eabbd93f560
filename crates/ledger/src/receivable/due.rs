//! Due work: what happens by itself when its time has come.

use super::{
    rules::{control, dilution, distribution, financing, issue, overdue, quote, settlement, transfer},
    types::{CertificateId, FinancingId, FreezeId, Notice, TransferId},
};
use crate::{
    core::{Context, EnterpriseId},
    document::InvoiceId,
};
use ::types::{State, Stop, Timestamp, wire};
use serde::{Deserialize, Serialize};

/// What the module wants done at a time. An item whose reason is gone does nothing. Later variants are added at the end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Due {
    /// Nobody approved or accepted the certificate in time.
    CertificateExpiry(CertificateId),
    /// Nobody accepted the transfer in time.
    TransferExpiry(TransferId),
    /// The tax authority revoked an invoice that the certificate rests on.
    InvoiceRevoked(CertificateId),
    /// The tax authority revoked an invoice that a transfer pays.
    TransferInvoiceRevoked(TransferId),
    /// A quote's time is up: not opened, or not accepted. Only for this version of it.
    QuoteExpiry { financing: FinancingId, bank: EnterpriseId, version: u32 },
    /// A financing's time is up, unless the time has moved.
    FinancingExpiry { financing: FinancingId, expires: Timestamp },
    /// A closed financing should be out of the registry by now.
    DeregistrationCheck(FinancingId),
    /// The due day is near.
    MaturityNotice { certificate: CertificateId, business_days: u32 },
    /// Lots no longer move.
    MaturityCall(CertificateId),
    /// The next page of the list of holders is taken.
    RecordList(CertificateId),
    /// The due day has begun.
    MaturityDay(CertificateId),
    /// The due day's cut-off.
    Cutoff { certificate: CertificateId, at: Timestamp },
    /// A round is planned, or its next page is paid.
    Pay(CertificateId),
    /// All prior parties are told, from this lot on.
    Notify { certificate: CertificateId, notice: Notice, from: u32 },
    /// The operator's freeze has run its hours.
    FreezeExpiry(FreezeId),
    /// The first creditor's lots are locked, from this one on.
    LockLots { certificate: CertificateId, invoice: InvoiceId, from: u32 },
    /// The tax authority revoked an invoice that was paid by set-off.
    SetOffInvoiceRevoked { certificate: CertificateId, holder: EnterpriseId },
}

/// Does what is due.
pub(super) fn run(ctx: &Context, payload: &[u8], state: &mut dyn State) -> Result<(), Stop> {
    match wire::decode(payload).expect("only this module schedules its due work") {
        Due::CertificateExpiry(id) => issue::expire(ctx, state, id),
        Due::TransferExpiry(id) => transfer::expire(ctx, state, id),
        Due::InvoiceRevoked(id) => issue::invoice_revoked(ctx, state, id),
        Due::TransferInvoiceRevoked(id) => transfer::invoice_revoked(ctx, state, id),
        Due::QuoteExpiry { financing, bank, version } => quote::expire(ctx, state, financing, bank, version),
        Due::FinancingExpiry { financing, expires } => financing::expire(ctx, state, financing, expires),
        Due::DeregistrationCheck(id) => financing::check_deregistered(state, id),
        Due::MaturityNotice { certificate, business_days } => settlement::remind(state, certificate, business_days),
        Due::MaturityCall(id) => settlement::call(ctx, state, id),
        Due::RecordList(id) => settlement::record(ctx, state, id),
        Due::MaturityDay(id) => settlement::due_day(ctx, state, id),
        Due::Cutoff { certificate, at } => overdue::cutoff(ctx, state, certificate, at),
        Due::Pay(id) => distribution::step(ctx, state, id),
        Due::Notify { certificate, notice, from } => overdue::notify(ctx, state, certificate, notice, from),
        Due::FreezeExpiry(id) => control::expire(ctx, state, id),
        Due::LockLots { certificate, invoice, from } => dilution::lock(ctx, state, certificate, invoice, from),
        Due::SetOffInvoiceRevoked { certificate, holder } => {
            dilution::set_off_invoice_revoked(state, certificate, holder)
        }
    }
}
