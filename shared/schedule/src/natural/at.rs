use super::data::{Data, Value};
use super::slot::{Grade, Key, Slot};
use super::words::{self, HOURS, MINUTES, spaced};
use super::{Contradiction, Slots};
use crate::scanner::Scanner;

/// The times of one phrase, some of which may make no sense.
pub(super) type Times = Vec<Result<Slot, Contradiction>>;

const POINTS: [&str; 12] = [
    "minutes", "minute", "mins", "min", "seconds", "second", "secs", "sec", "hours", "hour", "hou",
    "h",
];

/// `at noon`, `at 9:30 and 17:30`, `at five pm`; the `at` may be missing.
pub(super) fn at(text: &mut Scanner<'_>) -> Option<Slots> {
    spaced(text, &["at"]);
    let times = text.list(times, words::and_or_comma)?;
    Some(times.into_iter().flatten().collect())
}

pub(super) fn times(text: &mut Scanner<'_>) -> Option<Times> {
    let times = [hour_in_words, hour_with_colon, hour_in_digits];
    let time = times.into_iter().find_map(|read| text.attempt(read));
    time.map(|time| vec![time]).or_else(|| points(text))
}

/// `five`, `five thirty pm`, `zero dark thirty`. Fugit knows the words in small letters only.
fn hour_in_words(text: &mut Scanner<'_>) -> Option<Result<Slot, Contradiction>> {
    let hour = text.one_of(&HOURS.map(|(word, _)| word))?;
    text.attempt(|text| {
        text.skip_blanks();
        text.word("dark")
    });
    let minute = text.attempt(|text| {
        text.blanks()?;
        text.one_of(&MINUTES.map(|(word, _)| word))
    });
    let half = text.attempt(half_of_the_day);
    let minute = match minute.map(|minute| (minute, meaning(&MINUTES, minute))) {
        Some((word, None)) => Data::text(word),
        Some((_, Some(minute))) => Data::number(minute),
        None => Data::number(0u8),
    };
    Some(match meaning(&HOURS, hour) {
        Some(hour) => Ok(Slot::time(adjusted(hour, half), minute)),
        None if half == Some("pm") => Err(Contradiction),
        None => Ok(Slot::time(Data::Nothing, minute)),
    })
}

fn hour_with_colon(text: &mut Scanner<'_>) -> Option<Result<Slot, Contradiction>> {
    let hour = hour(text)?;
    text.exact(":")?;
    let minute = text.exactly(2, |letter| letter.is_ascii_digit())?;
    let minute: u8 = minute.parse().ok().filter(|minute| *minute < 60)?;
    let hour = adjusted(hour, text.attempt(half_of_the_day));
    Some(Ok(Slot::time(hour, Data::number(minute))))
}

/// Without a leading zero.
fn hour_in_digits(text: &mut Scanner<'_>) -> Option<Result<Slot, Contradiction>> {
    let is_padded = text.rest().starts_with('0');
    let hour = if is_padded {
        text.exact("0").map(|()| 0)?
    } else {
        hour(text)?
    };
    let hour = adjusted(hour, text.attempt(half_of_the_day));
    Some(Ok(Slot::time(hour, Data::number(0u8))))
}

/// `minute 5 and second 10`.
fn points(text: &mut Scanner<'_>) -> Option<Times> {
    let points = text.list(point, words::and_or)?;
    Some(points.into_iter().map(Ok).collect())
}

fn point(text: &mut Scanner<'_>) -> Option<Slot> {
    let unit = text.word_and_blanks(&POINTS)?;
    let counts = text.list(Scanner::digits, words::and_or_comma)?;
    // A number that is too large for us is too large for any field.
    let number = |count: &str| Value::Number(count.parse().unwrap_or(u64::MAX));
    let counts = Data::Many(counts.into_iter().map(number).collect());
    Some(match unit.as_bytes() {
        [b'm', ..] => Slot::time(Data::star(), counts).graded(Grade::StrongMinutes),
        [b's', ..] => Slot::new(Key::Second, counts),
        _ => Slot::new(Key::Ignored, counts),
    })
}

fn hour(text: &mut Scanner<'_>) -> Option<u8> {
    text.number(0, 24).and_then(|hour| u8::try_from(hour).ok())
}

/// `am` or `pm`, or another word that may follow an hour.
fn half_of_the_day(text: &mut Scanner<'_>) -> Option<&'static str> {
    const HALVES: [(&str, &str); 10] = [
        ("am", "am"),
        ("AM", "am"),
        ("pm", "pm"),
        ("PM", "pm"),
        ("noon", "noon"),
        ("Noon", "noon"),
        ("midday", "midday"),
        ("Midday", "midday"),
        ("midnight", "midnight"),
        ("Midnight", "midnight"),
    ];
    text.skip_blanks();
    let found = |(written, half): (&str, _)| text.exact(written).map(|()| half);
    HALVES.into_iter().find_map(found)
}

fn adjusted(hour: u8, half: Option<&str>) -> Data {
    Data::number(match (hour, half) {
        (12, Some("midnight")) => 24,
        (12, Some("am")) => 0,
        (..12, Some("pm")) => hour + 12,
        _ => hour,
    })
}

fn meaning(words: &[(&str, u8)], word: &str) -> Option<u8> {
    let known = words.iter().find(|(known, _)| *known == word);
    known.map(|(_, number)| *number)
}
