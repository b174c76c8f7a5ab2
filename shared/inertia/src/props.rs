use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::request::Wanted;

/// Why a prop has no value.
pub type PropError = Box<dyn std::error::Error + Send + Sync>;

type Compute = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Result<Value, PropError>>>>>;

/// The props of a page. Those that a partial reload does not want are not computed.
#[derive(Default)]
pub struct Props {
    entries: Vec<Entry>,
}

struct Entry {
    key: &'static str,
    when: When,
    source: Source,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// On whole visits, and on partial reloads that want it.
    Wanted,
    /// On every visit, whatever a partial reload wants.
    Always,
    /// Only on partial reloads that name it.
    Named,
}

enum Source {
    Value(Result<Value, PropError>),
    Compute(Compute),
}

impl Props {
    /// No props.
    pub fn new() -> Self {
        Self::default()
    }

    /// A prop that is at hand.
    #[must_use]
    pub fn value(self, key: &'static str, value: impl Serialize) -> Self {
        self.entry(key, When::Wanted, Source::Value(to_json(value)))
    }

    /// A prop that is there on partial reloads too, whatever they want.
    #[must_use]
    pub fn always(self, key: &'static str, value: impl Serialize) -> Self {
        self.entry(key, When::Always, Source::Value(to_json(value)))
    }

    /// A prop that is computed only when it is wanted.
    #[must_use]
    pub fn lazy<T, F, Fut>(self, key: &'static str, compute: F) -> Self
    where
        T: Serialize,
        F: FnOnce() -> Fut + 'static,
        Fut: Future<Output = Result<T, PropError>> + 'static,
    {
        self.entry(key, When::Wanted, Source::Compute(boxed(compute)))
    }

    /// A prop that is computed only when a partial reload names it.
    #[must_use]
    pub fn optional<T, F, Fut>(self, key: &'static str, compute: F) -> Self
    where
        T: Serialize,
        F: FnOnce() -> Fut + 'static,
        Fut: Future<Output = Result<T, PropError>> + 'static,
    {
        self.entry(key, When::Named, Source::Compute(boxed(compute)))
    }

    fn entry(mut self, key: &'static str, when: When, source: Source) -> Self {
        self.entries.push(Entry { key, when, source });
        self
    }

    pub(crate) async fn resolve(self, wanted: &Wanted) -> Result<Map<String, Value>, PropError> {
        let mut props = Map::new();
        for entry in self.entries {
            let include = match entry.when {
                When::Always => true,
                When::Wanted => wanted.includes(entry.key),
                When::Named => wanted.names(entry.key),
            };
            if include {
                let value = match entry.source {
                    Source::Value(value) => value?,
                    Source::Compute(compute) => compute().await?,
                };
                props.insert(entry.key.to_owned(), value);
            }
        }
        Ok(props)
    }
}

impl fmt::Debug for Props {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.entries.iter().map(|entry| entry.key))
            .finish()
    }
}

fn to_json(value: impl Serialize) -> Result<Value, PropError> {
    Ok(serde_json::to_value(value)?)
}

fn boxed<T, F, Fut>(compute: F) -> Compute
where
    T: Serialize,
    F: FnOnce() -> Fut + 'static,
    Fut: Future<Output = Result<T, PropError>> + 'static,
{
    Box::new(|| {
        let future = compute();
        Box::pin(async move { to_json(future.await?) })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn props() -> Props {
        Props::new()
            .value("list", [1])
            .always("user", "ada")
            .lazy("count", async || Ok(1))
            .optional("details", async || Ok("more"))
    }

    #[actix_web::test]
    async fn each_kind_comes_when_it_is_wanted() {
        let whole = props().resolve(&Wanted::default()).await.unwrap();
        assert_eq!(
            Value::Object(whole),
            json!({ "list": [1], "user": "ada", "count": 1 })
        );
        let partial = props().resolve(&Wanted::only(&["details"])).await.unwrap();
        assert_eq!(
            Value::Object(partial),
            json!({ "user": "ada", "details": "more" })
        );
    }

    #[actix_web::test]
    async fn what_is_not_wanted_is_not_computed() {
        let failing = || {
            Props::new()
                .value("list", [1])
                .lazy("count", async || Err::<i32, _>("told to".into()))
        };
        assert!(failing().resolve(&Wanted::only(&["list"])).await.is_ok());
        assert_eq!(
            failing()
                .resolve(&Wanted::default())
                .await
                .unwrap_err()
                .to_string(),
            "told to"
        );
    }
}
