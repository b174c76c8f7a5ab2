use std::sync::Arc;
use std::time::Duration;

use db::{Database, DbError, Timestamp};

use crate::events;
use crate::lifecycle::sweep::{Swept, stalled, sweep};
use crate::registry::Classes;

/// After so long, nobody starts a batch any more: whoever made it is gone.
const STALLED_FOR: Duration = Duration::from_mins(5);

/// Finishes batches that nobody finished. Writes only where there are any.
pub(crate) async fn sweep_batches(
    database: &Database,
    batch_size: u32,
    classes: &Arc<Classes>,
    now: Timestamp,
) -> Result<(), DbError> {
    loop {
        let before = now.before(STALLED_FOR);
        let found = database
            .read_long(move |connection| stalled(connection, batch_size, before))
            .await?;
        if found.is_empty() {
            return Ok(());
        }
        let classes = Arc::clone(classes);
        let swept = database
            .write(move |connection| sweep(connection, &found, &classes, now))
            .await?;
        if swept == Swept::default() {
            // Others were faster.
            return Ok(());
        }
        events::sweep_stalled_batches(&swept);
    }
}
