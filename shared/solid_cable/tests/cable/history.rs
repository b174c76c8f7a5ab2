//! What was broadcast before: one suite for all adapters.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use action_cable::{Adapter, Backlog, Cable, History, InProcess, Position, Since};
use solid_cable::{Config, SolidCable};

use crate::support::{File, kept, payloads, soon};

/// An adapter, and others that see the same messages.
async fn each(test: impl AsyncFn(Arc<dyn Adapter>)) {
    test(Arc::new(InProcess::default())).await;
    let file = File::new();
    test(Arc::new(SolidCable::new(
        file.database(),
        Config::default(),
    )))
    .await;
    let prefixed = Config {
        channel_prefix: Some("app".to_owned()),
        ..Config::default()
    };
    test(Arc::new(SolidCable::new(file.database(), prefixed))).await;
}

async fn broadcast(adapter: &dyn Adapter, stream: &str, payloads: impl IntoIterator<Item = i64>) {
    for payload in payloads {
        adapter
            .broadcast(stream, payload.to_string())
            .await
            .unwrap();
    }
}

async fn history(adapter: &dyn Adapter, stream: &str, since: Since) -> History {
    adapter.history(stream, since).await.unwrap()
}

/// Where the adapter stands now.
async fn now(adapter: &dyn Adapter) -> Position {
    let time = SystemTime::now() + Duration::from_hours(1);
    let backlog = kept(history(adapter, "s", Since::Time(time)).await);
    Position {
        epoch: backlog.epoch,
        offset: backlog.complete_to,
    }
}

async fn after(adapter: &dyn Adapter, stream: &str, position: &Position) -> Backlog {
    kept(history(adapter, stream, Since::Position(position.clone())).await)
}

