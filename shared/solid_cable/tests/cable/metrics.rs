//! How late messages are, as a recorder gets it.

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::json;

use crate::support::{File, Listening, soon, values};

/// The lags since the last look; none where nobody listens.
fn lags(snapshotter: &Snapshotter) -> Option<Vec<f64>> {
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    metrics
        .filter(|(key, ..)| key.key().name() == "solid_cable_lag_seconds")
        .map(|(_, unit, help, value)| {
            assert!(unit.is_some() && help.is_some());
            match value {
                DebugValue::Histogram(lags) => lags.into_iter().map(f64::from).collect(),
                other => panic!("no histogram: {other:?}"),
            }
        })
        .next()
}

#[tokio::test]
async fn each_message_tells_how_late_it_is() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _heard = metrics::set_default_local_recorder(&recorder);
    solid_cable::describe_metrics();

    let file = File::new();
    let broadcaster = file.broadcaster();
    broadcaster.broadcast(values("s"), &json!(0)).await.unwrap();
    assert_eq!(lags(&snapshotter), None);

    let listening = Listening::to(file.database());
    let mut stream = listening.follow("s").await;
    assert_eq!(lags(&snapshotter), Some(vec![]));
    for number in 1..=3 {
        let message = json!(number);
        broadcaster.broadcast(values("s"), &message).await.unwrap();
        assert_eq!(soon("a message", stream.next()).await, message);
    }
    let mut told = Vec::new();
    test_support::wait_until("three lags", || {
        told.extend(lags(&snapshotter).unwrap_or_default());
        std::future::ready(told.len() == 3)
    })
    .await;
    assert!(told.iter().all(|lag| (0.0..60.0).contains(lag)), "{told:?}");
}
