use std::time::Duration;

use serde::Deserialize;
use solid_queue::SchedulerConfig;

use crate::quantity::{Span, longer_than_zero};

/// The key `scheduler`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Scheduler {
    dynamic_tasks_enabled: bool,
    #[serde(deserialize_with = "longer_than_zero")]
    polling_interval: Span,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self {
            dynamic_tasks_enabled: false,
            polling_interval: Span(Duration::from_secs(5)),
        }
    }
}

impl Scheduler {
    pub(super) fn resolve(self) -> SchedulerConfig {
        SchedulerConfig {
            dynamic_tasks_enabled: self.dynamic_tasks_enabled,
            polling_interval: self.polling_interval.0,
        }
    }
}
