use db::{SqliteConnection, Statement, Timestamp};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, Insertable, QueryDsl as _, QueryResult,
    Queryable, RunQueryDsl as _, Selectable, SelectableHelper as _,
};

use crate::ProcessId;
use crate::schema::solid_queue_processes::{self as processes, dsl};

/// A row of `solid_queue_processes`.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = processes)]
pub(crate) struct Process {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) last_heartbeat_at: Timestamp,
    pub(crate) supervisor_id: Option<i64>,
    pub(crate) pid: i32,
    pub(crate) hostname: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) name: String,
}

/// A process about to start.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = processes)]
pub(crate) struct NewProcess {
    pub(crate) kind: String,
    pub(crate) last_heartbeat_at: Timestamp,
    pub(crate) supervisor_id: Option<i64>,
    pub(crate) pid: i32,
    pub(crate) hostname: String,
    pub(crate) metadata: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) name: String,
}

pub(crate) fn register(
    connection: &mut SqliteConnection,
    process: &NewProcess,
) -> QueryResult<ProcessId> {
    diesel::insert_into(processes::table)
        .values(process)
        .returning(dsl::id)
        .get_result(connection)
        .map(ProcessId)
}

/// Notes that the processes live. Returns those that still have a row.
pub(crate) fn heartbeat(
    connection: &mut SqliteConnection,
    ids: &[ProcessId],
    now: Timestamp,
) -> QueryResult<Vec<ProcessId>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows: Vec<i64> = diesel::update(dsl::solid_queue_processes.filter(dsl::id.eq_any(ids)))
        .set(dsl::last_heartbeat_at.eq(now))
        .returning(dsl::id)
        .get_results(connection)?;
    Ok(rows.into_iter().map(ProcessId).collect())
}

pub(crate) fn exists(connection: &mut SqliteConnection, id: ProcessId) -> QueryResult<bool> {
    let rows: Vec<i64> = dsl::solid_queue_processes
        .find(id.0)
        .select(dsl::id)
        .load(connection)?;
    Ok(!rows.is_empty())
}

/// What the row of a scheduler tells of its tasks: their keys as a JSON array, or nothing.
pub(crate) fn set_schedule(
    connection: &mut SqliteConnection,
    id: ProcessId,
    keys: Option<&str>,
) -> QueryResult<()> {
    let statement = match keys {
        Some(keys) => Statement::<()>::new(
            "UPDATE solid_queue_processes SET metadata = json_set(metadata, '$.recurring_schedule', json(?)) WHERE id = ?",
        )
        .bind(keys),
        None => Statement::new(
            "UPDATE solid_queue_processes SET metadata = json_remove(metadata, '$.recurring_schedule') WHERE id = ?",
        ),
    };
    statement.bind(id.0).execute(connection)?;
    Ok(())
}

/// The processes that the supervisor runs.
pub(crate) fn supervised_by(
    connection: &mut SqliteConnection,
    supervisor: ProcessId,
) -> QueryResult<Vec<ProcessId>> {
    let rows: Vec<i64> = dsl::solid_queue_processes
        .filter(dsl::supervisor_id.eq(supervisor.0))
        .select(dsl::id)
        .load(connection)?;
    Ok(rows.into_iter().map(ProcessId).collect())
}

pub(crate) fn all(connection: &mut SqliteConnection) -> QueryResult<Vec<Process>> {
    dsl::solid_queue_processes
        .select(Process::as_select())
        .load(connection)
}

pub(crate) fn delete(connection: &mut SqliteConnection, id: ProcessId) -> QueryResult<()> {
    diesel::delete(dsl::solid_queue_processes.find(id.0)).execute(connection)?;
    Ok(())
}

/// Deletes the row if there was no heartbeat since it was read. `false` when the process lives, or somebody else
/// deleted it.
pub(crate) fn delete_dead(
    connection: &mut SqliteConnection,
    process: &Process,
) -> QueryResult<bool> {
    let row = dsl::solid_queue_processes.filter(
        dsl::id
            .eq(process.id)
            .and(dsl::last_heartbeat_at.eq(process.last_heartbeat_at)),
    );
    Ok(diesel::delete(row).execute(connection)? == 1)
}
