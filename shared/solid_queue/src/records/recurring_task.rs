use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{Bool, Integer, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl as _};

use crate::{CatchUp, RecurringTask, RecurringWork};

/// A row of `solid_queue_recurring_tasks`, with what we keep beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) task: RecurringTask,
    /// Whether it comes from a file.
    pub(crate) is_static: bool,
    pub(crate) updated_at: Timestamp,
}

/// All tasks by their keys.
pub(crate) fn all(connection: &mut SqliteConnection) -> QueryResult<Vec<Stored>> {
    let rows: Vec<Row> = Statement::<Columns>::new(
        "SELECT t.key, t.schedule, t.command, t.class_name, t.arguments, t.queue_name, t.priority, t.description, \
           p.catch_up, t.static, t.updated_at \
         FROM solid_queue_recurring_tasks t LEFT JOIN trifecta_recurring_policies p ON p.task_key = t.key \
         ORDER BY t.key",
    )
    .load(connection)?;
    Ok(rows.into_iter().map(stored).collect())
}

pub(crate) fn find(connection: &mut SqliteConnection, key: &str) -> QueryResult<Option<Stored>> {
    let tasks = all(connection)?.into_iter();
    Ok(tasks.into_iter().find(|stored| stored.task.key == key))
}

/// Whether the tasks from files are just these.
pub(crate) fn has_static(stored: &[Stored], wanted: &[RecurringTask]) -> bool {
    let are_static = stored.iter().filter(|stored| stored.is_static);
    let tasks: Vec<_> = are_static.map(|stored| &stored.task).collect();
    tasks.len() == wanted.len() && wanted.iter().all(|task| tasks.contains(&task))
}

/// From now on the tasks from files are just these.
pub(crate) fn replace_static(
    connection: &mut SqliteConnection,
    wanted: &[RecurringTask],
    now: Timestamp,
) -> QueryResult<()> {
    let stored = all(connection)?;
    for old in stored.iter().filter(|stored| stored.is_static) {
        if !wanted.iter().any(|task| task.key == old.task.key) {
            delete(connection, &old.task.key)?;
        }
    }
    for task in wanted {
        if !stored.iter().any(|old| old.is_static && old.task == *task) {
            upsert(connection, task, true, now)?;
        }
    }
    Ok(())
}

/// Inserts the task, or makes the one of the same key equal to it. Its `updated_at` is the last time it changed.
pub(crate) fn upsert(
    connection: &mut SqliteConnection,
    task: &RecurringTask,
    is_static: bool,
    now: Timestamp,
) -> QueryResult<()> {
    let (command, class_name, arguments) = match &task.work {
        RecurringWork::Command(command) => (Some(command.as_str()), None, None),
        RecurringWork::Class { name, arguments } => {
            let arguments = Some(arguments.as_str()).filter(|text| *text != "[]");
            (None, Some(name.as_str()), arguments)
        }
    };
    Statement::<()>::new(
        "INSERT INTO solid_queue_recurring_tasks \
           (key, schedule, command, class_name, arguments, queue_name, priority, static, description, \
            created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (key) DO UPDATE SET schedule = excluded.schedule, command = excluded.command, \
           class_name = excluded.class_name, arguments = excluded.arguments, queue_name = excluded.queue_name, \
           priority = excluded.priority, static = excluded.static, description = excluded.description, \
           updated_at = excluded.updated_at",
    )
    .bind(task.key.as_str())
    .bind(task.schedule.as_str())
    .bind(command)
    .bind(class_name)
    .bind(arguments)
    .bind(task.queue_name.as_deref())
    .bind(task.priority)
    .bind(i32::from(is_static))
    .bind(task.description.as_deref())
    .bind(now)
    .bind(now)
    .execute(connection)?;
    set_policy(connection, &task.key, task.catch_up)
}

pub(crate) fn delete(connection: &mut SqliteConnection, key: &str) -> QueryResult<()> {
    for statement in [
        "DELETE FROM solid_queue_recurring_tasks WHERE key = ?",
        "DELETE FROM trifecta_recurring_policies WHERE task_key = ?",
        "DELETE FROM trifecta_recurring_runs WHERE task_key = ?",
    ] {
        Statement::<()>::new(statement)
            .bind(key)
            .execute(connection)?;
    }
    Ok(())
}

/// Our own table: what Rails has no column for.
fn set_policy(connection: &mut SqliteConnection, key: &str, catch_up: CatchUp) -> QueryResult<()> {
    match catch_up.name() {
        None => Statement::<()>::new("DELETE FROM trifecta_recurring_policies WHERE task_key = ?")
            .bind(key)
            .execute(connection)?,
        Some(name) => Statement::<()>::new(
            "INSERT OR REPLACE INTO trifecta_recurring_policies (task_key, catch_up) VALUES (?, ?)",
        )
        .bind(key)
        .bind(name)
        .execute(connection)?,
    };
    Ok(())
}

type Columns = (
    (Text, Text, Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (
        Nullable<Text>,
        Nullable<Integer>,
        Nullable<Text>,
        Nullable<Text>,
    ),
    (Bool, Text),
);

type Row = (
    (
        String,
        String,
        Option<String>,
        Option<String>,
        Option<String>,
    ),
    (Option<String>, Option<i32>, Option<String>, Option<String>),
    (bool, Timestamp),
);

fn stored(row: Row) -> Stored {
    let ((key, schedule, command, class_name, arguments), options, (is_static, updated_at)) = row;
    let (queue_name, priority, description, catch_up) = options;
    let work = match class_name {
        Some(name) => RecurringWork::Class {
            name,
            arguments: arguments.unwrap_or_else(|| "[]".into()),
        },
        None => RecurringWork::Command(command.unwrap_or_default()),
    };
    let task = RecurringTask {
        key,
        schedule,
        work,
        queue_name,
        priority,
        description,
        catch_up: catch_up.map_or_else(CatchUp::default, |name| CatchUp::named(&name)),
    };
    Stored {
        task,
        is_static,
        updated_at,
    }
}
