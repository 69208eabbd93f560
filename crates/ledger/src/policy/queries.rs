use super::{
    add_business_days, at, following_business_day, is_business_day, subtract_business_days,
    types::{At, BusinessDay, BusinessDayAnswer, Calendar, CalendarOf, Dated},
};
use crate::core::{Query, QueryContext, Record};
use types::{State, Stop};

impl Query for At {
    const NAME: &'static str = "at";
    type Answer = Dated;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<Dated, Stop> {
        let time = self.date.map_or(ctx.time, |date| date.at(23, 59));
        Ok(at(state, time)?.dated())
    }
}

impl Query for CalendarOf {
    const NAME: &'static str = "calendar";
    type Answer = Calendar;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<Calendar, Stop> {
        Ok(Calendar::load(state, &self.year)?.unwrap_or_default())
    }
}

impl Query for BusinessDay {
    const NAME: &'static str = "business_day";
    type Answer = BusinessDayAnswer;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<BusinessDayAnswer, Stop> {
        Ok(BusinessDayAnswer {
            business_day: is_business_day(state, self.date)?,
            following: following_business_day(state, self.date)?,
            later: add_business_days(state, self.date, self.days)?,
            earlier: subtract_business_days(state, self.date, self.days)?,
        })
    }
}
