//! The rows of `solid_cable_messages`. SQLite lets one writer in at a time, so the ids are in the order of the
//! commits: whoever has seen an id has seen all below it.

use db::{SqliteConnection, Statement, Timestamp, WriteRows, key_hash};
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

use crate::numbering;
use crate::schema::solid_cable_messages::dsl::{created_at, id, solid_cable_messages};

/// Messages read at a time, and bytes of their payloads, but at least one message: that bounds the memory they take. The
/// statement has the number, too.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// A message as it is read.
#[derive(Debug, Queryable)]
pub(crate) struct Message {
    pub(crate) id: i64,
    channel: Vec<u8>,
    payload: Vec<u8>,
    created_at: String,
}

impl Message {
    /// The stream's name and the JSON text; `None` when either is no UTF-8.
    pub(crate) fn texts(&self) -> Option<(&str, &str)> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        Some((text(&self.channel)?, text(&self.payload)?))
    }

    /// When it was broadcast, if that can be read.
    pub(crate) fn created_at(&self) -> Option<Timestamp> {
        self.created_at.parse().ok()
    }
}

/// What a look at the table finds.
#[derive(Debug)]
pub(crate) struct Next {
    /// When it was.
    pub(crate) at: Timestamp,
    pub(crate) epoch: String,
    /// The highest id that was ever given away.
    pub(crate) highest: i64,
    /// At most a batch.
    pub(crate) messages: Vec<Message>,
    /// Whether there is nothing more in the table.
    pub(crate) is_all: bool,
}

impl Next {
    /// Whether messages after `last` were deleted before this look: ids are given away one after the other.
    pub(crate) fn has_hole_after(&self, last: i64) -> bool {
        let mut expected = last;
        for message in &self.messages {
            expected += 1;
            if message.id != expected {
                return true;
            }
        }
        self.is_all && expected < self.highest
    }
}

/// A message on its way into the table.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub(crate) channel: String,
    pub(crate) payload: String,
}

/// How messages get into the table.
pub(crate) struct Insert;

impl WriteRows for Insert {
    type Row = NewMessage;
    type Answer = ();

    fn write(
        &self,
        connection: &mut SqliteConnection,
        messages: &[NewMessage],
    ) -> QueryResult<Vec<()>> {
        let now = Timestamp::now().to_string();
        let insert = |message| insert(connection, message, &now);
        messages.iter().map(insert).collect()
    }
}

/// As the Rails gem does. The time is that of the commit, or just before.
fn insert(connection: &mut SqliteConnection, message: &NewMessage, now: &str) -> QueryResult<()> {
    let channel = message.channel.as_bytes();
    // diesel would prepare its own insert anew each time, which costs as much as the insert.
    Statement::<()>::new(
        "INSERT INTO solid_cable_messages (created_at, channel, payload, channel_hash) VALUES (?, ?, ?, ?)",
    )
    .bind(now)
    .bind(channel)
    .bind(message.payload.as_bytes())
    .bind(key_hash(channel))
    .execute(connection)?;
    Ok(())
}

/// The next messages after `last`, of all channels: the cost does not depend on how many there are.
pub(crate) fn after(connection: &mut SqliteConnection, last: i64) -> QueryResult<Next> {
    let at = Timestamp::now();
    connection.transaction(|connection| {
        let numbering = numbering::read(connection)?;
        let (messages, is_all) = if numbering.highest > last {
            batch(connection, last)?
        } else {
            (Vec::new(), true)
        };
        Ok(Next {
            at,
            epoch: numbering.epoch,
            highest: numbering.highest,
            messages,
            is_all,
        })
    })
}

/// The next messages after `last`, and whether they are all.
fn batch(connection: &mut SqliteConnection, last: i64) -> QueryResult<(Vec<Message>, bool)> {
    // A bound limit has SQLite prepare the statement anew each time.
    let statement = Statement::<(BigInt, Binary, Binary, Text)>::new(
        "SELECT id, channel, payload, created_at FROM solid_cable_messages WHERE id > ? ORDER BY id LIMIT 100",
    )
    .bind(last);
    let (mut messages, mut bytes) = (Vec::new(), 0);
    for message in statement.load_iter::<Message, DefaultLoadingMode>(connection)? {
        let message = message?;
        bytes += message.payload.len();
        messages.push(message);
        if bytes >= BATCH_BYTES {
            return Ok((messages, false));
        }
    }
    let is_all = messages.len() < BATCH;
    Ok((messages, is_all))
}

/// The newest message's id, 0 when there is none.
pub(crate) fn last_id(connection: &mut SqliteConnection) -> QueryResult<i64> {
    let newest: Option<i64> = solid_cable_messages.select(max(id)).first(connection)?;
    Ok(newest.unwrap_or(0))
}

/// The newest id among the messages broadcast before `moment`, 0 when there is none.
pub(crate) fn last_id_before(
    connection: &mut SqliteConnection,
    moment: Timestamp,
) -> QueryResult<i64> {
    let newest: Option<i64> = solid_cable_messages
        .filter(created_at.lt(moment))
        .select(max(id))
        .first(connection)?;
    Ok(newest.unwrap_or(0))
}

/// Whether a message was broadcast before `moment`.
pub(crate) fn any_before(
    connection: &mut SqliteConnection,
    moment: Timestamp,
) -> QueryResult<bool> {
    let oldest: Vec<i64> = Statement::<BigInt>::new(
        "SELECT id FROM solid_cable_messages WHERE created_at < ? ORDER BY created_at LIMIT 1",
    )
    .bind(moment)
    .load(connection)?;
    Ok(!oldest.is_empty())
}

/// Deletes the oldest messages that were broadcast before `moment`. Returns how many.
pub(crate) fn delete_before(
    connection: &mut SqliteConnection,
    moment: Timestamp,
    limit: u32,
) -> QueryResult<usize> {
    // In the order of the index, which is that of the ids: no sort, however many there are.
    Statement::<()>::new(format!(
        "DELETE FROM solid_cable_messages WHERE id IN
           (SELECT id FROM solid_cable_messages WHERE created_at < ? ORDER BY created_at, id LIMIT {limit})"
    ))
    .bind(moment)
    .execute(connection)
}
