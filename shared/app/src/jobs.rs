//! What the application does later, and the one list of it.

mod broadcast_todos_job;

pub use broadcast_todos_job::BroadcastTodosJob;
use solid_queue::Registry;

use crate::AppContext;

/// All jobs of the application.
pub fn jobs() -> Registry<AppContext> {
    Registry::new().register::<BroadcastTodosJob>()
}
