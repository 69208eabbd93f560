//! What happened, in the past tense.

use super::{
    CertificateId, CertificateStatus, CounterClaimId, DisputeId, DisputeOutcome, FinancingId, FinancingKind,
    FinancingStatus, FreezeGround, FreezeId, FundingId, LotId, PARTS_MAX, Price, QuoteStatus, SearchResult, TransferId,
    TransferStatus,
};
use crate::{
    core::{EnterpriseId, EventKind, EventSpec},
    document::{CreditNoteId, InvoiceId},
    money::CashAccountId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    Amount, Date, Digest, List, Rate, Timestamp,
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
    /// F11: somebody else than obligor and guarantor paid.
    PaidByThirdParty,
}

/// How urgent an alert is: 1 is the most.
pub type Severity = u8;

/// Lots that one event names as locked: as many as one step looks at.
pub const LOCKED_MAX: usize = 64;

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

        /// Every event of this module.
        pub(in crate::receivable) const EVENTS: &[EventSpec] = &[$(EventSpec::new::<$name>()),*];
    };
}

events! {
    /// A core enterprise drafted a certificate.
    1 CertificateDrafted { certificate: CertificateId, face: Amount, maturity: Date }
    /// A draft was checked and waits for the core enterprise's checker.
    2 CertificateSubmitted { certificate: CertificateId, expires: Timestamp }
    /// The undertaking was signed; the first creditor may accept.
    3 CertificateOffered { certificate: CertificateId, face: Amount, maturity: Date, expires: Timestamp, days_over: u32 }
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
    /// The due day is near.
    40 MaturityNear { certificate: CertificateId, due_on: Date, business_days: u32, unpaid: Amount }
    /// Lots no longer move; money may come.
    41 MaturityCalled { certificate: CertificateId, due_on: Date, record_at: Timestamp, live: Amount }
    /// The list of holders stands.
    42 RecordListTaken { certificate: CertificateId, lines: u32, listed: Amount, list_root: Digest }
    /// Money came.
    43 FundingReceived { certificate: CertificateId, funding: FundingId, payer: EnterpriseId, amount: Amount, value_date: Date, received: Amount }
    /// A lot was paid, wholly or in part; the account is the holder's, or the agent's suspense account while it is frozen.
    44 LotPaid { certificate: CertificateId, lot: LotId, principal: Amount, penalty: Amount, released: Amount, account: CashAccountId }
    /// A round was paid to all holders.
    45 FundsDistributed { certificate: CertificateId, round: u32, value_date: Date, principal: Amount, penalty: Amount, frozen: Amount }
    /// Nothing is owed on a certificate any more.
    46 CertificateSettled { certificate: CertificateId, status: CertificateStatus }
    /// The due day has passed without all the money: everybody who ever held a lot is told.
    47 CertificateDishonored { certificate: CertificateId, unpaid: Amount, overdue_since: Date, grace_ends: Date }
    /// Recourse, guarantee and enforcement are open: everybody who ever held a lot is told.
    48 CertificateDefaulted { certificate: CertificateId, unpaid: Amount, overdue_since: Date }
    /// A bank told the seller that it must buy its lot back.
    49 RecourseNotified { certificate: CertificateId, financing: FinancingId, lot: LotId, principal: Amount, penalty_rate: Rate }
    /// The seller bought its lot back.
    50 LotRecoursed { certificate: CertificateId, financing: FinancingId, lot: LotId, principal: Amount, penalty: Amount, days: u32, price: Amount }
    /// A holder gave up a lot.
    51 LotWrittenOff { certificate: CertificateId, lot: LotId, amount: Amount, reason: Remark }
    /// Money that was too much was returned.
    52 ExcessReturned { certificate: CertificateId, funding: FundingId, amount: Amount }
    /// A lot stays where it is by order.
    53 LotFrozen { certificate: CertificateId, lot: LotId, freeze: FreezeId, ground: FreezeGround, order: Reference, amount: Amount, expires: Option<Timestamp> }
    /// A freeze ended; what waited in suspense was paid to the holder.
    54 LotUnfrozen { certificate: CertificateId, lot: LotId, freeze: FreezeId, order: Option<Reference>, released: Amount }
    /// The goods behind a lot are disputed.
    55 DisputeOpened { certificate: CertificateId, lot: LotId, dispute: DisputeId, reason: Remark }
    /// A dispute ended.
    56 DisputeResolved { certificate: CertificateId, lot: LotId, dispute: DisputeId, outcome: DisputeOutcome }
    /// Lots of the first creditor were burned after a credit note.
    57 CertificateReduced { certificate: CertificateId, credit_note: CreditNoteId, amount: Amount, live: Amount }
    /// A credit note that found no lot to burn is owed back to the core enterprise.
    58 CounterClaimRaised { counter_claim: CounterClaimId, certificate: CertificateId, credit_note: CreditNoteId, amount: Amount }
    /// A lot was redeemed early against its holder's own debt to the obligor.
    59 LotSetOff { certificate: CertificateId, lot: LotId, amount: Amount }
    /// Lots of the first creditor are locked: an invoice behind the certificate was revoked.
    60 LotsLocked { certificate: CertificateId, invoice: InvoiceId, lots: List<LotId, LOCKED_MAX> }
    /// The obligor owes a lot although an invoice was revoked: it is free again.
    61 LotUnlocked { certificate: CertificateId, lot: LotId, invoice: InvoiceId, reason: Remark }
    /// A holder claimed on the guarantor.
    62 GuaranteeClaimed { certificate: CertificateId, lot: LotId, principal: Amount }
    /// The guarantor paid a holder and holds its lot.
    63 LotSubrogated { certificate: CertificateId, lot: LotId, principal: Amount, penalty: Amount }
    /// A bank stated what enforcement has cost it; the seller owes it.
    64 CostsStated { certificate: CertificateId, financing: FinancingId, amount: Amount, evidence: Digest, reason: Remark }
    /// Money of the obligor on a lot that was financed below its face was shared; the released part is the seller's.
    65 AdvanceShared { certificate: CertificateId, financing: FinancingId, received: Amount, released: Amount }
    /// The obligor has paid and it did not suffice: the seller owes its bank the rest of its advance.
    66 ShortfallRaised { certificate: CertificateId, financing: FinancingId, amount: Amount }
    /// The seller paid what was short.
    67 ShortfallPaid { certificate: CertificateId, financing: FinancingId, amount: Amount }
    /// A certificate was accepted that matures later than a small supplier is to be paid after its goods were received.
    68 PaymentTermExceeded { certificate: CertificateId, delivered_on: Date, pay_by: Date, maturity: Date, days_over: u32 }
}
