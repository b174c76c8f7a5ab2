//! The marks of what was deleted, one for each stream. So that there are not ever more of them, the oldest give way to one
//! floor for all streams: who comes back from below it is told that something may be missing.

use db::{Database, DbError, SqliteConnection, Statement};
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl as _};

/// Marks that are kept, about two megabytes of them. Half of them go at once.
const MOST: i64 = 100_000;

/// Folds the oldest marks into the floor when there are too many.
pub(crate) async fn fold(database: &Database) -> Result<(), DbError> {
    let Some(floor) = database.read_long(too_old).await? else {
        return Ok(());
    };
    database
        .write(move |connection| raise_floor(connection, floor))
        .await?;
    // They mean nothing from now on, so there is no hurry.
    loop {
        let below = database.read_long(below_floor).await?;
        if below.is_empty() {
            return Ok(());
        }
        database
            .write(move |connection| delete(connection, &below))
            .await?;
    }
}

/// The newest of the marks that have to go.
fn too_old(connection: &mut SqliteConnection) -> QueryResult<Option<i64>> {
    let count: Vec<i64> =
        Statement::<BigInt>::new("SELECT count(*) FROM trifecta_cable_lows").load(connection)?;
    if count.first().is_none_or(|&count| count <= MOST) {
        return Ok(None);
    }
    let lows: Vec<i64> = Statement::<BigInt>::new(
        "SELECT low FROM trifecta_cable_lows ORDER BY low DESC LIMIT 1 OFFSET 50000",
    )
    .load(connection)?;
    Ok(lows.first().copied())
}

fn raise_floor(connection: &mut SqliteConnection, floor: i64) -> QueryResult<()> {
    Statement::<()>::new("UPDATE trifecta_cable_state SET floor = max(floor, ?)")
        .bind(floor)
        .execute(connection)?;
    Ok(())
}

fn below_floor(connection: &mut SqliteConnection) -> QueryResult<Vec<i64>> {
    Statement::<BigInt>::new(
        "SELECT channel_hash FROM trifecta_cable_lows
         WHERE low <= (SELECT floor FROM trifecta_cable_state) LIMIT 1000",
    )
    .load(connection)
}

/// Those of them that still mean nothing: their stream may have lost another message meanwhile.
fn delete(connection: &mut SqliteConnection, hashes: &[i64]) -> QueryResult<()> {
    let hashes: Vec<String> = hashes.iter().map(i64::to_string).collect();
    Statement::<()>::new(
        "DELETE FROM trifecta_cable_lows WHERE channel_hash IN (SELECT value FROM json_each(?))
           AND low <= (SELECT floor FROM trifecta_cable_state)",
    )
    .bind(format!("[{}]", hashes.join(",")))
    .execute(connection)?;
    Ok(())
}
