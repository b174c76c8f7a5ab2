//! What browsers subscribe to, and the one list of it.

mod todos_channel;

use action_cable::pubsub::PubSubChannel;
use action_cable::turbo::StreamsChannel;
use action_cable::{Cable, Config, Server};
pub use todos_channel::TodosChannel;

use crate::{AppContext, Visitor};

/// The cable server with all channels of the application, and with the streams of a Rails application that has the same
/// secret.
pub fn channels(app: AppContext, cable: Cable, config: Config) -> Server<AppContext, Visitor> {
    Server::builder(app, cable)
        .config(config)
        .channel::<TodosChannel>()
        .channel::<StreamsChannel<_, _>>()
        .channel::<PubSubChannel<_, _>>()
        .build()
}
