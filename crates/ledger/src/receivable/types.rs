//! The nouns: the certificate, its lots, and everything that is done with them.

mod acts;
mod acts_after_issue;
mod acts_financing;
mod advance;
mod control;
mod events;
mod financing;
pub mod reject;
mod settlement;

pub use acts::*;
pub use acts_after_issue::*;
pub use acts_financing::*;
pub use advance::*;
pub use control::*;
pub use events::*;
pub use financing::*;
pub use settlement::*;

use crate::{
    core::{EnterpriseId, MemberId},
    document::{Claim, InvoiceId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Date, Digest, List, Rate, Timestamp, TransactionHash, text::Remark, typed_id};

typed_id!(
    /// A certificate: a core enterprise's undertaking to pay a face amount at maturity.
    CertificateId,
    "cert"
);
typed_id!(
    /// A lot: a range of a certificate's face with one holder.
    LotId,
    "lot"
);
typed_id!(
    /// A transfer offer.
    TransferId,
    "trf"
);

/// Invoices that one certificate or one transfer may rest on: each is read and written when it is claimed.
pub const CLAIMS_MAX: usize = 64;
/// Counter-claims that one certificate may net.
pub const NETTINGS_MAX: usize = 8;
/// Parts of one split; the policy may allow fewer.
pub const PARTS_MAX: usize = 50;

/// Where a certificate stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum CertificateStatus {
    /// Written down by the core enterprise's maker.
    Draft,
    /// Checked; quota blocked, invoices reserved; waits for the core enterprise's checker.
    PendingInternal,
    /// The undertaking is signed; waits for the first creditor.
    Offered,
    /// Binds the core enterprise for good; lots move.
    Active,
    /// Close to maturity: lots no longer move.
    Maturing,
    /// The due day's cut-off has passed without all the money.
    Overdue,
    /// Recourse, guarantee and enforcement are open.
    Defaulted,
    /// Paid on time.
    Settled,
    /// Paid late, with penalty.
    SettledLate,
    /// What is left was given up by its holders.
    WrittenOff,
    /// Refused by the checker or declined by the first creditor.
    Rejected,
    /// Taken back by the core enterprise before it was accepted.
    Withdrawn,
    /// Nobody approved or accepted it in time.
    Expired,
    /// Canceled by the core enterprise and its only holder.
    Cancelled,
}

/// Who backs a certificate for its life besides the core enterprise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Backing {
    /// Nobody: each financing bank uses its own line on the core enterprise.
    Corporate,
    /// This bank: it reserves its line for the face, so every holder is sure of its price.
    Bank(EnterpriseId),
    /// This guarantor: its cover is used, and after a default holders claim on it.
    Guarantor(EnterpriseId),
}

impl Backing {
    /// The backer, if there is one.
    pub fn backer(self) -> Option<EnterpriseId> {
        match self {
            Self::Corporate => None,
            Self::Bank(backer) | Self::Guarantor(backer) => Some(backer),
        }
    }

    /// The guarantor, if there is one.
    pub fn guarantor(self) -> Option<EnterpriseId> {
        match self {
            Self::Guarantor(guarantor) => Some(guarantor),
            Self::Corporate | Self::Bank(_) => None,
        }
    }
}

/// How a change of holder is concluded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum TransferMode {
    /// The receiver signs to receive: nothing is forced on him.
    SignToReceive,
    /// The transferor's seal is enough; receiver and core enterprise are told.
    NoticeOnly,
}

/// A part of a counter-claim by which a new certificate is smaller than its invoices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Netting {
    /// The core enterprise's counter-claim on the first creditor.
    pub counter_claim: CounterClaimId,
    /// How much of it is netted.
    pub amount: Amount,
}

