use std::time::Duration;

use crate::{Adapter, AdapterError, BoxFuture, History, Hub, ListenerState, ListenerStatus, Since};

/// Rails' `async` adapter: messages reach the subscribers of this process only.
#[derive(Default)]
pub(crate) struct InProcess {
    hub: Hub,
}

impl Adapter for InProcess {
    fn broadcast<'a>(
        &'a self,
        stream: &'a str,
        payload: String,
    ) -> BoxFuture<'a, Result<(), AdapterError>> {
        Box::pin(async move {
            self.hub.deliver(stream, &payload, None);
            Ok(())
        })
    }

    fn hub(&self) -> &Hub {
        &self.hub
    }

    fn history<'a>(&'a self, _: &'a str, _: Since) -> BoxFuture<'a, Result<History, AdapterError>> {
        Box::pin(std::future::ready(Ok(History::Lost)))
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
