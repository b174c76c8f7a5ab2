use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::Subscription;

/// What an action comes to. An error is logged; the connection and the subscription stay as they are.
pub type ChannelResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// The subscription is refused: Rails' `reject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected;

/// What clients subscribe to. A value of the type lives as long as one subscription of one client.
///
/// All calls for one connection come one after the other, in the order of the client's commands.
pub trait Channel: Sized + Send + 'static {
    /// The name that clients ask for. That of a Rails channel is its class's, such as `Chats::RoomChannel`.
    const NAME: &'static str;
    /// What the application hands to all of its channels.
    type App: Clone + Send + Sync + 'static;
    /// Who is connected; see [`crate::Identify`].
    type Identity: Clone + Send + Sync + 'static;
    /// The parameters of a subscription, taken from its identifier, which also has a field `channel`. A subscription
    /// whose parameters do not fit is rejected. [`crate::NoParams`] for none.
    type Params: DeserializeOwned + Send;
    /// What clients can make the channel do: usually an enum with `#[serde(tag = "action")]`. Data without an action
    /// has the action `receive`. [`crate::NoActions`] for none.
    type Action: DeserializeOwned + Send;

    /// A client subscribes. Messages of the streams named here reach it from this moment on, after the confirmation;
    /// what is transmitted here reaches it before.
    fn subscribed(
        params: Self::Params,
        subscription: &mut Subscription<Self>,
    ) -> impl Future<Output = Result<Self, Rejected>> + Send;

    /// A client sends something.
    fn received(
        &mut self,
        action: Self::Action,
        subscription: &mut Subscription<Self>,
    ) -> impl Future<Output = ChannelResult> + Send {
        let _ = (action, subscription);
        async { Err(format!("{} takes no actions", Self::NAME).into()) }
    }

    /// Before an action: Rails' `before_action`. An error keeps it from being performed.
    fn before_action(
        &mut self,
        action: &Self::Action,
        subscription: &mut Subscription<Self>,
    ) -> impl Future<Output = ChannelResult> + Send {
        let _ = (action, subscription);
        async { Ok(()) }
    }

    /// An action failed, or its data fit none: Rails' `rescue_from`. What is returned is logged.
    fn rescue(
        &mut self,
        error: Box<dyn std::error::Error + Send + Sync>,
        subscription: &mut Subscription<Self>,
    ) -> impl Future<Output = ChannelResult> + Send {
        let _ = subscription;
        async { Err(error) }
    }

    /// A timer of [`Subscription::every`] is due. It comes between the client's commands, never beside one.
    fn periodically(
        &mut self,
        timer: &'static str,
        subscription: &mut Subscription<Self>,
    ) -> impl Future<Output = ChannelResult> + Send {
        let _ = (timer, subscription);
        async { Ok(()) }
    }

    /// The client unsubscribed or is gone, and did not come back in time if it could ([`crate::Config::sessions_ttl`]).
    /// Not called for a rejected subscription.
    fn unsubscribed(self, app: &Self::App) -> impl Future<Output = ()> + Send {
        let _ = app;
        async {}
    }
}

/// [`Channel::Params`] of a channel that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct NoParams {}

/// [`Channel::Action`] of a channel that has none. There is no value of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoActions {}

impl<'de> Deserialize<'de> for NoActions {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("the channel has no actions"))
    }
}
