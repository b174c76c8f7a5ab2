#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What a supervisor does for those who look after it: hooks, health, heartbeats to the end, its pidfile.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use solid_queue::{
    Config, Hooks, Moment, PerformLater as _, PidfileError, ProcessKind, Queue, Supervisor,
    SupervisorError,
};
use support::jobs::{Context, held, note, registry};
use support::{Temp, config, wait_for};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_are_called_in_the_order_of_life() {
    use Moment::{Exit, Start, Stop};
    use ProcessKind::{Dispatcher, Supervisor as Head, Worker};

    let temp = Temp::new();
    let (told, hooks) = recording();
    let (stop, task) = start(&temp, config(1), |supervisor| supervisor.hooks(hooks));
    let registered = "SELECT name || ' ' || id || ' ' || pid AS value FROM solid_queue_processes";
    wait_for("the start", async || told.lock().unwrap().len() == 3).await;
    let registered = temp.texts(registered).await;
    for (_, _, instance) in told.lock().unwrap().iter() {
        assert!(
            registered.contains(instance),
            "{instance} of {registered:?}"
        );
    }
    stop.cancel();
    task.await.unwrap().unwrap();

    let told = told.lock().unwrap();
    let at = |kind, moment| {
        let is = |(of, when, _): &Told| (*of, *when) == (kind, moment);
        told.iter().position(is).unwrap()
    };
    assert_eq!(told.len(), 9);
    for child in [Worker, Dispatcher] {
        assert!(at(Head, Start) < at(child, Start));
        assert!(at(child, Start) < at(child, Stop));
        assert!(at(child, Stop) < at(child, Exit));
        assert!(at(child, Exit) < at(Head, Exit));
    }
    assert!(at(Head, Stop) < at(Head, Exit));
}

type Told = (ProcessKind, Moment, String);

fn recording() -> (Arc<Mutex<Vec<Told>>>, Hooks) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut hooks = Hooks::new();
    for kind in [
        ProcessKind::Supervisor,
        ProcessKind::Worker,
        ProcessKind::Dispatcher,
    ] {
        for moment in [Moment::Start, Moment::Stop, Moment::Exit] {
            let told = Arc::clone(&told);
            hooks = hooks.on(kind, moment, move |instance| {
                assert_eq!(instance.kind, kind);
                let text = format!("{} {} {}", instance.name, instance.id, instance.pid);
                told.lock().unwrap().push((kind, moment, text));
            });
        }
    }
    (told, hooks)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_that_fail_stop_nothing() {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    let context = Context::new(queue.clone());
    let hooks = Hooks::new()
        .on_supervisor_start(|_| Err::<(), _>("not today"))
        .on_worker_start(|_| -> () { panic!("what now") })
        .on_worker_stop(|_| Err::<(), _>("nor now"))
        .on_dispatcher_exit(|_| -> () { panic!("never") });
    let stop = CancellationToken::new();
    let supervisor = Supervisor::new(
        temp.database.clone(),
        config(1),
        registry(),
        context.clone(),
    );
    let task = tokio::spawn(supervisor.hooks(hooks).run(stop.clone()));
    note("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    stop.cancel();
    task.await.unwrap().unwrap();
    assert_eq!(temp.count("solid_queue_processes").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_follows_the_heartbeats() {
    let temp = Temp::new();
    let config = Config {
        process_heartbeat_interval: Duration::from_millis(100),
        ..config(1)
    };
    let mut health = None;
    let (stop, task) = start(&temp, config, |supervisor| {
        health = Some(supervisor.health());
        supervisor
    });
    let health = health.unwrap();
    wait_for("health", async || health.is_well()).await;
    // Whoever cannot tell that it lives is not well.
    temp.execute("ALTER TABLE solid_queue_processes RENAME TO gone")
        .await;
    wait_for("illness", async || !health.is_well()).await;
    temp.execute("ALTER TABLE gone RENAME TO solid_queue_processes")
        .await;
    wait_for("recovery", async || health.is_well()).await;
    stop.cancel();
    task.await.unwrap().unwrap();
    assert!(!health.is_well());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_long_jobs_still_shows_that_it_lives() {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    let context = Context::new(queue.clone());
    let config = Config {
        process_heartbeat_interval: Duration::from_millis(50),
        shutdown_timeout: Duration::ZERO,
        ..config(1)
    };
    let stop = CancellationToken::new();
    let supervisor = Supervisor::new(temp.database.clone(), config, registry(), context.clone());
    let task = tokio::spawn(supervisor.run(stop.clone()));
    held("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a began")).await;
    stop.cancel();
    // The dispatcher has nothing to wait for.
    wait_for("the stop", async || {
        temp.count("solid_queue_processes").await == 2
    })
    .await;
    let beats = "SELECT min(last_heartbeat_at) AS value FROM solid_queue_processes";
    let before = temp.texts(beats).await;
    wait_for("another heartbeat", async || {
        temp.texts(beats).await > before
    })
    .await;
    context.gate.add_permits(1);
    task.await.unwrap().unwrap();
    assert!(context.has("a ended"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pidfile_lets_one_run() {
    let temp = Temp::new();
    let path = temp.folder.path().join("supervisor.pid");
    let config = Config {
        supervisor_pidfile: Some(path.clone()),
        ..config(1)
    };
    let (stop, task) = start(&temp, config.clone(), |supervisor| supervisor);
    wait_for("the pidfile", async || path.exists()).await;
    let (_, second) = start(&temp, config, |supervisor| supervisor);
    let refused = second.await.unwrap().unwrap_err();
    let expected = matches!(
        refused,
        SupervisorError::Pidfile(PidfileError::Running { .. })
    );
    assert!(expected, "{refused}");
    stop.cancel();
    task.await.unwrap().unwrap();
    assert!(!path.exists());
}

type Running = (CancellationToken, JoinHandle<Result<(), SupervisorError>>);

fn start(
    temp: &Temp,
    config: Config,
    change: impl FnOnce(Supervisor<Context>) -> Supervisor<Context>,
) -> Running {
    let context = Context::new(Queue::solid(temp.database.clone()));
    let supervisor = Supervisor::new(temp.database.clone(), config, registry(), context);
    let stop = CancellationToken::new();
    let task = tokio::spawn(change(supervisor).run(stop.clone()));
    (stop, task)
}
