//! Action Cable for Rust: channels over WebSockets, in the wire protocol of Rails (`actioncable-v1-json`).
//!
//! An author writes [`Channel`]s and [`Stream`]s and broadcasts through a [`Cable`]; a [`Server`] speaks with the
//! clients. What carries a message from one process to another is an [`Adapter`]: [`Cable::in_process`] is the one
//! for a single process, `solid_cable` the one for several.
//!
//! ```
//! use action_cable::{Cable, Channel, NoActions, NoParams, Rejected, Server, Stream, Subscription};
//! use serde::Serialize;
//!
//! #[derive(Serialize)]
//! pub struct Chime {
//!     hour: u8,
//! }
//!
//! pub fn chimes() -> Stream<Chime> {
//!     Stream::new("chimes")
//! }
//!
//! pub struct ChimesChannel;
//!
//! impl Channel for ChimesChannel {
//!     const NAME: &'static str = "ChimesChannel";
//!     type App = ();
//!     type Identity = ();
//!     type Params = NoParams;
//!     type Action = NoActions;
//!
//!     async fn subscribed(_: NoParams, subscription: &mut Subscription<Self>) -> Result<Self, Rejected> {
//!         subscription.stream_from(chimes());
//!         Ok(Self)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cable = Cable::in_process();
//! let server = Server::builder((), cable.clone()).channel::<ChimesChannel>().build();
//! let app = actix_web::App::new().configure(server.routes()); // GET /cable
//! cable.broadcast(chimes(), &Chime { hour: 12 }).await?;
//! # drop(app);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod adapter;
pub mod auth;
mod body;
mod builder;
mod cable;
mod channel;
mod channels;
mod commands;
mod config;
mod connection;
mod drain;
mod endpoint;
mod frame;
mod guard;
mod history;
pub mod http;
mod hub;
mod identification;
mod identify;
mod in_process;
mod json;
mod load;
mod metrics;
mod origin;
mod outbox;
mod ping;
mod presence;
mod protocol;
mod proxies;
pub mod pubsub;
mod pulse;
mod remote;
mod sent;
mod server;
mod session;
mod sink;
mod stats;
mod stream;
mod subscription;
pub mod testing;
mod timers;
mod topic;
pub mod turbo;

pub use adapter::{Adapter, AdapterError, BoxFuture};
pub use builder::Builder;
pub use cable::{BroadcastError, Cable};
pub use channel::{Channel, ChannelResult, NoActions, NoParams, Rejected};
pub use config::Config;
pub use history::{Backlog, History, PastMessage, Position, Since};
pub use hub::Hub;
pub use identify::{Identify, Refused, UpgradeRequest};
pub use in_process::InProcess;
pub use metrics::describe_metrics;
pub use proxies::{InvalidNetwork, TrustedProxies};
pub use server::Server;
pub use stats::{ListenerState, ListenerStatus, Stats};
pub use stream::Stream;
pub use subscription::Subscription;
