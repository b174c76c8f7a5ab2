//! Limits that change from one version of a program to the next.

use serde::{Deserialize, Serialize};
use solid_queue::{Concurrency, Controls, Job, JobResult, PerformLater as _, Registry};

use super::support::jobs::Context;
use super::support::{Running, Temp, config, wait_for};
use super::{SEMAPHORES, app, finished};

/// The same class in two versions of a program.
#[derive(Serialize, Deserialize)]
struct Version<const TO: u32>(String);

impl<const TO: u32> Job for Version<TO> {
    const NAME: &'static str = "Version";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note(self.0);
        context.gate.acquire().await?.forget();
        Ok(())
    }

    fn controls(&self) -> Controls {
        Controls::new().concurrency(Concurrency::key("k").to(TO))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_was_raised_counts_for_those_who_are_blocked() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    for name in ["a", "b", "c", "d"] {
        Version::<1>(name.into())
            .perform_later(&queue)
            .await
            .unwrap();
    }
    assert_eq!(temp.count("solid_queue_blocked_executions").await, 3);
    let registry = Registry::new().register::<Version<3>>();
    let running = Running::start(temp.database.clone(), config(5), registry, context.clone());
    wait_for("three at once", async || context.notes().len() == 3).await;
    assert_eq!(temp.count("solid_queue_blocked_executions").await, 1);
    context.gate.add_permits(4);
    wait_for("all", async || finished(&temp).await == 4).await;
    running.stop().await;
    assert_eq!(temp.texts(SEMAPHORES).await, ["Version/k 3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_was_lowered_counts_at_once() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    for name in ["a", "b"] {
        Version::<3>(name.into())
            .perform_later(&queue)
            .await
            .unwrap();
    }
    for name in ["c", "d"] {
        Version::<1>(name.into())
            .perform_later(&queue)
            .await
            .unwrap();
    }
    assert_eq!(temp.count("solid_queue_blocked_executions").await, 2);
    let registry = Registry::new().register::<Version<1>>();
    let running = Running::start(temp.database.clone(), config(5), registry, context.clone());
    wait_for("those who had a place", async || context.notes().len() == 2).await;
    context.gate.add_permits(1);
    wait_for("the end of one", async || finished(&temp).await == 1).await;
    assert_eq!(temp.count("solid_queue_blocked_executions").await, 2);
    context.gate.add_permits(3);
    wait_for("all", async || finished(&temp).await == 4).await;
    running.stop().await;
    assert_eq!(temp.texts(SEMAPHORES).await, ["Version/k 1"]);
}
