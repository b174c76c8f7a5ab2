//! Several ways of doing a thing, compared on a machine that is never quite at rest.

use anyhow::Result;

/// Runs each way once a round, one after the other, so that a disturbance hits all alike. Returns the runs of each.
pub(crate) async fn interleave<W, R, const WAYS: usize>(
    rounds: usize,
    ways: &[W; WAYS],
    mut run: impl AsyncFnMut(&W) -> Result<R>,
) -> Result<[Vec<R>; WAYS]> {
    let mut runs = std::array::from_fn(|_| Vec::new());
    for _ in 0..rounds {
        for (way, runs) in ways.iter().zip(&mut runs) {
            runs.push(run(way).await?);
        }
    }
    Ok(runs)
}
