use crate::core::{EnterpriseId, EventKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Date, List, Quantity, Rate, Timestamp, rate::DayCount};

/// Who may hold a certificate. Natural persons are no variant: passing certificates to them would be public fund-raising.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum HolderType {
    /// A company.
    Enterprise,
    /// A bank or another licensed financier.
    FinancialInstitution,
    /// A vehicle that issues securities backed by receivables.
    SpecialPurposeVehicle,
}

impl HolderType {
    pub const ALL: &[Self] = &[Self::Enterprise, Self::FinancialInstitution, Self::SpecialPurposeVehicle];
}

/// Who owes the platform's fee.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum FeePayer {
    /// The core enterprise that issued the certificate.
    Core,
    /// The financing bank.
    Bank,
    /// The supplier that is financed: the fee counts against its cap and in its all-in rate.
    Supplier,
}

/// The platform's fee: billed, never moved by an act, since no account of the operator takes part in a payment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlatformFee {
    /// Share of the financed amount.
    pub share: Rate,
    /// Smallest fee in minor units.
    pub minor_min: u64,
    /// Largest fee in minor units.
    pub minor_max: u64,
    /// Who owes it.
    pub payer: FeePayer,
}

/// Every parameter of the business. Shares are in parts per million of the whole; limits in minor units apply to each
/// currency alike.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// Months that a certificate may run without a reason.
    pub tenor_months_soft: u32,
    /// Months that a certificate may run at all.
    pub tenor_months_hard: u32,
    /// A certificate that runs longer than these months states why.
    pub tenor_justification_above_months: u32,
    /// Business days in which the first creditor accepts or declines a new certificate.
    pub offer_ttl_business_days: u32,
    /// Business days in which the receiver accepts or declines a transfer.
    pub transfer_ttl_business_days: u32,
    /// Hours for which a bank's quote stands unless it says otherwise.
    pub quote_ttl_hours: u32,
    /// Hours for which a document's fingerprint stays reserved without being used.
    pub registry_reservation_ttl_hours: u32,
    /// Transfers between the first creditor and the last holder.
    pub depth_max: u32,
    /// Lots that one certificate may be split into, spent ones included.
    pub lots_per_root_max: u32,
    /// Parts of one split.
    pub split_parts_max: u32,
    /// Smallest lot in minor units; one remainder of a split may be smaller.
    pub lot_minor_min: u64,
    /// Splits by one enterprise in one day that raise an alert.
    pub splits_per_day_alert: u32,
    /// Splits by one enterprise in one day, at most.
    pub splits_per_day_max: u32,
    /// Who may hold certificates.
    pub holder_types: List<HolderType, 3>,
    /// Calendar days before maturity on which the list of holders is taken.
    pub record_days_before_maturity: u32,
    /// Minute of that day, in Shanghai, at which the list of holders is taken: 17:00 is 1020.
    pub record_minute_of_day: u32,
    /// Business days before maturity at which a certificate matures: transfers and new financing stop.
    pub maturity_call_business_days: u32,
    /// Business days before maturity on which the core enterprise is reminded.
    pub maturity_notice_business_days: List<u32, 8>,
    /// Minute of the due day, in Shanghai, by which the money must have come: 16:30 is 990.
    pub payment_cutoff_minute_of_day: u32,
    /// Business days after which an overdue certificate is in default.
    pub default_grace_business_days: u32,
    /// One-year loan prime rate.
    pub loan_prime_rate_one_year: Rate,
    /// Multiple of the one-year loan prime rate that a late core enterprise pays when the contract names no rate:
    /// 1.5 times is 1500000.
    pub core_penalty_multiple: Rate,
    /// What is added to a financing's own rate when it is late: 50% is 500000.
    pub financing_penalty_markup: Rate,
    /// Overdue certificates of one core enterprise that stop its new issues until they are paid.
    pub overdue_roots_to_stop_issuing: u32,
    /// Overdue certificates of one obligor group that stop new draws on its lines and covers until they are paid.
    pub overdue_roots_to_stop_drawing: u32,
    /// Overdue certificates within the window that suspend a core enterprise.
    pub overdue_roots_to_suspend: u32,
    /// Months that the window looks back.
    pub overdue_window_months: u32,
    /// Months that the suspension lasts.
    pub overdue_suspension_months: u32,
    /// Most that a small enterprise pays in fees, as a share of the financed amount.
    pub fee_share_max: Rate,
    /// What the platform bills for a financing. Holding and passing on are free.
    pub platform_fee: PlatformFee,
    /// Days after the goods receipt within which a small supplier is to be paid; a later maturity is flagged.
    pub small_supplier_payment_days: u32,
    /// How days make a year.
    pub day_count: DayCount,
    /// Loan-to-value at which goods are financed.
    pub ltv_initial: Rate,
    /// Loan-to-value that raises a warning.
    pub ltv_warning: Rate,
    /// Loan-to-value that calls for more margin.
    pub ltv_margin_call: Rate,
    /// Loan-to-value that allows the goods to be sold.
    pub ltv_liquidation: Rate,
    /// Oldest price in hours that may be used.
    pub price_age_hours_max: u32,
    /// Largest step from one price to the next.
    pub price_jump_max: Rate,
    /// Price sources that must agree.
    pub price_sources_min: u32,
    /// Business days in which a margin call is met.
    pub margin_cure_business_days: u32,
    /// Share of an order that is financed before delivery.
    pub order_finance_share: Rate,
    /// Distributor's deposit for prepayment financing, usually.
    pub prepayment_deposit_share: Rate,
    /// Smallest such deposit.
    pub prepayment_deposit_share_min: Rate,
    /// Largest such deposit.
    pub prepayment_deposit_share_max: Rate,
    /// How far an invoice's quantity may be above the delivered one.
    pub match_quantity_tolerance: Rate,
    /// How far an invoice's price may differ from the order's.
    pub match_price_tolerance: Rate,
    /// How far the invoices' sum may be above the order's.
    pub match_amount_tolerance: Rate,
    /// Oldest tax check of an invoice, in hours, before issue and before financing.
    pub invoice_check_hours_max: u32,
    /// Oldest registry search, in hours, before the money goes out.
    pub registry_search_hours_max: u32,
    /// Business days in which a registration without financing is taken out of the registry.
    pub deregistration_business_days: u32,
    /// Amount in minor units from which a checker confirms.
    pub approval_level1_minor: u64,
    /// Amount in minor units from which an approver signs besides the checker.
    pub approval_level2_minor: u64,
    /// Amount in minor units from which two approvers sign besides the checker.
    pub approval_level3_minor: u64,
    /// Hours for which the operator may freeze a lot on proven fraud.
    pub operator_freeze_hours_max: u32,
    /// Days for which a grant to read data may last.
    pub data_grant_days_max: u32,
    /// Loss on the way that needs no explanation.
    pub transit_loss_share: Rate,
    /// Difference between a tank's gauge and its books that needs no explanation, as a share.
    pub tank_tolerance_share: Rate,
    /// The same difference in liters; the larger of the two holds.
    pub tank_tolerance_liters: Quantity,
    /// Share of daily takings that repays a station's loan.
    pub sweep_share: Rate,
    /// Share of the planned takings below which a day counts as weak.
    pub sweep_alert_share: Rate,
    /// Weak days in a row that raise an alert.
    pub sweep_alert_days: u32,
    /// Largest share of a financier's program on one obligor.
    pub obligor_share_max: Rate,
    /// Largest share of a financier's program on one supplier.
    pub supplier_share_max: Rate,
    /// Years for which evidence is kept after the matter is closed.
    pub evidence_retention_years: u32,
}

