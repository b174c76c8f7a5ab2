use std::time::Duration;

/// The longest time between the ends of two connections.
const LONGEST_GAP: Duration = Duration::from_millis(500);
/// A shorter time is not worth a sleep.
const SHORTEST_GAP: Duration = Duration::from_millis(5);

/// How many connections to end at a time, and how long to wait between, so that `connections` end within `time`.
pub(crate) fn pace(connections: usize, time: Duration) -> (usize, Duration) {
    let Some(gaps) = u32::try_from(connections.saturating_sub(1))
        .ok()
        .filter(|gaps| *gaps > 0)
    else {
        return (connections.max(1), Duration::ZERO);
    };
    let gap = (time / gaps).min(LONGEST_GAP);
    if gap >= SHORTEST_GAP {
        return (1, gap);
    }
    let steps = usize::try_from(time.as_millis() / SHORTEST_GAP.as_millis()).unwrap_or(usize::MAX);
    (connections.div_ceil(steps.max(1)), SHORTEST_GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_connections_end_with_short_gaps_and_many_in_batches() {
        let ten = Duration::from_secs(10);
        for (connections, time, batch, gap_ms) in [
            (0, ten, 1, 0),
            (1, ten, 1, 0),
            (2, ten, 1, 500),
            (101, ten, 1, 100),
            (2_001, ten, 1, 5),
            (10_000, ten, 5, 5),
            (10_000, Duration::ZERO, 10_000, 5),
        ] {
            assert_eq!(
                pace(connections, time),
                (batch, Duration::from_millis(gap_ms)),
                "{connections}"
            );
        }
    }
}
