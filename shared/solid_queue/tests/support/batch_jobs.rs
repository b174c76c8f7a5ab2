use serde::{Deserialize, Serialize};
use solid_queue::{
    Batch, BatchId, Concurrency, Controls, Job, JobResult, OnConflict, OnCrash, Queue, Registry,
};

use super::Temp;
use super::jobs::{Context, note, registry};

pub(crate) fn batch_registry() -> Registry<Context> {
    registry()
        .register::<Report>()
        .register::<Grow>()
        .register::<Fragile>()
        .register::<Single>()
        .register::<Broken>()
}

/// A callback: notes what became of its batch.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) on: String,
}

impl Job for Report {
    const NAME: &'static str = "Report";
    const QUEUE: &'static str = "reports";
    const PRIORITY: i32 = 7;
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        let id = Batch::current().ok_or("no batch")?;
        let batch = context.queue.batch(id).await?.ok_or("the batch is gone")?;
        let (completed, failed) = (batch.completed, batch.failed);
        context.note(format!(
            "{}: {completed} completed, {failed} failed",
            self.on
        ));
        Ok(())
    }

    fn controls(&self) -> Controls {
        Controls::new().concurrency(Concurrency::key(&self.on).to(100))
    }
}

pub(crate) fn report(on: &str) -> Report {
    Report { on: on.into() }
}

/// A batch that reports whatever becomes of it.
pub(crate) fn reporting() -> Batch {
    Batch::new()
        .on_success(report("success"))
        .on_failure(report("failure"))
        .on_finish(report("finish"))
}

/// Adds a smaller one to its own batch.
#[derive(Serialize, Deserialize)]
pub(crate) struct Grow(pub(crate) u32);

impl Job for Grow {
    const NAME: &'static str = "Grow";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note(format!("grow {}", self.0));
        if let (Some(batch), 1..) = (Batch::current(), self.0) {
            batch.add(Grow(self.0 - 1)).enqueue(&context.queue).await?;
        }
        Ok(())
    }
}

/// Fails when its process dies.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fragile;

impl Job for Fragile {
    const NAME: &'static str = "Fragile";
    const ON_CRASH: OnCrash = OnCrash::Fail;
    type Context = Context;

    async fn perform(self, _: Context) -> JobResult {
        Ok(())
    }
}

/// One at a time; another is not enqueued.
#[derive(Serialize, Deserialize)]
pub(crate) struct Single;

impl Job for Single {
    const NAME: &'static str = "Single";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        note("single").perform(context).await
    }

    fn controls(&self) -> Controls {
        let limit = Concurrency::group_alone().on_conflict(OnConflict::Discard);
        Controls::new().concurrency(limit)
    }
}

/// Fails until somebody mended what it needs.
#[derive(Serialize, Deserialize)]
pub(crate) struct Broken;

impl Job for Broken {
    const NAME: &'static str = "Broken";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        if context.has("mended") {
            return Ok(());
        }
        Err("it is broken".into())
    }
}

/// `state total/completed/failed/pending` of the batch.
pub(crate) async fn progress(queue: &Queue, id: BatchId) -> String {
    let batch = queue.batch(id).await.unwrap().unwrap();
    format!(
        "{:?} {}/{}/{}/{}",
        batch.state, batch.total, batch.completed, batch.failed, batch.pending
    )
}

pub(crate) fn app(temp: &Temp) -> (Queue, Context) {
    let queue = Queue::solid(temp.database.clone());
    (queue.clone(), Context::new(queue))
}
