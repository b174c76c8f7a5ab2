use std::time::Duration;

use serde::{Deserialize, Deserializer};
use solid_queue::WorkerConfig;

use crate::quantity::{Span, longer_than_zero, within};

/// An entry of `workers`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Worker {
    queues: Names,
    #[serde(deserialize_with = "at_once")]
    threads: Option<u32>,
    /// What Rails calls jobs that run at once without threads. Ours never need a thread each.
    #[serde(deserialize_with = "at_once")]
    fibers: Option<u32>,
    #[serde(deserialize_with = "within::<1, 1000, _, _>")]
    processes: u32,
    #[serde(deserialize_with = "longer_than_zero")]
    polling_interval: Span,
}

/// The name of a queue, or several.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a queue or a list of names"
)]
enum Names {
    One(String),
    Many(Vec<String>),
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            queues: Names::One("*".into()),
            threads: None,
            fibers: None,
            processes: 1,
            polling_interval: Span(Duration::from_millis(100)),
        }
    }
}

/// The workers, or the key that is wrong and why.
pub(super) fn resolve_all(workers: Vec<Worker>) -> Result<Vec<WorkerConfig>, (String, String)> {
    let workers = workers.into_iter().enumerate();
    workers.map(|(at, worker)| worker.resolve(at)).collect()
}

impl Worker {
    fn resolve(self, at: usize) -> Result<WorkerConfig, (String, String)> {
        if self.threads.is_some() && self.fibers.is_some() {
            let message = "expected `threads` or `fibers`, got both: they mean the same here";
            return Err((format!("workers[{at}].fibers"), message.into()));
        }
        let usual = WorkerConfig::default();
        Ok(WorkerConfig {
            queues: match self.queues {
                Names::One(name) => vec![name],
                Names::Many(names) => names,
            },
            threads: self.threads.or(self.fibers).unwrap_or(usual.threads),
            processes: self.processes,
            polling_interval: self.polling_interval.0,
        })
    }
}

fn at_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    within::<1, 1000, _, _>(deserializer).map(Some)
}
