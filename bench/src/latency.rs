use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rand::RngExt as _;
use serde_json::{Value, json};
use test_support::Suite;

use crate::machine;
use crate::summary::Summary;

/// What real Rails needs for the same way on a like machine: Puma, bin/jobs and Solid Cable, both polling each 100 ms.
const RAILS_P50_MS: f64 = 120.0;

pub(crate) async fn measure(changes: usize) -> Result<Value> {
    let polling = run(
        changes,
        &[
            ("DATABASE__QUEUE__WATCH", "false"),
            ("DATABASE__CABLE__WATCH", "false"),
        ],
    )
    .await?;
    let watching = run(changes, &[]).await?;
    Ok(json!({
        "benchmark": "POST /todos to the message on the WebSocket, over web, worker and cable",
        "machine": machine::describe(),
        "polling_alone": polling,
        "watching_the_files": watching,
        "ratio_polling_to_watching": ratio(polling.received.p50_ms, watching.received.p50_ms),
        "rails_p50_ms": RAILS_P50_MS,
    }))
}

#[derive(serde::Serialize)]
struct Run {
    /// From the moment before the request to the message.
    received: Summary,
    /// The baseline: the request alone, to its answer.
    answered: Summary,
}

async fn run(changes: usize, variables: &[(&str, &str)]) -> Result<Run> {
    let suite = Suite::start(variables).await?;
    let browser = suite.browser().await?;
    let mut socket = suite.socket().await?;
    let (mut received, mut answered) = (Vec::new(), Vec::new());
    for change in 0..changes {
        // Polls must not be met always at the same point of their interval.
        let pause = rand::rng().random_range(20..220);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let title = format!("change {change} of the benchmark.");
        let start = Instant::now();
        let response = browser.create(&title).await?;
        answered.push(start.elapsed());
        ensure!(
            response.status() == 303,
            "the server answered {}",
            response.status()
        );
        socket.text_with(&title).await?;
        received.push(start.elapsed());
    }
    Ok(Run {
        received: Summary::of(received),
        answered: Summary::of(answered),
    })
}

fn ratio(numerator: f64, denominator: f64) -> f64 {
    (numerator / denominator * 10.0).round() / 10.0
}
