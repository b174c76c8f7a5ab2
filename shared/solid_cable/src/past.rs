//! The messages of one stream since some moment, as [`History`]. The marks of what was deleted and the rows are read in
//! one transaction: a trim meanwhile is seen by both or by neither.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use action_cable::{Backlog, History, PastMessage, Since};
use db::{SqliteConnection, Statement, Timestamp, key_hash};
use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use serde::de::IgnoredAny;

use crate::numbering;

/// Rows read at a time. The statements have one more, in which they see whether there are others.
const BATCH: usize = 100;
/// Bytes of payload read at a time, but at least one message.
const BATCH_BYTES: usize = 256 * 1024;

/// How far the times of two messages may be out of the order of their ids: the time is taken before the write lock.
const DISORDER: Duration = Duration::from_mins(1);

/// What there is of the stream since then.
pub(crate) fn since(
    connection: &mut SqliteConnection,
    channel: &str,
    since: &Since,
) -> QueryResult<History> {
    connection.transaction(|connection| {
        let channel = channel.as_bytes();
        let stream = numbering::of_stream(connection, key_hash(channel))?;
        let numbering = stream.numbering;
        let page = match since {
            Since::Position(position) => {
                let known = numbering.is_kept && *position.epoch == *numbering.epoch;
                if !known || !(stream.low..=numbering.highest).contains(&position.offset) {
                    return Ok(History::Lost);
                }
                after(connection, channel, position.offset)?
            }
            Since::Time(time) => from(connection, channel, timestamp(*time))?,
        };
        Ok(page.into_history(numbering.epoch.into(), numbering.highest))
    })
}

fn after(connection: &mut SqliteConnection, channel: &[u8], id: i64) -> QueryResult<Page> {
    Page::load(
        connection,
        Statement::new(
            "SELECT id, payload FROM solid_cable_messages
             WHERE channel_hash = ? AND CAST(channel AS blob) = ? AND id > ? ORDER BY id LIMIT 101",
        )
        .bind(key_hash(channel))
        .bind(channel)
        .bind(id),
    )
}

fn from(connection: &mut SqliteConnection, channel: &[u8], time: Timestamp) -> QueryResult<Page> {
    // Where to begin is looked up by time, so that a long stream is not read from its start.
    let first: Vec<i64> = Statement::<BigInt>::new(
        "SELECT id FROM solid_cable_messages WHERE created_at >= ? ORDER BY created_at, id LIMIT 1",
    )
    .bind(time.before(DISORDER))
    .load(connection)?;
    let Some(&first) = first.first() else {
        return Ok(Page::default());
    };
    Page::load(
        connection,
        // The plus keeps SQLite from taking the index of the times, and sorting.
        Statement::new(
            "SELECT id, payload FROM solid_cable_messages
             WHERE channel_hash = ? AND CAST(channel AS blob) = ? AND id >= ? AND +created_at >= ? ORDER BY id LIMIT 101",
        )
        .bind(key_hash(channel))
        .bind(channel)
        .bind(first)
        .bind(time),
    )
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH);
    let microseconds = since_1970.map_or(0, |since| since.as_micros());
    Timestamp::from_microseconds(i64::try_from(microseconds).unwrap_or(i64::MAX))
}

/// Rows of one stream, in their order.
#[derive(Default)]
struct Page {
    messages: Vec<PastMessage>,
    rows: usize,
    bytes: usize,
    /// The last row that was read, whether or not it is a message.
    last: Option<i64>,
    has_more: bool,
}

impl Page {
    fn load(
        connection: &mut SqliteConnection,
        statement: Statement<'_, (BigInt, Binary)>,
    ) -> QueryResult<Self> {
        let mut page = Self::default();
        // Row by row: a hundred payloads may be larger than the memory.
        for row in statement.load_iter::<(i64, Vec<u8>), DefaultLoadingMode>(connection)? {
            let (id, payload) = row?;
            if !page.take(id, payload) {
                break;
            }
        }
        Ok(page)
    }

    /// Whether there was room for the row.
    fn take(&mut self, id: i64, payload: Vec<u8>) -> bool {
        self.bytes += payload.len();
        self.has_more = self.rows == BATCH || (self.rows > 0 && self.bytes > BATCH_BYTES);
        if self.has_more {
            return false;
        }
        self.rows += 1;
        self.last = Some(id);
        let payload = String::from_utf8(payload).ok().filter(|it| is_json(it));
        self.messages.extend(payload.map(|payload| PastMessage {
            offset: id,
            payload,
        }));
        true
    }

    fn into_history(self, epoch: Arc<str>, highest: i64) -> History {
        let last = self.last.filter(|_| self.has_more);
        History::Kept(Backlog {
            epoch,
            messages: self.messages,
            complete_to: last.unwrap_or(highest),
            has_more: self.has_more,
        })
    }
}

/// The hub passes nothing else on.
fn is_json(payload: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(payload).is_ok()
}
