//! A job's fields as Active Job's arguments.

use serde::Serialize;
use serde::ser::{self, Impossible, Serializer};
use serde_json::Error;
use serde_json::value::RawValue;

use super::ordered::Ordered;

pub(super) const KEYWORDS: &str = "_aj_ruby2_keywords";
pub(super) const SYMBOL_KEYS: &str = "_aj_symbol_keys";
const RESERVED: [&str; 5] = [
    "_aj_globalid",
    "_aj_serialized",
    "_aj_hash_with_indifferent_access",
    KEYWORDS,
    SYMBOL_KEYS,
];

/// The arguments as a JSON array: none for a unit struct or one without fields, keyword arguments for named fields,
/// positional arguments for the others.
pub(crate) fn encode<T: Serialize>(job: &T) -> Result<String, Error> {
    job.serialize(Encoder)
}

struct Encoder;

/// The fields of a struct or the entries of a map.
#[derive(Default)]
struct Keywords {
    entries: Vec<(String, String)>,
    key: Option<String>,
}

/// The fields of a tuple struct.
#[derive(Default)]
struct Positional(Vec<String>);

fn one<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    Ok(format!("[{}]", argument(value)?))
}

fn argument<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    marked(serde_json::to_string(value)?)
}

/// Adds to each hash within the list of its symbol keys, as Rails does. Rust has no symbols, so it is empty.
fn marked(text: String) -> Result<String, Error> {
    match text.as_bytes().first() {
        Some(b'{') => marked_hash(serde_json::from_str(&text)?),
        Some(b'[') if text.contains('{') => marked_array(serde_json::from_str(&text)?),
        _ => Ok(text),
    }
}

fn marked_hash(hash: Ordered) -> Result<String, Error> {
    let mut entries = Vec::new();
    for (key, value) in hash.into_entries() {
        entries.push((allowed(key.into_owned())?, marked(value.into_owned())?));
    }
    entries.push((SYMBOL_KEYS.into(), "[]".into()));
    Ok(entries.into_iter().collect::<Ordered>().to_string())
}

fn marked_array(items: Vec<&RawValue>) -> Result<String, Error> {
    let items: Result<Vec<_>, _> = items
        .into_iter()
        .map(|item| marked(item.get().to_owned()))
        .collect();
    Ok(format!("[{}]", items?.join(",")))
}

pub(super) fn allowed(key: String) -> Result<String, Error> {
    if RESERVED.contains(&key.as_str()) {
        return Err(ser::Error::custom(format!(
            "the key `{key}` is reserved by Active Job"
        )));
    }
    Ok(key)
}

impl Keywords {
    fn push<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Error> {
        self.entries
            .push((allowed(key.to_owned())?, argument(value)?));
        Ok(())
    }

    fn finish(mut self) -> String {
        if self.entries.is_empty() {
            return "[]".into();
        }
        let names: Vec<&str> = self.entries.iter().map(|(key, _)| key.as_str()).collect();
        let names = serde_json::json!(names).to_string();
        self.entries.push((KEYWORDS.into(), names));
        format!("[{}]", self.entries.into_iter().collect::<Ordered>())
    }
}

macro_rules! scalars {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<String, Error> {
            one(&value)
        })*
    };
}

fn not_a_struct<T>() -> Result<T, Error> {
    Err(ser::Error::custom("expected a struct, got an enum"))
}

impl Serializer for Encoder {
    type Ok = String;
    type Error = Error;
    type SerializeSeq = Positional;
    type SerializeTuple = Positional;
    type SerializeTupleStruct = Positional;
    type SerializeTupleVariant = Impossible<String, Error>;
    type SerializeMap = Keywords;
    type SerializeStruct = Keywords;
    type SerializeStructVariant = Impossible<String, Error>;

    scalars! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
    }

    fn serialize_none(self) -> Result<String, Error> {
        one(&())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<String, Error> {
        Ok("[]".into())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<String, Error> {
        Ok("[]".into())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<String, Error> {
        not_a_struct()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<String, Error> {
        one(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, Error> {
        not_a_struct()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Positional, Error> {
        Ok(Positional::default())
    }

    fn serialize_tuple(self, _len: usize) -> Result<Positional, Error> {
        Ok(Positional::default())
    }

    fn serialize_tuple_struct(self, _: &'static str, _len: usize) -> Result<Positional, Error> {
        Ok(Positional::default())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        not_a_struct()
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Keywords, Error> {
        Ok(Keywords::default())
    }

    fn serialize_struct(self, _: &'static str, _len: usize) -> Result<Keywords, Error> {
        Ok(Keywords::default())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        not_a_struct()
    }
}

macro_rules! positional {
    ($($trait:ident::$method:ident,)*) => {
        $(impl ser::$trait for Positional {
            type Ok = String;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.0.push(argument(value)?);
                Ok(())
            }

            fn end(self) -> Result<String, Error> {
                Ok(format!("[{}]", self.0.join(",")))
            }
        })*
    };
}

positional! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
}

impl ser::SerializeStruct for Keywords {
    type Ok = String;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.push(key, value)
    }

    fn end(self) -> Result<String, Error> {
        Ok(self.finish())
    }
}

impl ser::SerializeMap for Keywords {
    type Ok = String;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let key: String = serde_json::from_value(serde_json::to_value(key)?)?;
        self.key = Some(key);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take().unwrap_or_default();
        self.push(&key, value)
    }

    fn end(self) -> Result<String, Error> {
        Ok(self.finish())
    }
}
