//! The rows of `solid_cable_messages`. SQLite lets one writer in at a time, so the ids are in the order of the
//! commits: whoever has seen an id has seen all below it.

use db::{SqliteConnection, Statement, Timestamp, key_hash};
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

use crate::numbering;
use crate::schema::solid_cable_messages::dsl::{
    channel, channel_hash, created_at, id, payload, solid_cable_messages,
};

/// Messages read at a time, which bounds the memory they take.
pub(crate) const BATCH: usize = 100;

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
    /// At most [`BATCH`].
    pub(crate) messages: Vec<Message>,
}

/// Inserts one message, as the Rails gem does.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    stream: &str,
    json: &str,
) -> QueryResult<()> {
    diesel::insert_into(solid_cable_messages)
        .values((
            created_at.eq(Timestamp::now()),
            channel.eq(stream.as_bytes()),
            payload.eq(json.as_bytes()),
            channel_hash.eq(key_hash(stream.as_bytes())),
        ))
        .execute(connection)?;
    Ok(())
}

/// The next messages after `last`, of all channels: the cost does not depend on how many there are.
pub(crate) fn after(connection: &mut SqliteConnection, last: i64) -> QueryResult<Next> {
    let at = Timestamp::now();
    connection.transaction(|connection| {
        let numbering = numbering::read(connection)?;
        let messages = if numbering.highest > last {
            // A bound limit has SQLite prepare the statement anew each time.
            Statement::<(BigInt, Binary, Binary, Text)>::new(
                "SELECT id, channel, payload, created_at FROM solid_cable_messages WHERE id > ? ORDER BY id LIMIT 100",
            )
            .bind(last)
            .load(connection)?
        } else {
            Vec::new()
        };
        Ok(Next {
            at,
            epoch: numbering.epoch,
            highest: numbering.highest,
            messages,
        })
    })
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

/// Deletes the oldest messages that were broadcast before `moment`. Returns how many.
pub(crate) fn delete_before(
    connection: &mut SqliteConnection,
    moment: Timestamp,
    limit: i64,
) -> QueryResult<usize> {
    // In the order of the index, which is that of the ids: no sort, however many there are.
    let oldest: Vec<i64> = solid_cable_messages
        .select(id)
        .filter(created_at.lt(moment))
        .order((created_at, id))
        .limit(limit)
        .load(connection)?;
    diesel::delete(solid_cable_messages.filter(id.eq_any(oldest))).execute(connection)
}
