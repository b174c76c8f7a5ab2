//! Several ways of doing a thing, compared on a machine that is never quite at rest.

use anyhow::{Context as _, Result};

/// Runs each way once a round, one after the other, so that a disturbance hits all alike. Returns the runs of each.
pub(crate) async fn interleave<W, R, const WAYS: usize>(
    rounds: usize,
    ways: &[W; WAYS],
    run: impl AsyncFnMut(&W) -> Result<R>,
) -> Result<[Vec<R>; WAYS]> {
    let runs = interleave_all(rounds, ways, run).await?;
    runs.try_into().ok().context("each way has its runs")
}

/// The same for as many ways as there happen to be.
pub(crate) async fn interleave_all<W, R>(
    rounds: usize,
    ways: &[W],
    mut run: impl AsyncFnMut(&W) -> Result<R>,
) -> Result<Vec<Vec<R>>> {
    let mut runs: Vec<Vec<R>> = ways.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (way, runs) in ways.iter().zip(&mut runs) {
            runs.push(run(way).await?);
        }
    }
    Ok(runs)
}