/// What was fixed when the undertaking was signed; a later policy or calendar does not touch it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Issued {
    pub at: Timestamp,
    /// The policy under which the certificate lives: depth, smallest lot, number of lots.
    pub policy_version: u32,
    /// The maturity, or the next business day when business is not done on it.
    pub due_on: Date,
    /// From here on lots no longer move.
    pub call_at: Timestamp,
    /// When the list of holders is taken.
    pub record_at: Timestamp,
    /// When the money must have come.
    pub cutoff_at: Timestamp,
    /// What a late core enterprise pays on the overdue principal, a year.
    pub penalty_rate: Rate,
}

/// The first creditor's informed consent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Acceptance {
    pub at: Timestamp,
    pub by: MemberId,
    /// Digest of the statement that its people read before they signed.
    pub consent: Digest,
    /// Days by which the maturity is later than a small supplier is to be paid, as they were told.
    pub days_over: u32,
}

/// How the maturity stands to the days in which a small supplier is to be paid after its goods were received.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PaymentClock {
    /// The first goods receipt behind the certificate's invoices.
    pub delivered_on: Date,
    /// The last day in time.
    pub pay_by: Date,
    /// Days by which the maturity is later; 0: in time.
    pub days_over: u32,
}

/// A certificate: the root of its lots.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// The core enterprise that owes the face.
    pub obligor: EnterpriseId,
    /// The first creditor.
    pub creditor: EnterpriseId,
    /// The bank that receives the money and pays the holders.
    pub settlement_agent: EnterpriseId,
    pub backing: Backing,
    pub face: Amount,
    /// The invoices it rests on; cut when the certificate is reduced.
    pub claims: List<Claim, CLAIMS_MAX>,
    pub nettings: List<Netting, NETTINGS_MAX>,
    /// Set at submission; none for services, of which nothing is received.
    pub payment_clock: Option<PaymentClock>,
    /// The day that the undertaking names.
    pub maturity: Date,
    /// Why it runs longer than is usual.
    pub tenor_reason: Option<Remark>,
    /// Digest of the undertaking's text.
    pub undertaking: Digest,
    pub transfer_mode: TransferMode,
    /// The rate that the contract names for late payment; none: the policy's multiple of the loan prime rate.
    pub penalty_rate: Option<Rate>,
    pub status: CertificateStatus,
    /// Who drafted it; another person approves.
    pub maker: MemberId,
    pub drafted_at: Timestamp,
    /// When it expires unless it is approved, or accepted. None once it is accepted.
    pub expires: Option<Timestamp>,
    pub issued: Option<Issued>,
    pub acceptance: Option<Acceptance>,
    /// Lots ever minted, spent ones included; they are numbered from 1.
    pub lots: u32,
    /// Sum of what is unpaid on its live lots.
    pub live: Amount,
    /// Paid on its lots.
    pub redeemed: Amount,
    /// Burned by agreement.
    pub cancelled: Amount,
    /// Given up by holders.
    pub written_off: Amount,
    /// Steps of its history.
    pub steps: u32,
}

/// What a holder can do with a lot, or why he cannot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum LotStatus {
    /// The holder's, free.
    Held,
    /// Offered to another enterprise.
    OfferedOut(TransferId),
    /// Locked by an application for finance.
    InFinancing(FinancingId),
    /// A financier holds it.
    Financed(FinancingId),
    /// The seller took it back from the financier: it keeps the claim on the obligor.
    Recoursed(FinancingId),
    /// The guarantor paid its holder and holds the claim on the obligor.
    Subrogated,
    /// Its children took its place.
    Spent {
        /// Number of the first child in the certificate; the others follow.
        first_child: u32,
        children: u32,
    },
    /// Paid in full.
    Redeemed,
    /// Burned by agreement.
    Cancelled,
    /// Given up by its holder.
    WrittenOff,
}

/// A part of a certificate's face: minor units from `start_minor` up to, not including, `end_minor`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    pub start_minor: u64,
    pub end_minor: u64,
}

/// The transfer that brought a lot to its holder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Received {
    pub transfer: TransferId,
    pub from: EnterpriseId,
    pub on: Date,
    pub amount: Amount,
}

