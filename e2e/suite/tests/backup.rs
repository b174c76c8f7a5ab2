//! A backup of the running suite, under load, takes its place again.
#![allow(clippy::print_stdout, reason = "figures, with `--nocapture`")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use db::{Database, DatabaseConfig, Inspection};
use diesel::connection::SimpleConnection as _;
use diesel::{RunQueryDsl as _, sql_query};
use serde_json::{Value, json};
use test_support::{Browser, Socket, Suite, wait_until};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The files in the order in which the load writes them, by their names in the folder and in a backup.
const FILES: [(&str, &str); 4] = [
    ("production", "primary"),
    ("production_queue", "queue"),
    ("production_cable", "cable"),
    ("production_cache", "cache"),
];
const TODOS: &str = r#"{"channel":"TodosChannel"}"#;

/// A table of the test's own in each file: what the load writes, beside some megabytes.
const TABLES: &str = "CREATE TABLE load (number integer PRIMARY KEY, body blob NOT NULL);
    WITH RECURSIVE rows (row) AS (SELECT -2000 UNION ALL SELECT row + 1 FROM rows WHERE row < -1)
    INSERT INTO load SELECT row, randomblob(4000) FROM rows;";

/// Writes the same number into all four files, one after the other, as fast as it can.
struct Load {
    /// The last number that all files have acknowledged.
    done: watch::Receiver<i64>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<Vec<Waited>>>,
}

/// A write of the load: when it began, and how long it took.
type Waited = (Instant, Duration);

impl Load {
    async fn start(storage: &Path) -> Result<Self> {
        let mut databases = Vec::new();
        for (file, _) in FILES {
            let path = storage.join(format!("{file}.sqlite3"));
            let database = Database::open(&DatabaseConfig::new(path), db::NO_MIGRATIONS)?;
            database.write(|c| c.batch_execute(TABLES)).await?;
            databases.push(database);
        }
        let (sender, done) = watch::channel(0);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut waits = Vec::new();
            for number in 1.. {
                if *stopped.borrow() {
                    break;
                }
                for database in &databases {
                    let start = Instant::now();
                    database.write(move |c| insert(c, number)).await?;
                    waits.push((start, start.elapsed()));
                }
                sender.send_replace(number);
            }
            Ok(waits)
        });
        Ok(Self { done, stop, task })
    }

    async fn reaches(&mut self, number: i64) -> Result<()> {
        self.done.wait_for(|done| *done >= number).await?;
        Ok(())
    }

    async fn stop(self) -> Result<Vec<Waited>> {
        self.stop.send_replace(true);
        self.task.await?
    }
}

fn insert(connection: &mut db::SqliteConnection, number: i64) -> diesel::QueryResult<()> {
    let query = format!("INSERT INTO load VALUES ({number}, x'00')");
    sql_query(query).execute(connection).map(drop)
}

/// Creates todos until it is told to end, and returns the titles that the server took.
fn visitor(
    browser: Browser,
    name: usize,
    stop: watch::Receiver<bool>,
) -> JoinHandle<Result<Vec<(Instant, String)>>> {
    tokio::spawn(async move {
        let mut taken = Vec::new();
        for number in 0.. {
            if *stop.borrow() {
                break;
            }
            let title = format!("todo {name}-{number}");
            let status = browser.create(&title).await?.status();
            ensure!(status == 303, "{status}");
            taken.push((Instant::now(), title));
        }
        Ok(taken)
    })
}

/// The last number of the load that each file of a backup has.
fn numbers(backup: &Path) -> Result<Vec<i64>> {
    let number = |(_, store): &(&str, &str)| {
        let copy = Inspection::open(&backup.join(format!("{store}.sqlite3")))?;
        let text = copy.text("SELECT CAST(max(number) AS text) FROM load")?;
        Ok(text.context("rows")?.parse()?)
    };
    FILES.iter().map(number).collect()
}

