use super::unit::{self, Nonsense};
use crate::scanner::Scanner;

pub(crate) const EXPECTED: &str = "0-7 or sun-sat, such as `mon-fri`, `mon#2`, `fri#-1` or `mon%2+1`, and `#` or `%` for one weekday";

pub(crate) const NAMES: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A weekday that matches, in order; `None` stands for all of them.
pub(crate) type Weekdays = Option<Vec<Weekday>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Weekday {
    /// 0 for Sunday.
    pub(crate) day: i8,
    pub(crate) which: Which,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Which {
    Each,
    /// The first, second … of the month, or the last, the last but one …
    Nth(i8),
    /// Of the weeks since the last Monday of 2018, those that leave `offset` when divided by `every`.
    Weeks {
        every: u32,
        offset: u32,
    },
}

/// Reads a list. The error is for lists that are well formed and make no sense.
pub(crate) fn read(text: &mut Scanner<'_>) -> Option<Result<Weekdays, Nonsense>> {
    let elements = unit::list(text, element)?;
    Some(weekdays(elements.concat()))
}

fn element(text: &mut Scanner<'_>) -> Option<Vec<Weekday>> {
    let nth = text.attempt(|text| one(text, nth));
    let one = nth.or_else(|| text.attempt(|text| one(text, weeks)));
    one.map(|weekday| vec![weekday]).or_else(|| each(text))
}

fn one(text: &mut Scanner<'_>, which: fn(&mut Scanner<'_>) -> Option<Which>) -> Option<Weekday> {
    Some(Weekday {
        day: bound(text)? % 7,
        which: which(text)?,
    })
}

fn nth(text: &mut Scanner<'_>) -> Option<Which> {
    text.exact("#")?;
    if text.one_of(&["last", "l"]).is_some() {
        return Some(Which::Nth(-1));
    }
    let sign = if text.exact("-").is_some() { -1 } else { 1 };
    Some(Which::Nth(sign * digit(text, 1, 5)?))
}

fn weeks(text: &mut Scanner<'_>) -> Option<Which> {
    text.exact("%")?;
    let every = text.digits()?.parse().ok()?;
    let offset = text.attempt(|text| {
        text.exact("+")?;
        text.digits()?.parse().ok()
    });
    Some(Which::Weeks {
        every,
        offset: offset.unwrap_or(0),
    })
}

/// A star without a step names no weekday: `*,mon` is `mon`, and `*` alone is all of them.
fn each(text: &mut Scanner<'_>) -> Option<Vec<Weekday>> {
    let (start, end) = if text.exact("*").is_some() || text.rest().starts_with('/') {
        (None, None)
    } else {
        unit::range(text, bound)?
    };
    let days = match (start, end, unit::step(text)) {
        (None, _, None) => Vec::new(),
        (start, end, step) => {
            let end = end.or(start).unwrap_or(6);
            days(start.unwrap_or(0), end, step.unwrap_or(1).max(1))
        }
    };
    let each = |day| Weekday {
        day,
        which: Which::Each,
    };
    Some(days.into_iter().map(each).collect())
}

fn days(start: i8, end: i8, step: i8) -> Vec<i8> {
    let end = if start > end { end + 7 } else { end };
    let step = usize::try_from(step).unwrap_or(1);
    (start..=end).step_by(step).map(|day| day % 7).collect()
}

fn bound(text: &mut Scanner<'_>) -> Option<i8> {
    digit(text, 0, 7).or_else(|| unit::name(text, &NAMES))
}

fn digit(text: &mut Scanner<'_>, least: i8, most: i8) -> Option<i8> {
    text.attempt(|text| {
        let digit = text.exactly(1, |letter| letter.is_ascii_digit())?;
        let digit = digit.parse().ok()?;
        (least..=most).contains(&digit).then_some(digit)
    })
}

fn weekdays(mut all: Vec<Weekday>) -> Result<Weekdays, Nonsense> {
    all.sort_unstable();
    all.dedup();
    let is_never = |weekday: &Weekday| matches!(weekday.which, Which::Weeks { every: 0, .. });
    if all.iter().any(is_never) || all.windows(2).any(|pair| is_mixed(pair[0], pair[1])) {
        return Err(Nonsense);
    }
    Ok(Some(all).filter(|all| !all.is_empty()))
}

fn is_mixed(first: Weekday, second: Weekday) -> bool {
    first.day == second.day
        && matches!(
            (first.which, second.which),
            (Which::Nth(_), Which::Weeks { .. })
        )
}
