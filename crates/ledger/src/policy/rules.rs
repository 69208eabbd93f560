use super::{
    reject,
    state::{Timeline, setter, timeline},
    types::{Calendar, HolidaysSet, Policy, PolicySet, PolicyVersion, Set, SetHolidays, Setter},
};
use crate::core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, emit};
use types::{Date, Rate, Rejection, State, Stop, limits};

const PROPOSERS: &[Role] = &[Role::of(EntityRole::Operator, &[Function::Maker, Function::Checker])];

impl Call for Set {
    const NAME: &'static str = "set";
    const ROLES: &'static [Role] = PROPOSERS;
    /// The number of the new version.
    type Outcome = u32;

    fn check(&self) -> Result<(), Rejection> {
        self.policy.check()
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<u32, Stop> {
        match setter(state)? {
            Setter::Operator => adopt(ctx, state, self, ctx.actor().enterprise),
            Setter::Vote => Err(reject::by_vote().into()),
        }
    }
}

/// Sets the next version; `set_by` is the operator, or whoever proposed it to a vote. Gives the version's number.
pub fn adopt(ctx: &Context, state: &mut dyn State, set: &Set, set_by: EnterpriseId) -> Result<u32, Stop> {
    let mut timeline: Timeline = timeline(state)?;
    let latest = timeline.latest();
    if set.based_on != latest {
        let detail = format!("the latest version is {latest}, this one was written from {}", set.based_on);
        return Err(reject::version(detail).into());
    }
    let last = timeline.starts.last().copied().expect("genesis wrote version 1");
    let after = last.max(ctx.time);
    if set.effective_from <= after {
        let detail = format!("it must begin after {after}, not at {}", set.effective_from);
        return Err(reject::version(detail).into());
    }
    timeline.starts.push(set.effective_from).map_err(|_| reject::version("no more versions fit on this chain"))?;
    let record = PolicyVersion {
        effective_from: set.effective_from,
        set_at: ctx.time,
        set_by: Some(set_by),
        policy: set.policy.clone(),
    };
    let version = timeline.latest();
    record.store(state, &version);
    timeline.store(state, &());
    emit(state, &PolicySet { version, effective_from: set.effective_from, set_by });
    Ok(version)
}

impl Call for SetHolidays {
    const NAME: &'static str = "set_holidays";
    const ROLES: &'static [Role] = PROPOSERS;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        for days in [&self.holidays, &self.working_days] {
            if let Some(stray) = days.iter().find(|date| date.year() != self.year) {
                return Err(reject::holiday(stray, format!("it is not in {}", self.year)));
            }
            if let Some(pair) = days.windows(2).find(|pair| pair[0] >= pair[1]) {
                return Err(reject::holiday(pair[1], "days are listed in order, each once"));
            }
        }
        if let Some(day) = self.working_days.iter().find(|date| !date.is_weekend()) {
            return Err(reject::holiday(day, "only a Saturday or Sunday can be a make-up working day"));
        }
        if let Some(both) = self.working_days.iter().find(|date| self.holidays.contains(date)) {
            return Err(reject::holiday(both, "a day is off or a working day, not both"));
        }
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let old = Calendar::load(state, &self.year)?.unwrap_or_default();
        let new = Calendar { holidays: self.holidays.clone(), working_days: self.working_days.clone() };
        let today = ctx.time.date();
        let changed = changed_days(&old, &new);
        if let Some(past) = changed.iter().find(|date| **date <= today) {
            return Err(reject::holiday(past, format!("today is {today}: only later days can be changed")).into());
        }
        new.store(state, &self.year);
        emit(state, &HolidaysSet { year: self.year, set_by: ctx.actor().enterprise });
        Ok(())
    }
}

/// The days that are off, or working, in one calendar and not in the other.
fn changed_days(old: &Calendar, new: &Calendar) -> Vec<Date> {
    let differ = |one: &[Date], other: &[Date]| {
        let missing = |date: &&Date| !other.contains(date);
        one.iter().filter(missing).copied().collect::<Vec<_>>()
    };
    let pairs = [(&old.holidays, &new.holidays), (&old.working_days, &new.working_days)];
    pairs.into_iter().flat_map(|(one, other)| [differ(one, other), differ(other, one)]).flatten().collect()
}

const WHOLE: Rate = Rate(1_000_000);
const MINUTES_OF_DAY: u32 = 24 * 60;
/// No period of the policy is longer: a slip of the hand would otherwise lock things for a lifetime.
const MONTHS_MAX: u32 = 120;
const DAYS_MAX: u32 = 366;
const HOURS_MAX: u32 = 24 * 31;

impl Policy {
    /// Refuses parameters that contradict one another or that no business has.
    pub fn check(&self) -> Result<(), Rejection> {
        self.check_periods()?;
        self.check_shares()?;
        let counts = [
            ("depth_max", self.depth_max, 1, 100),
            ("lots_per_root_max", self.lots_per_root_max, 2, 100_000),
            // A split into more parts would touch more records than one act may.
            ("split_parts_max", self.split_parts_max, 2, 50),
            ("splits_per_day_alert", self.splits_per_day_alert, 1, self.splits_per_day_max),
            ("splits_per_day_max", self.splits_per_day_max, 1, 1_000_000),
            ("overdue_roots_to_stop_issuing", self.overdue_roots_to_stop_issuing, 1, 1_000),
            ("overdue_roots_to_stop_drawing", self.overdue_roots_to_stop_drawing, 1, 1_000),
            ("small_supplier_payment_days", self.small_supplier_payment_days, 1, DAYS_MAX),
            ("overdue_roots_to_suspend", self.overdue_roots_to_suspend, 1, 1_000),
            ("price_sources_min", self.price_sources_min, 1, 100),
            ("record_minute_of_day", self.record_minute_of_day, 0, MINUTES_OF_DAY - 1),
            ("payment_cutoff_minute_of_day", self.payment_cutoff_minute_of_day, 0, MINUTES_OF_DAY - 1),
        ];
        within(&counts)?;
        let levels = [self.approval_level1_minor, self.approval_level2_minor, self.approval_level3_minor];
        ordered("approval levels", &levels)?;
        ordered("lot_minor_min", &[self.lot_minor_min, limits::AMOUNT_MINOR_MAX])?;
        let fees = [self.platform_fee.minor_min, self.platform_fee.minor_max, limits::AMOUNT_MINOR_MAX];
        ordered("platform fees", &fees)?;
        if self.holder_types.is_empty() {
            return Err(reject::value("holder_types", "somebody must be allowed to hold certificates"));
        }
        Ok(())
    }

