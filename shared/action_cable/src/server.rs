use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::web::ServiceConfig;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::channels::Channels;
use crate::commands::end;
use crate::drain::pace;
use crate::frame::Frame;
use crate::outbox::Outbox;
use crate::presence::Presence;
use crate::protocol::Disconnect;
use crate::pulse::Pulse;
use crate::session::{Session, Sessions};
use crate::{Builder, Cable, Config, Identify, Stats, endpoint};

/// Speaks with the clients of one process. Cheap to clone; all clones are the same server.
pub struct Server<A, I = ()> {
    pub(crate) shared: Arc<Shared<A, I>>,
}

pub(crate) struct Shared<A, I> {
    pub(crate) app: A,
    pub(crate) cable: Cable,
    pub(crate) config: Config,
    pub(crate) channels: Channels<A, I>,
    pub(crate) presence: Presence,
    pub(crate) sessions: Sessions<I>,
    connections: Connections,
}

/// The open connections.
struct Connections {
    open: Mutex<HashMap<u64, Connection>>,
    next: AtomicU64,
    count: watch::Sender<usize>,
    stopping: AtomicBool,
}

struct Connection {
    outbox: Arc<Outbox>,
    /// Once it has got its welcome.
    pulse: Option<Arc<Pulse>>,
}

/// A place among the connections, until it is dropped.
pub(crate) struct Registration<A, I> {
    server: Arc<Shared<A, I>>,
    id: u64,
    outbox: Arc<Outbox>,
}

impl<A, I> Server<A, I>
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    /// Begins a server. Its channels determine `I`, the identity of its connections.
    pub fn builder(app: A, cable: Cable) -> Builder<A, I> {
        Builder::new(app, cable)
    }

    /// Mounts the socket at the configured path; for `configure` of an actix application or scope.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static + use<A, I> {
        let server = Arc::clone(&self.shared);
        move |config| endpoint::mount(config, &server)
    }

    /// Takes no new connections, tells one client after the other that the server restarts, and closes its connection:
    /// spread over [`Config::drain_timeout`] where there are many. Until its turn a client gets its messages. Then waits
    /// for the connections to end, at most for [`Config::close_timeout`]. Returns how many are left.
    pub async fn shutdown(&self) -> usize {
        let connections = &self.shared.connections;
        connections.stopping.store(true, Ordering::SeqCst);
        let open: Vec<_> = lock(&connections.open)
            .values()
            .map(|connection| Arc::clone(&connection.outbox))
            .collect();
        let (batch, gap) = pace(open.len(), self.shared.config.drain_timeout);
        for (at, outboxes) in open.chunks(batch).enumerate() {
            if at > 0 {
                sleep(gap).await;
            }
            for outbox in outboxes {
                outbox.end(Disconnect::ServerRestart);
            }
        }
        let mut count = connections.count.subscribe();
        let ended = count.wait_for(|count| *count == 0);
        let left = match timeout(self.shared.config.close_timeout, ended).await {
            Ok(_) => 0,
            Err(_) => self.stats().connections,
        };
        tracing::info!(cable.connections = left, "the cable server has stopped");
        left
    }

    /// What the server is doing now.
    pub fn stats(&self) -> Stats {
        let hub = self.shared.cable.hub();
        let away = self.shared.sessions.subscriptions();
        Stats {
            connections: lock(&self.shared.connections.open).len(),
            subscriptions: hub.subscriptions().saturating_sub(away),
            streams: hub.streams(),
            delivered: hub.delivered(),
            listener: self.shared.cable.listener(),
        }
    }
}

impl<A, I> Shared<A, I> {
    pub(crate) fn new(app: A, cable: Cable, config: Config, channels: Channels<A, I>) -> Self {
        Self {
            app,
            cable,
            config,
            channels,
            presence: Presence::default(),
            sessions: Sessions::new(),
            connections: Connections {
                open: Mutex::default(),
                next: AtomicU64::new(0),
                count: watch::Sender::new(0),
                stopping: AtomicBool::new(false),
            },
        }
    }

    /// A place for a new connection; `None` when there is none, or the server stops.
    pub(crate) fn register(self: &Arc<Self>) -> Option<Registration<A, I>> {
        let connections = &self.connections;
        let mut open = lock(&connections.open);
        // Under the lock: a shutdown sees either the connection or nothing of it.
        if connections.stopping.load(Ordering::SeqCst) || open.len() >= self.config.max_connections
        {
            return None;
        }
        let id = connections.next.fetch_add(1, Ordering::Relaxed);
        let outbox =
            Arc::new(Outbox::new(self.config.outgoing_queue_size).measured(self.metrics()));
        let connection = Connection {
            outbox: Arc::clone(&outbox),
            pulse: None,
        };
        open.insert(id, connection);
        connections.count.send_replace(open.len());
        Some(Registration {
            server: Arc::clone(self),
            id,
            outbox,
        })
    }

    /// Pings every client that has been welcomed, and ends the connections that have been silent for too long. `frame`
    /// makes the ping for a client.
    pub(crate) fn ping_all(&self, frame: impl Fn(&Pulse) -> Frame) {
        for Connection { outbox, pulse } in lock(&self.connections.open).values() {
            let Some(pulse) = pulse else { continue };
            match pulse.verdict(&self.config) {
                None => outbox.push(frame(pulse)),
                Some(reason) => outbox.end(reason),
            }
        }
    }
}

impl<A, I> Shared<A, I>
where
    A: Send + Sync + 'static,
    I: Send + Sync + 'static,
{
    /// Keeps a session for the time that its client may take to come back.
    pub(crate) async fn keep(self: &Arc<Self>, name: String, session: Session<I>) {
        let limit = self.config.max_connections;
        if let Err(session) = self.sessions.keep(&name, session, limit) {
            tracing::debug!(
                "there are too many clients away: one cannot come back to its subscriptions"
            );
            return end(session.subscriptions, self).await;
        }
        let server = Arc::downgrade(self);
        let time = self.config.sessions_ttl;
        tokio::spawn(async move {
            sleep(time).await;
            if let Some(server) = server.upgrade()
                && let Some(session) = server.sessions.take(&name)
            {
                end(session.subscriptions, &server).await;
            }
        });
    }
}

impl<A, I> Registration<A, I> {
    /// The number of the connection in this process.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// The client has been welcomed.
    pub(crate) fn opened(&self, pulse: Arc<Pulse>) {
        if let Some(connection) = lock(&self.server.connections.open).get_mut(&self.id) {
            connection.pulse = Some(pulse);
        }
    }
}

impl<A, I> Drop for Registration<A, I> {
    fn drop(&mut self) {
        // Nothing but a panic of a channel, or the end of the runtime, comes here before the end: the client shall
        // not wait for a connection that nobody serves.
        self.outbox.end(Disconnect::ServerRestart);
        let connections = &self.server.connections;
        let mut open = lock(&connections.open);
        open.remove(&self.id);
        connections.count.send_replace(open.len());
    }
}

impl<A, I> Clone for Server<A, I> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<A, I> fmt::Debug for Server<A, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("config", &self.shared.config)
            .field("cable", &self.shared.cable)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
