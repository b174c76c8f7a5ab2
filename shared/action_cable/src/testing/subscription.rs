use std::sync::Arc;

use serde_json::Value;

use crate::outbox::Outbox;
use crate::protocol::Dialect;
use crate::{Channel, ChannelResult, Hub, Subscription};

/// One subscription under test.
pub struct TestSubscription<C: Channel> {
    subscription: Subscription<C>,
    channel: Option<C>,
    outbox: Arc<Outbox>,
}

/// Subscribes to a channel with the parameters as a client would give them.
///
/// # Panics
/// When they are no parameters of this channel.
pub async fn subscribe<C: Channel>(
    app: &C::App,
    identity: C::Identity,
    params: Value,
) -> TestSubscription<C> {
    let outbox = Arc::new(Outbox::new(usize::MAX));
    let hub = Hub::new();
    let sink = hub.sink("\"\"".into(), Dialect::Base, Arc::clone(&outbox));
    let mut subscription = Subscription::new(app.clone(), identity, hub, sink);
    let params = serde_json::from_value(params)
        .unwrap_or_else(|error| panic!("no parameters of `{}`: {error}", C::NAME));
    let channel = C::subscribed(params, &mut subscription).await.ok();
    TestSubscription {
        subscription,
        channel,
        outbox,
    }
}

impl<C: Channel> TestSubscription<C> {
    /// Whether the channel refused the subscription.
    pub fn rejected(&self) -> bool {
        self.channel.is_none()
    }

    /// The streams whose messages the client gets, in the order of their names. None once rejected.
    pub fn streams(&self) -> Vec<String> {
        if self.rejected() {
            return Vec::new();
        }
        self.subscription.streams().map(str::to_owned).collect()
    }

    /// What was transmitted since the last call.
    pub fn transmissions(&self) -> Vec<Value> {
        std::iter::from_fn(|| self.outbox.try_next())
            .filter_map(|frame| super::message(&frame))
            .collect()
    }

    /// Performs an action as a client would ask for it, such as `{"action": "refresh"}`.
    ///
    /// # Errors
    /// What the action returns, or that there is no such action, or that the subscription was rejected.
    pub async fn perform(&mut self, data: Value) -> ChannelResult {
        let channel = self
            .channel
            .as_mut()
            .ok_or("the subscription was rejected")?;
        let action = serde_json::from_value(data)?;
        channel.received(action, &mut self.subscription).await
    }

    /// Ends the subscription.
    pub async fn unsubscribe(self) {
        if let Some(channel) = self.channel {
            channel.unsubscribed(&self.subscription.app).await;
        }
    }
}
