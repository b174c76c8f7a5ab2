//! Enqueueing a job whose class is only known by its name: from a command line, or from a schedule.

use serde_json::Value;
use tracing::Instrument as _;

use super::Queue;
use crate::enqueue::enqueue_span;
use crate::{Enqueue, EnqueueError, JobId, Registry};

impl Queue {
    /// Enqueues a job of the class with this name, which the registry must know. An array is its positional arguments, an
    /// object its named ones; `null` is none, and anything else the only one. They must be such that the class can read
    /// them, and are stored as it would write them.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use solid_queue::{Enqueue, EnqueueError, Job, JobResult, Queue, Registry};
    /// use serde_json::json;
    ///
    /// # #[derive(Serialize, Deserialize)] struct Greet { name: String }
    /// # impl Job for Greet {
    /// #     const NAME: &'static str = "Greet";
    /// #     type Context = ();
    /// #     async fn perform(self, _: ()) -> JobResult { Ok(()) }
    /// # }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let file = folder.path().join("queue.sqlite3");
    /// # let database = db::Database::open(&db::DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
    /// # let queue = Queue::solid(database);
    /// let registry = Registry::new().register::<Greet>();
    /// queue.enqueue_named(&registry, "Greet", &json!({ "name": "Ada" }), Enqueue::new()).await?;
    ///
    /// let refused = queue.enqueue_named(&registry, "Greet", &json!({ "nme": "Ada" }), Enqueue::new()).await;
    /// assert!(matches!(refused, Err(EnqueueError::Arguments { .. })));
    /// # Ok(()) }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`EnqueueError::UnknownClass`], [`EnqueueError::Arguments`], and as for every job.
    pub async fn enqueue_named<C: Clone + Send + Sync + 'static>(
        &self,
        registry: &Registry<C>,
        class_name: &str,
        arguments: &Value,
        options: Enqueue,
    ) -> Result<JobId, EnqueueError> {
        let (name, class) = registry.class(class_name).ok_or_else(|| {
            let known: Vec<_> = registry.names().collect();
            EnqueueError::UnknownClass {
                job: class_name.to_owned(),
                known: known.join(", "),
            }
        })?;
        let enqueue = async {
            let job = class.draft(&array(arguments), &options, self.now())?;
            self.enqueue(name, job).await
        };
        enqueue.instrument(enqueue_span(name)).await
    }
}

/// As Active Job keeps them.
fn array(arguments: &Value) -> String {
    match arguments {
        Value::Null => "[]".to_owned(),
        Value::Array(_) => arguments.to_string(),
        one => format!("[{one}]"),
    }
}
