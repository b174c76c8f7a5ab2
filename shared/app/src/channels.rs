//! What browsers subscribe to, and the one list of it.

mod todos_channel;

use action_cable::{Cable, Config, Server};
pub use todos_channel::TodosChannel;

use crate::AppContext;

/// The cable server with all channels of the application. Anybody may connect.
pub fn channels(app: AppContext, cable: Cable, config: Config) -> Server<AppContext> {
    Server::builder(app, cable)
        .config(config)
        .channel::<TodosChannel>()
        .build()
}
