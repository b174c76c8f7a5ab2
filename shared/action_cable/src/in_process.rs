mod ring;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{Adapter, AdapterError, BoxFuture, History, Hub, ListenerState, ListenerStatus, Since};
use ring::Ring;

/// Rails' `async` adapter: messages reach the subscribers of this process only. The newest thousand, or mebibyte, of them
/// are kept for [`Adapter::history`], as long as the process lives.
#[derive(Debug, Default)]
pub struct InProcess {
    hub: Hub,
    ring: Mutex<Ring>,
    /// Held from a message's number to its delivery, so that both have one order. History does not wait for it.
    order: Mutex<()>,
}

impl Adapter for InProcess {
    fn broadcast<'a>(
        &'a self,
        stream: &'a str,
        payload: String,
    ) -> BoxFuture<'a, Result<(), AdapterError>> {
        Box::pin(async move {
            let _order = lock(&self.order);
            let position = lock(&self.ring).push(stream, &payload);
            self.hub.deliver(stream, &payload, Some(&position));
            Ok(())
        })
    }

    fn hub(&self) -> &Hub {
        &self.hub
    }

    fn history<'a>(
        &'a self,
        stream: &'a str,
        since: Since,
    ) -> BoxFuture<'a, Result<History, AdapterError>> {
        Box::pin(async move { Ok(lock(&self.ring).since(stream, &since)) })
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn listener(&self) -> ListenerStatus {
        ListenerStatus {
            state: ListenerState::Listening,
            since_poll: Some(Duration::ZERO),
            lag: Duration::ZERO,
        }
    }
}

/// A message that panicked on its way to a subscriber has left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
