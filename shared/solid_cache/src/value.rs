use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failsafe::Failure;

/// A value as both sides of the file understand it. Typed values travel as the JSON in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A string of Ruby's; UTF-8 unless Ruby wrote other bytes.
    Text(Cow<'a, [u8]>),
    /// A binary string of Ruby's. Typed values are in it as `MessagePack`.
    Bytes(Cow<'a, [u8]>),
    /// An Integer of Ruby's: what counters are.
    Integer(i64),
    /// Ruby's `nil`.
    Nil,
    /// Ruby's `true` and `false`.
    Boolean(bool),
}

/// How a typed value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Json,
    MessagePack,
}

/// A typed value, written.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: Format,
}

impl Payload {
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T, format: Format) -> Result<Self, Failure> {
        let bytes = match format {
            Format::Json => serde_json::to_vec(value).map_err(Failure::Unwritable)?,
            // With the names of fields, so that fields may be added.
            Format::MessagePack => rmp_serde::to_vec_named(value).map_err(Failure::Unpackable)?,
        };
        Ok(Self { bytes, format })
    }

    pub(crate) fn is_nil(&self) -> bool {
        match self.format {
            Format::Json => self.bytes == b"null",
            Format::MessagePack => self.bytes == [0xc0],
        }
    }

    pub(crate) fn typed<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        match self.format {
            Format::Json => serde_json::from_slice(&self.bytes).map_err(Failure::WrongType),
            Format::MessagePack => rmp_serde::from_slice(&self.bytes).map_err(Failure::WrongPacked),
        }
    }
}

impl Value<'_> {
    /// The typed value.
    pub(crate) fn typed<T: DeserializeOwned>(self) -> Result<T, Failure> {
        match self {
            Self::Text(json) => serde_json::from_slice(&json),
            Self::Bytes(packed) => {
                return rmp_serde::from_slice(&packed).map_err(Failure::WrongPacked);
            }
            Self::Integer(number) => serde_json::from_value(number.into()),
            Self::Nil => serde_json::from_value(serde_json::Value::Null),
            Self::Boolean(truth) => serde_json::from_value(truth.into()),
        }
        .map_err(Failure::WrongType)
    }

    /// The string, if it is one, and UTF-8.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Bytes(text) => String::from_utf8(text.into_owned()).ok(),
            Self::Integer(_) | Self::Nil | Self::Boolean(_) => None,
        }
    }

    /// The number, also when it was written in digits; `nil` counts as 0, as in Ruby.
    pub(crate) fn number(self) -> Option<i64> {
        match self {
            Self::Text(digits) | Self::Bytes(digits) => {
                std::str::from_utf8(&digits).ok()?.trim().parse().ok()
            }
            Self::Integer(number) => Some(number),
            Self::Nil => Some(0),
            Self::Boolean(_) => None,
        }
    }
}
