use std::sync::{Arc, Mutex};
use std::time::Duration;

use action_cable::{
    Channel, ChannelResult, Identify, NoActions, NoParams, Refused, Rejected, Stream, Subscription,
    UpgradeRequest,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// The application of the test channels: writes down what happened, and holds a door shut.
#[derive(Clone, Default)]
pub(crate) struct Log {
    entries: Arc<Mutex<Vec<String>>>,
    pub(crate) door: Arc<Notify>,
}

impl Log {
    pub(crate) fn entries(&self) -> Vec<String> {
        self.entries.lock().unwrap().clone()
    }

    fn write(&self, entry: impl Into<String>) {
        self.entries.lock().unwrap().push(entry.into());
    }
}

/// Says who it is in the query string.
#[derive(Clone)]
pub(crate) struct Visitor(Option<String>);

impl Identify<Log> for Visitor {
    async fn identify(request: &UpgradeRequest<'_>, app: &Log) -> Result<Self, Refused> {
        match request.param("as") {
            Some(name) if name == "mallory" => Err(Refused::Unauthorized),
            Some(name) if name == "sloth" => {
                app.door.notified().await;
                Ok(Self(Some(name)))
            }
            name => Ok(Self(name)),
        }
    }

    fn connection_identifier(&self) -> Option<String> {
        self.0.clone()
    }
}

#[derive(Deserialize)]
pub(crate) struct Room {
    room: u32,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum RoomAction {
    Receive { text: String },
    Echo { number: u64 },
    Leave,
    Fail,
    Forbidden,
    Panic,
}

/// Streams `room:<n>` and speaks into it.
pub(crate) struct RoomChannel(u32);

impl Channel for RoomChannel {
    const NAME: &'static str = "RoomChannel";
    type App = Log;
    type Identity = Visitor;
    type Params = Room;
    type Action = RoomAction;

    async fn subscribed(
        Room { room }: Room,
        subscription: &mut Subscription<Self>,
    ) -> Result<Self, Rejected> {
        let stream = Stream::<Value>::new(format!("room:{room}"));
        subscription.allow_whispers(&stream);
        subscription.allow_presence(&stream);
        subscription.stream_from(stream);
        Ok(Self(room))
    }

    async fn before_action(
        &mut self,
        action: &RoomAction,
        _: &mut Subscription<Self>,
    ) -> ChannelResult {
        match action {
            RoomAction::Forbidden => Err("nobody may do this".into()),
            _ => Ok(()),
        }
    }

    async fn received(
        &mut self,
        action: RoomAction,
        subscription: &mut Subscription<Self>,
    ) -> ChannelResult {
        match action {
            RoomAction::Receive { text } => subscription.app.write(text),
            RoomAction::Echo { number } => subscription.transmit(&json!({ "number": number })),
            RoomAction::Leave => subscription.stop_all_streams(),
            RoomAction::Panic => panic!("an action panics, as a test wants it to"),
            RoomAction::Forbidden => subscription.app.write("did what is forbidden"),
            RoomAction::Fail => return Err("it had to fail".into()),
        }
        Ok(())
    }

    async fn rescue(
        &mut self,
        error: Box<dyn std::error::Error + Send + Sync>,
        subscription: &mut Subscription<Self>,
    ) -> ChannelResult {
        subscription.app.write(format!("rescued: {error}"));
        Err(error)
    }

    async fn unsubscribed(self, app: &Log) {
        app.write(format!("left room {}", self.0));
    }
}

/// Counts aloud.
pub(crate) struct ClockChannel(u32);

impl Channel for ClockChannel {
    const NAME: &'static str = "ClockChannel";
    type App = Log;
    type Identity = Visitor;
    type Params = NoParams;
    type Action = NoActions;

    async fn subscribed(
        _: NoParams,
        subscription: &mut Subscription<Self>,
    ) -> Result<Self, Rejected> {
        subscription.every(Duration::from_millis(20), "tick");
        Ok(Self(0))
    }

    async fn periodically(
        &mut self,
        timer: &'static str,
        subscription: &mut Subscription<Self>,
    ) -> ChannelResult {
        self.0 += 1;
        subscription.transmit(&json!({ timer: self.0 }));
        Ok(())
    }

    async fn unsubscribed(self, app: &Log) {
        app.write("the clock stopped");
    }
}

/// Transmits while it subscribes.
pub(crate) struct EagerChannel;

impl Channel for EagerChannel {
    const NAME: &'static str = "Chats::EagerChannel";
    type App = Log;
    type Identity = Visitor;
    type Params = NoParams;
    type Action = NoActions;

    async fn subscribed(
        _: NoParams,
        subscription: &mut Subscription<Self>,
    ) -> Result<Self, Rejected> {
        subscription.transmit(&json!("first"));
        Ok(Self)
    }
}

#[derive(Deserialize)]
pub(crate) struct Length {
    length: usize,
}

/// Streams `long`, and transmits so many characters while it subscribes.
pub(crate) struct LongChannel;

impl Channel for LongChannel {
    const NAME: &'static str = "LongChannel";
    type App = Log;
    type Identity = Visitor;
    type Params = Length;
    type Action = NoActions;

    async fn subscribed(
        Length { length }: Length,
        subscription: &mut Subscription<Self>,
    ) -> Result<Self, Rejected> {
        subscription.stream_from(Stream::<Value>::new("long"));
        subscription.transmit(&"x".repeat(length));
        Ok(Self)
    }
}

/// Streams, and then rejects.
pub(crate) struct PickyChannel;

impl Channel for PickyChannel {
    const NAME: &'static str = "PickyChannel";
    type App = Log;
    type Identity = Visitor;
    type Params = NoParams;
    type Action = NoActions;

    async fn subscribed(
        _: NoParams,
        subscription: &mut Subscription<Self>,
    ) -> Result<Self, Rejected> {
        subscription.stream_from(Stream::<Value>::new("picky"));
        Err(Rejected)
    }

    async fn unsubscribed(self, app: &Log) {
        app.write("a rejected subscription left");
    }
}

/// Streams `slow`, and is subscribed when the door opens.
pub(crate) struct SlowChannel;

impl Channel for SlowChannel {
    const NAME: &'static str = "SlowChannel";
    type App = Log;
    type Identity = Visitor;
    type Params = NoParams;
    type Action = NoActions;

    async fn subscribed(
        _: NoParams,
        subscription: &mut Subscription<Self>,
    ) -> Result<Self, Rejected> {
        subscription.stream_from(Stream::<Value>::new("slow"));
        subscription.app.write("subscribing slowly");
        subscription.app.door.notified().await;
        Ok(Self)
    }
}
