use std::fmt;

use crate::ScheduleError;
use crate::scanner::Scanner;
use crate::zone::NamedZone;

mod complaint;
mod days;
mod read;
mod unit;
pub(crate) mod weekdays;

use unit::Values;
use weekdays::{Weekday, Weekdays, Which};

/// What a cron string says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cron {
    pub(crate) seconds: Values,
    pub(crate) minutes: Values,
    pub(crate) hours: Values,
    month_days: Values,
    months: Values,
    weekdays: Weekdays,
    /// Whether a day must match by month and by week, not just by either.
    is_both_days: bool,
    pub(crate) zone: Option<NamedZone>,
}

impl Cron {
    /// `None` for what does not look like cron.
    pub(crate) fn read(text: &str) -> Option<Result<Self, ScheduleError>> {
        let written = read::without_nickname(text);
        let mut scanner = Scanner::new(&written);
        let fields = read::fields(&mut scanner)?;
        scanner.is_at_end().then(|| fields.cron(text))
    }

    /// Which field of what looks like cron is wrong.
    pub(crate) fn complaint(text: &str) -> Option<ScheduleError> {
        complaint::complaint(text)
    }
}

/// Whether a value is one of those that match.
pub(crate) fn matches(values: &Values, value: i8) -> bool {
    values
        .as_ref()
        .is_none_or(|values| values.binary_search(&value).is_ok())
}

/// The canonical cron string: lists of numbers, and the zone if one was named.
impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds != Some(vec![0]) {
            write!(f, "{} ", list(self.seconds.as_deref()))?;
        }
        let (minutes, hours) = (list(self.minutes.as_deref()), list(self.hours.as_deref()));
        let (month_days, months) = (
            list(self.month_days.as_deref()),
            list(self.months.as_deref()),
        );
        let weekdays = list(self.weekdays.as_deref());
        write!(f, "{minutes} {hours} {month_days} {months} {weekdays}")?;
        if self.is_both_days {
            f.write_str("&")?;
        }
        match &self.zone {
            Some(zone) => write!(f, " {}", zone.name),
            None => Ok(()),
        }
    }
}

fn list<T: ToString>(values: Option<&[T]>) -> String {
    let Some(values) = values else {
        return "*".into();
    };
    let values: Vec<String> = values.iter().map(T::to_string).collect();
    values.join(",")
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.day;
        match self.which {
            Which::Each => write!(f, "{day}"),
            Which::Nth(nth) => write!(f, "{day}#{nth}"),
            Which::Weeks { every, offset: 0 } => write!(f, "{day}%{every}"),
            Which::Weeks { every, offset } => write!(f, "{day}%{every}+{offset}"),
        }
    }
}
