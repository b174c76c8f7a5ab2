#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What a worker claims, and what becomes of the rows.

mod support;

use std::time::Duration;

use db::Timestamp;
use solid_queue::{
    ClearFinished, Config, Enqueue, PerformLater as _, Queue, Supervisor, SupervisorError,
    clear_finished_in_batches,
};
use support::jobs::{Context, Dropped, Failing, Flaky, Note, Panicking, held, note, registry};
use support::{Running, Temp, config, wait_for};
use tokio_util::sync::CancellationToken;

fn app(temp: &Temp) -> (Queue, Context) {
    let queue = Queue::solid(temp.database.clone());
    (queue.clone(), Context::new(queue))
}

fn start(temp: &Temp, config: Config, context: &Context) -> Running {
    Running::start(temp.database.clone(), config, registry(), context.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_ran_is_finished_and_kept() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let running = start(&temp, config(3), &context);
    note("a").perform_later(&queue).await.unwrap();
    Dropped.perform_later(&queue).await.unwrap();
    let finished = "solid_queue_jobs WHERE finished_at IS NOT NULL AND finished_at = updated_at";
    wait_for("the jobs", async || temp.count(finished).await == 2).await;
    running.stop().await;
    assert_no_execution(&temp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_ran_is_deleted_where_finished_jobs_are_not_kept() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let config = Config {
        preserve_finished_jobs: false,
        ..config(3)
    };
    let running = start(&temp, config, &context);
    note("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    wait_for("its end", async || {
        temp.count("solid_queue_jobs").await == 0
    })
    .await;
    running.stop().await;
    assert_no_execution(&temp).await;
}

async fn assert_no_execution(temp: &Temp) {
    for table in ["ready", "claimed", "scheduled", "failed"] {
        assert_eq!(
            temp.count(&format!("solid_queue_{table}_executions")).await,
            0,
            "{table}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_failed_is_kept_with_its_error() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let message = "say \"no\"".to_owned();
    Failing { message }.perform_later(&queue).await.unwrap();
    Panicking.perform_later(&queue).await.unwrap();
    for (class, arguments) in [("Nobody", "[]"), ("Note", "[1, 2]"), ("Note", "nonsense")] {
        note("x")
            .set(Enqueue::new().queue("broken"))
            .perform_later(&queue)
            .await
            .unwrap();
        temp.execute(format!(
            "UPDATE solid_queue_jobs SET class_name = '{class}', queue_name = 'done',
             arguments = '{{\"arguments\":{arguments}}}' WHERE queue_name = 'broken'"
        ))
        .await;
    }
    // Nobody may perform them before they are what they are to be.
    let running = start(&temp, config(1), &context);
    wait_for("five failures", async || {
        temp.count("solid_queue_failed_executions").await == 5
    })
    .await;
    running.stop().await;
    let errors =
        temp.texts("SELECT error AS value FROM solid_queue_failed_executions ORDER BY job_id");
    let errors = errors.await;
    assert_eq!(
        errors[0],
        r#"{"exception_class":"JobError","message":"say \"no\"","backtrace":null}"#
    );
    assert_eq!(
        errors[1],
        r#"{"exception_class":"Panic","message":"what now","backtrace":null}"#
    );
    let known = "Chain, Dropped, Failing, Flaky, Held, Note, Panicking";
    assert_eq!(
        errors[2],
        format!(
            r#"{{"exception_class":"SolidQueue::UnknownJobError","message":"there is no job named `Nobody` (known: {known})","backtrace":null}}"#
        )
    );
    assert!(
        errors[3].contains("could not read the arguments of `Note`: expected 1 argument, got 2")
    );
    assert!(errors[4].contains("ActiveJob::DeserializationError"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_is_a_new_job_in_the_place_of_the_old_one() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let running = start(&temp, config(1), &context);
    Flaky { failures: 2 }.perform_later(&queue).await.unwrap();
    let finished = "solid_queue_jobs WHERE finished_at IS NOT NULL";
    wait_for("three runs", async || temp.count(finished).await == 3).await;
    running.stop().await;
    let same = "SELECT COUNT(DISTINCT active_job_id) AS value FROM solid_queue_jobs
                WHERE queue_name = 'flaky' AND priority = 3";
    assert_eq!(temp.texts(same).await, ["1"]);
    let payloads = temp.texts(
        "SELECT json_extract(arguments, '$.executions') || json_extract(arguments, '$.exception_executions')
           || coalesce(json_extract(arguments, '$.provider_job_id'), '-') AS value
         FROM solid_queue_jobs ORDER BY id",
    );
    assert_eq!(
        payloads.await,
        ["0{}-", r#"1{"[JobError]":1}1"#, r#"2{"[JobError]":2}2"#]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_end_in_time_is_put_back() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let config = Config {
        shutdown_timeout: Duration::from_millis(20),
        ..config(2)
    };
    let running = start(&temp, config, &context);
    let jobs = vec![held("a"), held("b"), held("c")];
    queue.perform_all_later(jobs).await.unwrap();
    wait_for("two jobs", async || context.notes().len() == 2).await;
    running.stop().await;
    assert_eq!(temp.count("solid_queue_ready_executions").await, 3);
    assert_eq!(temp.count("solid_queue_claimed_executions").await, 0);
    assert_eq!(temp.count("solid_queue_processes").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_due_jobs_are_dispatched_in_batches() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let past = Timestamp::now().before(Duration::from_mins(1));
    let jobs: Vec<Note> = (0..30).map(|number| note(&number.to_string())).collect();
    queue.perform_all_later(jobs).await.unwrap();
    temp.execute(format!(
        "INSERT INTO solid_queue_scheduled_executions (job_id, queue_name, priority, scheduled_at, created_at)
           SELECT job_id, queue_name, priority, '{past}', created_at FROM solid_queue_ready_executions;
         DELETE FROM solid_queue_ready_executions;"
    ))
    .await;
    let mut config = config(1);
    config.dispatchers[0].batch_size = 7;
    let running = start(&temp, config, &context);
    wait_for("the jobs", async || context.notes().len() == 30).await;
    running.stop().await;
}

#[tokio::test]
async fn finished_jobs_are_cleared_in_batches() {
    let temp = Temp::new();
    let (queue, _) = app(&temp);
    let jobs: Vec<Note> = (0..9).map(|number| note(&number.to_string())).collect();
    queue.perform_all_later(jobs).await.unwrap();
    temp.execute(
        "UPDATE solid_queue_jobs SET finished_at = '2026-01-01 00:00:00' WHERE id <= 7;
         UPDATE solid_queue_jobs SET finished_at = '2100-01-01 00:00:00' WHERE id = 8;
         UPDATE solid_queue_jobs SET class_name = 'Other' WHERE id = 7;",
    )
    .await;
    let mut which = ClearFinished {
        class_name: Some("Note".into()),
        batch_size: 4,
        ..ClearFinished::before(Timestamp::now())
    };
    let cleared = clear_finished_in_batches(&temp.database, &which).await;
    assert_eq!(cleared.unwrap(), 6);
    which.class_name = None;
    let cleared = clear_finished_in_batches(&temp.database, &which).await;
    assert_eq!(cleared.unwrap(), 1);
    assert_eq!(
        temp.texts("SELECT id AS value FROM solid_queue_jobs ORDER BY id")
            .await,
        ["8", "9"]
    );
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    let temp = Temp::new();
    let (_, context) = app(&temp);
    let refused = async |config: Config| {
        let supervisor =
            Supervisor::new(temp.database.clone(), config, registry(), context.clone());
        supervisor.run(CancellationToken::new()).await.unwrap_err()
    };
    let nothing = Config {
        workers: Vec::new(),
        dispatchers: Vec::new(),
        ..Config::default()
    };
    assert!(matches!(
        refused(nothing).await,
        SupervisorError::NoProcesses
    ));
    let error = refused(config(0)).await;
    assert_eq!(error.to_string(), "`workers[0].threads` must be at least 1");
    assert!(Config::default().problems().is_empty());
}
