//! How fast one process broadcasts, and how fast expired messages go:
//! `cargo run --release -p solid_cable --example broadcasts`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::time::{Duration, Instant};

use action_cable::Adapter as _;
use db::{Database, DatabaseConfig};
use diesel::connection::SimpleConnection as _;
use solid_cable::{Config, MIGRATIONS, SolidCable};

const TIME: Duration = Duration::from_secs(3);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    for callers in [1, 10, 50] {
        println!(
            "{callers} callers: {:.0} broadcasts/s",
            broadcasts(callers).await
        );
    }
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

fn open(folder: &tempfile::TempDir) -> Database {
    let config = DatabaseConfig::new(folder.path().join("cable.sqlite3"));
    let database = Database::open(&config, MIGRATIONS).unwrap();
    if std::env::args().any(|it| it == "--no-triggers") {
        let drop = "DROP TRIGGER trifecta_cable_first; DROP TRIGGER trifecta_cable_delete";
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current()
                .block_on(database.write(move |c| c.batch_execute(drop)))
        })
        .unwrap();
    }
    database
}
