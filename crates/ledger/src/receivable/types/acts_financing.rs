//! One struct per act of financing.

use super::{BANKS_MAX, FinancingId, FinancingKind, LotId, Offer, Payout, QuoteTerms, SearchResult};
use crate::{core::EnterpriseId, money::CashFactId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{
    Amount, Digest, List, Timestamp,
    text::{Reference, Remark},
};

/// Asks banks for money on a lot, or on a part of it. The lot is locked.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Apply {
    /// Your lot; what you do not finance stays with you as a lot of its own.
    pub lot: LotId,
    /// How much of the lot.
    pub amount: Amount,
    /// Whether you answer for the obligor.
    pub kind: FinancingKind,
    /// The banks you ask.
    pub banks: List<EnterpriseId, BANKS_MAX>,
    /// Until when they may quote; with several banks their quotes are sealed until then.
    pub quotes_until: Timestamp,
    /// Until when they open sealed quotes; not before `quotes_until`.
    pub reveal_until: Timestamp,
}

/// Quotes on an application addressed to you. Your line on the obligor is blocked for the amount.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GiveQuote {
    /// The application.
    pub financing: FinancingId,
    /// Your terms: sealed, or open when you are the only bank asked.
    pub offer: Offer,
}

/// Replaces your quote: a sealed one before the deadline, an open one by a cheaper one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ImproveQuote {
    /// The application.
    pub financing: FinancingId,
    /// Your new terms.
    pub offer: Offer,
}

/// Takes your quote back before it is accepted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WithdrawQuote {
    /// The application.
    pub financing: FinancingId,
}

/// Opens your sealed quote after the deadline.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RevealQuote {
    /// The application.
    pub financing: FinancingId,
    /// The terms you committed to.
    pub terms: QuoteTerms,
    /// The secret you committed with.
    pub secret: Digest,
}

/// Accepts a bank's quote. The other quotes are released.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AcceptQuote {
    /// Your application.
    pub financing: FinancingId,
    /// The bank whose quote you accept.
    pub bank: EnterpriseId,
    /// The terms as you read them.
    pub terms: QuoteTerms,
}

/// States what a search of the public registry found on the claim.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttestSearch {
    /// The financing.
    pub financing: FinancingId,
    /// The registry's number of the query.
    pub query: Reference,
    /// What it found.
    pub result: SearchResult,
    /// When the registry answered.
    pub searched_at: Timestamp,
}

/// Approves a financing as the bank's risk officer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ApproveFinancing {
    /// The financing whose quote was accepted.
    pub financing: FinancingId,
    /// The number of your sanctions screening of seller and obligor.
    pub sanctions_check: Reference,
}

/// Registers the assignment in the public registry; the registry's connector signs too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RegisterAssignment")]
pub struct Register {
    /// The approved financing.
    pub financing: FinancingId,
    /// The registry's number.
    pub number: Reference,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// What was registered; the ledger gives the text.
    pub description: Remark,
    /// The connector that attests it.
    pub connector: EnterpriseId,
}

/// Confirms that the seller was paid. Money, lot and line change in one step.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Disburse {
    /// The registered financing.
    pub financing: FinancingId,
    /// How the seller was paid: the net amount, into an account in its own name.
    pub payout: Payout,
}

/// Says that you, the bank, cannot pay after all. The lot is free again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FailFinancing {
    /// The accepted, approved or registered financing.
    pub financing: FinancingId,
    /// Why.
    pub reason: Remark,
}

/// Rejects a financing as the bank whose quote was accepted. The lot is free again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RejectFinancing {
    /// The accepted financing.
    pub financing: FinancingId,
    /// Why; the seller reads it.
    pub reason: Remark,
}

/// Takes an application back before the money is paid. The lot is free again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CancelFinancing {
    /// Your application.
    pub financing: FinancingId,
    /// Why.
    pub reason: Remark,
}

/// States that the assignment of a closed financing was taken out of the registry; the registry's connector signs too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Deregister {
    /// The closed financing.
    pub financing: FinancingId,
    /// The connector that attests it.
    pub connector: EnterpriseId,
}

/// Sells a financed lot to another financier, which signs too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Refinance {
    /// The disbursed financing.
    pub financing: FinancingId,
    /// The financier that buys.
    pub buyer: EnterpriseId,
    /// What it pays.
    pub price: Amount,
    /// The attested payment.
    pub fact: CashFactId,
    /// The number of the registration's amendment.
    pub amendment: Reference,
    /// The connector that attests the amendment.
    pub connector: EnterpriseId,
}
