//! Advances: a part of the face is paid out now, the rest is held back until the obligor pays.

use super::{CertificateId, FinancingId, LotId, PaymentSource};
use crate::core::EnterpriseId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, Currency, Date, Digest, Rate, Rejection, text::Remark};

/// What a seller owes the bank that advanced it money, in the order in which money pays it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AdvanceParts {
    /// Costs of enforcement.
    pub costs: Amount,
    pub fees: Amount,
    /// Interest on the advance to the due day.
    pub interest: Amount,
    /// Penalty on the unpaid advance after the due day.
    pub penalty: Amount,
    /// The money that was advanced.
    pub principal: Amount,
}

impl AdvanceParts {
    pub fn zero(currency: Currency) -> Self {
        let zero = Amount::zero(currency);
        Self { costs: zero, fees: zero, interest: zero, penalty: zero, principal: zero }
    }

    pub fn sum(&self) -> Result<Amount, Rejection> {
        self.costs.plus(self.fees)?.plus(self.interest)?.plus(self.penalty)?.plus(self.principal)
    }
}

/// Where an advance stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum AdvanceStatus {
    /// The bank holds the lot.
    Open,
    /// Nothing is owed any more.
    Closed,
    /// The lot is paid and did not suffice: the seller owes the rest.
    Short,
    /// The bank gave the lot up, and its claim on the seller with it.
    WrittenOff,
}

/// The account of a lot that was financed below its whole face.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SellerAdvance")]
pub struct Advance {
    pub certificate: CertificateId,
    pub lot: LotId,
    pub bank: EnterpriseId,
    pub seller: EnterpriseId,
    pub status: AdvanceStatus,
    /// What is owed, penalty as far as it is counted.
    pub owed: AdvanceParts,
    pub paid: AdvanceParts,
    pub penalty_rate: Rate,
    /// The day from which penalty runs.
    pub due_on: Date,
    /// The day to which penalty is counted.
    pub counted_to: Date,
    /// What the obligor has paid on the lot while the bank held it.
    pub received: Amount,
    /// Part of it that went on to the seller.
    pub released: Amount,
    /// What the seller has paid itself.
    pub by_seller: Amount,
    /// How the seller paid what was short.
    pub shortfall_source: Option<PaymentSource>,
}

/// Money that belongs to the seller of a lot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SellerShare {
    pub seller: EnterpriseId,
    pub amount: Amount,
}

/// States what enforcement has cost you on a lot that you financed with recourse; the seller owes it first of all.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StateCosts {
    /// The financing.
    pub financing: FinancingId,
    /// What it cost, in addition to what you stated before.
    pub amount: Amount,
    /// SHA-256 of the bills.
    pub evidence: Digest,
    /// What for; the seller reads it.
    pub reason: Remark,
}

/// Confirms that the seller paid what the obligor's money left short of an advance. Bank and seller sign.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PayShortfall {
    /// The financing.
    pub financing: FinancingId,
    /// How the bank was paid.
    pub source: PaymentSource,
}
