//! Control: freezes, disputes, and counter-claims after credit notes.

use super::{CertificateId, LotId, SellerShare};
use crate::{core::EnterpriseId, document::CreditNoteId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    Amount, Digest, Timestamp,
    text::{Reference, Remark},
    typed_id,
};

typed_id!(
    /// An order that a lot stays where it is.
    FreezeId,
    "frz"
);
typed_id!(
    /// A dispute between obligor and first creditor.
    DisputeId,
    "dsp"
);
typed_id!(
    /// What a supplier owes a core enterprise back after a credit note.
    CounterClaimId,
    "ccl"
);

/// On what ground a lot is frozen; later variants rank above earlier ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum FreezeGround {
    /// Proven fraud, by the operator, for some hours at most.
    Fraud,
    /// A clause of the contract, by the lot's holder or financier.
    Contract,
    /// An order of a court or a regulator.
    Order,
}

/// A frozen lot. A freeze by order has no end but its lifting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Freeze {
    pub certificate: CertificateId,
    pub lot: LotId,
    pub holder: EnterpriseId,
    pub amount: Amount,
    pub ground: FreezeGround,
    /// Who froze it.
    pub by: EnterpriseId,
    /// The order's number.
    pub order: Reference,
    /// Digest of the order.
    pub order_digest: Digest,
    pub frozen_at: Timestamp,
    /// When it ends by itself; only on the ground of fraud.
    pub expires: Option<Timestamp>,
    /// Money paid on the lot that waits in suspense.
    pub suspense: Amount,
    /// Part of it that is the seller's, of a lot that was financed below its face.
    pub for_seller: Option<SellerShare>,
    pub lifted: Option<Lifted>,
}

/// The end of a freeze.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Lifted {
    pub at: Timestamp,
    /// Who lifted it; none when its time was up.
    pub by: Option<EnterpriseId>,
    /// The order's number.
    pub order: Option<Reference>,
}

/// How a dispute ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum DisputeOutcome {
    /// The opener took it back.
    Withdrawn,
    /// Both agreed.
    Settled,
}

/// A dispute about the goods behind a lot that the first creditor still holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Dispute {
    pub certificate: CertificateId,
    pub lot: LotId,
    pub opened_by: EnterpriseId,
    pub other: EnterpriseId,
    /// Digest of the evidence.
    pub evidence: Digest,
    pub reason: Remark,
    pub opened_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub outcome: Option<DisputeOutcome>,
}

/// A credit note that found no lot to burn: the supplier owes the core enterprise, and a later certificate is smaller
/// by it. No holder loses anything.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CounterClaim {
    /// The core enterprise to which it is owed.
    pub core: EnterpriseId,
    pub supplier: EnterpriseId,
    pub certificate: CertificateId,
    pub credit_note: CreditNoteId,
    pub amount: Amount,
    /// Part that certificates on their way to acceptance will net.
    pub reserved: Amount,
    /// Part that accepted certificates have netted.
    pub netted: Amount,
    pub raised_at: Timestamp,
}
