use super::unit::{self, Unit};
use super::weekdays;
use crate::ScheduleError;
use crate::scanner::Scanner;

const UNITS: [Unit; 5] = [
    unit::SECOND,
    unit::MINUTE,
    unit::HOUR,
    unit::MONTH_DAY,
    unit::MONTH,
];

/// What is wrong in a text that looks like cron.
pub(super) fn complaint(text: &str) -> Option<ScheduleError> {
    field_complaint(text).map(|complaint| match complaint {
        ScheduleError::Field { text, value, .. } if value.contains('~') => {
            ScheduleError::Random { text }
        }
        complaint => complaint,
    })
}

/// What is wrong in a text that has as many words as cron has fields, the first of them a number or a star.
fn field_complaint(text: &str) -> Option<ScheduleError> {
    let mut words: Vec<&str> = text.split_ascii_whitespace().collect();
    let starts_like_cron = words.first()?.starts_with(|letter: char| {
        letter.is_ascii_digit() || matches!(letter, '*' | '/' | ',' | '-' | '~')
    });
    let zone = (words.len() > 5).then(|| words.pop_if(|word| is_like_zone(word)));
    let (weekday, numbers) = words.split_last()?;
    let units = UNITS.len().checked_sub(numbers.len())?;
    if !starts_like_cron || units > 1 {
        return None;
    }
    let fields = UNITS[units..].iter().zip(numbers);
    let wrong = fields.filter(|(unit, word)| !is_whole(word, |text| unit.read(text)));
    let mut wrong = wrong.map(|(unit, word)| field(text, unit.name, word, unit.expected));
    wrong
        .next()
        .or_else(|| weekday_complaint(text, weekday))
        .or_else(|| zone.flatten().map(|zone| zone_complaint(text, zone)))
}

fn is_like_zone(word: &str) -> bool {
    let starts_like_zone =
        |letter: char| letter.is_ascii_uppercase() || matches!(letter, '+' | '-');
    word.starts_with(starts_like_zone)
        || word.contains('/') && word.starts_with(char::is_alphabetic)
}

fn is_whole<T>(word: &str, read: impl Fn(&mut Scanner<'_>) -> Option<T>) -> bool {
    let mut scanner = Scanner::new(word);
    let found = read(&mut scanner);
    scanner.attempt(|text| text.exact("&"));
    found.is_some() && scanner.is_at_end()
}

fn weekday_complaint(text: &str, word: &str) -> Option<ScheduleError> {
    let is_wrong = !is_whole(word, weekdays::read);
    is_wrong.then(|| field(text, "weekday", word, weekdays::EXPECTED))
}

fn zone_complaint(text: &str, zone: &str) -> ScheduleError {
    ScheduleError::Zone {
        text: text.into(),
        zone: zone.into(),
    }
}

fn field(text: &str, field: &'static str, value: &str, expected: &'static str) -> ScheduleError {
    ScheduleError::Field {
        text: text.into(),
        field,
        value: value.into(),
        expected,
    }
}
