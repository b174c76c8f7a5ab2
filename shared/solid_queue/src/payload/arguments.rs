//! Arguments as `solid_queue_recurring_tasks` keeps them, where keyword arguments are a last hash like any other.

use serde_json::value::RawValue;
use serde_json::{Error, Value, json};

use super::encode::{KEYWORDS, SYMBOL_KEYS, allowed};
use super::ordered::Ordered;

/// Plain values as Rails reads them from a config file: all keys are symbols.
pub(crate) fn from_config(args: &Value) -> Result<String, Error> {
    match args {
        Value::Null => Ok("[]".into()),
        Value::Array(_) => encoded(args),
        one => Ok(format!("[{}]", encoded(one)?)),
    }
}

/// Arguments of a payload as the table keeps them.
pub(crate) fn from_keywords(arguments: &str) -> String {
    renamed(arguments, KEYWORDS, SYMBOL_KEYS)
}

/// Arguments of the table as those of a payload. What cannot be read is left as it is, for the job to fail.
pub(crate) fn to_keywords(arguments: &str) -> String {
    renamed(arguments, SYMBOL_KEYS, KEYWORDS)
}

fn encoded(value: &Value) -> Result<String, Error> {
    match value {
        Value::Array(items) => {
            let items: Result<Vec<_>, _> = items.iter().map(encoded).collect();
            Ok(format!("[{}]", items?.join(",")))
        }
        Value::Object(hash) => {
            let mut entries = Vec::new();
            for (key, value) in hash {
                entries.push((allowed(key.clone())?, encoded(value)?));
            }
            let names: Vec<_> = hash.keys().collect();
            entries.push((SYMBOL_KEYS.to_owned(), json!(names).to_string()));
            Ok(entries.into_iter().collect::<Ordered>().to_string())
        }
        scalar => Ok(scalar.to_string()),
    }
}

/// With another mark in the last argument, if that is a hash.
fn renamed(arguments: &str, from: &str, to: &str) -> String {
    try_rename(arguments, from, to).unwrap_or_else(|| arguments.to_owned())
}

fn try_rename(arguments: &str, from: &str, to: &str) -> Option<String> {
    let items: Vec<Box<RawValue>> = serde_json::from_str(arguments).ok()?;
    let mut items: Vec<_> = items.iter().map(|item| item.get().to_owned()).collect();
    let last = items.last_mut()?;
    let hash: Ordered = serde_json::from_str(last).ok()?;
    let entries = hash.into_entries().into_iter().map(|(key, value)| {
        let key = if key == from {
            to.to_owned().into()
        } else {
            key
        };
        (key, value)
    });
    *last = entries.collect::<Ordered>().to_string();
    Some(format!("[{}]", items.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_arguments_are_those_that_rails_stores() {
        for (args, stored) in [
            (json!(null), "[]"),
            (json!([]), "[]"),
            (json!("one"), r#"["one"]"#),
            (json!([1, [2.5, true]]), "[1,[2.5,true]]"),
            (
                json!([1000, { "batch_size": 500 }]),
                r#"[1000,{"batch_size":500,"_aj_symbol_keys":["batch_size"]}]"#,
            ),
            (
                json!({ "a": { "b": null } }),
                r#"[{"a":{"b":null,"_aj_symbol_keys":["b"]},"_aj_symbol_keys":["a"]}]"#,
            ),
        ] {
            assert_eq!(from_config(&args).unwrap(), stored);
        }
        assert!(from_config(&json!({ "_aj_globalid": 1 })).is_err());
    }

    #[test]
    fn only_the_last_hash_holds_keywords() {
        let stored = r#"[{"a":1,"_aj_symbol_keys":["a"]},{"b":{"_aj_symbol_keys":[]},"_aj_symbol_keys":["b"]}]"#;
        let enqueued = r#"[{"a":1,"_aj_symbol_keys":["a"]},{"b":{"_aj_symbol_keys":[]},"_aj_ruby2_keywords":["b"]}]"#;
        assert_eq!(to_keywords(stored), enqueued);
        assert_eq!(from_keywords(enqueued), stored);
        for other in ["[]", "[1]", "no JSON"] {
            assert_eq!(to_keywords(other), other);
        }
    }
}
