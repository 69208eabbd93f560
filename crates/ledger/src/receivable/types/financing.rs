//! Financing: application, sealed quotes, approval, registration, disbursement.

use super::{CertificateId, LotId};
use crate::{
    core::{EnterpriseId, MemberId},
    money::{CashAccountId, CashFactId},
    policy::FeePayer,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    Amount, Date, Digest, List, Rate, Timestamp,
    text::{Reference, Remark},
    typed_id,
};

typed_id!(
    /// A financing: from the application to the day its lot is paid.
    FinancingId,
    "fin"
);

/// Banks that one application may be addressed to.
pub const BANKS_MAX: usize = 16;
/// Financiers that one financing may have had before the present one.
pub const FORMER_BANKS_MAX: usize = 16;

/// Who bears it when the obligor does not pay.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum FinancingKind {
    /// The bank: it buys the claim for good.
    NonRecourse,
    /// The seller: it buys the claim back.
    RecourseToSeller,
}

/// Where a financing stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum FinancingStatus {
    /// Banks quote; the lot is locked.
    Quoting,
    /// The seller chose a quote.
    Accepted,
    /// The bank's risk officer agreed.
    Approved,
    /// The assignment stands in the public registry.
    Registered,
    /// The seller has the money, the bank the lot.
    Disbursed,
    /// The lot was paid by the obligor.
    Repaid,
    /// The seller took the lot back.
    Recoursed,
    /// The bank could not pay.
    Failed,
    /// The bank said no.
    Rejected,
    /// The seller took the application back.
    Cancelled,
    /// Not concluded in time.
    Expired,
    /// The bank gave its lot up.
    WrittenOff,
    /// The guarantor paid the bank and took its place.
    Subrogated,
}

/// An application for finance, and what became of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Financing {
    pub certificate: CertificateId,
    /// The locked lot: cut to the amount.
    pub lot: LotId,
    pub obligor: EnterpriseId,
    pub seller: EnterpriseId,
    pub amount: Amount,
    pub kind: FinancingKind,
    /// Who may quote.
    pub banks: List<EnterpriseId, BANKS_MAX>,
    /// Quotes are sealed until here when several banks are asked.
    pub quotes_until: Timestamp,
    /// Sealed quotes are opened until here; one that is not lapses.
    pub reveal_until: Timestamp,
    /// When the application ends unless it is concluded.
    pub expires: Timestamp,
    pub status: FinancingStatus,
    pub applied_at: Timestamp,
    pub policy_version: u32,
    /// The chosen quote's bank; the present financier after a resale.
    pub bank: Option<EnterpriseId>,
    /// The chosen quote's terms.
    pub terms: Option<QuoteTerms>,
    pub search: Option<RegistrySearch>,
    pub approval: Option<Approval>,
    pub registration: Option<Registration>,
    pub disbursement: Option<Disbursement>,
    /// Blocked, then utilised, on the bank's line on the seller, where it has one and the seller answers for the obligor.
    pub seller_limit: Option<Amount>,
    /// Costs of enforcement that the bank has stated.
    pub costs: Amount,
    /// Financiers that sold it on.
    pub former_banks: List<EnterpriseId, FORMER_BANKS_MAX>,
}

/// What a bank offers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct QuoteTerms {
    /// The discount rate a year, from the day of disbursement to the day the face is due.
    pub rate: Rate,
    /// All fees that the seller pays you: taken off the money paid out, or out of what is held back.
    pub fees: Amount,
    /// The share of the face that is paid out now, with recourse; the rest is held back until the obligor pays, and the
    /// seller gets it less interest and fees. Left out: the whole is bought at a discount.
    pub advance_share: Option<Rate>,
    /// The last day on which the bank will pay out.
    pub disburse_by: Date,
    /// Until when the seller may accept; left out: as long as the policy says.
    pub valid_until: Option<Timestamp>,
}

/// How a bank tells its terms.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Offer {
    /// As a commitment over terms and a secret: rivals cannot read it before all have quoted.
    Sealed(Digest),
    /// Openly: only when no other bank is asked.
    Open(QuoteTerms),
}

/// How a quote stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum QuoteStatus {
    /// Committed to, not readable.
    Sealed,
    /// Readable; the seller may accept.
    Open,
    /// The seller chose it.
    Accepted,
    /// Taken back by the bank.
    Withdrawn,
    /// Not opened, or not accepted, in time.
    Lapsed,
    /// The seller chose another, or none.
    Released,
}

/// What the seller gets and what it costs, counted to the due day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// Days from disbursement to the due day.
    pub days: u32,
    /// `HALF_UP(face * rate * days / basis)`; of an advance, interest on the advance.
    pub discount: Amount,
    pub fees: Amount,
    /// What the platform bills, to whom the policy says; no act moves it.
    pub platform_fee: Amount,
    pub platform_fee_payer: FeePayer,
    /// Paid out: face less discount less fees, or the advance, `FLOOR(face * advance_share)`.
    pub net: Amount,
    /// Face less advance: what is left of it after interest and fees is the seller's when the obligor pays.
    pub holdback: Amount,
    /// All costs of the seller over the money received, a year: `(discount + fees) / net * basis / days`, half up.
    pub all_in: Rate,
}

/// A bank's quote for an application: one each.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    pub financing: FinancingId,
    pub bank: EnterpriseId,
    pub seller: EnterpriseId,
    pub amount: Amount,
    pub status: QuoteStatus,
    pub commitment: Option<Digest>,
    pub terms: Option<QuoteTerms>,
    /// As of the day the terms became readable.
    pub price: Option<Price>,
    /// Until when the seller may accept.
    pub valid_until: Timestamp,
    pub maker: MemberId,
    pub quoted_at: Timestamp,
    /// How often it was given or improved: a due item of an earlier version does nothing.
    pub version: u32,
}

/// What a search of the public registry found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum SearchResult {
    /// Nothing on this claim.
    Clean,
    /// Somebody else has registered it.
    Conflict {
        /// The other registration's number.
        registration: Reference,
    },
}

/// A search of the public registry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RegistrySearch {
    /// The registry's number of the query.
    pub query: Reference,
    pub result: SearchResult,
    pub searched_at: Timestamp,
    /// The connector that attested it.
    pub connector: EnterpriseId,
}

/// The bank's approval of a financing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    pub at: Timestamp,
    pub by: MemberId,
    /// The bank's number of its sanctions screening.
    pub sanctions_check: Reference,
}

/// The assignment's entry in the public registry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Registration {
    /// The registry's number.
    pub number: Reference,
    pub registered_at: Timestamp,
    /// What is registered, after the registry's template.
    pub description: Remark,
    /// The connector that attested it.
    pub connector: EnterpriseId,
    /// Numbers of amendments: one for each resale.
    pub amendments: List<Reference, FORMER_BANKS_MAX>,
    /// When it was taken out again.
    pub deregistered_at: Option<Timestamp>,
}

/// Whose a number of the public registry is: each stands for one financing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RegistryEntry {
    pub financing: FinancingId,
}

/// How the seller was paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Payout {
    /// Outside the chain, as a bank attested.
    Fact(CashFactId),
    /// In deposit tokens of the financing bank, into this account of the seller.
    Tokens(CashAccountId),
}

/// The money that went out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Disbursement {
    pub at: Timestamp,
    /// The day from which interest runs.
    pub value_date: Date,
    pub price: Price,
    pub payout: Payout,
    /// What a late seller pays on the repurchase price: the rate and the policy's addition.
    pub penalty_rate: Rate,
}
