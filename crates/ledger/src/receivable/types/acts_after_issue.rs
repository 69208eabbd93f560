//! One struct per act of control, settlement and recourse.

use super::{
    CLAIMS_MAX, CertificateId, DefaultGround, DisputeId, DisputeOutcome, FinancingId, FreezeGround, FreezeId,
    FundingId, LotId, PaymentSource,
};
use crate::document::{Claim, CreditNoteId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    Amount, Digest, List,
    text::{Reference, Remark},
};

/// Lots that one reduction may burn from.
pub const CUTS_MAX: usize = 16;
/// Holders that sign a declaration of default together.
pub const DECLARERS_MAX: usize = 4;

/// Cancels a certificate whose only holder is the first creditor, who signs too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CancelMutual {
    /// The certificate.
    pub certificate: CertificateId,
    /// Why.
    pub reason: Remark,
}

/// How much of a lot is burned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Cut {
    /// A lot that the first creditor holds free.
    pub lot: LotId,
    /// How much of it.
    pub amount: Amount,
}

/// Burns lots that the first creditor still holds, after a credit note; it signs too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReduceMutual {
    /// The certificate.
    pub certificate: CertificateId,
    /// The credit note on one of its invoices.
    pub credit_note: CreditNoteId,
    /// What is burned; together at most what the credit note takes back.
    pub cuts: List<Cut, CUTS_MAX>,
}

/// Turns a credit note that finds nothing to burn into a counter-claim on the supplier.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RaiseCounterClaim {
    /// The certificate.
    pub certificate: CertificateId,
    /// The credit note on one of its invoices.
    pub credit_note: CreditNoteId,
    /// How much; at most what the credit note leaves.
    pub amount: Amount,
}

/// Pays the obligor with its own debt: a lot, or a part of it, is redeemed early at face. The obligor signs too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetOff {
    /// Your lot.
    pub lot: LotId,
    /// How much of it.
    pub amount: Amount,
    /// The obligor's invoices to you that this pays.
    pub claims: List<Claim, CLAIMS_MAX>,
}

/// Orders that a lot, or a part of it, stays where it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FreezeLot {
    /// The lot.
    pub lot: LotId,
    /// How much of it; left out: all. The rest becomes a lot of its own and stays free.
    pub amount: Option<Amount>,
    /// On what ground.
    pub ground: FreezeGround,
    /// The order's number, or the contract's clause.
    pub order: Reference,
    /// SHA-256 of the order or contract.
    pub order_digest: Digest,
    /// For how many hours; only on the ground of fraud, and at most what the policy allows.
    pub hours: Option<u32>,
}

/// Lifts a freeze.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Unfreeze {
    /// The freeze.
    pub freeze: FreezeId,
    /// The lifting order's number.
    pub order: Reference,
}

/// Disputes the goods behind a lot that the first creditor still holds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OpenDispute {
    /// The lot.
    pub lot: LotId,
    /// SHA-256 of the evidence.
    pub evidence: Digest,
    /// What is wrong.
    pub reason: Remark,
}

/// Ends a dispute: its opener alone, or both together.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ResolveDispute {
    /// The dispute.
    pub dispute: DisputeId,
    /// How it ended.
    pub outcome: DisputeOutcome,
    /// What was agreed.
    pub remark: Remark,
}

/// Frees lots of the first creditor that were locked when an invoice was revoked: the obligor confirms that it owes them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Unlock {
    /// The lot.
    pub lot: LotId,
    /// Why it is owed although the invoice was revoked.
    pub reason: Remark,
}

/// Brings money for a certificate, as its settlement agent confirms it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Fund {
    /// The certificate.
    pub certificate: CertificateId,
    /// How the money came.
    pub source: PaymentSource,
}

/// Returns money that was more than was due to who paid it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReturnExcess {
    /// The certificate.
    pub certificate: CertificateId,
    /// The funding whose payer gets it.
    pub funding: FundingId,
    /// How much; at most what is in excess, and what the funding brought.
    pub amount: Amount,
}

/// Declares an overdue certificate to be in default.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeclareDefault {
    /// The certificate.
    pub certificate: CertificateId,
    /// On what ground.
    pub ground: DefaultGround,
    /// One of your lots of the certificate.
    pub lot: LotId,
    /// Lots of other holders that sign with you, one each: a financier needs none, others a majority together.
    pub others: List<LotId, DECLARERS_MAX>,
}

/// Tells the seller of a lot financed with recourse that it must buy the lot back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NotifyRecourse {
    /// The financing.
    pub financing: FinancingId,
}

/// Confirms that the seller paid the repurchase price; the lot is the seller's again. Bank and seller sign.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PayRecourse {
    /// The financing.
    pub financing: FinancingId,
    /// How the bank was paid.
    pub source: PaymentSource,
}

/// Claims on the guarantor of a certificate in default what is unpaid on your lot.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClaimGuarantee {
    /// Your lot.
    pub lot: LotId,
}

/// Confirms that you, the guarantor, paid what is owed on a lot; you hold it from now on. Its holder signs too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PayGuarantee {
    /// The lot whose holder claimed.
    pub lot: LotId,
    /// How the holder was paid: principal and the obligor's penalty to that day.
    pub source: PaymentSource,
}

/// Gives up what is unpaid on a lot of a certificate in default.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WriteOff {
    /// Your lot.
    pub lot: LotId,
    /// Why.
    pub reason: Remark,
}
