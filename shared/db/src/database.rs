use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use diesel::{QueryResult, SqliteConnection};
use diesel_migrations::EmbeddedMigrations;

use crate::changes::Watch;
use crate::readers::Readers;
use crate::writer::{self, Writer};
use crate::{Changes, DatabaseConfig, DbError, migrations, space};

/// One SQLite file: one connection that writes, a pool of connections that read. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    config: Arc<DatabaseConfig>,
    writer: Writer,
    readers: Arc<Readers>,
    watch: Arc<Watch>,
    /// Device and inode of the file that is open.
    identity: Option<(u64, u64)>,
}

impl Database {
    /// Opens the file, creates it when it is missing, and applies the `migrations` it lacks. Safe when several
    /// processes do so at once. Blocks the thread; call it at start-up.
    ///
    /// # Errors
    /// [`DbError::Open`], [`DbError::NewerVersion`], [`DbError::Migration`], or [`DbError::Locked`] when another
    /// process holds the file's lock for longer than the timeout.
    pub fn open(config: &DatabaseConfig, migrations: EmbeddedMigrations) -> Result<Self, DbError> {
        let config = Arc::new(config.clone());
        let mut connection = writer::open(&config)?;
        migrations::run(&mut connection, &config, migrations)?;
        Ok(Self {
            writer: Writer::new(connection, Arc::clone(&config)),
            readers: Arc::new(Readers::new(&config)?),
            watch: Arc::new(Watch::new(Arc::clone(&config))),
            identity: identity(&config.path),
            config,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.config.path
    }

    /// Whether the file that is open still lies at its path. Where it was deleted or replaced, connections go on with the
    /// old one, whose writes nobody else will ever see: the process must be started again.
    pub fn is_in_place(&self) -> bool {
        identity(self.path()) == self.identity
    }

    /// Runs `work` on a connection for reading, on the calling thread: a read of a WAL file waits for no lock and takes
    /// microseconds, less than a hop to another thread. Long scans belong in [`Database::read_long`].
    ///
    /// # Errors
    /// [`DbError::Query`] with what `work` returned, or [`DbError::Pool`].
    pub async fn read<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        match self.readers.try_read(work) {
            Ok(outcome) => Ok(outcome?),
            Err(work) => self.read_long(work).await,
        }
    }

    /// Like [`Database::read`], on a thread that may block.
    ///
    /// # Errors
    /// As [`Database::read`]; [`DbError::Panicked`] when `work` panicked.
    pub async fn read_long<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        let (readers, span) = (Arc::clone(&self.readers), tracing::Span::current());
        let read = move || span.in_scope(|| readers.read(work));
        match tokio::task::spawn_blocking(read).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => Err(DbError::Panicked(error.to_string())),
            Err(_) => Err(DbError::ShutDown),
        }
    }

    /// Runs `work` inside `BEGIN IMMEDIATE`. Writes that wait at the same time share one transaction and one commit;
    /// each can fail alone. Returns once the commit is done. `work` runs to its end even when the caller stops waiting.
    ///
    /// # Errors
    /// [`DbError::Query`] with what `work` returned (its writes are undone), [`DbError::Locked`],
    /// [`DbError::Overloaded`], [`DbError::RolledBack`], [`DbError::Panicked`].
    pub async fn write<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        self.writer.write(work).await
    }

    /// Writes the file anew without its free pages, and so that it can give back pages from then on ([`crate::give_back`]).
    /// No write is done meanwhile. Needs room for a second copy, and as long as it takes to write it.
    ///
    /// # Errors
    /// [`DbError::Locked`], or [`DbError::Query`] with what SQLite said.
    pub async fn vacuum(&self) -> Result<(), DbError> {
        let (synchronous, timeout) = (self.config.synchronous, self.config.timeout);
        let vacuum = move |connection: &mut SqliteConnection| {
            space::vacuum(connection, synchronous, timeout)
        };
        self.writer.alone(vacuum).await
    }

    /// Tells of commits to this file by any connection of any process. Polling must go on beside it: where the system
    /// cannot watch the folder, or the configuration says not to, it stays silent.
    pub fn changes(&self) -> Changes {
        self.watch.subscribe()
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("path", &self.config.path)
            .finish_non_exhaustive()
    }
}

/// Looks at the folder's entry only: to open the file would drop SQLite's locks.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
