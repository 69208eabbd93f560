//! Settlement: the list of holders, the money that comes, the money that goes, and recourse.

use super::{CertificateId, LotId};
use crate::{
    core::EnterpriseId,
    money::{CashAccountId, CashFactId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Date, Digest, List, Rate, Timestamp, merkle::Frontier, typed_id};

typed_id!(
    /// Money that came for a certificate.
    FundingId,
    "fnd"
);

/// Lines of one page of a list: a page fits easily into one record.
pub const PAGE_LINES_MAX: usize = 64;

/// How far a settlement has come. A list or a round longer than a page is worked off page by page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum SettlementPhase {
    /// Lots no longer move; the list of holders is not taken yet.
    Called,
    /// The list of holders is being taken: the next lot's number.
    Listing(u32),
    /// The list stands; waits for money.
    Waiting,
    /// Money is being paid to the holders: the next page.
    Paying(u32),
    /// Nothing is owed any more.
    Closed,
}

/// A certificate's settlement, from the maturity call on. Every minor unit received was paid on lots, or waits:
/// `received = principal_paid + penalty_paid + undistributed + excess + returned`. What the agent keeps in suspense for it is
/// `undistributed + frozen + excess`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Settlement {
    pub obligor: EnterpriseId,
    pub agent: EnterpriseId,
    pub phase: SettlementPhase,
    pub recorded_at: Option<Timestamp>,
    /// Unpaid principal on the list.
    pub listed: Amount,
    /// Lots on the list, in order of their numbers.
    pub lines: u32,
    /// The Merkle tree (RFC 6962) over the list's lines: a bank that distributes from an export proves each line with it.
    pub tree: Frontier,
    /// What the agent confirmed as received.
    pub received: Amount,
    /// Principal paid on lots, frozen ones included.
    pub principal_paid: Amount,
    /// Penalty paid on lots, frozen ones included.
    pub penalty_paid: Amount,
    /// Received, and not distributed yet.
    pub undistributed: Amount,
    /// Paid on lots that are frozen: in suspense until the freeze is lifted.
    pub frozen: Amount,
    /// More than was due: in suspense until the agent returns it.
    pub excess: Amount,
    /// More than was due, and returned.
    pub returned: Amount,
    pub fundings: u32,
    pub rounds: u32,
    /// The latest value date on which money came.
    pub funded_to: Option<Date>,
    /// The day from which penalty runs: the due day, once it has passed without all the money.
    pub overdue_since: Option<Date>,
    /// The day to which penalty is counted on the open lines.
    pub counted_to: Option<Date>,
    pub defaulted_at: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
}

/// What is still owed on a line of the list, and what the round that is under way pays on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OpenLine {
    pub principal: Amount,
    /// Counted to the last round.
    pub penalty: Amount,
    pub principal_now: Amount,
    pub penalty_now: Amount,
}

/// A page of what is still owed, line by line as on the same page of the list of holders.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct OpenPage {
    pub lines: List<OpenLine, PAGE_LINES_MAX>,
}

/// A line of the list of holders.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordLine {
    pub lot: LotId,
    pub holder: EnterpriseId,
    /// Unpaid principal.
    pub amount: Amount,
}

/// A page of the list of holders.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RecordPage {
    pub lines: List<RecordLine, PAGE_LINES_MAX>,
}

/// How money came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum PaymentSource {
    /// Outside the chain, as a bank attested.
    Fact(CashFactId),
    /// In deposit tokens, from this account of the payer.
    Tokens {
        /// The payer's account, at the bank that is paid.
        account: CashAccountId,
        /// How much.
        amount: Amount,
    },
}

/// Money that came for a certificate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Funding {
    pub certificate: CertificateId,
    pub agent: EnterpriseId,
    pub payer: EnterpriseId,
    pub amount: Amount,
    /// Part of it that was too much and was returned.
    pub returned: Amount,
    pub source: PaymentSource,
    pub value_date: Date,
    pub at: Timestamp,
}

/// One round of distribution.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    pub certificate: CertificateId,
    pub at: Timestamp,
    /// The day to which penalty was counted.
    pub value_date: Date,
    pub principal: Amount,
    pub penalty: Amount,
    /// Part of the two that went to suspense because lots are frozen.
    pub frozen: Amount,
    /// Lots paid.
    pub lines: u32,
}

/// What one lot got in a round.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PaidLine {
    pub lot: LotId,
    pub holder: EnterpriseId,
    pub principal: Amount,
    pub penalty: Amount,
    /// Part of the two that went on to the seller of a lot that was financed below its face.
    pub released: Amount,
    /// Where the rest went: the holder's account at the settlement agent, or the agent's suspense account.
    pub account: CashAccountId,
}

/// A page of what lots got in a round.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct PaidPage {
    pub lines: List<PaidLine, PAGE_LINES_MAX>,
}

/// On what ground holders declare a default.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum DefaultGround {
    /// The days of grace are over.
    GraceOver,
    /// The obligor is insolvent.
    Insolvency {
        /// Digest of the court's decision.
        evidence: Digest,
    },
}

/// What all prior parties are told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Notice {
    /// The due day has passed without all the money.
    Dishonored,
    /// Recourse, guarantee and enforcement are open.
    Defaulted,
}

/// A recourse against the seller of a financed lot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Recourse {
    pub certificate: CertificateId,
    pub lot: LotId,
    pub bank: EnterpriseId,
    pub seller: EnterpriseId,
    /// Unpaid principal when the seller was told: of the lot, or of the advance.
    pub principal: Amount,
    pub penalty_rate: Rate,
    /// The day from which penalty runs.
    pub overdue_since: Date,
    pub noticed_at: Timestamp,
    pub paid: Option<RecoursePaid>,
}

/// A holder's claim on the guarantor of a certificate in default.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GuaranteeClaim {
    pub certificate: CertificateId,
    /// Who claims; when the lot goes to another, that one claims again.
    pub holder: EnterpriseId,
    pub guarantor: EnterpriseId,
    /// Unpaid principal when it was claimed.
    pub principal: Amount,
    pub claimed_at: Timestamp,
    pub paid: Option<GuaranteePaid>,
}

/// What the guarantor paid for the lot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GuaranteePaid {
    pub at: Timestamp,
    /// Unpaid principal on the day of payment.
    pub principal: Amount,
    /// The obligor's penalty to that day.
    pub penalty: Amount,
    pub source: PaymentSource,
}

/// What the seller paid for the lot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecoursePaid {
    pub at: Timestamp,
    /// Unpaid principal on the day of payment: of the lot, or of the advance.
    pub principal: Amount,
    /// Interest and fees of an advance; of a discount they were paid when it was financed.
    pub accrued: Amount,
    pub penalty: Amount,
    /// Costs of enforcement.
    pub costs: Amount,
    pub days: u32,
    pub source: PaymentSource,
}
