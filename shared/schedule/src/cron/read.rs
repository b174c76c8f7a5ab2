use std::borrow::Cow;

use super::unit::{self, Nonsense, Unit, Values};
use super::weekdays::{self, Weekdays};
use super::{Cron, matches};
use crate::ScheduleError;
use crate::scanner::Scanner;
use crate::zone::{self, NamedZone};

const NICKNAMES: [(&str, &str); 8] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@noon", "0 12 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The days of each month, in leap years.
const LENGTHS: [i8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The fields of a text in the form of cron, which may still make no sense.
pub(super) struct Fields<'a> {
    seconds: Field<'a, Values>,
    minutes: Field<'a, Values>,
    hours: Field<'a, Values>,
    month_days: Field<'a, Values>,
    months: Field<'a, Values>,
    weekdays: Field<'a, Weekdays>,
    is_both_days: bool,
    zone: Option<&'a str>,
}

struct Field<'a, T> {
    name: &'static str,
    expected: &'static str,
    text: &'a str,
    value: Result<T, Nonsense>,
}

/// What `@daily` and the like stand for; a zone may follow them.
pub(super) fn without_nickname(text: &str) -> Cow<'_, str> {
    let (name, rest) = text
        .split_once(|letter: char| letter.is_ascii_whitespace())
        .unwrap_or((text, ""));
    let known = NICKNAMES.iter().find(|(nickname, _)| *nickname == name);
    known.map_or(Cow::Borrowed(text), |(_, cron)| {
        Cow::Owned(format!("{cron} {}", rest.trim_start()).trim_end().into())
    })
}

/// Six fields, the seconds first, or five.
pub(super) fn fields<'a>(text: &mut Scanner<'a>) -> Option<Fields<'a>> {
    let with_seconds = text.attempt(|text| {
        let seconds = numbers(text, &unit::SECOND)?;
        text.blanks()?;
        five_fields(text, seconds)
    });
    with_seconds.or_else(|| text.attempt(|text| five_fields(text, on_the_minute())))
}

fn on_the_minute<'a>() -> Field<'a, Values> {
    Field {
        name: unit::SECOND.name,
        expected: unit::SECOND.expected,
        text: "0",
        value: Ok(Some(vec![0])),
    }
}

fn five_fields<'a>(text: &mut Scanner<'a>, seconds: Field<'a, Values>) -> Option<Fields<'a>> {
    let minutes = numbers(text, &unit::MINUTE)?;
    text.blanks()?;
    let hours = numbers(text, &unit::HOUR)?;
    text.blanks()?;
    let month_days = numbers(text, &unit::MONTH_DAY)?;
    let is_both_by_month = text.exact("&").is_some();
    text.blanks()?;
    let months = numbers(text, &unit::MONTH)?;
    text.blanks()?;
    let weekdays = weekdays_field(text)?;
    let is_both_by_week = text.exact("&").is_some();
    Some(Fields {
        seconds,
        minutes,
        hours,
        month_days,
        months,
        weekdays,
        is_both_days: is_both_by_month || is_both_by_week,
        zone: text.attempt(zone_name),
    })
}

fn numbers<'a>(text: &mut Scanner<'a>, unit: &Unit) -> Option<Field<'a, Values>> {
    field(text, unit.name, unit.expected, |text| unit.read(text))
}

fn weekdays_field<'a>(text: &mut Scanner<'a>) -> Option<Field<'a, Weekdays>> {
    field(text, "weekday", weekdays::EXPECTED, weekdays::read)
}

fn field<'a, T>(
    text: &mut Scanner<'a>,
    name: &'static str,
    expected: &'static str,
    read: impl Fn(&mut Scanner<'a>) -> Option<Result<T, Nonsense>>,
) -> Option<Field<'a, T>> {
    let whole = text.rest();
    let value = read(text)?;
    Some(Field {
        name,
        expected,
        text: whole.strip_suffix(text.rest()).unwrap_or(whole),
        value,
    })
}

/// Only spaces may stand before a zone, no tabs.
fn zone_name<'a>(text: &mut Scanner<'a>) -> Option<&'a str> {
    text.many(|letter| letter == ' ')?;
    text.attempt(|text| zone::read_offset(text, true))
        .or_else(|| text.attempt(zone::read_name))
}

impl Fields<'_> {
    pub(super) fn cron(self, text: &str) -> Result<Cron, ScheduleError> {
        let mut cron = Cron {
            seconds: self.seconds.value(text)?,
            minutes: self.minutes.value(text)?,
            hours: self.hours.value(text)?,
            month_days: self.month_days.value(text)?,
            months: self.months.value(text)?,
            weekdays: self.weekdays.value(text)?,
            is_both_days: false,
            zone: self.zone.map(|name| find_zone(text, name)).transpose()?,
        };
        cron.is_both_days = self.is_both_days && cron.weekdays.is_some();
        cron.drop_days_that_never_come();
        if cron.month_days.as_ref().is_some_and(Vec::is_empty) {
            return Err(ScheduleError::NoSuchDay { text: text.into() });
        }
        Ok(cron)
    }
}

impl<T> Field<'_, T> {
    fn value(self, text: &str) -> Result<T, ScheduleError> {
        self.value.map_err(|_| ScheduleError::Field {
            text: text.into(),
            field: self.name,
            value: self.text.into(),
            expected: self.expected,
        })
    }
}

fn find_zone(text: &str, name: &str) -> Result<NamedZone, ScheduleError> {
    NamedZone::find(name).ok_or_else(|| ScheduleError::Zone {
        text: text.into(),
        zone: name.into(),
    })
}

impl Cron {
    /// Such as the 31st, if all the months have 30 days; and months, if all the days are past their ends.
    fn drop_days_that_never_come(&mut self) {
        let (Some(months), Some(days)) = (&mut self.months, &mut self.month_days) else {
            return;
        };
        let lengths = (1i8..).zip(LENGTHS);
        let first = days.first().copied().unwrap_or(1);
        months.retain(|month| {
            lengths
                .clone()
                .any(|(m, length)| m == *month && first <= length)
        });
        let months = Some(months.clone());
        let longest = lengths.filter(|(month, _)| matches(&months, *month));
        let longest = longest.map(|(_, length)| length).max().unwrap_or(0);
        days.retain(|day| *day <= longest);
    }
}
