use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::json;
use serde_json::value::RawValue;

/// A JSON object that keeps the order of its keys and the text of its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ordered(Vec<(Text, Text)>);

/// Most keys, and some values, are the same in each payload.
pub(super) type Text = Cow<'static, str>;

impl Ordered {
    /// The value as JSON text.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(name, _)| name == key)?;
        Some(value)
    }

    /// Replaces the value in its place, or adds it at the end.
    pub(super) fn set(&mut self, key: &str, value: impl Into<Text>) {
        let value = value.into();
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned().into(), value)),
        }
    }

    pub(super) fn to_json(&self) -> String {
        let size = |(key, value): &(Text, Text)| key.len() + value.len() + 4;
        let mut json = String::with_capacity(2 + self.0.iter().map(size).sum::<usize>());
        json.push('{');
        for (index, (key, value)) in self.0.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            push_quoted(&mut json, key);
            json.push(':');
            json.push_str(value);
        }
        json.push('}');
        json
    }

    pub(super) fn into_entries(self) -> Vec<(Text, Text)> {
        self.0
    }
}

impl<K: Into<Text>, V: Into<Text>> FromIterator<(K, V)> for Ordered {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        Self(
            entries
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

impl fmt::Display for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

/// The text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    push_quoted(&mut quoted, text);
    quoted
}

fn push_quoted(json: &mut String, text: &str) {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&json!(text).to_string());
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Ordered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
        let mut entries = Ordered::default();
        while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
            entries.0.push((key.into(), value.get().to_owned().into()));
        }
        Ok(entries)
    }
}
