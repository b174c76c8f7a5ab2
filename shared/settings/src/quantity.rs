//! Numbers with bounds, and durations as Rails' config files write them.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::IntoDeserializer as _;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, de};

/// Seconds as a number, or text such as `0.1.seconds` and `1.day`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span(pub(crate) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
        }
        let written = Written::deserialize(deserializer)
            .map_err(|_| de::Error::custom("expected seconds, or text such as `0.1.seconds`"))?;
        let seconds = match &written {
            Written::Number(seconds) => Some(*seconds),
            Written::Text(text) => seconds(text),
        };
        let span = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        span.map(Self).ok_or_else(|| {
            let got = match written {
                Written::Number(number) => number.to_string(),
                Written::Text(text) => text,
            };
            de::Error::custom(format!(
                "expected seconds, or text such as `0.1.seconds`, got `{got}`"
            ))
        })
    }
}

/// Reads a duration, which must not be 0. `T` is a [`Span`], or an [`Option`] of one.
pub(crate) fn longer_than_zero<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: From<Span>,
    D: Deserializer<'de>,
{
    match Span::deserialize(deserializer)? {
        Span(Duration::ZERO) => Err(de::Error::custom("expected a duration above 0, got 0")),
        span => Ok(span.into()),
    }
}

/// A [`Span`] that is not 0.
pub(crate) struct LongSpan(Span);

impl<'de> Deserialize<'de> for LongSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        longer_than_zero(deserializer)
    }
}

impl From<Span> for LongSpan {
    fn from(span: Span) -> Self {
        Self(span)
    }
}

impl From<LongSpan> for Duration {
    fn from(LongSpan(span): LongSpan) -> Self {
        span.0
    }
}

/// What a key may turn off: with `false`, with `nil` as text, or with no value after the colon.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Limit<T> {
    /// The key is not there.
    #[default]
    Usual,
    Off,
    At(T),
}

impl<T> Limit<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Limit<U> {
        match self {
            Self::Usual => Limit::Usual,
            Self::Off => Limit::Off,
            Self::At(value) => Limit::At(change(value)),
        }
    }

    pub(crate) fn or(self, usual: Option<T>) -> Option<T> {
        match self {
            Self::Usual => usual,
            Self::Off => None,
            Self::At(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Limit<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LimitVisitor(PhantomData))
    }
}

struct LimitVisitor<T>(PhantomData<T>);

/// Hands all but the words for off on to `T`, a map as it is: errors within it name their own key.
impl<'de, T: Deserialize<'de>> de::Visitor<'de> for LimitVisitor<T> {
    type Value = Limit<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or false")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Limit::Off)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Limit::Off)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        if value {
            T::deserialize(value.into_deserializer()).map(Limit::At)
        } else {
            Ok(Limit::Off)
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text {
            "false" | "nil" => Ok(Limit::Off),
            text => T::deserialize(text.into_deserializer()).map(Limit::At),
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        T::deserialize(number.into_deserializer()).map(Limit::At)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        T::deserialize(number.into_deserializer()).map(Limit::At)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        T::deserialize(number.into_deserializer()).map(Limit::At)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Limit::At)
    }
}

/// Reads a number from 1, or nothing for no limit.
pub(crate) fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Option::<i64>::deserialize(deserializer)? {
        Some(number) if number < 1 => Err(de::Error::custom(format!(
            "expected a number above 0, got {number}"
        ))),
        number => Ok(number.map(i64::unsigned_abs)),
    }
}

/// Reads a whole number from `LEAST` to `MOST`, both of which the type must be able to hold.
pub(crate) fn within<'de, const LEAST: i64, const MOST: i64, T, D>(
    deserializer: D,
) -> Result<T, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    let number = i64::deserialize(deserializer)?;
    let fits = (LEAST..=MOST).contains(&number);
    let fitting = T::try_from(number).ok().filter(|_| fits);
    fitting.ok_or_else(|| {
        de::Error::custom(format!(
            "expected a number from {LEAST} to {MOST}, got {number}"
        ))
    })
}

fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let (number, unit) = text.rsplit_once('.')?;
    let number: f64 = number.parse().ok()?;
    Some(number * seconds_in(unit)?)
}

/// Seconds in a unit of time, in its singular or plural.
pub(crate) fn seconds_in(unit: &str) -> Option<f64> {
    Some(match unit.trim_end_matches('s') {
        "second" => 1.0,
        "minute" => 60.0,
        "hour" => 3_600.0,
        "day" => 86_400.0,
        "week" => 604_800.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_seconds_or_rails_text() {
        for (json, milliseconds) in [
            ("0.1", 100),
            ("1", 1_000),
            ("\"0.1.seconds\"", 100),
            ("\"1.day\"", 86_400_000),
        ] {
            let span: Span = serde_json::from_str(json).unwrap();
            assert_eq!(span.0, Duration::from_millis(milliseconds), "{json}");
        }
        for json in ["\"soon\"", "-1", "\"1.fortnight\"", "[]"] {
            assert!(serde_json::from_str::<Span>(json).is_err(), "{json}");
        }
    }
}
