use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use diesel::{QueryResult, SqliteConnection};
use diesel_migrations::EmbeddedMigrations;

use crate::changes::Watch;
use crate::foreign::Generation;
use crate::in_use::InUse;
use crate::open_file::OpenFile;
use crate::presence::Presence;
use crate::start_over::{discard_damaged, start_over};
use crate::{Changes, DatabaseConfig, DbError, StartedOver, WriteTrouble, connection, space};

/// One SQLite file: one connection that writes, a pool of connections that read. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

/// What all clones share.
struct Shared {
    config: Arc<DatabaseConfig>,
    file: Arc<ArcSwap<OpenFile>>,
    generation: Arc<Generation>,
    watch: Watch,
    starting_over: Mutex<()>,
    presence: OnceLock<Option<Presence>>,
    _in_use: InUse,
}

impl Database {
    /// Opens the file, creates it when it is missing, and applies the `migrations` it lacks. Safe when several
    /// processes do so at once. Blocks the thread; call it at start-up.
    ///
    /// # Errors
    /// [`DbError::Open`], [`DbError::NewerVersion`], [`DbError::Migration`], [`DbError::HalfRestored`], or
    /// [`DbError::Locked`] when another process holds the file's lock for longer than the timeout, or restores it.
    pub fn open(config: &DatabaseConfig, migrations: EmbeddedMigrations) -> Result<Self, DbError> {
        let config = Arc::new(config.clone());
        connection::make_folder(&config)?;
        let in_use = InUse::share(&config.path)?;
        let generation = Arc::default();
        let file = OpenFile::open(&config, migrations, &generation)?;
        let file = Arc::new(ArcSwap::from_pointee(file));
        let watch = Watch::new(Arc::clone(&config), Arc::clone(&generation), &file);
        Ok(Self {
            shared: Arc::new(Shared {
                config,
                file,
                generation,
                watch,
                starting_over: Mutex::default(),
                presence: OnceLock::new(),
                _in_use: in_use,
            }),
        })
    }

