use super::at::times;
use super::data::Data;
use super::slot::{Grade, Key, Slot};
use super::words::{self, spaced};
use super::{Contradiction, Slots, days};
use crate::scanner::Scanner;

/// `from monday to friday`, `from the 1st to the 15th`, `from 9 to 17`; the `from` may be missing.
pub(super) fn from(text: &mut Scanner<'_>) -> Option<Slots> {
    spaced(text, &["from"]);
    let ranges = text.list(range, words::and_or)?;
    Some(ranges.into_iter().collect())
}

fn range(text: &mut Scanner<'_>) -> Option<Result<Slot, Contradiction>> {
    let days = days::weekday_range(text).or_else(|| text.attempt(ordinals));
    days.map(Ok).or_else(|| text.attempt(hours))
}

fn ordinals(text: &mut Scanner<'_>) -> Option<Slot> {
    spaced(text, &["the"]);
    let start = days::ordinal(text)?;
    spaced(text, &["to"])?;
    spaced(text, &["the"]);
    let end = days::ordinal(text)?;
    let range = Data::text(format!("{start}-{end}"));
    Some(Slot::new(Key::MonthDay, range))
}

/// The minutes must be the same, and as with Fugit they do not count: `9:30 to 17:30` is on the hour.
fn hours(text: &mut Scanner<'_>) -> Option<Result<Slot, Contradiction>> {
    let start = times(text)?;
    spaced(text, &["to"])?;
    let mut bounds = start.into_iter().chain(times(text)?);
    Some(on_the_hours(bounds.next()?, bounds.next()?))
}

fn on_the_hours(
    start: Result<Slot, Contradiction>,
    end: Result<Slot, Contradiction>,
) -> Result<Slot, Contradiction> {
    let (start, end) = (start?, end?);
    if start.second.into_values() != end.second.into_values() {
        return Err(Contradiction);
    }
    let hours = Data::text(format!("{}-{}", start.first, end.first));
    Ok(Slot::time(hours, Data::number(0u8)).graded(Grade::StrongHours))
}
