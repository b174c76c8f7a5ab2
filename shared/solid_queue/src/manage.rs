//! Looking after a queue: what is in it, and what people can do about it. The worker's command line and a dashboard are
//! made of this.
//!
//! To look never takes the write lock, so it disturbs nobody. Whatever changes many jobs does so a few hundred at a time.
//!
//! ```
//! use solid_queue::manage::{Jobs, Queues, Status};
//! # use serde::{Deserialize, Serialize};
//! # use solid_queue::{Job, JobResult, PerformLater as _, Queue, Registry, testing};
//! # #[derive(Serialize, Deserialize)] struct Import { file: String }
//! # impl Job for Import {
//! #     const NAME: &'static str = "Import";
//! #     type Context = ();
//! #     async fn perform(self, _: ()) -> JobResult { Err("no such file".into()) }
//! # }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("queue.sqlite3");
//! # let database = db::Database::open(&db::DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
//! # let queue = Queue::solid(database.clone());
//! # Import { file: "todos.csv".into() }.perform_later(&queue).await?;
//! # testing::run_pending(&queue, Registry::new().register::<Import>(), &()).await?;
//! let failed = Jobs::new(&database).status(Status::Failed).class("Import");
//! assert_eq!(failed.count().await?.to_string(), "1");
//! for job in failed.list().await?.jobs {
//!     println!("{} {} failed: {:?}", job.class_name, job.arguments, job.error);
//! }
//! assert_eq!(failed.retry_all().await?, 1);
//!
//! Queues::new(&database).pause("default").await?;
//! # Ok(()) }
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```

mod actions;
mod count;
mod cursor;
mod depth;
mod details;
mod error;
mod error_report;
mod filter;
mod job;
mod jobs;
mod listing;
mod moment;
mod overview;
mod processes;
mod queues;
mod recurring;
mod search;
mod status;

pub use actions::{Cancelled, Retried, RunNow};
pub use count::{COUNT_LIMIT, Count};
pub use cursor::{Cursor, ParseCursorError};
pub use depth::DepthGauges;
pub use details::{Attempt, JobDetails, JobLimit};
pub use error::{ManageError, UndiscardableError};
pub use error_report::ErrorReport;
pub use job::{JobSummary, Page};
pub use jobs::Jobs;
pub use overview::{Counts, Overview};
pub use processes::{ProcessSummary, processes, this_host};
pub use queues::{QueueSummary, Queues};
pub use recurring::RecurringTaskSummary;
pub use status::{ParseStatusError, Status};
