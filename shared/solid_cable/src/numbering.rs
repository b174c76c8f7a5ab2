//! What the ids of the messages mean: which numbering they belong to, and which of them were deleted.
//!
//! The epoch and the marks of what was deleted are kept by triggers, whoever deletes, so all that is said here of one
//! transaction holds for its rows.

use db::{SqliteConnection, Statement};
use diesel::connection::SimpleConnection as _;
use diesel::result::Error::NotFound;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, RunQueryDsl as _};

/// The tables and triggers. Whatever is there already stays as it is.
const CREATE: &str =
    include_str!("../../../migrations/cable/2026-11-29-000000_create_history/up.sql");

/// The numbering of the whole table.
#[derive(Debug)]
pub(crate) struct Numbering {
    pub(crate) epoch: String,
    /// The highest id that was ever given away, 0 when there is none. Like SQLite itself, it goes by the rows where the
    /// note of it is gone.
    pub(crate) highest: i64,
    /// Whether the triggers are there. They go with a table that is dropped.
    pub(crate) is_kept: bool,
}

/// What is known of one stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) numbering: Numbering,
    /// All messages of the stream after this id are there.
    pub(crate) low: i64,
}

pub(crate) fn read(connection: &mut SqliteConnection) -> QueryResult<Numbering> {
    let rows: Vec<(String, i64, i64)> = Statement::<(Text, BigInt, BigInt)>::new(
        "SELECT epoch,
           max((SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'solid_cable_messages'),
             (SELECT coalesce(max(id), 0) FROM solid_cable_messages)),
           (SELECT count(*) = 2 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'solid_cable_messages'
             AND name IN ('trifecta_cable_delete', 'trifecta_cable_first'))
         FROM trifecta_cable_state WHERE id = 1",
    )
    .load(connection)?;
    let (epoch, highest, is_kept) = rows.into_iter().next().ok_or(NotFound)?;
    Ok(Numbering {
        epoch,
        highest,
        is_kept: is_kept == 1,
    })
}

/// Within the caller's transaction.
pub(crate) fn of_stream(
    connection: &mut SqliteConnection,
    channel_hash: i64,
) -> QueryResult<Stream> {
    let numbering = read(connection)?;
    let low: Vec<i64> = Statement::<BigInt>::new(
        "SELECT max(floor, coalesce((SELECT low FROM trifecta_cable_lows WHERE channel_hash = ?), 0))
         FROM trifecta_cable_state WHERE id = 1",
    )
    .bind(channel_hash)
    .load(connection)?;
    let low = low.first().copied().ok_or(NotFound)?;
    Ok(Stream { numbering, low })
}

/// Begins a new epoch if the triggers are gone, or the epoch is still this one, and makes what is missing.
pub(crate) fn begin_anew(connection: &mut SqliteConnection, old: Option<&str>) -> QueryResult<()> {
    let now = read(connection).ok();
    let is_new = now.is_some_and(|now| now.is_kept && old.is_none_or(|old| old != now.epoch));
    if is_new {
        return Ok(());
    }
    renew(connection)
}

/// Begins a new epoch, within the caller's transaction: for a copy of the file that is put in its place, as a restore
/// does. Its numbers are given away a second time, for other messages, and clients must not take them for those they know.
///
/// # Errors
/// What SQLite said.
pub fn renew(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute(CREATE)?;
    // What was deleted so far, nobody has noted.
    let highest = read(connection)?.highest;
    Statement::<()>::new(
        "UPDATE trifecta_cable_state SET epoch = lower(hex(randomblob(8))), begun = ?, floor = ?",
    )
    .bind(i64::from(highest > 0))
    .bind(highest)
    .execute(connection)?;
    connection.batch_execute("DELETE FROM trifecta_cable_lows")
}