    /// Like [`Database::open`], for files whose content can be done without: one that is too damaged to be opened is moved
    /// aside, as by [`Database::start_over`], and made anew. Says where the damaged file lies now, if there was one.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open_disposable(
        config: &DatabaseConfig,
        migrations: fn() -> EmbeddedMigrations,
    ) -> Result<(Self, Option<PathBuf>), DbError> {
        match Self::open(config, migrations()) {
            Err(error) if error.is_corrupt() => {
                let moved_to = discard_damaged(&Arc::new(config.clone()), migrations())?;
                Ok((Self::open(config, migrations())?, moved_to))
            }
            opened => Ok((opened?, None)),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.shared.config.path
    }

    /// The name under which others can ask whether this process lives ([`crate::is_present`]), until all clones are
    /// dropped. Nothing where the file system cannot tell.
    pub fn presence(&self) -> Option<&str> {
        let presence = &self.shared.presence;
        let presence = presence.get_or_init(|| Presence::announce(self.path()));
        presence.as_ref().map(Presence::name)
    }

    /// Whether the file that is open still lies at its path. Where it was deleted or replaced, connections go on with the
    /// old one, whose writes nobody else will ever see: the process must be started again, or start over with a new file
    /// ([`Database::start_over`]).
    pub fn is_in_place(&self) -> bool {
        self.shared.file.load().is_at(self.path())
    }

    /// Why the last write of this process failed, and how long ago, if it did and the file was to blame. Reads go on then.
    pub fn write_trouble(&self) -> Option<(WriteTrouble, Duration)> {
        self.shared.file.load().writer.trouble()
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
        match self.try_read(work) {
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
        let (file, span) = (self.shared.file.load_full(), tracing::Span::current());
        let read = move || span.in_scope(|| file.readers.read(work));
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
        let writer = self.shared.file.load().writer.clone();
        writer.write(work).await
    }

    /// Writes the file anew without its free pages, and so that it can give back pages from then on ([`crate::give_back`]).
    /// No write is done meanwhile. Needs room for a second copy, and as long as it takes to write it.
    ///
    /// # Errors
    /// [`DbError::Locked`], or [`DbError::Query`] with what SQLite said.
    pub async fn vacuum(&self) -> Result<(), DbError> {
        let writer = self.shared.file.load().writer.clone();
        let (synchronous, timeout) = (self.shared.config.synchronous, self.shared.config.timeout);
        let vacuum = move |connection: &mut SqliteConnection| {
            space::vacuum(connection, synchronous, timeout)
        };
        writer.alone(vacuum).await
    }

    /// Tells of commits to this file by any connection of any process. Polling must go on beside it: where the system
    /// cannot watch the folder, or the configuration says not to, it stays silent.
    pub fn changes(&self) -> Changes {
        self.shared.watch.subscribe()
    }

    /// A number that rises when another connection than the writer of this `Database` has committed to the file: one of
    /// another process, or of another `Database` on the same file. What a process itself wrote it knows anyway; what it
    /// has read is worth keeping for as long as this number stays the same.
    ///
    /// It was true no longer ago than `within`: if nobody has looked since, this looks, which takes some microseconds.
    /// `None` when that cannot be done without waiting. Ask before the rows are read, and keep the rows together with
    /// what was answered: a commit in between then raises the number, and the rows count as old, never as new.
    ///
    /// The first call starts the watch of the folder ([`Database::watch_foreign`]).
    pub fn foreign_generation(&self, within: Duration) -> Option<u64> {
        let file = self.shared.file.load();
        file.writer
            .foreign_recent(within)
            .or_else(|| self.look_for_foreign(&file))
    }

    /// Has the number of [`Database::foreign_generation`] rise soon after a commit of others, whether or not anybody
    /// asks. Where the folder cannot or shall not be watched, only the bound of the call holds. Blocks the thread for
    /// about a millisecond, the first time.
    pub fn watch_foreign(&self) {
        if self.shared.generation.want() {
            self.shared.watch.start();
        }
    }

    fn look_for_foreign(&self, file: &OpenFile) -> Option<u64> {
        self.watch_foreign();
        file.writer.foreign_now()
    }

    /// Leaves the file that is open for a sound one at the same path, for all clones of this `Database`: for files whose
    /// content can be done without. A file that was deleted or replaced is left as it is, and the one at the path is
    /// opened, or made when there is none. A file that is still in its place is taken for damaged: it is moved to
    /// `<name>.corrupt-<unix time>`, where the copy of an earlier time is removed, and made anew. When several processes,
    /// or clones, start over at once, the first makes the file and the others open it. A clone that asks when another has
    /// ended is taken at its word, however: have one task answer for all errors of the old file.
    ///
    /// Reads and writes that have begun end on the old file. Who waits for [`Changes`] is told of one, and the number of
    /// [`Database::foreign_generation`] rises. Blocks the thread.
    ///
    /// # Errors
    /// As [`Database::open`]. The old file is then still open, and this can be tried again.
    pub fn start_over(&self, migrations: EmbeddedMigrations) -> Result<StartedOver, DbError> {
        let shared = &*self.shared;
        let old = shared.file.load_full();
        let _one = shared
            .starting_over
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Another clone was faster.
        if !Arc::ptr_eq(&old, &shared.file.load()) {
            return Ok(StartedOver::Reopened);
        }
        let (file, done) = start_over(&old, &shared.config, migrations, &shared.generation)?;
        shared.file.store(Arc::new(file));
        // Not before: rows of the old file must not count as new.
        shared.generation.raise();
        shared.watch.reopen();
        Ok(done)
    }

    /// Not part of `read`, whose future would have to keep the file across its wait.
    fn try_read<T, F>(&self, work: F) -> Result<QueryResult<T>, F>
    where
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    {
        self.shared.file.load().readers.try_read(work)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("path", &self.shared.config.path)
            .finish_non_exhaustive()
    }
}
