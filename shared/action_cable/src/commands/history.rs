use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::{Commands, Ignored};
use crate::outbox::Outbox;
use crate::protocol::{self, Asked};
use crate::sink::Sink;
use crate::{AdapterError, Cable, History, Identify, Position, Since};

impl<A, I> Commands<A, I>
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    /// Sends what the client missed of the streams of a subscription, and then what has come meanwhile.
    pub(super) async fn history(
        &mut self,
        identifier: &str,
        asked: Option<Asked>,
    ) -> Result<(), Ignored> {
        let asked = asked.unwrap_or_default();
        let cable = self.server.cable.clone();
        let outbox = Arc::clone(&self.client.outbox);
        let entry = self.entry(identifier)?;
        let sink = Arc::clone(entry.subscription.sink());
        let wanted = wanted(&asked, entry.subscription.streams());
        sink.hold();
        let is_whole = tokio::select! {
            is_whole = replay(&cable, &sink, &outbox, wanted) => is_whole,
            () = outbox.ended() => return Ok(()),
        };
        sink.push(if is_whole {
            protocol::confirm_history(&sink.identifier)
        } else {
            protocol::reject_history(&sink.identifier)
        });
        follow_up(&cable, &sink, &outbox).await;
        Ok(())
    }
}

/// What is to be read of which stream; `None` of one that the subscription does not stream from.
type Wanted = Vec<(Arc<str>, Option<Since>)>;

fn wanted(asked: &Asked, mine: Vec<&str>) -> Wanted {
    let foreign = asked
        .streams
        .keys()
        .filter(|stream| !mine.contains(&stream.as_str()));
    let foreign: Vec<_> = foreign
        .map(|stream| (stream.as_str().into(), None))
        .collect();
    let mine = mine.into_iter().filter_map(|stream| {
        let since = match asked.streams.get(stream) {
            Some(last) => Since::Position(Position {
                epoch: last.epoch.as_str().into(),
                offset: last.offset,
            }),
            None => Since::Time(UNIX_EPOCH + Duration::from_secs(asked.since?.try_into().ok()?)),
        };
        Some((stream.into(), Some(since)))
    });
    mine.chain(foreign).collect()
}

/// Whether nothing is missing of any stream.
async fn replay(cable: &Cable, sink: &Sink, outbox: &Outbox, wanted: Wanted) -> bool {
    let mut is_whole = true;
    for (stream, since) in wanted {
        is_whole &= match since {
            None => false,
            Some(since) => replay_stream(cable, sink, outbox, &stream, since).await,
        };
    }
    is_whole
}

/// Sends what was kept of a stream, as fast as the client reads it. Whether nothing is missing.
async fn replay_stream(
    cable: &Cable,
    sink: &Sink,
    outbox: &Outbox,
    stream: &Arc<str>,
    mut since: Since,
) -> bool {
    loop {
        let backlog = match cable.history(stream, since).await {
            Ok(History::Kept(backlog)) => backlog,
            Ok(History::Lost) => return false,
            Err(error) => {
                report(stream, &error);
                return false;
            }
        };
        for message in &backlog.messages {
            if !outbox.has_room().await {
                return false;
            }
            sink.replay(stream, &backlog.epoch, message);
        }
        sink.settle(stream, &backlog.epoch, backlog.complete_to);
        if !backlog.has_more {
            return true;
        }
        since = Since::Position(Position {
            epoch: backlog.epoch,
            offset: backlog.complete_to,
        });
    }
}

/// Lets go of what came meanwhile. What was too much is read from the history, until the client has caught up.
pub(super) async fn follow_up(cable: &Cable, sink: &Sink, outbox: &Outbox) {
    while !let_go(sink, outbox).await {
        for (stream, position) in sink.settled() {
            let since = Since::Position(position);
            if !replay_stream(cable, sink, outbox, &stream, since).await {
                return give_up(outbox);
            }
        }
    }
}

/// What cannot be made up for: a client that is still there comes again and hears that something is lost.
fn give_up(outbox: &Outbox) {
    if !outbox.is_left() {
        outbox.overflow();
    }
}

/// Lets go of what is held, once there is room for it. `false` when that is not all.
async fn let_go(sink: &Sink, outbox: &Outbox) -> bool {
    let has_room = !sink.holds() || outbox.has_room().await;
    !has_room || sink.release()
}

fn report(stream: &str, error: &AdapterError) {
    tracing::warn!(cable.stream = stream, error = %error, "could not read what a client missed");
}
