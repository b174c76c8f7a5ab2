use std::future::Future;
use std::time::{Duration, Instant};

/// How long a test waits for something that must happen. Only a failing test waits that long: a machine may be busy with much
/// else, and have a part of a processor.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Asks again and again until the answer is `Some`.
///
/// # Panics
/// When that takes longer than [`PATIENCE`]; the message says `what` was waited for.
pub async fn wait_for<T, F, Fut>(what: &str, mut ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "waited {} s in vain for {what}",
            PATIENCE.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Asks again and again until the answer is yes.
///
/// # Panics
/// As [`wait_for`].
pub async fn wait_until<F, Fut>(what: &str, mut ask: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    wait_for(what, || {
        let answer = ask();
        async move { answer.await.then_some(()) }
    })
    .await;
}
