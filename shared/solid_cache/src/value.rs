use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value as both sides of the file understand it. Typed values travel as the JSON in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A string of Ruby's; UTF-8 unless Ruby wrote other bytes.
    Text(Cow<'a, [u8]>),
    /// An Integer of Ruby's: what counters are.
    Integer(i64),
    /// Ruby's `nil`.
    Nil,
    /// Ruby's `true` and `false`.
    Boolean(bool),
}

/// The JSON of `value`.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(value)
}

impl Value<'_> {
    /// The typed value.
    pub(crate) fn typed<T: DeserializeOwned>(self) -> serde_json::Result<T> {
        match self {
            Self::Text(json) => serde_json::from_slice(&json),
            Self::Integer(number) => serde_json::from_value(number.into()),
            Self::Nil => serde_json::from_value(serde_json::Value::Null),
            Self::Boolean(truth) => serde_json::from_value(truth.into()),
        }
    }

    /// The string, if it is one, and UTF-8.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => String::from_utf8(text.into_owned()).ok(),
            Self::Integer(_) | Self::Nil | Self::Boolean(_) => None,
        }
    }

    /// The number, also when it was written in digits; `nil` counts as 0, as in Ruby.
    pub(crate) fn number(self) -> Option<i64> {
        match self {
            Self::Text(digits) => std::str::from_utf8(&digits).ok()?.trim().parse().ok(),
            Self::Integer(number) => Some(number),
            Self::Nil => Some(0),
            Self::Boolean(_) => None,
        }
    }
}
