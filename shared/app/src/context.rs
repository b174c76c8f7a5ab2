use std::sync::Arc;

use action_cable::Cable;
use db::Database;
use solid_cache::Cache;
use solid_queue::Queue;

use crate::Access;

/// What models, jobs and channels work with. Which store is behind each handle, they do not know.
#[derive(Clone)]
pub struct AppContext {
    /// The primary database.
    pub primary: Database,
    /// Jobs for later.
    pub queue: Queue,
    /// Values worth keeping.
    pub cache: Cache,
    /// Messages to browsers.
    pub cable: Cable,
    /// Who may connect, and to what.
    pub access: Arc<Access>,
}
