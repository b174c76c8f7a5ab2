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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;
    use crate::outbox::Outbox;

    #[test]
    fn the_order_of_offsets_is_that_of_deliveries() {
        let adapter = InProcess::default();
        let outbox = Arc::new(Outbox::new(usize::MAX));
        let sink = adapter.hub.sink(
            "\"\"".into(),
            crate::protocol::Dialect::Base,
            Arc::clone(&outbox),
        );
        adapter.hub.subscribe("s", &sink);
        sink.confirm();
        sink.release();
        outbox.try_next();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let adapter = &adapter;
                scope.spawn(move || {
                    for number in 0..20 {
                        let payload = (thread * 100 + number).to_string();
                        futures_util::FutureExt::now_or_never(adapter.broadcast("s", payload));
                    }
                });
            }
        });
        let since = Since::Time(SystemTime::UNIX_EPOCH);
        let History::Kept(kept) = lock(&adapter.ring).since("s", &since) else {
            panic!("it is lost");
        };
        assert_eq!(kept.messages.len(), 80);
        for message in kept.messages {
            let frame = outbox.try_next().unwrap();
            let frame: serde_json::Value = serde_json::from_slice(frame.payload()).unwrap();
            assert_eq!(frame["message"].to_string(), message.payload);
        }
    }
}
