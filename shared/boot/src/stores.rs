use std::sync::Arc;

use action_cable::Cable;
use app::AppContext;
use db::{Database, DatabaseConfig, DbError};
use settings::{CableAdapter, Settings};
use solid_cable::SolidCable;
use solid_cache::Cache;
use solid_queue::{InProcessConfig, Queue};
use telemetry::Failure;

use crate::access::access;
use crate::files::Files;

/// The application's context over the stores that the settings name, and what a process needs to serve them.
pub struct Stores {
    /// What models, jobs and channels work with.
    pub app: AppContext,
    /// Who performs jobs.
    pub jobs: Jobs,
    /// How broadcasts reach the sockets.
    pub cable: CableLink,
    /// The files whose loss ends the process's work.
    pub files: Files,
}

/// Who performs jobs.
pub enum Jobs {
    /// The worker process, from this database.
    SolidQueue(Database, Box<solid_queue::Config>),
    /// The process that enqueues them.
    Async(solid_queue::InProcessRunner),
}

/// How broadcasts reach the sockets.
pub enum CableLink {
    /// The cable process, from the cable database.
    SolidCable(SolidCable),
    /// The process that broadcasts.
    Async,
}

impl Stores {
    /// Opens the stores, and makes and migrates the files that are not there yet. Blocks the thread.
    ///
    /// # Errors
    /// Which file failed and why.
    pub fn open(settings: &Settings) -> Result<Self, Failure> {
        let mut files = Files::default();
        let primary = files
            .open(&settings.databases.primary, app::MIGRATIONS)
            .map_err(explain)?;
        let (queue, jobs) = open_queue(settings, &mut files).map_err(explain)?;
        let cache = choose_cache(settings, &mut files)?;
        let (cable, link) = open_cable(settings, &mut files).map_err(explain)?;
        let app = AppContext {
            primary,
            queue,
            cache,
            cable,
            access: Arc::new(access(settings)),
        };
        Ok(Self {
            app,
            jobs,
            cable: link,
            files,
        })
    }
}

fn open_queue(settings: &Settings, files: &mut Files) -> Result<(Queue, Jobs), DbError> {
    match &settings.queue {
        settings::Queue::SolidQueue(config) => {
            let database = files.open(&settings.databases.queue, solid_queue::MIGRATIONS)?;
            Ok((
                Queue::solid(database.clone()),
                Jobs::SolidQueue(database, Box::new(config.clone())),
            ))
        }
        settings::Queue::Async { threads } => {
            let (queue, runner) = Queue::in_process(InProcessConfig {
                threads: *threads,
                ..InProcessConfig::default()
            });
            Ok((queue, Jobs::Async(runner)))
        }
    }
}

/// Opens a cache, and makes and migrates the files that are not there yet. A file that is too damaged to be opened is moved
/// aside and made anew. Blocks the thread.
///
/// The files are not among [`Files`]: a cache makes up for one that was lost, and no process has to start again for it.
///
/// # Errors
/// Which file failed and why.
pub fn open_cache(
    files: &[(String, DatabaseConfig)],
    config: solid_cache::Config,
) -> Result<Cache, Failure> {
    open_disposable(files, config, |_| ())
}

fn open_disposable(
    files: &[(String, DatabaseConfig)],
    config: solid_cache::Config,
    mut opened: impl FnMut(&Database),
) -> Result<Cache, Failure> {
    shards(files, config, |file| {
        let (database, damaged) = Database::open_disposable(file, || solid_cache::MIGRATIONS)?;
        if let Some(moved_to) = damaged {
            let (path, moved_to) = (file.path.display(), moved_to.display());
            tracing::warn!(db.path = %path, db.moved_to = %moved_to, "the cache was damaged and starts anew");
        }
        opened(&database);
        Ok(database)
    })
}

/// Opens a cache as it is, for people who look after it. Blocks the thread.
///
/// # Errors
/// Which file failed and why, damage included.
pub fn inspect_cache(
    files: &[(String, DatabaseConfig)],
    config: solid_cache::Config,
) -> Result<Cache, Failure> {
    shards(files, config, |file| {
        Database::open(file, solid_cache::MIGRATIONS)
    })
}

fn shards(
    files: &[(String, DatabaseConfig)],
    config: solid_cache::Config,
    mut open: impl FnMut(&DatabaseConfig) -> Result<Database, DbError>,
) -> Result<Cache, Failure> {
    let open =
        |(name, file): &(String, DatabaseConfig)| Ok((name.clone(), open(file).map_err(explain)?));
    let shards = files.iter().map(open).collect::<Result<_, Failure>>()?;
    Ok(Cache::sharded(shards, config))
}

fn choose_cache(settings: &Settings, files: &mut Files) -> Result<Cache, Failure> {
    match &settings.cache {
        settings::Cache::SolidCacheStore(config) => {
            let opened = |database: &Database| files.add_disposable(database.clone());
            open_disposable(&settings.databases.caches, config.clone(), opened)
        }
        settings::Cache::MemoryStore(config) => Ok(Cache::memory(config.clone())),
        settings::Cache::NullStore => Ok(Cache::null()),
    }
}

fn open_cable(settings: &Settings, files: &mut Files) -> Result<(Cable, CableLink), DbError> {
    match &settings.cable.adapter {
        CableAdapter::SolidCable(config) => {
            let database = files.open(&settings.databases.cable, solid_cable::MIGRATIONS)?;
            let adapter = SolidCable::new(database, config.clone());
            Ok((Cable::new(adapter.clone()), CableLink::SolidCable(adapter)))
        }
        CableAdapter::Async => Ok((Cable::in_process(), CableLink::Async)),
    }
}

/// Says what to do about a file that could not be opened.
pub fn explain(error: DbError) -> Failure {
    let hint = match &error {
        DbError::NewerVersion { .. } => {
            "run the version that migrated it, or restore an older copy of the file"
        }
        DbError::Locked { .. } => {
            "another process migrates, restores or uses it; start again when that one is done"
        }
        DbError::HalfRestored { .. } => {
            "run `worker restore` again, with the same backup: it puts the rest in place"
        }
        error if error.is_corrupt() => {
            "the file is damaged: restore a copy; a cache's can be deleted while nothing runs"
        }
        _ => "check that STORAGE_DIR is a folder that this user may write",
    };
    Failure::from(error).hint(hint)
}
