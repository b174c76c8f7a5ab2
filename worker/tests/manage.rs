//! The commands that look at jobs and move them, against a file beside which nothing runs.

use anyhow::Result;
use insta::{assert_snapshot, with_settings};
use serde_json::Value;
use tempfile::TempDir;
use test_support::{Ended, Variables, production, run};

/// A production folder with an empty queue database.
struct Scene {
    _folder: TempDir,
    variables: Variables,
}

impl Scene {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let variables = production(folder.path(), &[]);
        let file = folder.path().join("production_queue.sqlite3");
        db::Database::open(&db::DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
        Ok(Self {
            _folder: folder,
            variables,
        })
    }

    async fn run(&self, arguments: &[&str]) -> Result<Ended> {
        run("worker", arguments, &self.variables).await
    }

    async fn says(&self, arguments: &[&str]) -> Result<String> {
        Ok(self.run(arguments).await?.said())
    }

    async fn refuses(&self, arguments: &[&str], code: i32) -> Result<String> {
        Ok(self.run(arguments).await?.refused(code))
    }

    async fn json(&self, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(&self.says(arguments).await?)?)
    }
}

/// Times and ids differ from run to run.
macro_rules! assert_said {
    ($said:expr) => {
        let said = $said;
        with_settings!({filters => vec![
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[time]"),
            (r"[0-9a-f]{8}-[0-9a-f-]{27}", "[uuid]"),
            (r"\d+\.\d s", "[seconds]"),
            (r"/\S*/production_queue", "[folder]/production_queue"),
        ]}, { assert_snapshot!(said) });
    };
}

#[tokio::test]
async fn help() -> Result<()> {
    for command in [
        &["status"][..],
        &["pause"],
        &["resume"],
        &["enqueue"],
        &["jobs"],
        &["jobs", "list"],
        &["jobs", "show"],
        &["retry"],
        &["discard"],
        &["cancel"],
        &["run-now"],
        &["clear"],
        &["recurring"],
    ] {
        let arguments = [command, &["--help"]].concat();
        let ended = run("worker", &arguments, &Vec::new()).await?;
        assert_snapshot!(format!("help_{}", command.join("_")), ended.stdout);
    }
    Ok(())
}

#[tokio::test]
async fn a_job_is_enqueued_shown_listed_and_discarded() -> Result<()> {
    let scene = Scene::new()?;
    let waiting = [
        "enqueue",
        "BroadcastTodosJob",
        "--queue",
        "low",
        "--wait",
        "3600",
    ];
    assert_eq!(scene.says(&waiting).await?, "Enqueued job 1.\n");
    assert_said!(scene.says(&["jobs", "list"]).await?);
    assert_said!(scene.says(&["jobs", "show", "1"]).await?);
    assert_eq!(scene.says(&["run-now", "1"]).await?, "Job 1 is due.\n");
    assert_eq!(
        scene.says(&["discard", "1"]).await?,
        "Job 1 is discarded.\n"
    );
    assert_eq!(scene.says(&["jobs", "list"]).await?, "No such jobs.\n");
    Ok(())
}

#[tokio::test]
async fn the_status_tells_of_queues_and_jobs() -> Result<()> {
    let scene = Scene::new()?;
    scene.says(&["enqueue", "BroadcastTodosJob"]).await?;
    scene.says(&["pause", "default"]).await?;
    assert_said!(scene.says(&["status"]).await?);
    let status = scene.json(&["status", "--json"]).await?;
    assert_eq!(status["jobs"]["ready"]["jobs"], 1);
    assert_eq!(status["queues"][0]["is_paused"], true);
    assert_eq!(
        scene.says(&["resume", "default", "low"]).await?,
        "Resumed `default`.\n`low` is not paused.\n"
    );
    Ok(())
}

#[tokio::test]
async fn finished_jobs_are_cleared() -> Result<()> {
    let scene = Scene::new()?;
    assert_said!(scene.says(&["clear"]).await?);
    assert_eq!(scene.says(&["retry", "--all"]).await?, "Retried 0 jobs.\n");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_done_is_said() -> Result<()> {
    let scene = Scene::new()?;
    scene.says(&["enqueue", "BroadcastTodosJob"]).await?;
    assert_said!(scene.refuses(&["enqueue", "Missing"], 1).await?);
    assert_said!(
        scene
            .refuses(&["enqueue", "BroadcastTodosJob", "--args", "{"], 2)
            .await?
    );
    assert_said!(
        scene
            .refuses(&["enqueue", "BroadcastTodosJob", "--args", r#"{"a":1}"#], 1)
            .await?
    );
    assert_said!(scene.refuses(&["jobs", "show", "9"], 1).await?);
    assert_said!(
        scene
            .refuses(&["jobs", "list", "--status", "gone"], 2)
            .await?
    );
    assert_said!(scene.refuses(&["retry", "1", "7"], 1).await?);
    assert_said!(scene.refuses(&["retry"], 2).await?);
    assert_said!(scene.refuses(&["recurring", "run", "none"], 1).await?);
    Ok(())
}

#[tokio::test]
async fn where_there_is_no_file_there_are_no_jobs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let variables = production(folder.path(), &[]);
    let ended = run("worker", &["status"], &variables).await?;
    assert_eq!(ended.code, Some(1));
    assert_said!(ended.stderr);
    assert!(!folder.path().join("production_queue.sqlite3").exists());
    Ok(())
}
