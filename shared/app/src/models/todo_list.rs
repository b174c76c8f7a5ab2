use std::fmt;
use std::time::Duration;

use db::{DbError, Timestamp};
use diesel::prelude::*;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::AppContext;
use crate::schema::{todos, todos_snapshot};

const CACHE_KEY: &str = "todos:broadcast_list";
const CACHE_TIME: Duration = Duration::from_hours(1);

/// The whole list at one moment. Of two lists of one `epoch` that with the higher `rev` is newer, whichever way they
/// came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TodoList {
    /// An array of [`ListedTodo`], newest first: as JSON, for that is what everybody wants of it.
    pub todos: Box<RawValue>,
    /// Rises with every write, in its transaction.
    pub rev: i64,
    /// Names the database.
    pub epoch: String,
}

/// Names a state of the list.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Revision {
    /// Rises with every write, in its transaction.
    pub rev: i64,
    /// Names the database.
    pub epoch: String,
}

/// A todo as browsers get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedTodo {
    /// Its id.
    pub id: i64,
    /// What is to be done.
    pub title: String,
    /// Whether it is done.
    pub completed: bool,
    /// When it was created, ISO 8601.
    pub created_at: String,
}

impl TodoList {
    /// Gives this database another name, within the caller's transaction: for a copy of the file that is put in its place,
    /// as a restore does. Clients that know later states of the list then take an earlier one all the same.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn renew_epoch(connection: &mut SqliteConnection) -> QueryResult<()> {
        diesel::sql_query("UPDATE todos_snapshot SET epoch = LOWER(HEX(RANDOMBLOB(8)))")
            .execute(connection)
            .map(drop)
    }

    /// The state of the list: the cheapest proof that it can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn revision(app: &AppContext) -> Result<Revision, DbError> {
        app.primary.read(revision).await
    }

    /// The list in this state, from the cache, or as it is now. The cached list is bound to its revision: one that was
    /// computed before a write and stored after it is not served, nor is one that another program's write made stale.
    ///
    /// # Errors
    /// When the database cannot be read. A failing cache is a miss.
    pub async fn at(app: &AppContext, revision: &Revision) -> Result<Self, DbError> {
        let cache = app
            .cache
            .expires_in(CACHE_TIME)
            .version(revision.to_string());
        cache
            .fetch(CACHE_KEY, || app.primary.read_long(|c| c.transaction(read)))
            .await
    }

    /// How many todos it holds.
    pub fn count(&self) -> usize {
        let todos: Result<Vec<IgnoredAny>, _> = serde_json::from_str(self.todos.get());
        todos.map_or(0, |todos| todos.len())
    }

    pub(crate) async fn forget(app: &AppContext) {
        app.cache.delete(CACHE_KEY).await;
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.rev)
    }
}

fn revision(connection: &mut SqliteConnection) -> QueryResult<Revision> {
    let rows = todos_snapshot::table
        .select((todos_snapshot::rev, todos_snapshot::epoch))
        .load(connection)?;
    rows.into_iter()
        .next()
        .ok_or(diesel::result::Error::NotFound)
}

fn read(connection: &mut SqliteConnection) -> QueryResult<TodoList> {
    let Revision { rev, epoch } = revision(connection)?;
    let columns = (todos::id, todos::title, todos::completed, todos::created_at);
    let newest_first = (todos::created_at.desc(), todos::id.desc());
    let rows: Vec<Row> = todos::table
        .select(columns)
        .order(newest_first)
        .load(connection)?;
    let todos: Vec<_> = rows.into_iter().map(ListedTodo::from).collect();
    let todos = to_raw_value(&todos)
        .map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
    Ok(TodoList { todos, rev, epoch })
}

#[derive(Queryable)]
struct Row {
    id: i64,
    title: String,
    completed: bool,
    created_at: String,
}

impl From<Row> for ListedTodo {
    fn from(row: Row) -> Self {
        // Rows of other programs may hold any text; what is no time is shown as it is.
        let created_at = row.created_at.parse::<Timestamp>().map(Timestamp::iso8601);
        Self {
            id: row.id,
            title: row.title,
            completed: row.completed,
            created_at: created_at.unwrap_or(row.created_at),
        }
    }
}
