use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::web::ServiceConfig;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::channels::Channels;
use crate::frame::Frame;
use crate::outbox::Outbox;
use crate::protocol::Disconnect;
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
    /// Whether it has got its welcome.
    welcomed: bool,
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

    /// Tells every client that the server restarts, closes the connections and takes no new ones. Waits for them to
    /// end, at most for the configured time. Returns how many are left.
    pub async fn shutdown(&self) -> usize {
        let connections = &self.shared.connections;
        connections.stopping.store(true, Ordering::SeqCst);
        for connection in lock(&connections.open).values() {
            connection.outbox.end(Disconnect::ServerRestart);
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
        Stats {
            connections: lock(&self.shared.connections.open).len(),
            subscriptions: hub.subscriptions(),
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
            welcomed: false,
        };
        open.insert(id, connection);
        connections.count.send_replace(open.len());
        Some(Registration {
            server: Arc::clone(self),
            id,
            outbox,
        })
    }

    /// Sends a frame to every client that has been welcomed.
    pub(crate) fn send_to_all(&self, frame: &Frame) {
        for connection in lock(&self.connections.open).values() {
            if connection.welcomed {
                connection.outbox.push(frame.clone());
            }
        }
    }
}

impl<A, I> Registration<A, I> {
    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// The client has been welcomed.
    pub(crate) fn opened(&self) {
        if let Some(connection) = lock(&self.server.connections.open).get_mut(&self.id) {
            connection.welcomed = true;
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
