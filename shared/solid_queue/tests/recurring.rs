#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What a scheduler of recurring tasks enqueues and when.

mod support;

use std::sync::mpsc;

use solid_queue::{CatchUp, RecurringTask, RecurringTasks};
use support::jobs::registry;
use support::recurring::{at, clock_at, minutes, runs, scheduler, tick, with_tasks};
use support::{Temp, wait_for};

#[tokio::test]
async fn each_time_is_enqueued_once() {
    let temp = Temp::new();
    let (clock, config) = (clock_at("12:00:00"), with_tasks(vec![tick()]));
    let mut one = scheduler(&temp.database, &clock, &config);
    let mut other = scheduler(&temp.other(), &clock, &config);
    assert!(one.run().await.unwrap().is_empty() && other.run().await.unwrap().is_empty());
    for _ in 0..3 {
        clock.advance(minutes(1));
        let (one, other) = tokio::join!(one.run(), other.run());
        assert_eq!(one.unwrap().len() + other.unwrap().len(), 1);
    }
    assert_eq!(runs(&temp).await, ["12:01:00", "12:02:00", "12:03:00"]);
    assert_eq!(temp.count("solid_queue_ready_executions").await, 3);
}

#[tokio::test]
async fn a_time_that_rails_took_is_left_to_it() {
    let temp = Temp::new();
    let (clock, config) = (clock_at("12:00:00"), with_tasks(vec![tick()]));
    let mut scheduler = scheduler(&temp.database, &clock, &config);
    scheduler.run().await.unwrap();
    clock.advance(minutes(1));
    scheduler.run().await.unwrap();
    temp.execute("UPDATE solid_queue_recurring_executions SET run_at = '2026-11-23 12:02:00'")
        .await;
    clock.advance(minutes(1));
    assert!(scheduler.run().await.unwrap().is_empty());
    assert_eq!(temp.count("solid_queue_jobs").await, 1);
}

#[tokio::test]
async fn a_run_is_remembered_when_its_job_is_gone() {
    let temp = Temp::new();
    let (clock, config) = (clock_at("12:00:00"), with_tasks(vec![tick()]));
    let mut one = scheduler(&temp.database, &clock, &config);
    let mut other = scheduler(&temp.other(), &clock, &config);
    one.run().await.unwrap();
    other.run().await.unwrap();
    clock.advance(minutes(1));
    assert_eq!(one.run().await.unwrap().len(), 1);
    temp.execute("DELETE FROM solid_queue_jobs").await;
    assert_eq!(temp.count("solid_queue_recurring_executions").await, 0);
    assert!(other.run().await.unwrap().is_empty());
}

#[tokio::test]
async fn only_so_many_runs_are_remembered() {
    let temp = Temp::new();
    temp.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
         INSERT INTO trifecta_recurring_runs (task_key, run_at)
           SELECT 'tick', strftime('%Y-%m-%d %H:%M:%S', '2026-11-22 00:00:00', i || ' minutes') FROM n",
    )
    .await;
    let (clock, config) = (clock_at("12:00:00"), with_tasks(vec![tick()]));
    let mut scheduler = scheduler(&temp.database, &clock, &config);
    scheduler.run().await.unwrap();
    clock.advance(minutes(1));
    scheduler.run().await.unwrap();
    assert_eq!(temp.count("trifecta_recurring_runs").await, 200);
    let newest = "SELECT max(run_at) AS value FROM trifecta_recurring_runs";
    assert_eq!(temp.texts(newest).await, ["2026-11-23 12:01:00"]);
}

#[tokio::test]
async fn a_clock_that_jumps_is_followed() {
    let temp = Temp::new();
    let config = with_tasks(vec![tick()]);
    let clock = clock_at("12:00:00");
    let mut scheduler = scheduler(&temp.database, &clock, &config);
    scheduler.run().await.unwrap();
    // Ahead: what was missed is skipped.
    clock.advance(minutes(60));
    scheduler.run().await.unwrap();
    clock.advance(minutes(1));
    scheduler.run().await.unwrap();
    assert_eq!(runs(&temp).await, ["13:00:00", "13:01:00"]);
    // Back: it goes on at once, and does not repeat itself.
    for time in ["12:58:30", "12:59:00", "13:00:00", "13:01:00", "13:02:00"] {
        clock.set(at(time));
        scheduler.run().await.unwrap();
    }
    let all = ["13:00:00", "13:01:00", "12:59:00", "13:02:00"];
    assert_eq!(runs(&temp).await, all);
}

/// The runs of a task for every minute that nobody served from 12:01 to 12:04:30.
async fn after_an_outage(catch_up: CatchUp) -> Vec<String> {
    let temp = Temp::new();
    let config = with_tasks(vec![tick().catch_up(catch_up)]);
    let clock = clock_at("12:00:00");
    let mut before = scheduler(&temp.database, &clock, &config);
    before.run().await.unwrap();
    clock.advance(minutes(1));
    before.run().await.unwrap();
    drop(before);
    clock.set(at("12:04:30"));
    let mut after = scheduler(&temp.database, &clock, &config);
    after.run().await.unwrap();
    clock.set(at("12:05:00"));
    after.run().await.unwrap();
    runs(&temp).await
}

