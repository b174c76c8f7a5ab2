use std::sync::mpsc::{Receiver, channel};

use db::{Database, DatabaseConfig};
use telemetry::Failure;
use tokio_util::sync::CancellationToken;

/// Holds the write lock as a program that forgot to commit does.
pub(crate) async fn hold(config: DatabaseConfig, stop: CancellationToken) -> Result<(), Failure> {
    let database = super::open(&config)?;
    let (release, released) = channel();
    let held = tokio::spawn(async move { hold_until(&database, released).await });
    stop.cancelled().await;
    drop(release);
    Ok(held.await??)
}

async fn hold_until(database: &Database, released: Receiver<()>) -> Result<(), db::DbError> {
    let hold = database.write(move |_| {
        super::say("locked");
        // Ends when the sender is dropped.
        released.recv().ok();
        Ok(())
    });
    hold.await
}
