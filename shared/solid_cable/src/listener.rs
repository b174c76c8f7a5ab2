//! The one listener of a process: follows the table and hands every new message to the hub, in the order of the ids.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use action_cable::Position;
use db::{Changes, DbError, Pace, Timestamp};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::adapter::Shared;
use crate::message::{self, Message, Next};
use crate::numbering;
use crate::progress::{Seen, Turn};
use crate::{Config, trim};

/// The longest wait after an error.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Listens until `shutdown`, and starts again what panics or hangs. Trims beside it.
pub(crate) async fn listen(shared: Arc<Shared>, shutdown: impl Future<Output = ()>) {
    shared.lags.begin();
    tokio::select! {
        () = shutdown => {}
        _ = supervise(&shared) => {}
        _ = trim::keep_trimming(Arc::clone(&shared)) => {}
    }
    shared.health.stopped();
    tracing::debug!("the cable listener has stopped");
}

async fn supervise(shared: &Arc<Shared>) -> Infallible {
    loop {
        // Dropping the set ends the task, at the next point where it waits.
        let mut task = JoinSet::new();
        let turn = shared.progress.next_turn();
        task.spawn(follow(Arc::clone(shared), turn));
        tokio::select! {
            Some(Err(error)) = task.join_next() => {
                tracing::error!(error = %error, "the cable listener died: starting it again");
            }
            () = shared.health.hung() => {
                tracing::error!(
                    cable.hang_ms = shared.config.hang_timeout.as_millis(),
                    "the cable listener hangs: starting it again"
                );
            }
        }
        drop(task);
        shared.health.failed();
        sleep(shared.config.polling_interval).await;
    }
}

async fn follow(shared: Arc<Shared>, turn: Turn) {
    // Before the first look, so that no commit falls between.
    let mut changes = shared.database.changes();
    let pace = pace(shared.config.polling_interval);
    let mut failures = 0;
    while shared.progress.is_current(turn) {
        match look(&shared, turn).await {
            Ok(is_all) => {
                failures = 0;
                if is_all {
                    wait(&mut changes, pace).await;
                }
            }
            Err(error) => {
                shared.health.failed();
                let pause = pause_after(failures, &shared.config);
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

fn pause_after(failures: usize, config: &Config) -> Duration {
    let pauses = &config.reconnect_pauses;
    if let Some(pause) = pauses.get(failures) {
        return *pause;
    }
    let doublings = (failures - pauses.len()).min(10);
    config
        .polling_interval
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE)
}

/// Hands on the next batch of messages. Whether there are no more.
async fn look(shared: &Shared, turn: Turn) -> Result<bool, DbError> {
    shared.health.looks();
    let at = Timestamp::now();
    let Some(seen) = shared.progress.get() else {
        let (epoch, id) = begin(shared).await?;
        go_on_from(shared, turn, &Seen { epoch, id, at });
        return Ok(true);
    };
    let next = shared
        .database
        .read(move |connection| message::after(connection, seen.id))
        .await?;
    if next.highest < seen.id || (*next.epoch != *seen.epoch && seen.id > 0) {
        let (epoch, id) = restart(shared, &seen).await?;
        go_on_from(shared, turn, &Seen { epoch, id, at });
        // At once: what it found is in the table already.
        return Ok(false);
    }
    hand_on(shared, turn, seen, &next);
    Ok(next.is_all)
}

fn go_on_from(shared: &Shared, turn: Turn, seen: &Seen) {
    if shared.progress.advance(turn, seen) {
        shared.health.polled(None);
    }
}

/// Subscribers hear what is broadcast from now on, never what is in the table already.
async fn begin(shared: &Shared) -> Result<(Arc<str>, i64), DbError> {
    let (numbering, id) = shared
        .database
        .read(|connection| {
            let numbering = numbering::read(connection)?;
            let id = message::last_id(connection)?.max(numbering.highest);
            Ok((numbering, id))
        })
        .await?;
    if numbering.is_kept {
        return Ok((numbering.epoch.into(), id));
    }
    // Somebody made the table anew. What comes meanwhile is after `id`.
    let write = |connection: &mut _| {
        numbering::begin_anew(connection, None)?;
        numbering::read(connection)
    };
    let numbering = shared.database.write(write).await?;
    Ok((numbering.epoch.into(), id))
}

fn hand_on(shared: &Shared, turn: Turn, seen: Seen, next: &Next) {
    let mut seen = seen;
    if *seen.epoch != *next.epoch {
        seen.epoch = next.epoch.as_str().into();
    }
    if next.has_hole_after(seen.id) {
        tracing::warn!(
            cable.message_id = seen.id,
            "messages were deleted before they could be delivered: sending the clients that can tell to ask for them"
        );
        shared.hub.interrupt();
    }
    let mut lag = None;
    for message in &next.messages {
        seen.id = message.id;
        // Beforehand: a message that kills the listener must not kill it again.
        if !shared.progress.advance(turn, &seen) {
            return;
        }
        shared.health.looks();
        deliver(shared, message, &seen.epoch);
        lag = message.created_at().map(|at| Timestamp::now().since(at));
        if let Some(lag) = lag {
            shared.lags.delivered(lag);
        }
    }
    seen.at = next.at;
    if next.is_all {
        seen.id = seen.id.max(next.highest);
    }
    if shared.progress.advance(turn, &seen) {
        shared.health.polled(lag);
    }
}

fn deliver(shared: &Shared, message: &Message, epoch: &Arc<str>) {
    let Some((channel, payload)) = message.texts() else {
        tracing::warn!(
            cable.message_id = message.id,
            "skipped a message that is not UTF-8"
        );
        return;
    };
    // Others that share the table have another prefix.
    if let Some(stream) = shared.prefix.stream(channel) {
        let position = Position {
            epoch: Arc::clone(epoch),
            offset: message.id,
        };
        shared.hub.deliver(stream, payload, Some(&position));
    }
}

/// The table was made anew, or an older copy of it came back: goes on with what was broadcast since the last look. The
/// offsets that clients know mean something else now, so they belong to another epoch.
async fn restart(shared: &Shared, seen: &Seen) -> Result<(Arc<str>, i64), DbError> {
    let (old, at) = (Arc::clone(&seen.epoch), seen.at);
    let write = move |connection: &mut _| {
        numbering::begin_anew(connection, Some(&old))?;
        let id = message::last_id_before(connection, at)?;
        Ok((numbering::read(connection)?, id))
    };
    let (numbering, id) = shared.database.write(write).await?;
    tracing::warn!(
        cable.message_id = id,
        "the table of messages was made anew: starting over"
    );
    Ok((numbering.epoch.into(), id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_pauses_come_first() {
        let config = Config {
            reconnect_pauses: [0, 700].map(Duration::from_millis).to_vec(),
            ..Config::default()
        };
        let pauses = [0, 1, 2, 3, 4, 6, 7, 1000].map(|failures| pause_after(failures, &config));
        let expected = [0, 700, 100, 200, 400, 1600, 2000, 2000].map(Duration::from_millis);
        assert_eq!(pauses, expected);
    }
}
