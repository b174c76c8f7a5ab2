//! For tests: subscribes to channels without a server, and sees what is broadcast.
//!
//! ```
//! # use action_cable::{Channel, NoActions, Rejected, Stream, Subscription, testing};
//! # use serde_json::{Value, json};
//! # struct RoomChannel;
//! # impl Channel for RoomChannel {
//! #     const NAME: &'static str = "RoomChannel";
//! #     type App = ();
//! #     type Identity = ();
//! #     type Params = Value;
//! #     type Action = NoActions;
//! #     async fn subscribed(params: Value, subscription: &mut Subscription<Self>) -> Result<Self, Rejected> {
//! #         let room = params["room"].as_u64().ok_or(Rejected)?;
//! #         subscription.stream_from(Stream::<Value>::new(format!("room:{room}")));
//! #         subscription.transmit(&json!({ "people": 3 }));
//! #         Ok(Self)
//! #     }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let subscribed = testing::subscribe::<RoomChannel>(&(), (), json!({ "room": 1 })).await;
//! assert!(!subscribed.rejected());
//! assert_eq!(subscribed.streams(), ["room:1"]);
//! assert_eq!(subscribed.transmissions(), [json!({ "people": 3 })]);
//! # }
//! ```

mod broadcasts;
mod subscription;

pub use broadcasts::{Broadcasts, broadcasts};
pub use subscription::{TestSubscription, subscribe};

use serde_json::Value;

use crate::frame::Frame;

/// What a frame to a subscription says.
fn message(frame: &Frame) -> Option<Value> {
    let mut frame: Value = serde_json::from_slice(frame.payload()).ok()?;
    Some(frame["message"].take())
}