fn titles(list: &Value) -> Vec<String> {
    let todos = list["todos"].as_array().cloned().unwrap_or_default();
    let titles = todos.iter().filter_map(|todo| todo["title"].as_str());
    titles.map(str::to_owned).collect()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

async fn backup(suite: &Suite, folder: &Path) -> Result<(PathBuf, String)> {
    let ended = suite.run("worker", &["backup", &text(folder)], &[]).await?;
    ensure!(ended.code == Some(0), "{}", ended.stderr);
    let path = ended.stdout.split([' ', ':']).nth(1).context("a folder")?;
    Ok((path.into(), ended.stdout))
}

/// Opens a socket with the extended protocol, and subscribes with what `history` asks for.
async fn subscribe(suite: &Suite, history: Option<Value>) -> Result<Socket> {
    let mut socket = Socket::open_with(
        &suite.cable_url(),
        Some(&suite.url()),
        "actioncable-v1-ext-json",
    )
    .await?;
    let mut command = json!({ "command": "subscribe", "identifier": TODOS });
    if let Some(history) = history {
        command["history"] = history;
    }
    socket.send(&command.to_string()).await?;
    Ok(socket)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_agrees_with_itself_and_is_restored() -> Result<()> {
    let mut suite = Suite::start(&[]).await?;
    let backups = tempfile::tempdir()?;
    let mut load = Load::start(&suite.storage()).await?;
    let (stop, stopped) = watch::channel(false);
    let mut visitors = Vec::new();
    for name in 0..3 {
        visitors.push(visitor(suite.browser().await?, name, stopped.clone()));
    }
    load.reaches(50).await?;

    let (before, start) = (*load.done.borrow(), Instant::now());
    let (path, said) = backup(&suite, backups.path()).await?;
    let end = Instant::now();
    let after = *load.done.borrow();
    let numbers = numbers(&path)?;
    assert!(
        numbers[3] >= before && numbers[0] <= after + 1,
        "{before} {numbers:?} {after}"
    );
    assert!(
        numbers.windows(2).all(|pair| pair[0] >= pair[1]),
        "{numbers:?}"
    );
    assert!(
        numbers[0] - numbers[3] <= 1,
        "of different moments: {numbers:?}"
    );

    load.reaches(after + 50).await?;
    stop.send_replace(true);
    let mut taken = Vec::new();
    for visitor in visitors {
        taken.extend(visitor.await??);
    }
    tell(&said, start, end, &load.stop().await?);
    let (old, position) = last_broadcast(&suite).await?;

    restores(&mut suite, &path).await?;
    let list = suite.browser().await?.props().await?;
    let restored = titles(&list);
    let acknowledged = taken
        .iter()
        .filter(|(at, _)| *at < start)
        .map(|(_, title)| title);
    let gone: Vec<_> = acknowledged
        .filter(|title| !restored.contains(title))
        .collect();
    assert!(gone.is_empty(), "lost: {gone:?}");
    assert!(
        restored.len() < titles(&old).len(),
        "the list is that of the backup"
    );
    assert_ne!(list["epoch"], old["epoch"]);
    resumes(&suite, position, &list).await
}

/// A further change, and the list and the place in the stream that clients know of it.
async fn last_broadcast(suite: &Suite) -> Result<(Value, Value)> {
    let mut socket = subscribe(suite, None).await?;
    socket.text_with("confirm_subscription").await?;
    suite.browser().await?.create("the last one").await?;
    let frame: Value = serde_json::from_str(&socket.text_with("the last one").await?)?;
    let position = json!({ "epoch": frame["epoch"], "offset": frame["offset"] });
    Ok((frame["message"].clone(), position))
}

/// Not while anything runs, and not over files without a word; then as told.
async fn restores(suite: &mut Suite, path: &Path) -> Result<()> {
    let path = text(path);
    let refused = suite
        .run("worker", &["restore", &path, "--force"], &[])
        .await?;
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    for name in ["web (process ", "worker (process ", "cable (process "] {
        assert!(refused.stderr.contains(name), "{}", refused.stderr);
    }
    // Nobody noticed.
    assert_eq!(
        suite.browser().await?.create("all runs on").await?.status(),
        303
    );
    suite.stop().await?;
    let refused = suite.run("worker", &["restore", &path], &[]).await?;
    assert!(
        refused.stderr.contains("there are files already"),
        "{}",
        refused.stderr
    );
    let start = Instant::now();
    let ended = suite
        .run("worker", &["restore", &path, "--force"], &[])
        .await?;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    println!("restore: {:.2} s", start.elapsed().as_secs_f64());
    let aside = fs::read_dir(suite.storage())?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert_eq!(
        aside.filter(|name| name.starts_with("replaced-")).count(),
        1
    );
    suite.restart().await
}

/// A client that knows a place after the backup is told that it is lost, and has the list as it is now.
async fn resumes(suite: &Suite, position: Value, list: &Value) -> Result<()> {
    let mut socket = subscribe(suite, Some(json!({ "streams": { "todos": position } }))).await?;
    let first: Value = serde_json::from_str(&socket.text_with("todos").await?)?;
    assert_eq!(first["message"]["epoch"], list["epoch"]);
    let answer = socket.text_with("_history").await?;
    assert!(answer.contains("reject_history"), "{answer}");
    suite.browser().await?.create("after the restore").await?;
    socket.text_with("after the restore").await?;
    wait_until("no job to be left over", || async {
        let status = suite.run("worker", &["status", "--json"], &[]).await;
        let status = status
            .ok()
            .and_then(|ended| serde_json::from_str::<Value>(&ended.stdout).ok());
        status.is_some_and(|status| {
            let none =
                |state: &str| status["jobs"][state]["jobs"].as_u64().unwrap_or_default() == 0;
            none("ready") && none("claimed") && none("failed")
        })
    })
    .await;
    Ok(())
}

/// What it cost the writers.
fn tell(said: &str, start: Instant, end: Instant, waits: &[Waited]) {
    let during = |(at, took): &&Waited| *at + *took >= start && *at <= end;
    let line = |what: &str, mut waits: Vec<Duration>| {
        waits.sort_unstable();
        let at = |share: usize| waits.get(waits.len() * share / 1000).or(waits.last());
        let ms = |wait: Option<&Duration>| wait.map_or(0.0, |wait| wait.as_secs_f64() * 1000.0);
        println!(
            "{what}: {} writes, p50 {:.3} ms, p99.9 {:.2} ms, max {:.2} ms",
            waits.len(),
            ms(at(500)),
            ms(at(999)),
            ms(waits.last()),
        );
    };
    print!("{said}");
    println!("backup: {:.2} s", (end - start).as_secs_f64());
    line(
        "writes during the backup",
        waits.iter().filter(during).map(|(_, took)| *took).collect(),
    );
    let others = waits.iter().filter(|wait| !during(wait));
    line("other writes", others.map(|(_, took)| *took).collect());
}
