use super::Slots;
use super::data::Data;
use super::slot::{Key, Slot};
use crate::scanner::Scanner;
use crate::zone;

/// A time zone: `Asia/Tokyo`, `in Europe/Paris`, `on UTC`. Anything with a capital is taken for one, even `on Monday`.
pub(super) fn zone(text: &mut Scanner<'_>) -> Option<Slots> {
    text.word_and_blanks(&["in", "on"]);
    let name = text
        .attempt(zone::read_name)
        .or_else(|| text.attempt(zulu))
        .or_else(|| text.attempt(|text| zone::read_offset(text, false)))?;
    Some(Ok(vec![Slot::new(Key::Zone, Data::text(name))]))
}

fn zulu<'a>(text: &mut Scanner<'a>) -> Option<&'a str> {
    text.exactly(1, |letter| letter == 'Z')
}
