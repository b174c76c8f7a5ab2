use std::time::Duration;

use serde::Deserialize;
use solid_queue::{DispatcherConfig, WorkerConfig};

use crate::file::Section;
use crate::quantity::{Span, longer_than_zero, within};
use crate::word::{Word, word};

/// Who performs jobs.
#[derive(Clone, Debug, PartialEq)]
pub enum Queue {
    /// Rows in the queue database, performed by the worker process.
    SolidQueue(solid_queue::Config),
    /// Tasks inside the process that enqueues them.
    Async {
        /// Jobs performed at once.
        threads: u32,
    },
}

/// A section of `queue.yml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    #[serde(deserialize_with = "word")]
    adapter: Adapter,
    preserve_finished_jobs: Option<bool>,
    workers: Option<Vec<Worker>>,
    dispatchers: Option<Vec<Dispatcher>>,
}

#[derive(Clone, Copy, Default)]
enum Adapter {
    #[default]
    SolidQueue,
    Async,
}

impl Word for Adapter {
    const WORDS: &'static [(&'static str, Self)] =
        &[("solid_queue", Self::SolidQueue), ("async", Self::Async)];
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Worker {
    queues: Names,
    #[serde(deserialize_with = "within::<1, 1000, _, _>")]
    threads: u32,
    #[serde(deserialize_with = "within::<1, 1000, _, _>")]
    processes: u32,
    #[serde(deserialize_with = "longer_than_zero")]
    polling_interval: Span,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a queue or a list of names"
)]
enum Names {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Dispatcher {
    #[serde(deserialize_with = "longer_than_zero")]
    polling_interval: Span,
    #[serde(deserialize_with = "within::<1, { u32::MAX as i64 }, _, _>")]
    batch_size: u32,
}

impl Default for Worker {
    fn default() -> Self {
        let queues = Names::One("*".into());
        Self {
            queues,
            threads: 3,
            processes: 1,
            polling_interval: Span(Duration::from_millis(100)),
        }
    }
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self {
            polling_interval: Span(Duration::from_secs(1)),
            batch_size: 500,
        }
    }
}

impl Section for File {
    const NAME: &'static str = "queue";
}

impl File {
    /// The settings, or the key that is wrong and why. As in the original, a file that names no process at all gets a
    /// worker and a dispatcher, and one that names some gets just those.
    pub(crate) fn resolve(self) -> Result<Queue, (&'static str, &'static str)> {
        let (workers, dispatchers) = match (self.workers, self.dispatchers) {
            (None, None) => (vec![Worker::default()], vec![Dispatcher::default()]),
            (workers, dispatchers) => {
                (workers.unwrap_or_default(), dispatchers.unwrap_or_default())
            }
        };
        if workers.is_empty() && dispatchers.is_empty() {
            return Err((
                "workers",
                "no processes configured: expected at least a worker or a dispatcher",
            ));
        }
        let usual = solid_queue::Config::default();
        Ok(match self.adapter {
            Adapter::SolidQueue => Queue::SolidQueue(solid_queue::Config {
                workers: workers.into_iter().map(Worker::resolve).collect(),
                dispatchers: dispatchers.into_iter().map(Dispatcher::resolve).collect(),
                preserve_finished_jobs: self
                    .preserve_finished_jobs
                    .unwrap_or(usual.preserve_finished_jobs),
                ..usual
            }),
            Adapter::Async => Queue::Async {
                threads: workers
                    .iter()
                    .map(|worker| worker.threads)
                    .sum::<u32>()
                    .max(1),
            },
        })
    }
}

impl Worker {
    fn resolve(self) -> WorkerConfig {
        let queues = match self.queues {
            Names::One(name) => vec![name],
            Names::Many(names) => names,
        };
        let (threads, processes, polling_interval) =
            (self.threads, self.processes, self.polling_interval.0);
        WorkerConfig {
            queues,
            threads,
            processes,
            polling_interval,
        }
    }
}

impl Dispatcher {
    fn resolve(self) -> DispatcherConfig {
        DispatcherConfig {
            polling_interval: self.polling_interval.0,
            batch_size: self.batch_size,
            ..DispatcherConfig::default()
        }
    }
}
