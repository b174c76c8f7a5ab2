//! What a change costs, from the front proxy to the last socket: for who has to choose a machine.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Map, Value, json};
use test_support::{Browser, Process, Suite};
use tokio::task::JoinSet;

use crate::machine;
use crate::proc::{processor_seconds, resident_mb};
use crate::scale::Scale;
use crate::summary::Summary;

/// Todos on the list; each user changes some of their own.
const TODOS: usize = 96;
const USERS: usize = 16;
const FILES: [&str; 4] = ["", "_cache", "_queue", "_cable"];

/// With commits that survive a crash, and with commits that survive a power cut, too.
pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let time = Duration::from_secs(scale.choose(20, 1));
    Ok(json!({
        "benchmark": "PATCH /todos/:id by 16 users through thrust to web, worker and cable, with clients on the same cores",
        "machine": machine::describe(),
        "seconds": time.as_secs(),
        "todos": TODOS,
        "synchronous_normal": under_load(time, "normal").await?,
        "synchronous_full": under_load(time, "full").await?,
    }))
}

async fn under_load(time: Duration, synchronous: &str) -> Result<Value> {
    let levels = [
        ("DATABASE__PRIMARY__SYNCHRONOUS", synchronous),
        ("DATABASE__QUEUE__SYNCHRONOUS", synchronous),
        ("DATABASE__CABLE__SYNCHRONOUS", synchronous),
    ];
    let suite = Suite::start(&levels).await?;
    let front = suite.front(&[("LOG_REQUESTS", "false")])?;
    let url = format!("http://{}", front.address().await);
    let users = users(&url).await?;
    let processes = [
        ("thrust", &front),
        ("web", &suite.web),
        ("worker", &suite.worker),
        ("cable", &suite.cable),
    ];
    let before = used(&processes)?;
    let sizes = sizes(&suite.storage())?;
    let latencies = change(users, time).await?;
    let changes = latencies.len();
    Ok(json!({
        "changes_per_second": (number(changes) / time.as_secs_f64()).round(),
        "answered": Summary::of(latencies),
        "processes": costs(&processes, &before, changes)?,
        "bytes_a_change": growth(&sizes, &self::sizes(&suite.storage())?, changes),
    }))
}

/// The users, each with the ids of the todos that it changes.
async fn users(url: &str) -> Result<Vec<(Browser, Vec<i64>)>> {
    let first = Browser::open(url).await?;
    for number in 0..TODOS {
        let created = first.create(&format!("todo number {number}")).await?;
        ensure!(created.status() == 303, "created: {}", created.status());
    }
    let props = first.props().await?;
    let todos = props["todos"].as_array().context("no list")?;
    let ids: Vec<i64> = todos
        .iter()
        .filter_map(|todo| todo["id"].as_i64())
        .collect();
    let mut users = Vec::new();
    for own in ids.chunks(TODOS / USERS) {
        users.push((Browser::open(url).await?, own.to_vec()));
    }
    Ok(users)
}

/// Lets all change their todos for so long. Returns how long each change took.
async fn change(users: Vec<(Browser, Vec<i64>)>, time: Duration) -> Result<Vec<Duration>> {
    let end = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for (browser, own) in users {
        tasks.spawn(toggle(Arc::new(browser), own, end));
    }
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        all.extend(done??);
    }
    Ok(all)
}

async fn toggle(browser: Arc<Browser>, own: Vec<i64>, end: Instant) -> Result<Vec<Duration>> {
    let mut taken = Vec::new();
    let mut completed = false;
    while Instant::now() < end {
        completed = !completed;
        for id in &own {
            let body = json!({ "todo": { "completed": completed } });
            let request = browser.visit(Method::PATCH, &format!("/todos/{id}"))?;
            let start = Instant::now();
            let answer = request.json(&body).send().await?;
            ensure!(answer.status() == 303, "changed: {}", answer.status());
            taken.push(start.elapsed());
        }
    }
    Ok(taken)
}

fn used(processes: &[(&str, &Process)]) -> Result<Vec<f64>> {
    processes
        .iter()
        .map(|(_, process)| processor_seconds(process.id()?))
        .collect()
}

fn costs(processes: &[(&str, &Process)], before: &[f64], changes: usize) -> Result<Value> {
    let mut costs = Map::new();
    for (((name, process), before), after) in processes.iter().zip(before).zip(used(processes)?) {
        let cost = json!({
            "processor_us_a_change": ((after - before) * 1e6 / number(changes)).round(),
            "resident_mb": resident_mb(process.id()?)?,
        });
        costs.insert((*name).to_owned(), cost);
    }
    Ok(costs.into())
}

/// Bytes of each file. What is still in a write-ahead log takes the room of what is next.
fn sizes(storage: &Path) -> Result<Vec<u64>> {
    let size = |name: &&str| {
        let file = storage.join(format!("production{name}.sqlite3"));
        Ok(fs::metadata(file)?.len())
    };
    FILES.iter().map(size).collect()
}

fn growth(before: &[u64], after: &[u64], changes: usize) -> Value {
    let each = FILES.iter().zip(before.iter().zip(after));
    let grown = each.map(|(name, (before, after))| {
        let name = name.trim_start_matches('_');
        let name = if name.is_empty() { "primary" } else { name };
        let changes = u64::try_from(changes).unwrap_or(u64::MAX).max(1);
        (
            name.to_owned(),
            json!(after.saturating_sub(*before) / changes),
        )
    });
    Value::Object(grown.collect())
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)).max(1.0)
}
