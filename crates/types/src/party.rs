//! What an enterprise is in the trade: the genesis names it for founders, the rules ask for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an enterprise is in the trade.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum EntityRole {
    /// Core enterprise: the obligor whose confirmed debt becomes a certificate.
    Core,
    /// Supplier of any tier.
    Supplier,
    /// Distributor or dealer.
    Distributor,
    /// Bank or other licensed financier.
    Bank,
    /// Guarantor or insurer.
    Guarantor,
    /// Logistics carrier.
    Carrier,
    /// Warehouse or pledge supervisor.
    Warehouse,
    /// Inspector, assayer or device operator.
    Inspector,
    /// Clearing bank that confirms deposits and pays distributions.
    SettlementAgent,
    /// Source of signed prices.
    PriceSource,
    /// The platform's operator: onboarding, no money.
    Operator,
    /// Regulator, auditor or court executor.
    Regulator,
    /// Connector to a public registry or to the tax authority's invoice platform.
    Connector,
}

impl EntityRole {
    pub const ALL: &[Self] = &[
        Self::Core,
        Self::Supplier,
        Self::Distributor,
        Self::Bank,
        Self::Guarantor,
        Self::Carrier,
        Self::Warehouse,
        Self::Inspector,
        Self::SettlementAgent,
        Self::PriceSource,
        Self::Operator,
        Self::Regulator,
        Self::Connector,
    ];
}
