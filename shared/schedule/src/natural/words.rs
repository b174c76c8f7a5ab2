use crate::scanner::Scanner;

pub(super) const WEEKDAYS: [(&str, &str); 7] = [
    ("sunday", "sun"),
    ("monday", "mon"),
    ("tuesday", "tue"),
    ("wednesday", "wed"),
    ("thursday", "thu"),
    ("friday", "fri"),
    ("saturday", "sat"),
];

pub(super) const ORDINALS: [&str; 31] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty-first",
    "twenty-second",
    "twenty-third",
    "twenty-fourth",
    "twenty-fifth",
    "twenty-sixth",
    "twenty-seventh",
    "twenty-eighth",
    "twenty-ninth",
    "thirtieth",
    "thirty-first",
];

pub(super) const HOURS: [(&str, u8); 16] = [
    ("zero", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("midnight", 0),
    ("oh", 0),
    ("noon", 12),
];

/// Fugit takes the start of `sixteen` and `twenty-one` for `six` and `twenty`, and stumbles over the rest.
pub(super) const MINUTES: [(&str, u8); 21] = [
    ("zero", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("o'clock", 0),
    ("hundred", 0),
];

/// What stands between two phrases.
pub(super) fn gap(text: &mut Scanner<'_>) -> Option<()> {
    if text.blanks().is_none() {
        text.exact(",")?;
        text.skip_blanks();
    }
    Some(())
}

/// One of the words with blanks after it, and perhaps before it.
pub(super) fn spaced(text: &mut Scanner<'_>, words: &[&'static str]) -> Option<&'static str> {
    text.attempt(|text| {
        text.skip_blanks();
        text.word_and_blanks(words)
    })
}

pub(super) fn and_or(text: &mut Scanner<'_>) -> Option<()> {
    spaced(text, &["and", "or"]).map(drop)
}

/// `,` or `and` or `, or` and the like.
pub(super) fn and_or_comma(text: &mut Scanner<'_>) -> Option<()> {
    let separator = |text: &mut Scanner<'_>| {
        let word = text.word_and_blanks(&["and", "or"]).map(drop);
        word.or_else(|| comma(text))
    };
    text.skip_blanks();
    let after_comma = text.attempt(|text| {
        comma(text)?;
        separator(text)
    });
    after_comma.or_else(|| separator(text))
}

fn comma(text: &mut Scanner<'_>) -> Option<()> {
    text.exact(",")?;
    text.skip_blanks();
    Some(())
}