/// A lot: one range of a certificate's face, with one holder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Lot {
    pub certificate: CertificateId,
    /// Its number in the certificate, from 1.
    pub number: u32,
    /// The lot it was cut from.
    pub parent: Option<LotId>,
    pub obligor: EnterpriseId,
    pub maturity: Date,
    pub face: Amount,
    pub range: Range,
    pub holder: EnterpriseId,
    /// Transfers between the first creditor and the holder.
    pub depth: u32,
    pub status: LotStatus,
    /// Principal that the obligor has paid on it.
    pub paid: Amount,
    /// Its line on the list of holders, from 0, once that is taken.
    pub line: Option<u32>,
    /// It stays where it is by order; its money goes to suspense.
    pub freeze: Option<FreezeId>,
    /// Obligor and first creditor dispute the goods: the first creditor cannot pass it on.
    pub dispute: Option<DisputeId>,
    /// An invoice behind the certificate was revoked: the first creditor cannot pass it on.
    pub lock: Option<InvoiceId>,
    /// The transfer that brought it to its holder; kept by splits.
    pub received: Option<Received>,
    pub minted_at: Timestamp,
}

/// How a transfer offer stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum TransferStatus {
    /// Waits for the receiver.
    Offered,
    /// The receiver holds the lot.
    Accepted,
    /// The receiver does not want it.
    Declined,
    /// Taken back by the holder.
    Revoked,
    /// Not accepted in time.
    Expired,
}

/// An offer of a lot to another enterprise, which is owed for goods.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LotTransfer")]
pub struct Transfer {
    pub certificate: CertificateId,
    /// The lot on offer: cut to the amount.
    pub lot: LotId,
    pub source: EnterpriseId,
    pub target: EnterpriseId,
    pub amount: Amount,
    /// The invoices of the target to the source that it pays.
    pub claims: List<Claim, CLAIMS_MAX>,
    /// How the two are related, if they are.
    pub relation: Option<Remark>,
    pub status: TransferStatus,
    pub offered_at: Timestamp,
    pub expires: Timestamp,
    /// The lot that the target got.
    pub received_lot: Option<LotId>,
    pub policy_version: u32,
}

/// Splits that an enterprise made today.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SplitCount {
    pub on: Date,
    pub splits: u32,
}

/// One step of a certificate's history: appended, never changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    pub at: Timestamp,
    /// The transaction, or a hash that stands for due work.
    pub transaction: TransactionHash,
    pub policy_version: u32,
    /// Who acted; none for due work.
    pub actor: Option<EnterpriseId>,
    pub change: Change,
}

/// What a step changed. Later variants are added at the end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Change {
    /// The certificate's status.
    Certificate(CertificateStatus),
    /// A lot was cut into children.
    LotSpent(LotId),
    /// A transfer offer's status.
    Transfer(TransferId, TransferStatus),
    /// A financing's status.
    Financing(FinancingId, FinancingStatus),
    /// A lot went from one financier to another.
    Refinanced(FinancingId),
    /// A lot was frozen, or is free again.
    Freeze(FreezeId),
    /// A dispute was opened or resolved.
    Dispute(DisputeId),
    /// Lots were burned by agreement.
    Reduced(Amount),
    /// A lot was set off against its holder's debt.
    SetOff(LotId),
    /// The list of holders was taken.
    Recorded,
    /// Money came.
    Funded(FundingId),
    /// Money was distributed to the holders, in this round.
    Distributed(u32),
    /// The seller was told that it must take a lot back, or has paid for it.
    Recourse(FinancingId),
    /// A holder gave up a lot.
    LotWrittenOff(LotId),
    /// Lots of the first creditor were locked, or are free again.
    Lock(InvoiceId),
    /// The obligor has a counter-claim on the first creditor.
    CounterClaim(CounterClaimId),
    /// Money that was too much was returned.
    ExcessReturned(FundingId),
    /// The holder of a lot claimed on the guarantor, or the guarantor has paid.
    Guarantee(LotId),
    /// The seller paid what was short of its advance.
    Shortfall(FinancingId),
}
