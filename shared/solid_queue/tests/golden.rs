#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! The rows that Rails wrote, and ours beside them.

mod support;

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use solid_queue::{
    Config, Enqueue, Job, JobError, JobResult, PerformLater as _, Queue, Registry, Retry,
    Supervisor, testing,
};
use std::time::Duration;
use support::{ENQUEUED_SAMPLE, QUEUE_SAMPLE, Temp, config, wait_for};
use tokio_util::sync::CancellationToken;

type Seen = Arc<Mutex<Vec<(&'static str, Value)>>>;

/// Declares a job that notes its arguments.
macro_rules! noting {
    ($($name:ident($arguments:ty),)*) => {
        $(#[derive(Serialize, Deserialize)]
        struct $name($arguments);

        impl Job for $name {
            const NAME: &'static str = stringify!($name);
            type Context = Seen;

            async fn perform(self, seen: Seen) -> JobResult {
                seen.lock().unwrap().push((Self::NAME, serde_json::to_value(self.0)?));
                Ok(())
            }
        })*
    };
}

noting! {
    NoopJob(Value),
    SlowJob(u32),
}

/// Two positional arguments.
#[derive(Serialize, Deserialize)]
struct LimitedJob(String, u32);

impl Job for LimitedJob {
    const NAME: &'static str = "LimitedJob";
    type Context = Seen;

    async fn perform(self, seen: Seen) -> JobResult {
        let arguments = serde_json::json!([self.0, self.1]);
        seen.lock().unwrap().push((Self::NAME, arguments));
        Ok(())
    }
}

/// Positional arguments for named fields.
#[derive(Serialize, Deserialize)]
struct TodoBroadcastJob {
    todo: u32,
    delay: f64,
}

impl Job for TodoBroadcastJob {
    const NAME: &'static str = "TodoBroadcastJob";
    type Context = Seen;

    async fn perform(self, seen: Seen) -> JobResult {
        let arguments = serde_json::json!([self.todo, self.delay]);
        seen.lock().unwrap().push((Self::NAME, arguments));
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct RetryingJob;

impl Job for RetryingJob {
    const NAME: &'static str = "RetryingJob";
    type Context = Seen;

    async fn perform(self, _: Seen) -> JobResult {
        Err("again".into())
    }

    fn on_error(_: &JobError, _: u32) -> Retry {
        Retry::After(Duration::from_hours(1))
    }
}

fn registry() -> Registry<Seen> {
    Registry::new()
        .register::<NoopJob>()
        .register::<SlowJob>()
        .register::<LimitedJob>()
        .register::<TodoBroadcastJob>()
        .register::<RetryingJob>()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_performs_what_rails_enqueued() {
    let temp = Temp::with_rows(ENQUEUED_SAMPLE).await;
    let seen = Seen::default();
    let stop = CancellationToken::new();
    let supervisor = Supervisor::new(temp.database.clone(), config(1), registry(), seen.clone());
    let running = tokio::spawn(supervisor.run(stop.clone()));
    // What is left belongs to a paused queue.
    wait_for("the ready jobs", async || {
        let left = temp.count("solid_queue_ready_executions").await;
        left == 1 && temp.count("solid_queue_claimed_executions").await == 0
    })
    .await;
    stop.cancel();
    running.await.unwrap().unwrap();

    let seen = seen.lock().unwrap().clone();
    let noop: Vec<_> = seen.iter().filter(|(name, _)| *name == "NoopJob").collect();
    assert!(noop.contains(&&("NoopJob", serde_json::json!(1))));
    let rich = serde_json::json!({
        "a": [1, null, true, 2.5], "sym": "x", "t": "2026-01-02T03:04:05.677999999Z",
        "d": "2026-01-02", "dur": 300, "n": 1e30,
    });
    assert!(noop.contains(&&("NoopJob", rich)), "{noop:?}");
    assert!(seen.contains(&("TodoBroadcastJob", serde_json::json!([1, 1.5]))));
    assert!(seen.contains(&("LimitedJob", serde_json::json!(["acct1", 0]))));
    // Classes that only Ruby has.
    let failed = temp.texts(
        "SELECT class_name AS value FROM solid_queue_jobs j JOIN solid_queue_failed_executions f
           ON f.job_id = j.id ORDER BY j.id",
    );
    assert_eq!(failed.await, ["FailingJob", "DiscardLimitedJob"]);
}

#[tokio::test]
async fn a_retry_keeps_what_rails_wrote() {
    let temp = Temp::with_rows(ENQUEUED_SAMPLE).await;
    temp.execute(
        r#"DELETE FROM solid_queue_ready_executions WHERE job_id <> 10;
           UPDATE solid_queue_scheduled_executions SET scheduled_at = '2100-01-01 00:00:00';
           UPDATE solid_queue_jobs SET arguments = replace(arguments, '"locale":"en"',
             '"tenant":{"z":100000000000000000000000000000,"a":1.50},"locale":"de"') WHERE id = 10"#,
    )
    .await;
    let queue = Queue::solid(temp.database.clone());
    let seen = Seen::default();
    let performed = testing::run_pending(&queue, registry(), &seen);
    assert_eq!(performed.await.unwrap().retried, 1);
    let payloads = "SELECT arguments AS value FROM solid_queue_jobs WHERE class_name = 'RetryingJob' ORDER BY id";
    let [before, after] = &temp.texts(payloads).await[..] else {
        panic!("expected the old job and the new one");
    };
    let expected = before
        .replace(r#""provider_job_id":null"#, r#""provider_job_id":10"#)
        .replace(
            r#""executions":0,"exception_executions":{}"#,
            r#""executions":1,"exception_executions":{"[JobError]":1}"#,
        );
    assert_eq!(without_times(after), without_times(&expected));
}

#[tokio::test]
async fn our_rows_have_the_shape_of_those_of_rails() {
    let rails = Temp::with_rows(ENQUEUED_SAMPLE).await;
    let ours = Temp::new();
    let queue = Queue::solid(ours.database.clone());
    let job = SlowJob(1).set(Enqueue::new().queue("mailers").priority(10));
    job.perform_later(&queue).await.unwrap();
    SlowJob(1).perform_later(&queue).await.unwrap();
    let later = SlowJob(1).set(Enqueue::new().wait(Duration::from_hours(1)));
    later.perform_later(&queue).await.unwrap();

    let expected = ["text|text|text|integer|text|text|null|null|text|text"; 3];
    assert_eq!(ours.texts(&shape("1 = 1")).await, expected);
    assert_eq!(rails.texts(&shape("id IN (1, 2, 4)")).await, expected);

    let payload = "SELECT arguments AS value FROM solid_queue_jobs ORDER BY id";
    let (theirs, ours_written) = (rails.texts(payload).await, ours.texts(payload).await);
    let as_ours = |payload: &str| {
        without_times(payload)
            .replace("NoopJob", "SlowJob")
            .replace("[2]", "[1]")
    };
    assert_eq!(without_times(&ours_written[0]), as_ours(&theirs[1]));
    assert_eq!(without_times(&ours_written[1]), as_ours(&theirs[0]));
    assert_eq!(
        ours.texts(&states()).await,
        ["1 ready", "2 ready", "3 scheduled"]
    );
    let same = "solid_queue_jobs WHERE json_extract(arguments, '$.job_id') = active_job_id";
    assert_eq!(ours.count(same).await, 3);
}

fn shape(rows: &str) -> String {
    let columns = [
        "queue_name",
        "class_name",
        "arguments",
        "priority",
        "active_job_id",
        "scheduled_at",
        "finished_at",
        "concurrency_key",
        "created_at",
        "updated_at",
    ];
    let types: Vec<_> = columns
        .iter()
        .map(|name| format!("typeof({name})"))
        .collect();
    let types = types.join(" || '|' || ");
    format!("SELECT {types} AS value FROM solid_queue_jobs WHERE {rows}")
}

fn states() -> String {
    let of =
        |state| format!("SELECT job_id || ' {state}' AS value FROM solid_queue_{state}_executions");
    format!("{} UNION {} ORDER BY value", of("ready"), of("scheduled"))
}

/// The payload with the same id and times in all, whose lengths are checked.
fn without_times(payload: &str) -> String {
    let mut text = payload.to_owned();
    for (key, length) in [("job_id", 36), ("enqueued_at", 30), ("scheduled_at", 30)] {
        let start = text.find(&format!("\"{key}\":\"")).unwrap() + key.len() + 4;
        let end = start + text[start..].find('"').unwrap();
        assert_eq!(end - start, length, "{key} in {payload}");
        text.replace_range(start..end, "...");
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_processes_register_like_those_of_rails() {
    let temp = Temp::with_rows(QUEUE_SAMPLE).await;
    let stop = CancellationToken::new();
    let theirs = temp
        .texts("SELECT metadata AS value FROM solid_queue_processes WHERE id = 3")
        .await;
    temp.execute("DELETE FROM solid_queue_processes").await;
    let supervisor = Supervisor::new(
        temp.database.clone(),
        Config::default(),
        registry(),
        Seen::default(),
    );
    let running = tokio::spawn(supervisor.run(stop.clone()));
    wait_for("the start", async || {
        temp.count("solid_queue_processes").await == 3
    })
    .await;
    let rows = temp.texts(
        "SELECT kind || ' ' || (supervisor_id IS NULL) || ' ' || substr(name, 1, length(name) - 20) AS value
         FROM solid_queue_processes ORDER BY kind",
    );
    assert_eq!(
        rows.await,
        [
            "Dispatcher 0 dispatcher-",
            "Supervisor(async) 1 supervisor(async)-",
            "Worker 0 worker-"
        ]
    );
    let metadata = "SELECT metadata AS value FROM solid_queue_processes WHERE kind = 'Worker'";
    assert_eq!(temp.texts(metadata).await, theirs);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn our_schema_is_that_of_rails() {
    let schema =
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS value FROM sqlite_schema
                  WHERE name NOT LIKE '%diesel%' AND tbl_name NOT LIKE '%diesel%' ORDER BY name";
    let (rails, ours) = (Temp::with_rows(QUEUE_SAMPLE).await, Temp::new());
    assert_eq!(ours.texts(schema).await, rails.texts(schema).await);
}
