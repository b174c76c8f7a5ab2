use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// Why a prop has no value.
pub type PropError = Box<dyn std::error::Error + Send + Sync>;

/// What becomes the value of a prop, as JSON.
pub(super) type Json = Box<RawValue>;

type Write = Box<dyn FnOnce() -> Result<Json, PropError>>;
type Compute = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Result<Json, PropError>>>>>;

pub(super) enum Source {
    Write(Write),
    Compute(Compute),
}

impl Source {
    pub(super) fn value(value: impl Serialize + 'static) -> Self {
        Self::Write(Box::new(move || Ok(to_raw_value(&value)?)))
    }

    pub(super) fn raw(json: Json) -> Self {
        Self::Write(Box::new(move || Ok(json)))
    }

    pub(super) fn compute<T, F, Fut>(compute: F) -> Self
    where
        T: Serialize,
        F: FnOnce() -> Fut + 'static,
        Fut: Future<Output = Result<T, PropError>> + 'static,
    {
        Self::Compute(Box::new(|| {
            let future = compute();
            Box::pin(async move { Ok(to_raw_value(&future.await?)?) })
        }))
    }

    pub(super) async fn json(self) -> Result<Json, PropError> {
        match self {
            Self::Write(write) => write(),
            Self::Compute(compute) => compute().await,
        }
    }
}
