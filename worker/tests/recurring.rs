//! The worker process and its `recurring.yml`.

mod support;

use std::fs;

use anyhow::Result;
use insta::assert_snapshot;
use support::Place;
use test_support::{Process, production, run, wait_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_recur_in_either_mode() -> Result<()> {
    for mode in ["async", "fork"] {
        let more = [
            ("SOLID_QUEUE_SKIP_RECURRING", "false"),
            ("RECURRING__BROADCAST__CLASS", "BroadcastTodosJob"),
            ("RECURRING__BROADCAST__SCHEDULE", "every second"),
        ];
        let place = Place::new(mode, &more)?;
        let mut worker = Process::start("worker", &[], &place.variables)?;
        wait_until("two runs", || async {
            place.count("trifecta_recurring_runs").await >= 2
        })
        .await;
        let tasks = "solid_queue_recurring_tasks WHERE static = 1";
        assert_eq!(place.count(tasks).await, 2);
        let scheduler = "solid_queue_processes WHERE kind = 'Scheduler'
            AND json_array_length(metadata, '$.recurring_schedule') = 2";
        assert_eq!(place.count(scheduler).await, 1);
        assert!(worker.stop().await?.success());
        assert_eq!(place.count("solid_queue_processes").await, 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_class_that_is_not_known_is_told() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("tasks.yml");
    fs::write(
        &file,
        "report:\n  class: ReportJob\n  schedule: every day at 3am\n",
    )?;
    let file = file.display().to_string();
    let more = [("SOLID_QUEUE_RECURRING_SCHEDULE", file.as_str())];
    let variables = production(folder.path(), &more);
    for arguments in ["check", "start"] {
        let ended = run("worker", &[arguments], &variables).await?;
        assert_eq!(ended.code, Some(1));
        assert_snapshot!("unknown_class", ended.stderr);
    }
    Ok(())
}
