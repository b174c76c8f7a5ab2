use jiff::tz::{Offset, TimeZone};

use crate::scanner::Scanner;

/// A time zone that a schedule names, as it names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedZone {
    pub(crate) name: String,
    pub(crate) zone: TimeZone,
}

impl NamedZone {
    /// The zone of this very name. Fugit drops letters from the end until a zone is found; here a typo is an error.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let zone = if name.starts_with(['+', '-']) {
            TimeZone::fixed(offset(name)?)
        } else {
            TimeZone::get(name)
                .ok()
                .filter(|zone| zone.iana_name() == Some(name))?
        };
        let name = name.to_owned();
        Some(Self { name, zone })
    }
}

/// Reads what may be the name of a zone, in capitals like `Asia/Tokyo`.
pub(crate) fn read_name<'a>(text: &mut Scanner<'a>) -> Option<&'a str> {
    let whole = text.rest();
    if !whole.starts_with(|letter: char| letter.is_ascii_uppercase()) {
        return None;
    }
    let area = text.many(|letter| is_of_name(letter, ""))?;
    if area.len() < 2 {
        return None;
    }
    for _ in 0..2 {
        text.attempt(place);
    }
    Some(taken(whole, text))
}

/// Reads what may be an offset, like `+09:00` or `-0330`; just `+09` where the minutes may be missing.
pub(crate) fn read_offset<'a>(text: &mut Scanner<'a>, needs_minutes: bool) -> Option<&'a str> {
    let whole = text.rest();
    text.exactly(1, |letter| matches!(letter, '+' | '-'))?;
    let hours: i8 = text
        .exactly(2, |letter| letter.is_ascii_digit())?
        .parse()
        .ok()?;
    let minutes = text.attempt(|text| {
        text.attempt(|text| text.exact(":"));
        text.one_of(&["00", "15", "30", "45"])
    });
    let is_whole = minutes.is_some() || !needs_minutes;
    (hours <= 24 && is_whole).then(|| taken(whole, text))
}

/// Fugit knows hours up to 11, and takes `-00:30` for half an hour ahead, which is refused here.
fn offset(name: &str) -> Option<Offset> {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..4)?.parse().ok()?;
    let sign = if name.starts_with('-') { -1 } else { 1 };
    let is_known = hours <= 11 && (hours > 0 || minutes == 0 || sign > 0);
    let seconds = sign * (hours * 60 + minutes) * 60;
    is_known
        .then(|| Offset::from_seconds(seconds).ok())
        .flatten()
}

fn place(text: &mut Scanner<'_>) -> Option<()> {
    text.exact("/")?;
    if !text
        .rest()
        .starts_with(|letter: char| letter.is_ascii_uppercase())
    {
        return None;
    }
    let name = text.many(|letter| is_of_name(letter, "_"))?;
    (name.len() > 1).then_some(())
}

fn is_of_name(letter: char, others: &str) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-') || others.contains(letter)
}

fn taken<'a>(whole: &'a str, text: &Scanner<'_>) -> &'a str {
    whole.strip_suffix(text.rest()).unwrap_or(whole)
}
