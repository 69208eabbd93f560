//! What happened, in the past tense.

use super::{
    CertificateId, CertificateStatus, FinancingId, FinancingKind, FinancingStatus, LotId, PARTS_MAX, Price,
    QuoteStatus, SearchResult, TransferId, TransferStatus,
};
use crate::{
    core::{EnterpriseId, EventKind, EventSpec},
    document::InvoiceId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    Amount, Date, Digest, List, Timestamp,
    text::{Reference, Remark},
};

/// Enterprises that one event tells; where there are more, more events tell them.
pub const CONCERNED_MAX: usize = 64;

/// The enterprises that an event concerns: they are told.
pub type Concerned = List<EnterpriseId, CONCERNED_MAX>;

/// What an alert is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum AlertRule {
    /// F06: a lot goes back to where it came from on the same day.
    PingPongTransfer,
    /// F13: an invoice was red-lettered or voided after a certificate was issued on it.
    InvoiceRevoked,
    /// F18: an enterprise splits unusually often.
    SplitVelocity,
    /// F18: a part is hardly larger than the smallest lot.
    SplitIntoSmallest,
    /// Transferor and receiver are related.
    RelatedParties,
    /// A closed financing still stands in the registry.
    DeregistrationLate,
    /// More money came than was due.
    Overfunded,
}

/// How urgent an alert is: 1 is the most.
pub type Severity = u8;

/// Declares events: their fields, and the enterprises they concern.
macro_rules! events {
    ($($(#[$doc:meta])* $number:literal $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
            pub struct $name {
                $(pub $field: $type,)*
                /// Who is told.
                pub concerned: Concerned,
            }

            impl EventKind for $name {
                const MODULE: u16 = 8;
                const NUMBER: u16 = $number;
                const NAME: &'static str = stringify!($name);
                fn parties(&self) -> Vec<EnterpriseId> {
                    self.concerned.to_vec()
                }
            }
        )*

        /// Every event of issue, lots, transfer and financing.
        pub(in crate::receivable) const EVENTS: &[EventSpec] = &[$(EventSpec::new::<$name>()),*];
    };
}

events! {
    /// A core enterprise drafted a certificate.
    1 CertificateDrafted { certificate: CertificateId, face: Amount, maturity: Date }
    /// A draft was checked and waits for the core enterprise's checker.
    2 CertificateSubmitted { certificate: CertificateId, expires: Timestamp }
    /// The undertaking was signed; the first creditor may accept.
    3 CertificateOffered { certificate: CertificateId, face: Amount, maturity: Date, expires: Timestamp }
    /// The first creditor accepted; the certificate lives.
    4 CertificateAccepted { certificate: CertificateId, lot: LotId, face: Amount, consent: Digest }
    /// A certificate ended before it lived.
    5 CertificateClosed { certificate: CertificateId, status: CertificateStatus, reason: Option<Remark> }
    /// A lot was cut; its holder holds the parts.
    6 LotSplit { certificate: CertificateId, lot: LotId, parts: List<LotId, PARTS_MAX> }
    /// A lot was offered to another enterprise.
    7 TransferOffered { transfer: TransferId, certificate: CertificateId, lot: LotId, amount: Amount, expires: Timestamp }
    /// A lot has a new holder.
    8 LotTransferred { transfer: TransferId, certificate: CertificateId, lot: LotId, amount: Amount }
    /// An offer ended without a transfer.
    9 TransferClosed { transfer: TransferId, status: TransferStatus, reason: Option<Remark> }
    /// A holder asked banks for money.
    10 FinancingApplied { financing: FinancingId, lot: LotId, amount: Amount, kind: FinancingKind, quotes_until: Timestamp }
    /// A bank quoted, or improved its quote.
    11 QuoteGiven { financing: FinancingId, bank: EnterpriseId, version: u32 }
    /// A quote became readable.
    12 QuoteOpened { financing: FinancingId, bank: EnterpriseId, price: Price, valid_until: Timestamp }
    /// A quote ended.
    13 QuoteClosed { financing: FinancingId, bank: EnterpriseId, status: QuoteStatus }
    /// The seller accepted a quote.
    14 QuoteAccepted { financing: FinancingId, bank: EnterpriseId, price: Price }
    /// The public registry was searched.
    15 RegistrySearched { financing: FinancingId, result: SearchResult, searched_at: Timestamp }
    /// The bank approved.
    16 FinancingApproved { financing: FinancingId, bank: EnterpriseId }
    /// The assignment stands in the public registry.
    17 FinancingRegistered { financing: FinancingId, bank: EnterpriseId, number: Reference }
    /// The seller has the money, the bank the lot.
    18 FinancingDisbursed { financing: FinancingId, certificate: CertificateId, lot: LotId, bank: EnterpriseId, seller: EnterpriseId, price: Price }
    /// A financing ended without money.
    19 FinancingClosed { financing: FinancingId, status: FinancingStatus, reason: Option<Remark> }
    /// A closed financing was taken out of the registry.
    20 FinancingDeregistered { financing: FinancingId }
    /// A financed lot was sold to another financier.
    21 LotRefinanced { financing: FinancingId, lot: LotId, source: EnterpriseId, target: EnterpriseId, price: Amount }
    /// Something that people must look at.
    22 AlertRaised { rule: AlertRule, severity: Severity, certificate: CertificateId, lot: Option<LotId>, invoice: Option<InvoiceId> }
}
