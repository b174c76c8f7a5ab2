use std::time::Duration;

use serde::Deserialize;
use solid_queue::DispatcherConfig;

use crate::quantity::{Span, longer_than_zero, within};

/// An entry of `dispatchers`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Dispatcher {
    #[serde(deserialize_with = "longer_than_zero")]
    polling_interval: Span,
    #[serde(deserialize_with = "within::<1, { u32::MAX as i64 }, _, _>")]
    batch_size: u32,
    concurrency_maintenance: bool,
    #[serde(deserialize_with = "longer_than_zero")]
    concurrency_maintenance_interval: Span,
    batch_maintenance: bool,
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self {
            polling_interval: Span(Duration::from_secs(1)),
            batch_size: 500,
            concurrency_maintenance: true,
            concurrency_maintenance_interval: Span(Duration::from_mins(10)),
            batch_maintenance: true,
        }
    }
}

impl Dispatcher {
    pub(super) fn resolve(self) -> DispatcherConfig {
        DispatcherConfig {
            polling_interval: self.polling_interval.0,
            batch_size: self.batch_size,
            concurrency_maintenance: self.concurrency_maintenance,
            concurrency_maintenance_interval: self.concurrency_maintenance_interval.0,
            batch_maintenance: self.batch_maintenance,
        }
    }
}
