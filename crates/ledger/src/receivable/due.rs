//! Due work: what happens by itself when its time has come.

use super::{
    rules::{issue, transfer},
    types::{CertificateId, TransferId},
};
use crate::core::Context;
use ::types::{State, Stop, wire};
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
}

/// Does what is due.
pub(super) fn run(ctx: &Context, payload: &[u8], state: &mut dyn State) -> Result<(), Stop> {
    match wire::decode(payload).expect("only this module schedules its due work") {
        Due::CertificateExpiry(id) => issue::expire(ctx, state, id),
        Due::TransferExpiry(id) => transfer::expire(ctx, state, id),
        Due::InvoiceRevoked(id) => issue::invoice_revoked(ctx, state, id),
        Due::TransferInvoiceRevoked(id) => transfer::invoice_revoked(ctx, state, id),
    }
}
