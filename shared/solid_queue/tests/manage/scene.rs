use serde::{Deserialize, Serialize};
use solid_queue::manage::{Jobs, Status};
use solid_queue::{
    Clock, Concurrency, Controls, Job, JobId, JobResult, OnConflict, PerformLater as _, Queue,
    Registry, Unique, testing,
};

use crate::support::Temp;
use crate::support::jobs::{Context, Failing, registry};

/// One at a time for each account.
#[derive(Serialize, Deserialize)]
pub(crate) struct Limited {
    pub(crate) account: u32,
    pub(crate) fails: bool,
}

impl Job for Limited {
    const NAME: &'static str = "Limited";
    type Context = Context;

    async fn perform(self, _: Context) -> JobResult {
        if self.fails {
            Err("limited".into())
        } else {
            Ok(())
        }
    }

    fn controls(&self) -> Controls {
        Controls::new().concurrency(Concurrency::key(self.account))
    }
}

/// One at a time, and no others wait for it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Exclusive;

impl Job for Exclusive {
    const NAME: &'static str = "Exclusive";
    type Context = Context;

    async fn perform(self, _: Context) -> JobResult {
        Err("exclusive".into())
    }

    fn controls(&self) -> Controls {
        Controls::new()
            .concurrency(Concurrency::group_alone().on_conflict(OnConflict::Discard))
            .unique(Unique::key("").states(solid_queue::States::FAILED))
    }
}

pub(crate) struct Scene {
    pub(crate) temp: Temp,
    pub(crate) queue: Queue,
    pub(crate) jobs: Jobs,
    pub(crate) clock: Clock,
    pub(crate) context: Context,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let temp = Temp::new();
        let clock = Clock::fixed("2026-11-23 12:00:00".parse().unwrap());
        let queue = Queue::solid_at(temp.database.clone(), clock.clone());
        let jobs = Jobs::new(&temp.database).clock(clock.clone());
        Self {
            jobs: jobs.registry(&classes()),
            context: Context::new(queue.clone()),
            temp,
            queue,
            clock,
        }
    }

    pub(crate) async fn run_pending(&self) -> testing::Performed {
        let run = testing::run_pending(&self.queue, classes(), &self.context);
        run.await.unwrap()
    }

    pub(crate) async fn limited(&self, account: u32) -> JobId {
        let job = Limited {
            account,
            fails: false,
        };
        job.perform_later(&self.queue).await.unwrap()
    }

    pub(crate) async fn failed(&self) -> JobId {
        let message = "no".into();
        let id = Failing { message }.perform_later(&self.queue).await;
        self.run_pending().await;
        id.unwrap()
    }

    pub(crate) async fn status(&self, id: JobId) -> Option<Status> {
        let details = self.jobs.find(id).await.unwrap();
        details.map(|details| details.summary.status)
    }

    pub(crate) async fn count(&self, status: Status) -> u64 {
        self.jobs.clone().status(status).count().await.unwrap().jobs
    }
}

pub(crate) fn classes() -> Registry<Context> {
    registry().register::<Limited>().register::<Exclusive>()
}

/// 1,200 failed jobs that nothing limits and 100 of 10 accounts.
pub(crate) async fn fail_many(scene: &Scene) {
    scene.temp.execute("
        CREATE TEMP TABLE numbers AS WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1300)
          SELECT n FROM numbers;
        INSERT INTO solid_queue_jobs (id, queue_name, class_name, arguments, scheduled_at, concurrency_key, created_at, updated_at)
          SELECT n, CASE WHEN n % 2 THEN 'odd' ELSE 'default' END, CASE WHEN n > 1200 THEN 'Limited' ELSE 'Note' END,
          CASE WHEN n > 1200 THEN '{\"job_class\":\"Limited\",\"arguments\":[{\"account\":' || (n % 10) || ',\"fails\":false}]}'
            ELSE '{\"job_class\":\"Note\",\"arguments\":[\"' || n || '\"],\"executions\":5}' END,
          '2026-11-23 11:00:00', CASE WHEN n > 1200 THEN 'Limited/' || (n % 10) END,
          '2026-11-23 11:00:00', '2026-11-23 11:00:00' FROM numbers;
        INSERT INTO solid_queue_failed_executions (job_id, error, created_at)
          SELECT n, '{}', '2026-11-23 11:00:01' FROM numbers;
        DROP TABLE numbers;").await;
}
