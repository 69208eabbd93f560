//! One struct per act of issue, split and transfer; each field is a sentence for a treasurer.

use super::{Backing, CLAIMS_MAX, CertificateId, LotId, NETTINGS_MAX, Netting, PARTS_MAX, TransferId, TransferMode};
use crate::{core::EnterpriseId, document::Claim};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Date, Digest, List, Rate, text::Remark};

/// Drafts a certificate on delivered and invoiced goods.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Draft {
    /// Whom you owe: the first creditor.
    pub creditor: EnterpriseId,
    /// What you will pay at maturity.
    pub face: Amount,
    /// The day on which you will pay.
    pub maturity: Date,
    /// The creditor's invoices that the certificate rests on, and how much of each.
    pub claims: List<Claim, CLAIMS_MAX>,
    /// Your counter-claims on the creditor by which the certificate is smaller than the invoices.
    pub nettings: List<Netting, NETTINGS_MAX>,
    /// The bank that will receive your money and pay the holders.
    pub settlement_agent: EnterpriseId,
    /// Who backs the certificate for its life besides you; signs when you issue.
    pub backing: Backing,
    /// SHA-256 of the undertaking's text.
    pub undertaking: Digest,
    /// Whether each later receiver signs to receive.
    pub transfer_mode: TransferMode,
    /// What you pay a year on an overdue amount, if the contract names a rate; otherwise the policy's rate holds.
    pub penalty_rate: Option<Rate>,
    /// Why the certificate runs longer than is usual; needed above the policy's months.
    pub tenor_reason: Option<Remark>,
}

/// Submits a draft to your checkers: quota is blocked and the invoices are reserved.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Submit {
    /// The draft.
    pub certificate: CertificateId,
}

/// Signs the undertaking and offers the certificate to the first creditor.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ApproveIssue {
    /// The submitted certificate.
    pub certificate: CertificateId,
    /// SHA-256 of the undertaking's text, as you read it: the draft's.
    pub undertaking: Digest,
}

/// Refuses a certificate that your maker submitted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Refuse {
    /// The submitted certificate.
    pub certificate: CertificateId,
    /// Why.
    pub reason: Remark,
}

/// What the first creditor's people say when they accept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Consent {
    /// We were free to be paid in money, read the statement, and take the certificate instead.
    Given {
        /// SHA-256 of the statement.
        statement: Digest,
    },
    /// We were not free: the certificate is not accepted.
    NotFree,
}

/// Accepts a certificate as its first creditor. It binds the core enterprise from now on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Accept {
    /// The offered certificate.
    pub certificate: CertificateId,
    /// Your informed consent: nobody may force a certificate on you in place of payment.
    pub consent: Consent,
}

/// Declines a certificate as its first creditor.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Decline {
    /// The offered certificate.
    pub certificate: CertificateId,
    /// Why.
    pub reason: Remark,
}

/// Takes back a draft, or an offer that the creditor has not accepted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Withdraw {
    /// The draft or offered certificate.
    pub certificate: CertificateId,
    /// Why.
    pub reason: Remark,
}

/// Splits a lot into parts that you go on holding. The lot is spent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Split {
    /// Your lot.
    pub lot: LotId,
    /// The parts; together they are the lot's face.
    pub parts: List<Amount, PARTS_MAX>,
}

/// Offers a lot, or a part of it, to an enterprise whose invoices you owe.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OfferTransfer {
    /// Your lot; what you do not offer stays with you as a lot of its own.
    pub lot: LotId,
    /// Whom you pay.
    pub target: EnterpriseId,
    /// How much of the lot.
    pub amount: Amount,
    /// The target's invoices to you that this pays, and how much of each.
    pub claims: List<Claim, CLAIMS_MAX>,
    /// How you and the target are related, if you are.
    pub relation: Option<Remark>,
}

/// Accepts a lot that was offered to you.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AcceptTransfer {
    /// The offer.
    pub transfer: TransferId,
}

/// Declines a lot that was offered to you.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeclineTransfer {
    /// The offer.
    pub transfer: TransferId,
    /// Why.
    pub reason: Remark,
}

/// Takes back an offer that has not been accepted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RevokeTransfer {
    /// Your offer.
    pub transfer: TransferId,
    /// Why.
    pub reason: Remark,
}
