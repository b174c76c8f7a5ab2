use super::data::{Data, Value};
use super::slot::{Grade, Key, Slot};
use super::words::{self, spaced};
use super::{Slots, days};
use crate::scanner::Scanner;

/// `on monday`, `on the 1st and 15th`, `on day 2`, `on minute 10`.
pub(super) fn on(text: &mut Scanner<'_>) -> Option<Slots> {
    spaced(text, &["on"])?;
    let and = |text: &mut Scanner<'_>| spaced(text, &["and"]).map(drop);
    let slots = text.list(object, and)?;
    Some(Ok(slots.concat()))
}

fn object(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    let objects = [month_days, weekdays, minutes, ordinals, hour_or_minute];
    objects.into_iter().find_map(|read| text.attempt(read))
}

/// `day 2`, `days 1,15`.
fn month_days(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    spaced(text, &["days", "day"])?;
    let day = |text: &mut Scanner<'_>| text.number(0, 31)?.try_into().ok().map(Value::Number);
    let days = text.list(day, words::and_or_comma)?;
    Some(days.into_iter().map(month_day).collect())
}

fn weekdays(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    Some(vec![days::weekdays(text)?])
}

/// `minute 10 and 20`, `minute 10 and minute 20`.
fn minutes(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    spaced(text, &["minute"])?;
    let separator = |text: &mut Scanner<'_>| {
        words::and_or_comma(text)?;
        spaced(text, &["minute"]);
        Some(())
    };
    let minute = |text: &mut Scanner<'_>| Some(text.number(0, 59)?.to_string());
    let minutes = text.list(minute, separator)?.join(",");
    Some(vec![strong_minutes(Data::text(minutes))])
}

/// `the 1st and the 15th`.
fn ordinals(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    let the = |text: &mut Scanner<'_>| {
        spaced(text, &["the"])?;
        days::ordinals(text)
    };
    let days = text.list(the, words::and_or_comma)?;
    Some(days.into_iter().flatten().map(month_day).collect())
}

/// `the hour` is every minute after midnight, `the minute` every minute.
fn hour_or_minute(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    spaced(text, &["the"])?;
    let unit = text.one_of(&["hour", "minute"])?;
    text.skip_blanks();
    Some(vec![if unit.eq_ignore_ascii_case("hour") {
        Slot::time(Data::number(0u8), Data::star()).graded(Grade::StrongHours)
    } else {
        strong_minutes(Data::star())
    }])
}

fn month_day(day: Value) -> Slot {
    Slot::new(Key::MonthDay, Data::One(day))
}

fn strong_minutes(minutes: Data) -> Slot {
    Slot::time(Data::star(), minutes).graded(Grade::StrongMinutes)
}
