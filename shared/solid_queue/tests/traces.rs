#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What a job carries of the request that it came from.

mod support;

use db::Statement;
use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use solid_queue::{
    Enqueue, InProcessConfig, Job, JobResult, PerformLater as _, Queue, Registry, Retry, testing,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::Temp;
use telemetry::{RequestId, Trace};
use tokio_util::sync::CancellationToken;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[derive(Clone)]
struct Context {
    queue: Queue,
    seen: Arc<Mutex<Vec<(u8, Trace)>>>,
}

impl Context {
    fn new(queue: &Queue) -> Self {
        Self {
            queue: queue.clone(),
            seen: Arc::default(),
        }
    }

    fn request_ids(&self) -> Vec<(u8, Option<String>)> {
        let seen = self.seen.lock().unwrap();
        let id = |trace: &Trace| trace.request_id().map(ToString::to_string);
        seen.iter()
            .map(|(step, trace)| (*step, id(trace)))
            .collect()
    }
}

/// Fails at first, then enqueues the next step.
#[derive(Serialize, Deserialize)]
struct Step(u8);

impl Job for Step {
    const NAME: &'static str = "Step";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        let attempt = {
            let mut seen = context.seen.lock().unwrap();
            seen.push((self.0, Trace::current()));
            seen.iter().filter(|(step, _)| *step == self.0).count()
        };
        if attempt == 1 {
            return Err("not yet".into());
        }
        if self.0 == 1 {
            Step(2).perform_later(&context.queue).await?;
        }
        Ok(())
    }

    fn on_error(_: &solid_queue::JobError, _: u32) -> Retry {
        Retry::After(Duration::ZERO)
    }
}

fn trace() -> Trace {
    Trace::of(RequestId::of(Some("r-1"))).caused_by(Some(PARENT))
}

async fn payloads(temp: &Temp) -> Vec<String> {
    let select = |connection: &mut db::SqliteConnection| {
        Statement::<Text>::new("SELECT arguments FROM solid_queue_jobs ORDER BY id")
            .load(connection)
    };
    temp.database.read(select).await.unwrap()
}

#[tokio::test]
async fn the_payload_names_the_request() {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    Step(1).perform_later(&queue).await.unwrap();
    trace().scope(Step(1).perform_later(&queue)).await.unwrap();
    let all = trace().scope(queue.perform_all_later(vec![Step(1)]));
    all.await.unwrap();
    let payloads = payloads(&temp).await;
    let last_keys = |payload: &str| {
        let payload: serde_json::Map<String, Value> = serde_json::from_str(payload).unwrap();
        payload.get("trace").cloned()
    };
    assert_eq!(last_keys(&payloads[0]), None);
    let carried = serde_json::json!({ "request_id": "r-1", "traceparent": PARENT });
    for payload in &payloads[1..] {
        assert_eq!(last_keys(payload), Some(carried.clone()));
        // Beside Active Job's keys, which are as they always are.
        assert!(
            payload.ends_with(&format!(",\"trace\":{carried}}}")),
            "{payload}"
        );
    }
}

#[tokio::test]
async fn jobs_retries_and_the_jobs_of_jobs_come_from_the_request() {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    let context = Context::new(&queue);
    trace().scope(Step(1).perform_later(&queue)).await.unwrap();
    while !testing::enqueued(&queue).await.unwrap().is_empty() {
        let registry = Registry::new().register::<Step>();
        testing::run_pending(&queue, registry, &context)
            .await
            .unwrap();
    }
    let id = Some("r-1".to_owned());
    let expected = [1, 1, 2, 2].map(|step| (step, id.clone()));
    assert_eq!(context.request_ids(), expected);
    assert!(Trace::current().is_empty());
}

#[tokio::test]
async fn what_others_wrote_there_is_no_trace() {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    let context = Context::new(&queue);
    for (step, strange) in ["[]", "7", r#"{"request_id":7}"#, r#"{"request_id":"/"}"#]
        .iter()
        .enumerate()
    {
        let step = Step(10 + u8::try_from(step).unwrap());
        step.perform_later(&queue).await.unwrap();
        let set = format!(
            "UPDATE solid_queue_jobs SET arguments = json_set(arguments, '$.trace', json('{strange}'))"
        );
        let write =
            move |connection: &mut db::SqliteConnection| diesel::sql_query(set).execute(connection);
        temp.database.write(write).await.unwrap();
        let registry = Registry::new().register::<Step>();
        testing::run_pending(&queue, registry, &context)
            .await
            .unwrap();
    }
    assert!(context.request_ids().iter().all(|(_, id)| id.is_none()));
    assert_eq!(context.request_ids().len(), 8);
}

#[tokio::test]
async fn the_queue_in_memory_carries_it_too() {
    let (queue, runner) = Queue::in_process(InProcessConfig::default());
    let context = Context::new(&queue);
    let stop = CancellationToken::new();
    let registry = Registry::new().register::<Step>();
    let running = tokio::spawn(runner.run(registry, context.clone(), stop.clone()));
    let later = Step(4).set(Enqueue::new());
    trace().scope(later.perform_later(&queue)).await.unwrap();
    support::wait_for("the job", async || context.request_ids().len() == 2).await;
    stop.cancel();
    running.await.unwrap();
    let id = Some("r-1".to_owned());
    assert_eq!(context.request_ids(), [(4, id.clone()), (4, id)]);
}
