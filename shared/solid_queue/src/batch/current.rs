use std::future::Future;

use super::BatchId;

tokio::task_local! {
    static CURRENT: Option<BatchId>;
}

/// Does the work of a job of the batch.
pub(crate) async fn performing<T>(batch: Option<BatchId>, work: impl Future<Output = T>) -> T {
    CURRENT.scope(batch, work).await
}

pub(super) fn get() -> Option<BatchId> {
    CURRENT.try_with(|batch| *batch).ok().flatten()
}