    fn check_periods(&self) -> Result<(), Rejection> {
        ordered("tenor", &[1, self.tenor_months_soft, self.tenor_months_hard, MONTHS_MAX])?;
        let periods = [
            ("tenor_justification_above_months", self.tenor_justification_above_months, 0, MONTHS_MAX),
            ("offer_ttl_business_days", self.offer_ttl_business_days, 1, DAYS_MAX),
            ("transfer_ttl_business_days", self.transfer_ttl_business_days, 1, DAYS_MAX),
            ("quote_ttl_hours", self.quote_ttl_hours, 1, HOURS_MAX),
            ("registry_reservation_ttl_hours", self.registry_reservation_ttl_hours, 1, HOURS_MAX),
            ("record_days_before_maturity", self.record_days_before_maturity, 0, DAYS_MAX),
            ("maturity_call_business_days", self.maturity_call_business_days, 0, DAYS_MAX),
            ("default_grace_business_days", self.default_grace_business_days, 0, DAYS_MAX),
            ("overdue_window_months", self.overdue_window_months, 1, MONTHS_MAX),
            ("overdue_suspension_months", self.overdue_suspension_months, 0, MONTHS_MAX),
            ("price_age_hours_max", self.price_age_hours_max, 1, HOURS_MAX),
            ("margin_cure_business_days", self.margin_cure_business_days, 0, DAYS_MAX),
            ("invoice_check_hours_max", self.invoice_check_hours_max, 1, HOURS_MAX),
            ("registry_search_hours_max", self.registry_search_hours_max, 1, HOURS_MAX),
            ("deregistration_business_days", self.deregistration_business_days, 0, DAYS_MAX),
            ("operator_freeze_hours_max", self.operator_freeze_hours_max, 0, HOURS_MAX),
            ("data_grant_days_max", self.data_grant_days_max, 1, 10 * DAYS_MAX),
            ("sweep_alert_days", self.sweep_alert_days, 1, DAYS_MAX),
            ("evidence_retention_years", self.evidence_retention_years, 1, 100),
        ];
        within(&periods)?;
        let notices = self.maturity_notice_business_days.iter();
        within(&notices.map(|days| ("maturity_notice_business_days", *days, 0, DAYS_MAX)).collect::<Vec<_>>())
    }

    fn check_shares(&self) -> Result<(), Rejection> {
        let ltv = [self.ltv_initial, self.ltv_warning, self.ltv_margin_call, self.ltv_liquidation, WHOLE];
        ordered("loan-to-value steps", &ltv)?;
        let (low, high) = (self.prepayment_deposit_share_min, self.prepayment_deposit_share_max);
        ordered("prepayment deposit", &[low, self.prepayment_deposit_share, high, WHOLE])?;
        let shares = [
            ("fee_share_max", self.fee_share_max),
            ("platform_fee.share", self.platform_fee.share),
            ("price_jump_max", self.price_jump_max),
            ("order_finance_share", self.order_finance_share),
            ("match_quantity_tolerance", self.match_quantity_tolerance),
            ("match_price_tolerance", self.match_price_tolerance),
            ("match_amount_tolerance", self.match_amount_tolerance),
            ("transit_loss_share", self.transit_loss_share),
            ("tank_tolerance_share", self.tank_tolerance_share),
            ("sweep_share", self.sweep_share),
            ("sweep_alert_share", self.sweep_alert_share),
            ("obligor_share_max", self.obligor_share_max),
            ("supplier_share_max", self.supplier_share_max),
            ("loan_prime_rate_one_year", self.loan_prime_rate_one_year),
        ];
        shares.iter().try_for_each(|(name, share)| ordered(name, &[*share, WHOLE]))?;
        let multiple = [WHOLE, self.core_penalty_multiple, Rate(10 * WHOLE.0)];
        ordered("core_penalty_multiple", &multiple)?;
        ordered("financing_penalty_markup", &[self.financing_penalty_markup, Rate(10 * WHOLE.0)])
    }
}

fn within(values: &[(&str, u32, u32, u32)]) -> Result<(), Rejection> {
    let outside = values.iter().find(|(_, value, least, most)| value < least || value > most);
    match outside {
        None => Ok(()),
        Some((name, value, least, most)) => {
            Err(reject::value(name, format!("{value} is not between {least} and {most}")))
        }
    }
}

fn ordered<T: PartialOrd>(name: &str, steps: &[T]) -> Result<(), Rejection> {
    if steps.windows(2).all(|pair| pair[0] <= pair[1]) {
        Ok(())
    } else {
        Err(reject::value(name, "each step is at most the next, and all are within their limit"))
    }
}
