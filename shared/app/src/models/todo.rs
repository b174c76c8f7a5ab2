use std::fmt;

use db::{DbError, Timestamp};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Invalid, TodoList};
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
    /// The database failed.
    #[error("could not write the todo")]
    Database(#[from] DbError),
}

impl Todo {
    /// Creates a todo. The list that was cached is forgotten once the change is committed.
    ///
    /// # Errors
    /// [`TodoError`].
    pub async fn create(app: &AppContext, new: NewTodo) -> Result<Self, TodoError> {
        let title = valid_title(&new.title)?;
        let now = Timestamp::now().to_string();
        let row = (
            todos::title.eq(title.clone()),
            todos::completed.eq(new.completed),
            todos::created_at.eq(now.clone()),
            todos::updated_at.eq(now),
        );
        let insert = move |c: &mut _| {
            diesel::insert_into(todos::table)
                .values(row)
                .returning(todos::id)
                .get_result(c)
        };
        let id = app.primary.write(insert).await?;
        TodoList::forget(app).await;
        Ok(Self {
            id: TodoId(id),
            title,
            completed: new.completed,
        })
    }

    /// Changes the todo with this id.
    ///
    /// # Errors
    /// [`TodoError`].
    pub async fn update(
        app: &AppContext,
        id: TodoId,
        changes: TodoChanges,
    ) -> Result<(), TodoError> {
        let title = changes.title.as_deref().map(valid_title).transpose()?;
        let set = (
            title.map(|title| todos::title.eq(title)),
            changes
                .completed
                .map(|completed| todos::completed.eq(completed)),
            todos::updated_at.eq(Timestamp::now().to_string()),
        );
        let update = move |c: &mut _| diesel::update(todos::table.find(id.0)).set(set).execute(c);
        Self::done(app, id, app.primary.write(update).await?).await
    }

    /// Destroys the todo with this id.
    ///
    /// # Errors
    /// [`TodoError`].
    pub async fn destroy(app: &AppContext, id: TodoId) -> Result<(), TodoError> {
        let delete = move |c: &mut _| diesel::delete(todos::table.find(id.0)).execute(c);
        Self::done(app, id, app.primary.write(delete).await?).await
    }

    /// The whole list as browsers get it, from the cache where it is still true.
    ///
    /// # Errors
    /// When the database cannot be read. A failing cache is a miss.
    pub async fn broadcast_list(app: &AppContext) -> Result<TodoList, DbError> {
        TodoList::cached(app).await
    }

    async fn done(app: &AppContext, id: TodoId, rows: usize) -> Result<(), TodoError> {
        if rows == 0 {
            return Err(TodoError::NotFound(id));
        }
        TodoList::forget(app).await;
        Ok(())
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
