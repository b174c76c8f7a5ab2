#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! The rows of recurring tasks, those who manage them, and the scheduler in its supervisor.

mod support;

use std::time::Duration;

use serde_json::json;
use solid_queue::{
    CatchUp, Config, Queue, RecurringTask, RecurringTaskError, RecurringTasks, Registry,
    SchedulerConfig, Supervisor, SupervisorError, testing,
};
use support::jobs::{Context, note, registry};
use support::recurring::{CLEAR, at, clock_at, minutes, runs, scheduler, tick, with_tasks};
use support::{QUEUE_SAMPLE, Running, Temp, config, wait_for};
use tokio_util::sync::CancellationToken;

const ROWS: &str = "SELECT key || '|' || schedule || '|' || quote(command) || '|' || quote(class_name) || '|' || \
     quote(arguments) || '|' || quote(queue_name) || '|' || quote(priority) || '|' || quote(static) || '|' || \
     quote(description) AS value FROM solid_queue_recurring_tasks ORDER BY key";
const UPDATED: &str = "SELECT key || ' ' || substr(updated_at, 12) AS value FROM solid_queue_recurring_tasks ORDER BY key";

fn clearing() -> RecurringTask {
    RecurringTask::of_command(
        "clear_solid_queue_finished_jobs",
        "every hour at minute 12",
        CLEAR,
    )
}

fn tasks(temp: &Temp) -> RecurringTasks {
    RecurringTasks::new(temp.database.clone(), &registry()).clock(clock_at("12:00:00"))
}

/// With a scheduler that looks often.
fn dynamic() -> SchedulerConfig {
    SchedulerConfig {
        dynamic_tasks_enabled: true,
        polling_interval: Duration::from_millis(10),
    }
}

#[tokio::test]
async fn our_rows_are_those_of_rails() {
    let (rails, ours) = (Temp::with_rows(QUEUE_SAMPLE).await, Temp::new());
    let (clock, config) = (clock_at("12:00:00"), with_tasks(vec![clearing()]));
    let whole =
        "SELECT quote(created_at) || quote(updated_at) AS value FROM solid_queue_recurring_tasks";
    let before = rails.texts(whole).await;
    for temp in [&rails, &ours] {
        let mut scheduler = scheduler(&temp.database, &clock, &config);
        scheduler.run().await.unwrap();
        clock.set(at("12:12:00"));
        assert_eq!(scheduler.run().await.unwrap().len(), 1);
        clock.set(at("12:00:00"));
        let expected = format!(
            "clear_solid_queue_finished_jobs|every hour at minute 12|'{CLEAR}'|NULL|NULL|NULL|NULL|1|NULL"
        );
        assert_eq!(temp.texts(ROWS).await, [expected]);
        let job =
            "SELECT queue_name || ' ' || class_name || ' ' || j.priority || ' ' || run_at AS value
             FROM solid_queue_recurring_executions JOIN solid_queue_jobs j ON j.id = job_id";
        let expected = "solid_queue_recurring SolidQueue::RecurringJob 0 2026-11-23 12:12:00";
        assert_eq!(temp.texts(job).await, [expected]);
    }
    // What is as it should be is not written again.
    assert_eq!(rails.texts(whole).await, before);
}

#[tokio::test]
async fn options_and_arguments_reach_the_job() {
    let temp = Temp::new();
    let clock = clock_at("12:00:00");
    let bare = RecurringTask::of_class("bare", "every minute", "Flaky");
    let full = RecurringTask::of_class("full", "every minute", "Held")
        .args(&json!([1000, { "name": "x", "more": { "a": 1 } }]))
        .unwrap()
        .queue("background")
        .priority(2)
        .description("all of it");
    let typed = RecurringTask::new("typed", "every minute", &support::jobs::held("y")).unwrap();
    let mut scheduler = scheduler(&temp.database, &clock, &with_tasks(vec![bare, full, typed]));
    scheduler.run().await.unwrap();
    clock.advance(minutes(1));
    scheduler.run().await.unwrap();
    assert_eq!(
        temp.texts(ROWS).await,
        [
            "bare|every minute|NULL|'Flaky'|NULL|NULL|NULL|1|NULL",
            "full|every minute|NULL|'Held'|'[1000,{\"more\":{\"a\":1,\"_aj_symbol_keys\":[\"a\"]},\"name\":\"x\",\
             \"_aj_symbol_keys\":[\"more\",\"name\"]}]'|'background'|2|1|'all of it'",
            "typed|every minute|NULL|'Held'|'[{\"name\":\"y\",\"_aj_symbol_keys\":[\"name\"]}]'|NULL|NULL|1|NULL",
        ]
    );
    let jobs = "SELECT queue_name || ' ' || priority || ' ' || json_quote(json_extract(arguments, '$.priority')) ||
                  ' ' || json_extract(arguments, '$.arguments') AS value
                FROM solid_queue_jobs ORDER BY id";
    assert_eq!(
        temp.texts(jobs).await,
        [
            "flaky 3 3 []",
            "background 2 2 [1000,{\"more\":{\"a\":1,\"_aj_symbol_keys\":[\"a\"]},\"name\":\"x\",\
             \"_aj_ruby2_keywords\":[\"more\",\"name\"]}]",
            "default 0 null [{\"name\":\"y\",\"_aj_ruby2_keywords\":[\"name\"]}]",
        ]
    );
}

