use std::time::Duration;

use solid_queue::manage::{ManageError, Queues, Status, UndiscardableError};
use solid_queue::{Enqueue, PerformLater as _};

use crate::scene::{Scene, classes, fail_many};
use crate::support::jobs::{held, note};
use crate::support::{Running, config, wait_for};

#[tokio::test]
async fn all_jobs_are_discarded_in_batches() {
    let scene = Scene::new();
    fail_many(&scene).await;
    assert_eq!(
        scene
            .jobs
            .clone()
            .class("Limited")
            .discard_all()
            .await
            .unwrap(),
        100
    );
    assert_eq!(
        scene
            .jobs
            .clone()
            .status(Status::Failed)
            .discard_all()
            .await
            .unwrap(),
        1_200
    );
    assert_eq!(scene.temp.count("solid_queue_jobs").await, 0);
    assert_eq!(scene.temp.count("solid_queue_failed_executions").await, 0);
}

#[tokio::test]
async fn a_discarded_job_gives_its_place_to_the_next() {
    let scene = Scene::new();
    let (first, second, third) = (
        scene.limited(1).await,
        scene.limited(1).await,
        scene.limited(1).await,
    );
    assert_eq!(scene.jobs.discard(first).await.unwrap(), Status::Ready);
    assert_eq!(scene.status(first).await, None);
    assert_eq!(scene.status(second).await, Some(Status::Ready));
    assert_eq!(scene.status(third).await, Some(Status::Blocked));
    let value = "SELECT value FROM solid_queue_semaphores";
    assert_eq!(scene.temp.texts(value).await, ["0"]);
    // One that is blocked holds no place.
    assert_eq!(scene.jobs.discard(third).await.unwrap(), Status::Blocked);
    assert_eq!(scene.temp.texts(value).await, ["0"]);
    scene.jobs.discard(second).await.unwrap();
    assert_eq!(scene.temp.texts(value).await, ["1"]);
    assert_eq!(scene.temp.count("trifecta_job_limits").await, 0);
}

#[tokio::test]
async fn clearing_a_queue_takes_only_what_is_ready() {
    let scene = Scene::new();
    for _ in 0..2 {
        scene.limited(1).await;
        scene.limited(2).await;
    }
    note("kept")
        .set(Enqueue::new().queue("other"))
        .perform_later(&scene.queue)
        .await
        .unwrap();
    let queues = Queues::new(&scene.temp.database)
        .clock(scene.clock.clone())
        .registry(&classes());
    assert_eq!(queues.clear("default").await.unwrap(), 2);
    // Their places went to those that were blocked.
    assert_eq!(scene.count(Status::Ready).await, 3);
    assert_eq!(scene.count(Status::Blocked).await, 0);
}

#[tokio::test]
async fn discarding_all_takes_those_that_wait_for_the_others_too() {
    let scene = Scene::new();
    for account in [1, 1, 1, 2, 2] {
        scene.limited(account).await;
    }
    let later = Enqueue::new().wait(Duration::from_mins(1));
    note("later")
        .set(later)
        .perform_later(&scene.queue)
        .await
        .unwrap();
    scene.temp.execute("INSERT INTO solid_queue_jobs (queue_name, class_name, created_at, updated_at) VALUES ('q', 'Lost', '', '')").await;
    assert_eq!(scene.jobs.discard_all().await.unwrap(), 6);
    assert_eq!(
        scene
            .jobs
            .clone()
            .status(Status::Stray)
            .discard_all()
            .await
            .unwrap(),
        1
    );
    assert_eq!(scene.temp.count("solid_queue_jobs").await, 0);
    assert_eq!(
        scene
            .temp
            .texts("SELECT min(value) AS value FROM solid_queue_semaphores")
            .await,
        ["1"]
    );
}

#[tokio::test]
async fn what_runs_or_is_done_cannot_be_discarded() {
    let scene = Scene::new();
    let running = held("running").perform_later(&scene.queue).await.unwrap();
    let supervisor = Running::start(
        scene.temp.other(),
        config(1),
        classes(),
        scene.context.clone(),
    );
    wait_for("it runs", async || scene.context.has("running began")).await;
    let error = scene.jobs.discard(running).await.unwrap_err();
    let ManageError::Undiscardable(error) = error else {
        panic!("{error}")
    };
    assert_eq!(
        error,
        UndiscardableError::Job {
            id: running,
            status: Status::Claimed
        }
    );
    assert_eq!(
        error.to_string(),
        format!("job {running} is claimed: claimed jobs cannot be discarded")
    );
    assert_eq!(scene.jobs.discard_all().await.unwrap(), 0);
    scene.context.gate.add_permits(1);
    wait_for("it is done", async || {
        scene.status(running).await == Some(Status::Finished)
    })
    .await;
    let error = scene.jobs.discard(running).await.unwrap_err();
    assert!(
        matches!(error, ManageError::Undiscardable(error) if error.status() == Status::Finished)
    );
    let error = scene
        .jobs
        .clone()
        .status(Status::Finished)
        .discard_all()
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "finished jobs cannot be discarded");
    supervisor.stop().await;
}
