use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use tracing::Instrument as _;

use crate::in_process::InProcess;
use crate::remote::{self, Order};
use crate::{Adapter, AdapterError, History, Hub, ListenerStatus, Since, Stream, json};

/// The handle to broadcast with. Cheap to clone.
#[derive(Clone)]
pub struct Cable {
    adapter: Arc<dyn Adapter>,
}

/// Why a message was not broadcast.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BroadcastError {
    /// The message has no JSON form, such as a map whose keys are no strings.
    #[error("could not serialize a message to the stream `{stream}`")]
    Serialize {
        /// The stream.
        stream: String,
        /// What serde said.
        #[source]
        source: serde_json::Error,
    },
    /// The adapter could not pass it on.
    #[error("could not broadcast to the stream `{stream}`")]
    Adapter {
        /// The stream.
        stream: String,
        /// What the adapter said.
        #[source]
        source: AdapterError,
    },
}

impl Cable {
    /// A cable over an adapter.
    pub fn new(adapter: impl Adapter) -> Self {
        Self {
            adapter: Arc::new(adapter),
        }
    }

    /// A cable within this process, as Rails' `async` adapter.
    pub fn in_process() -> Self {
        Self::new(InProcess::default())
    }

    /// Sends `message` to all subscribers of `stream`, in every process. The message is serialized here and never
    /// again.
    ///
    /// # Errors
    /// [`BroadcastError`]: nobody got the message, or it is unknown whether it was stored.
    pub fn broadcast<M, S>(
        &self,
        stream: S,
        message: &M,
    ) -> impl Future<Output = Result<(), BroadcastError>> + Send + use<M, S>
    where
        M: Serialize,
        S: Borrow<Stream<M>>,
    {
        let adapter = Arc::clone(&self.adapter);
        let stream = stream.borrow().name().to_owned();
        let payload = json::encode(message);
        async move {
            match payload {
                Ok(payload) => pass_on(&*adapter, stream, payload).await,
                Err(source) => Err(BroadcastError::Serialize { stream, source }),
            }
        }
    }

    /// Sends a message that is JSON already.
    pub(crate) async fn broadcast_json(
        &self,
        stream: String,
        payload: String,
    ) -> Result<(), BroadcastError> {
        pass_on(&*self.adapter, stream, payload).await
    }

    /// Disconnects all clients of an identity, in every process: see [`crate::Identify::connection_identifier`].
    /// `reconnect` tells them whether to come again.
    ///
    /// # Errors
    /// As [`Cable::broadcast`].
    pub async fn disconnect(
        &self,
        connection_identifier: &str,
        reconnect: bool,
    ) -> Result<(), BroadcastError> {
        let stream = remote::stream(connection_identifier);
        self.broadcast(stream, &Order::Disconnect { reconnect })
            .await
    }

    pub(crate) fn hub(&self) -> &Hub {
        self.adapter.hub()
    }

    pub(crate) async fn history(
        &self,
        stream: &str,
        since: Since,
    ) -> Result<History, AdapterError> {
        self.adapter.history(stream, since).await
    }

    pub(crate) async fn ready(&self) {
        self.adapter.ready().await;
    }

    pub(crate) fn listener(&self) -> ListenerStatus {
        self.adapter.listener()
    }
}

async fn pass_on(
    adapter: &dyn Adapter,
    stream: String,
    payload: String,
) -> Result<(), BroadcastError> {
    let size = payload.len();
    let kind = telemetry::is_traced().then_some("producer");
    let span = tracing::debug_span!("cable.broadcast", otel.kind = kind, cable.stream = stream);
    match adapter.broadcast(&stream, payload).instrument(span).await {
        Ok(()) => {
            tracing::debug!(
                cable.stream = stream,
                cable.payload_bytes = size,
                "broadcast"
            );
            Ok(())
        }
        Err(source) => Err(BroadcastError::Adapter { stream, source }),
    }
}

impl fmt::Debug for Cable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cable")
            .field("hub", self.hub())
            .finish_non_exhaustive()
    }
}
