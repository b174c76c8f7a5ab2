//! The file tells exactly whether the messages after a position are all there, whoever deleted some.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use action_cable::{Adapter as _, History, ListenerState, Position, Since};
use db::{Database, NO_MIGRATIONS};
use serde_json::json;
use solid_cable::{Config, SolidCable};

use crate::support::{File, Listening, execute, kept, lines, payloads, soon, values};

const CREATE: &str =
    include_str!("../../../../migrations/cable/2026-11-22-000000_create_solid_cable/up.sql");

fn adapter(file: &File) -> SolidCable {
    SolidCable::new(file.database(), Config::default())
}

async fn broadcast(adapter: &SolidCable, stream: &str, payloads: impl IntoIterator<Item = i64>) {
    for payload in payloads {
        let sent = adapter.broadcast(stream, payload.to_string());
        sent.await.unwrap();
    }
}

async fn after(adapter: &SolidCable, stream: &str, epoch: &Arc<str>, offset: i64) -> History {
    let position = Position {
        epoch: Arc::clone(epoch),
        offset,
    };
    let since = Since::Position(position);
    adapter.history(stream, since).await.unwrap()
}

/// The messages after the offset; `None` when it is lost.
async fn whole(
    adapter: &SolidCable,
    stream: &str,
    epoch: &Arc<str>,
    offset: i64,
) -> Option<Vec<String>> {
    match after(adapter, stream, epoch, offset).await {
        History::Kept(backlog) => Some(payloads(&backlog)),
        History::Lost => None,
    }
}

async fn epoch(adapter: &SolidCable) -> Arc<str> {
    let since = Since::Time(SystemTime::UNIX_EPOCH);
    kept(adapter.history("s", since).await.unwrap()).epoch
}

#[tokio::test]
async fn it_outlives_every_process() {
    let file = File::new();
    let first = adapter(&file);
    broadcast(&first, "s", 1..=3).await;
    let epoch = epoch(&first).await;
    drop(first);
    let second = adapter(&file);
    broadcast(&second, "s", [4]).await;
    let rest = whole(&second, "s", &epoch, 1).await.unwrap();
    assert_eq!(rest, ["2", "3", "4"]);
}

#[tokio::test]
async fn the_epoch_is_that_of_the_file() {
    let file = File::new();
    let told = epoch(&adapter(&file)).await;
    let state = "SELECT epoch AS value FROM trifecta_cable_state";
    assert_eq!(lines(&file.database(), state).await, [told.to_string()]);
    assert_eq!(told.len(), 16);
    assert_ne!(told, epoch(&adapter(&File::new())).await);
}

#[tokio::test]
async fn whoever_deletes_leaves_a_mark() {
    let file = File::new();
    let ours = adapter(&file);
    broadcast(&ours, "s", 1..=3).await;
    broadcast(&ours, "S", [4]).await;
    broadcast(&ours, "s", 5..=6).await;
    let epoch = epoch(&ours).await;
    let rails = Database::open(&file.config(), NO_MIGRATIONS).unwrap();
    execute(
        &rails,
        "DELETE FROM solid_cable_messages WHERE id IN (1, 3)",
    )
    .await;
    assert_eq!(whole(&ours, "s", &epoch, 2).await, None);
    assert_eq!(
        whole(&ours, "s", &epoch, 3).await.unwrap(),
        ["5", "6"],
        "nothing after it is missing"
    );
    assert_eq!(whole(&ours, "S", &epoch, 0).await.unwrap(), ["4"]);
    execute(&rails, "DELETE FROM solid_cable_messages").await;
    assert_eq!(whole(&ours, "s", &epoch, 5).await, None);
    assert_eq!(whole(&ours, "s", &epoch, 6).await.unwrap().len(), 0);
    assert_eq!(whole(&ours, "S", &epoch, 3).await, None);
    assert_eq!(whole(&ours, "S", &epoch, 4).await.unwrap().len(), 0);
    // Its rows are gone, and yet it is known that there were six.
    assert_eq!(whole(&ours, "s", &epoch, 7).await, None);
}

#[tokio::test]
async fn a_row_without_a_hash_can_be_deleted() {
    let file = File::new();
    let database = file.database();
    execute(
        &database,
        "INSERT INTO solid_cable_messages (channel, payload, created_at, channel_hash) VALUES (x'73', x'31', 'soon', 'x');
         DELETE FROM solid_cable_messages;",
    )
    .await;
}

#[tokio::test]
async fn messages_from_before_the_first_epoch_may_have_gaps() {
    let file = File::new();
    let rails = Database::open(&file.config(), NO_MIGRATIONS).unwrap();
    let rows = "(x'73', x'31', '2026-11-22 08:26:29.524302', 304680751394550461)";
    execute(
        &rails,
        format!(
            "{CREATE} INSERT INTO solid_cable_messages (channel, payload, created_at, channel_hash) VALUES {rows}, {rows};
             DELETE FROM solid_cable_messages WHERE id = 2;"
        ),
    )
    .await;
    let ours = adapter(&file);
    let epoch = epoch(&ours).await;
    assert_eq!(whole(&ours, "s", &epoch, 1).await, None);
    assert_eq!(whole(&ours, "s", &epoch, 2).await.unwrap().len(), 0);
}

#[tokio::test]
async fn the_first_message_of_a_file_begins_no_second_epoch() {
    let file = File::new();
    let ours = adapter(&file);
    let before = epoch(&ours).await;
    broadcast(&ours, "s", [1]).await;
    assert_eq!(whole(&ours, "s", &before, 0).await.unwrap(), ["1"]);
}

