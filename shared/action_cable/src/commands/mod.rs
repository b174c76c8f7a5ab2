//! What one connection's commands do, one after the other.
//!
//! No command has an error reply in the protocol: what cannot be done is logged, and the socket stays open.

mod history;
mod presence;
mod subscribe;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use history::follow_up;
use serde_json::value::RawValue;

use crate::Identify;
use crate::channels::Subscribed;
use crate::outbox::Outbox;
use crate::protocol::{self, ClientFrame, Dialect};
use crate::pulse::Pulse;
use crate::server::Shared;
use crate::session::Session;
use crate::timers::Timers;

/// How long a client that came back may take until it tells what it missed.
const RESTORE_PATIENCE: Duration = Duration::from_secs(5);

/// The subscriptions of one connection, by identifier, as the client wrote it.
pub(crate) type Subscriptions = HashMap<String, Entry>;

/// A subscription.
pub(crate) struct Entry {
    subscription: Box<dyn Subscribed>,
    /// The id by which it makes its client present, as JSON.
    present_as: Option<String>,
}

/// One connection's side of its subscriptions.
pub(crate) struct Commands<A, I> {
    server: Arc<Shared<A, I>>,
    identity: I,
    client: Client,
    subscriptions: Subscriptions,
    timers: Timers<Due>,
}

/// Whom a connection serves.
pub(crate) struct Client {
    pub(crate) dialect: Dialect,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) pulse: Arc<Pulse>,
}

/// What a connection does at certain moments.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// A timer of a channel.
    Timer {
        identifier: Arc<str>,
        name: &'static str,
    },
    /// A client that came back has not told what it missed.
    Release,
}

/// Why a command was not performed.
#[derive(Debug, thiserror::Error)]
enum Ignored {
    #[error("the frame is no command: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("there is no command `{0}`")]
    UnknownCommand(String),
    #[error("the command has no identifier")]
    NoIdentifier,
    #[error("there is no channel of this identifier")]
    UnknownChannel,
    #[error("the client has subscribed already")]
    AlreadySubscribed,
    #[error("the client has no such subscription")]
    UnknownSubscription,
    #[error("the message has no data")]
    NoData,
    #[error("the connection has its {0} subscriptions already")]
    TooManySubscriptions(usize),
    #[error("the identifier has more than {0} bytes")]
    LongIdentifier(usize),
    #[error("the channel has no stream for that")]
    NoStream,
    #[error("the command has no presence with an id, or one of more than {0} bytes")]
    NoPresence(usize),
    #[error("the client is present under another id")]
    OtherPresence,
}

