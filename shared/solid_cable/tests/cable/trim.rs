//! Old messages go away: beside the broadcasts, or in the background where there is a listener.

use std::time::Duration;

use db::Database;
use serde_json::json;
use solid_cable::{Config, SolidCable};
use test_support::wait_until;

use crate::support::{File, Listening, execute, lines, soon, values};

const LEFT: &str = "SELECT CAST(payload AS TEXT) AS value FROM solid_cable_messages ORDER BY id";

async fn insert_old(database: &Database, messages: u32) {
    let rows = (0..messages).map(|_| "(x'73', '\"old\"', '2020-01-01 00:00:00.000001', 0)");
    let rows = rows.collect::<Vec<_>>().join(",");
    execute(
        database,
        format!(
            "INSERT INTO solid_cable_messages (channel, payload, created_at, channel_hash) VALUES {rows}"
        ),
    )
    .await;
}

/// Every broadcast trims.
fn eager() -> Config {
    Config {
        trim_batch_size: 2,
        ..Config::default()
    }
}

#[tokio::test]
async fn expired_messages_are_trimmed_and_no_others() {
    let file = File::new();
    let database = file.database();
    insert_old(&database, 7).await;
    let listening = Listening::to(file.database());
    let mut stream = listening.follow("s").await;
    let cable = SolidCable::new(database.clone(), eager()).cable();
    let mut number = 0;
    let trimmed = async || !lines(&database, LEFT).await.contains(&"\"old\"".to_owned());
    while !trimmed().await {
        cable.broadcast(values("s"), &json!(number)).await.unwrap();
        assert_eq!(soon("a message", stream.next()).await, json!(number));
        number += 1;
        assert!(number < 10_000, "it does not trim");
    }
    let left: Vec<_> = (0..number).map(|number| number.to_string()).collect();
    assert_eq!(lines(&database, LEFT).await, left);
}

#[tokio::test]
async fn a_trim_deletes_the_oldest_batch() {
    let file = File::new();
    let database = file.database();
    insert_old(&database, 5).await;
    let cable = SolidCable::new(database.clone(), eager()).cable();
    cable.broadcast(values("s"), &json!("new")).await.unwrap();
    wait_until("the trim", async || lines(&database, LEFT).await.len() == 4).await;
    let ids = lines(
        &database,
        "SELECT CAST(id AS TEXT) AS value FROM solid_cable_messages ORDER BY id",
    )
    .await;
    assert_eq!(ids, ["3", "4", "5", "6"]);
}

#[tokio::test]
async fn without_autotrim_everything_stays() {
    let file = File::new();
    let database = file.database();
    insert_old(&database, 5).await;
    let config = Config {
        autotrim: false,
        ..eager()
    };
    let cable = SolidCable::new(database.clone(), config).cable();
    for _ in 0..20 {
        cable.broadcast(values("s"), &json!("new")).await.unwrap();
    }
    // A trim would be in the queue of writes before this one.
    execute(&database, "").await;
    assert_eq!(lines(&database, LEFT).await.len(), 25);
}

#[tokio::test]
async fn a_listener_trims_while_nobody_broadcasts() {
    let file = File::new();
    let database = file.database();
    insert_old(&database, 1_234).await;
    let cable = file.broadcaster();
    cable.broadcast(values("s"), &json!("new")).await.unwrap();
    let _listening = Listening::to(file.database());
    wait_until("the trim", async || {
        lines(&database, LEFT).await == ["\"new\""]
    })
    .await;
}

#[tokio::test]
async fn listeners_that_trim_at_once_and_a_rails_process_get_along() {
    let file = File::new();
    let database = file.database();
    insert_old(&database, 3_000).await;
    let soon_expired = Config {
        message_retention: Duration::from_millis(1),
        polling_interval: Duration::from_millis(1),
        ..Config::default()
    };
    let _listening = [1, 2, 3].map(|_| Listening::with(file.database(), soon_expired.clone()));
    let cable = file.broadcaster();
    while !lines(&database, LEFT).await.is_empty() {
        cable.broadcast(values("s"), &json!("new")).await.unwrap();
        let rails =
            "DELETE FROM solid_cable_messages WHERE id IN (SELECT id FROM solid_cable_messages
            WHERE created_at < '2026-01-01' LIMIT 10)";
        execute(&database, rails).await;
        wait_until("the trim", async || {
            lines(&database, LEFT).await.len() < 100
        })
        .await;
    }
}

#[tokio::test]
async fn marks_of_streams_long_ago_give_way_to_a_floor() {
    let file = File::new();
    let database = file.database();
    execute(
        &database,
        "INSERT INTO sqlite_sequence (name, seq) VALUES ('solid_cable_messages', 200000);
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100005)
         INSERT INTO trifecta_cable_lows (channel_hash, low) SELECT n * 7919, n FROM n;",
    )
    .await;
    insert_old(&database, 1).await;
    let _listening = Listening::to(file.database());
    let told = "SELECT floor || ' ' || (SELECT count(*) || ' ' || min(low) || ' ' || max(low) FROM trifecta_cable_lows)
        AS value FROM trifecta_cable_state";
    wait_until("the marks", async || {
        lines(&database, told).await == ["50006 50000 50007 200001"]
    })
    .await;
}
