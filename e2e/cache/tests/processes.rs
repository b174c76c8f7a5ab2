//! Many processes do the same thing at once.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result};
use cache_faults::{Scene, end};
use test_support::{Process, wait_for, wait_until};

const COUNTING: usize = 50;
const FETCHING: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_increment_is_lost() -> Result<()> {
    let scene = Scene::new()?;
    let arguments = ["--timeout", "30000", "increment", "visits", "20"];
    let counting: Result<Vec<_>> = (0..COUNTING).map(|_| scene.start(&arguments)).collect();
    for process in counting? {
        let said = end(process).await?;
        assert!(said.contains("incremented 20"), "{said}");
    }
    let cache = scene.cache()?;
    assert_eq!(cache.read_counter("visits").await, Some(1000));
    assert_eq!(cache.check().await?, [""; 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_computes_for_all() -> Result<()> {
    let scene = Scene::new()?;
    let fetching = fetching(&scene)?;
    all_fetch(&fetching).await;
    computing(&fetching).await;
    fs::write(scene.gate(), "")?;
    let said = ended(fetching).await?;
    assert_eq!(said.matches("computing").count(), 1, "{said}");
    assert_eq!(values(&said).len(), 1, "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_computes_when_the_first_is_killed() -> Result<()> {
    let scene = Scene::new()?;
    let mut fetching = fetching(&scene)?;
    all_fetch(&fetching).await;
    let first = computing(&fetching).await;
    let mut victim = fetching.swap_remove(first);
    let killed = victim.id()?;
    victim.kill().await?;
    computing(&fetching).await;
    fs::write(scene.gate(), "")?;
    let said = ended(fetching).await?;
    assert_eq!(said.matches("computing").count(), 1, "{said}");
    let values = values(&said);
    assert_eq!(values.len(), 1, "{said}");
    assert!(!values.contains(&killed.to_string()), "{said}");
    Ok(())
}

fn fetching(scene: &Scene) -> Result<Vec<Process>> {
    let gate = scene.gate();
    let gate = gate.to_str().context("a name in UTF-8")?;
    let arguments = ["--timeout", "30000", "fetch", "report", gate];
    (0..FETCHING).map(|_| scene.start(&arguments)).collect()
}

async fn all_fetch(processes: &[Process]) {
    wait_until("all to fetch", || async {
        let says = |process: &Process| process.output().contains("fetching");
        processes.iter().all(says)
    })
    .await;
}

/// Waits until one computes.
async fn computing(processes: &[Process]) -> usize {
    wait_for("a process that computes", || async {
        let says = |process: &Process| process.output().contains("computing");
        processes.iter().position(says)
    })
    .await
}

async fn ended(processes: Vec<Process>) -> Result<String> {
    let mut said = Vec::new();
    for process in processes {
        said.push(end(process).await?);
    }
    Ok(said.join("\n"))
}

fn values(said: &str) -> BTreeSet<String> {
    let values = said.lines().filter_map(|line| line.strip_prefix("value "));
    values.map(str::to_owned).collect()
}
