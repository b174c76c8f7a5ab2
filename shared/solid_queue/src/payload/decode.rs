//! Active Job's arguments as a job's fields. Reads what Rails wrote, too.

use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value};

/// Reads a JSON array of encoded arguments.
pub(crate) fn decode<T: DeserializeOwned>(arguments: &str) -> Result<T, Error> {
    T::deserialize(Arguments(plain_arguments(arguments)?))
}

/// The arguments as a job's fields get them.
pub(crate) fn plain_arguments(arguments: &str) -> Result<Vec<Value>, Error> {
    let values: Vec<Value> = serde_json::from_str(arguments)?;
    Ok(values.into_iter().map(plain).collect())
}

/// A Ruby value as the nearest plain one: symbols, times, dates and decimals as text, durations as seconds, records as
/// their global id; hashes without Active Job's marks.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Object(hash) => plain_hash(hash),
        scalar => scalar,
    }
}

fn plain_hash(mut hash: Map<String, Value>) -> Value {
    if let Some(id) = hash.remove("_aj_globalid") {
        return id;
    }
    if hash.remove("_aj_serialized").is_some()
        && let Some(value) = hash.remove("value")
    {
        return plain(value);
    }
    let entries = hash
        .into_iter()
        .filter(|(key, _)| !key.starts_with("_aj_"))
        .map(|(key, value)| (key, plain(value)));
    Value::Object(entries.collect())
}

struct Arguments(Vec<Value>);

impl Arguments {
    fn single(self) -> Result<Value, Error> {
        let count = self.0.len();
        let mut values = self.0.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            _ => Err(Error::custom(format!("expected 1 argument, got {count}"))),
        }
    }

    fn none(&self) -> Result<(), Error> {
        match self.0.len() {
            0 => Ok(()),
            count => Err(Error::custom(format!("expected no arguments, got {count}"))),
        }
    }

    /// Keyword arguments when there is one hash, else the positional ones in the order of the fields.
    fn fields(mut self) -> Value {
        match self.0.as_slice() {
            [] => Value::Object(Map::new()),
            [Value::Object(_)] => self.0.remove(0),
            _ => Value::Array(self.0),
        }
    }
}

impl<'de> Deserializer<'de> for Arguments {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.single()?.deserialize_any(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.none()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self.single()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        Value::Array(self.0).deserialize_any(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.fields().deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.fields().deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option enum identifier ignored_any
    }
}
