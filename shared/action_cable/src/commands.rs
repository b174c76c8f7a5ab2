//! What one connection's commands do, one after the other.
//!
//! No command has an error reply in the protocol: what cannot be done is logged, and the socket stays open.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::channels::{Parts, Subscribe, Subscribed};
use crate::outbox::Outbox;
use crate::protocol::{self, ClientFrame, Identifier};
use crate::server::Shared;
use crate::{Identify, json};

/// The subscriptions of one connection.
pub(crate) struct Commands<A, I> {
    server: Arc<Shared<A, I>>,
    identity: I,
    outbox: Arc<Outbox>,
    /// By identifier, as the client wrote it.
    subscriptions: HashMap<String, Box<dyn Subscribed>>,
}

/// Why a command was not performed.
#[derive(Debug, thiserror::Error)]
enum Ignored {
    #[error("the frame is no command: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("there is no command `{0}`")]
    UnknownCommand(String),
    #[error("the command has no identifier")]
    NoIdentifier,
    #[error("there is no channel of this identifier")]
    UnknownChannel,
    #[error("the client has subscribed already")]
    AlreadySubscribed,
    #[error("the client has no such subscription")]
    UnknownSubscription,
    #[error("the message has no data")]
    NoData,
    #[error("the connection has its {0} subscriptions already")]
    TooManySubscriptions(usize),
    #[error("the identifier has more than {0} bytes")]
    LongIdentifier(usize),
}

impl<A, I> Commands<A, I>
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    pub(crate) fn new(server: Arc<Shared<A, I>>, identity: I, outbox: Arc<Outbox>) -> Self {
        Self {
            server,
            identity,
            outbox,
            subscriptions: HashMap::new(),
        }
    }

    /// Performs what a text frame asks for.
    pub(crate) async fn perform(&mut self, frame: &str) {
        self.server.metrics().received(frame.len());
        if let Err(reason) = self.try_perform(frame).await {
            self.server.metrics().ignored();
            tracing::debug!(cable.ignored = %reason, "ignored a frame");
        }
    }

    async fn try_perform(&mut self, frame: &str) -> Result<(), Ignored> {
        let command: ClientFrame<'_> = serde_json::from_str(frame)?;
        let identifier = command.identifier.ok_or(Ignored::NoIdentifier);
        match &*command.command {
            "subscribe" => self.subscribe(identifier?).await,
            "unsubscribe" => self.unsubscribe(&identifier?).await,
            "message" => {
                let data = command.data.ok_or(Ignored::NoData)?;
                self.message(&identifier?, &data).await
            }
            other => Err(Ignored::UnknownCommand(other.to_owned())),
        }
    }

    async fn subscribe(&mut self, identifier: Cow<'_, str>) -> Result<(), Ignored> {
        if self.subscriptions.contains_key(&*identifier) {
            return Err(Ignored::AlreadySubscribed);
        }
        let quoted = json::encode(&*identifier)?;
        let subscribe = match self.admit(&identifier) {
            Ok(subscribe) => subscribe,
            Err(Ignored::UnknownChannel) if !self.server.config.reject_unknown_channels => {
                return Err(Ignored::UnknownChannel);
            }
            Err(reason) => {
                self.outbox.push(protocol::reject(&quoted));
                return Err(reason);
            }
        };
        self.start(subscribe, identifier.into_owned(), quoted).await;
        Ok(())
    }

    fn admit(&self, identifier: &str) -> Result<Subscribe<A, I>, Ignored> {
        let config = &self.server.config;
        if identifier.len() > config.max_identifier_size {
            return Err(Ignored::LongIdentifier(config.max_identifier_size));
        }
        if self.subscriptions.len() >= config.max_subscriptions {
            return Err(Ignored::TooManySubscriptions(config.max_subscriptions));
        }
        let parsed: Identifier<'_> =
            serde_json::from_str(identifier).map_err(|_| Ignored::UnknownChannel)?;
        self.server
            .channels
            .get(&parsed.channel)
            .ok_or(Ignored::UnknownChannel)
    }

    async fn start(&mut self, subscribe: Subscribe<A, I>, identifier: String, quoted: String) {
        let quoted: Arc<str> = quoted.into();
        let hub = self.server.cable.hub().clone();
        let sink = hub.sink(Arc::clone(&quoted), Arc::clone(&self.outbox));
        let parts = Parts {
            app: self.server.app.clone(),
            identity: self.identity.clone(),
            hub,
            sink,
            identifier: identifier.clone(),
        };
        tokio::select! {
            () = self.server.cable.ready() => {}
            () = self.outbox.ended() => return,
        }
        if let Ok(subscribed) = subscribe(parts).await {
            tracing::debug!(cable.identifier = identifier, "subscribed");
            self.subscriptions.insert(identifier, subscribed);
        } else {
            tracing::debug!(cable.identifier = identifier, "rejected a subscription");
            self.outbox.push(protocol::reject(&quoted));
        }
    }

    async fn unsubscribe(&mut self, identifier: &str) -> Result<(), Ignored> {
        let subscription = self
            .subscriptions
            .remove(identifier)
            .ok_or(Ignored::UnknownSubscription)?;
        subscription.unsubscribed().await;
        tracing::debug!(cable.identifier = identifier, "unsubscribed");
        Ok(())
    }

    async fn message(&mut self, identifier: &str, data: &str) -> Result<(), Ignored> {
        let subscription = self
            .subscriptions
            .get_mut(identifier)
            .ok_or(Ignored::UnknownSubscription)?;
        if let Err(error) = subscription.received(data).await {
            tracing::warn!(cable.identifier = identifier, error = %error, "an action failed");
        }
        Ok(())
    }

    /// Tells every channel that the client is gone.
    pub(crate) async fn unsubscribe_from_all(&mut self) {
        for (_, subscription) in self.subscriptions.drain() {
            subscription.unsubscribed().await;
        }
    }
}
