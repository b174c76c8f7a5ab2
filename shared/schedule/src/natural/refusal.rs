use crate::ScheduleError;
use crate::cron::Cron;
use crate::scanner::Scanner;

const UNITS: [&str; 18] = [
    "years", "year", "y", "weeks", "week", "w", "days", "day", "d", "hours", "hour", "h",
    "seconds", "second", "secs", "sec", "ss", "s",
];

/// Minutes and months, which differ in their case of letters.
const CASED_UNITS: [&str; 8] = [
    "months", "month", "M", "minutes", "minute", "mins", "min", "m",
];

/// Why such a text is no schedule.
pub(crate) fn unreadable(text: &str) -> ScheduleError {
    let unreadable = || ScheduleError::Unreadable { text: text.into() };
    Cron::complaint(text).unwrap_or_else(unreadable)
}

pub(super) fn too_long(text: &str, length: usize, limit: usize) -> ScheduleError {
    Cron::complaint(text).unwrap_or(ScheduleError::TooLong { length, limit })
}

/// `PT5M`, `5 minutes`, `1h and 30m`, or a bare number, which are seconds.
pub(super) fn is_duration(text: &str) -> bool {
    is_iso_duration(text) || is_duration_in_words(text)
}

/// No time zone starts like this.
fn is_iso_duration(text: &str) -> bool {
    let rest = text.strip_prefix('P').unwrap_or_default();
    let starts = |letter: char| letter.is_ascii_digit() || matches!(letter, 'T' | '-');
    rest.starts_with(starts) && !rest.contains([' ', '\t'])
}

fn is_duration_in_words(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    while !scanner.is_at_end() {
        separator(&mut scanner);
        if scanner.attempt(part).is_none() {
            return false;
        }
    }
    !text.is_empty()
}

fn separator(text: &mut Scanner<'_>) {
    while text.blanks().is_some() || text.exact(",").is_some() || text.word("and").is_some() {}
}

fn part(text: &mut Scanner<'_>) -> Option<()> {
    text.attempt(|text| text.exactly(1, |letter| matches!(letter, '+' | '-')));
    let number = text.many(|letter| letter.is_ascii_digit() || letter == '.')?;
    let is_number = number.parse::<f64>().is_ok();
    if text.is_at_end() {
        return is_number.then_some(());
    }
    text.many(|letter| letter == ' ');
    let cased = CASED_UNITS.iter().any(|unit| text.exact(unit).is_some());
    (is_number && (cased || text.one_of(&UNITS).is_some())).then_some(())
}
