//! What happens, told in the log and in metrics: a function an event, and the only place that does either.
//!
//! The names are those of the original's notifications. `docs/logging.md` and `docs/metrics.md` list all of it.

mod jobs;
mod manage;
mod meters;
pub(crate) mod metrics;
mod processes;

pub(crate) use jobs::*;
pub(crate) use manage::*;
pub(crate) use meters::{EnqueueMeters, PerformMeters, Polls};
pub(crate) use processes::*;