#[tokio::test]
async fn the_messages_after_a_position_are_those_of_the_stream() {
    each(async |adapter| {
        let start = now(&*adapter).await;
        broadcast(&*adapter, "s", [1, 2]).await;
        broadcast(&*adapter, "S", [3]).await;
        broadcast(&*adapter, "s", [4]).await;
        let all = after(&*adapter, "s", &start).await;
        assert_eq!(payloads(&all), ["1", "2", "4"]);
        assert!(!all.has_more);
        assert_eq!(all.complete_to, all.messages[2].offset);
        assert_eq!(all.epoch, start.epoch);
        for (known, rest) in [(0, &["2", "4"][..]), (1, &["4"]), (2, &[])] {
            let position = Position {
                offset: all.messages[known].offset,
                ..start.clone()
            };
            assert_eq!(payloads(&after(&*adapter, "s", &position).await), rest);
        }
        let other = after(&*adapter, "S", &start).await;
        assert_eq!(payloads(&other), ["3"]);
        // It is complete up to what was broadcast to others, too.
        assert_eq!(other.complete_to, all.complete_to);
        assert!(payloads(&after(&*adapter, "nobody", &start).await).is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_position_that_is_not_known_is_lost() {
    each(async |adapter| {
        broadcast(&*adapter, "s", [1]).await;
        let now = now(&*adapter).await;
        let of_another_epoch = Position {
            epoch: "0".into(),
            ..now.clone()
        };
        let of_the_future = Position {
            offset: now.offset + 1,
            ..now.clone()
        };
        let of_no_time = Position { offset: -1, ..now };
        for position in [of_another_epoch, of_the_future, of_no_time] {
            let history = history(&*adapter, "s", Since::Position(position)).await;
            assert_eq!(history, History::Lost);
        }
    })
    .await;
}

#[tokio::test]
async fn the_messages_since_a_time_are_never_lost() {
    each(async |adapter| {
        let before = SystemTime::now() - Duration::from_secs(1);
        broadcast(&*adapter, "time", [1, 2]).await;
        let all = kept(history(&*adapter, "time", Since::Time(before)).await);
        assert_eq!(payloads(&all), ["1", "2"]);
        let epoch = kept(history(&*adapter, "time", Since::Time(SystemTime::UNIX_EPOCH)).await);
        assert_eq!(epoch, all);
        let later = SystemTime::now() + Duration::from_secs(1);
        let none = kept(history(&*adapter, "time", Since::Time(later)).await);
        assert!(none.messages.is_empty());
        assert_eq!(none.complete_to, all.complete_to);
    })
    .await;
}

#[tokio::test]
async fn many_messages_come_in_batches() {
    each(async |adapter| {
        let start = now(&*adapter).await;
        broadcast(&*adapter, "s", 0..250).await;
        broadcast(&*adapter, "S", [250]).await;
        let mut position = start.clone();
        let mut numbers = Vec::new();
        let mut sizes = Vec::new();
        loop {
            let batch = after(&*adapter, "s", &position).await;
            numbers.extend(payloads(&batch).iter().map(|it| it.parse::<i64>().unwrap()));
            sizes.push(batch.messages.len());
            assert!(batch.complete_to >= position.offset);
            position.offset = batch.complete_to;
            if !batch.has_more {
                break;
            }
        }
        assert_eq!(numbers, (0..250).collect::<Vec<_>>());
        assert_eq!(sizes, [100, 100, 50]);
        assert_eq!(position, now(&*adapter).await);
        let since = Since::Time(SystemTime::UNIX_EPOCH);
        let first = kept(history(&*adapter, "s", since).await);
        assert!(first.has_more);
        assert_eq!(first.messages.last().unwrap().offset, first.complete_to);
    })
    .await;
}

#[tokio::test]
async fn batches_are_bounded_in_bytes() {
    each(async |adapter| {
        let start = now(&*adapter).await;
        let large = format!("\"{}\"", "x".repeat(100 * 1024));
        let huge = format!("\"{}\"", "x".repeat(300 * 1024));
        for payload in [&large, &large, &large, &huge, &large] {
            adapter.broadcast("s", payload.clone()).await.unwrap();
        }
        let mut position = start;
        let mut sizes = Vec::new();
        loop {
            let batch = after(&*adapter, "s", &position).await;
            sizes.push(batch.messages.len());
            position.offset = batch.complete_to;
            if !batch.has_more {
                break;
            }
        }
        assert_eq!(sizes, [2, 1, 1, 1]);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_json_is_left_out() {
    each(async |adapter| {
        let start = now(&*adapter).await;
        for payload in ["1", "{", "", "2"] {
            adapter.broadcast("s", payload.to_owned()).await.unwrap();
        }
        assert_eq!(payloads(&after(&*adapter, "s", &start).await), ["1", "2"]);
    })
    .await;
}

#[tokio::test]
async fn concurrent_broadcasts_have_one_order() {
    each(async |adapter| {
        let start = now(&*adapter).await;
        let broadcasters: Vec<_> = (0..4)
            .map(|broadcaster| {
                let adapter = Arc::clone(&adapter);
                tokio::spawn(async move {
                    let numbers = (0..20).map(|number| broadcaster * 100 + number);
                    broadcast(&*adapter, "s", numbers).await;
                })
            })
            .collect();
        for broadcaster in broadcasters {
            soon("a broadcaster", broadcaster).await.unwrap();
        }
        let all = after(&*adapter, "s", &start).await;
        assert_eq!(all.messages.len(), 80);
        assert!(all.messages.is_sorted_by_key(|message| message.offset));
        for broadcaster in 0..4 {
            let own = payloads(&all)
                .iter()
                .map(|it| it.parse::<i64>().unwrap())
                .filter(|number| number / 100 == broadcaster)
                .collect::<Vec<_>>();
            assert!(own.is_sorted() && own.len() == 20);
        }
    })
    .await;
}

#[tokio::test]
async fn a_cable_takes_the_adapter_in_a_process() {
    let cable = Cable::new(InProcess::default());
    let stream = crate::support::values("s");
    let mut subscriber = action_cable::testing::broadcasts(&cable, stream.clone()).await;
    cable.broadcast(stream, &1.into()).await.unwrap();
    assert_eq!(soon("a message", subscriber.next()).await, 1);
}
