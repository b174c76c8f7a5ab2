use super::data::{Data, Value};
use super::slot::{Key, Slot};
use super::words::{self, ORDINALS, WEEKDAYS};
use crate::scanner::Scanner;

/// `monday to friday` or `fri-sun`.
pub(super) fn weekday_range(text: &mut Scanner<'_>) -> Option<Slot> {
    text.attempt(|text| {
        let start = weekday(text)?;
        text.attempt(dash).or_else(|| text.attempt(to))?;
        let end = weekday(text)?;
        Some(Slot::new(
            Key::Weekday,
            Data::text(format!("{start}-{end}")),
        ))
    })
}

/// `monday, wednesday and friday`.
pub(super) fn weekdays(text: &mut Scanner<'_>) -> Option<Slot> {
    let days = text.list(weekday, words::and_or_comma)?;
    let days = days.into_iter().map(Value::Number).collect();
    Some(Slot::new(Key::Weekday, Data::Many(days)))
}

/// `1st, second and last`.
pub(super) fn ordinals(text: &mut Scanner<'_>) -> Option<Vec<Value>> {
    text.list(ordinal, words::and_or_comma)
}

/// A day of the month: `1st`, `first` or `last`.
pub(super) fn ordinal(text: &mut Scanner<'_>) -> Option<Value> {
    let numeral = text.attempt(numeral);
    numeral.or_else(|| text.attempt(ordinal_word))
}

fn dash(text: &mut Scanner<'_>) -> Option<()> {
    text.skip_blanks();
    text.exact("-")?;
    text.skip_blanks();
    Some(())
}

fn to(text: &mut Scanner<'_>) -> Option<()> {
    text.blanks()?;
    text.word_and_blanks(&["to", "through"]).map(drop)
}

/// The number of the weekday, if the word ends there.
fn weekday(text: &mut Scanner<'_>) -> Option<u64> {
    let is_end = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t', ',', '-']);
    (0..).zip(WEEKDAYS).find_map(|(number, (long, short))| {
        [long, short].into_iter().find_map(|name| {
            text.attempt(|text| {
                text.word(name)?;
                is_end(text.rest()).then_some(number)
            })
        })
    })
}

fn numeral(text: &mut Scanner<'_>) -> Option<Value> {
    let digits = text.digits().filter(|digits| !digits.starts_with('0'))?;
    let number = digits.parse().ok()?;
    let suffix = text.one_of(&["st", "nd", "rd", "th"])?;
    let fits = match suffix.to_ascii_lowercase().as_str() {
        "st" => matches!(number, 1 | 21 | 31),
        "nd" => matches!(number, 2 | 22),
        "rd" => matches!(number, 3 | 23),
        _ => (4..=30).contains(&number),
    };
    fits.then_some(Value::Number(number))
}

fn ordinal_word(text: &mut Scanner<'_>) -> Option<Value> {
    if text.word("last").is_some() {
        return Some(Value::Text("L".into()));
    }
    let found = text.one_of(&ORDINALS)?;
    let index = ORDINALS
        .iter()
        .position(|word| word.eq_ignore_ascii_case(found))?;
    Some(Value::Number(u64::try_from(index).ok()? + 1))
}
