use super::types::{Calendar, Dated, FeePayer, HolderType, PlatformFee, Policy, PolicyVersion, Setter};
use crate::core::{Cell, Column, Record};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{ops::Deref, sync::Arc};
use types::{Amount, Genesis, List, Miss, Quantity, Rate, Rejection, State, Timestamp, rate::DayCount};

/// Versions that a chain may ever have: one a week for twenty years.
pub(super) const VERSIONS_MAX: usize = 1_024;

/// When each version takes effect, version 1 first: one read finds the version of a time.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Timeline {
    pub(super) starts: List<Timestamp, VERSIONS_MAX>,
}

impl Timeline {
    /// The number of the latest version.
    pub(super) fn latest(&self) -> u32 {
        u32::try_from(self.starts.len()).expect("at most VERSIONS_MAX")
    }
}

impl Record for PolicyVersion {
    type Id = u32;
    const MODULE: u8 = 3;
    const TABLE: u8 = 0;
    const NAME: &'static str = "policies";
    const COLUMNS: &'static [Column] = &[Column::text("effective_from")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::time(self.effective_from)]
    }
}

impl Record for Calendar {
    /// The year.
    type Id = u32;
    const MODULE: u8 = 3;
    const TABLE: u8 = 1;
    const NAME: &'static str = "calendars";
}

impl Record for Timeline {
    type Id = ();
    const MODULE: u8 = 3;
    const TABLE: u8 = 2;
    const NAME: &'static str = "policy_timeline";
}

/// Who sets the policy, kept apart so that only whoever sets it reads it.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Right {
    setter: Setter,
}

impl Record for Right {
    type Id = ();
    const MODULE: u8 = 3;
    const TABLE: u8 = 3;
    const NAME: &'static str = "policy_right";
}

/// Who sets the policy on this chain.
pub fn setter(state: &mut dyn State) -> Result<Setter, Miss> {
    Ok(Right::load(state, &())?.expect("genesis wrote who sets the policy").setter)
}

/// Gives the right to set the policy; only a vote does this.
pub fn give_right(state: &mut dyn State, setter: Setter) {
    Right { setter }.store(state, &());
}

/// The policy as it stands in the version that holds: what rules look at.
#[derive(Clone)]
pub struct InForce {
    /// The version's number, from 1.
    pub version: u32,
    record: Arc<PolicyVersion>,
}

impl Deref for InForce {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        &self.record.policy
    }
}

impl InForce {
    /// As it is answered to who asks.
    pub(super) fn dated(&self) -> Dated {
        Dated { version: self.version, effective_from: self.record.effective_from, policy: Policy::clone(self) }
    }
}

/// The version that holds at `time`. Before the genesis time that is version 1.
pub fn at(state: &mut dyn State, time: Timestamp) -> Result<InForce, Miss> {
    let timeline = Timeline::read(state, &())?.expect("genesis wrote the timeline");
    let begun = timeline.starts.partition_point(|start| *start <= time).max(1);
    let version = u32::try_from(begun).expect("at most VERSIONS_MAX");
    let record = PolicyVersion::read(state, &version)?.expect("each start in the timeline has its version");
    Ok(InForce { version, record })
}

/// Reads the policy in force at `time`, as far as there is any: for loading ahead.
pub fn read_ahead(state: &mut dyn State, time: Timestamp) -> Result<(), Miss> {
    if Timeline::read(state, &())?.is_some() { at(state, time).map(drop) } else { Ok(()) }
}

pub(super) fn timeline(state: &mut dyn State) -> Result<Timeline, Miss> {
    Ok(Timeline::load(state, &())?.expect("genesis wrote the timeline"))
}

pub(super) fn genesis(genesis: &Genesis, state: &mut dyn State) -> Result<(), Rejection> {
    let first =
        PolicyVersion { effective_from: genesis.time, set_at: genesis.time, set_by: None, policy: Policy::default() };
    first.store(state, &1);
    give_right(state, if genesis.founders.is_empty() { Setter::Operator } else { Setter::Vote });
    Timeline { starts: List::new(vec![genesis.time]).expect("one of VERSIONS_MAX") }.store(state, &());
    let (year, calendar) = super::calendar::china_2026();
    calendar.store(state, &year);
    Ok(())
}

const fn percent(percent: u32) -> Rate {
    Rate(percent * 10_000)
}

impl PlatformFee {
    /// The fee for a financing of `amount`: its share, half up, within the smallest and the largest fee.
    pub fn of(&self, amount: Amount) -> Result<Amount, Rejection> {
        let share = self.share.share_half_up(amount)?;
        Ok(Amount { minor: share.minor.clamp(self.minor_min, self.minor_max), ..share })
    }
}

impl Default for Policy {
    /// What a new chain starts with.
    fn default() -> Self {
        Self {
            tenor_months_soft: 6,
            tenor_months_hard: 12,
            tenor_justification_above_months: 6,
            offer_ttl_business_days: 10,
            transfer_ttl_business_days: 5,
            quote_ttl_hours: 24,
            registry_reservation_ttl_hours: 24,
            depth_max: 10,
            lots_per_root_max: 5_000,
            split_parts_max: 50,
            lot_minor_min: 100_000,
            splits_per_day_alert: 20,
            splits_per_day_max: 200,
            holder_types: List::new(HolderType::ALL.to_vec()).expect("three of three"),
            record_days_before_maturity: 1,
            record_minute_of_day: 17 * 60,
            maturity_call_business_days: 5,
            maturity_notice_business_days: List::new(vec![15, 5, 1]).expect("three of eight"),
            payment_cutoff_minute_of_day: 16 * 60 + 30,
            default_grace_business_days: 10,
            loan_prime_rate_one_year: percent(3),
            core_penalty_multiple: percent(150),
            financing_penalty_markup: percent(50),
            overdue_roots_to_stop_issuing: 1,
            overdue_roots_to_stop_drawing: 1,
            overdue_roots_to_suspend: 3,
            overdue_window_months: 6,
            overdue_suspension_months: 6,
            fee_share_max: Rate(2_000),
            platform_fee: PlatformFee { share: Rate(0), minor_min: 0, minor_max: 1_000_000, payer: FeePayer::Core },
            small_supplier_payment_days: 60,
            day_count: DayCount::Act360,
            ltv_initial: percent(70),
            ltv_warning: percent(75),
            ltv_margin_call: percent(80),
            ltv_liquidation: percent(85),
            price_age_hours_max: 24,
            price_jump_max: percent(20),
            price_sources_min: 3,
            margin_cure_business_days: 2,
            order_finance_share: percent(60),
            prepayment_deposit_share: percent(30),
            prepayment_deposit_share_min: percent(20),
            prepayment_deposit_share_max: percent(50),
            match_quantity_tolerance: percent(1),
            match_price_tolerance: Rate(5_000),
            match_amount_tolerance: percent(2),
            invoice_check_hours_max: 24,
            registry_search_hours_max: 24,
            deregistration_business_days: 1,
            approval_level1_minor: 0,
            approval_level2_minor: 100_000_000,
            approval_level3_minor: 1_000_000_000,
            operator_freeze_hours_max: 72,
            data_grant_days_max: 30,
            transit_loss_share: Rate(3_000),
            tank_tolerance_share: Rate(5_000),
            tank_tolerance_liters: Quantity(150_000),
            sweep_share: percent(40),
            sweep_alert_share: percent(80),
            sweep_alert_days: 3,
            obligor_share_max: percent(20),
            supplier_share_max: percent(10),
            evidence_retention_years: 10,
        }
    }
}
