//! Words such as `every weekday at 9am`. Each phrase fills slots, and the slots make a cron string.

use crate::ScheduleError;
use crate::scanner::Scanner;

mod at;
mod cron_string;
mod data;
mod days;
mod every;
mod from;
mod on;
mod place;
mod refusal;
mod slot;
mod words;

pub(crate) use refusal::unreadable;
use slot::Slot;

/// Longer texts are not read as words.
const LONGEST: usize = 256;

/// What cannot be put together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contradiction;

/// The slots of a phrase.
type Slots = Result<Vec<Slot>, Contradiction>;

/// The one cron string that the words stand for.
pub(crate) fn cron_string(text: &str) -> Result<String, ScheduleError> {
    let length = text.chars().count();
    if length > LONGEST {
        return Err(refusal::too_long(text, length, LONGEST));
    }
    if refusal::is_duration(text) {
        return Err(ScheduleError::Duration { text: text.into() });
    }
    let slots = slots(text).ok_or_else(|| unreadable(text))?;
    let contradiction = |_| ScheduleError::Contradiction { text: text.into() };
    let crons = cron_string::cron_strings(slots.map_err(contradiction)?);
    match <[String; 1]>::try_from(crons.map_err(contradiction)?) {
        Ok([cron]) => Ok(cron),
        Err(_) => Err(ScheduleError::Several { text: text.into() }),
    }
}

fn slots(text: &str) -> Option<Slots> {
    let mut scanner = Scanner::new(text);
    let phrases = scanner.list(phrase, words::gap)?;
    let slots: Result<Vec<_>, _> = phrases.into_iter().collect();
    scanner
        .is_at_end()
        .then(|| slots.map(|slots| slots.concat()))
}

fn phrase(text: &mut Scanner<'_>) -> Option<Slots> {
    let phrases = [every::every, from::from, at::at, place::zone, on::on];
    phrases.into_iter().find_map(|read| text.attempt(read))
}
