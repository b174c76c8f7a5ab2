#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! How a queue fares.

mod support;

use std::time::Duration;

use solid_queue::manage::{Count, Overview, QueueSummary, Queues, processes};
use solid_queue::{
    Clock, Config, Enqueue, PerformLater as _, Queue, RecurringTask, RecurringTasks, Registry,
};
use support::jobs::{Context, held, note, registry};
use support::{QUEUE_SAMPLE, Running, Temp, config, wait_for};

const THRESHOLD: Duration = Duration::from_mins(5);

fn names(queues: &[QueueSummary]) -> Vec<(&str, u64, f64, bool)> {
    let queues = queues.iter();
    queues
        .map(|it| (it.name.as_str(), it.size, it.latency_seconds, it.is_paused))
        .collect()
}

#[tokio::test]
async fn queues_say_how_many_jobs_wait_and_for_how_long() {
    let temp = Temp::new();
    let clock = Clock::fixed("2026-11-23 12:00:00".parse().unwrap());
    let queue = Queue::solid_at(temp.database.clone(), clock.clone());
    let enqueue =
        async |options: Enqueue| note("x").set(options).perform_later(&queue).await.unwrap();
    enqueue(Enqueue::new()).await;
    clock.advance(Duration::from_millis(1_500));
    // The one that goes first is not the oldest.
    enqueue(Enqueue::new().priority(-1)).await;
    enqueue(Enqueue::new().queue("low")).await;
    enqueue(Enqueue::new().queue("later").wait(Duration::from_secs(9))).await;
    clock.advance(Duration::from_secs(1));
    let queues = Queues::new(&temp.database).clock(clock.clone());
    queues.pause("empty").await.unwrap();
    queues.pause("default").await.unwrap();
    let expected = [
        ("default", 2, 2.5, true),
        ("empty", 0, 0.0, true),
        ("later", 0, 0.0, false),
        ("low", 1, 1.0, false),
    ];
    assert_eq!(names(&queues.all().await.unwrap()), expected);
    let overview = Overview::of(&temp.database, &Config::default(), &clock)
        .await
        .unwrap();
    assert_eq!(names(&overview.queues), expected);
    // A paused queue is not late.
    assert!((overview.latency_seconds - 1.0).abs() < 1e-9);
    assert_eq!(overview.jobs.ready, Count::exactly(3));
    assert_eq!(overview.jobs.scheduled, Count::exactly(1));
}

#[tokio::test]
async fn an_overview_tells_who_works_on_what() {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    let context = Context::new(queue.clone());
    held("it").perform_later(&queue).await.unwrap();
    let supervisor = Running::start(temp.other(), config(1), registry(), context.clone());
    wait_for("it runs", async || context.has("it began")).await;
    let clock = Clock::system();
    let overview = Overview::of(&temp.database, &Config::default(), &clock)
        .await
        .unwrap();
    assert_eq!(overview.running.len(), 1);
    let worker = overview
        .processes
        .iter()
        .find(|process| process.kind == "Worker")
        .unwrap();
    assert_eq!(overview.running[0].worker, Some(worker.id));
    assert_eq!((worker.running, worker.is_alive), (1, true));
    assert_eq!(worker.metadata["queues"], "*");
    assert_eq!(u32::try_from(worker.pid).unwrap(), std::process::id());
    let json = serde_json::to_value(&overview).unwrap();
    assert_eq!(
        json["jobs"]["claimed"],
        serde_json::json!({ "jobs": 1, "more": false })
    );
    assert_eq!(
        json["processes"].as_array().unwrap().len(),
        overview.processes.len()
    );
    context.gate.add_permits(1);
    supervisor.stop().await;
    assert!(
        processes(&temp.database, THRESHOLD, &clock)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_overview_tells_of_recurring_tasks() {
    let temp = Temp::new();
    let clock = Clock::fixed("2026-11-23 12:00:00".parse().unwrap());
    let tasks = RecurringTasks::new(temp.database.clone(), &Registry::<()>::new());
    let task = RecurringTask::of_class("report", "every hour", "ReportJob");
    tasks.schedule_recurring_task(task).await.unwrap();
    tasks.pause("report").await.unwrap();
    let overview = Overview::of(&temp.database, &Config::default(), &clock)
        .await
        .unwrap();
    let json = serde_json::to_value(&overview.recurring_tasks[0]).unwrap();
    assert_eq!(
        (&json["class_name"], &json["is_paused"]),
        (&"ReportJob".into(), &true.into())
    );
    assert_eq!(json["next_run_at"], "2026-11-23T13:00:00.000Z");
}

#[tokio::test]
async fn processes_without_a_heartbeat_and_with_a_dead_pid_are_dead() {
    let temp = Temp::with_rows(QUEUE_SAMPLE).await;
    let clock = Clock::system();
    let list = processes(&temp.database, THRESHOLD, &clock).await.unwrap();
    assert!(!list.is_empty());
    assert!(list.iter().all(|process| !process.is_alive));
    temp.execute("UPDATE solid_queue_processes SET last_heartbeat_at = '9999-01-01 00:00:00'")
        .await;
    let list = processes(&temp.database, THRESHOLD, &clock).await.unwrap();
    // Rails says too little of its processes to know better.
    assert!(list.iter().all(|process| process.is_alive));
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let hostname = hostname.trim();
    temp.execute(format!(
        "UPDATE solid_queue_processes SET pid = 2147483647, hostname = '{hostname}', \
        metadata = '{{\"boot_id\":\"another\",\"pid_namespace\":\"pid:[1]\",\"start_time\":1}}'"
    ))
    .await;
    let list = processes(&temp.database, THRESHOLD, &clock).await.unwrap();
    assert!(list.iter().all(|process| !process.is_alive));
}

#[tokio::test(flavor = "multi_thread")]
async fn to_look_takes_no_lock() {
    let temp = Temp::new();
    let other = temp.other();
    let clock = Clock::system();
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let writing = tokio::spawn(async move {
        let hold = other.write(move |_| {
            locked.send(()).unwrap();
            released.recv().unwrap();
            Ok(())
        });
        hold.await.unwrap();
    });
    is_locked.await.unwrap();
    Overview::of(&temp.database, &Config::default(), &clock)
        .await
        .unwrap();
    Queues::new(&temp.database).all().await.unwrap();
    let jobs = solid_queue::manage::Jobs::new(&temp.database);
    jobs.list().await.unwrap();
    jobs.count().await.unwrap();
    jobs.find(solid_queue::JobId(1)).await.unwrap();
    release.send(()).unwrap();
    writing.await.unwrap();
}
