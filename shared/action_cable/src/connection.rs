//! The life of one connection, as one task that performs the client's commands in their order.

use std::io;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, ProtocolError};
use futures_util::StreamExt as _;

use crate::commands::{Client, Commands};
use crate::frame::Frame;
use crate::identification::{Identified, identify, session};
use crate::outbox::{Ending, Outbox};
use crate::protocol::{self, Dialect, Disconnect};
use crate::pulse::{Precision, Pulse};
use crate::remote::Obedience;
use crate::server::{Registration, Shared};
use crate::session::Sessions;
use crate::{Identify, UpgradeRequest};

/// What came over the socket.
type Incoming = Option<Result<AggregatedMessage, ProtocolError>>;

/// Serves a socket that has just been opened, until it is closed. What is to be sent goes into the outbox, so that a
/// slow command holds up no broadcast.
pub(crate) async fn run<A, I>(
    server: Arc<Shared<A, I>>,
    request: HttpRequest,
    dialect: Dialect,
    registration: Registration<A, I>,
    mut messages: AggregatedMessageStream,
) where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    let outbox = registration.outbox();
    tracing::debug!("a client connected");
    let precision = Precision::wanted(&UpgradeRequest(&request));
    let pulse = Arc::new(Pulse::new(dialect, precision));
    // What is seldom under way has no place in the memory of each connection.
    let identified = Box::pin(who(&server, request, dialect, outbox)).await;
    if let Some(identified) = identified {
        let client = Client {
            dialect,
            outbox: Arc::clone(outbox),
            pulse: Arc::clone(&pulse),
        };
        let _obedience = Box::pin(obey(&server, identified.identity(), outbox)).await;
        let (mut commands, sid) = welcome(&server, identified, client);
        registration.opened(pulse);
        let left = read(&mut messages, &mut commands, outbox).await;
        match sid.filter(|_| left == Left::CutOff) {
            Some(sid) => Box::pin(server.keep(sid, commands.into_session())).await,
            None => Box::pin(commands.unsubscribe_from_all()).await,
        }
    }
    // A client that does not read the end keeps its place until its socket is gone.
    while let Some(Ok(_)) = messages.next().await {}
    tracing::debug!("a client disconnected");
}

/// How a client is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// It said so, or was told to go.
    Gone,
    /// Its connection broke, or it took it for broken.
    CutOff,
}

async fn who<A, I: Identify<A>>(
    server: &Shared<A, I>,
    request: HttpRequest,
    dialect: Dialect,
    outbox: &Outbox,
) -> Option<Identified<I>> {
    let request = UpgradeRequest(&request);
    if let Some(session) = session(server, &request, dialect) {
        return Some(Identified::Back(session));
    }
    let identity = identify(server, &request).await;
    identity
        .map_err(|reason| outbox.end(reason))
        .ok()
        .map(Identified::New)
}

/// Welcomes the client. Returns the name of its session too, if it may come back to it.
fn welcome<A, I>(
    server: &Arc<Shared<A, I>>,
    identified: Identified<I>,
    client: Client,
) -> (Commands<A, I>, Option<String>)
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    let outbox = Arc::clone(&client.outbox);
    let is_extended = client.dialect == Dialect::Extended;
    let sid = is_extended.then(Sessions::<I>::new_name);
    let (commands, is_back) = match identified {
        Identified::New(identity) => (Commands::new(Arc::clone(server), identity, client), false),
        Identified::Back(session) => (
            Commands::restored(Arc::clone(server), session, client),
            true,
        ),
    };
    let restored = commands.identifiers();
    let frame = sid.as_ref().map_or_else(
        || Ok(protocol::welcome()),
        |sid| protocol::welcome_with(sid, is_back.then_some(&restored)),
    );
    match frame {
        Ok(frame) => outbox.push(frame),
        Err(error) => tracing::error!(error = %error, "could not welcome a client"),
    }
    let is_kept = !server.config.sessions_ttl.is_zero();
    (commands, sid.filter(|_| is_kept))
}

/// Obeys orders for the client. Completes when no later one will be missed, as it is only then to be welcomed.
pub(crate) async fn obey<A, I: Identify<A>>(
    server: &Shared<A, I>,
    identity: &I,
    outbox: &Arc<Outbox>,
) -> Option<Obedience> {
    let identifier = identity.connection_identifier()?;
    let hub = server.cable.hub().clone();
    let obedience = Obedience::new(hub, &identifier, outbox);
    tokio::select! {
        () = server.cable.ready() => {}
        () = outbox.ended() => {}
    }
    Some(obedience)
}

async fn read<A, I>(
    messages: &mut AggregatedMessageStream,
    commands: &mut Commands<A, I>,
    outbox: &Outbox,
) -> Left
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    loop {
        let incoming = tokio::select! {
            incoming = messages.next() => incoming,
            () = outbox.ended() => return Left::Gone,
            due = commands.due() => {
                Box::pin(commands.attend(due)).await;
                continue;
            }
        };
        match incoming {
            Some(Ok(AggregatedMessage::Text(frame))) => Box::pin(commands.perform(&frame)).await,
            Some(Ok(AggregatedMessage::Ping(data))) => outbox.push(Frame::pong(&data)),
            Some(Ok(AggregatedMessage::Pong(_))) => {}
            Some(Ok(AggregatedMessage::Binary(_))) => {
                tracing::debug!("ignored a binary frame");
            }
            end => {
                // Who was told to go often closes the connection before we hear of that here.
                let left = if outbox.has_ended() {
                    Left::Gone
                } else {
                    left(&end)
                };
                outbox.end(ending(end));
                return left;
            }
        }
    }
}

fn left(last: &Incoming) -> Left {
    match last {
        Some(Ok(AggregatedMessage::Close(Some(reason)))) if reason.code == CloseCode::Away => {
            Left::Gone
        }
        _ => Left::CutOff,
    }
}

/// How a connection ends on which nothing more can be read.
fn ending(last: Incoming) -> Ending {
    let Some(Err(error)) = last else {
        return Ending {
            disconnect: None,
            code: CloseCode::Normal,
        };
    };
    let (disconnect, code) = match &error {
        ProtocolError::Overflow => (Some(Disconnect::InvalidRequest), CloseCode::Size),
        ProtocolError::Io(error) if is_overflow(error) => {
            (Some(Disconnect::InvalidRequest), CloseCode::Size)
        }
        ProtocolError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            (None, CloseCode::Invalid)
        }
        _ => (None, CloseCode::Protocol),
    };
    tracing::debug!(error = %error, "cannot read on from a client");
    Ending { disconnect, code }
}

/// Whether it is what [`crate::guard`] says of a message that is too long.
fn is_overflow(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(PayloadError::Overflow))
}
