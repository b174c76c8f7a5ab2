//! The table and its rows are those of Rails.

use db::{Database, NO_MIGRATIONS};
use serde_json::{Value, json};

use crate::support::{File, Listening, RAILS, execute, lines, soon, values};

const SCHEMA: &str = include_str!("../fixtures/schema.sql");

/// All of a row, with the storage class of every column.
const ROWS: &str = "SELECT typeof(channel) || ' ' || hex(channel) || ' ' || typeof(payload) || ' ' || hex(payload)
    || ' ' || typeof(created_at) || ' ' || created_at || ' ' || typeof(channel_hash) || ' ' || channel_hash AS value
    FROM solid_cable_messages ORDER BY id";

#[tokio::test]
async fn the_schema_is_that_of_rails() {
    let ours = lines(
        &File::new().database(),
        "SELECT sql || ';' AS value FROM sqlite_master WHERE sql IS NOT NULL",
    )
    .await;
    for statement in SCHEMA.lines() {
        let statement = statement.replace("CREATE TABLE IF NOT EXISTS", "CREATE TABLE");
        assert!(
            ours.contains(&statement),
            "no `{statement}` among {ours:#?}"
        );
    }
}

#[tokio::test]
async fn a_broadcast_is_the_row_that_rails_would_write() {
    let (rails, ours) = (File::new(), File::new());
    let rails = rails_database(&rails).await;
    let cable = ours.broadcaster();
    let todo: Value = json!({ "id": 1, "title": "hello" });
    cable.broadcast(values("todos"), &todo).await.unwrap();
    cable
        .broadcast(values("plain"), &json!("a string"))
        .await
        .unwrap();
    cable
        .broadcast(values("room:ünïcode"), &json!({ "msg": "значение" }))
        .await
        .unwrap();
    let ours = lines(&ours.database(), ROWS).await;
    let rails = lines(&rails, ROWS).await;
    assert_eq!(ours.len(), 3);
    for (our, their) in ours.iter().zip(&rails) {
        let (our, time) = without_time(our);
        assert_eq!(our, without_time(their).0);
        assert!(time.parse::<db::Timestamp>().is_ok(), "{time}");
    }
}

#[tokio::test]
async fn what_rails_wrote_before_stays_and_what_it_writes_now_is_delivered() {
    let file = File::new();
    let rails = rails_database(&file).await;
    let listening = Listening::to(file.database());
    let mut todos = listening.follow("todos").await;
    let mut plain = listening.follow("plain").await;
    let mut room = listening.follow("room:ünïcode").await;
    for insert in RAILS
        .lines()
        .filter(|line| line.contains("_messages VALUES("))
    {
        let (_, row) = insert.split_once(',').unwrap();
        execute(
            &rails,
            format!("INSERT INTO solid_cable_messages (channel, payload, created_at, channel_hash) VALUES ({row}"),
        )
        .await;
    }
    assert_eq!(
        soon("a row", todos.next()).await,
        json!({ "id": 1, "title": "hello" })
    );
    assert_eq!(
        soon("a row", todos.next()).await,
        serde_json::from_str::<Value>(
            r#"{"id":1,"title":"golden","t":1.5,"job_at":1795336065.836755}"#
        )
        .unwrap()
    );
    assert_eq!(soon("a row", plain.next()).await, json!("a string"));
    assert_eq!(
        soon("a row", room.next()).await,
        json!({ "msg": "значение" })
    );
    assert!(todos.received().is_empty());
}

/// A database as Rails left it.
async fn rails_database(file: &File) -> Database {
    let database = Database::open(&file.config(), NO_MIGRATIONS).unwrap();
    let statements = RAILS.lines().filter(|line| {
        // `execute` has a transaction of its own.
        !["PRAGMA", "BEGIN", "COMMIT"]
            .iter()
            .any(|word| line.starts_with(word))
    });
    execute(&database, statements.collect::<Vec<_>>().join("\n")).await;
    database
}

fn without_time(row: &str) -> (String, &str) {
    let (head, rest) = row.split_once(" text ").unwrap();
    let (time, tail) = rest.split_once(" integer ").unwrap();
    (format!("{head} text integer {tail}"), time)
}
