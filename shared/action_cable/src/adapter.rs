use std::pin::Pin;

use crate::{History, Hub, ListenerStatus, Since};

/// A future behind a pointer, so that traits with it can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why an adapter could not pass a message on.
pub type AdapterError = Box<dyn std::error::Error + Send + Sync>;

/// What carries messages between the processes of an application.
///
/// An adapter owns the [`Hub`] of its process and hands it every message that any process broadcast, in the order of
/// the broadcasts of a stream.
pub trait Adapter: Send + Sync + 'static {
    /// Passes the JSON text `payload` on to every process that listens. Done once no crash of this process can lose
    /// it any more, as far as the adapter keeps messages at all.
    fn broadcast<'a>(
        &'a self,
        stream: &'a str,
        payload: String,
    ) -> BoxFuture<'a, Result<(), AdapterError>>;

    /// Where the messages for the subscribers in this process arrive.
    fn hub(&self) -> &Hub;

    /// What was broadcast to `stream` since then, read in one go: at most a batch, which says whether there is more. It may
    /// be ahead of what the hub has got.
    fn history<'a>(
        &'a self,
        stream: &'a str,
        since: Since,
    ) -> BoxFuture<'a, Result<History, AdapterError>>;

    /// Completes when every later broadcast will reach the hub. Before, no subscription is confirmed, and no client welcomed that
    /// [`crate::Cable::disconnect`] could mean.
    fn ready(&self) -> BoxFuture<'_, ()>;

    /// How the part that listens for other processes' messages is doing.
    fn listener(&self) -> ListenerStatus;
}
