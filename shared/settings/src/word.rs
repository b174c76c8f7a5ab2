//! Keys whose value is one of a few words.

use serde::{Deserialize, Deserializer, de};

/// A choice that a config file makes with a word.
pub(crate) trait Word: Copy + 'static {
    /// Each word and what it stands for.
    const WORDS: &'static [(&'static str, Self)];
}

/// Reads the word. Another one is an error that lists those that are known.
pub(crate) fn word<'de, W: Word, D: Deserializer<'de>>(deserializer: D) -> Result<W, D::Error> {
    let text = String::deserialize(deserializer)?;
    let found = W::WORDS.iter().find(|(word, _)| *word == text);
    found
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| de::Error::custom(format!("expected {}, got `{text}`", known::<W>())))
}

fn known<W: Word>() -> String {
    let words: Vec<_> = W::WORDS.iter().map(|(word, _)| *word).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing".to_owned(),
    }
}