#[tokio::test]
async fn what_was_missed_follows_the_policy() {
    let skipped = after_an_outage(CatchUp::Skip).await;
    assert_eq!(skipped, ["12:01:00", "12:05:00"]);
    let once = after_an_outage(CatchUp::Once).await;
    assert_eq!(once, ["12:01:00", "12:04:00", "12:05:00"]);
    let all = ["12:01:00", "12:02:00", "12:03:00", "12:04:00", "12:05:00"];
    assert_eq!(after_an_outage(CatchUp::All).await, all);
}

#[tokio::test]
async fn a_task_that_was_changed_catches_nothing_up() {
    let temp = Temp::new();
    let clock = clock_at("12:00:00");
    let daily = RecurringTask::of_class("tick", "every day at noon", "Note");
    let daily = with_tasks(vec![daily.catch_up(CatchUp::All)]);
    scheduler(&temp.database, &clock, &daily)
        .run()
        .await
        .unwrap();
    clock.set(at("15:00:30"));
    let every_minute = with_tasks(vec![tick().catch_up(CatchUp::All)]);
    let mut scheduler = scheduler(&temp.database, &clock, &every_minute);
    assert!(scheduler.run().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_paused_task_does_not_run() {
    for (catch_up, expected) in [
        (CatchUp::Skip, &["12:06:00"][..]),
        (CatchUp::Once, &["12:05:00", "12:06:00"]),
    ] {
        let temp = Temp::new();
        let clock = clock_at("12:00:00");
        let config = with_tasks(vec![tick().catch_up(catch_up)]);
        let mut scheduler = scheduler(&temp.database, &clock, &config);
        scheduler.run().await.unwrap();
        let tasks = RecurringTasks::new(temp.database.clone(), &registry());
        tasks.pause("tick").await.unwrap();
        for _ in 0..5 {
            clock.advance(minutes(1));
            assert!(scheduler.run().await.unwrap().is_empty());
        }
        clock.set(at("12:05:30"));
        tasks.resume("tick").await.unwrap();
        scheduler.run().await.unwrap();
        clock.set(at("12:06:00"));
        scheduler.run().await.unwrap();
        assert_eq!(runs(&temp).await, expected, "{catch_up:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_work_it_asks_for_no_lock() {
    let temp = Temp::new();
    let clock = clock_at("12:00:00");
    let paused = RecurringTask::of_class("paused", "every minute", "Note");
    let config = with_tasks(vec![tick(), paused]);
    let mut one = scheduler(&temp.database, &clock, &config);
    let mut other = scheduler(&temp.database, &clock, &config);
    one.run().await.unwrap();
    other.run().await.unwrap();
    let tasks = RecurringTasks::new(temp.database.clone(), &registry());
    tasks.pause("paused").await.unwrap();
    clock.advance(minutes(1));
    assert_eq!(one.run().await.unwrap().len(), 1);

    let (locked, is_locked) = mpsc::channel();
    let (unlock, until) = mpsc::channel::<()>();
    let holder = temp.other();
    let lock = tokio::spawn(async move {
        let held = holder.write(move |_| {
            locked.send(()).unwrap();
            Ok(until.recv().is_err())
        });
        held.await.unwrap()
    });
    wait_for("the lock", async || is_locked.try_recv().is_ok()).await;
    // Nothing is due, another one was first, the task is paused, or all is stored as it should be.
    assert!(one.run().await.unwrap().is_empty());
    assert!(other.run().await.unwrap().is_empty());
    let mut third = scheduler(&temp.database, &clock, &config);
    assert!(third.run().await.unwrap().is_empty());
    drop(unlock);
    assert!(lock.await.unwrap());
}

#[tokio::test]
async fn a_locked_file_delays_a_run_and_loses_none() {
    let temp = Temp::new();
    let (clock, config) = (clock_at("12:00:00"), with_tasks(vec![tick()]));
    let mut scheduler = scheduler(&temp.database, &clock, &config);
    scheduler.run().await.unwrap();
    temp.execute(
        "CREATE TRIGGER outage BEFORE INSERT ON solid_queue_jobs BEGIN SELECT raise(ABORT, 'outage'); END",
    )
    .await;
    clock.advance(minutes(1));
    assert!(scheduler.run().await.is_err());
    clock.set(at("12:01:45"));
    assert!(scheduler.run().await.is_err());
    temp.execute("DROP TRIGGER outage").await;
    assert_eq!(scheduler.run().await.unwrap().len(), 1);
    assert_eq!(runs(&temp).await, ["12:01:00"]);
}
