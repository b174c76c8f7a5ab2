use std::collections::BTreeMap;
use std::fmt;

/// Which fields are wrong, each with what is wrong about it, worded as Rails does, without the name of the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invalid {
    messages: BTreeMap<&'static str, String>,
}

impl Invalid {
    pub(crate) fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            messages: BTreeMap::from([(field, message.into())]),
        }
    }

    /// The fields and their messages.
    pub fn messages(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.messages
            .iter()
            .map(|(field, message)| (*field, message.as_str()))
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentences: Vec<_> = self
            .messages()
            .map(|(field, message)| format!("{field} {message}"))
            .collect();
        f.write_str(&sentences.join(", "))
    }
}

impl std::error::Error for Invalid {}
