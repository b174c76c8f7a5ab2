use std::fmt;
use std::sync::Arc;

use action_cable::{Adapter, AdapterError, BoxFuture, Cable, History, Hub, ListenerStatus, Since};
use db::{Database, Inbox};

use crate::health::Health;
use crate::message::{Insert, NewMessage};
use crate::metrics::Lags;
use crate::prefix::Prefix;
use crate::progress::Progress;
use crate::trim::Trim;
use crate::{Config, listener, past, trim};

/// The adapter that keeps messages in a table. Cheap to clone; all clones share one listener.
#[derive(Clone)]
pub struct SolidCable {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) database: Database,
    pub(crate) config: Config,
    pub(crate) prefix: Prefix,
    pub(crate) hub: Hub,
    pub(crate) health: Health,
    pub(crate) lags: Lags,
    pub(crate) progress: Progress,
    inbox: Inbox<Insert>,
    pub(crate) trim: Trim,
}

impl SolidCable {
    /// An adapter over a database with the tables of [`crate::MIGRATIONS`]. It can broadcast at once; to hear
    /// messages, [`SolidCable::listen`].
    pub fn new(database: Database, config: Config) -> Self {
        Self {
            shared: Arc::new(Shared {
                inbox: Inbox::new(database.clone(), Insert),
                database,
                prefix: Prefix::new(config.channel_prefix.as_deref()),
                health: Health::new(config.hang_timeout),
                config,
                hub: Hub::new(),
                lags: Lags::default(),
                progress: Progress::unknown(),
                trim: Trim::default(),
            }),
        }
    }

    /// The handle for broadcasts and servers.
    pub fn cable(&self) -> Cable {
        Cable::new(self.clone())
    }

    /// Hands what any process broadcasts to the subscribers of this one, until `shutdown` completes, and deletes old
    /// messages meanwhile. Errors of the database, a look that hangs and even a panic only delay it: it goes on where it
    /// was. Spawn it once; no subscription is confirmed before it knows from where to listen.
    pub fn listen<S>(&self, shutdown: S) -> impl Future<Output = ()> + Send + use<S>
    where
        S: Future<Output = ()> + Send,
    {
        listener::listen(Arc::clone(&self.shared), shutdown)
    }
}

impl Adapter for SolidCable {
    fn broadcast<'a>(
        &'a self,
        stream: &'a str,
        payload: String,
    ) -> BoxFuture<'a, Result<(), AdapterError>> {
        let channel = self.shared.prefix.channel(stream);
        Box::pin(async move {
            let message = NewMessage { channel, payload };
            self.shared.inbox.write(message).await?;
            trim::now_and_then(&self.shared);
            Ok(())
        })
    }

    fn hub(&self) -> &Hub {
        &self.shared.hub
    }

    fn history<'a>(
        &'a self,
        stream: &'a str,
        since: Since,
    ) -> BoxFuture<'a, Result<History, AdapterError>> {
        let channel = self.shared.prefix.channel(stream);
        Box::pin(async move {
            let read = move |connection: &mut _| past::since(connection, &channel, &since);
            Ok(self.shared.database.read(read).await?)
        })
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.shared.progress.known())
    }

    fn listener(&self) -> ListenerStatus {
        self.shared.health.status()
    }
}

impl fmt::Debug for SolidCable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SolidCable")
            .field("config", &self.shared.config)
            .field("hub", &self.shared.hub)
            .finish_non_exhaustive()
    }
}
