use std::sync::Arc;

use crate::channels::Channels;
use crate::server::Shared;
use crate::{Cable, Channel, Config, Identify, Server, ping};

/// Puts a [`Server`] together.
#[must_use = "a builder is no server until `build` is called"]
pub struct Builder<A, I> {
    app: A,
    cable: Cable,
    config: Config,
    channels: Channels<A, I>,
}

impl<A, I> Builder<A, I>
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    pub(crate) fn new(app: A, cable: Cable) -> Self {
        Self {
            app,
            cable,
            config: Config::default(),
            channels: Channels::new(),
        }
    }

    /// Lets clients subscribe to a channel.
    ///
    /// # Panics
    /// When two channels have one name.
    pub fn channel<C: Channel<App = A, Identity = I>>(mut self) -> Self {
        self.channels.add::<C>();
        self
    }

    /// Replaces the default configuration.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The server. Its pings run on the Tokio runtime that this is called on.
    ///
    /// # Panics
    /// When it is called outside of a Tokio runtime.
    pub fn build(self) -> Server<A, I> {
        let shared = Shared::new(self.app, self.cable, self.config, self.channels);
        let shared = Arc::new(shared);
        tokio::spawn(ping::run(
            shared.config.ping_interval,
            Arc::downgrade(&shared),
        ));
        Server { shared }
    }
}
