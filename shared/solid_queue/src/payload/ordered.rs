use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::json;
use serde_json::value::RawValue;

/// A JSON object that keeps the order of its keys and the text of its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ordered(Vec<(String, String)>);

impl Ordered {
    /// The value as JSON text.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(name, _)| name == key)?;
        Some(value)
    }

    /// Replaces the value in its place, or adds it at the end.
    pub(super) fn set(&mut self, key: &str, value: String) {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    pub(super) fn into_entries(self) -> Vec<(String, String)> {
        self.0
    }
}

impl<K: Into<String>> FromIterator<(K, String)> for Ordered {
    fn from_iter<I: IntoIterator<Item = (K, String)>>(entries: I) -> Self {
        Self(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }
}

impl fmt::Display for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (key, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}:{value}", json!(key))?;
        }
        f.write_str("}")
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
            entries.0.push((key, value.get().to_owned()));
        }
        Ok(entries)
    }
}