impl<A, I> Commands<A, I>
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    pub(crate) fn new(server: Arc<Shared<A, I>>, identity: I, client: Client) -> Self {
        Self {
            server,
            identity,
            client,
            subscriptions: HashMap::new(),
            timers: Timers::new(),
        }
    }

    /// Those of a client that came back. What its streams bring waits until it has told what it missed.
    pub(crate) fn restored(server: Arc<Shared<A, I>>, session: Session<I>, client: Client) -> Self {
        let mut commands = Self::new(server, session.identity, client);
        commands.subscriptions = session.subscriptions;
        for (identifier, entry) in &commands.subscriptions {
            let sink = entry.subscription.sink();
            sink.attach(Arc::clone(&commands.client.outbox));
            start_timers(&mut commands.timers, identifier, &*entry.subscription);
        }
        commands.timers.once(RESTORE_PATIENCE, Due::Release);
        commands.note_subscriptions();
        commands
    }

    /// The identifiers of the subscriptions.
    pub(crate) fn identifiers(&self) -> Vec<&str> {
        self.subscriptions.keys().map(String::as_str).collect()
    }

    /// What is to be done next without a command, once it is time.
    pub(crate) async fn due(&mut self) -> Due {
        self.timers.next().await
    }

    /// Does what is due.
    pub(crate) async fn attend(&mut self, due: Due) {
        match due {
            Due::Timer { identifier, name } => {
                if let Some(entry) = self.subscriptions.get_mut(&*identifier)
                    && let Err(error) = entry.subscription.tick(name).await
                {
                    tracing::warn!(cable.identifier = &*identifier, cable.timer = name, error = %error, "a timer failed");
                }
            }
            Due::Release => {
                for entry in self.subscriptions.values() {
                    let sink = entry.subscription.sink();
                    follow_up(&self.server.cable, sink, &self.client.outbox).await;
                }
            }
        }
    }

    /// Performs what a text frame asks for.
    pub(crate) async fn perform(&mut self, frame: &str) {
        self.server.metrics().received(frame.len());
        if let Err(reason) = self.try_perform(frame).await {
            self.server.metrics().ignored();
            tracing::debug!(cable.ignored = %reason, "ignored a frame");
        }
    }

    async fn try_perform(&mut self, frame: &str) -> Result<(), Ignored> {
        let command: ClientFrame<'_> = serde_json::from_str(frame)?;
        match &*command.command {
            "pong" => {
                self.client.pulse.pong();
                return Ok(());
            }
            "ping" => {
                self.client.outbox.push(protocol::pong());
                return Ok(());
            }
            _ => {}
        }
        let identifier = command.identifier.ok_or(Ignored::NoIdentifier)?;
        match &*command.command {
            "subscribe" => {
                self.subscribe(&identifier, command.history).await?;
                if let Some(presence) = &command.presence {
                    self.join(&identifier, presence)?;
                }
                Ok(())
            }
            "unsubscribe" => self.unsubscribe(&identifier).await,
            "message" => {
                let data = command.data.ok_or(Ignored::NoData)?;
                let data: Cow<'_, str> = serde_json::from_str(data.get())?;
                self.message(&identifier, &data).await
            }
            "history" => self.history(&identifier, command.history).await,
            "whisper" => self.whisper(&identifier, command.data),
            "join" => self.join(
                &identifier,
                command.presence.as_ref().ok_or(self.no_presence())?,
            ),
            "leave" => self.leave(&identifier),
            "presence" => self.presence(&identifier),
            other => Err(Ignored::UnknownCommand(other.to_owned())),
        }
    }

    async fn message(&mut self, identifier: &str, data: &str) -> Result<(), Ignored> {
        let entry = self.entry(identifier)?;
        if let Err(error) = entry.subscription.received(data).await {
            tracing::warn!(cable.identifier = identifier, error = %error, "an action failed");
        }
        Ok(())
    }

    /// Passes on what the client says to the others, without keeping it.
    fn whisper(&mut self, identifier: &str, data: Option<&RawValue>) -> Result<(), Ignored> {
        let data = data.ok_or(Ignored::NoData)?;
        let entry = self.entry(identifier)?;
        let stream = entry.subscription.whispers_to().ok_or(Ignored::NoStream)?;
        let (stream, sink) = (stream.to_owned(), Arc::clone(entry.subscription.sink()));
        let hub = self.server.cable.hub();
        hub.whisper(&stream, data.get(), &sink);
        Ok(())
    }

    fn entry(&mut self, identifier: &str) -> Result<&mut Entry, Ignored> {
        self.subscriptions
            .get_mut(identifier)
            .ok_or(Ignored::UnknownSubscription)
    }

    fn note_subscriptions(&self) {
        self.client.pulse.subscribed_to(self.subscriptions.len());
    }

    /// Tells every channel that the client is gone.
    pub(crate) async fn unsubscribe_from_all(self) {
        end(self.subscriptions, &self.server).await;
    }

    /// What to keep of a client that is cut off and may come back.
    pub(crate) fn into_session(mut self) -> Session<I> {
        self.part();
        for entry in self.subscriptions.values() {
            entry.subscription.sink().detach();
        }
        Session {
            identity: self.identity,
            subscriptions: self.subscriptions,
        }
    }
}

/// Tells every channel that the client is gone.
pub(crate) async fn end<A, I>(subscriptions: Subscriptions, server: &Arc<Shared<A, I>>)
where
    A: Send + Sync + 'static,
    I: Send + Sync + 'static,
{
    for (_, entry) in subscriptions {
        entry.end(server).await;
    }
}

fn start_timers(timers: &mut Timers<Due>, identifier: &str, subscription: &dyn Subscribed) {
    for (every, name) in subscription.timers() {
        let identifier = identifier.into();
        timers.every(*every, Due::Timer { identifier, name });
    }
}
