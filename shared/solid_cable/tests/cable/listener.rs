//! One process hears what another broadcasts.

use std::time::Duration;

use action_cable::testing::broadcasts;
use action_cable::{Adapter as _, ListenerState};
use db::{Database, DatabaseConfig};
use serde_json::json;
use solid_cable::{Config, MIGRATIONS, SolidCable};

use crate::support::{File, Listening, soon, values};

async fn a_thousand_messages(config: DatabaseConfig) {
    let open = || Database::open(&config, MIGRATIONS).unwrap();
    let broadcaster = SolidCable::new(open(), Config::default()).cable();
    let listening = Listening::to(open());
    let mut stream = listening.follow("numbers").await;
    let mut other = listening.follow("other").await;
    for number in 0..1000 {
        broadcaster
            .broadcast(values("numbers"), &json!(number))
            .await
            .unwrap();
    }
    for number in 0..1000 {
        assert_eq!(soon("a message", stream.next()).await, json!(number));
    }
    assert!(other.received().is_empty());
    let status = listening.solid_cable.listener();
    assert_eq!(status.state, ListenerState::Listening);
    assert!(status.since_poll.unwrap() < Duration::from_secs(5));
}

#[tokio::test]
async fn messages_arrive_in_the_order_of_the_broadcasts() {
    a_thousand_messages(File::new().config()).await;
}

#[tokio::test]
async fn polling_alone_is_enough() {
    let file = File::new();
    a_thousand_messages(DatabaseConfig {
        watch: false,
        ..file.config()
    })
    .await;
}

#[tokio::test]
async fn the_watch_alone_is_enough() {
    let file = File::new();
    let hourly = Config {
        polling_interval: Duration::from_hours(1),
        ..Config::default()
    };
    let listening = Listening::with(file.database(), hourly);
    let mut stream = listening.follow("s").await;
    let broadcaster = file.broadcaster();
    for number in 0..50 {
        let message = json!(number);
        broadcaster.broadcast(values("s"), &message).await.unwrap();
        assert_eq!(soon("a message", stream.next()).await, message);
    }
}

#[tokio::test]
async fn nothing_from_before_is_delivered() {
    let file = File::new();
    let broadcaster = file.broadcaster();
    let before = json!("before the process");
    broadcaster.broadcast(values("s"), &before).await.unwrap();
    let listening = Listening::to(file.database());
    let mut early = listening.follow("s").await;
    let between = json!("before the subscription");
    broadcaster.broadcast(values("s"), &between).await.unwrap();
    assert_eq!(soon("a message", early.next()).await, between);
    let mut late = listening.follow("s").await;
    let after = json!("after");
    broadcaster.broadcast(values("s"), &after).await.unwrap();
    assert_eq!(soon("a message", early.next()).await, after);
    assert_eq!(soon("a message", late.next()).await, after);
}

#[tokio::test]
async fn nobody_is_subscribed_before_the_listener_knows_from_where() {
    let file = File::new();
    let solid_cable = SolidCable::new(file.database(), Config::default());
    let cable = solid_cable.cable();
    tokio::select! {
        biased;
        _ = broadcasts(&cable, values("s")) => panic!("subscribed without a listener"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(solid_cable.listener().state, ListenerState::Starting);
    let listener = tokio::spawn(solid_cable.listen(std::future::pending()));
    let mut stream = soon("the listener", broadcasts(&cable, values("s"))).await;
    cable.broadcast(values("s"), &json!(1)).await.unwrap();
    assert_eq!(soon("a message", stream.next()).await, json!(1));
    listener.abort();
}

#[tokio::test]
async fn it_stops_when_it_is_asked_to() {
    let file = File::new();
    let listening = Listening::to(file.database());
    listening.becomes(ListenerState::Listening).await;
    listening.shutdown.cancel();
    soon("the listener to stop", listening.listener)
        .await
        .unwrap();
    assert_eq!(
        listening.solid_cable.listener().state,
        ListenerState::Stopped
    );
}
