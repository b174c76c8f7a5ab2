use std::fmt;

use db::{DbError, Timestamp};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::once::Attempt;
use super::{Invalid, Once, Outcome, TodoList};
use crate::AppContext;
use crate::schema::todos;

/// Characters that a title may have.
const TITLE_LENGTH: usize = 255;

/// The id of a [`Todo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TodoId(pub i64);

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Todo {
    /// Its id.
    pub id: TodoId,
    /// What is to be done.
    pub title: String,
    /// Whether it is done.
    pub completed: bool,
}

/// A todo that is to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTodo {
    /// What is to be done.
    pub title: String,
    /// Whether it is done already.
    pub completed: bool,
}

/// What is to become different about a todo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TodoChanges {
    /// The new title.
    pub title: Option<String>,
    /// Whether it is done now.
    pub completed: Option<bool>,
}

/// Why a todo was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TodoError {
    /// What it would have become is not valid.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is none with this id.
    #[error("there is no todo with the id {0}")]
    NotFound(TodoId),
    /// The key under which the change was to be made once is that of another change.
    #[error(
        "expected each change to have an Idempotency-Key of its own, got a key that another change was made with: \
         send the change again with a new key"
    )]
    KeyOfAnother,
    /// The database failed.
    #[error("could not write the todo")]
    Database(#[from] DbError),
}

impl Todo {
    /// Creates a todo. The list that was cached is forgotten once the change is committed.
    ///
    /// # Errors
    /// [`TodoError`].
    pub async fn create(app: &AppContext, new: NewTodo, once: Once) -> Result<Outcome, TodoError> {
        let now = Timestamp::now().to_string();
        let row = (
            todos::title.eq(valid_title(&new.title)?),
            todos::completed.eq(new.completed),
            todos::created_at.eq(now.clone()),
            todos::updated_at.eq(now),
        );
        let insert = move |c: &mut _| diesel::insert_into(todos::table).values(row).execute(c);
        change(app, once, move |c| insert(c).map(Effect::of_rows)).await
    }

    /// Changes the todo with this id.
    ///
    /// # Errors
    /// [`TodoError`].
    pub async fn update(
        app: &AppContext,
        id: TodoId,
        changes: TodoChanges,
        once: Once,
    ) -> Result<Outcome, TodoError> {
        let title = changes.title.as_deref().map(valid_title).transpose()?;
        let set = (
            title.map(|title| todos::title.eq(title)),
            changes
                .completed
                .map(|completed| todos::completed.eq(completed)),
            todos::updated_at.eq(Timestamp::now().to_string()),
        );
        let update = move |c: &mut _| diesel::update(todos::table.find(id.0)).set(set).execute(c);
        change(app, once, move |c| update(c).map(|rows| id.effect(rows))).await
    }

    /// Destroys the todo with this id.
    ///
    /// # Errors
    /// [`TodoError`].
    pub async fn destroy(app: &AppContext, id: TodoId, once: Once) -> Result<Outcome, TodoError> {
        let delete = move |c: &mut _| diesel::delete(todos::table.find(id.0)).execute(c);
        change(app, once, move |c| delete(c).map(|rows| id.effect(rows))).await
    }

    /// Makes all todos done, or none of them.
    ///
    /// # Errors
    /// [`TodoError`].
    pub async fn update_all(
        app: &AppContext,
        completed: bool,
        once: Once,
    ) -> Result<Outcome, TodoError> {
        let others = todos::table.filter(todos::completed.ne(completed));
        let set = (
            todos::completed.eq(completed),
            todos::updated_at.eq(Timestamp::now().to_string()),
        );
        let update = move |c: &mut _| diesel::update(others).set(set).execute(c);
        change(app, once, move |c| update(c).map(Effect::of_rows)).await
    }

    /// Destroys all todos that are done.
    ///
    /// # Errors
    /// [`TodoError`].
    pub async fn destroy_completed(app: &AppContext, once: Once) -> Result<Outcome, TodoError> {
        let done = todos::table.filter(todos::completed.eq(true));
        let delete = move |c: &mut _| diesel::delete(done).execute(c);
        change(app, once, move |c| delete(c).map(Effect::of_rows)).await
    }

    /// The whole list as browsers get it, from the cache where it is still true.
    ///
    /// # Errors
    /// When the database cannot be read. A failing cache is a miss.
    pub async fn broadcast_list(app: &AppContext) -> Result<TodoList, DbError> {
        TodoList::at(app, &TodoList::revision(app).await?).await
    }
}

impl NewTodo {
    /// Whether it could be created.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn validate(&self) -> Result<(), Invalid> {
        valid_title(&self.title).map(drop)
    }
}

impl TodoChanges {
    /// Whether they could be made.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.title
            .as_deref()
            .map_or(Ok(()), |title| valid_title(title).map(drop))
    }
}

impl TodoId {
    fn effect(self, rows: usize) -> Effect {
        match rows {
            0 => Effect::Missing(self),
            _ => Effect::Changed,
        }
    }
}

/// What a statement did.
#[derive(Clone, Copy)]
pub(super) enum Effect {
    Changed,
    Unchanged,
    Missing(TodoId),
}

impl Effect {
    fn of_rows(rows: usize) -> Self {
        match rows {
            0 => Self::Unchanged,
            _ => Self::Changed,
        }
    }
}

/// Makes a change in a transaction, unless it was made before.
async fn change(
    app: &AppContext,
    once: Once,
    statement: impl FnOnce(&mut SqliteConnection) -> QueryResult<Effect> + Send + 'static,
) -> Result<Outcome, TodoError> {
    let attempt = app
        .primary
        .write(move |c| once.attempt(c, statement))
        .await?;
    match attempt {
        Attempt::Made(Effect::Changed) => {
            TodoList::forget(app).await;
            Ok(Outcome::Changed)
        }
        Attempt::Made(Effect::Unchanged) => Ok(Outcome::Unchanged),
        Attempt::Made(Effect::Missing(id)) => Err(TodoError::NotFound(id)),
        Attempt::MadeBefore => Ok(Outcome::MadeBefore),
        Attempt::KeyOfAnother => Err(TodoError::KeyOfAnother),
    }
}

/// The title without the space around it.
fn valid_title(title: &str) -> Result<String, Invalid> {
    let title = title.trim();
    if title.is_empty() {
        return Err(Invalid::field("title", "can't be blank"));
    }
    if title.chars().count() > TITLE_LENGTH {
        return Err(Invalid::field(
            "title",
            format!("is too long (maximum is {TITLE_LENGTH} characters)"),
        ));
    }
    Ok(title.to_owned())
}

impl fmt::Display for TodoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_trimmed_and_checked() {
        assert_eq!(valid_title("  milk ").unwrap(), "milk");
        assert_eq!(
            valid_title(" \n ").unwrap_err().to_string(),
            "title can't be blank"
        );
        assert!(valid_title(&"ä".repeat(TITLE_LENGTH)).is_ok());
        let error = valid_title(&"x".repeat(10_000)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "title is too long (maximum is 255 characters)"
        );
    }
}
