use std::sync::Arc;

use super::history::follow_up;
use super::{Client, Commands, Due, Entry, Ignored, start_timers};
use crate::channels::{Parts, Subscribe};
use crate::protocol::{self, Asked, Dialect, Identifier};
use crate::{Identify, json};

impl<A, I> Commands<A, I>
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    /// Subscribes as a command asks.
    pub(super) async fn subscribe(
        &mut self,
        identifier: &str,
        asked: Option<Asked>,
    ) -> Result<(), Ignored> {
        if self.subscriptions.contains_key(identifier) {
            return Err(Ignored::AlreadySubscribed);
        }
        let quoted = json::encode(identifier)?;
        let subscribe = match self.admit(identifier) {
            Ok(subscribe) => subscribe,
            Err(Ignored::UnknownChannel) if !self.server.config.reject_unknown_channels => {
                return Err(Ignored::UnknownChannel);
            }
            Err(reason) => {
                self.client.outbox.push(protocol::reject(&quoted));
                return Err(reason);
            }
        };
        let asked = asked.filter(|_| self.client.dialect == Dialect::Extended);
        if self.start(subscribe, identifier, quoted).await {
            self.catch_up(identifier, asked).await;
        }
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

    /// Subscribes, and holds back what comes until [`Commands::catch_up`]. Whether the channel took the subscription.
    async fn start(
        &mut self,
        subscribe: Subscribe<A, I>,
        identifier: &str,
        quoted: String,
    ) -> bool {
        let quoted: Arc<str> = quoted.into();
        let hub = self.server.cable.hub().clone();
        let Client {
            dialect, outbox, ..
        } = &self.client;
        let sink = hub.sink(Arc::clone(&quoted), *dialect, Arc::clone(outbox));
        let parts = Parts {
            app: self.server.app.clone(),
            identity: self.identity.clone(),
            hub,
            sink,
            identifier: identifier.to_owned(),
        };
        tokio::select! {
            () = self.server.cable.ready() => {}
            () = outbox.ended() => return false,
        }
        let Ok(subscription) = subscribe(parts).await else {
            tracing::debug!(cable.identifier = identifier, "rejected a subscription");
            self.client.outbox.push(protocol::reject(&quoted));
            return false;
        };
        tracing::debug!(cable.identifier = identifier, "subscribed");
        start_timers(&mut self.timers, identifier, &*subscription);
        let entry = Entry {
            subscription,
            present_as: None,
        };
        self.subscriptions.insert(identifier.to_owned(), entry);
        self.note_subscriptions();
        true
    }

    /// Ends a subscription.
    pub(super) async fn unsubscribe(&mut self, identifier: &str) -> Result<(), Ignored> {
        let entry = self
            .subscriptions
            .remove(identifier)
            .ok_or(Ignored::UnknownSubscription)?;
        self.timers.cancel(|due| match due {
            Due::Timer { identifier: of, .. } => **of == *identifier,
            Due::Release => false,
        });
        self.note_subscriptions();
        entry.end(&self.server).await;
        tracing::debug!(cable.identifier = identifier, "unsubscribed");
        Ok(())
    }

    /// Subscribes, and holds back what comes until [`Commands::catch_up`]. Whether the channel took the subscription.
    pub(crate) async fn open(&mut self, identifier: &str) -> bool {
        let (Ok(quoted), Ok(subscribe)) = (json::encode(identifier), self.admit(identifier)) else {
            return false;
        };
        self.start(subscribe, identifier, quoted).await
    }

    /// Sends what the client missed, if it asks for that, and then what has come meanwhile.
    pub(crate) async fn catch_up(&mut self, identifier: &str, asked: Option<Asked>) {
        if asked.is_some() {
            // There is the subscription: it was just opened.
            let _ = self.history(identifier, asked).await;
        } else if let Some(entry) = self.subscriptions.get(identifier) {
            let sink = entry.subscription.sink();
            follow_up(&self.server.cable, sink, &self.client.outbox).await;
        }
    }
}
