//! How fast one process broadcasts, and how fast expired messages go:
//! `cargo run --release -p solid_cable --example broadcasts`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::time::{Duration, Instant, SystemTime};

use action_cable::{Adapter as _, History, Since};
use db::{Database, DatabaseConfig, SqliteConnection, Statement};
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use solid_cable::{Config, MIGRATIONS, SolidCable};

const TIME: Duration = Duration::from_secs(3);

const EXPIRED: u32 = 1_000_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    for callers in [1, 10, 50] {
        println!(
            "{callers} callers: {:.0} broadcasts/s",
            broadcasts(callers).await
        );
    }
    let (rows, longest) = trim().await;
    println!("trim: {rows:.0} rows/s, beside broadcasts of which one waited {longest:?}");
    println!("a page of history: {:?}", history().await);
}

async fn broadcasts(callers: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let cable = SolidCable::new(open(&folder), Config::default());
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let cable = cable.clone();
            tokio::spawn(async move {
                let stream = format!("stream:{caller}");
                let mut sent = 0_u32;
                while start.elapsed() < TIME {
                    let payload = format!("{{\"number\":{sent}}}");
                    cable.broadcast(&stream, payload).await.unwrap();
                    sent += 1;
                }
                sent
            })
        })
        .collect();
    let mut sent = 0.0;
    for task in tasks {
        sent += f64::from(task.await.unwrap());
    }
    sent / start.elapsed().as_secs_f64()
}

/// How many expired rows go in a second, and the longest wait of a broadcast beside it.
async fn trim() -> (f64, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder);
    fill(&database, "2020-01-01 00:00:00").await;
    let cable = SolidCable::new(database.clone(), Config::default());
    let listening = tokio::spawn(cable.listen(std::future::pending()));
    let start = Instant::now();
    let mut longest = Duration::ZERO;
    while has_expired(&database).await {
        let sent = Instant::now();
        cable.broadcast("s", "1".to_owned()).await.unwrap();
        longest = longest.max(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    listening.abort();
    (f64::from(EXPIRED) / start.elapsed().as_secs_f64(), longest)
}

/// How long it takes to read a hundred of a million messages of ten thousand streams.
async fn history() -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder);
    fill(&database, &db::Timestamp::now().to_string()).await;
    let cable = SolidCable::new(database, Config::default());
    let start = Instant::now();
    for _ in 0..1000 {
        let since = Since::Time(SystemTime::UNIX_EPOCH);
        let History::Kept(backlog) = cable.history("stream:5", since).await.unwrap() else {
            panic!("it is lost");
        };
        assert_eq!(backlog.messages.len(), 100);
    }
    start.elapsed() / 1000
}

/// A million messages of ten thousand streams.
async fn fill(database: &Database, created_at: &str) {
    let streams: Vec<_> = (0..10_000)
        .map(|stream| {
            let stream = format!("stream:{stream}");
            format!(
                "(CAST('{stream}' AS blob), {})",
                db::key_hash(stream.as_bytes())
            )
        })
        .collect();
    let sql = format!(
        "WITH RECURSIVE streams (channel, channel_hash) AS (VALUES {}),
           n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100)
         INSERT INTO solid_cable_messages (channel, payload, created_at, channel_hash)
         SELECT channel, x'31', '{created_at}', channel_hash FROM n, streams",
        streams.join(",")
    );
    database
        .write(move |connection| connection.batch_execute(&sql))
        .await
        .unwrap();
}

async fn has_expired(database: &Database) -> bool {
    let expired = |connection: &mut SqliteConnection| {
        Statement::<BigInt>::new(
            "SELECT id FROM solid_cable_messages WHERE created_at < '2021-01-01' ORDER BY created_at LIMIT 1",
        )
        .load::<i64>(connection)
    };
    !database.read(expired).await.unwrap().is_empty()
}

fn open(folder: &tempfile::TempDir) -> Database {
    let config = DatabaseConfig::new(folder.path().join("cable.sqlite3"));
    Database::open(&config, MIGRATIONS).unwrap()
}
