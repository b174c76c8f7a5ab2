//! What the application is about.

mod once;
mod todo;
mod todo_list;
mod validation;

pub use once::{Once, Outcome};
pub use todo::{NewTodo, Todo, TodoChanges, TodoError, TodoId};
pub use todo_list::{ListedTodo, Revision, TodoList};
pub use validation::Invalid;
