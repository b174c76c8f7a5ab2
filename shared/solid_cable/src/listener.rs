//! The one listener of a process: follows the table and hands every new message to the hub, in the order of the ids.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use db::{Changes, DbError, Pace, Timestamp};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::adapter::Shared;
use crate::message::{self, Message};
use crate::position::Seen;

/// Messages read at a time, which bounds the memory they take.
const BATCH: usize = 100;
/// The longest wait after an error.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Listens until `shutdown`, and starts again what panics.
pub(crate) async fn listen(shared: Arc<Shared>, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    // Dropping the set ends the task with us.
    let mut task = JoinSet::new();
    loop {
        task.spawn(follow(Arc::clone(&shared)));
        tokio::select! {
            () = &mut shutdown => break,
            Some(Err(error)) = task.join_next() => {
                tracing::error!(error = %error, "the cable listener died: starting it again");
                shared.health.failed();
            }
        }
        tokio::select! {
            () = &mut shutdown => break,
            () = sleep(shared.config.polling_interval) => {}
        }
    }
    shared.health.stopped();
    tracing::debug!("the cable listener has stopped");
}

async fn follow(shared: Arc<Shared>) -> Infallible {
    // Before the first look, so that no commit falls between.
    let mut changes = shared.database.changes();
    let pace = pace(shared.config.polling_interval);
    let mut failures = 0;
    loop {
        match look(&shared).await {
            Ok(found) => {
                failures = 0;
                if found < BATCH {
                    wait(&mut changes, pace).await;
                }
            }
            Err(error) => {
                shared.health.failed();
                let pause = pause_after(failures, shared.config.polling_interval);
                tracing::warn!(
                    error = %error,
                    cable.pause_ms = pause.as_millis(),
                    "could not look for messages"
                );
                failures += 1;
                sleep(pause).await;
            }
        }
    }
}

/// Jobs are looked for at the whole multiples of the interval, and many broadcast. A look soon after finds what they
/// sent.
fn pace(polling_interval: Duration) -> Pace {
    Pace::new(polling_interval, polling_interval * 3 / 10)
}

async fn wait(changes: &mut Changes, pace: Pace) {
    tokio::select! {
        () = changes.changed() => {}
        () = sleep(pace.until_next()) => {}
    }
}

fn pause_after(failures: u32, polling_interval: Duration) -> Duration {
    polling_interval
        .saturating_mul(1 << failures.min(10))
        .min(LONGEST_PAUSE)
}

/// Hands on the next batch of messages. Returns how many there were.
async fn look(shared: &Shared) -> Result<usize, DbError> {
    let now = Timestamp::now();
    let Some(seen) = shared.position.get() else {
        // Subscribers hear what is broadcast from now on, never what is in the table already.
        let id = shared.database.read(message::last_id).await?;
        shared.position.set(Seen { id, at: now });
        shared.health.polled(None);
        return Ok(0);
    };
    let messages = shared
        .database
        .read(move |connection| message::after(connection, seen.id, BATCH))
        .await?;
    let mut id = seen.id;
    for message in &messages {
        id = message.id;
        // Beforehand: a message that kills the listener must not kill it again.
        shared.position.set(Seen { id, ..seen });
        hand_on(shared, message);
    }
    if messages.is_empty() && shared.database.read(message::highest_id).await? < id {
        id = restart(shared, seen).await?;
    }
    shared.position.set(Seen { id, at: now });
    let lag = messages.last().and_then(Message::created_at);
    shared
        .health
        .polled(lag.map(|created_at| Timestamp::now().since(created_at)));
    Ok(messages.len())
}

fn hand_on(shared: &Shared, message: &Message) {
    if let Some((stream, payload)) = message.texts() {
        shared.hub.deliver(stream, payload, None);
    } else {
        tracing::warn!(
            cable.message_id = message.id,
            "skipped a message that is not UTF-8"
        );
    }
}

/// The table was made anew, and counts from the start: goes on with what was broadcast since the last look.
async fn restart(shared: &Shared, seen: Seen) -> Result<i64, DbError> {
    let id = shared
        .database
        .read(move |connection| message::last_id_before(connection, seen.at))
        .await?;
    tracing::warn!(
        cable.message_id = id,
        "the table of messages was made anew: starting over"
    );
    Ok(id)
}
