use std::time::Duration;

use db::{DbError, Timestamp};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::AppContext;
use crate::schema::{todos, todos_snapshot};

const CACHE_KEY: &str = "todos:broadcast_list";
const CACHE_TIME: Duration = Duration::from_hours(1);

/// The whole list at one moment. Of two lists of one `epoch` that with the higher `rev` is newer, whichever way they
/// came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TodoList {
    /// Newest first.
    pub todos: Vec<ListedTodo>,
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
    /// How often the list changed in this database: the cheapest proof that it can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn revision(app: &AppContext) -> Result<i64, DbError> {
        Ok(app.primary.read(revision).await?.0)
    }

    /// The cached list is bound to its revision: one that was computed before a write and stored after it is not
    /// served, nor is one that another program's write made stale.
    pub(crate) async fn cached(app: &AppContext) -> Result<Self, DbError> {
        let (rev, epoch) = app.primary.read(revision).await?;
        let cache = app
            .cache
            .expires_in(CACHE_TIME)
            .version(format!("{epoch}-{rev}"));
        cache
            .fetch(CACHE_KEY, || app.primary.read_long(|c| c.transaction(read)))
            .await
    }

    pub(crate) async fn forget(app: &AppContext) {
        app.cache.delete(CACHE_KEY).await;
    }
}

fn revision(connection: &mut SqliteConnection) -> QueryResult<(i64, String)> {
    let rows = todos_snapshot::table
        .select((todos_snapshot::rev, todos_snapshot::epoch))
        .load(connection)?;
    rows.into_iter()
        .next()
        .ok_or(diesel::result::Error::NotFound)
}

fn read(connection: &mut SqliteConnection) -> QueryResult<TodoList> {
    let (rev, epoch) = revision(connection)?;
    let columns = (todos::id, todos::title, todos::completed, todos::created_at);
    let newest_first = (todos::created_at.desc(), todos::id.desc());
    let rows: Vec<Row> = todos::table
        .select(columns)
        .order(newest_first)
        .load(connection)?;
    Ok(TodoList {
        todos: rows.into_iter().map(ListedTodo::from).collect(),
        rev,
        epoch,
    })
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