#[tokio::test]
async fn the_tasks_of_the_file_replace_those_of_the_file_before() {
    let temp = Temp::new();
    let clock = clock_at("12:00:00");
    let class = |key, schedule| RecurringTask::of_class(key, schedule, "Note");
    let old = vec![
        class("gone", "every hour"),
        class("edited", "every hour"),
        tick(),
    ];
    let (old, new) = (
        with_tasks(old),
        with_tasks(vec![class("edited", "every day"), tick()]),
    );
    scheduler(&temp.database, &clock, &old).run().await.unwrap();
    let dynamic = class("dynamic", "every hour").catch_up(CatchUp::All);
    tasks(&temp).schedule_recurring_task(dynamic).await.unwrap();
    clock.set(at("12:00:10"));
    scheduler(&temp.database, &clock, &new).run().await.unwrap();
    assert_eq!(
        temp.texts(UPDATED).await,
        ["dynamic 12:00:00", "edited 12:00:10", "tick 12:00:00"]
    );
}

#[tokio::test]
async fn a_manager_sees_and_runs_the_tasks() {
    let temp = Temp::new();
    let clock = clock_at("12:00:00");
    let mut scheduler = scheduler(&temp.database, &clock, &with_tasks(vec![tick()]));
    scheduler.run().await.unwrap();
    let tasks = RecurringTasks::new(temp.database.clone(), &registry()).clock(clock.clone());
    let listed = tasks.list().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].is_static && !listed[0].is_paused && listed[0].task == tick());
    assert_eq!(
        (listed[0].last_run, listed[0].next_run),
        (None, Some(at("12:01:00")))
    );

    tasks.pause("tick").await.unwrap();
    clock.set(at("12:00:20"));
    tasks.run_now("tick").await.unwrap();
    let listed = tasks.list().await.unwrap();
    assert!(listed[0].is_paused);
    assert_eq!(listed[0].last_run, Some(at("12:00:20")));
    tasks.resume("tick").await.unwrap();
    assert!(!tasks.list().await.unwrap()[0].is_paused);
    clock.set(at("12:01:00"));
    assert_eq!(scheduler.run().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_manager_is_told_what_cannot_be() {
    let temp = Temp::new();
    let clock = clock_at("12:00:00");
    let mut scheduler = scheduler(&temp.database, &clock, &with_tasks(vec![tick()]));
    scheduler.run().await.unwrap();
    let tasks = tasks(&temp);
    let schedule = |schedule: &str| RecurringTask::of_class("new", schedule, "Note");
    let refused = tasks.schedule_recurring_task(tick().queue("other")).await;
    assert!(matches!(refused, Err(RecurringTaskError::Static { key }) if key == "tick"));
    let refused = tasks.unschedule_recurring_task("tick").await;
    assert!(matches!(refused, Err(RecurringTaskError::Static { .. })));
    let refused = tasks
        .schedule_recurring_task(schedule("every now and then"))
        .await;
    assert!(matches!(refused, Err(RecurringTaskError::Schedule { .. })));
    let ruby = RecurringTask::of_command("new", "every hour", "Todo.delete_all");
    let refused = tasks.schedule_recurring_task(ruby).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("`Todo.delete_all`: name a `class` instead"),
        "{refused}"
    );
    for refused in [
        tasks.pause("new").await,
        tasks.resume("new").await,
        tasks.unschedule_recurring_task("new").await,
        tasks.run_now("new").await.map(drop),
    ] {
        assert!(matches!(refused, Err(RecurringTaskError::NotFound { .. })));
    }
    assert_eq!(temp.count("solid_queue_recurring_tasks").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduler_follows_dynamic_tasks() {
    let temp = Temp::new();
    let clock = clock_at("12:00:00");
    let stop = CancellationToken::new();
    let only_scheduler = Config {
        workers: Vec::new(),
        dispatchers: Vec::new(),
        scheduler: dynamic(),
        ..Config::default()
    };
    let context = Context::new(Queue::solid(temp.database.clone()));
    let supervisor = Supervisor::new(temp.database.clone(), only_scheduler, registry(), context);
    let running = tokio::spawn(supervisor.clock(clock.clone()).run(stop.clone()));
    let tasks = tasks(&temp);
    let hourly = RecurringTask::of_class("dynamic", "every hour", "Note");
    tasks.schedule_recurring_task(hourly.clone()).await.unwrap();
    wait_for("the task", async || {
        shown(&temp).await == [r#"{"recurring_schedule":["dynamic"]}"#]
    })
    .await;
    let edited = RecurringTask {
        schedule: "every minute".into(),
        ..hourly
    };
    tasks.schedule_recurring_task(edited).await.unwrap();
    clock.advance(minutes(1));
    wait_for("the run", async || runs(&temp).await == ["12:01:00"]).await;
    tasks.unschedule_recurring_task("dynamic").await.unwrap();
    wait_for("its end", async || shown(&temp).await == ["{}"]).await;
    assert_eq!(temp.count("trifecta_recurring_runs").await, 0);
    stop.cancel();
    running.await.unwrap().unwrap();
}

async fn shown(temp: &Temp) -> Vec<String> {
    temp.texts("SELECT metadata AS value FROM solid_queue_processes WHERE kind = 'Scheduler'")
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_runs_the_tasks() {
    let temp = Temp::with_rows(QUEUE_SAMPLE).await;
    temp.execute("DELETE FROM solid_queue_jobs").await;
    let every_second = RecurringTask::new("tick", "every second", &note("tick")).unwrap();
    let config = Config {
        recurring_tasks: vec![every_second, clearing()],
        ..config(1)
    };
    let context = Context::new(Queue::solid(temp.database.clone()));
    let running = Running::start(temp.database.clone(), config, registry(), context.clone());
    wait_for("two runs", async || context.notes().len() >= 2).await;
    let shown = shown(&temp).await;
    assert!(shown.contains(
        &r#"{"recurring_schedule":["tick","clear_solid_queue_finished_jobs"]}"#.to_owned()
    ));
    running.stop().await;
    let whole = "solid_queue_recurring_executions WHERE length(run_at) <> 19";
    assert_eq!(temp.count(whole).await, 0);
}

#[tokio::test]
async fn the_command_of_rails_clears_finished_jobs() {
    let temp = Temp::with_rows(QUEUE_SAMPLE).await;
    let clock = clock_at("12:00:00");
    temp.execute(
        "DELETE FROM solid_queue_ready_executions; DELETE FROM solid_queue_scheduled_executions",
    )
    .await;
    let finished = "solid_queue_jobs WHERE finished_at < '2026-11-23'";
    assert!(temp.count(finished).await > 5);
    let queue = Queue::solid_at(temp.database.clone(), clock.clone());
    let context = Context::new(queue.clone());
    let mut scheduler = scheduler(&temp.database, &clock, &with_tasks(vec![clearing()]));
    scheduler.run().await.unwrap();
    clock.set(at("12:12:00"));
    scheduler.run().await.unwrap();
    let performed = testing::run_pending(&queue, registry(), &context)
        .await
        .unwrap();
    assert_eq!((performed.finished, performed.failures), (1, vec![]));
    assert_eq!(temp.count(finished).await, 0);
}

#[tokio::test]
async fn other_commands_fail_when_they_are_performed() {
    let temp = Temp::new();
    temp.execute(
        "INSERT INTO solid_queue_recurring_tasks (key, schedule, command, static, created_at, updated_at)
           VALUES ('ruby', 'every minute', 'Todo.delete_all', 0, '2026-11-23 12:00:00', '2026-11-23 12:00:00')",
    )
    .await;
    tasks(&temp).run_now("ruby").await.unwrap();
    let queue = Queue::solid(temp.database.clone());
    let context = Context::new(queue.clone());
    let performed = testing::run_pending(&queue, registry(), &context)
        .await
        .unwrap();
    let message = &performed.failures[0].message;
    assert!(message.ends_with("got `Todo.delete_all`"), "{message}");
}

#[tokio::test]
async fn a_configuration_that_cannot_run_is_refused() {
    let temp = Temp::new();
    let of_class = |class| with_tasks(vec![RecurringTask::of_class("report", "every day", class)]);
    let start = async |config| {
        let context = Context::new(Queue::solid(temp.database.clone()));
        let supervisor = Supervisor::new(temp.database.clone(), config, registry(), context);
        supervisor.run(CancellationToken::new()).await.unwrap_err()
    };
    let error = start(of_class("Reprot")).await;
    assert!(matches!(error, SupervisorError::RecurringTasks(_)));
    assert_eq!(
        error.to_string(),
        "invalid recurring tasks: recurring task `report`: there is no job named `Reprot` \
         (known: Chain, Dropped, Failing, Flaky, Held, Note, Panicking)"
    );
    let twice = with_tasks(vec![tick(), tick()]).recurring_problems(&registry());
    assert!(matches!(&twice[..], [RecurringTaskError::Twice { .. }]));
    assert_eq!(
        of_class("Note")
            .recurring_problems(&Registry::<()>::new())
            .len(),
        1
    );
    assert!(
        with_tasks(vec![clearing()])
            .recurring_problems(&registry())
            .is_empty()
    );
}
