//! Background jobs in a SQLite file, in the tables of Rails' Solid Queue.
//!
//! A job is a struct with a name. It is enqueued by any process that opened the file, and performed by a
//! [`Supervisor`]'s workers, in the same process or in another.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use solid_queue::{Enqueue, Job, JobResult, PerformLater as _, Queue, Registry, testing};
//! use std::sync::{Arc, Mutex};
//! use std::time::Duration;
//!
//! type Outbox = Arc<Mutex<Vec<String>>>;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Greet { name: String }
//!
//! impl Job for Greet {
//!     const NAME: &'static str = "Greet";
//!     type Context = Outbox;
//!
//!     async fn perform(self, outbox: Outbox) -> JobResult {
//!         outbox.lock().unwrap().push(format!("Hello {}", self.name));
//!         Ok(())
//!     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("queue.sqlite3");
//! let database = db::Database::open(&db::DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
//! let queue = Queue::solid(database);
//! Greet { name: "Ada".into() }.perform_later(&queue).await?;
//! Greet { name: "Bob".into() }.set(Enqueue::new().wait(Duration::from_mins(5)).queue("low")).perform_later(&queue).await?;
//!
//! let (registry, outbox) = (Registry::new().register::<Greet>(), Outbox::default());
//! testing::run_pending(&queue, registry, &outbox).await?;
//! assert_eq!(*outbox.lock().unwrap(), ["Hello Ada"]);
//! assert_eq!(testing::enqueued(&queue).await?.len(), 1);
//! # Ok(()) }
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```
//!
//! # The life of a job
//!
//! A job's row in `solid_queue_jobs` lasts as long as the job is of interest. Its state is the table that has a row for
//! it: scheduled, ready, blocked, claimed or failed; none, and a `finished_at`, when it is done. Every move from one to
//! another is one transaction, so a crash at any point leaves it in exactly one.
//!
//! - A dispatcher moves scheduled jobs that are due to ready, or to blocked if their [`Concurrency`] limit is reached.
//!   Whoever ends a job moves the next that is blocked for its place.
//! - A worker claims ready jobs, by priority and age, and performs them. What it may do afterwards hangs on its claim:
//!   when others took it for dead and gave the job away, its own outcome counts no more.
//! - A supervisor looks after the processes of the file. When one dies, its jobs are ready again, until they have
//!   crashed as often as [`Job::ON_CRASH`] says. On the same host that is noticed within a second or two by the pid; else,
//!   as with Rails, by missing heartbeats.
//! - A scheduler enqueues the [`RecurringTask`]s whose time has come, each time once, however many schedulers there are.
//!
//! Ruby and Rust processes can share a file. Each worker fails what its own program does not know, so they should
//! serve different queues.
#![warn(missing_docs)]

mod backoff;
mod batch;
mod built_in;
mod cancel;
mod clear;
mod clock;
mod config;
mod controls;
mod enqueue;
mod errors;
mod events;
mod executions;
mod in_process;
mod job;
mod lifecycle;
mod limits;
pub mod manage;
mod patience;
mod payload;
mod perform;
mod policy;
mod processes;
mod queue;
mod queue_selector;
mod records;
mod recurring;
mod registry;
mod schema;
pub mod testing;

pub use backoff::Backoff;
pub use batch::{Addition, Batch, BatchId, BatchState, BatchStatus};
pub use cancel::cancel;
pub use clear::{ClearFinished, clear_finished_in_batches};
pub use clock::Clock;
pub use config::{Config, DispatcherConfig, SchedulerConfig, WorkerConfig};
pub use controls::{Concurrency, Controls, OnConflict, OnDuplicate, RateLimit, States, Unique};
pub use enqueue::{Configured, Enqueue, PerformLater};
pub use errors::{BatchError, ConfigError, EnqueueError, JobFailure, SupervisorError, TimedOut};
pub use events::metrics::describe_metrics;
pub use in_process::{InProcessConfig, InProcessRunner};
pub use job::{Job, JobError, JobId, JobResult, OnCrash, ProcessId, Retry};
pub use policy::{Policy, RetryOn};
pub use processes::{
    Assignment, Health, HookResult, Hooks, Instance, Moment, ParseAssignmentError, PidfileError,
    ProcessKind, Supervisor,
};
pub use queue::Queue;
pub use recurring::{
    CatchUp, RecurringTask, RecurringTaskError, RecurringTaskStatus, RecurringTasks, RecurringWork,
};
pub use registry::Registry;

/// The tables of the queue database.
pub const MIGRATIONS: db::EmbeddedMigrations = db::embed_migrations!("../../migrations/queue");
