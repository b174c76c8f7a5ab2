use std::time::Duration;

use serde::Deserialize;
use solid_queue::{DispatcherConfig, WorkerConfig};

use crate::quantity::Span;

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
    adapter: Adapter,
    workers: Option<Vec<Worker>>,
    dispatchers: Option<Vec<Dispatcher>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Adapter {
    #[default]
    SolidQueue,
    Async,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Worker {
    queues: Names,
    threads: u32,
    processes: u32,
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
    polling_interval: Span,
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

impl File {
    /// The settings, or the key that is wrong and why. As in the original, a file that names no process at all gets a
    /// worker and a dispatcher, and one that names some gets just those.
    pub(crate) fn resolve(self) -> Result<Queue, (String, String)> {
        let (workers, dispatchers) = match (self.workers, self.dispatchers) {
            (None, None) => (vec![Worker::default()], vec![Dispatcher::default()]),
            (workers, dispatchers) => {
                (workers.unwrap_or_default(), dispatchers.unwrap_or_default())
            }
        };
        check(&workers, &dispatchers)?;
        Ok(match self.adapter {
            Adapter::SolidQueue => Queue::SolidQueue(solid_queue::Config {
                workers: workers.into_iter().map(Worker::resolve).collect(),
                dispatchers: dispatchers.into_iter().map(Dispatcher::resolve).collect(),
                ..solid_queue::Config::default()
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

fn check(workers: &[Worker], dispatchers: &[Dispatcher]) -> Result<(), (String, String)> {
    let positive = "expected a number above 0, got 0";
    let wrong = |key: String| Err((key, positive.to_owned()));
    if workers.is_empty() && dispatchers.is_empty() {
        return Err((
            "workers".into(),
            "no processes configured: expected at least a worker or a dispatcher".into(),
        ));
    }
    for (index, worker) in workers.iter().enumerate() {
        match worker {
            Worker { threads: 0, .. } => return wrong(format!("workers[{index}].threads")),
            Worker { processes: 0, .. } => return wrong(format!("workers[{index}].processes")),
            Worker {
                polling_interval: Span(Duration::ZERO),
                ..
            } => {
                return wrong(format!("workers[{index}].polling_interval"));
            }
            Worker { .. } => {}
        }
    }
    for (index, dispatcher) in dispatchers.iter().enumerate() {
        match dispatcher {
            Dispatcher { batch_size: 0, .. } => {
                return wrong(format!("dispatchers[{index}].batch_size"));
            }
            Dispatcher {
                polling_interval: Span(Duration::ZERO),
                ..
            } => {
                return wrong(format!("dispatchers[{index}].polling_interval"));
            }
            Dispatcher { .. } => {}
        }
    }
    Ok(())
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
        }
    }
}
