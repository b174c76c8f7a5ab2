use super::Slots;
use super::data::{Data, Value};
use super::days;
use super::slot::{Grade, Key, Slot};
use super::words::{self, spaced};
use crate::scanner::Scanner;

const INTERVALS: [&str; 17] = [
    "seconds", "second", "minutes", "minute", "hours", "hour", "days", "day", "months", "month",
    "sec", "min", "s", "m", "h", "d", "M",
];

/// `every 5 minutes`, `every monday`. As with Fugit, only the first of `every hour and day` counts.
pub(super) fn every(text: &mut Scanner<'_>) -> Option<Slots> {
    spaced(text, &["every"])?;
    let all = text.list(object, words::and_or)?;
    all.into_iter().next().map(Ok)
}

fn object(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    let objects = [weekdays, day_of_the_month, interval, weekday, week, year];
    objects.into_iter().find_map(|read| text.attempt(read))
}

/// Of `mon-fri and sun` only the range counts.
fn weekdays(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    let one = |text: &mut Scanner<'_>| days::weekday_range(text).or_else(|| days::weekdays(text));
    let mut all = text.list(one, words::and_or)?;
    all.truncate(1);
    Some(all)
}

/// Of `1st and 15th of the month` only the first day counts.
fn day_of_the_month(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    let first = days::ordinals(text)?.into_iter().next()?;
    text.blanks()?;
    text.exact("of the month")?;
    Some(vec![Slot::new(Key::MonthDay, Data::One(first))])
}

/// `5 minutes`, in small letters, but for `M`, the month.
fn interval(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    let count = text.digits();
    text.skip_blanks();
    let unit = INTERVALS.iter().find(|unit| text.exact(unit).is_some())?;
    let each = match count {
        None | Some("1") => Data::star(),
        Some(count) => Data::text(format!("*/{count}")),
    };
    Some(vec![match *unit {
        "M" | "month" | "months" => Slot::new(Key::Month, each),
        "d" | "day" | "days" => Slot::new(Key::MonthDay, each).graded(Grade::Weak),
        "h" | "hour" | "hours" => Slot::time(each, Data::number(0u8)).graded(Grade::WeakMinutes),
        "s" | "sec" | "second" | "seconds" => Slot::new(Key::Second, each),
        _ => Slot::time(Data::star(), each).graded(Grade::StrongMinutes),
    }])
}

fn weekday(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    text.word("weekday")?;
    Some(vec![weak(Key::Weekday, Value::Text("1-5".into()))])
}

fn week(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    single(text, "week")?;
    Some(vec![weak(Key::Weekday, Value::Number(0))])
}

fn year(text: &mut Scanner<'_>) -> Option<Vec<Slot>> {
    single(text, "year")?;
    let first = |key| weak(key, Value::Number(1));
    Some(vec![first(Key::Month), first(Key::MonthDay)])
}

fn single(text: &mut Scanner<'_>, unit: &str) -> Option<()> {
    text.attempt(|text| {
        text.exact("1")?;
        text.blanks()
    });
    text.exact(unit)
}

fn weak(key: Key, value: Value) -> Slot {
    Slot::new(key, Data::One(value)).graded(Grade::Weak)
}
