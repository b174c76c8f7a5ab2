//! Every stream's name and the message it carries, for both ends.

use action_cable::Stream;

use crate::models::TodoList;

/// The whole list, after each change.
pub fn todos() -> Stream<TodoList> {
    Stream::new("todos")
}