/// Who sets the policy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PolicySetter")]
pub enum Setter {
    /// The operator, by `policy.set`.
    Operator,
    /// Those who vote, by an adopted proposal.
    Vote,
}

/// The version of the policy that holds on a day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Dated {
    /// The version's number, from 1.
    pub version: u32,
    /// First moment at which it holds.
    pub effective_from: Timestamp,
    /// The parameters.
    pub policy: Policy,
}

/// A version of the policy, as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PolicyVersion {
    /// First moment at which it holds.
    pub effective_from: Timestamp,
    /// When it was set.
    pub set_at: Timestamp,
    /// The operator that set it, or whoever proposed it to a vote; `null` for the version of the genesis.
    pub set_by: Option<EnterpriseId>,
    /// The parameters.
    pub policy: Policy,
}

/// A year's days that are not what their weekday says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Calendar {
    /// Days off, in order.
    pub holidays: List<Date, 64>,
    /// Saturdays and Sundays on which people work, in order.
    pub working_days: List<Date, 64>,
}

/// Sets the policy that holds from a future time on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Set {
    /// First moment at which it holds: later than now and than every earlier version's.
    pub effective_from: Timestamp,
    /// The latest version, which this one was written from; refused when another came between.
    pub based_on: u32,
    /// All parameters, changed or not.
    pub policy: Policy,
}

/// Sets a year's holidays and make-up working days.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetHolidays {
    /// The year.
    pub year: u32,
    /// All days off of the year, in order; weekends need not be listed.
    pub holidays: List<Date, 64>,
    /// All Saturdays and Sundays of the year on which people work, in order.
    pub working_days: List<Date, 64>,
}

/// Which policy holds on a date?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct At {
    /// The date, at its end in Shanghai; `null`: now.
    pub date: Option<Date>,
}

/// Which days of a year are not what their weekday says?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CalendarOf {
    /// The year.
    pub year: u32,
}

/// Is a date a business day, and which one comes next?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BusinessDay {
    /// The date.
    pub date: Date,
    /// How many business days to count from it.
    pub days: u32,
}

/// What the calendar says of a date.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BusinessDayAnswer {
    /// Whether business is done on it.
    pub business_day: bool,
    /// The date itself if business is done on it, otherwise the next one on which it is.
    pub following: Date,
    /// The date that lies the asked number of business days later.
    pub later: Date,
    /// The date that lies the asked number of business days earlier.
    pub earlier: Date,
}

/// A version of the policy was set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PolicySet {
    pub version: u32,
    pub effective_from: Timestamp,
    pub set_by: EnterpriseId,
}

impl EventKind for PolicySet {
    const MODULE: u16 = 3;
    const NUMBER: u16 = 1;
    const NAME: &'static str = "PolicySet";
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.set_by]
    }
}

/// A year's calendar was set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HolidaysSet {
    pub year: u32,
    pub set_by: EnterpriseId,
}

impl EventKind for HolidaysSet {
    const MODULE: u16 = 3;
    const NUMBER: u16 = 2;
    const NAME: &'static str = "HolidaysSet";
    fn parties(&self) -> Vec<EnterpriseId> {
        vec![self.set_by]
    }
}

pub mod reject {
    types::rejections! {
        300 version(detail) "E_POLICY_VERSION" "the policy's versions follow one another, each from a future time: {detail}";
        301 holiday(date, detail) "E_HOLIDAY" "the calendar refuses {date}: {detail}";
        302 fee_cap(fee, cap) "E_FEE_CAP" "the fees are {fee}: the policy allows {cap} at most";
        303 value(parameter, law) "E_POLICY_VALUE" "the policy's {parameter} is out of bounds: {law}";
        304 by_vote() "E_POLICY_BY_VOTE" "on this chain the policy is set by vote: propose the change";
    }
}
