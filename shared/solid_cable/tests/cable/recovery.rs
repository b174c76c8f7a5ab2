//! What happens to the table does not stop the listener.

use action_cable::{BroadcastError, ListenerState};
use db::{Database, DatabaseConfig, DbError};
use serde_json::json;
use solid_cable::{Config, MIGRATIONS, SolidCable};
use std::time::Duration;

use crate::support::{File, Listening, execute, soon, values};

const CREATE: &str =
    include_str!("../../../../migrations/cable/2026-11-22-000000_create_solid_cable/up.sql");

fn insert(channel: &str, payload: &str) -> String {
    format!(
        "INSERT INTO solid_cable_messages (channel, payload, created_at, channel_hash)
         VALUES ({channel}, {payload}, '{}', 0);",
        db::Timestamp::now()
    )
}

#[tokio::test]
async fn rows_that_are_no_messages_are_skipped() {
    let file = File::new();
    let listening = Listening::to(file.database());
    let mut stream = listening.follow("s").await;
    let other = file.database();
    for (channel, payload) in [
        ("x'ff'", "x'31'"),
        ("x'73'", "x'ff'"),
        ("x'73'", "x'7b'"),
        ("x'73'", "x''"),
        // Another program may not know of BLOBs.
        ("'s'", "'1'"),
        ("x'73'", "x'32'"),
    ] {
        execute(&other, insert(channel, payload)).await;
    }
    execute(
        &other,
        "INSERT INTO solid_cable_messages (channel, payload, created_at, channel_hash) VALUES (x'73', x'33', 'soon', 'x')",
    )
    .await;
    for expected in 1..=3 {
        assert_eq!(soon("a message", stream.next()).await, json!(expected));
    }
}

#[tokio::test]
async fn rows_that_vanish_leave_no_gap() {
    let file = File::new();
    let (listening, broadcaster, other) = (
        Listening::to(file.database()),
        file.broadcaster(),
        file.database(),
    );
    let mut stream = listening.follow("s").await;
    for number in 0..3 {
        broadcaster
            .broadcast(values("s"), &json!(number))
            .await
            .unwrap();
        assert_eq!(soon("a message", stream.next()).await, json!(number));
        execute(&other, "DELETE FROM solid_cable_messages").await;
    }
}

#[tokio::test]
async fn a_table_that_is_lost_and_made_anew_is_listened_to_again() {
    let file = File::new();
    let (listening, broadcaster, other) = (
        Listening::to(file.database()),
        file.broadcaster(),
        file.database(),
    );
    let mut stream = listening.follow("s").await;
    for number in 0..5 {
        broadcaster
            .broadcast(values("s"), &json!(number))
            .await
            .unwrap();
        stream.next().await;
    }
    execute(&other, "DROP TABLE solid_cable_messages").await;
    listening.becomes(ListenerState::Failing).await;
    let lost = broadcaster.broadcast(values("s"), &json!("lost")).await;
    assert!(matches!(lost, Err(BroadcastError::Adapter { .. })));
    // It comes back with an old message in it, and counts from the start.
    let old = "INSERT INTO solid_cable_messages (channel, payload, created_at, channel_hash)
        VALUES (x'73', '\"old\"', '2020-01-01 00:00:00', 0);";
    execute(&other, format!("{CREATE}{old}")).await;
    broadcaster
        .broadcast(values("s"), &json!("new"))
        .await
        .unwrap();
    assert_eq!(soon("a message", stream.next()).await, json!("new"));
    listening.becomes(ListenerState::Listening).await;
}

#[tokio::test]
async fn a_table_that_is_emptied_and_counts_from_the_start_loses_no_message() {
    let file = File::new();
    let (listening, broadcaster, other) = (
        Listening::to(file.database()),
        file.broadcaster(),
        file.database(),
    );
    let mut stream = listening.follow("s").await;
    for round in 0..3 {
        for number in 0..10 {
            let message = json!([round, number]);
            broadcaster.broadcast(values("s"), &message).await.unwrap();
            assert_eq!(soon("a message", stream.next()).await, message);
        }
        execute(
            &other,
            "DELETE FROM solid_cable_messages; DELETE FROM sqlite_sequence;",
        )
        .await;
    }
}

#[tokio::test]
async fn a_broadcast_that_cannot_be_stored_says_so() {
    let file = File::new();
    let impatient = DatabaseConfig {
        timeout: Duration::from_millis(20),
        ..file.config()
    };
    let database = Database::open(&impatient, MIGRATIONS).unwrap();
    let cable = SolidCable::new(database, Config::default()).cable();
    let other = file.database();
    let (locked, is_locked) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let holder = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let hold = move |_: &mut db::SqliteConnection| {
                locked.send(()).unwrap();
                let _ = released.recv();
                Ok(())
            };
            other.write(hold).await.unwrap();
        });
    });
    is_locked.recv().unwrap();
    let error = cable.broadcast(values("s"), &json!(1)).await.unwrap_err();
    let BroadcastError::Adapter { stream, source } = error else {
        panic!("{error:?}");
    };
    assert_eq!(stream, "s");
    let source = source.downcast_ref::<DbError>().unwrap();
    assert!(source.is_transient(), "{source:?}");
    drop(release);
    holder.join().unwrap();
    cable.broadcast(values("s"), &json!(2)).await.unwrap();
}
