use std::time::Duration;

use anyhow::{Context as _, Result};
use test_support::{Browser, PATIENCE, wait_for};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::FRONT;

/// Between two changes. A list that grows too long would be what is tested.
const PACE: Duration = Duration::from_millis(20);

/// Somebody who makes todos, and sends each again until it is acknowledged, as the page does.
pub(crate) struct Writer {
    task: JoinHandle<Result<Vec<String>>>,
    done: watch::Receiver<usize>,
    over: watch::Sender<bool>,
}

impl Writer {
    pub(crate) fn start() -> Self {
        let (done, over) = (watch::Sender::new(0), watch::Sender::new(false));
        Self {
            done: done.subscribe(),
            task: tokio::spawn(write(done, over.subscribe())),
            over,
        }
    }

    pub(crate) async fn goes_on(&self) -> Result<()> {
        let mut done = self.done.clone();
        let goal = *done.borrow() + 3;
        let came = tokio::time::timeout(PATIENCE, done.wait_for(|count| *count >= goal)).await;
        came.context("no change is acknowledged")?
            .context("the writer went away")
            .map(drop)
    }

    /// Returns what was acknowledged.
    pub(crate) async fn end(self) -> Result<Vec<String>> {
        self.over.send_replace(true);
        self.task.await?
    }
}

async fn write(done: watch::Sender<usize>, over: watch::Receiver<bool>) -> Result<Vec<String>> {
    let browser = Browser::open(FRONT).await?;
    let mut titles = Vec::new();
    while !*over.borrow() {
        let title = format!("change {}", titles.len());
        wait_for("a change is acknowledged", || async {
            let create = browser.visit(reqwest::Method::POST, "/todos").ok()?;
            let create = create.header("idempotency-key", title.replace(' ', "-"));
            let body = serde_json::json!({ "todo": { "title": title } });
            let answer = create.json(&body).send().await.ok()?;
            (answer.status() == 303).then_some(())
        })
        .await;
        titles.push(title);
        done.send_replace(titles.len());
        tokio::time::sleep(PACE).await;
    }
    Ok(titles)
}
