//! The rows of `solid_cable_messages`. SQLite lets one writer in at a time, so the ids are in the order of the
//! commits: whoever has seen an id has seen all below it.

use db::{SqliteConnection, Timestamp, key_hash};
use diesel::dsl::max;
use diesel::prelude::*;

use crate::schema::solid_cable_messages::dsl::{
    channel, channel_hash, created_at, id, payload, solid_cable_messages,
};
use crate::schema::sqlite_sequence;

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
pub(crate) fn after(
    connection: &mut SqliteConnection,
    last: i64,
    limit: usize,
) -> QueryResult<Vec<Message>> {
    solid_cable_messages
        .select((id, channel, payload, created_at))
        .filter(id.gt(last))
        .order(id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(connection)
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

/// The highest id that was ever given away, 0 when there is none.
pub(crate) fn highest_id(connection: &mut SqliteConnection) -> QueryResult<i64> {
    let highest: Option<i64> = sqlite_sequence::table
        .filter(sqlite_sequence::name.eq("solid_cable_messages"))
        .select(max(sqlite_sequence::seq))
        .first(connection)?;
    Ok(highest.unwrap_or(0))
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
