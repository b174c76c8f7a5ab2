//! The channels of a server behind one type, found by name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::sink::Sink;
use crate::{BoxFuture, Channel, ChannelResult, Hub, Rejected, Subscription};

/// The channels that clients can subscribe to.
pub(crate) struct Channels<A, I> {
    by_name: HashMap<&'static str, Subscribe<A, I>>,
}

/// What a new subscription is made of.
pub(crate) struct Parts<A, I> {
    pub(crate) app: A,
    pub(crate) identity: I,
    pub(crate) hub: Hub,
    pub(crate) sink: Arc<Sink>,
    /// As the client sent it: a JSON object.
    pub(crate) identifier: String,
}

/// Subscribes a client to one channel, and confirms it.
pub(crate) type Subscribe<A, I> =
    fn(Parts<A, I>) -> BoxFuture<'static, Result<Box<dyn Subscribed>, Rejected>>;

/// A confirmed subscription.
pub(crate) trait Subscribed: Send {
    /// `data` is what the client sent: a JSON object.
    fn received<'a>(&'a mut self, data: &'a str) -> BoxFuture<'a, ChannelResult>;
    fn tick<'a>(&'a mut self, timer: &'static str) -> BoxFuture<'a, ChannelResult>;
    fn unsubscribed(self: Box<Self>) -> BoxFuture<'static, ()>;
    fn sink(&self) -> &Arc<Sink>;
    fn streams(&self) -> Vec<&str>;
    fn whispers_to(&self) -> Option<&str>;
    fn presence_of(&self) -> Option<&str>;
    fn timers(&self) -> &[(Duration, &'static str)];
}

impl<A, I> Channels<A, I>
where
    A: Clone + Send + Sync + 'static,
    I: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self {
            by_name: HashMap::new(),
        }
    }

    /// # Panics
    /// When another channel has the name.
    pub(crate) fn add<C: Channel<App = A, Identity = I>>(&mut self) {
        let other = self
            .by_name
            .insert(C::NAME, |parts| Box::pin(subscribe::<C>(parts)));
        assert!(other.is_none(), "two channels are named `{}`", C::NAME);
    }

    pub(crate) fn get(&self, name: &str) -> Option<Subscribe<A, I>> {
        self.by_name.get(name).copied()
    }
}

struct Running<C: Channel> {
    channel: C,
    subscription: Subscription<C>,
}

async fn subscribe<C: Channel>(
    parts: Parts<C::App, C::Identity>,
) -> Result<Box<dyn Subscribed>, Rejected> {
    let params: C::Params = serde_json::from_str(&parts.identifier).map_err(|error| {
        tracing::warn!(cable.channel = C::NAME, error = %error, "rejected a subscription whose parameters do not fit");
        Rejected
    })?;
    let mut subscription = Subscription::new(parts.app, parts.identity, parts.hub, parts.sink);
    let channel = C::subscribed(params, &mut subscription).await?;
    subscription.sink().confirm();
    Ok(Box::new(Running {
        channel,
        subscription,
    }))
}

impl<C: Channel> Subscribed for Running<C> {
    fn received<'a>(&'a mut self, data: &'a str) -> BoxFuture<'a, ChannelResult> {
        Box::pin(async move {
            let Self {
                channel,
                subscription,
            } = self;
            let performed = async {
                let action = serde_json::from_str(&with_action(data)?)?;
                channel.before_action(&action, subscription).await?;
                channel.received(action, subscription).await
            };
            match performed.await {
                Ok(()) => Ok(()),
                Err(error) => channel.rescue(error, subscription).await,
            }
        })
    }

    fn tick<'a>(&'a mut self, timer: &'static str) -> BoxFuture<'a, ChannelResult> {
        Box::pin(self.channel.periodically(timer, &mut self.subscription))
    }

    fn unsubscribed(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Self {
                channel,
                mut subscription,
            } = *self;
            subscription.stop_all_streams();
            channel.unsubscribed(&subscription.app).await;
        })
    }

    fn sink(&self) -> &Arc<Sink> {
        self.subscription.sink()
    }

    fn streams(&self) -> Vec<&str> {
        self.subscription.streams().collect()
    }

    fn whispers_to(&self) -> Option<&str> {
        self.subscription.whispers_to.as_deref()
    }

    fn presence_of(&self) -> Option<&str> {
        self.subscription.presence_of.as_deref()
    }

    fn timers(&self) -> &[(Duration, &'static str)] {
        &self.subscription.timers
    }
}

#[derive(Deserialize)]
struct Data {
    action: Option<IgnoredAny>,
}

/// The data with the action that it has by default.
fn with_action(data: &str) -> serde_json::Result<Cow<'_, str>> {
    if serde_json::from_str::<Data>(data)?.action.is_some() {
        return Ok(Cow::Borrowed(data));
    }
    let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(data)?;
    fields.insert("action".into(), "receive".into());
    serde_json::to_string(&fields).map(Cow::Owned)
}
