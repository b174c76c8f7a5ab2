use jiff::civil::{Date, date};

use super::{Cron, Weekday, Which, matches};

/// How far ahead and back is looked. The 29th of February on a given weekday comes every 40 years at the latest.
const HORIZON_YEARS: i16 = 100;

/// The Monday from which [`Which::Weeks`] counts.
const FIRST_MONDAY: Date = date(2018, 12, 31);

impl Cron {
    /// The first date that matches, this one or a later one.
    pub(crate) fn date_from(&self, mut date: Date) -> Option<Date> {
        let last_year = date.year().saturating_add(HORIZON_YEARS);
        while date.year() <= last_year {
            if !matches(&self.months, date.month()) {
                date = date.last_of_month().tomorrow().ok()?;
            } else if self.is_day(date) {
                return Some(date);
            } else {
                date = date.tomorrow().ok()?;
            }
        }
        None
    }

    /// The last date that matches, this one or an earlier one.
    pub(crate) fn date_until(&self, mut date: Date) -> Option<Date> {
        let first_year = date.year().saturating_sub(HORIZON_YEARS);
        while date.year() >= first_year {
            if !matches(&self.months, date.month()) {
                date = date.first_of_month().yesterday().ok()?;
            } else if self.is_day(date) {
                return Some(date);
            } else {
                date = date.yesterday().ok()?;
            }
        }
        None
    }

    /// As cron has it: if both fields of days are restricted, either may match, unless the string says `&`.
    fn is_day(&self, date: Date) -> bool {
        let by_month = |days: &Vec<i8>| days.iter().any(|day| is_month_day(*day, date));
        let by_week = |days: &Vec<Weekday>| days.iter().any(|day| day.is_on(date));
        let by_month = self.month_days.as_ref().map(by_month);
        let by_week = self.weekdays.as_ref().map(by_week);
        match (by_month, by_week) {
            (Some(by_month), Some(by_week)) if !self.is_both_days => by_month || by_week,
            (by_month, by_week) => by_month.unwrap_or(true) && by_week.unwrap_or(true),
        }
    }
}

/// Negative days count from the end of the month.
fn is_month_day(day: i8, date: Date) -> bool {
    let day = if day < 0 {
        date.days_in_month() + 1 + day
    } else {
        day
    };
    day == date.day()
}

impl Weekday {
    fn is_on(self, date: Date) -> bool {
        self.day == date.weekday().to_sunday_zero_offset()
            && match self.which {
                Which::Each => true,
                Which::Nth(nth) if nth < 0 => nth == -((date.days_in_month() - date.day()) / 7 + 1),
                Which::Nth(nth) => nth == (date.day() - 1) / 7 + 1,
                Which::Weeks { every, offset } => is_week(date, every, offset),
            }
    }
}

fn is_week(date: Date, every: u32, offset: u32) -> bool {
    let hours = date.duration_since(FIRST_MONDAY).as_hours();
    let week = hours.div_euclid(7 * 24);
    let every = i64::from(every);
    week.rem_euclid(every) == i64::from(offset) % every
}