#[tokio::test]
async fn numbers_that_begin_anew_begin_an_epoch() {
    let file = File::new();
    let ours = adapter(&file);
    let rails = file.database();
    broadcast(&ours, "s", 1..=5).await;
    let old = epoch(&ours).await;
    let empty = "DELETE FROM solid_cable_messages; DELETE FROM sqlite_sequence;";
    execute(&rails, empty).await;
    assert_eq!(whole(&ours, "s", &old, 5).await, None, "beyond the highest");
    // More than before, so that no offset tells.
    broadcast(&ours, "s", 1..=9).await;
    assert_eq!(whole(&ours, "s", &old, 5).await, None);
    let new = epoch(&ours).await;
    assert_ne!(new, old);
    assert_eq!(whole(&ours, "s", &new, 7).await.unwrap(), ["8", "9"]);
}

#[tokio::test]
async fn numbers_that_go_on_by_the_rows_stay_in_their_epoch() {
    let file = File::new();
    let listening = Listening::to(file.database());
    let ours = adapter(&file);
    let mut stream = listening.follow("s").await;
    broadcast(&ours, "s", 1..=3).await;
    let epoch = epoch(&ours).await;
    execute(&file.database(), "DELETE FROM sqlite_sequence").await;
    broadcast(&ours, "s", [4]).await;
    for number in 1..=4 {
        assert_eq!(soon("a message", stream.next()).await, json!(number));
    }
    assert_eq!(whole(&ours, "s", &epoch, 3).await.unwrap(), ["4"]);
}

#[tokio::test]
async fn a_table_made_anew_by_others_is_lost_until_a_listener_comes() {
    let file = File::new();
    let ours = adapter(&file);
    broadcast(&ours, "s", 1..=3).await;
    let old = epoch(&ours).await;
    let rails = file.database();
    // The triggers go with the table.
    execute(&rails, format!("DROP TABLE solid_cable_messages; {CREATE}")).await;
    broadcast(&ours, "s", 1..=5).await;
    assert_eq!(whole(&ours, "s", &old, 3).await, None);
    let listening = Listening::to(file.database());
    listening.becomes(ListenerState::Listening).await;
    let new = epoch(&ours).await;
    assert_ne!(new, old);
    assert_eq!(whole(&ours, "s", &new, 4).await, None, "nobody took note");
    broadcast(&ours, "s", [6]).await;
    assert_eq!(whole(&ours, "s", &new, 5).await.unwrap(), ["6"]);
}

#[tokio::test]
async fn an_older_copy_that_comes_back_begins_an_epoch() {
    let file = File::new();
    let (listening, ours) = (Listening::to(file.database()), adapter(&file));
    let mut stream = listening.follow("s").await;
    broadcast(&ours, "s", 1..=5).await;
    for number in 1..=5 {
        assert_eq!(soon("a message", stream.next()).await, json!(number));
    }
    let old = epoch(&ours).await;
    // As when the pages of a backup are written over the file: the marks are those of that time, too.
    execute(
        &file.database(),
        "DELETE FROM solid_cable_messages WHERE id > 2; DELETE FROM trifecta_cable_lows; UPDATE sqlite_sequence SET seq = 2;",
    )
    .await;
    assert_eq!(whole(&ours, "s", &old, 5).await, None);
    test_support::wait_until("another epoch", async || epoch(&ours).await != old).await;
    let cable = ours.cable();
    cable.broadcast(values("s"), &json!("new")).await.unwrap();
    assert_eq!(soon("a message", stream.next()).await, json!("new"));
}

/// A trim runs beside readers that follow a stream by its history. What they are given has no gap, or they are told.
#[tokio::test(flavor = "multi_thread")]
async fn history_never_lies_beside_a_trim() {
    const MESSAGES: i64 = 2000;
    let file = File::new();
    let ours = adapter(&file);
    let epoch = epoch(&ours).await;
    let rails = Database::open(&file.config(), NO_MIGRATIONS).unwrap();
    let trimmer = tokio::spawn(async move {
        // As Rails does, not always the oldest.
        let mut seed: i64 = 1;
        loop {
            seed = (seed * 75) % 65_537;
            let sql = format!(
                "DELETE FROM solid_cable_messages WHERE id IN (SELECT id FROM solid_cable_messages
                 WHERE id % 7 <> 0 AND id < (SELECT max(id) FROM solid_cable_messages) - {} LIMIT 3)",
                seed % 20
            );
            execute(&rails, sql).await;
            tokio::task::yield_now().await;
        }
    });
    let readers: Vec<_> = (0..3)
        .map(|_| tokio::spawn(follow(adapter(&file), Arc::clone(&epoch), MESSAGES)))
        .collect();
    broadcast(&ours, "s", 1..=MESSAGES).await;
    for reader in readers {
        soon("a reader", reader).await.unwrap();
    }
    trimmer.abort();
}

/// Messages are their own ids, so a gap shows.
async fn follow(adapter: SolidCable, epoch: Arc<str>, last: i64) {
    let mut offset = 0;
    while offset < last {
        match after(&adapter, "s", &epoch, offset).await {
            History::Kept(backlog) => {
                for message in &backlog.messages {
                    assert_eq!(message.offset, offset + 1, "a gap");
                    assert_eq!(message.payload, message.offset.to_string());
                    offset = message.offset;
                }
                assert_eq!(backlog.complete_to, offset);
            }
            // It was trimmed: begins again with what is newest.
            History::Lost => {
                let since = Since::Time(SystemTime::now() + Duration::from_hours(1));
                offset = kept(adapter.history("s", since).await.unwrap()).complete_to;
            }
        }
        tokio::task::yield_now().await;
    }
}
